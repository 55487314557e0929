//! Keeping up with what other processes change in the same database.

use std::{collections::BTreeMap, sync::Arc};

use countersign_core::{Timestamp, Trigger};

use crate::{App, Error, Tenant, policies, tenants::Current};

/// How far back erasures are looked for beyond the last look, in microseconds: ten minutes, far more than clocks of
/// processes differ, or a commit takes.
const ERASURES_MICROS: i64 = 10 * 60 * 1_000_000;

impl App {
    /// Reads a tenant's switches, tokens, latest erasures and policy as they are now.
    ///
    /// # Errors
    /// `Unavailable`, `UnreadablePolicy`: then what could not be read stays as it was, and after a while decisions say
    /// `policy_stale`.
    pub async fn refresh(&self, tenant: &Tenant) -> Result<(), Error> {
        // Why: what is being changed here must not be undone by what was read before.
        let mut unrecorded = tenant.switching.lock().await;
        let began = self.ports.clock.monotonic();
        let store = &self.ports.store;
        let switches = store.list_switches(&tenant.id).await?;
        let mut is_off: BTreeMap<Trigger, bool> =
            switches.into_iter().map(|switch| (switch.trigger, switch.is_off)).collect();
        // Why: one that was thrown here acts here, recorded or not, until the database has it too. A lift that is not on record
        // gives way: it would hide that another process throws the switch again.
        unrecorded.retain(|trigger, off| *off && is_off.get(trigger) != Some(off));
        is_off.extend(unrecorded.iter().map(|(trigger, off)| (*trigger, *off)));
        let off = is_off.into_iter().filter(|(_, is_off)| *is_off).map(|(trigger, _)| trigger);
        tenant.off.store(Arc::new(off.collect()));
        tenant.risk_tokens.store(Arc::new(store.list_risk_tokens(&tenant.id).await?));
        if store.is_shared() {
            let unseen = i64::try_from(tenant.unconfirmed(began).as_micros()).unwrap_or(i64::MAX);
            let since = self.ports.clock.now().plus(unseen.saturating_add(ERASURES_MICROS).saturating_neg());
            let erased = store.list_erasures(&tenant.id, Some(since.max(Timestamp::default()))).await?;
            self.subjects.forget_named(&tenant.id, &erased);
        }
        // Why last: one that this version can't read must not keep the rest from being heard.
        let newest = store.find_policy(&tenant.id).await?;
        if let Some(row) = newest.filter(|row| row.version > tenant.policy_version()) {
            let current = Arc::new(Current::new(row.version, policies::read(&tenant.id, &row)?));
            tenant
                .current
                .rcu(|known| Arc::clone(if known.version < current.version { &current } else { known }));
        }
        tenant.confirm(began);
        Ok(())
    }

    /// Waits until another process may have changed something; for ever where none can.
    pub async fn changed(&self, seen: &mut tokio::sync::watch::Receiver<u64>) {
        if !self.ports.store.is_shared() || seen.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Counts up with each change that another process, or this one, made.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.ports.store.changes()
    }

    /// Whether other processes may work on the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.ports.store.is_shared()
    }
}
