//! Putting what came late in its place: the journal is replayed in event time from before it, and what that finds is the truth.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use countersign_core::Timestamp;
use countersign_detect::{Alert, AlertId};
use countersign_store::{AlertFilter, AlertRow, LogStretch, SnapshotOf, Write};

use super::{fit::Mark, work::Working};
use crate::{App, Error, Lead, Tenant};

/// Entries that are read at once.
const PAGE: u32 = 1_000;

/// Alerts that are read at once.
const ALERTS: u32 = 500;

/// What a replay came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Entries that were looked at again.
    pub entries: u64,
    /// Alerts that it did not find again.
    pub retracted: u64,
}

/// The least time between two replays.
const LEAST_PAUSE: Duration = Duration::from_secs(5);

/// How many times as long as the last replay took is waited before the next: replays take a twentieth of a core at the most.
const PAUSE: u32 = 20;

impl App {
    /// Whether enough time went by since the last replay, so that a log which always comes out of order is not replayed all the
    /// time.
    pub async fn may_replay(&self, tenant: &Tenant) -> bool {
        let working = tenant.watch.working.lock().await;
        let last = working.as_ref().and_then(|working| working.replayed);
        last.is_none_or(|(ended, took)| {
            let pause = took.saturating_mul(PAUSE).max(LEAST_PAUSE);
            self.ports.clock.monotonic().saturating_sub(ended) >= pause
        })
    }

    /// Replays a tenant's journal from before what came late; does nothing when nothing did, or when entries are waiting to be
    /// looked at a first time.
    ///
    /// # Errors
    /// `Unavailable` and `Internal`: the replay is due still.
    pub async fn replay_late(&self, tenant: &Tenant, lead: &Lead) -> Result<Replayed, Error> {
        let mut working = tenant.watch.working.lock().await;
        let state = self.ports.store.get_log_state(&tenant.id).await?;
        let Some(late_from) = state.late_from.filter(|_| state.worked == state.next) else {
            return Ok(Replayed::default());
        };
        let began = self.ports.clock.monotonic();
        let before = self.ports.store.find_log_snapshot(&tenant.id, SnapshotOf::Before(late_from)).await?;
        let (fit, mark) = match working.as_ref() {
            Some(working) => (working.fit.clone(), working.mark.clone()),
            None => {
                let mark = self.mark(tenant).await?;
                (self.fit_of(tenant, mark.as_ref()).await?, mark)
            }
        };
        // Why: what other settings judged stays as it was judged; to judge it anew would retract alerts that were right by them.
        let judged_from = mark.as_ref().map_or(Timestamp::from_micros(i64::MIN), Mark::since);
        let mut again = Self::restore(tenant, (fit, mark), before)?;
        again.engine.suppress(self.standing_suppressions(tenant).await?);
        let since = again.newest.clone();
        let mut found = BTreeMap::new();
        let entries = self.replay_from(tenant, &mut again, state.worked, &mut found).await?;
        if let Some(working) = working.as_ref() {
            again.engine.recall(&working.engine, judged_from);
        }
        let known: BTreeSet<String> = found.keys().map(ToString::to_string).collect();
        let gone = self.not_found(tenant, (since.0, judged_from), &known).await?;
        found.retain(|_, alert| alert.last > judged_from);
        let retracted = u64::try_from(gone.len()).unwrap_or(u64::MAX);
        let mut writes = self.alert_writes(tenant, &again.engine, found.into_values(), &gone).await?;
        let worked = state.worked;
        writes.push(Write::LogWorked { expected: worked, worked, late_from: None });
        let stale = self.ports.store.list_log_snapshots(&tenant.id).await?;
        let stale = stale.into_iter().filter(|(_, at)| *at >= late_from);
        writes.extend(stale.map(|(seq, _)| Write::DropLogSnapshot(seq)));
        writes.extend(self.snapshot_writes(tenant, &again).await?.into_iter().filter(is_snapshot));
        self.commit_watch(tenant, lead, writes).await?;
        again.since_snapshot = 0;
        let ended = self.ports.clock.monotonic();
        again.replayed = Some((ended, ended.saturating_sub(began)));
        *working = Some(again);
        Ok(Replayed { entries, retracted })
    }

    async fn replay_from(
        &self,
        tenant: &Tenant,
        again: &mut Working,
        before: u64,
        found: &mut BTreeMap<AlertId, Alert>,
    ) -> Result<u64, Error> {
        let until = Timestamp::from_micros(i64::MAX);
        let mut entries = 0;
        loop {
            let stretch = LogStretch { after: again.newest.clone(), until, before };
            let rows = self.ports.store.list_log_in_time(&tenant.id, stretch, PAGE).await?;
            let Some(last) = rows.last() else { break };
            again.newest = (last.entry.at, last.entry.log_id.clone());
            for row in &rows {
                self.observe(tenant, again, row, found).await?;
            }
            entries += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        }
        again.seq = before;
        Ok(entries)
    }

    /// Alerts that began after `since`, did not end by `judged_from`, and are not among those that were found.
    async fn not_found(
        &self,
        tenant: &Tenant,
        (since, judged_from): (Timestamp, Timestamp),
        found: &BTreeSet<String>,
    ) -> Result<Vec<AlertId>, Error> {
        let mut gone = Vec::new();
        let mut filter = AlertFilter { since: Some(since), ..AlertFilter::default() };
        loop {
            let rows = self.ports.store.list_alerts(&tenant.id, filter.clone(), ALERTS).await?;
            let Some(last) = rows.last() else { return Ok(gone) };
            filter.before = Some((last.last, last.id.clone()));
            let is_judged = |row: &AlertRow| row.first > since && row.last > judged_from;
            let lost = rows.into_iter().filter(|row| is_judged(row) && !found.contains(&row.id));
            gone.extend(lost.filter_map(|row| row.id.parse::<AlertId>().ok()));
        }
    }
}

/// Why only these: what else is dropped is judged by snapshots that are not committed yet.
const fn is_snapshot(write: &Write) -> bool {
    matches!(write, Write::LogSnapshot(_))
}
