//! Work that outlives its caller, above all commits of decisions that took longer than their budget.
//!
//! The caller of such a commit was told that there is no decision. It ends as a leaf or as a gap, never as both: it is
//! noted as lost only when the writer says so, and what it records is marked as told to nobody.

use std::{pin::Pin, sync::Arc};

use countersign_core::DecisionId;
use countersign_store::{Commit, Committed, Conflict, Store, StoreError, Write};
use parking_lot::Mutex;
use tokio::{sync::oneshot, task::JoinSet};

use crate::{App, Error, Tenant};

/// Commits waited for at once: as many as the writer lets stand in its queue.
const MOST: usize = 4_096;

/// How often a mark is tried; each try may wait for the database a while.
const TRIES: u32 = 8;

/// A commit that is under way and outlives its caller.
pub(super) type Committing = Pin<Box<dyn Future<Output = Result<Committed, StoreError>> + Send>>;

/// Work that goes on when its caller is gone; ended with the application.
#[derive(Default)]
pub(crate) struct Late(Mutex<JoinSet<()>>);

impl Late {
    /// Does all of `work`, also when whoever waits for it gives up half-way.
    ///
    /// # Errors
    /// `Internal` when the application ends meanwhile.
    pub(crate) async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.0.lock().spawn(async move { drop(reply.send(work.await)) });
        answer.await.map_err(Error::internal)
    }
}

impl Late {
    /// Begins work that nobody waits for; does it right here where as much is under way as may be.
    pub(crate) async fn begin(&self, work: impl Future<Output = ()> + Send + 'static) {
        let work = {
            let mut under_way = self.0.lock();
            while under_way.try_join_next().is_some() {}
            if under_way.len() < MOST {
                under_way.spawn(work);
                return;
            }
            work
        };
        work.await;
    }

    /// Waits for what is under way.
    pub(crate) async fn end(&self) {
        let mut under_way = std::mem::take(&mut *self.0.lock());
        while under_way.join_next().await.is_some() {}
    }
}

impl App {
    /// Goes on waiting for a commit after its caller is told that there is no decision.
    pub(super) fn await_late(
        &self,
        tenant: &Tenant,
        committing: Committing,
        decision: Option<DecisionId>,
    ) -> Error {
        let mut late = self.late.0.lock();
        while late.try_join_next().is_some() {}
        if late.len() >= MOST {
            // Why: then nobody hears what became of it; rather a gap too many than one that is not told.
            return self.note_gap(tenant);
        }
        let at = self.ports.clock.now();
        tenant.gap.lock().begin_waiting();
        let (gap, store, tenant) = (Arc::clone(&tenant.gap), self.ports.store.clone(), tenant.id.clone());
        late.spawn(async move {
            match committing.await {
                Ok(_) => {
                    let writes = decision.clone().map(Write::Unanswered).into_iter().collect();
                    let marked = mark(&store, Commit { writes, ..Commit::background(tenant) }).await;
                    let mut gap = gap.lock();
                    gap.end_waiting();
                    if let Err(error) = marked {
                        // Why: the database may be gone for longer; the job that tells gaps finds the leaf and marks it.
                        gap.end_failed(&error, decision, at);
                    }
                }
                Err(StoreError::Conflict(Conflict::Request)) => gap.lock().end_waiting(),
                Err(error) => {
                    tracing::error!(tenant.id = %tenant, %error, "a late decision could not be recorded");
                    let mut gap = gap.lock();
                    gap.end_waiting();
                    gap.end_failed(&error, decision, at);
                }
            }
        });
        Error::LedgerUnavailable
    }
}

async fn mark(store: &Store, commit: Commit) -> Result<(), StoreError> {
    let mut end = Ok(());
    for _ in 0..TRIES {
        match store.commit(commit.clone()).await {
            Ok(_) => {
                tracing::warn!(tenant.id = %commit.tenant, "a decision was recorded after its caller was told that there is none");
                return Ok(());
            }
            Err(error) => end = Err(error),
        }
    }
    if let Err(error) = &end {
        tracing::error!(tenant.id = %commit.tenant, %error, "a late decision could not be marked as told to nobody");
    }
    end
}
