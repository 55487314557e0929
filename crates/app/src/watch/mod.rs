//! A tenant's log: journaled as it arrives, and looked at for attacks (docs/watch.md).

mod alerts;
mod backtest;
mod commit;
mod counted;
mod desk;
mod entry;
mod event;
mod fit;
mod forget;
mod history;
mod ingest;
mod ours;
mod pull;
mod replay;
mod rules;
mod settings;
mod settle;
mod snapshots;
mod status;
mod work;

use std::{collections::BTreeSet, time::Duration};

use arc_swap::ArcSwap;
use countersign_core::Timestamp;
use countersign_policy::{Document, Fault, Snapshot};
use parking_lot::Mutex;

pub use self::{
    alerts::AlertBody,
    backtest::{Backtest, Compared, Trial, Tried},
    event::EventFault,
    pull::{History, Pulled, Reading},
    replay::Replayed,
    rules::RuleFiles,
    status::{Measures, WatchStatus},
    work::Worked,
};
pub(crate) use self::{commit::Moved, desk::readable};
pub(crate) use self::{
    rules::rule_names,
    settings::{kinds, sla},
};
use crate::{App, Error, Tenant};

/// What became of the entries of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Entries that were new.
    pub taken: u64,
    /// Entries that had come before.
    pub repeated: u64,
    /// Entries that could not be read, which the others did not wait for.
    pub unread: u64,
}

impl Delivered {
    /// All that could be read.
    const fn all(self) -> u64 {
        self.taken + self.repeated
    }

    const fn add(&mut self, more: Self) {
        self.taken += more.taken;
        self.repeated += more.repeated;
        self.unread += more.unread;
    }
}

/// What is known of a tenant's log stream since this process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamState {
    /// All deliveries together; what was read of the log is none of them.
    pub delivered: Delivered,
    /// When the newest of the entries happened, by Auth0's clock; `None` before the first.
    pub newest: Option<Timestamp>,
    /// When something last came, on the monotonic clock; `None` before the first delivery.
    pub last: Option<Duration>,
}

/// What the watching of one tenant's log is configured with, beside its policy.
#[derive(Debug, Clone, Default)]
pub struct WatchConfig {
    /// The operator's rule files.
    pub rules: RuleFiles,
    /// The operator's playbooks.
    pub playbooks: crate::acts::PlaybookFiles,
    /// The service's own client at the tenant; `None` where there is none.
    pub client_id: Option<String>,
}

/// What of the watching's settings can't be used now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong with rule files that were changed: those before hold on.
    pub rules: Vec<String>,
    /// What of the policy does not fit the detectors and rules of this version, and is passed over.
    pub settings: Vec<String>,
}

/// Checks a policy, against the detectors and rules that there are too.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check_policy(document: Document, rules: &RuleFiles) -> Result<Snapshot, Vec<Fault>> {
    let mut faults = document.faults();
    faults.extend(settings::faults(&document.watch, rules));
    if faults.is_empty() { Snapshot::new(document) } else { Err(faults) }
}

/// The watching of one tenant's log in this process.
#[derive(Default)]
pub(crate) struct Watch {
    stream: Mutex<StreamState>,
    measures: Mutex<Measures>,
    /// The operator's rule files.
    rules: ArcSwap<RuleFiles>,
    /// The service's own client.
    client: Option<String>,
    /// The Actions that stand at the tenant for us.
    actions: ArcSwap<BTreeSet<String>>,
    /// What can't be used.
    told: Mutex<Unfit>,
    /// Told when something was journaled.
    pub(crate) journaled: tokio::sync::Notify,
    desk: tokio::sync::Mutex<desk::Desk>,
}

impl Watch {
    /// While what it returns is held, nothing is found and committed in this process.
    pub(crate) async fn at_rest(&self) -> impl Sized + '_ {
        self.desk.lock().await
    }
}

impl Watch {
    /// Begins with what is configured.
    pub(crate) fn new(config: WatchConfig) -> Self {
        let WatchConfig { rules, client_id, playbooks: _ } = config;
        Self { rules: ArcSwap::from_pointee(rules), client: client_id, ..Self::default() }
    }

    /// The operator's rule files that hold.
    pub(crate) fn rule_files(&self) -> std::sync::Arc<RuleFiles> {
        self.rules.load_full()
    }

    /// Refuses rule files that can't be used with the policy that holds.
    pub(crate) fn check(&self, tenant: &countersign_core::TenantId, policy: &Snapshot) -> Result<(), Error> {
        // Why no more: what does not fit is passed over, and the built-in rules are good.
        if **self.rules.load() == RuleFiles::default() {
            return Ok(());
        }
        settings::make(&policy.document().watch, &self.rules.load()).map(drop).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Error::FaultyRules { tenant: tenant.clone(), detail: faults.join("\n") }
        })
    }
}

impl App {
    /// Waits until something was journaled in this process since the last wait.
    pub async fn journaled(&self, tenant: &Tenant) {
        tenant.watch.journaled.notified().await;
    }

    /// What of the watching's settings can't be used now.
    #[must_use]
    pub fn unfit(&self, tenant: &Tenant) -> Unfit {
        tenant.watch.told.lock().clone()
    }

    /// Ids and titles of the detectors and rules that look at a tenant's log, in the order in which they run.
    ///
    /// # Errors
    /// `Internal`.
    pub fn detectors(tenant: &Tenant) -> Result<Vec<(String, String)>, Error> {
        let current = tenant.current();
        let (made, _) = settings::make(&current.watch, &tenant.watch.rules.load()).map_err(|faults| {
            Error::internal(faults.first().map_or_else(String::new, ToString::to_string))
        })?;
        Ok(made.iter().map(|one| (one.about().id.to_string(), one.about().title.to_string())).collect())
    }

    /// What is known of the tenant's log stream.
    #[must_use]
    pub fn log_stream(&self, tenant: &Tenant) -> StreamState {
        *tenant.watch.stream.lock()
    }
}
