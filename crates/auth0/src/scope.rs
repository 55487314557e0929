//! Scopes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest scope accepted, in bytes: as for the `value` of an API's scope (Management API, resource servers).
const MAX_BYTES: usize = 280;

/// One scope, such as `read:orders`: printable ASCII without spaces, `"` and `\` (RFC 6749, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(String);

/// A text that can't be a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Nothing, or more than 280 bytes.
    #[error("a scope has 1 to {MAX_BYTES} bytes")]
    Length,
    /// A space, a control character, `"`, `\` or one beyond ASCII.
    #[error("a scope holds printable ASCII without spaces, `\"` and `\\`; see byte {offset}")]
    Character {
        /// The offset in bytes of the first such character, from 0.
        offset: usize,
    },
}

impl Scope {
    /// The scope as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(ScopeError::Length);
        }
        match text.bytes().position(|byte| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\\')) {
            Some(offset) => Err(ScopeError::Character { offset }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_scope_at_a_time_is_a_scope() {
        for text in ["read:orders", "openid", "https://api.example/x", "a"] {
            assert_eq!(text.parse::<Scope>().unwrap().as_str(), text);
        }
        for (text, error) in [
            ("", ScopeError::Length),
            ("read:orders write:orders", ScopeError::Character { offset: 11 }),
            ("a\"b", ScopeError::Character { offset: 1 }),
            ("a\\b", ScopeError::Character { offset: 1 }),
            ("a\u{e9}", ScopeError::Character { offset: 1 }),
            ("a\n", ScopeError::Character { offset: 1 }),
        ] {
            assert_eq!(text.parse::<Scope>(), Err(error), "{text:?}");
        }
        assert!("x".repeat(MAX_BYTES).parse::<Scope>().is_ok());
        assert_eq!("x".repeat(MAX_BYTES + 1).parse::<Scope>(), Err(ScopeError::Length));
    }
}
