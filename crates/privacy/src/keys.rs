//! The master key, what derives from it, and the keys of subjects that it wraps.

use std::sync::Arc;

use aws_lc_rs::{hkdf, hmac};
use countersign_core::{Entropy, EntropyError, Secret, SubjectId, TenantId};

use crate::{SealError, Sealed};

/// Length of each symmetric key in bytes.
const KEY_BYTES: usize = 32;

/// Length of a pseudonym in bytes: 128 bits keep 2^32 people of a tenant apart with odds below 2^-64.
const PSEUDONYM_BYTES: usize = 16;

/// A key that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes.
    #[error("a key has {KEY_BYTES} bytes, this one has {0}")]
    Length(usize),
    /// No randomness for a new key.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Wrapped by another master key, or altered.
    #[error(
        "the subject's key does not open with this master key: it was wrapped by another one, or changed"
    )]
    Wrapped,
}

/// The installation's root key, 256 bits; everything else derives from it or is wrapped by it.
#[derive(Debug, Clone)]
pub struct MasterKey(Secret);

impl MasterKey {
    /// Takes 32 secret bytes.
    ///
    /// # Errors
    /// `Length` for any other number of bytes.
    pub fn new(bytes: &Secret) -> Result<Self, KeyError> {
        if bytes.expose().len() == KEY_BYTES {
            Ok(Self(bytes.clone()))
        } else {
            Err(KeyError::Length(bytes.expose().len()))
        }
    }

    fn derive(&self, purpose: &str, tenant: &TenantId) -> Secret {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"countersign/v1");
        let info = [purpose.as_bytes(), b"\0", tenant.as_str().as_bytes()];
        let mut key = vec![0_u8; KEY_BYTES];
        let expanded =
            salt.extract(self.0.expose()).expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key));
        debug_assert!(expanded.is_ok(), "32 bytes are within what HKDF-SHA256 can give");
        Secret::new(key)
    }

    /// The keys of one tenant. Pseudonyms of two tenants can't be joined.
    #[must_use]
    pub fn tenant(&self, tenant: &TenantId) -> TenantKeys {
        let pseudonym = self.derive("pseudonym", tenant);
        TenantKeys {
            tenant: tenant.clone(),
            pseudonym: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, pseudonym.expose())),
            wrap: SubjectKey(self.derive("wrap", tenant)),
        }
    }
}

/// What one tenant's pseudonyms and wrapped keys are made with.
#[derive(Debug, Clone)]
pub struct TenantKeys {
    tenant: TenantId,
    pseudonym: Arc<hmac::Key>,
    wrap: SubjectKey,
}

impl TenantKeys {
    /// The pseudonym of a user id: HMAC-SHA256, cut to 128 bits, in hexadecimal digits.
    #[must_use]
    pub fn subject(&self, user_id: &str) -> SubjectId {
        let tag = hmac::sign(&self.pseudonym, user_id.as_bytes());
        let text = std::iter::once("sub_".to_owned())
            .chain(tag.as_ref().iter().take(PSEUDONYM_BYTES).map(|byte| format!("{byte:02x}")))
            .collect::<String>();
        #[expect(
            clippy::expect_used,
            reason = "the prefix and hexadecimal digits are a subject id by construction"
        )]
        text.parse().expect("hexadecimal digits")
    }

    /// A stable number in 0..100 for this person, for sticky percentage rollouts.
    #[must_use]
    pub fn percentile(&self, subject: &SubjectId) -> u8 {
        let tag = hmac::sign(&self.pseudonym, &[b"rollout\0", subject.as_str().as_bytes()].concat());
        let word = tag.as_ref().iter().take(4).fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
        u8::try_from(word % 100).unwrap_or(0)
    }

    fn context(&self, subject: &SubjectId) -> Vec<u8> {
        [b"subject-key\0", self.tenant.as_str().as_bytes(), b"\0", subject.as_str().as_bytes()].concat()
    }

    /// Wraps a subject's key for storage.
    ///
    /// # Errors
    /// `Entropy` when no nonce could be made.
    pub fn wrap(
        &self,
        subject: &SubjectId,
        key: &SubjectKey,
        entropy: &dyn Entropy,
    ) -> Result<WrappedKey, KeyError> {
        match Sealed::seal(&self.wrap, &self.context(subject), key.expose(), entropy) {
            Ok(sealed) => Ok(WrappedKey(sealed)),
            Err(SealError::Entropy(error)) => Err(KeyError::Entropy(error)),
            Err(SealError::Refused | SealError::Form | SealError::Size) => Err(KeyError::Wrapped),
        }
    }

    /// Unwraps a subject's key.
    ///
    /// # Errors
    /// `Wrapped` when it was wrapped under another master key, tenant or subject, or was changed.
    pub fn unwrap(&self, subject: &SubjectId, wrapped: &WrappedKey) -> Result<SubjectKey, KeyError> {
        let bytes = wrapped.0.open(&self.wrap, &self.context(subject)).map_err(|_| KeyError::Wrapped)?;
        SubjectKey::new(bytes)
    }
}

/// A subject's key as stored: sealed by the tenant's wrapping key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(Sealed);

impl WrappedKey {
    /// Takes bytes back that `as_bytes` gave.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Sealed::from_bytes(bytes))
    }

    /// The wrapped key as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The key under which everything that is said about one person is sealed; dropping it erases the person.
#[derive(Debug, Clone)]
pub struct SubjectKey(Secret);

impl SubjectKey {
    fn new(bytes: Vec<u8>) -> Result<Self, KeyError> {
        if bytes.len() == KEY_BYTES {
            Ok(Self(Secret::new(bytes)))
        } else {
            Err(KeyError::Length(bytes.len()))
        }
    }

    /// Makes a new random key.
    ///
    /// # Errors
    /// `Entropy` when no randomness could be had.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let mut bytes = vec![0_u8; KEY_BYTES];
        entropy.fill(&mut bytes)?;
        Self::new(bytes)
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::testing::CountingEntropy;

    use super::*;

    fn tenant(name: &str) -> TenantKeys {
        MasterKey::new(&Secret::new(vec![9; 32])).unwrap().tenant(&name.parse().unwrap())
    }

    #[test]
    fn pseudonyms_join_within_a_tenant_and_not_between_tenants() {
        assert_eq!(tenant("a").subject("auth0|1"), tenant("a").subject("auth0|1"));
        assert_ne!(tenant("a").subject("auth0|1"), tenant("b").subject("auth0|1"));
        assert_ne!(tenant("a").subject("auth0|1"), tenant("a").subject("auth0|2"));
    }

    #[test]
    fn a_wrapped_key_opens_only_for_its_subject_and_tenant() {
        let entropy = CountingEntropy::default();
        let (ours, theirs) = (tenant("a"), tenant("b"));
        let (one, two) = (ours.subject("1"), ours.subject("2"));
        let key = SubjectKey::generate(&entropy).unwrap();
        let wrapped = ours.wrap(&one, &key, &entropy).unwrap();
        assert_eq!(ours.unwrap(&one, &wrapped).unwrap().expose(), key.expose());
        assert_eq!(ours.unwrap(&two, &wrapped).unwrap_err(), KeyError::Wrapped);
        assert_eq!(theirs.unwrap(&one, &wrapped).unwrap_err(), KeyError::Wrapped);
    }

    #[test]
    fn a_short_master_key_is_refused() {
        assert_eq!(MasterKey::new(&Secret::new(vec![1; 31])).unwrap_err(), KeyError::Length(31));
    }

    #[test]
    fn percentiles_spread_and_stick() {
        let keys = tenant("a");
        let mut seen = [0_u32; 100];
        for person in 0..20_000 {
            let subject = keys.subject(&person.to_string());
            let percentile = keys.percentile(&subject);
            assert_eq!(percentile, keys.percentile(&subject));
            seen[usize::from(percentile)] += 1;
        }
        assert!(seen.iter().all(|count| (120..=290).contains(count)), "{seen:?}");
    }
}
