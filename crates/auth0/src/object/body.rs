//! The body of a request, which may hold what nobody but Auth0 may see.

use std::{fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{Dictionary, Json};

/// What a key holds when its value is a secret; letters and digits in lower case. Names of OAuth 2.0 (RFC 6749, 7521,
/// 7636, 8693), of Auth0's Authentication API and of common sign-up forms.
const SECRET_PARTS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "assertion",
    "credential",
    "codeverifier",
    "otp",
];

/// Keys of one-time codes, whole: other keys that end in `code` are countries, zip codes and vouchers. From the same.
const CODES: [&str; 16] = [
    "code",
    "pin",
    "authcode",
    "authorizationcode",
    "bindingcode",
    "devicecode",
    "emailcode",
    "logincode",
    "mfacode",
    "onetimecode",
    "oobcode",
    "phonecode",
    "recoverycode",
    "securitycode",
    "usercode",
    "verificationcode",
];

/// What an error says; the key is a stranger's and is not repeated.
const MESSAGE: &str = "holds a password, a code, a token or another secret, which must stay in the Action";

/// A request's body: a dictionary on purpose, in which no key names a password, a one-time code, a token or another
/// secret. An event with such a key is refused.
///
/// Keys are compared by their letters and digits, without regard to case, at the first level; `…_type` names a kind
/// rather than a secret. A secret under an innocent name is not seen, so the best body is none.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Body(Dictionary);

impl Deref for Body {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor;

        impl<'de> Visitor<'de> for BodyVisitor {
            type Value = Body;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Body, A::Error> {
                let mut map = Map::new();
                while let Some(key) = access.next_key::<String>()? {
                    if names_secret(&key) {
                        return Err(de::Error::custom(MESSAGE));
                    }
                    let Json(value) = access.next_value()?;
                    map.insert(key, value);
                }
                Ok(Body(map.into()))
            }
        }

        deserializer.deserialize_map(BodyVisitor)
    }
}

fn names_secret(key: &str) -> bool {
    let mut word: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    word.make_ascii_lowercase();
    let names_kind = word.ends_with("type");
    !names_kind && (CODES.contains(&word.as_str()) || SECRET_PARTS.iter().any(|part| word.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::decode;

    #[test]
    fn a_body_with_a_secret_is_refused_without_repeating_its_key() {
        for key in [
            "password",
            "newPassword",
            "re-password",
            "PASSWORD",
            "client_secret",
            "client_assertion",
            "refresh_token",
            "subject_token",
            "actor_token",
            "mfa_token",
            "otp",
            "code",
            "binding_code",
            "recovery_code",
            "oob_code",
            "pin",
            "my_pwd_2",
            "code_verifier",
            "one-time-code",
        ] {
            let text = format!(r#"{{"request":1,"{key}":"marked"}}"#);
            let error = decode::<Body>(text.as_bytes(), "event.request.body").unwrap_err();
            assert_eq!(
                (error.path.as_str(), error.message.as_str()),
                ("event.request.body", MESSAGE),
                "{key}"
            );
        }
    }

    #[test]
    fn an_ordinary_body_comes_back_as_it_went() {
        for text in [
            "{}",
            r#"{"audience":"https://api.example","client_id":"q3f","grant_type":"client_credentials"}"#,
            r#"{"a":{"b":[1,null]},"email":"pat@example.com","subject_token_type":"urn:example:x"}"#,
            r#"{"country_code":"DE","promo code":"X","zip_code":"1"}"#,
        ] {
            let body: Body = decode(text.as_bytes(), "event.request.body").unwrap();
            assert_eq!(serde_json::to_string(&body).unwrap(), text);
        }
        assert!(
            !format!("{:?}", decode::<Body>(br#"{"marked":"marked"}"#, "body").unwrap()).contains("marked")
        );
    }

    #[test]
    fn only_an_object_is_a_body() {
        let error = decode::<Body>(b"[]", "event.request.body").unwrap_err();
        assert_eq!(error.message, "expected an object, found an array");
    }
}
