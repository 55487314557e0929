//! Signing keys of the Standard Webhooks form: HMAC-SHA256 over id, timestamp and body.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};

/// The least bytes of a key (Standard Webhooks: between 24 and 64).
const MIN_KEY_BYTES: usize = 24;

/// A key shared with an Action or with a receiver of webhooks: `whsec_` and base64 of 24 bytes or more.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A text that is no signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key is `whsec_` and the base64 of at least {MIN_KEY_BYTES} bytes")]
pub struct SigningKeyError;

impl SigningKey {
    /// Reads a key in its text form.
    ///
    /// # Errors
    /// When it has another form or is too short.
    pub fn parse(text: &str) -> Result<Self, SigningKeyError> {
        let bytes = text.trim().strip_prefix("whsec_").and_then(|text| BASE64_STANDARD.decode(text).ok());
        let bytes = bytes.filter(|bytes| bytes.len() >= MIN_KEY_BYTES).ok_or(SigningKeyError)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The text form of a key made of these bytes.
    #[must_use]
    pub fn text(bytes: &[u8]) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(bytes))
    }

    /// The tag of these parts with dots between them, 32 bytes.
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> impl AsRef<[u8]> + use<> {
        let mut context = hmac::Context::with_key(&self.0);
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                context.update(b".");
            }
            context.update(part);
        }
        context.sign()
    }

    /// Signs a request: the value of `webhook-signature`.
    #[must_use]
    pub fn sign_request(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let tag = self.tag(&[id.as_bytes(), timestamp.to_string().as_bytes(), body]);
        format!("v1,{}", BASE64_STANDARD.encode(tag))
    }

    /// Signs an answer to the request `id`: the value of `countersign-signature`.
    #[must_use]
    pub fn sign_answer(&self, id: &str, body: &[u8]) -> String {
        format!("v1,{}", BASE64_STANDARD.encode(self.tag(&[id.as_bytes(), body])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_the_published_example_of_standard_webhooks() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            key.sign_request("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_short_or_foreign_key_is_refused_and_none_prints() {
        assert!(SigningKey::parse("whsec_AAAA").is_err());
        assert!(SigningKey::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_err());
        assert_eq!(format!("{:?}", SigningKey::parse(&SigningKey::text(&[1; 32])).unwrap()), "***");
    }
}
