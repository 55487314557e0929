//! JSON that is kept as it came, on purpose.

use std::{fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// An object whose keys are the tenant's or Auth0's own, such as metadata, a query or a form.
///
/// Why not the bare map: `serde_json` gives the key `$serde_json::private::RawValue` a meaning of its own when it
/// reads a `Value`, and here keys come from strangers. A key given twice counts once, with its last value.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Dictionary(Map<String, Value>);

impl Dictionary {
    /// Hands the map out.
    #[must_use]
    pub fn into_inner(self) -> Map<String, Value> {
        self.0
    }
}

impl Deref for Dictionary {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<Map<String, Value>> for Dictionary {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dictionary").finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Dictionary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DictionaryVisitor;

        impl<'de> Visitor<'de> for DictionaryVisitor {
            type Value = Dictionary;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Dictionary, A::Error> {
                read_map(access).map(Dictionary)
            }
        }

        deserializer.deserialize_map(DictionaryVisitor)
    }
}

/// Any JSON value, where the documentation leaves the type open.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Json(pub Value);

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json").finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AnyValue.deserialize(deserializer).map(Self)
    }
}

/// Reads a value without giving a meaning to any key.
struct AnyValue;

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        read_map(access).map(Value::Object)
    }
}

fn read_map<'de, A: MapAccess<'de>>(mut access: A) -> Result<Map<String, Value>, A::Error> {
    let mut map = Map::new();
    while let Some(key) = access.next_key::<String>()? {
        let value = access.next_value_seed(AnyValue)?;
        map.insert(key, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_json_type_survives() {
        let text = r#"{"a":[null,true,-1,18446744073709551615,0.1,"x",[],{}],"b":{"c":{"d":"é"}}}"#;
        let dictionary: Dictionary = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&dictionary).unwrap(), text);
    }

    #[test]
    fn a_key_that_serde_json_keeps_for_itself_is_an_ordinary_key() {
        for inner in
            [json!({"$serde_json::private::RawValue": "{}"}), json!({"$serde_json::private::RawValue": 1})]
        {
            let value = json!({"nested": inner.clone(), "list": [inner]});
            let text = value.to_string();
            assert_eq!(Value::Object(serde_json::from_str::<Dictionary>(&text).unwrap().into_inner()), value);
            assert_eq!(serde_json::from_str::<Json>(&text).unwrap().0, value);
        }
    }

    #[test]
    fn debug_output_holds_no_value() {
        let dictionary: Dictionary = serde_json::from_str(r#"{"marked":"marked"}"#).unwrap();
        assert!(!format!("{dictionary:?} {:?}", Json(json!("marked"))).contains("marked"));
    }
}
