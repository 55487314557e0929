//! Subjects' keys: made at first sight, cached unwrapped, opened for reading.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use countersign_core::{IdKind, SubjectId, TenantId};
use countersign_privacy::{Sealed, SubjectKey, WrappedKey};
use countersign_store::{Scope, SubjectKeyRow};
use moka::sync::Cache;

use crate::{App, Error, Tenant, leaves};

/// Keys of people that a process keeps unwrapped; some 300 bytes each.
pub const CACHED_KEYS: u64 = 50_000;

/// Keys made in one transaction: a sign-in that needs one waits for so many at the most, some 20 ms.
const MADE_AT_ONCE: usize = 1_000;

/// A person's key, ready for use.
pub(crate) struct PersonKey {
    /// Whose it is.
    pub(crate) subject: SubjectId,
    /// Its name, which sealed bodies carry.
    pub(crate) id: String,
    /// The key.
    pub(crate) key: SubjectKey,
}

/// A bounded cache of unwrapped keys.
pub(crate) struct SubjectKeys {
    known: Cache<(TenantId, SubjectId), Arc<PersonKey>>,
    /// Whose the keys of these names are, while they are there.
    names: Cache<(TenantId, String), SubjectId>,
    /// Counts keys that were destroyed, so that one which was read just before is not kept.
    destroyed: AtomicU64,
}

impl SubjectKeys {
    pub(crate) fn new() -> Self {
        Self { known: Cache::new(CACHED_KEYS), names: Cache::new(CACHED_KEYS), destroyed: AtomicU64::new(0) }
    }

    /// Forgets a key that is destroyed, and one of the same person that is being read just now.
    pub(crate) fn forget(&self, tenant: &TenantId, subject: &SubjectId) {
        self.destroyed.fetch_add(1, Ordering::SeqCst);
        self.known.invalidate(&(tenant.clone(), subject.clone()));
    }

    /// Forgets the keys of these names, in their order, which another process destroyed; whether one was known here.
    pub(crate) fn forget_named(&self, tenant: &TenantId, names: &[String]) -> bool {
        if names.is_empty() {
            return false;
        }
        self.destroyed.fetch_add(1, Ordering::SeqCst);
        let mut was_known = false;
        for (place, key) in &self.known {
            if place.0 == *tenant && names.binary_search(&key.id).is_ok() {
                self.known.invalidate(place.as_ref());
                was_known = true;
            }
        }
        was_known
    }
}

impl App {
    /// The person's key; `None` when there is none.
    pub(crate) async fn find_key(
        &self,
        tenant: &Tenant,
        subject: &SubjectId,
    ) -> Result<Option<Arc<PersonKey>>, Error> {
        let place = (tenant.id.clone(), subject.clone());
        if let Some(key) = self.subjects.known.get(&place) {
            return Ok(Some(key));
        }
        let before = self.subjects.destroyed.load(Ordering::SeqCst);
        let Some(row) = self.ports.store.find_subject_key(&tenant.id, subject).await? else {
            return Ok(None);
        };
        Ok(Some(self.unwrap(tenant, subject, row, before)?))
    }

    /// The key of a name; `None` when it was destroyed.
    pub(crate) async fn key_named(
        &self,
        tenant: &Tenant,
        key_id: &str,
    ) -> Result<Option<Arc<PersonKey>>, Error> {
        let place = (tenant.id.clone(), key_id.to_owned());
        let subject = match self.subjects.names.get(&place) {
            Some(subject) => subject,
            None => {
                let found = self.ports.store.find_subject_of_key(&tenant.id, key_id).await?;
                let Some(subject) = found else { return Ok(None) };
                self.subjects.names.insert(place, subject.clone());
                subject
            }
        };
        // Why by the name, too: a person who was erased and came back has another key.
        Ok(self.find_key(tenant, &subject).await?.filter(|key| key.id == key_id))
    }

    /// The person's key, made now if this is the first sight of them; durable before it is used. After `expires_at` on
    /// the monotonic clock none is made.
    pub(crate) async fn get_key(
        &self,
        tenant: &Tenant,
        subject: &SubjectId,
        expires_at: Option<Duration>,
    ) -> Result<Arc<PersonKey>, Error> {
        if let Some(key) = self.find_key(tenant, subject).await? {
            return Ok(key);
        }
        let row = self.new_key(tenant, subject)?;
        let before = self.subjects.destroyed.load(Ordering::SeqCst);
        let store = &self.ports.store;
        let kept = store.find_or_insert_subject_key(&tenant.id, subject, row, expires_at).await?;
        self.unwrap(tenant, subject, kept, before)
    }

    /// The keys of these people, made now of those who are seen for the first time; durable before they are used.
    pub(crate) async fn get_keys(
        &self,
        tenant: &Tenant,
        subjects: BTreeSet<SubjectId>,
    ) -> Result<BTreeMap<SubjectId, Arc<PersonKey>>, Error> {
        let mut keys = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for subject in subjects {
            match self.subjects.known.get(&(tenant.id.clone(), subject.clone())) {
                Some(key) => drop(keys.insert(subject, key)),
                None => drop(unknown.insert(subject)),
            }
        }
        if unknown.is_empty() {
            return Ok(keys);
        }
        let before = self.subjects.destroyed.load(Ordering::SeqCst);
        let asked = unknown.iter().cloned().collect();
        for (subject, row) in self.ports.store.find_subject_keys(&tenant.id, asked).await? {
            unknown.remove(&subject);
            keys.insert(subject.clone(), self.unwrap(tenant, &subject, row, before)?);
        }
        let new: Vec<SubjectId> = unknown.into_iter().collect();
        for new in new.chunks(MADE_AT_ONCE) {
            let before = self.subjects.destroyed.load(Ordering::SeqCst);
            let rows = new.iter().map(|subject| Ok((subject.clone(), self.new_key(tenant, subject)?)));
            let rows = rows.collect::<Result<Vec<_>, Error>>()?;
            let kept = self.ports.store.find_or_insert_subject_keys(&tenant.id, rows).await?;
            for (subject, row) in new.iter().zip(kept) {
                keys.insert(subject.clone(), self.unwrap(tenant, subject, row, before)?);
            }
        }
        Ok(keys)
    }

    /// The keys of these names, but for those that were destroyed.
    pub(crate) async fn keys_named(
        &self,
        tenant: &Tenant,
        key_ids: BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Arc<PersonKey>>, Error> {
        let mut keys = BTreeMap::new();
        let mut unknown = Vec::new();
        for key_id in key_ids {
            let subject = self.subjects.names.get(&(tenant.id.clone(), key_id.to_owned()));
            let key = subject.and_then(|subject| self.subjects.known.get(&(tenant.id.clone(), subject)));
            // Why by the name, too: a person who was erased and came back has another key.
            match key.filter(|key| key.id == key_id) {
                Some(key) => drop(keys.insert(key_id.to_owned(), key)),
                None => unknown.push(key_id.to_owned()),
            }
        }
        if unknown.is_empty() {
            return Ok(keys);
        }
        let before = self.subjects.destroyed.load(Ordering::SeqCst);
        for (subject, row) in self.ports.store.find_keys_named(&tenant.id, unknown).await? {
            self.subjects.names.insert((tenant.id.clone(), row.key_id.clone()), subject.clone());
            let key = self.unwrap(tenant, &subject, row, before)?;
            keys.insert(key.id.clone(), key);
        }
        Ok(keys)
    }

    /// A new key for a person, wrapped.
    fn new_key(&self, tenant: &Tenant, subject: &SubjectId) -> Result<SubjectKeyRow, Error> {
        let entropy = self.ports.entropy.as_ref();
        let key = SubjectKey::generate(entropy).map_err(Error::internal)?;
        let wrapped = tenant.keys.wrap(subject, &key, entropy).map_err(Error::internal)?;
        Ok(SubjectKeyRow { key_id: self.make_id(IdKind::Record)?, wrapped: wrapped.as_bytes().to_vec() })
    }

    /// Unwraps a key and keeps it, unless one was destroyed since `before` was counted: it may be this one.
    fn unwrap(
        &self,
        tenant: &Tenant,
        subject: &SubjectId,
        row: SubjectKeyRow,
        before: u64,
    ) -> Result<Arc<PersonKey>, Error> {
        let SubjectKeyRow { key_id, wrapped } = row;
        let key = tenant.keys.unwrap(subject, &WrappedKey::from_bytes(wrapped)).map_err(Error::internal)?;
        let key = Arc::new(PersonKey { subject: subject.clone(), id: key_id, key });
        let place = (tenant.id.clone(), subject.clone());
        self.subjects.known.insert(place.clone(), Arc::clone(&key));
        // INVARIANT: kept first and looked after it, so that whoever destroys it meanwhile or we ourselves forget it.
        if self.subjects.destroyed.load(Ordering::SeqCst) != before {
            self.subjects.known.invalidate(&place);
        }
        Ok(key)
    }

    /// Opens the first sealed body of a record: salt and body, and the key that opened it.
    pub(crate) async fn open_body(
        &self,
        tenant: &Tenant,
        leaf: u64,
        record_id: &str,
    ) -> Result<(Vec<u8>, Vec<u8>, Arc<PersonKey>), Error> {
        let bodies = self.ports.store.list_sealed_bodies(Scope::Tenant(&tenant.id), leaf).await?;
        let body = bodies.into_iter().next().ok_or(Error::NotKept)?;
        let subject =
            self.ports.store.find_subject_of_key(&tenant.id, &body.key_id).await?.ok_or(Error::Erased)?;
        let key = self.find_key(tenant, &subject).await?.ok_or(Error::Erased)?;
        let opened = Sealed::from_bytes(body.sealed)
            .open(&key.key, &leaves::context(tenant, record_id))
            .map_err(Error::internal)?;
        let (salt, body) = opened
            .split_at_checked(leaves::SALT_BYTES)
            .ok_or_else(|| Error::internal("a body without its salt"))?;
        Ok((salt.to_vec(), body.to_vec(), key))
    }
}
