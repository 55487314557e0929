//! Texts that an effect carries out of Countersign, bounded.

use std::{borrow::Cow, fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What an application or a person is told, at most 256 bytes: the length at which the shipped Actions cut, since
/// Auth0 puts the text into a redirect's query. Auth0 documents no bound.
pub type Reason = Text<256>;

/// A code that a program reads, at most 64 bytes; a bound of our own.
pub type ErrorCode = Text<64>;

/// What stands where no text was given: an empty one tells nothing, and a call that refuses it would fail the Action.
const UNSPECIFIED: &str = "unspecified";

/// Text of 1 to `MAX_BYTES` bytes of UTF-8 without control characters.
///
/// Made from any text: each control character becomes a space, what is too long is cut between characters, and an
/// empty text says `unspecified`. Read from the wire, a text that is not so already is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX_BYTES: usize>(String);

impl<const MAX_BYTES: usize> Text<MAX_BYTES> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX_BYTES: usize> From<&str> for Text<MAX_BYTES> {
    fn from(text: &str) -> Self {
        let text = if text.is_empty() { UNSPECIFIED } else { text };
        let mut kept = String::with_capacity(text.len().min(MAX_BYTES));
        for character in text.chars() {
            let character = if character.is_control() { ' ' } else { character };
            if kept.len() + character.len_utf8() > MAX_BYTES {
                break;
            }
            kept.push(character);
        }
        Self(kept)
    }
}

impl<const MAX_BYTES: usize> From<String> for Text<MAX_BYTES> {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl<const MAX_BYTES: usize> Deref for Text<MAX_BYTES> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX_BYTES: usize> fmt::Display for Text<MAX_BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX_BYTES: usize> Serialize for Text<MAX_BYTES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX_BYTES: usize> Deserialize<'de> for Text<MAX_BYTES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let kept = Self::from(&*text);
        if kept.0 == *text {
            return Ok(kept);
        }
        Err(de::Error::custom(format_args!(
            "expected 1 to {MAX_BYTES} bytes of text without control characters"
        )))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_become_spaces_and_the_end_is_cut_between_characters() {
        for (text, kept) in [
            ("", "unspecif"),
            ("refused", "refused"),
            ("a\r\nb\0\u{85}", "a  b  "),
            ("12345678", "12345678"),
            ("123456789", "12345678"),
            ("1234567\u{e9}", "1234567"),
            ("1234\u{1f600}", "1234\u{1f600}"),
        ] {
            assert_eq!(Text::<8>::from(text).as_str(), kept, "{text:?}");
        }
    }

    #[test]
    fn the_wire_holds_only_text_that_needs_no_change() {
        for text in ["\"\"", "\"123456789\"", "\"a\\nb\"", "7", "null"] {
            assert!(serde_json::from_str::<Text<8>>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_bounded_and_comes_back_as_it_went(text in any::<String>()) {
            let kept = Text::<8>::from(text);
            prop_assert!((1..=8).contains(&kept.len()) && !kept.chars().any(char::is_control));
            let wire = serde_json::to_string(&kept).unwrap();
            prop_assert_eq!(serde_json::from_str::<Text<8>>(&wire).unwrap(), kept);
        }
    }
}
