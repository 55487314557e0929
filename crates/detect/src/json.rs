//! An entry as JSON, cut where it nests deeper than any rule reads.
//!
//! Why not `serde_json::from_str::<Value>`: it refuses what nests deeper than 128, and then whoever can make one field of an entry nest
//! deep would hide all others from rules.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep an entry is read; what lies deeper is `null`.
const MAX_DEPTH: usize = 48;

/// Reads an entry; `null` where it is no JSON.
pub(crate) fn parse(text: &str) -> Value {
    Cut(MAX_DEPTH).deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap_or_default()
}

/// How many levels are still read.
#[derive(Clone, Copy)]
struct Cut(usize);

impl<'de> DeserializeSeed<'de> for Cut {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.0 == 0 {
            // Why it takes any depth: what is ignored is skipped without recursion.
            deserializer.deserialize_ignored_any(IgnoredAny)?;
            return Ok(Value::Null);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cut {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self(self.0 - 1))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            map.insert(key, entries.next_value_seed(Self(self.0 - 1))?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_nests_deep_is_cut_and_hides_nothing() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let read = parse(&format!(r#"{{"before":1,"deep":{deep},"after":[true,null,-1,0.5,"é"]}}"#));
        assert_eq!(read["before"], 1);
        assert_eq!(read["after"].to_string(), r#"[true,null,-1,0.5,"é"]"#);
        assert!(read["deep"][0][0].is_array());
        assert_eq!(parse("{"), Value::Null);
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(".{0,4}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_shallow_is_read_as_it_is(value in json()) {
            prop_assert_eq!(parse(&value.to_string()), value);
        }
    }
}
