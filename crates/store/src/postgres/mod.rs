//! The backend for several processes: PostgreSQL through sqlx alone.
//!
//! Processes hold nothing that another could make wrong: each commit locks the head of its tenant's ledger and reads what
//! it must know. Records and keys of subjects are in a database each, both in the schema `countersign`.

mod access;
mod alerts;
mod attack_sources;
mod batch;
mod changes;
mod columns;
mod decisions;
mod errors;
mod hooks;
mod incidents;
mod joins;
mod journal;
mod keys;
mod leases;
mod models;
mod open;
mod plans;
mod profiles;
mod queue;
mod reads;
mod retention;
mod reviews;
mod rows;
mod snapshots;
mod suppressions;
mod writer;
mod writes;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use countersign_core::{Clock, DecisionId, Secret, SubjectId, TenantId, Timestamp};
use countersign_ledger::Hash;
use sqlx::PgPool;
use tokio::{sync::watch, task::JoinSet};

use self::{decisions::Named, open::Database, writer::Writer};
use crate::{
    Access, AddressRow, CheckpointRow, Commit, Committed, DecisionFilter, DecisionRow, LeafRow, Lease,
    LedgerHead, PolicyRow, RiskTokenRow, Scope, SealedBodyRow, SignUpRow, StoreError, SubjectKeyRow,
    SwitchRow,
};

/// Batches that a process writes at once, each for other tenants.
const WRITERS: u32 = 4;

/// Connections for reads of many rows, apart from the others: a sign-in must never wait for a listing.
const LONG_READERS: u32 = 2;

/// Where the databases are. It has no `Debug`: the addresses hold passwords.
pub struct PostgresSettings {
    /// The address of the records' database, such as `postgres://user:password@host/records?sslmode=verify-full`.
    pub records_url: Secret,
    /// The address of the keys' database: another one, which ordinary dumps leave out.
    pub keys_url: Secret,
    /// Connections for sign-ins' reads, to each of the two databases; at least 1. Writing, listings and listening take up to
    /// seven more to the records.
    pub connections: u32,
}

/// Records in one database, keys of subjects in another.
pub(crate) struct Postgres {
    writer: Option<Writer>,
    readers: PgPool,
    long_readers: PgPool,
    /// `None`: they are not at hand, as where a copy of the records alone is audited.
    keys: Option<PgPool>,
    access: Access,
    clock: Arc<dyn Clock>,
    changes: watch::Sender<u64>,
    _listening: JoinSet<()>,
}

impl Postgres {
    pub(crate) async fn connect(
        settings: PostgresSettings,
        access: Access,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let PostgresSettings { records_url, keys_url, connections } = settings;
        let connections = connections.max(1);
        let missing = || StoreError::Unavailable("there is no database of that name".to_owned());
        let records = Database::open(&records_url, access, open::RECORDS).await?.ok_or_else(missing)?;
        let keys = Database::open(&keys_url, access, open::KEYS).await?;
        if keys.is_none() && access == Access::Own {
            return Err(missing());
        }
        let changes = watch::Sender::new(0);
        let mut listening = JoinSet::new();
        let mut writer = None;
        if access == Access::Own {
            let pool = records.pool(1);
            let listener = changes::listener(&pool).await?;
            listening.spawn(changes::listen(pool, listener, changes.clone()));
            writer = Some(Writer::start(&records, WRITERS, clock));
        }
        Ok(Self {
            writer,
            readers: records.pool(connections),
            long_readers: records.pool(LONG_READERS),
            keys: keys.map(|keys| keys.pool(connections)),
            access,
            clock: Arc::clone(clock),
            changes,
            _listening: listening,
        })
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        self.writer.as_ref().ok_or_else(read_only)?.submit(commit).await
    }

    /// The keys to read; `None` when they are not at hand.
    const fn keys(&self) -> Option<&PgPool> {
        self.keys.as_ref()
    }

    /// The keys to write.
    fn own_keys(&self) -> Result<&PgPool, StoreError> {
        self.own()?;
        self.keys().ok_or_else(read_only)
    }

    fn own(&self) -> Result<(), StoreError> {
        if self.access == Access::Own { Ok(()) } else { Err(read_only()) }
    }

    /// Says whose each decision is.
    async fn name(&self, tenant: &TenantId, found: Vec<Named>) -> Result<Vec<DecisionRow>, StoreError> {
        let key_ids: Vec<&str> = found.iter().filter_map(|(_, key_id)| key_id.as_deref()).collect();
        let subjects: BTreeMap<String, SubjectId> = match self.keys() {
            Some(keys) if !key_ids.is_empty() => {
                keys::subjects_of(keys, tenant, &key_ids).await?.into_iter().collect()
            }
            _ => BTreeMap::new(),
        };
        let name = |(row, key_id): Named| {
            let subject = key_id.and_then(|key_id| subjects.get(&key_id).cloned());
            DecisionRow { subject, ..row }
        };
        Ok(found.into_iter().map(name).collect())
    }

    pub(crate) async fn find_decision(
        &self,
        scope: Scope<'_>,
        id: &DecisionId,
    ) -> Result<Option<DecisionRow>, StoreError> {
        let found = decisions::find(&self.readers, scope, id).await?;
        Ok(self.name(scope.tenant(), found.into_iter().collect()).await?.pop())
    }

    pub(crate) async fn list_decisions(
        &self,
        scope: Scope<'_>,
        filter: DecisionFilter,
        limit: u32,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        let found = decisions::list(&self.long_readers, scope, &filter, limit).await?;
        self.name(scope.tenant(), found).await
    }

    pub(crate) async fn find_leaf(
        &self,
        scope: Scope<'_>,
        record_id: &str,
    ) -> Result<Option<LeafRow>, StoreError> {
        reads::leaf_of_record(&self.readers, scope, record_id).await
    }

    pub(crate) async fn list_leaves(
        &self,
        tenant: &TenantId,
        first: u64,
        count: u64,
    ) -> Result<Vec<LeafRow>, StoreError> {
        reads::leaves(&self.long_readers, tenant, first, count).await
    }

    pub(crate) async fn first_leaf_since(&self, tenant: &TenantId, at: Timestamp) -> Result<u64, StoreError> {
        reads::first_leaf_since(&self.long_readers, tenant, at).await
    }

    pub(crate) async fn list_sealed_bodies(
        &self,
        scope: Scope<'_>,
        leaf: u64,
    ) -> Result<Vec<SealedBodyRow>, StoreError> {
        reads::sealed_bodies(&self.readers, scope, leaf).await
    }

    pub(crate) async fn get_ledger_head(&self, tenant: &TenantId) -> Result<LedgerHead, StoreError> {
        reads::ledger_head(&self.readers, tenant).await
    }

    pub(crate) async fn list_nodes(
        &self,
        tenant: &TenantId,
        level: u8,
        first: u64,
        count: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        reads::nodes(&self.long_readers, tenant, level, first, count).await
    }

    pub(crate) async fn list_checkpoints(
        &self,
        tenant: &TenantId,
        size: u64,
        limit: u32,
    ) -> Result<Vec<CheckpointRow>, StoreError> {
        reads::checkpoints(&self.long_readers, tenant, size, limit).await
    }

    pub(crate) async fn find_newest_checkpoint(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<CheckpointRow>, StoreError> {
        reads::newest_checkpoint(&self.readers, tenant).await
    }

    pub(crate) async fn list_switches(&self, tenant: &TenantId) -> Result<Vec<SwitchRow>, StoreError> {
        reads::switches(&self.readers, tenant).await
    }

    pub(crate) async fn find_policy(&self, tenant: &TenantId) -> Result<Option<PolicyRow>, StoreError> {
        Ok(reads::policies(&self.readers, tenant, 1).await?.pop())
    }

    pub(crate) async fn list_policies(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<PolicyRow>, StoreError> {
        reads::policies(&self.long_readers, tenant, limit).await
    }

    pub(crate) async fn find_findings(&self, tenant: &TenantId) -> Result<Option<String>, StoreError> {
        reads::findings(&self.readers, tenant).await
    }

    pub(crate) async fn find_silence_cursor(&self, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
        reads::silence_cursor(&self.readers, tenant).await
    }

    pub(crate) async fn find_retention_cursor(
        &self,
        tenant: &TenantId,
        prefix: &str,
    ) -> Result<Option<u64>, StoreError> {
        reads::retention_cursor(&self.readers, tenant, prefix).await
    }

    pub(crate) async fn list_address_holders(
        &self,
        tenant: &TenantId,
        address: &SubjectId,
    ) -> Result<Vec<AddressRow>, StoreError> {
        reads::address_holders(&self.readers, tenant, address).await
    }

    pub(crate) async fn find_sign_up(
        &self,
        tenant: &TenantId,
        holder: &SubjectId,
        connection: &str,
    ) -> Result<Option<SignUpRow>, StoreError> {
        reads::sign_up(&self.readers, tenant, holder, connection).await
    }

    pub(crate) async fn list_addresses(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Vec<AddressRow>, StoreError> {
        reads::addresses(&self.long_readers, tenant, subject).await
    }

    pub(crate) async fn list_risk_tokens(&self, tenant: &TenantId) -> Result<Vec<RiskTokenRow>, StoreError> {
        reads::risk_tokens(&self.readers, tenant).await
    }

    pub(crate) async fn list_erasures(
        &self,
        tenant: &TenantId,
        since: Option<Timestamp>,
    ) -> Result<Vec<String>, StoreError> {
        // Why: the latest are looked for each half second, and may not wait for listings.
        let readers = if since.is_some() { &self.readers } else { &self.long_readers };
        reads::erasures(readers, tenant, since).await
    }

    pub(crate) async fn list_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        reads::tenants(&self.long_readers).await
    }

    pub(crate) async fn find_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Option<SubjectKeyRow>, StoreError> {
        match self.keys() {
            Some(keys) => keys::find(keys, tenant, subject).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn find_subject_keys(
        &self,
        tenant: &TenantId,
        subjects: Vec<SubjectId>,
    ) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
        match self.keys() {
            Some(keys) => keys::find_all(keys, tenant, &subjects).await,
            None => Ok(Vec::new()),
        }
    }

    pub(crate) async fn find_keys_named(
        &self,
        tenant: &TenantId,
        key_ids: Vec<String>,
    ) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
        match self.keys() {
            Some(keys) => keys::find_named(keys, tenant, &key_ids).await,
            None => Ok(Vec::new()),
        }
    }

    pub(crate) async fn find_subject_of_key(
        &self,
        tenant: &TenantId,
        key_id: &str,
    ) -> Result<Option<SubjectId>, StoreError> {
        match self.keys() {
            Some(keys) => {
                Ok(keys::subjects_of(keys, tenant, &[key_id]).await?.pop().map(|(_, subject)| subject))
            }
            None => Ok(None),
        }
    }

    pub(crate) async fn list_subject_keys(
        &self,
        tenant: &TenantId,
        after: Option<&SubjectId>,
        limit: u32,
    ) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
        match self.keys() {
            Some(keys) => keys::list(keys, tenant, after, limit).await,
            None => Ok(Vec::new()),
        }
    }

    pub(crate) async fn find_or_insert_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        key: SubjectKeyRow,
        expires_at: Option<Duration>,
    ) -> Result<SubjectKeyRow, StoreError> {
        if expires_at.is_some_and(|end| self.clock.monotonic() >= end) {
            return Err(StoreError::Expired);
        }
        keys::find_or_insert(self.own_keys()?, tenant, subject, &key).await
    }

    pub(crate) async fn find_or_insert_subject_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<(SubjectId, SubjectKeyRow)>,
    ) -> Result<Vec<SubjectKeyRow>, StoreError> {
        keys::find_or_insert_all(self.own_keys()?, tenant, &keys).await
    }

    pub(crate) async fn rewrap_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        old: &SubjectKeyRow,
        wrapped: Vec<u8>,
    ) -> Result<bool, StoreError> {
        keys::rewrap(self.own_keys()?, tenant, subject, old, &wrapped).await
    }

    pub(crate) async fn delete_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        key_id: &str,
    ) -> Result<bool, StoreError> {
        keys::delete(self.own_keys()?, tenant, subject, key_id).await
    }

    pub(crate) async fn find_pseudonym_root(&self, tenant: &TenantId) -> Result<Option<Vec<u8>>, StoreError> {
        match self.keys() {
            Some(keys) => keys::find_root(keys, tenant).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn find_or_insert_pseudonym_root(
        &self,
        tenant: &TenantId,
        wrapped: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        keys::find_or_insert_root(self.own_keys()?, tenant, &wrapped).await
    }

    pub(crate) async fn put_pseudonym_root(
        &self,
        tenant: &TenantId,
        wrapped: Vec<u8>,
    ) -> Result<(), StoreError> {
        keys::put_root(self.own_keys()?, tenant, &wrapped).await
    }

    pub(crate) async fn acquire_lease(
        &self,
        tenant: &TenantId,
        name: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.own()?;
        leases::acquire(&self.readers, tenant, (name, holder), ttl).await
    }

    pub(crate) async fn release_lease(
        &self,
        tenant: &TenantId,
        name: &str,
        holder: &str,
    ) -> Result<(), StoreError> {
        self.own()?;
        leases::release(&self.readers, tenant, name, holder).await
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

fn read_only() -> StoreError {
    StoreError::Unavailable("the store was opened for reading".to_owned())
}

#[cfg(test)]
mod query_plans;
