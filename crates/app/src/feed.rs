//! Decisions as they happen, for whoever watches; nobody waits for a watcher.

use countersign_core::TenantId;
use countersign_store::DecisionRow;
use tokio::sync::broadcast;

/// Decisions that a slow watcher may fall behind before it misses some.
const BEHIND: usize = 256;

/// One decision as it was made.
#[derive(Debug, Clone)]
pub struct Live {
    /// Whose.
    pub tenant: TenantId,
    /// Its public facts.
    pub row: DecisionRow,
}

pub(crate) struct Feed(broadcast::Sender<Live>);

impl Feed {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }

    pub(crate) fn watch(&self) -> broadcast::Receiver<Live> {
        self.0.subscribe()
    }

    /// Tells the watchers; costs nothing when there are none.
    pub(crate) fn tell(&self, live: impl FnOnce() -> Live) {
        if self.0.receiver_count() > 0 {
            drop(self.0.send(live()));
        }
    }
}
