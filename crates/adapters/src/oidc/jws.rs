//! A signed token before anybody knows whether it is good.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_app::access::provider::Flaw;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::{claims::Claims, jwks::KeySet};

/// The most bytes of a token.
const MAX_BYTES: usize = 32 * 1024;

/// A token of the right form and algorithm. Its claims are shown once its signature was checked, but for the issuer.
pub(super) struct Unverified<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    message: &'a str,
    signature: &'a str,
    claims: Claims,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Unverified<'a> {
    /// Reads a token that is signed with one of the algorithms.
    ///
    /// # Errors
    /// [`Flaw`].
    pub(super) fn read(token: &'a str, algorithms: &[Algorithm]) -> Result<Self, Flaw> {
        if token.len() > MAX_BYTES {
            return Err(Flaw::Long);
        }
        let dots = token.bytes().filter(|byte| *byte == b'.').count();
        let parts = token.rsplit_once('.').and_then(|(message, signature)| {
            let (header, payload) = message.split_once('.')?;
            (dots == 2).then_some((message, header, payload, signature))
        });
        let Some((message, header, payload, signature)) = parts else {
            return Err(if dots == 4 { Flaw::Encrypted } else { Flaw::Opaque });
        };
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Flaw::Unreadable)?;
        // Why: what must be understood and is not makes a token invalid (RFC 7515, section 4.1.11).
        if header.crit.is_some() {
            return Err(Flaw::Unreadable);
        }
        let algorithm = header.alg.parse().ok().filter(|algorithm| algorithms.contains(algorithm));
        let algorithm = algorithm.ok_or(Flaw::Algorithm)?;
        let claims: Map<String, Value> =
            serde_json::from_slice(&decode(payload)?).map_err(|_| Flaw::Unreadable)?;
        Ok(Self { algorithm, key_id: header.kid, message, signature, claims: Claims(claims) })
    }

    /// Who it says that it is from.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// The claims, where one of the keys signed them.
    ///
    /// # Errors
    /// [`Flaw::NoKey`], [`Flaw::UnknownKey`], [`Flaw::Signature`].
    pub(super) fn verify(&self, keys: &KeySet) -> Result<&Claims, Flaw> {
        let fitting = keys.fitting(self.algorithm, self.key_id.as_deref())?;
        let verifies = |key| {
            let is_good =
                jsonwebtoken::crypto::verify(self.signature, self.message.as_bytes(), key, self.algorithm);
            is_good.unwrap_or(false)
        };
        if fitting.into_iter().any(verifies) { Ok(&self.claims) } else { Err(Flaw::Signature) }
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Flaw> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Flaw::Unreadable)
}
