//! What the service does by itself, each job as a principal of its own.

use std::sync::Arc;

use countersign_rights::Action;

use super::{Caller, Permit};
use crate::{App, Tenant};

/// A job that acts on a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Records gaps and switches, and signs checkpoints.
    Ledger,
    /// Looks for attacks in the log.
    Watch,
    /// Learns how sign-ins turned out.
    Learning,
    /// Tells receivers of incidents.
    Hooks,
    /// Fills the review queue, and raises what is overdue.
    Reviews,
    /// Deletes what is older than it is kept.
    Retention,
    /// Fetches the log by the Management API.
    Pull,
    /// Reads the tenant's settings by the Management API.
    Doctor,
    /// Carries plans out.
    Executor,
    /// Proposes what playbooks want of incidents.
    Playbooks,
}

impl Job {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Ledger,
        Self::Watch,
        Self::Learning,
        Self::Hooks,
        Self::Reviews,
        Self::Retention,
        Self::Pull,
        Self::Doctor,
        Self::Executor,
        Self::Playbooks,
    ];

    /// The name by which policies know it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Watch => "watch",
            Self::Learning => "learning",
            Self::Hooks => "hooks",
            Self::Reviews => "reviews",
            Self::Retention => "retention",
            Self::Pull => "pull",
            Self::Doctor => "doctor",
            Self::Executor => "executor",
            Self::Playbooks => "playbooks",
        }
    }

    /// What it acts as.
    #[must_use]
    pub fn caller(self) -> Caller {
        Caller::job(self.name())
    }

    /// The one thing that it does.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Ledger => Action::KeepLedger,
            Self::Watch => Action::WatchLog,
            Self::Learning => Action::Learn,
            Self::Hooks => Action::TellReceivers,
            Self::Reviews => Action::QueueReviews,
            Self::Retention => Action::DeleteOld,
            Self::Pull => Action::PullLog,
            Self::Doctor => Action::InspectTenant,
            Self::Executor => Action::ExecutePlans,
            Self::Playbooks => Action::ProposePlans,
        }
    }
}

impl App {
    /// Lets a job act at a tenant for as long as this process runs, in which policies do not change. `None` where no policy permits it, or
    /// one forbids it: that is told in the log and the ledger, and the job does nothing.
    pub async fn permit_job(&self, job: Job, tenant: &Tenant) -> Option<Permit> {
        match self.permit(&job.caller(), job.action(), &tenant.id).await {
            Ok(permit) => Some(permit),
            Err(_) => {
                tracing::error!(tenant.id = %tenant.id, job = job.name(), "a job is not permitted by the policies of access, and does nothing");
                None
            }
        }
    }

    /// The tenants at which a job may act.
    pub async fn permit_job_everywhere(&self, job: Job) -> Vec<Permit> {
        let mut permits = Vec::new();
        for tenant in self.tenants.iter().map(Arc::clone) {
            permits.extend(self.permit_job(job, &tenant).await);
        }
        permits
    }
}
