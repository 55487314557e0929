//! Profiles that were read before: a sign-in's person is often known from a minute ago.
//!
//! Only the process that owns the database keeps them: nobody else writes there. What a transaction changes is known from its end
//! on, before anybody hears of it, so that no read that begins then gives what was before.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use countersign_core::{SubjectId, TenantId};
use moka::sync::Cache;
use parking_lot::{Mutex, MutexGuard};

use crate::{ProfileRow, StoreError};

/// Memory that the kept profiles may take, in bytes: some 30,000 of a usual size.
const MOST_BYTES: u64 = 32 * 1_024 * 1_024;

/// What one takes beside its own bytes: its key and its place.
const OVERHEAD: usize = 256;

/// Counters of changes: two people seldom share one.
const COUNTERS: usize = 256;

type Key = (TenantId, SubjectId);

/// Who is known, and who is known to have no profile.
pub(super) struct KnownProfiles {
    kept: Cache<Key, Option<Arc<ProfileRow>>>,
    // Each counts the changes of those whose key falls there, so that what was read before a change is not kept after it.
    changes: Box<[Mutex<u64>]>,
    hasher: RandomState,
}

impl KnownProfiles {
    pub(super) fn new() -> Self {
        let weigh = |_: &Key, row: &Option<Arc<ProfileRow>>| {
            let sealed = row.as_ref().map_or(0, |row| row.sealed.len());
            u32::try_from(sealed + OVERHEAD).unwrap_or(u32::MAX)
        };
        Self {
            kept: Cache::builder().max_capacity(MOST_BYTES).weigher(weigh).build(),
            changes: (0..COUNTERS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The profile as it is known, or as `read` gives it.
    pub(super) fn find(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        read: impl FnOnce() -> Result<Option<ProfileRow>, StoreError>,
    ) -> Result<Option<ProfileRow>, StoreError> {
        let key = (tenant.clone(), subject.clone());
        if let Some(row) = self.kept.get(&key) {
            return Ok(row.as_deref().cloned());
        }
        let before = self.changes(&key).map(|changes| *changes);
        let row = read()?;
        if let Some(changes) = self.changes(&key)
            && Some(*changes) == before
        {
            self.kept.insert(key, row.clone().map(Arc::new));
        }
        Ok(row)
    }

    fn changes(&self, key: &Key) -> Option<MutexGuard<'_, u64>> {
        let place = self.hasher.hash_one(key) % u64::try_from(COUNTERS).unwrap_or(1);
        self.changes.get(usize::try_from(place).unwrap_or(0)).map(Mutex::lock)
    }

    fn change(&self, key: Key, change: Change) {
        let changes = self.changes(&key);
        match change {
            Change::Written(row) => self.kept.insert(key, Some(Arc::new(row))),
            Change::Gone => self.kept.insert(key, None),
            Change::Unsure => self.kept.invalidate(&key),
        }
        if let Some(mut changes) = changes {
            *changes = changes.wrapping_add(1);
        }
    }
}

/// What becomes of a profile.
enum Change {
    Written(ProfileRow),
    Gone,
    /// It has to be read.
    Unsure,
}

/// What the open transaction changes, in order.
#[derive(Default)]
pub(super) struct Pending {
    known: Option<Arc<KnownProfiles>>,
    changes: Vec<(Key, Change)>,
    job: usize,
}

impl Pending {
    pub(super) fn of(known: Arc<KnownProfiles>) -> Self {
        Self { known: Some(known), ..Self::default() }
    }

    pub(super) fn written(&mut self, tenant: &TenantId, subject: &SubjectId, row: ProfileRow) {
        self.changes.push(((tenant.clone(), subject.clone()), Change::Written(row)));
    }

    pub(super) fn gone(&mut self, tenant: &TenantId, subject: &SubjectId) {
        self.changes.push(((tenant.clone(), subject.clone()), Change::Gone));
    }

    pub(super) fn begin(&mut self) {
        self.job = self.changes.len();
    }

    pub(super) fn undo(&mut self) {
        self.changes.truncate(self.job);
    }

    /// The transaction is on disk.
    pub(super) fn publish(&mut self) {
        for (key, change) in self.changes.drain(..) {
            if let Some(known) = &self.known {
                known.change(key, change);
            }
        }
    }

    /// The transaction failed, or nobody knows how it ended.
    pub(super) fn forget(&mut self) {
        for (_, change) in &mut self.changes {
            *change = Change::Unsure;
        }
        self.publish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(version: u64) -> Option<ProfileRow> {
        Some(ProfileRow { version, sealed: vec![7; 40] })
    }

    fn key() -> Key {
        ("example-tenant".parse().unwrap(), "sub_0123456789abcdefghjkmnpqrs".parse().unwrap())
    }

    fn find(known: &KnownProfiles, read: impl FnOnce() -> Option<ProfileRow>) -> Option<ProfileRow> {
        let (tenant, subject) = key();
        known.find(&tenant, &subject, || Ok(read())).unwrap()
    }

    fn unread() -> Option<ProfileRow> {
        unreachable!("it was to be known")
    }

    fn change(known: &Arc<KnownProfiles>, change: impl FnOnce(&mut Pending, &Key)) {
        let mut pending = Pending::of(Arc::clone(known));
        pending.begin();
        change(&mut pending, &key());
        pending.publish();
    }

    fn written(known: &Arc<KnownProfiles>, version: u64) {
        change(known, |pending, (tenant, subject)| pending.written(tenant, subject, row(version).unwrap()));
    }

    #[test]
    fn who_was_read_is_known_with_every_change_also_who_has_none() {
        let known = Arc::new(KnownProfiles::new());
        assert_eq!(find(&known, || None), None);
        assert_eq!(find(&known, unread), None);
        written(&known, 1);
        assert_eq!(find(&known, unread), row(1));
        change(&known, |pending, (tenant, subject)| pending.gone(tenant, subject));
        assert_eq!(find(&known, unread), None);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let known = Arc::new(KnownProfiles::new());
        let overtaken = || {
            written(&known, 2);
            row(1)
        };
        assert_eq!(find(&known, overtaken), row(1));
        assert_eq!(find(&known, unread), row(2));
    }

    #[test]
    fn a_job_that_is_undone_changes_nothing_and_a_transaction_that_fails_is_read_again() {
        let known = Arc::new(KnownProfiles::new());
        written(&known, 1);
        change(&known, |pending, (tenant, subject)| {
            pending.written(tenant, subject, row(2).unwrap());
            pending.undo();
        });
        assert_eq!(find(&known, unread), row(1));
        change(&known, |pending, (tenant, subject)| {
            pending.written(tenant, subject, row(2).unwrap());
            pending.forget();
        });
        assert_eq!(find(&known, || row(3)), row(3));
    }

    #[test]
    fn a_read_that_fails_is_not_kept() {
        let known = KnownProfiles::new();
        let (tenant, subject) = key();
        let lost = || Err(StoreError::Unavailable("gone".to_owned()));
        assert!(known.find(&tenant, &subject, lost).is_err());
        assert_eq!(find(&known, || row(1)), row(1));
    }
}
