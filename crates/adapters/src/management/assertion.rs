//! A client's assertion about itself (RFC 7523), by which it shows that it holds a private key.

use countersign_core::{ClientId, Entropy, Secret, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

/// How long an assertion is good; the tenant takes five minutes at the most.
const LIFETIME_SECONDS: i64 = 60;

/// An algorithm that a tenant takes of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA with PKCS #1 v1.5 padding and SHA-256.
    Rs256,
    /// RSA with PKCS #1 v1.5 padding and SHA-384.
    Rs384,
    /// RSA-PSS with SHA-256.
    Ps256,
}

impl KeyAlgorithm {
    const fn of_library(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Rs384 => Algorithm::RS384,
            Self::Ps256 => Algorithm::PS256,
        }
    }
}

/// No assertion can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client's private key is no RSA key in PEM")]
pub struct KeyError;

/// A private key that assertions are signed with.
pub(super) struct Signer {
    key: EncodingKey,
    algorithm: KeyAlgorithm,
    key_id: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Signer {
    pub(super) fn new(
        pem: &Secret,
        algorithm: KeyAlgorithm,
        key_id: Option<String>,
    ) -> Result<Self, KeyError> {
        let key = EncodingKey::from_rsa_pem(pem.expose()).map_err(|_| KeyError)?;
        let signer = Self { key, algorithm, key_id };
        // Why at once: a key that can't sign must be told at the start, not at the first call.
        encode(&signer.header(), &serde_json::json!({}), &signer.key).map_err(|_| KeyError)?;
        Ok(signer)
    }

    fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm.of_library());
        header.kid.clone_from(&self.key_id);
        header
    }

    /// Signs an assertion for one request to `audience`; `None` when there is no chance to be had.
    pub(super) fn sign(
        &self,
        client: &ClientId,
        audience: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Option<Secret> {
        let mut random = [0_u8; 16];
        entropy.fill(&mut random).ok()?;
        let claims = Claims {
            iss: client.as_str(),
            sub: client.as_str(),
            aud: audience,
            iat: now.seconds(),
            exp: now.seconds().saturating_add(LIFETIME_SECONDS),
            jti: format!("{:032x}", u128::from_be_bytes(random)),
        };
        encode(&self.header(), &claims, &self.key).ok().map(|text| Secret::new(text.into_bytes()))
    }
}
