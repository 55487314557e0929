//! Keeping up with what other processes change in the same database.

use std::sync::Arc;

use countersign_core::Timestamp;

use crate::{App, Error, Tenant, policies, risk_tokens, switches, tenants::Current};

/// How far back erasures are looked for beyond the last look, in microseconds: ten minutes, far more than clocks of
/// processes differ, or a commit takes.
const ERASURES_MICROS: i64 = 10 * 60 * 1_000_000;

impl App {
    /// Reads a tenant's switches, tokens, latest erasures, models and policy as they are now.
    ///
    /// # Errors
    /// `Unavailable`, `UnreadablePolicy`, `UnreadableModel`: then what could not be read stays as it was, and after a while decisions say
    /// `policy_stale`.
    pub async fn refresh(&self, tenant: &Tenant) -> Result<(), Error> {
        // Why: what is being changed here must not be undone by what was read before.
        let _turn = tenant.switching.lock().await;
        let began = self.ports.clock.monotonic();
        let store = &self.ports.store;
        switches::hear(tenant, store.list_switches(&tenant.id).await?);
        tenant.risk_tokens.store(Arc::new(risk_tokens::held(store, &tenant.id).await?));
        if store.is_shared() {
            let unseen = i64::try_from(tenant.unconfirmed(began).as_micros()).unwrap_or(i64::MAX);
            let since = self.ports.clock.now().plus(unseen.saturating_add(ERASURES_MICROS).saturating_neg());
            let erased = store.list_erasures(&tenant.id, Some(since.max(Timestamp::default()))).await?;
            if self.subjects.forget_named(&tenant.id, &erased) {
                self.links.forget();
            }
        }
        // Why last, and the one without the other: what this version can't read must not keep the rest from being heard.
        let models = self.refresh_models(tenant).await;
        let newest = store.find_policy(&tenant.id).await?;
        if let Some(row) = newest.filter(|row| row.version > tenant.policy_version()) {
            let policy = Arc::new(policies::read(&tenant.id, &row)?);
            tenant.current.rcu(|known| {
                if known.version < row.version {
                    Arc::new(Current::new(row.version, &policy, &self.lists()))
                } else {
                    Arc::clone(known)
                }
            });
        }
        models?;
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
