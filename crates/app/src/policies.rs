//! Versions of the policy: the one that holds, its changes, and their record.

use std::sync::Arc;

use countersign_core::{IdKind, TenantId};
use countersign_ledger::leaf::Kind;
use countersign_policy::{Document, Snapshot};
use countersign_rights::How;
use countersign_store::{Commit, PolicyRow, StoreError, Write};

use crate::{
    App, Error, Tenant,
    access::{Caller, Permit},
    leaves::Draft,
    tenants::Current,
};

/// Reads a policy as stored.
pub(crate) fn read(tenant: &TenantId, row: &PolicyRow) -> Result<Snapshot, Error> {
    let unreadable =
        |detail: String| Error::UnreadablePolicy { tenant: tenant.clone(), version: row.version, detail };
    let document: Document =
        serde_json::from_str(&row.document).map_err(|error| unreadable(error.to_string()))?;
    Snapshot::new(document).map_err(|faults| {
        unreadable(
            faults.first().map_or_else(String::new, |fault| format!("`{}`: {}", fault.path, fault.message)),
        )
    })
}

impl App {
    /// Puts a policy in force. `expected_version` is the version that the change was made from. It is done to its end also when
    /// the caller goes away.
    ///
    /// # Errors
    /// `PolicyChanged` when another version holds by now; `NoSuchVersion` when none can follow on it; `Unavailable`: then the
    /// earlier one holds on, unless the database has the new one all the same.
    pub async fn apply_policy(
        self: &Arc<Self>,
        permit: &Permit,
        policy: Snapshot,
        expected_version: u64,
    ) -> Result<u64, Error> {
        self.apply_as(permit, permit.caller(), policy, expected_version).await
    }

    async fn apply_as(
        self: &Arc<Self>,
        tenant: &Arc<Tenant>,
        by: &Caller,
        policy: Snapshot,
        expected_version: u64,
    ) -> Result<u64, Error> {
        let (app, tenant, by) = (Arc::clone(self), Arc::clone(tenant), by.clone());
        let work = async move { app.put_in_force(&tenant, &by, policy, expected_version).await };
        self.late.finish(work).await?
    }

    async fn put_in_force(
        &self,
        tenant: &Tenant,
        by: &Caller,
        policy: Snapshot,
        expected_version: u64,
    ) -> Result<u64, Error> {
        let version = expected_version.checked_add(1).filter(|version| i64::try_from(*version).is_ok());
        let version = version.ok_or(Error::NoSuchVersion)?;
        let at = self.ports.clock.now();
        let document = serde_json::to_string(policy.document()).map_err(Error::internal)?;
        let id = self.make_id(IdKind::Record)?;
        let draft =
            Draft::new(&id, at, Kind::Policy).fact("etag", &policy.etag()).fact("version", &version).by(by);
        let row = PolicyRow { version, etag: policy.etag().to_owned(), document, at };
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::Policy { expected_version, row }],
            ..Commit::background(tenant.id.clone())
        };
        if let Err(error) = self.ports.store.commit(commit).await {
            // Why: another version holds by now, or this one, if the commit was done without a word of it.
            if let Err(error) = self.refresh(tenant).await {
                tracing::warn!(tenant.id = %tenant.id, detail = error.detail(), "what holds could not be read");
            }
            return Err(if error == StoreError::Stale { Error::PolicyChanged } else { error.into() });
        }
        let policy = Arc::new(policy);
        tenant.current.rcu(|current| {
            // Why: a later version may have come from another process meanwhile.
            if current.version < version {
                Arc::new(Current::new(version, &policy, &self.lists()))
            } else {
                Arc::clone(current)
            }
        });
        tracing::warn!(tenant.id = %tenant.id, policy = %policy.etag(), version, "a policy was put in force");
        Ok(version)
    }

    /// Versions of the policy, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn policies(&self, tenant: &Tenant, limit: u32) -> Result<Vec<PolicyRow>, Error> {
        Ok(self.ports.store.list_policies(&tenant.id, limit).await?)
    }

    /// Puts each tenant's configured policy in force where there is none yet: by whoever has the configuration, and starts the
    /// process.
    pub(crate) async fn found_policies(self: &Arc<Self>) -> Result<(), Error> {
        let by = Caller::local(How::Process);
        for tenant in self.tenants.iter() {
            if tenant.policy_version() > 0 {
                continue;
            }
            match self.apply_as(tenant, &by, tenant.policy().as_ref().clone(), 0).await {
                // Why: of several processes that start at once one is the first.
                Ok(_) | Err(Error::PolicyChanged) => self.refresh(tenant).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
