//! Leaves of access: at one tenant, or at all of those that it concerns.

use std::sync::Arc;

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_rights::{Grant, Place};
use countersign_store::{AccessWrite, Commit, NewLeaf, StoreError, Write};

use crate::{App, Error, Tenant, leaves::Draft};

/// The most bytes of a fact: a tenant and an organization of it, each by the longest name that there is, and what joins them.
const MAX_FACT: usize = 1_024;

/// A fact of a leaf: ids and words, nothing of a person.
pub(super) struct Fact<'a>(pub(super) &'a str, pub(super) &'a str);

impl App {
    /// Adds a leaf at one tenant.
    pub(super) async fn tell_access(
        &self,
        tenant: &Tenant,
        change: &str,
        facts: &[Fact<'_>],
    ) -> Result<(), Error> {
        self.commit_access(tenant, change, facts, Vec::new()).await
    }

    /// Writes, with the leaf of the first of the tenants that it concerns in the same commit; tells the others right after it.
    ///
    /// # Errors
    /// `Unavailable`; `Stale` of the store as such, since each caller knows what it means.
    pub(super) async fn change_access(
        &self,
        tenants: &[Arc<Tenant>],
        change: &str,
        facts: &[Fact<'_>],
        writes: Vec<AccessWrite>,
    ) -> Result<(), Error> {
        let Some((first, others)) = tenants.split_first() else {
            return Err(Error::internal("access is changed at no tenant"));
        };
        self.commit_access(first, change, facts, writes).await?;
        for tenant in others {
            // Why no error: the change stands, and the first ledger says so.
            if let Err(error) = self.tell_access(tenant, change, facts).await {
                tracing::error!(tenant.id = %tenant.id, change, detail = error.detail(), "a change of access could not be recorded here");
            }
        }
        Ok(())
    }

    async fn commit_access(
        &self,
        tenant: &Tenant,
        change: &str,
        facts: &[Fact<'_>],
        writes: Vec<AccessWrite>,
    ) -> Result<(), Error> {
        let leaves = vec![self.access_leaf(tenant, change, facts)?];
        let writes = writes.into_iter().map(Write::Access).collect();
        let commit = Commit { leaves, writes, ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale) => Err(Error::Stale),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn access_leaf(
        &self,
        tenant: &Tenant,
        change: &str,
        facts: &[Fact<'_>],
    ) -> Result<NewLeaf, Error> {
        // Why: ids come from paths, and the leaf is made before anybody looks for what they name. Of these there can be nothing.
        if facts.iter().any(|Fact(_, value)| value.len() > MAX_FACT || value.starts_with("sub_")) {
            return Err(Error::NotFound("id"));
        }
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Access).fact("change", &change);
        let draft = facts.iter().fold(draft, |draft, Fact(name, value)| draft.fact(name, value));
        Self::public_leaf(tenant, draft)
    }

    /// Every tenant.
    pub(super) fn everywhere(&self) -> Vec<Arc<Tenant>> {
        self.tenants.iter().cloned().collect()
    }

    /// The tenants that grants are about, every one where there are none.
    pub(super) fn concerned(&self, grants: &[Grant]) -> Vec<Arc<Tenant>> {
        let is_concerned = |tenant: &&Arc<Tenant>| {
            grants.is_empty()
                || grants.iter().any(|grant| match &grant.at {
                    Place::Installation => true,
                    Place::Tenant(id) | Place::Organization(id, _) => *id == tenant.id,
                })
        };
        let concerned: Vec<_> = self.tenants.iter().filter(is_concerned).cloned().collect();
        if concerned.is_empty() { self.everywhere() } else { concerned }
    }
}
