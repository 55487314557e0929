//! Keeps the tenant in its file.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use countersign_core::Clock;
use countersign_sandbox::{
    Kept, StateFile,
    tenant::{Tenant, http::Shell},
};
use parking_lot::Mutex;
use tokio::{sync::watch, time};

use crate::listen::stopped;

/// How long after a change the file is written, so that many changes are written once.
const PAUSE: Duration = Duration::from_millis(500);

/// Writes the tenant after it changed, and at the end.
pub struct Keeper {
    changes: watch::Receiver<u64>,
    tenant: Arc<Mutex<Tenant>>,
    clock: Arc<dyn Clock>,
    client_id: String,
    file: StateFile,
}

impl Keeper {
    /// Keeps the tenant of a shell.
    pub fn new(shell: &Shell, clock: Arc<dyn Clock>, client_id: String, file: StateFile) -> Self {
        Self { changes: shell.changes(), tenant: shell.tenant(), clock, client_id, file }
    }

    /// Runs until told to stop.
    ///
    /// # Errors
    /// When the last write fails; one before is told in the log, and tried again with the next change.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        loop {
            let is_over = tokio::select! {
                changed = self.changes.changed() => changed.is_err(),
                () = stopped(&mut stop) => true,
            };
            // Why: an error is the stop, or that it is there already.
            let is_over = is_over || time::timeout(PAUSE, stopped(&mut stop)).await.is_ok();
            self.changes.borrow_and_update();
            let (keeper, written) = self.write().await?;
            self = keeper;
            if is_over {
                return written;
            }
            if let Err(error) = written {
                tracing::error!(error = format!("{error:#}"), "the tenant could not be kept");
            }
        }
    }

    /// Writes the file where it holds up nobody.
    async fn write(self) -> anyhow::Result<(Self, anyhow::Result<()>)> {
        let writing = move || {
            let mut keeper = self;
            let snapshot = keeper.tenant.lock().snapshot();
            let written = snapshot.context("the tenant can't be written down").and_then(|snapshot| {
                let kept = Kept { snapshot, client_id: keeper.client_id.clone(), at: keeper.clock.now() };
                keeper.file.save(kept).context("the tenant's file can't be written")
            });
            (keeper, written)
        };
        tokio::task::spawn_blocking(writing).await.context("writing the tenant's file broke off")
    }
}
