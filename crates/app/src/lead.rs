//! Which of several processes does a tenant's jobs.

use std::time::Duration;

use countersign_store::Fence;

use crate::{App, Error, Tenant};

/// The lease on a tenant's jobs: checkpoints, silence, forgetting, retention.
const JOBS: &str = "jobs";

/// How long a lease holds: five turns, so that one slow turn does not lose it.
const HELD: Duration = Duration::from_secs(5);

impl App {
    /// Takes or keeps the lead of a tenant's jobs; whether this process has it. Where no other process can be, it has.
    ///
    /// # Errors
    /// `Unavailable`: then this process does not have it.
    pub async fn lead(&self, tenant: &Tenant) -> Result<bool, Error> {
        if !self.ports.store.is_shared() {
            return Ok(true);
        }
        let lease = self.ports.store.acquire_lease(&tenant.id, JOBS, &self.ports.process, HELD).await;
        let (fence, end) = match lease {
            Ok(lease) => (lease.map(|lease| Fence { name: JOBS, epoch: lease.epoch }), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let is_leading = fence.is_some();
        if tenant.lease.lock().is_some() != is_leading {
            tracing::info!(tenant.id = %tenant.id, is_leading, "the lead of this tenant's jobs changed");
        }
        *tenant.lease.lock() = fence;
        end?;
        Ok(is_leading)
    }

    /// Gives the lead back, so that another process need not wait for it.
    ///
    /// # Errors
    /// `Unavailable`: then the lease ends by itself.
    pub async fn resign(&self, tenant: &Tenant) -> Result<(), Error> {
        if tenant.lease.lock().take().is_some() {
            self.ports.store.release_lease(&tenant.id, JOBS, &self.ports.process).await?;
        }
        Ok(())
    }
}
