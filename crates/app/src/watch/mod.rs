//! A tenant's log: journaled as it arrives, and looked at for attacks (docs/watch.md).

mod ingest;

use std::time::Duration;

use countersign_core::Timestamp;
use parking_lot::Mutex;

use crate::{App, Tenant};

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

/// What is known of a tenant's log stream since this process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamState {
    /// All deliveries together.
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
}

impl App {
    /// What is known of the tenant's log stream.
    #[must_use]
    pub fn log_stream(&self, tenant: &Tenant) -> StreamState {
        *tenant.watch.stream.lock()
    }
}
