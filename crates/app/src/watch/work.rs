//! Looking at what was journaled: in the order of arrival, alerts and the place reached in one commit.

#[cfg(test)]
mod tests;

use std::time::Duration;

use countersign_core::{Micros, Timestamp};
use countersign_detect::Alert;
use countersign_store::{LogEntryRow, LogProgress, LogState, Write};

use super::{
    commit::Moved,
    desk::{Desk, END, Found, LATEST, Order, Working},
    entry,
    fit::{self, Mark},
    history::{self, HistoryState},
};
use crate::{App, Error, Lead, Tenant};

/// Entries that are looked at between two commits, and between two looks at whether the process is to end.
const BATCH: u32 = 256;

/// How far behind the wall clock event time follows it while nothing comes: what is on its way may still come in order.
pub(super) const BEHIND: Micros = 5 * 60 * 1_000_000;

/// How long after its start a process does not take it for silence that nothing comes: what could not be delivered before comes
/// again.
const QUIET: Duration = Duration::from_secs(5 * 60);

/// What one turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Worked {
    /// Entries that were looked at.
    pub entries: u64,
    /// Alerts that are new or have grown.
    pub alerts: u64,
    /// Entries that came more than a day late: they are judged by what is known now, and stay so.
    pub too_late: u64,
    /// Whether something came late, so that a replay is due.
    pub is_late: bool,
    /// Whether there is more to do at once.
    pub is_busy: bool,
}

impl App {
    /// Looks at the next entries of a tenant's journal; call it as long as it is busy.
    ///
    /// # Errors
    /// `Unavailable` and `Internal`: what was looked at is looked at again.
    pub async fn watch_next(&self, tenant: &Tenant, lead: &Lead) -> Result<Worked, Error> {
        let mut desk = tenant.watch.desk.lock().await;
        let result = self.work(tenant, lead, &mut desk).await;
        if result.is_err() {
            // Why: what the detectors saw and what was committed may differ now.
            desk.working = None;
        }
        let mut worked = result?;
        worked.is_busy |= worked.entries > 0;
        if desk.replay.is_none() {
            worked.is_busy |= self.go_on_saving(tenant, lead, &mut desk).await.0;
        }
        Ok(worked)
    }

    async fn work(&self, tenant: &Tenant, lead: &Lead, desk: &mut Desk) -> Result<Worked, Error> {
        let state = self.ports.store.get_log_state(&tenant.id).await?;
        let LogState { progress, .. } = state;
        let history = self.history(tenant).await?;
        let now = self.ports.clock.monotonic();
        let awake = *desk.awake.get_or_insert(now);
        if desk.working.as_ref().is_none_or(|working| working.turn != progress.turn) {
            (desk.replay, desk.saving, desk.is_swept) = (None, None, false);
            let mark = self.mark(tenant).await?;
            let fit = self.fit_of(tenant, mark.as_ref()).await?;
            let engine = fit::engine(tenant, &fit)?;
            desk.working = Some(self.restore(tenant, engine, (fit, mark), &state, progress.late_from).await?);
        }
        let Desk { working: Some(at_work), .. } = desk else { return Ok(Worked::default()) };
        if at_work.is_behind {
            let entries = self.catch_up(tenant, at_work, &progress).await?;
            if entries > 0 {
                return Ok(Worked { entries, is_late: progress.late_from.is_some(), ..Worked::default() });
            }
        }
        let refitted = self.refit(tenant, at_work).await?;
        // Why so far back: what comes late is looked at, too.
        self.tell_engine(tenant, &mut at_work.engine, at_work.newest.0.plus(-LATEST)).await?;
        let rows = self.ports.store.list_log(&tenant.id, at_work.seq, BATCH).await?;
        let entries = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let (mut found, mut next) = (Found::new(), progress);
        let mut worked = Worked { entries, ..Worked::default() };
        if !rows.is_empty() {
            worked.too_late = self.look(tenant, desk, rows, history, (&mut next, &mut found)).await?;
        } else if now.saturating_sub(awake) >= QUIET && !history.is_open() {
            at_work.reach(self.ports.clock.now().plus(-BEHIND), &mut found);
            next.reached = if found.is_empty() { next.reached } else { Some(at_work.reached) };
        }
        // Why: what comes late of a time that other settings judged stays as it was judged; a replay does not look at it either.
        let mark = desk.working.as_ref().and_then(|at_work| at_work.mark.as_ref());
        let judged_from = mark.map_or(history::BEGINNING, Mark::since);
        found.retain(|_, alert| alert.last > judged_from);
        if history.is_settled_at(next.worked) {
            // Why all of it: what came while it did not go on was not put in its place.
            next.late_from = Some(history::BEGINNING);
        }
        worked.alerts = u64::try_from(found.len()).unwrap_or(u64::MAX);
        worked.is_late = next.late_from.is_some();
        if entries > 0 || !found.is_empty() || next != progress || refitted.is_some() {
            self.keep_work(tenant, lead, desk, (next, found, refitted), history).await?;
        }
        let mut measures = tenant.watch.measures.lock();
        measures.too_late += worked.too_late;
        if let Some(at_work) = &desk.working {
            measures.take_evictions(&at_work.engine);
        }
        Ok(worked)
    }

    /// Commits what was found and how far the log was looked at, and begins a snapshot where one is due.
    async fn keep_work(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        desk: &mut Desk,
        (next, found, refitted): (LogProgress, Found, Option<Write>),
        history: HistoryState,
    ) -> Result<(), Error> {
        let Desk { working: Some(at_work), saving, .. } = desk else { return Ok(()) };
        let mut alerts: Vec<Alert> = found.into_values().collect();
        alerts.sort_by_key(|alert| (alert.first, alert.id));
        // Why: a restart folds by what is set then, from before the change.
        let since = at_work.mark.as_ref().map_or(history::BEGINNING, Mark::since);
        let is_refitted = refitted.is_some() && since > history::BEGINNING && at_work.debt.is_some();
        let last = refitted.into_iter().chain([Write::LogWorked(next)]).collect();
        self.commit_alerts(tenant, lead, &at_work.engine, (&alerts, &Moved::new()), last).await?;
        at_work.turn = next.turn + 1;
        // Why none while history is read: what is older than a snapshot could not be put before it.
        let may_save = next.late_from.is_none() && saving.is_none() && !history.is_open();
        if may_save && (is_refitted || at_work.debt.is_due()) {
            *saving = Some(self.begin_snapshot(tenant, at_work).await?);
        }
        Ok(())
    }

    /// Looks again at what was looked at before, in event time: so what came late is in its place, too.
    async fn catch_up(
        &self,
        tenant: &Tenant,
        working: &mut Working,
        progress: &LogProgress,
    ) -> Result<u64, Error> {
        let entries = self.fold(tenant, working, (END, progress.worked), &mut Found::new()).await?;
        if !working.is_behind {
            working.reach(self.reached(progress), &mut Found::new());
        }
        Ok(entries)
    }

    /// Up to when absence was found by our clock. Never beyond where it is now: it may have run ahead then.
    pub(super) fn reached(&self, progress: &LogProgress) -> Timestamp {
        let reached = progress.reached.unwrap_or(Timestamp::from_micros(i64::MIN));
        reached.min(self.ports.clock.now().plus(-BEHIND))
    }

    /// Looks at rows that follow what was seen in the order of arrival; returns how many came too late. While history is read, what
    /// is late waits for the replay at its end.
    async fn look(
        &self,
        tenant: &Tenant,
        desk: &mut Desk,
        mut rows: Vec<LogEntryRow>,
        history: HistoryState,
        (next, found): (&mut LogProgress, &mut Found),
    ) -> Result<u64, Error> {
        let Desk { working: Some(at_work), replay, .. } = desk else { return Ok(0) };
        next.worked = rows.last().map_or(at_work.seq, |row| row.seq + 1);
        rows.retain(entry::is_log);
        // Why: what arrives together and out of order is put in order, and is not late.
        rows.sort_by(|one, other| {
            (one.entry.at, &one.entry.log_id).cmp(&(other.entry.at, &other.entry.log_id))
        });
        let mut too_late = 0;
        self.observe_all(tenant, at_work, rows, found, |at_work, row| {
            let key = (row.entry.at, row.entry.log_id.clone());
            match at_work.order(&key, history.is_open()) {
                Order::InTime => at_work.newest = key,
                Order::TooLate => too_late += 1,
                Order::Late => {
                    next.late_from = Some(next.late_from.map_or(key.0, |from| from.min(key.0)));
                    if let Some(replay) = replay.as_mut() {
                        replay.miss(&key);
                    }
                    // Why: history is looked at in its place at its end.
                    return !history.is_open();
                }
            }
            true
        })
        .await?;
        at_work.seq = next.worked;
        Ok(too_late)
    }
}
