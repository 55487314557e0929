//! Putting what came late in its place: the journal is replayed in event time from before it, and what that finds is the truth.
//!
//! A replay goes on in steps, between which new entries are looked at; those that come behind it wait for the next one.

use std::{collections::BTreeSet, time::Duration};

use countersign_core::{Micros, Timestamp};
use countersign_store::{LogProgress, LogState, Write};

use super::{
    desk::{Desk, END, Found, LATEST, Working},
    fit::{self, Mark},
    history,
    settle::Truth,
};
use crate::{App, Error, Lead, Tenant};

/// The least time between two replays.
const LEAST_PAUSE: Duration = Duration::from_secs(5);

/// How many times as long as the last replay took is waited before the next: replays take a twentieth of a core at the most.
const PAUSE: u32 = 20;

/// How old what is kept of a replay is at the least, in microseconds: much of what comes late does so within seconds, and makes a
/// younger snapshot useless.
const SETTLED: Micros = 60 * 1_000_000;

/// What a replay came to so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Entries that it looked at again.
    pub entries: u64,
    /// Alerts that it did not find again.
    pub retracted: u64,
    /// Whether it is to go on.
    pub is_under_way: bool,
}

/// A replay under way.
pub(super) struct Replay {
    again: Working,
    found: Found,
    /// The newest time of the state that it was begun from.
    since: Timestamp,
    /// The oldest time of what came late when it was begun.
    late_from: Timestamp,
    /// The oldest time of what came behind it since.
    missed: Option<Timestamp>,
    /// Snapshots of it.
    saved: BTreeSet<u64>,
    entries: u64,
    took: Duration,
}

impl Replay {
    /// Learns of an entry that came late: one that is ahead of it is looked at yet.
    pub(super) fn miss(&mut self, key: &(Timestamp, String)) {
        if *key < self.again.newest {
            self.missed = Some(self.missed.map_or(key.0, |from| from.min(key.0)));
        }
    }
}

impl App {
    /// Whether a replay may go on: one is under way, or enough time went by since the last one, so that a log which always comes
    /// out of order is not replayed all the time.
    pub async fn may_replay(&self, tenant: &Tenant) -> bool {
        let desk = tenant.watch.desk.lock().await;
        desk.replay.is_some()
            || desk.replayed.is_none_or(|(ended, took)| {
                let pause = took.saturating_mul(PAUSE).max(LEAST_PAUSE);
                self.ports.clock.monotonic().saturating_sub(ended) >= pause
            })
    }

    /// Replays a tenant's journal from before what came late, to its end.
    ///
    /// # Errors
    /// As `replay_next`.
    pub async fn replay_late(&self, tenant: &Tenant, lead: &Lead) -> Result<Replayed, Error> {
        loop {
            let replayed = self.replay_next(tenant, lead).await?;
            if !replayed.is_under_way {
                return Ok(replayed);
            }
        }
    }

    /// Begins a replay of a tenant's journal from before what came late, or goes on with it by one step; does nothing when nothing
    /// came late.
    ///
    /// # Errors
    /// `Unavailable` and `Internal`: the replay is due still, and begins anew.
    pub async fn replay_next(&self, tenant: &Tenant, lead: &Lead) -> Result<Replayed, Error> {
        let mut desk = tenant.watch.desk.lock().await;
        let began = self.ports.clock.monotonic();
        let replay = desk.replay.take();
        let before = replay.as_ref().map_or(Duration::ZERO, |replay| replay.took);
        let stepped = self.step(tenant, lead, &mut desk, replay).await;
        let now = self.ports.clock.monotonic();
        let took = before + now.saturating_sub(began);
        match &mut desk.replay {
            Some(replay) => replay.took = took,
            // Why also after a failure: what fails each time must not be tried all the time.
            None if !matches!(stepped, Ok(Replayed { entries: 0, .. })) => desk.replayed = Some((now, took)),
            None => {}
        }
        stepped
    }

    async fn step(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        desk: &mut Desk,
        replay: Option<Replay>,
    ) -> Result<Replayed, Error> {
        let state = self.ports.store.get_log_state(&tenant.id).await?;
        let (progress, history) = (state.progress, self.history(tenant).await?);
        let is_ready = |working: &Working| working.turn == progress.turn && !working.is_behind;
        let (Some(late_from), true) = (progress.late_from, desk.working.as_ref().is_some_and(is_ready))
        else {
            return Ok(Replayed::default());
        };
        if history.is_open() && !history.is_settled_at(progress.worked) {
            return Ok(Replayed::default());
        }
        let is_alike =
            |replay: &Replay| desk.working.as_ref().is_some_and(|working| working.mark == replay.again.mark);
        let mut replay = match replay.filter(is_alike) {
            Some(replay) => replay,
            // Why also where settings changed under way: what it found is by those before.
            None => self.begin_replay(tenant, desk, &state, late_from).await?,
        };
        let under_way = Replayed { entries: replay.entries, retracted: 0, is_under_way: true };
        if desk.saving.is_some() {
            replay.saved.extend(self.go_on_saving(tenant, lead, desk).await.1);
            desk.replay = Some(replay);
            return Ok(under_way);
        }
        let Replay { again, found, .. } = &mut replay;
        let told = again.newest.0.plus(-LATEST);
        self.tell_engine(tenant, &mut again.engine, told).await?;
        let entries = self.fold(tenant, again, (END, progress.worked), found).await?;
        replay.entries += entries;
        if !replay.again.is_behind {
            return self.end_replay(tenant, lead, desk, (replay, progress)).await;
        }
        let newest = desk.working.as_ref().map_or(replay.again.newest.0, |working| working.newest.0);
        if replay.again.debt.is_due() && newest.since(replay.again.newest.0) >= SETTLED {
            desk.saving = Some(self.begin_snapshot(tenant, &mut replay.again).await?);
        }
        desk.replay = Some(replay);
        Ok(Replayed { entries: under_way.entries + entries, ..under_way })
    }

    async fn begin_replay(
        &self,
        tenant: &Tenant,
        desk: &mut Desk,
        state: &LogState,
        late_from: Timestamp,
    ) -> Result<Replay, Error> {
        // Why: what is being kept lacks what came late.
        (desk.saving, desk.is_swept) = (None, false);
        let (fit, mark) = match desk.working.as_ref() {
            Some(working) => (working.fit.clone(), working.mark.clone()),
            None => (self.fit(tenant).await?, self.mark(tenant).await?),
        };
        let again =
            self.restore(tenant, fit::engine(tenant, &fit)?, (fit, mark), state, Some(late_from)).await?;
        Ok(Replay {
            since: again.newest.0,
            again,
            found: Found::new(),
            late_from,
            missed: None,
            saved: BTreeSet::new(),
            entries: 0,
            took: Duration::ZERO,
        })
    }

    /// Commits what a replay found; its state goes on.
    async fn end_replay(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        desk: &mut Desk,
        (replay, progress): (Replay, LogProgress),
    ) -> Result<Replayed, Error> {
        let Replay { mut again, mut found, since, late_from, missed, saved, entries, .. } = replay;
        let reached = desk.working.as_ref().map(|working| working.reached);
        again.reach(
            self.reached(&LogProgress { reached: reached.max(progress.reached), ..progress }),
            &mut found,
        );
        let stale = self.ports.store.list_log_snapshots(&tenant.id).await?.into_iter();
        let stale = stale.filter(|snapshot| {
            // Why not the one that it began with: where entries were deleted, nothing else stands for them.
            snapshot.at >= late_from && snapshot.at > since && !saved.contains(&snapshot.number)
        });
        let mut last: Vec<Write> = stale.map(|snapshot| Write::DropLogSnapshot(snapshot.number)).collect();
        desk.is_swept &= last.is_empty();
        last.push(Write::LogWorked(LogProgress { late_from: missed, ..progress }));
        let is_history = self.history(tenant).await?.is_settled_at(progress.worked);
        if is_history {
            last.push(history::settled());
        }
        // Why: what other settings judged stays as it was judged; to judge it anew would retract alerts that were right by them.
        let judged_from = again.mark.as_ref().map_or(Timestamp::from_micros(i64::MIN), Mark::since);
        // Why not what history showed: nobody judged it before.
        if let Some(working) = desk.working.as_ref().filter(|_| !is_history) {
            again.engine.recall(&working.engine, judged_from);
            found.retain(|_, alert| alert.last > judged_from);
        }
        let truth = Truth { found, since, judged_from, begun: &again.begun, unread_from: again.unread_from };
        let retracted = self.take_truth(tenant, lead, (&again.engine, truth), last).await?;
        again.turn = progress.turn + 1;
        tenant.watch.measures.lock().replayed(&again.engine);
        desk.working = Some(again);
        Ok(Replayed { entries, retracted, is_under_way: false })
    }
}
