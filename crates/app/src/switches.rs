//! Kill switches.

use std::{collections::BTreeSet, sync::Arc};

use countersign_core::{IdKind, Trigger};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, SwitchRow, Write};

use crate::{App, Error, Tenant, leaves::Draft};

impl App {
    /// Throws or lifts the kill switch of a trigger. It acts on the next request here even when it can't be recorded.
    ///
    /// # Errors
    /// `Unavailable` when it could not be recorded: then a thrown one holds here alone until the database has it too or the
    /// next start, and a lifted one until the database is read again.
    pub async fn switch(&self, tenant: &Tenant, trigger: Trigger, is_off: bool) -> Result<(), Error> {
        // Why first: a database that does not answer may hold the turn for long.
        set(tenant, trigger, is_off);
        // Why: of two opposite switches at once the same one must be the last here and on disk, and none is undone by what
        // is read from the database meanwhile.
        let mut unrecorded = tenant.switching.lock().await;
        set(tenant, trigger, is_off);
        unrecorded.insert(trigger, is_off);
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
        unrecorded.remove(&trigger);
        tracing::warn!(tenant.id = %tenant.id, trigger = %trigger, is_off, "a kill switch was set");
        Ok(())
    }
}

/// Sets a switch in memory.
fn set(tenant: &Tenant, trigger: Trigger, is_off: bool) {
    tenant.off.rcu(|off| {
        let mut off: BTreeSet<Trigger> = off.as_ref().clone();
        if is_off {
            off.insert(trigger)
        } else {
            off.remove(&trigger)
        };
        Arc::new(off)
    });
}
