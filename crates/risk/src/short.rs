//! Text that can't be long.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The longest text kept of any feature, in bytes; judgement: network names, agents' families and JA4 (36) all fit.
const MAX_BYTES: usize = 64;

/// A text of at most 64 bytes; longer ones are cut at the last character that fits, also when read from a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Short(String);

impl Short {
    /// Takes as much of `text` as fits.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or_default().to_owned())
    }

    /// The text, 0 to 64 bytes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Short {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Short {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&std::borrow::Cow::<'_, str>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_is_longer_than_64_bytes(text in any::<String>()) {
            let short = Short::new(&text);
            prop_assert!(short.as_str().len() <= 64);
            prop_assert!(text.starts_with(short.as_str()));
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let text = format!("{}é", "a".repeat(63));
        assert_eq!(Short::new(&text).as_str(), "a".repeat(63));
        assert_eq!(serde_json::from_str::<Short>(&format!("\"{text}\"")).unwrap().as_str().len(), 63);
    }
}
