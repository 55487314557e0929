//! The store as callers see it, whatever database is behind it.

use std::{path::Path, sync::Arc, time::Duration};

use countersign_core::{Clock, DecisionId, SubjectId, TenantId};
use countersign_ledger::{
    Hash, leaf_hash,
    proof::{self, HashSource, ProofError},
};

use crate::{
    CheckpointRow, Commit, Committed, DecisionFilter, DecisionRow, LeafRow, LedgerHead, PolicyRow,
    ProfileRow, SealedBodyRow, StoreError, SubjectKeyRow, SwitchRow,
    sqlite::{Sqlite, queries},
};

/// Whether a store is opened to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// For the one process that owns it.
    Own,
    /// For an audit beside it, or of a copy.
    ReadOnly,
}

/// Records, ledger and subject keys. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Backend>);

enum Backend {
    Sqlite(Sqlite),
}

impl Store {
    /// Opens the embedded database in `folder`; makes it when `access` is `Own` and there is none.
    ///
    /// # Errors
    /// `Unavailable` when another process owns it, SQLite is too old or commits would not be durable; `Corrupt` when
    /// it was written by a newer version.
    pub fn open_sqlite(folder: &Path, access: Access, clock: &Arc<dyn Clock>) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Backend::Sqlite(Sqlite::open(folder, access, clock)?))))
    }

    /// Sequences the leaves, does the writes, and answers when both are durable.
    ///
    /// # Errors
    /// `Conflict` or `Stale` when a write meets another state than it expects: then nothing of this commit was done.
    /// `Expired` when it was not begun in time. `Unavailable` when the database can't be written.
    pub async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => sqlite.commit(commit).await,
        }
    }

    /// A person's profile; `None` when there is none.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`, as every read.
    pub async fn find_profile(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Option<ProfileRow>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => {
                sqlite.read(|connection| queries::profile(connection, tenant, subject))
            }
        }
    }

    /// A decision by its id.
    ///
    /// # Errors
    /// As every read.
    pub async fn find_decision(
        &self,
        tenant: &TenantId,
        id: &DecisionId,
    ) -> Result<Option<DecisionRow>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => {
                let found = sqlite.read(|connection| queries::decision(connection, tenant, id))?;
                found.map(|named| sqlite.named(tenant, named)).transpose()
            }
        }
    }

    /// Decisions in the order of the ledger: newest first, or oldest first when the filter says `after`.
    ///
    /// # Errors
    /// As every read.
    pub async fn list_decisions(
        &self,
        tenant: &TenantId,
        filter: DecisionFilter,
        limit: u32,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        let tenant = tenant.clone();
        self.read_long(move |Backend::Sqlite(sqlite)| {
            let found =
                sqlite.read_long(|connection| queries::decisions(connection, &tenant, &filter, limit))?;
            found.into_iter().map(|named| sqlite.named(&tenant, named)).collect()
        })
        .await
    }

    /// The leaf of a record.
    ///
    /// # Errors
    /// As every read.
    pub async fn find_leaf(&self, tenant: &TenantId, record_id: &str) -> Result<Option<LeafRow>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => {
                sqlite.read(|connection| queries::leaf_of_record(connection, tenant, record_id))
            }
        }
    }

    /// At most `count` leaves from `first` on, in order.
    ///
    /// # Errors
    /// As every read.
    pub async fn list_leaves(
        &self,
        tenant: &TenantId,
        first: u64,
        count: u64,
    ) -> Result<Vec<LeafRow>, StoreError> {
        let tenant = tenant.clone();
        self.read_long(move |Backend::Sqlite(sqlite)| {
            sqlite.read_long(|connection| queries::leaves(connection, &tenant, first, count))
        })
        .await
    }

    /// The sealed bodies of a leaf, in the order of its commitments.
    ///
    /// # Errors
    /// As every read.
    pub async fn list_sealed_bodies(
        &self,
        tenant: &TenantId,
        leaf: u64,
    ) -> Result<Vec<SealedBodyRow>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => {
                sqlite.read(|connection| queries::sealed_bodies(connection, tenant, leaf))
            }
        }
    }

    /// The head of a tenant's ledger as committed.
    ///
    /// # Errors
    /// As every read.
    pub async fn get_ledger_head(&self, tenant: &TenantId) -> Result<LedgerHead, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => sqlite.head(tenant),
        }
    }

    /// Checkpoints over at least `size` leaves, smallest first.
    ///
    /// # Errors
    /// As every read.
    pub async fn list_checkpoints(
        &self,
        tenant: &TenantId,
        size: u64,
        limit: u32,
    ) -> Result<Vec<CheckpointRow>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => {
                sqlite.read(|connection| queries::checkpoints(connection, tenant, size, limit))
            }
        }
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// As every read.
    pub async fn find_newest_checkpoint(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<CheckpointRow>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => {
                sqlite.read(|connection| queries::newest_checkpoint(connection, tenant))
            }
        }
    }

    /// The kill switches that were ever set.
    ///
    /// # Errors
    /// As every read.
    pub async fn list_switches(&self, tenant: &TenantId) -> Result<Vec<SwitchRow>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => sqlite.read(|connection| queries::switches(connection, tenant)),
        }
    }

    /// The newest version of the policy.
    ///
    /// # Errors
    /// As every read.
    pub async fn find_policy(&self, tenant: &TenantId) -> Result<Option<PolicyRow>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => sqlite.read(|connection| queries::policy(connection, tenant)),
        }
    }

    /// Up to which leaf silence was counted.
    ///
    /// # Errors
    /// As every read.
    pub async fn find_silence_cursor(&self, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => sqlite.read(|connection| queries::silence_cursor(connection, tenant)),
        }
    }

    /// Names of the keys that were to be destroyed, in the order of the names.
    ///
    /// # Errors
    /// As every read.
    pub async fn list_erasures(&self, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
        let tenant = tenant.clone();
        self.read_long(move |Backend::Sqlite(sqlite)| {
            sqlite.read_long(|connection| queries::erasures(connection, &tenant))
        })
        .await
    }

    /// The tenants that have a ledger.
    ///
    /// # Errors
    /// As every read.
    pub async fn list_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => sqlite.read(queries::tenants),
        }
    }

    /// A person's wrapped key; `None` when there never was one, or it was erased.
    ///
    /// # Errors
    /// As every read.
    pub async fn find_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Option<SubjectKeyRow>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => sqlite.subject_key(tenant, subject),
        }
    }

    /// Whose key has this name; `None` when it was deleted, so that its person was erased.
    ///
    /// # Errors
    /// As every read.
    pub async fn find_subject_of_key(
        &self,
        tenant: &TenantId,
        key_id: &str,
    ) -> Result<Option<SubjectId>, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => sqlite.subject_of(tenant, key_id),
        }
    }

    /// Keeps `key` for a person, unless there is one already, and returns the one that is kept; durable when it answers.
    /// After `expires_at` on the monotonic clock the work must not begin; `None`: it may always.
    ///
    /// # Errors
    /// `Expired` when it was not begun in time. `Unavailable` when it can't be written.
    pub async fn find_or_insert_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        key: SubjectKeyRow,
        expires_at: Option<Duration>,
    ) -> Result<SubjectKeyRow, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => {
                sqlite.find_or_insert_subject_key(tenant.clone(), subject.clone(), key, expires_at).await
            }
        }
    }

    /// Destroys a person's key; returns whether there was one. Nothing sealed under it opens again.
    ///
    /// # Errors
    /// `Unavailable` when it can't be written, or when the key is deleted and its bytes could not be cleared from the
    /// write-ahead log: call it again, which clears the log though it finds no key.
    pub async fn delete_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<bool, StoreError> {
        match self.0.as_ref() {
            Backend::Sqlite(sqlite) => sqlite.delete_subject_key(tenant.clone(), subject.clone()).await,
        }
    }

    /// Runs a read that may take long away from the threads that answer sign-ins.
    async fn read_long<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Backend) -> Result<T, StoreError> + Send + 'static,
    {
        let backend = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || read(&backend))
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("a read was stopped".to_owned())))
    }

    /// Proves that the leaf at `index` is in the tree of a tenant's first `size` leaves (RFC 6962, section 2.1.1).
    ///
    /// # Errors
    /// `Outside` when `index >= size`, `Short` when leaves are missing, `Source` as every read.
    pub async fn inclusion_proof(
        &self,
        tenant: &TenantId,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, ProofError<StoreError>> {
        let (store, tenant) = (self.clone(), tenant.clone());
        tokio::task::spawn_blocking(move || proof::inclusion_proof(&store.proofs(&tenant), index, size))
            .await
            .unwrap_or_else(|_| {
                Err(ProofError::Source(StoreError::Unavailable("a read was stopped".to_owned())))
            })
    }

    /// The hashes of a tenant's tree, for proofs.
    #[must_use]
    pub const fn proofs<'a>(&'a self, tenant: &'a TenantId) -> Proofs<'a> {
        Proofs { store: self, tenant }
    }
}

/// The hashes of one tenant's tree; each read is a few short queries.
pub struct Proofs<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl HashSource for Proofs<'_> {
    type Error = StoreError;

    fn leaves(&self, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        match self.store.0.as_ref() {
            Backend::Sqlite(sqlite) => {
                let rows =
                    sqlite.read(|connection| queries::leaves(connection, self.tenant, first, count))?;
                Ok(rows.iter().map(|row| leaf_hash(&row.leaf)).collect())
            }
        }
    }

    fn nodes(&self, level: u8, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        match self.store.0.as_ref() {
            Backend::Sqlite(sqlite) => {
                sqlite.read(|connection| queries::nodes(connection, self.tenant, level, first, count))
            }
        }
    }
}
