//! Fields that must stay where they are: codes, message texts, tokens.

use serde::{Deserialize, Deserializer, de};

/// A documented field that must never be sent: whatever its value, null included, reading it fails.
///
/// Why not just leave it out of the type: it would then be kept among the fields that the documentation does not
/// name, and nobody would notice that an Action sends it.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Refused;

impl<'de> Deserialize<'de> for Refused {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom("must stay in the Action, but was sent"))
    }
}

#[cfg(test)]
mod tests {
    use crate::shape::decode;

    object! {
        /// An object with a field that must not be sent.
        Message {
            maybe {
                /// How it is sent.
                kind: String,
            }
            refused {
                code,
            }
        }
    }

    #[test]
    fn whatever_its_value_it_is_refused_at_its_place() {
        for value in ["\"123456\"", "123456", "null", "{\"a\":[]}", "[]", "true"] {
            let text = format!(r#"{{"kind":"sms","code":{value}}}"#);
            let error = decode::<Message>(text.as_bytes(), "event.message").unwrap_err();
            assert_eq!(error.path, "event.message.code", "{value}");
            assert_eq!(error.message, "must stay in the Action, but was sent");
        }
    }

    #[test]
    fn without_it_the_object_comes_back_as_it_went() {
        for text in [r#"{"kind":"sms"}"#, r#"{"later":{"code":1}}"#] {
            let message: Message = decode(text.as_bytes(), "event").unwrap();
            assert_eq!(serde_json::to_string(&message).unwrap(), text);
        }
    }
}
