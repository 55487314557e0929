//! What is written into a user's metadata.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use crate::{Dictionary, depth};

/// The longest mark in bytes of JSON: the ceiling that the shipped Actions hold too. Auth0 advises at most 10 KB for
/// a whole profile (User profile limits), most of which is the tenant's own.
const MAX_BYTES: usize = 1024;

/// The deepest nesting of a mark; a bound of our own, as in the shipped Actions.
const MAX_DEPTH: usize = 6;

/// The longest key of a mark, in bytes; a bound of our own.
const MAX_KEY_BYTES: usize = 64;

/// The object under the key `countersign` of a user's `app_metadata`: at most 1,024 bytes of JSON, six levels, and
/// keys of letters, digits, `_` and `-`.
///
/// Auth0 refuses keys with `.` or `$`, and does so only when the whole flow has ended: a mark that it can't store
/// would fail a sign-in that nobody wanted to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Mark(Dictionary);

/// JSON that can't be a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// Not an object.
    #[error("a mark is an object")]
    Object,
    /// More than 1,024 bytes.
    #[error("a mark has at most {MAX_BYTES} bytes of JSON")]
    Length,
    /// More than six levels.
    #[error("a mark has at most {MAX_DEPTH} levels")]
    Depth,
    /// A key that is empty, too long, or holds another character.
    #[error("keys of a mark have 1 to {MAX_KEY_BYTES} letters, digits, `_` and `-`")]
    Key,
}

impl Mark {
    /// The mark's fields.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl TryFrom<Value> for Mark {
    type Error = MarkError;

    fn try_from(value: Value) -> Result<Self, MarkError> {
        let text = value.to_string();
        if text.len() > MAX_BYTES {
            return Err(MarkError::Length);
        }
        depth::check(text.as_bytes(), MAX_DEPTH).map_err(|_| MarkError::Depth)?;
        match value {
            Value::Object(map) if map.iter().all(|(key, value)| is_key(key) && has_keys(value)) => {
                Ok(Self(map.into()))
            }
            Value::Object(_) => Err(MarkError::Key),
            _ => Err(MarkError::Object),
        }
    }
}

/// Whether all keys in a value can be stored; its depth is bounded before.
fn has_keys(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().all(|(key, value)| is_key(key) && has_keys(value)),
        Value::Array(items) => items.iter().all(has_keys),
        _ => true,
    }
}

fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= MAX_KEY_BYTES
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Dictionary::deserialize(deserializer)?.into_inner();
        Value::Object(map).try_into().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_small_object_is_a_mark() {
        for value in [json!({}), json!({"decision_id": "dec_1", "level": "high", "a-b": [{"c": null}]})] {
            assert_eq!(Value::Object(Mark::try_from(value.clone()).unwrap().as_map().clone()), value);
            assert_eq!(
                serde_json::to_value(serde_json::from_value::<Mark>(value.clone()).unwrap()).unwrap(),
                value
            );
        }
    }

    #[test]
    fn what_auth0_could_not_store_is_refused() {
        let long_key = "k".repeat(MAX_KEY_BYTES + 1);
        for (value, error) in [
            (json!(["a"]), MarkError::Object),
            (json!(null), MarkError::Object),
            (json!({"a.b": 1}), MarkError::Key),
            (json!({"$a": 1}), MarkError::Key),
            (json!({"a": {"b": [{"c.d": 1}]}}), MarkError::Key),
            (json!({"": 1}), MarkError::Key),
            (json!({ long_key: 1 }), MarkError::Key),
            (json!({"a": "x".repeat(MAX_BYTES)}), MarkError::Length),
            (json!({"a": [[[[[[]]]]]]}), MarkError::Depth),
        ] {
            assert_eq!(Mark::try_from(value.clone()), Err(error), "{value}");
            assert!(serde_json::from_value::<Mark>(value).is_err());
        }
    }
}
