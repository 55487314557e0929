//! Kill switches.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_core::{IdKind, Trigger};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, SwitchRow, Write};

use crate::{
    App, Error, Tenant,
    access::{Caller, Permit},
    leaves::Draft,
};

/// A switch as it was set here, by whom, and that is not on record yet.
#[derive(Debug, Clone)]
pub(crate) struct Unrecorded {
    is_off: bool,
    by: Caller,
}

impl App {
    /// Throws or lifts the kill switch of a trigger. It acts on the next request here even when it can't be recorded.
    ///
    /// # Errors
    /// `Unavailable` when it could not be recorded: then a thrown one holds here alone until `record_switches` records it or the
    /// next start, and a lifted one until the database is read again.
    pub async fn switch(&self, permit: &Permit, trigger: Trigger, is_off: bool) -> Result<(), Error> {
        let (tenant, switch): (&Tenant, _) = (permit, Unrecorded { is_off, by: permit.caller().clone() });
        if is_off {
            // Why first: a look at a database that does not answer may hold the turn for long.
            note(tenant, trigger, switch.clone());
        }
        // Why: of two opposite switches at once the same one must be the last here and on disk.
        let _turn = tenant.switching.lock().await;
        note(tenant, trigger, switch.clone());
        self.record_switch(tenant, trigger, &switch).await
    }

    /// Records what was thrown here and could not be recorded then; call it at each look at what holds.
    ///
    /// # Errors
    /// `Unavailable`: then it acts here alone, until the next call.
    pub async fn record_switches(&self, tenant: &Tenant) -> Result<(), Error> {
        let _turn = tenant.switching.lock().await;
        let thrown: Vec<(Trigger, Unrecorded)> = tenant
            .unrecorded
            .lock()
            .iter()
            .filter(|(_, switch)| switch.is_off)
            .map(|(trigger, switch)| (*trigger, switch.clone()))
            .collect();
        for (trigger, switch) in &thrown {
            self.record_switch(tenant, *trigger, switch).await?;
        }
        Ok(())
    }

    async fn record_switch(
        &self,
        tenant: &Tenant,
        trigger: Trigger,
        switch: &Unrecorded,
    ) -> Result<(), Error> {
        let is_off = switch.is_off;
        let at = self.ports.clock.now();
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, at, Kind::Switch)
            .fact("trigger", &trigger)
            .fact("state", &if is_off { "off" } else { "on" })
            .by(&switch.by);
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::Switch(SwitchRow { trigger, is_off, at })],
            ..Commit::background(tenant.id.clone())
        };
        self.ports.store.commit(commit).await?;
        let mut unrecorded = tenant.unrecorded.lock();
        // Why: the opposite may have been asked for meanwhile, and wait for its turn.
        if unrecorded.get(&trigger).is_some_and(|switch| switch.is_off == is_off) {
            unrecorded.remove(&trigger);
        }
        tracing::warn!(tenant.id = %tenant.id, trigger = %trigger, is_off, "a kill switch was set");
        Ok(())
    }
}

/// Sets a switch in memory, to be recorded.
fn note(tenant: &Tenant, trigger: Trigger, switch: Unrecorded) {
    let is_off = switch.is_off;
    let mut unrecorded = tenant.unrecorded.lock();
    unrecorded.insert(trigger, switch);
    let mut off: BTreeSet<Trigger> = tenant.off.load().as_ref().clone();
    if is_off {
        off.insert(trigger);
    } else {
        off.remove(&trigger);
    }
    tenant.off.store(Arc::new(off));
}

/// Takes the switches as they are on record. One that was thrown here acts here, recorded or not, until the database has it
/// too. A lift that is not on record gives way: it would hide that another process throws the switch again.
pub(crate) fn hear(tenant: &Tenant, recorded: Vec<SwitchRow>) {
    let mut unrecorded = tenant.unrecorded.lock();
    let mut is_off: BTreeMap<Trigger, bool> =
        recorded.into_iter().map(|switch| (switch.trigger, switch.is_off)).collect();
    unrecorded.retain(|trigger, switch| switch.is_off && is_off.get(trigger) != Some(&true));
    is_off.extend(unrecorded.keys().map(|trigger| (*trigger, true)));
    let off = is_off.into_iter().filter(|(_, is_off)| *is_off).map(|(trigger, _)| trigger);
    tenant.off.store(Arc::new(off.collect()));
}
