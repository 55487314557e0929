//! One thread that writes: jobs in savepoints, committed in groups, decisions first, of each tenant in turn; other work in pieces.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use countersign_core::{Clock, TenantId};
use parking_lot::{Condvar, Mutex, MutexGuard};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{mover::Mover, state::State};
use crate::{StoreError, Urgency, turns::Turns};

/// Jobs in one transaction at the most, so that the first of them does not wait for long.
const BATCH: usize = 256;

/// How long a transaction takes in what came meanwhile: what lasts longer than a decision is queued in pieces. Of two transactions one does a
/// piece at the least, so that nothing starves.
const TURN: Duration = Duration::from_millis(1);

/// As `TURN`, for other work while decisions come: one that comes then waits for the rest of it, for its pages to be written, which takes as
/// long again, and for the sync.
const SHORT_TURN: Duration = Duration::from_micros(250);

/// Other work that a decision waits for takes at the most such a part of what the last sync took, which it waits for anyway; so what slow
/// disks do of it a second does not fall with them.
const OF_SYNC: u32 = 8;

/// Decisions come, if the last one came so lately.
const LATELY: Duration = Duration::from_millis(100);

/// For so many decisions one piece of other work comes with them, so that it is not left behind by many, up to the most in a transaction.
const SHARE: usize = 8;
const MOST_OTHERS: usize = 8;

/// How often more decisions are waited for, and how many must have come each time: a sync of the disk costs as much for one as for all.
const MOST_WAITS: usize = 4;
const WORTH_WAITING: usize = 4;

/// Jobs that may wait in each lane; beyond it the caller is told at once, unless its tenant has less than its share there.
const QUEUE: usize = 4096;

/// Work on the open transaction; its writes are undone when it fails.
trait Job: Send {
    fn expires_at(&self) -> Option<Duration>;
    /// Whether it fails before its first change or with the whole disk, so that there is never anything of it alone to undo.
    fn is_whole(&self) -> bool;
    fn run(&mut self, connection: &Connection, state: &mut State) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, end: Result<(), StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    result: Option<T>,
    expires_at: Option<Duration>,
    is_whole: bool,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&Connection, &mut State) -> Result<T, StoreError> + Send> Job for Task<T, F> {
    fn expires_at(&self) -> Option<Duration> {
        self.expires_at
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }

    fn run(&mut self, connection: &Connection, state: &mut State) -> Result<(), StoreError> {
        if let Some(work) = self.work.take() {
            self.result = Some(work(connection, state)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, end: Result<(), StoreError>) {
        let answer = match (end, self.result) {
            (Ok(()), Some(result)) => Ok(result),
            (Ok(()), None) => Err(StoreError::Unavailable("the job did not run".to_owned())),
            (Err(error), _) => Err(error),
        };
        // A caller that gave up has dropped its end; what was committed stays committed.
        drop(self.reply.send(answer));
    }
}

/// What will come of work that is queued.
pub(super) struct Answer<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Answer<T> {
    /// Waits until the work is durable.
    pub(super) async fn wait(self) -> Result<T, StoreError> {
        self.0.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the writer has stopped".to_owned())))
    }
}

/// By tenant (`None`: what is of none), and whether it is a piece of its journal: a long delivery holds up nothing else of the tenant.
type Lane = Turns<(Option<TenantId>, bool), Box<dyn Job>>;

#[derive(Default)]
struct Queue {
    decisions: Lane,
    background: Lane,
    is_closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
}

/// A handle to the writing thread; dropping it ends the thread after what is queued.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on a connection that nothing else writes through.
    pub(super) fn start(
        name: &str,
        connection: Connection,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Self::spawn(None, State::default(), name, connection, clock)
    }

    /// As `start`, with a thread beside it that moves the write-ahead log into the database, and with what it is to know.
    pub(super) fn start_beside(
        mover: Mover,
        state: State,
        name: &str,
        connection: Connection,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Mover::watch(&connection);
        Self::spawn(Some(mover), state, name, connection, clock)
    }

    fn spawn(
        mover: Option<Mover>,
        state: State,
        name: &str,
        connection: Connection,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared { queue: Mutex::default(), wake: Condvar::new() });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write(&for_thread, (mover, state), &connection, clock.as_ref()))
            .map_err(|error| StoreError::Unavailable(format!("no thread to write with: {error}")))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Queues work that is of no tenant and waits until it is durable.
    pub(super) async fn submit<T, F>(
        &self,
        urgency: Urgency,
        expires_at: Option<Duration>,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut State) -> Result<T, StoreError> + Send + 'static,
    {
        self.submit_of(None, urgency, expires_at, work).await
    }

    /// Queues work of a tenant and waits until it is durable.
    pub(super) async fn submit_of<T, F>(
        &self,
        tenant: Option<TenantId>,
        urgency: Urgency,
        expires_at: Option<Duration>,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut State) -> Result<T, StoreError> + Send + 'static,
    {
        self.queue(tenant, urgency, expires_at, (work, false)).await
    }

    /// As `submit_of`, for work that fails before its first change or with the whole disk: it needs no savepoint.
    pub(super) async fn submit_whole<T, F>(
        &self,
        tenant: Option<TenantId>,
        urgency: Urgency,
        expires_at: Option<Duration>,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut State) -> Result<T, StoreError> + Send + 'static,
    {
        self.queue(tenant, urgency, expires_at, (work, true)).await
    }

    async fn queue<T, F>(
        &self,
        tenant: Option<TenantId>,
        urgency: Urgency,
        expires_at: Option<Duration>,
        work: (F, bool),
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut State) -> Result<T, StoreError> + Send + 'static,
    {
        self.send((tenant, false), urgency, expires_at, work)?.wait().await
    }

    /// Queues a piece of a tenant's journal, for an answer that is waited for later. Pieces keep their order among themselves.
    pub(super) fn send_piece<T, F>(&self, tenant: TenantId, work: F) -> Result<Answer<T>, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut State) -> Result<T, StoreError> + Send + 'static,
    {
        self.send((Some(tenant), true), Urgency::Background, None, (work, false))
    }

    fn send<T, F>(
        &self,
        whose: (Option<TenantId>, bool),
        urgency: Urgency,
        expires_at: Option<Duration>,
        (work, is_whole): (F, bool),
    ) -> Result<Answer<T>, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut State) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Task { work: Some(work), result: None, expires_at, is_whole, reply };
        self.push(whose, urgency, Box::new(task))?;
        Ok(Answer(answer))
    }

    fn push(
        &self,
        whose: (Option<TenantId>, bool),
        urgency: Urgency,
        job: Box<dyn Job>,
    ) -> Result<(), StoreError> {
        let mut queue = self.shared.queue.lock();
        if queue.is_closed {
            return Err(StoreError::Unavailable("the writer has stopped".to_owned()));
        }
        let lane = match urgency {
            Urgency::Decision => &mut queue.decisions,
            Urgency::Background => &mut queue.background,
        };
        if !lane.push(whose, job, QUEUE) {
            return Err(StoreError::Unavailable(format!("{QUEUE} jobs wait already")));
        }
        drop(queue);
        self.shared.wake.notify_one();
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.queue.lock().is_closed = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What other work may take of the next transactions.
#[derive(Default)]
struct Pace {
    last_decision: Option<Duration>,
    /// Whether the last transaction that decisions waited for did other work too.
    is_shared: bool,
    /// How long the last commit took.
    sync: Duration,
}

impl Pace {
    /// How many pieces come with so many decisions.
    fn share(&self, decisions: usize) -> usize {
        match decisions / SHARE {
            // Why: a few decisions are done in a moment, and a piece doubles what they wait.
            0 if decisions > 0 && self.is_shared => 0,
            share => share.clamp(1, MOST_OTHERS),
        }
    }

    fn done(&mut self, batch: &Batch, now: Duration) {
        self.sync = batch.sync;
        if batch.has_decisions {
            self.last_decision = Some(now);
            self.is_shared = batch.has_others;
        }
    }

    /// How long a transaction that was begun takes in other work.
    fn turn(&self, has_decisions: bool, began: Duration) -> Duration {
        let of_sync = self.sync / OF_SYNC;
        match self.last_decision {
            _ if has_decisions && self.is_shared => Duration::ZERO,
            _ if has_decisions => of_sync,
            Some(last) if began.saturating_sub(last) < LATELY => SHORT_TURN.max(of_sync),
            _ => TURN,
        }
    }
}

/// What one transaction does.
struct Batch {
    jobs: Vec<Box<dyn Job>>,
    has_decisions: bool,
    has_others: bool,
    /// How long its commit took.
    sync: Duration,
}

/// Takes the next batch; `None` when the queue is closed and empty.
fn next_batch(shared: &Shared, pace: &Pace) -> Option<Batch> {
    let mut queue = shared.queue.lock();
    while queue.decisions.is_empty() && queue.background.is_empty() {
        if queue.is_closed {
            return None;
        }
        shared.wake.wait(&mut queue);
    }
    wait_for_more(&mut queue);
    let share = pace.share(queue.decisions.len());
    let others = queue.background.take(share, |_| true);
    let mut jobs = queue.decisions.take(BATCH - others.len(), |_| true);
    drop(queue);
    let (has_decisions, has_others) = (!jobs.is_empty(), !others.is_empty());
    jobs.extend(others);
    Some(Batch { jobs, has_decisions, has_others, sync: Duration::ZERO })
}

/// Lets those go on that would queue more.
fn wait_for_more(queue: &mut MutexGuard<'_, Queue>) {
    // Why: where threads share a processor, the one that was just woken runs before those that would queue more, and
    // would sync the disk for few jobs at a time (measured 2026-11-22: pinned to one processor, 64 callers commit twice as
    // often with one such wait as with none).
    for _ in 0..MOST_WAITS {
        let before = queue.decisions.len();
        MutexGuard::unlocked(queue, std::thread::yield_now);
        if queue.decisions.len() < before + WORTH_WAITING {
            return;
        }
    }
}

/// What a transaction takes in besides its batch: decisions first. Says whether it is one.
fn take_one(shared: &Shared, takes_others: bool) -> Option<(Box<dyn Job>, bool)> {
    let mut queue = shared.queue.lock();
    let decision = queue.decisions.take(1, |_| true).pop().map(|job| (job, true));
    if decision.is_some() || !takes_others {
        return decision;
    }
    queue.background.take(1, |_| true).pop().map(|job| (job, false))
}

/// Closes the queue when the thread ends, also by a panic: nobody may wait for an answer that can't come.
struct CloseOnExit<'a>(&'a Shared);

impl Drop for CloseOnExit<'_> {
    fn drop(&mut self) {
        let left = {
            let mut queue = self.0.queue.lock();
            queue.is_closed = true;
            (std::mem::take(&mut queue.decisions), std::mem::take(&mut queue.background))
        };
        drop(left);
    }
}

fn write(
    shared: &Shared,
    (mut mover, mut state): (Option<Mover>, State),
    connection: &Connection,
    clock: &dyn Clock,
) {
    let _close = CloseOnExit(shared);
    let mut pace = Pace::default();
    while let Some(mut batch) = next_batch(shared, &pace) {
        for job in batch.jobs.extract_if(.., |job| is_late(job.as_ref(), clock)) {
            job.answer(Err(StoreError::Expired));
        }
        if batch.jobs.is_empty() {
            continue;
        }
        let end = commit_batch((shared, connection), (&mut state, &pace), &mut batch, clock);
        pace.done(&batch, clock.monotonic());
        match end {
            Ok(ends) => {
                batch.jobs.into_iter().zip(ends).for_each(|(job, end)| job.answer(end));
                if let Some(mover) = &mut mover {
                    mover.after_commit(connection);
                }
            }
            Err(error) => {
                // What the thread believes may be ahead of the disk: read them again.
                state.forget();
                if !connection.is_autocommit() {
                    drop(run(connection, "ROLLBACK"));
                }
                batch.jobs.into_iter().for_each(|job| job.answer(Err(error.clone())));
            }
        }
    }
}

fn is_late(job: &dyn Job, clock: &dyn Clock) -> bool {
    job.expires_at().is_some_and(|end| clock.monotonic() >= end)
}

fn commit_batch(
    (shared, connection): (&Shared, &Connection),
    (state, pace): (&mut State, &Pace),
    batch: &mut Batch,
    clock: &dyn Clock,
) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    let began = clock.monotonic();
    run(connection, "BEGIN IMMEDIATE")?;
    let Batch { jobs, has_decisions, has_others, sync } = batch;
    let is_alone = jobs.len() == 1;
    let mut ends = Vec::with_capacity(jobs.len());
    for job in &mut *jobs {
        ends.push(run_job((connection, clock), state, job.as_mut(), is_alone)?);
    }
    while !connection.is_autocommit() && jobs.len() < BATCH {
        let passed = clock.monotonic().saturating_sub(began);
        if passed >= TURN {
            break;
        }
        let takes_others = passed < pace.turn(*has_decisions, began);
        let Some((job, is_decision)) = take_one(shared, takes_others) else { break };
        *(if is_decision { &mut *has_decisions } else { &mut *has_others }) = true;
        jobs.push(job);
        let Some(job) = jobs.last_mut() else { break };
        ends.push(run_job((connection, clock), state, job.as_mut(), false)?);
    }
    if connection.is_autocommit() {
        return Ok(ends);
    }
    state.store(connection)?;
    let before = clock.monotonic();
    run(connection, "COMMIT")?;
    *sync = clock.monotonic().saturating_sub(before);
    state.committed();
    Ok(ends)
}

/// Runs a job of the open transaction, unless nobody waits for it any more.
fn run_job(
    (connection, clock): (&Connection, &dyn Clock),
    state: &mut State,
    job: &mut dyn Job,
    is_alone: bool,
) -> Result<Result<(), StoreError>, StoreError> {
    // Why: the wait for the file's lock and the jobs before this one take their time.
    if is_late(job, clock) {
        Ok(Err(StoreError::Expired))
    } else if is_alone {
        run_alone(connection, state, job)
    } else if job.is_whole() {
        run_whole(connection, state, job)
    } else {
        run_in_savepoint(connection, state, job)
    }
}

/// Runs the only job of a transaction, which needs no savepoint: when it fails all is undone.
fn run_alone(
    connection: &Connection,
    state: &mut State,
    job: &mut dyn Job,
) -> Result<Result<(), StoreError>, StoreError> {
    state.begin();
    let Err(error) = job.run(connection, state) else { return Ok(Ok(())) };
    state.undo();
    // Why: a full or failing disk ends the transaction by itself; then the batch has failed.
    if connection.is_autocommit() {
        return Err(error);
    }
    run(connection, "ROLLBACK")?;
    Ok(Err(error))
}

/// Runs a job that leaves nothing to undo when it fails; should it do so all the same, the batch has failed.
fn run_whole(
    connection: &Connection,
    state: &mut State,
    job: &mut dyn Job,
) -> Result<Result<(), StoreError>, StoreError> {
    let before = connection.total_changes();
    state.begin();
    let Err(error) = job.run(connection, state) else { return Ok(Ok(())) };
    state.undo();
    if connection.is_autocommit() || connection.total_changes() != before {
        return Err(error);
    }
    Ok(Err(error))
}

/// Runs one job; when it fails its own writes are undone and the others stand.
fn run_in_savepoint(
    connection: &Connection,
    state: &mut State,
    job: &mut dyn Job,
) -> Result<Result<(), StoreError>, StoreError> {
    state.store_before_savepoint(connection)?;
    run(connection, "SAVEPOINT job")?;
    state.begin();
    match job.run(connection, state) {
        Ok(()) => {
            run(connection, "RELEASE job")?;
            Ok(Ok(()))
        }
        Err(error) => {
            state.undo();
            // Why: a full or failing disk ends the whole transaction by itself; then the batch has failed.
            if connection.is_autocommit() {
                return Err(error);
            }
            run(connection, "ROLLBACK TO job")?;
            run(connection, "RELEASE job")?;
            Ok(Err(error))
        }
    }
}

fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests;
