//! What each job does in a turn.

use std::time::Duration;

use countersign_app::{App, Error, Kept, Lead, Tenant, access::Job, acts::Queue};
use tokio::time;

use super::{Stop, Turn, log};

/// After how long a look is given up for another by other connections: a network that swallows everything does not say so.
pub(super) const LOST: Duration = Duration::from_secs(2);

/// Between two looks at what other processes changed, should they not have been heard: half of the second in which a kill
/// switch holds everywhere.
const LOOK: Duration = Duration::from_millis(500);

/// The same where no other process can be: only what could not be recorded or read at once is left to do.
const LOOK_ALONE: Duration = Duration::from_secs(5);

/// Until a crowd that could not be built is tried again.
const AGAIN: Duration = Duration::from_secs(60);

/// Between two buildings of a crowd where other processes teach people's histories too.
const QUARTER: Duration = Duration::from_secs(900);

/// The same where none does: never, as far as timers go.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Batches of decisions whose silence is counted in one turn, of each tenant: one may not hold up the others.
pub(super) const BATCHES: u32 = 256;

/// Batches of records gone through for retention in one turn, of each tenant and kind: a million leaves.
const RETENTION_BATCHES: u32 = 8_192;

/// Between two batches of retention.
pub(super) const BETWEEN: Duration = Duration::from_millis(50);

impl Turn<'_> {
    fn log(&self, job: &'static str, end: Result<(), Error>) {
        log(self.tenant, job, end);
    }

    /// The lead of the tenant's jobs, if this process does them now.
    async fn lead(&self) -> Option<Lead> {
        lead(self.app, self.tenant).await
    }

    pub(super) async fn keep_ledger(self) {
        self.log("gap", self.app.record_gap(self.tenant).await);
        if let Some(lead) = self.lead().await {
            self.log("checkpoint", self.app.sign_next_checkpoint(self.tenant, &lead).await);
        }
    }

    pub(super) async fn tell_refusals(self) {
        // Why at each tenant: what was told is not told again.
        self.log("refusals", self.app.tell_refused().await);
        self.log("denials", self.app.tell_denials().await);
    }

    pub(super) async fn count_silence(self) {
        let Some(lead) = self.lead().await else { return };
        let one = || self.app.count_silence(self.tenant, &lead);
        self.log("silence", in_batches(self.stop, BATCHES, one).await);
    }

    pub(super) async fn mind_reviews(self) {
        if self.lead().await.is_some() {
            self.log("reviews", self.app.queue_sign_ups(self.tenant).await.map(drop));
            self.log("marks", self.app.settle_marks(self.tenant).await.map(drop));
            self.log("overdue", self.app.escalate(self.tenant).await.map(drop));
        }
    }

    pub(super) async fn forget(self) {
        let (app, tenant) = (self.app, self.tenant);
        let Some(lead) = self.lead().await else { return };
        self.log("requests", app.forget_requests(tenant, &lead).await);
        self.log("sign-ups", app.forget_sign_ups(tenant).await);
        self.log("deliveries", app.forget_deliveries(tenant, &lead).await);
        self.log("inquiries", app.forget_inquiries(tenant, &lead).await);
        if self.is_first {
            self.log("sessions", app.forget_sessions(tenant, &lead).await);
        }
    }

    /// Keeps the tenant up with what is on record, and the record with what was thrown here.
    pub(super) async fn keep_up(self) {
        self.ticks.reset_after(if self.app.is_shared() { LOOK } else { LOOK_ALONE });
        let look = async {
            self.app.refresh(self.tenant).await?;
            self.app.record_switches(self.tenant).await
        };
        self.log("refresh", in_time(look).await);
    }

    /// Builds the crowd that sign-ins are held against from records: once, each time that it was emptied, and every quarter of an hour
    /// where others work on the same database.
    pub(super) async fn warm(self) {
        let rest = match self.app.build_crowd(self.tenant).await {
            Ok(counted) => {
                tracing::info!(tenant.id = %self.tenant.id(), counted, "the crowd was built from records");
                if self.app.is_shared() { QUARTER } else { YEAR }
            }
            Err(error) => {
                tracing::warn!(tenant.id = %self.tenant.id(), %error, "the crowd could not be built from records");
                AGAIN
            }
        };
        self.ticks.reset_after(rest);
    }

    /// Looks at the tenant's log as it is journaled here, and each second at what another process journaled.
    pub(super) async fn watch_log(self) {
        let Some(lead) = self.lead().await else { return };
        loop {
            match self.app.watch_next(self.tenant, &lead).await {
                Ok(worked) => {
                    let is_replaying = worked.is_late && self.replay(&lead).await;
                    if *self.stop.borrow() || !worked.is_busy && !is_replaying {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
                Err(error) => return self.log("watch", Err(error)),
            }
        }
    }

    /// Goes on with what puts late entries in their place by one step; whether there is another. Why also while entries wait: under an
    /// attack they always do.
    async fn replay(&self, lead: &Lead) -> bool {
        if !self.app.may_replay(self.tenant).await {
            return false;
        }
        let replayed = self.app.replay_next(self.tenant, lead).await;
        let is_under_way = replayed.as_ref().is_ok_and(|replayed| replayed.is_under_way);
        self.log("replay", replayed.map(drop));
        is_under_way
    }

    /// Joins the tenant's log to decisions, each second what came since.
    pub(super) async fn join_log(self) {
        let one = || async {
            let Some(lead) = self.lead().await else { return Ok(0) };
            let joined = self.app.join_next(self.tenant, &lead).await?;
            Ok(usize::try_from(joined.entries).unwrap_or(usize::MAX))
        };
        self.log("join", in_batches(self.stop, 4 * BATCHES, one).await);
    }

    pub(super) async fn act(self, queue: Queue) {
        let is_over = || *self.stop.borrow();
        self.log("act", self.app.run_queue(self.tenant, queue, &is_over).await.map(drop));
    }

    pub(super) async fn respond(self) {
        let Some(lead) = self.lead().await else { return };
        self.log("respond", self.app.respond_next(self.tenant, &lead).await.map(drop));
    }

    /// Asks the tenant's people whether sign-ins were theirs.
    pub(super) async fn ask(self) {
        let Some(lead) = self.lead().await else { return };
        self.log("doubtful", self.app.ask_doubtful(self.tenant, &lead).await.map(drop));
        self.log("inquiries", self.app.mind_inquiries(self.tenant, &lead).await.map(drop));
    }

    pub(super) async fn tell(self) {
        let Some(lead) = self.lead().await else { return };
        self.log("hooks", self.app.send_hooks(self.tenant, &lead).await.map(drop));
    }

    pub(super) async fn retain(self) {
        for kept in self.retention {
            self.log("retention", retain_all((self.app, self.tenant), *kept, self.stop).await);
        }
    }
}

/// Goes through what is too old of one kind, in batches between which those who sign in come first.
pub(super) async fn retain_all(
    (app, tenant): (&App, &Tenant),
    (kept, days): (Kept, u32),
    stop: &Stop,
) -> Result<(), Error> {
    let one = || async {
        let Some(lead) = lead(app, tenant).await else { return Ok(0) };
        let count = app.retain(tenant, &lead, kept, days).await?;
        if count > 0 {
            time::sleep(BETWEEN).await;
        }
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    };
    in_batches(stop, RETENTION_BATCHES, one).await
}

/// What is left at the end, which any process may tell and sign: every head is committed.
pub(super) async fn sign_all(app: &App) {
    for tenant in &app.permit_job_everywhere(Job::Ledger).await {
        log(tenant, "gap", app.record_gap(tenant).await);
        log(tenant, "checkpoint", app.sign_checkpoint(tenant).await);
    }
    for tenant in app.tenants() {
        log(tenant, "lead", app.resign(tenant).await);
        log(tenant, "act", app.resign_executor(tenant).await);
    }
}

async fn lead(app: &App, tenant: &Tenant) -> Option<Lead> {
    in_time(app.lead(tenant)).await.unwrap_or_else(|error| {
        log(tenant, "lead", Err(error));
        None
    })
}

/// What a short piece of work came to, or that the database did not answer before [`LOST`].
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let detail = || "the database did not answer in time".to_owned();
    time::timeout(LOST, work).await.unwrap_or_else(|_| Err(Error::Unavailable { detail: detail() }))
}

/// Does batches until there is nothing left, the turn has had its share, or it is time to stop.
pub(super) async fn in_batches<F: Future<Output = Result<usize, Error>>>(
    stop: &Stop,
    most: u32,
    mut batch: impl FnMut() -> F,
) -> Result<(), Error> {
    for _ in 0..most {
        if *stop.borrow() || batch().await? == 0 {
            break;
        }
    }
    Ok(())
}
