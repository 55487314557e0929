//! Lists, as they come: bare, or in an object that says where in the whole they stand.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::{Dictionary, Json};

/// What a list holds.
pub trait Item: Serialize + de::DeserializeOwned {
    /// The key of the list in an answer that is an object.
    const KEY: &'static str;

    /// What tells one from another in a list.
    fn id(&self) -> String;
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items, in the order in which they came.
    pub items: Vec<T>,
    /// What stood beside them, such as `total` and `next`; `None` when the list came bare.
    pub rest: Option<Dictionary>,
}

impl<T> Page<T> {
    /// How many items there are in the whole, where the answer says so.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.rest.as_ref()?.get("total")?.as_u64()
    }

    /// How many items a full page has, where the answer says so.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        let rest = self.rest.as_ref()?;
        usize::try_from(rest.get("limit").or_else(|| rest.get("per_page"))?.as_u64()?).ok()
    }

    /// Where the next page begins, where the answer says so.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.rest.as_ref()?.get("next")?.as_str().filter(|next| !next.is_empty())
    }
}

impl<'de, T: Item> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (items, rest) = match Json::deserialize(deserializer)?.0 {
            Value::Array(items) => (items, None),
            Value::Object(mut fields) => match fields.remove(T::KEY) {
                Some(Value::Array(items)) => (items, Some(Dictionary::from(fields))),
                _ => return Err(de::Error::custom("an object without the list asked for")),
            },
            _ => return Err(de::Error::custom("neither a list nor an object that holds one")),
        };
        let items = items.into_iter().map(|item| {
            serde_json::from_value(item).map_err(|_| de::Error::custom("an item of the wrong shape"))
        });
        Ok(Self { items: items.collect::<Result<_, _>>()?, rest })
    }
}

impl<T: Item> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(rest) = &self.rest else { return self.items.serialize(serializer) };
        let mut fields: Map<String, Value> = (**rest).clone();
        let items = serde_json::to_value(&self.items).map_err(serde::ser::Error::custom)?;
        fields.insert(T::KEY.to_owned(), items);
        fields.serialize(serializer)
    }
}

/// An answer without anything to read: no body, or one that says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl Serialize for Nothing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}
