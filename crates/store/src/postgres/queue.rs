//! What waits to be written: decisions first, of each tenant in turn, and one batch of it at a time.

use std::{collections::BTreeSet, sync::Arc};

use countersign_core::TenantId;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::{Commit, Committed, StoreError, Urgency, turns::Turns};

/// Commits in one transaction at the most.
pub(super) const BATCH: usize = 256;

/// Of them, work that nobody waits for at a sign-in: most of it takes statements of its own, and a decision that comes
/// after it waits for them.
const BACKGROUND: usize = 32;

/// Commits that may wait in each lane; beyond it the caller is told at once, unless its tenant has less than its share there.
const QUEUE: usize = 4096;

/// How often at most the tasks that are ready go first before a batch is taken: none of them waits for anything.
const SETTLING: usize = 16;

/// A commit, and who waits for its end.
pub(super) struct Job {
    pub(super) commit: Commit,
    pub(super) reply: oneshot::Sender<Result<Committed, StoreError>>,
}

#[derive(Default)]
struct Lanes {
    decisions: Turns<TenantId, Job>,
    background: Turns<TenantId, Job>,
    busy: BTreeSet<TenantId>,
    is_closed: bool,
}

/// The queue of one process.
#[derive(Default)]
pub(super) struct Queue {
    lanes: Mutex<Lanes>,
    wake: Notify,
}

/// Jobs whose tenants are kept for whoever holds it.
pub(super) struct Batch {
    pub(super) jobs: Vec<Job>,
    tenants: BTreeSet<TenantId>,
    queue: Arc<Queue>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.queue.lanes.lock().busy.retain(|tenant| !self.tenants.contains(tenant));
        self.queue.wake.notify_one();
    }
}

impl Queue {
    /// Hands work over.
    pub(super) fn push(&self, job: Job) -> Result<(), StoreError> {
        let mut lanes = self.lanes.lock();
        if lanes.is_closed {
            return Err(StoreError::Unavailable("the writer has stopped".to_owned()));
        }
        let lane = match job.commit.urgency {
            Urgency::Decision => &mut lanes.decisions,
            Urgency::Background => &mut lanes.background,
        };
        if !lane.push(job.commit.tenant.clone(), job, QUEUE) {
            return Err(StoreError::Unavailable(format!("{QUEUE} commits wait already")));
        }
        drop(lanes);
        self.wake.notify_one();
        Ok(())
    }

    /// Waits for work and takes it.
    pub(super) async fn next(self: &Arc<Self>) -> Batch {
        loop {
            self.settle().await;
            if let Some(batch) = self.take() {
                return batch;
            }
            self.wake.notified().await;
        }
    }

    /// Lets callers queue who are about to: those just answered often commit again at once, and the first of them alone would
    /// cost a sync of the disk.
    pub(super) async fn settle(&self) {
        let mut known = usize::MAX;
        for _ in 0..SETTLING {
            tokio::task::yield_now().await;
            let waiting = {
                let lanes = self.lanes.lock();
                lanes.decisions.len() + lanes.background.len()
            };
            if waiting == known {
                return;
            }
            known = waiting;
        }
    }

    /// Refuses what waits and what comes.
    pub(super) fn close(&self) {
        let left = {
            let mut lanes = self.lanes.lock();
            lanes.is_closed = true;
            (std::mem::take(&mut lanes.decisions), std::mem::take(&mut lanes.background))
        };
        // Whoever waits is told by the loss of the other end.
        drop(left);
    }

    fn take(self: &Arc<Self>) -> Option<Batch> {
        let mut lanes = self.lanes.lock();
        let Lanes { decisions, background, busy, .. } = &mut *lanes;
        let share = BACKGROUND.min(background.len());
        let is_free = |tenant: &TenantId| !busy.contains(tenant);
        let mut jobs = decisions.take(BATCH - share, is_free);
        jobs.extend(background.take(share, is_free));
        if jobs.is_empty() {
            return None;
        }
        let tenants: BTreeSet<_> = jobs.iter().map(|job| job.commit.tenant.clone()).collect();
        busy.extend(tenants.iter().cloned());
        let is_more = !decisions.is_empty() || !background.is_empty();
        drop(lanes);
        if is_more {
            self.wake.notify_one();
        }
        Some(Batch { jobs, tenants, queue: Arc::clone(self) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(queue: &Queue, tenant: &str, urgency: Urgency) {
        let commit = Commit { urgency, ..Commit::background(tenant.parse().unwrap()) };
        queue.push(Job { commit, reply: oneshot::channel().0 }).unwrap();
    }

    fn tenants(batch: &Batch) -> Vec<&str> {
        batch.jobs.iter().map(|job| job.commit.tenant.as_str()).collect()
    }

    #[test]
    fn one_tenant_has_one_batch_at_a_time() {
        let queue = Arc::new(Queue::default());
        push(&queue, "a", Urgency::Decision);
        let first = queue.take().unwrap();
        push(&queue, "a", Urgency::Decision);
        push(&queue, "b", Urgency::Decision);
        let second = queue.take().unwrap();
        assert_eq!((tenants(&first), tenants(&second)), (vec!["a"], vec!["b"]));
        assert!(queue.take().is_none());
        drop(first);
        assert_eq!(tenants(&queue.take().unwrap()), ["a"]);
    }

    #[test]
    fn decisions_go_first_and_leave_room_for_the_rest() {
        let queue = Arc::new(Queue::default());
        for _ in 0..BATCH {
            push(&queue, "later", Urgency::Background);
        }
        for _ in 0..BATCH {
            push(&queue, "first", Urgency::Decision);
        }
        let batch = queue.take().unwrap();
        let urgent = BATCH - BACKGROUND;
        assert_eq!(batch.jobs.len(), BATCH);
        assert_eq!(tenants(&batch)[..urgent], vec!["first"; urgent]);
        assert_eq!(tenants(&batch)[urgent..], vec!["later"; BACKGROUND]);
    }

    #[test]
    fn a_closed_queue_answers_who_waits_and_who_comes() {
        let queue = Arc::new(Queue::default());
        let (reply, mut answer) = oneshot::channel();
        let commit = Commit::background("a".parse().unwrap());
        queue.push(Job { commit: commit.clone(), reply }).unwrap();
        queue.close();
        assert!(answer.try_recv().is_err());
        assert!(queue.push(Job { commit, reply: oneshot::channel().0 }).is_err());
    }
}
