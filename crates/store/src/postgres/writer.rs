//! Tasks that write: each takes what waits, commits it together and answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use countersign_core::{Clock, TenantId};
use sqlx::PgConnection;
use tokio::{sync::oneshot, task::JoinSet};

use super::{
    batch::{self, Ends},
    errors::{Again, Trouble},
    open::Database,
    queue::{Job, Queue},
};
use crate::{Commit, Committed, StoreError};

/// How often a batch is tried in all while it is known that nothing of it was written.
const ATTEMPTS: u32 = 3;

/// How long one attempt may take: no caller waits longer, and a network that swallows everything must not hold a tenant.
const ATTEMPT: Duration = Duration::from_secs(10);

/// Ends the wait of whoever queues when the tasks are gone.
struct CloseOnExit(Arc<Queue>);

impl Drop for CloseOnExit {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A handle to the tasks; dropping it ends them. A batch on its way then stands or falls as a whole.
pub(super) struct Writer {
    queue: Arc<Queue>,
    _tasks: JoinSet<()>,
}

impl Writer {
    /// Starts `count` tasks with a connection each.
    pub(super) fn start(database: &Database, count: u32, clock: &Arc<dyn Clock>) -> Self {
        let queue = Arc::new(Queue::default());
        let trust = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let worker = Worker {
                database: database.clone(),
                connection: None,
                trust: Arc::clone(&trust),
                trusted: 0,
                known: BTreeSet::new(),
                clock: Arc::clone(clock),
            };
            tasks.spawn(worker.work(Arc::clone(&queue)));
        }
        Self { queue, _tasks: tasks }
    }

    /// Queues a commit and waits until it is durable.
    pub(super) async fn submit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Job { commit, reply })?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the writer has stopped".to_owned())))
    }
}

struct Worker {
    database: Database,
    connection: Option<PgConnection>,
    /// How often a connection of any of the tasks gave no answer. Why: what swallows one swallows those beside it as a rule, and
    /// each of them would cost whoever waits another `ATTEMPT`.
    trust: Arc<AtomicU64>,
    /// What `trust` was when the connection was made.
    trusted: u64,
    /// Tenants whose heads are there to be locked.
    known: BTreeSet<TenantId>,
    clock: Arc<dyn Clock>,
}

impl Worker {
    async fn work(mut self, queue: Arc<Queue>) {
        let _close = CloseOnExit(Arc::clone(&queue));
        loop {
            let mut batch = queue.next().await;
            let (late, mut jobs): (Vec<_>, Vec<_>) = std::mem::take(&mut batch.jobs)
                .into_iter()
                .partition(|job| batch::is_late(&job.commit, self.clock.as_ref()));
            answer(late, || Err(StoreError::Expired));
            if jobs.is_empty() {
                continue;
            }
            // Each tenant's stay in their order.
            jobs.sort_by(|one, other| one.commit.tenant.cmp(&other.commit.tenant));
            let mut ends = self.write(&jobs).await.into_iter();
            answer(jobs, || ends.next().unwrap_or_else(stopped));
            // Why: who was answered often commits again at once. Were the tenant free before that, whoever came meanwhile
            // would go alone, and callers would fall into halves that wait for each other's sync of the disk (measured
            // 2026-11-22, 16 callers: 16 commits a batch, not 8).
            queue.settle().await;
            drop(batch);
        }
    }

    /// Writes the jobs, in the order of their tenants, and returns an end for each, whatever happens.
    async fn write(&mut self, jobs: &[Job]) -> Ends {
        let error = match self.try_write(jobs).await {
            Ok(ends) => return ends,
            Err((error, again)) => {
                let tenants: Vec<&[Job]> =
                    jobs.chunk_by(|one, next| one.commit.tenant == next.commit.tenant).collect();
                if again == Again::Apart && tenants.len() > 1 {
                    let mut ends = Vec::with_capacity(jobs.len());
                    for jobs in tenants {
                        let alone = self.try_write(jobs).await;
                        ends.extend(alone.unwrap_or_else(|(error, _)| all(jobs, &error)));
                    }
                    return ends;
                }
                error
            }
        };
        all(jobs, &error)
    }

    /// As `write`, again while that may help and it is known that nothing was written.
    async fn try_write(&mut self, jobs: &[Job]) -> Result<Ends, (StoreError, Again)> {
        for _ in 1..ATTEMPTS {
            match self.timed(jobs).await {
                Err((_, Again::Whole)) => {}
                end => return end,
            }
        }
        self.timed(jobs).await
    }

    async fn timed(&mut self, jobs: &[Job]) -> Result<Ends, (StoreError, Again)> {
        let error = match tokio::time::timeout(ATTEMPT, self.attempt(jobs)).await {
            Ok(Ok(ends)) => return Ok(ends),
            Ok(Err(Trouble::Failed { error, again })) => (error, again),
            Ok(Err(Trouble::Refused(error))) => (error, Again::Never),
            Err(_) => {
                self.trust.fetch_add(1, Ordering::Relaxed);
                (StoreError::Unavailable("the server did not answer in time".to_owned()), Again::Never)
            }
        };
        // Whatever the state of the transaction is: it ends with its connection.
        self.disconnect();
        Err(error)
    }

    fn disconnect(&mut self) {
        self.connection = None;
        self.known.clear();
    }

    async fn attempt(&mut self, jobs: &[Job]) -> Result<Ends, Trouble> {
        let trust = self.trust.load(Ordering::Relaxed);
        if self.trusted != trust {
            self.disconnect();
            self.trusted = trust;
        }
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.database.connect().await?),
        };
        let tenants: BTreeMap<&TenantId, ()> = jobs.iter().map(|job| (&job.commit.tenant, ())).collect();
        let missing: Vec<&TenantId> =
            tenants.into_keys().filter(|tenant| !self.known.contains(*tenant)).collect();
        if !missing.is_empty() {
            batch::add_heads(connection, &missing).await?;
            self.known.extend(missing.into_iter().cloned());
        }
        batch::write(connection, jobs, self.clock.as_ref()).await
    }
}

fn all(jobs: &[Job], error: &StoreError) -> Ends {
    jobs.iter().map(|_| Err(error.clone())).collect()
}

fn stopped() -> Result<Committed, StoreError> {
    Err(StoreError::Unavailable("the commit did not run".to_owned()))
}

fn answer(jobs: Vec<Job>, mut end: impl FnMut() -> Result<Committed, StoreError>) {
    for Job { reply, .. } in jobs {
        // A caller that gave up has dropped its end; what was committed stays committed.
        drop(reply.send(end()));
    }
}
