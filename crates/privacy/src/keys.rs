//! The master key, what derives from it, and the keys of subjects that it wraps.

use std::sync::Arc;

use aws_lc_rs::{hkdf, hmac};
use countersign_core::{ClientId, Entropy, EntropyError, Secret, SubjectId, TenantId};

use crate::{SealError, Sealed, Tagger, alias::AliasRoot};

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
        self.derive_for(&[purpose.as_bytes(), b"\0", tenant.as_str().as_bytes()])
    }

    /// A purpose without a tenant has no zero byte, so that it is none of a tenant's.
    fn derive_for(&self, info: &[&[u8]]) -> Secret {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"countersign/v1");
        let mut key = vec![0_u8; KEY_BYTES];
        let expanded =
            salt.extract(self.0.expose()).expand(info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key));
        debug_assert!(expanded.is_ok(), "32 bytes are within what HKDF-SHA256 can give");
        Secret::new(key)
    }

    /// The keys of one tenant. Pseudonyms of two tenants can't be joined.
    #[must_use]
    pub fn tenant(&self, tenant: &TenantId) -> TenantKeys {
        self.tenant_with(tenant, &self.pseudonym_root(tenant), &[])
    }

    /// The keys of one tenant whose pseudonyms come from `root`, since they outlive the master key that they were begun
    /// with; `earlier` master keys open what is not wrapped anew yet.
    #[must_use]
    pub fn tenant_with(&self, tenant: &TenantId, root: &PseudonymRoot, earlier: &[Self]) -> TenantKeys {
        let wrap = |master: &Self| SubjectKey(master.derive("wrap", tenant));
        TenantKeys {
            tenant: tenant.clone(),
            pseudonym: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, root.0.expose())),
            aliases: AliasRoot::new(root),
            wrap: wrap(self),
            earlier: earlier.iter().map(wrap).collect(),
        }
    }

    /// The key that seals what a browser keeps while somebody signs in to the console.
    #[must_use]
    pub fn sign_in_key(&self) -> SubjectKey {
        SubjectKey(self.derive_for(&[b"sign-in"]))
    }

    /// The root of a tenant's pseudonyms as it derives from this key.
    #[must_use]
    pub fn pseudonym_root(&self, tenant: &TenantId) -> PseudonymRoot {
        PseudonymRoot(self.derive("pseudonym", tenant))
    }

    /// Wraps a root of pseudonyms for storage.
    ///
    /// # Errors
    /// `Entropy` when no nonce could be made.
    pub fn wrap_root(
        &self,
        tenant: &TenantId,
        root: &PseudonymRoot,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, KeyError> {
        let wrap = SubjectKey(self.derive("wrap", tenant));
        let sealed = Sealed::seal(&wrap, &root_context(tenant), root.0.expose(), entropy);
        sealed.map(|sealed| sealed.as_bytes().to_vec()).map_err(KeyError::from)
    }

    /// Unwraps a root of pseudonyms.
    ///
    /// # Errors
    /// `Wrapped` when it was wrapped under another master key or tenant, or was changed.
    pub fn unwrap_root(&self, tenant: &TenantId, wrapped: &[u8]) -> Result<PseudonymRoot, KeyError> {
        let wrap = SubjectKey(self.derive("wrap", tenant));
        let bytes =
            Sealed::open_bytes(wrapped, &wrap, &root_context(tenant)).map_err(|_| KeyError::Wrapped)?;
        if bytes.len() == KEY_BYTES { Ok(PseudonymRoot(Secret::new(bytes))) } else { Err(KeyError::Wrapped) }
    }
}

/// What a tenant's pseudonyms are made from, 256 bits.
#[derive(Debug, Clone)]
pub struct PseudonymRoot(Secret);

impl PseudonymRoot {
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

fn root_context(tenant: &TenantId) -> Vec<u8> {
    [b"pseudonym-root\0", tenant.as_str().as_bytes()].concat()
}

impl From<SealError> for KeyError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Entropy(error) => Self::Entropy(error),
            SealError::Refused | SealError::Form | SealError::Size => Self::Wrapped,
        }
    }
}

/// What one tenant's pseudonyms and wrapped keys are made with.
#[derive(Debug, Clone)]
pub struct TenantKeys {
    tenant: TenantId,
    pseudonym: Arc<hmac::Key>,
    aliases: AliasRoot,
    wrap: SubjectKey,
    earlier: Vec<SubjectKey>,
}

impl TenantKeys {
    /// Whose keys these are.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The pseudonym of a user id: HMAC-SHA256, cut to 128 bits, in hexadecimal digits.
    #[must_use]
    pub fn subject(&self, user_id: &str) -> SubjectId {
        self.pseudonym(user_id.as_bytes())
    }

    /// The pseudonym of an e-mail address, in whatever letters it is written; never that of a user id.
    #[must_use]
    pub fn address(&self, email: &str) -> SubjectId {
        self.pseudonym(&[b"\0address\0", email.trim().to_lowercase().as_bytes()].concat())
    }

    /// The pseudonym of a client that acts for itself; never that of a user id.
    #[must_use]
    pub fn client(&self, client: &ClientId) -> SubjectId {
        self.pseudonym(&[b"\0client\0", client.as_str().as_bytes()].concat())
    }

    /// The pseudonym of a day of the log, in whole days since 1970: what names no account is sealed under its key.
    #[must_use]
    pub fn log_day(&self, day: i64) -> SubjectId {
        self.pseudonym(&[b"\0log-day\0", day.to_string().as_bytes()].concat())
    }

    /// Makes tags under a key of this tenant's own.
    #[must_use]
    pub fn tagger(&self) -> Tagger {
        Tagger::new(hmac::sign(&self.pseudonym, b"\0tags").as_ref())
    }

    /// What proves a link of ours, of parts that can't run into each other: HMAC-SHA256 under the tenant's key, in hexadecimal digits.
    #[must_use]
    pub fn link(&self, parts: &[&str]) -> String {
        let mut context = hmac::Context::with_key(&self.pseudonym);
        context.update(b"\0link\0");
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) const fn alias_root(&self) -> &AliasRoot {
        &self.aliases
    }

    fn pseudonym(&self, name: &[u8]) -> SubjectId {
        let tag = hmac::sign(&self.pseudonym, name);
        let mut text = String::with_capacity("sub_".len() + 2 * PSEUDONYM_BYTES);
        text.push_str("sub_");
        for byte in tag.as_ref().iter().take(PSEUDONYM_BYTES) {
            text.extend(
                [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')),
            );
        }
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
        Sealed::seal(&self.wrap, &self.context(subject), key.expose(), entropy)
            .map(WrappedKey)
            .map_err(KeyError::from)
    }

    /// Unwraps a subject's key.
    ///
    /// # Errors
    /// `Wrapped` when it was wrapped under another master key, tenant or subject, or was changed.
    pub fn unwrap(&self, subject: &SubjectId, wrapped: &WrappedKey) -> Result<SubjectKey, KeyError> {
        let context = self.context(subject);
        let mut keys = std::iter::once(&self.wrap).chain(&self.earlier);
        let bytes = keys.find_map(|key| wrapped.0.open(key, &context).ok()).ok_or(KeyError::Wrapped)?;
        SubjectKey::new(bytes)
    }

    /// Wraps a stored key under the current master key; `None` when it already is.
    ///
    /// # Errors
    /// `Wrapped` as `unwrap`; `Entropy` when no nonce could be made.
    pub fn rewrap(
        &self,
        subject: &SubjectId,
        wrapped: &WrappedKey,
        entropy: &dyn Entropy,
    ) -> Result<Option<WrappedKey>, KeyError> {
        if wrapped.0.open(&self.wrap, &self.context(subject)).is_ok() {
            return Ok(None);
        }
        self.wrap(subject, &self.unwrap(subject, wrapped)?, entropy).map(Some)
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
    fn people_addresses_and_clients_never_share_a_pseudonym() {
        let keys = tenant("a");
        let client = "x@y.example".parse().unwrap();
        let (person, address) = (keys.subject("x@y.example"), keys.address(" X@Y.example "));
        assert_eq!(address, keys.address("x@y.example"));
        assert!(person != address && address != keys.client(&client) && person != keys.client(&client));
    }

    #[test]
    fn a_new_master_key_keeps_pseudonyms_and_opens_what_the_earlier_one_wrapped() {
        let entropy = CountingEntropy::default();
        let name: TenantId = "a".parse().unwrap();
        let old = MasterKey::new(&Secret::new(vec![9; 32])).unwrap();
        let new = MasterKey::new(&Secret::new(vec![8; 32])).unwrap();
        let before = old.tenant(&name);
        let person = before.subject("1");
        let key = SubjectKey::generate(&entropy).unwrap();
        let wrapped = before.wrap(&person, &key, &entropy).unwrap();

        let stored = new.wrap_root(&name, &old.pseudonym_root(&name), &entropy).unwrap();
        assert_eq!(old.unwrap_root(&name, &stored).unwrap_err(), KeyError::Wrapped);
        assert_eq!(new.unwrap_root(&"b".parse().unwrap(), &stored).unwrap_err(), KeyError::Wrapped);
        let root = new.unwrap_root(&name, &stored).unwrap();
        let during = new.tenant_with(&name, &root, std::slice::from_ref(&old));
        assert_eq!(during.subject("1"), person);
        let rewrapped = during.rewrap(&person, &wrapped, &entropy).unwrap().unwrap();
        assert_eq!(during.rewrap(&person, &rewrapped, &entropy).unwrap(), None);

        let after = new.tenant_with(&name, &root, &[]);
        assert_eq!(after.unwrap(&person, &rewrapped).unwrap().expose(), key.expose());
        assert_eq!(after.unwrap(&person, &wrapped).unwrap_err(), KeyError::Wrapped);
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
