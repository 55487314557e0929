//! Values of custom claims.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use crate::{Json, depth};

/// The longest claim value in bytes of JSON: the ceiling that the shipped Actions hold too. Auth0 allows 100 KB for
/// all claims of a token together (Actions: limits), and a token travels in a header with every request.
const MAX_BYTES: usize = 1024;

/// The deepest nesting of a claim value; a bound of our own, as for marks.
const MAX_DEPTH: usize = 6;

/// A custom claim's value: any JSON of at most 1,024 bytes and six levels of nesting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClaimValue(Json);

/// JSON that can't be a claim's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimValueError {
    /// More than 1,024 bytes.
    #[error("a claim value has at most {MAX_BYTES} bytes of JSON")]
    Length,
    /// More than six levels.
    #[error("a claim value has at most {MAX_DEPTH} levels")]
    Depth,
}

impl ClaimValue {
    /// The value as JSON.
    #[must_use]
    pub const fn as_json(&self) -> &Value {
        &self.0.0
    }
}

impl TryFrom<Value> for ClaimValue {
    type Error = ClaimValueError;

    fn try_from(value: Value) -> Result<Self, ClaimValueError> {
        let text = value.to_string();
        if text.len() > MAX_BYTES {
            return Err(ClaimValueError::Length);
        }
        depth::check(text.as_bytes(), MAX_DEPTH).map_err(|_| ClaimValueError::Depth)?;
        Ok(Self(Json(value)))
    }
}

impl<'de> Deserialize<'de> for ClaimValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Json(value) = Json::deserialize(deserializer)?;
        value.try_into().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn small_values_of_every_type_are_accepted() {
        for value in [json!(null), json!("high"), json!(0.87), json!(["a", 1]), json!([[[[[[]]]]]])] {
            assert_eq!(ClaimValue::try_from(value.clone()).unwrap().as_json(), &value);
        }
    }

    #[test]
    fn large_and_deep_values_are_refused() {
        let longest = json!("x".repeat(MAX_BYTES - 2));
        assert!(ClaimValue::try_from(longest).is_ok());
        assert_eq!(ClaimValue::try_from(json!("x".repeat(MAX_BYTES - 1))), Err(ClaimValueError::Length));
        assert_eq!(ClaimValue::try_from(json!([[[[[[[]]]]]]])), Err(ClaimValueError::Depth));
        assert!(serde_json::from_str::<ClaimValue>("[[[[[[[]]]]]]]").is_err());
    }
}
