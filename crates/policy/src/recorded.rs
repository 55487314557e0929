//! Decisions on record, of whatever trigger.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::Number;

/// An effect as it stands on record: any call of any trigger. It can be read and shown, and is never sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The call's name below `api`, such as `access.deny`.
    pub call: String,
    /// Its arguments in the documented order.
    pub args: Vec<Argument>,
}

/// An argument of a call on record: JSON whose keys stay in their order.
///
/// Why not `serde_json::Value`: its order of keys is a matter of how it is built, so that a decision would not come back in the bytes that were recorded,
/// and it gives one key a meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Argument>),
    /// An object, in the order of the record; a key that was given twice stands twice.
    Object(Vec<(String, Argument)>),
}

impl Argument {
    /// The text, if it is one.
    #[must_use]
    pub const fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        }
    }
}

impl fmt::Display for Argument {
    /// Compact JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Argument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Argument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ArgumentVisitor)
    }
}

struct ArgumentVisitor;

impl<'de> Visitor<'de> for ArgumentVisitor {
    type Value = Argument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Argument, E> {
        Ok(Argument::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Argument, E> {
        Ok(Argument::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Argument, E> {
        Ok(Argument::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Argument, E> {
        Ok(Argument::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Argument, E> {
        Number::from_f64(value).map(Argument::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Argument, E> {
        Ok(Argument::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Argument, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Argument::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Argument, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Argument::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_on_record_comes_back_in_its_bytes() {
        for text in [
            r#"{"call":"access.deny","args":["refused: this sign-in was refused"]}"#,
            r#"{"call":"authentication.challengeWithAny","args":[[{"type":"phone","options":{"preferredMethod":"sms"}}]]}"#,
            r#"{"call":"x","args":[null,true,-1,18446744073709551615,0.05,0.0,{"z":{"$serde_json::private::RawValue":"1"},"a":[]}]}"#,
        ] {
            let recorded: Recorded = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&recorded).unwrap(), text);
        }
    }

    #[test]
    fn an_argument_prints_as_compact_json() {
        let argument: Argument = serde_json::from_str(r#"[ {"type": "otp"} , "\"" ]"#).unwrap();
        assert_eq!(argument.to_string(), r#"[{"type":"otp"},"\""]"#);
        assert_eq!(argument.as_str(), None);
    }
}
