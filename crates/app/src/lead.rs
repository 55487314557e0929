//! Which of several processes does a tenant's jobs.

use std::{sync::atomic::Ordering, time::Duration};

use countersign_store::Fence;

use crate::{App, Error, Tenant};

/// The lease on a tenant's jobs: checkpoints, silence, forgetting, retention.
const JOBS: &str = "jobs";

/// How long a lease holds: five turns, so that one slow turn does not lose it.
const HELD: Duration = Duration::from_secs(5);

/// The lead of one tenant's jobs, without which none of them writes. Once another process has taken it, what is written by it is
/// refused, whatever its holder believes.
#[derive(Debug, Clone)]
pub struct Lead {
    /// `None` where no other process can be.
    fence: Option<Fence>,
}

impl Lead {
    /// The lead as one of several processes has it.
    #[cfg(test)]
    pub(crate) const fn of(fence: Fence) -> Self {
        Self { fence: Some(fence) }
    }

    /// What commits are to name.
    pub(crate) fn fence(&self) -> Option<Fence> {
        self.fence.clone()
    }
}

impl App {
    /// Takes or keeps the lead of a tenant's jobs; `None` while another process has it. Where no other process can be, this one
    /// has it.
    ///
    /// # Errors
    /// `Unavailable`: then this process does not have it.
    pub async fn lead(&self, tenant: &Tenant) -> Result<Option<Lead>, Error> {
        if !self.ports.store.is_shared() {
            return Ok(Some(Lead { fence: None }));
        }
        let lease = self.ports.store.acquire_lease(&tenant.id, JOBS, &self.ports.process, HELD).await;
        let is_leading = matches!(lease, Ok(Some(_)));
        if tenant.is_leading.swap(is_leading, Ordering::Relaxed) != is_leading {
            tracing::info!(tenant.id = %tenant.id, is_leading, "the lead of this tenant's jobs changed");
        }
        Ok(lease?.map(|lease| Lead { fence: Some(Fence { name: JOBS, epoch: lease.epoch }) }))
    }

    /// Gives the lead back, so that another process need not wait for it.
    ///
    /// # Errors
    /// `Unavailable`: then the lease ends by itself.
    pub async fn resign(&self, tenant: &Tenant) -> Result<(), Error> {
        if tenant.is_leading.swap(false, Ordering::Relaxed) {
            self.ports.store.release_lease(&tenant.id, JOBS, &self.ports.process).await?;
        }
        Ok(())
    }
}
