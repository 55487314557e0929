//! How the watching of a tenant's log goes, for metrics and for operators.

use std::collections::BTreeMap;

use countersign_detect::Engine;
use countersign_store::LogState;

use super::{Reading, StreamState};
use crate::{App, Error, Tenant};

/// What this process counted since it started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measures {
    /// Replays.
    pub replays: u64,
    /// Entries that came more than a day late, and are in no alert of their time.
    pub too_late: u64,
    /// Keys that each detector had to forget for want of room since its state began, by the detector's id.
    pub evictions: BTreeMap<String, u64>,
}

impl Measures {
    pub(super) fn take_evictions(&mut self, engine: &Engine) {
        for (detector, count) in engine.evictions() {
            match self.evictions.get_mut(detector) {
                Some(known) => *known = count,
                None => drop(self.evictions.insert(detector.to_owned(), count)),
            }
        }
    }

    pub(super) fn replayed(&mut self, engine: &Engine) {
        self.replays += 1;
        self.take_evictions(engine);
    }
}

/// How the watching of a tenant's log goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WatchStatus {
    /// What the log stream delivered to this process.
    pub stream: StreamState,
    /// How far the log was read.
    pub reading: Reading,
    /// How far the journal was looked at.
    pub journal: LogState,
    /// What this process counted.
    pub measures: Measures,
}

impl App {
    /// How the watching of a tenant's log goes.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn watch_status(&self, tenant: &Tenant) -> Result<WatchStatus, Error> {
        Ok(WatchStatus {
            stream: self.log_stream(tenant),
            reading: self.reading(tenant).await?,
            journal: self.ports.store.get_log_state(&tenant.id).await?,
            measures: tenant.watch.measures.lock().clone(),
        })
    }
}
