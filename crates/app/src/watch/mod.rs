//! A tenant's log: journaled as it arrives, and looked at for attacks (docs/watch.md).

mod alerts;
mod backtest;
mod commit;
mod desk;
mod entry;
mod event;
mod forget;
mod history;
mod ingest;
mod pull;
mod replay;
mod settle;
mod snapshots;
mod status;
mod work;

use std::{collections::BTreeMap, time::Duration};

use countersign_core::Timestamp;
use countersign_detect::{Detector, Engine, EngineSettings, detectors, pack::PACK, sigma};
use parking_lot::Mutex;

pub(crate) use self::desk::readable;
pub use self::{
    alerts::AlertBody,
    backtest::{Backtest, Compared, Trial, Tried},
    event::EventFault,
    pull::{History, Pulled, Reading},
    replay::Replayed,
    status::{Measures, WatchStatus},
    work::Worked,
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

/// The watching of one tenant's log in this process.
#[derive(Default)]
pub(crate) struct Watch {
    stream: Mutex<StreamState>,
    measures: Mutex<Measures>,
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

impl App {
    /// Waits until something was journaled in this process since the last wait.
    pub async fn journaled(&self, tenant: &Tenant) {
        tenant.watch.journaled.notified().await;
    }

    /// Detectors without state, as they are set for a tenant.
    fn engine(tenant: &Tenant) -> Result<Engine, Error> {
        let mut detectors = Self::native()?;
        detectors.extend(Self::rules()?);
        Ok(Self::engine_of(tenant, detectors))
    }

    fn native() -> Result<Vec<Box<dyn Detector>>, Error> {
        detectors::make_all(&BTreeMap::new()).map_err(Error::internal)
    }

    fn rules() -> Result<Vec<Box<dyn Detector>>, Error> {
        sigma::load(PACK, &sigma::Values::new())
            .map_err(|faults| Error::internal(faults.first().map_or_else(String::new, ToString::to_string)))
    }

    fn engine_of(tenant: &Tenant, detectors: Vec<Box<dyn Detector>>) -> Engine {
        Engine::new(tenant.keys.tagger(), EngineSettings::default(), detectors)
    }

    /// What is known of the tenant's log stream.
    #[must_use]
    pub fn log_stream(&self, tenant: &Tenant) -> StreamState {
        *tenant.watch.stream.lock()
    }
}
