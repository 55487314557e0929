//! Kill switches and the record of policies.

use std::{collections::BTreeSet, sync::Arc};

use countersign_core::{IdKind, Trigger};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, PolicyRow, SwitchRow, Write};

use crate::{App, Error, Tenant, leaves::Draft};

impl App {
    /// Throws or lifts the kill switch of a trigger. It acts on the next request here even when it can't be recorded.
    ///
    /// # Errors
    /// `Unavailable` when it could not be recorded: then it is forgotten at the next start.
    pub async fn switch(&self, tenant: &Tenant, trigger: Trigger, is_off: bool) -> Result<(), Error> {
        // Why: of two opposite switches at once the same one must be the last here and on disk.
        let _turn = tenant.switching.lock().await;
        tenant.off.rcu(|off| {
            let mut off: BTreeSet<Trigger> = off.as_ref().clone();
            if is_off {
                off.insert(trigger)
            } else {
                off.remove(&trigger)
            };
            Arc::new(off)
        });
        let at = self.ports.clock.now();
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, at, Kind::Switch)
            .fact("trigger", &trigger)
            .fact("state", &if is_off { "off" } else { "on" });
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::Switch(SwitchRow { trigger, is_off, at })],
            ..Commit::background(tenant.id.clone())
        };
        self.ports.store.commit(commit).await?;
        tracing::warn!(tenant.id = %tenant.id, trigger = %trigger, is_off, "a kill switch was set");
        Ok(())
    }

    /// Records each tenant's policy when it is not the one that held last.
    pub(crate) async fn record_policies(&self) -> Result<(), Error> {
        for tenant in self.tenants.iter() {
            let policy = tenant.policy();
            let known = self.ports.store.find_policy(&tenant.id).await?;
            if known.is_some_and(|known| known.etag == policy.etag()) {
                continue;
            }
            let at = self.ports.clock.now();
            let document = serde_json::to_string(policy.document()).map_err(Error::internal)?;
            let id = self.make_id(IdKind::Record)?;
            let draft = Draft::new(&id, at, Kind::Policy).fact("etag", &policy.etag());
            let commit = Commit {
                leaves: vec![Self::public_leaf(tenant, draft)?],
                writes: vec![Write::Policy(PolicyRow { etag: policy.etag().to_owned(), document, at })],
                ..Commit::background(tenant.id.clone())
            };
            self.ports.store.commit(commit).await?;
        }
        Ok(())
    }
}
