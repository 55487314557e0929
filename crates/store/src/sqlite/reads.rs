//! Reads as callers see them. A short one is done where it is asked for; one of many rows on a thread that may block.

use std::sync::Arc;

use countersign_core::{DecisionId, SubjectId, TenantId, Timestamp};
use countersign_ledger::Hash;
use rusqlite::Connection;

use super::{
    Sqlite, addresses,
    decisions::{self, Named},
    heads, keys, policies, queries,
    readers::Readers,
    tokens,
};
use crate::{
    AddressRow, CheckpointRow, DecisionFilter, DecisionRow, LeafRow, LedgerHead, PolicyRow, RiskTokenRow,
    Scope, SealedBodyRow, SignUpRow, StoreError, SubjectKeyRow, SwitchRow,
};

impl Sqlite {
    pub(crate) async fn find_decision(
        &self,
        scope: Scope<'_>,
        id: &DecisionId,
    ) -> Result<Option<DecisionRow>, StoreError> {
        let found = self.readers.read(|connection| decisions::find(connection, scope, id))?;
        found.map(|named| name(&self.key_readers, scope.tenant(), named)).transpose()
    }

    pub(crate) async fn list_decisions(
        &self,
        scope: Scope<'_>,
        filter: DecisionFilter,
        limit: u32,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        let (readers, keys) = (Arc::clone(&self.long_readers), Arc::clone(&self.key_readers));
        let (tenant, organization) = (scope.tenant().clone(), scope.organization().cloned());
        beside(move || {
            let scope =
                organization.as_ref().map_or(Scope::Tenant(&tenant), |of| Scope::Organization(&tenant, of));
            let found = readers.read(|connection| decisions::list(connection, scope, &filter, limit))?;
            found.into_iter().map(|named| name(&keys, &tenant, named)).collect()
        })
        .await
    }

    pub(crate) async fn find_leaf(
        &self,
        scope: Scope<'_>,
        record_id: &str,
    ) -> Result<Option<LeafRow>, StoreError> {
        self.readers.read(|connection| queries::leaf_of_record(connection, scope, record_id))
    }

    pub(crate) async fn list_leaves(
        &self,
        tenant: &TenantId,
        first: u64,
        count: u64,
    ) -> Result<Vec<LeafRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| queries::leaves(connection, tenant, first, count))
            .await
    }

    pub(crate) async fn first_leaf_since(&self, tenant: &TenantId, at: Timestamp) -> Result<u64, StoreError> {
        self.readers.read(|connection| queries::first_leaf_since(connection, tenant, at))
    }

    pub(crate) async fn list_sealed_bodies(
        &self,
        scope: Scope<'_>,
        leaf: u64,
    ) -> Result<Vec<SealedBodyRow>, StoreError> {
        self.readers.read(|connection| queries::sealed_bodies(connection, scope, leaf))
    }

    pub(crate) async fn get_ledger_head(&self, tenant: &TenantId) -> Result<LedgerHead, StoreError> {
        self.readers.read(|connection| heads::read_head(connection, tenant))
    }

    pub(crate) async fn list_nodes(
        &self,
        tenant: &TenantId,
        level: u8,
        first: u64,
        count: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        self.read_long(tenant, move |connection, tenant| {
            queries::nodes(connection, tenant, level, first, count)
        })
        .await
    }

    pub(crate) async fn list_checkpoints(
        &self,
        tenant: &TenantId,
        size: u64,
        limit: u32,
    ) -> Result<Vec<CheckpointRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| {
            queries::checkpoints(connection, tenant, size, limit)
        })
        .await
    }

    pub(crate) async fn find_newest_checkpoint(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<CheckpointRow>, StoreError> {
        self.readers.read(|connection| queries::newest_checkpoint(connection, tenant))
    }

    pub(crate) async fn list_switches(&self, tenant: &TenantId) -> Result<Vec<SwitchRow>, StoreError> {
        self.readers.read(|connection| queries::switches(connection, tenant))
    }

    pub(crate) async fn find_policy(&self, tenant: &TenantId) -> Result<Option<PolicyRow>, StoreError> {
        Ok(self.readers.read(|connection| policies::list(connection, tenant, 1))?.pop())
    }

    pub(crate) async fn list_policies(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<PolicyRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| policies::list(connection, tenant, limit)).await
    }

    pub(crate) async fn find_findings(&self, tenant: &TenantId) -> Result<Option<String>, StoreError> {
        self.readers.read(|connection| queries::findings(connection, tenant))
    }

    pub(crate) async fn find_silence_cursor(&self, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
        self.readers.read(|connection| queries::silence_cursor(connection, tenant))
    }

    pub(crate) async fn find_retention_cursor(
        &self,
        tenant: &TenantId,
        prefix: &str,
    ) -> Result<Option<u64>, StoreError> {
        self.readers.read(|connection| queries::retention_cursor(connection, tenant, prefix))
    }

    pub(crate) async fn list_address_holders(
        &self,
        tenant: &TenantId,
        address: &SubjectId,
    ) -> Result<Vec<AddressRow>, StoreError> {
        self.readers.read(|connection| addresses::holders(connection, tenant, address))
    }

    pub(crate) async fn find_sign_up(
        &self,
        tenant: &TenantId,
        holder: &SubjectId,
        connection: &str,
    ) -> Result<Option<SignUpRow>, StoreError> {
        self.readers.read(|reader| addresses::sign_up(reader, tenant, holder, connection))
    }

    pub(crate) async fn list_addresses(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Vec<AddressRow>, StoreError> {
        self.readers.read(|connection| addresses::list(connection, tenant, subject))
    }

    pub(crate) async fn list_risk_tokens(&self, tenant: &TenantId) -> Result<Vec<RiskTokenRow>, StoreError> {
        self.readers.read(|connection| tokens::list(connection, tenant))
    }

    pub(crate) async fn list_erasures(
        &self,
        tenant: &TenantId,
        since: Option<Timestamp>,
    ) -> Result<Vec<String>, StoreError> {
        self.read_long(tenant, move |connection, tenant| queries::erasures(connection, tenant, since)).await
    }

    pub(crate) async fn list_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        self.readers.read(queries::tenants)
    }

    pub(crate) async fn find_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Option<SubjectKeyRow>, StoreError> {
        self.key_readers.read(|connection| keys::find(connection, tenant, subject))
    }

    pub(crate) async fn find_subject_keys(
        &self,
        tenant: &TenantId,
        subjects: Vec<SubjectId>,
    ) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
        let (readers, tenant) = (Arc::clone(&self.key_readers), tenant.clone());
        beside(move || readers.read(|connection| keys::find_all(connection, &tenant, &subjects))).await
    }

    pub(crate) async fn find_keys_named(
        &self,
        tenant: &TenantId,
        key_ids: Vec<String>,
    ) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
        if self.key_readers.is_empty() {
            return Ok(Vec::new());
        }
        let (readers, tenant) = (Arc::clone(&self.key_readers), tenant.clone());
        beside(move || readers.read(|connection| keys::find_named(connection, &tenant, &key_ids))).await
    }

    pub(crate) async fn find_subject_of_key(
        &self,
        tenant: &TenantId,
        key_id: &str,
    ) -> Result<Option<SubjectId>, StoreError> {
        subject_of(&self.key_readers, tenant, key_id)
    }

    pub(crate) async fn list_subject_keys(
        &self,
        tenant: &TenantId,
        after: Option<&SubjectId>,
        limit: u32,
    ) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
        let (readers, tenant, after) = (Arc::clone(&self.key_readers), tenant.clone(), after.cloned());
        beside(move || readers.read(|connection| keys::list(connection, &tenant, after.as_ref(), limit)))
            .await
    }

    pub(crate) async fn find_pseudonym_root(&self, tenant: &TenantId) -> Result<Option<Vec<u8>>, StoreError> {
        self.key_readers.read(|connection| keys::find_root(connection, tenant))
    }

    /// Runs a query that may take long away from the threads and the connections of sign-ins.
    pub(super) async fn read_long<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        query: impl FnOnce(&Connection, &TenantId) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let tenant = tenant.clone();
        self.read_all(move |connection| query(connection, &tenant)).await
    }

    /// As `read_long`, of what is no tenant's.
    pub(super) async fn read_all<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.long_readers);
        beside(move || readers.read(query)).await
    }
}

/// Runs a read on a thread that may block.
async fn beside<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let stopped = || StoreError::Unavailable("a read was stopped".to_owned());
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Err(stopped()))
}

/// Whose key has this name; `None` also where the keys are not at hand.
fn subject_of(keys: &Readers, tenant: &TenantId, key_id: &str) -> Result<Option<SubjectId>, StoreError> {
    if keys.is_empty() {
        return Ok(None);
    }
    keys.read(|connection| keys::subject_of(connection, tenant, key_id))
}

/// Says whose a decision is.
fn name(keys: &Readers, tenant: &TenantId, (row, key_id): Named) -> Result<DecisionRow, StoreError> {
    let subject = key_id.map(|key_id| subject_of(keys, tenant, &key_id)).transpose()?.flatten();
    Ok(DecisionRow { subject, ..row })
}
