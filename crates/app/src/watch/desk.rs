//! The detectors of one tenant at work in this process: begun from a snapshot, and brought up to where the log was looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use countersign_auth0::log::LogEvent;
use countersign_core::{Micros, Timestamp};
use countersign_detect::{Alert, AlertId, Engine, Event, Suppression};
use countersign_privacy::Tagger;
use countersign_store::{LogEntryRow, LogSnapshotRow, LogState, LogStretch};

use super::{
    entry::Keys,
    fit::{self, Fit, Mark},
    replay::Replay,
    snapshots::{Debt, Saving},
};
use crate::{App, Error, Tenant};

/// Entries that are read at once in event time.
pub(super) const PAGE: u32 = 1_000;

/// Entries after which whoever waits for the processor comes first.
pub(super) const BREATH: usize = 8;

/// The end of time.
pub(super) const END: Timestamp = Timestamp::from_micros(i64::MAX);

/// What comes later than this is judged by the state as it is, in microseconds.
pub(super) const LATEST: Micros = 24 * 3_600 * 1_000_000;

/// What this process knows of the watching of a tenant's log.
#[derive(Default)]
pub(crate) struct Desk {
    pub(super) working: Option<Working>,
    pub(super) replay: Option<Replay>,
    pub(super) saving: Option<Saving>,
    /// When the last replay ended, well or not, on the monotonic clock, and how long it took.
    pub(super) replayed: Option<(Duration, Duration)>,
    /// When this process first looked.
    pub(super) awake: Option<Duration>,
    /// Whether nothing is left of snapshots that were forgotten or not finished.
    pub(super) is_swept: bool,
}

/// Alerts that are new or have grown, by id.
pub(super) type Found = BTreeMap<AlertId, Alert>;

/// Detectors at work, and up to where they have seen the journal.
pub(super) struct Working {
    pub(super) engine: Engine,
    /// What the engine was made by.
    pub(super) fit: Fit,
    /// Since when; `None` until that is committed a first time.
    pub(super) mark: Option<Mark>,
    tagger: Tagger,
    /// The turn of the log's progress that they stand at: at another one, another process or a lost answer came between.
    pub(super) turn: u64,
    /// Entries before this place are in it.
    pub(super) seq: u64,
    /// The newest entry that is in it, by event time and then by id.
    pub(super) newest: (Timestamp, String),
    /// Up to when absence was looked at by our clock.
    pub(super) reached: Timestamp,
    /// What a restart would have to look at again.
    pub(super) debt: Debt,
    /// Detectors that had no state of their version in the snapshot, and began anew with it.
    pub(super) begun: BTreeSet<String>,
    /// The oldest time of an entry that did not open.
    pub(super) unread_from: Option<Timestamp>,
    /// How many entries did not open.
    pub(super) unread: u64,
    /// Whether entries that were looked at before are still to be looked at again.
    pub(super) is_behind: bool,
}

/// How an entry comes to detectors at work.
pub(super) enum Order {
    /// After all that they saw.
    InTime,
    /// Before something that they saw.
    Late,
    /// More than a day before.
    TooLate,
}

impl Working {
    /// While history is read, nothing is too late: all of it is put in its place at the end.
    pub(super) fn order(&self, key: &(Timestamp, String), is_history: bool) -> Order {
        if !is_history && key.0 < self.newest.0.plus(-LATEST) {
            Order::TooLate
        } else if *key < self.newest || key.0 < self.reached {
            // Why also what our clock passed: that it was absent was found, and is not so.
            Order::Late
        } else {
            Order::InTime
        }
    }

    /// Lets time pass by our clock, as far as it is ahead of what was seen.
    pub(super) fn reach(&mut self, at: Timestamp, found: &mut Found) {
        if at > self.newest.0.max(self.reached) {
            self.reached = at;
            found.extend(self.engine.reach(at).into_iter().map(|alert| (alert.id, alert)));
        }
    }

    fn miss(&mut self, at: Timestamp) {
        self.unread += 1;
        self.unread_from = Some(self.unread_from.map_or(at, |from| from.min(at)));
    }
}

impl App {
    /// Brings detectors without state to where they were at the newest snapshot that has nothing of `before` or later in it; leaves
    /// them as at the beginning where there is none that opens.
    pub(super) async fn restore(
        &self,
        tenant: &Tenant,
        mut engine: Engine,
        (fit, mark): (Fit, Option<Mark>),
        state: &LogState,
        before: Option<Timestamp>,
    ) -> Result<Working, Error> {
        let mut known = self.ports.store.list_log_snapshots(&tenant.id).await?;
        // Why the oldest where entries were deleted: without it the beginning of the log would be unknown.
        let oldest = known.first().filter(|_| state.kept_from.is_some()).cloned();
        known.retain(|snapshot| before.is_none_or(|before| snapshot.at < before));
        if known.is_empty() {
            known.extend(oldest);
        }
        let beginning = (Timestamp::from_micros(i64::MIN), String::new());
        let mut restored = (beginning, BTreeSet::new(), Debt::default());
        let mut is_begun = true;
        for snapshot in known.into_iter().rev() {
            if let Some(saved) = self.open_snapshot(tenant, &snapshot).await? {
                let LogSnapshotRow { at, log_id, .. } = snapshot;
                let begun = fit::restore(tenant, &mut engine, &saved);
                restored = ((at, log_id), begun, Debt::after(saved.len(), at));
                is_begun = false;
                break;
            }
        }
        if is_begun && state.kept_from.is_some() {
            // Why: what is deleted can't be found again, and is no less true.
            restored.1 = engine.detectors().map(|detector| detector.about().id.to_string()).collect();
        }
        let (newest, begun, debt) = restored;
        self.tell_engine(tenant, &mut engine, newest.0).await?;
        Ok(Working {
            engine,
            fit,
            mark,
            tagger: tenant.keys.tagger(),
            turn: state.progress.turn,
            seq: 0,
            newest,
            reached: Timestamp::from_micros(i64::MIN),
            debt,
            begun,
            unread_from: None,
            unread: 0,
            is_behind: true,
        })
    }

    /// Tells the detectors what people said, as far as it holds or held after a time: what is suppressed, and where attacks came from.
    pub(super) async fn tell_engine(
        &self,
        tenant: &Tenant,
        engine: &mut Engine,
        since: Timestamp,
    ) -> Result<(), Error> {
        engine.suppress(self.suppressions_after(tenant, since).await?);
        engine.confirm_sources(self.confirmed_sources(tenant, since).await?);
        Ok(())
    }

    /// What nobody is to be told of, as far as it holds or held after a time.
    pub(crate) async fn suppressions_after(
        &self,
        tenant: &Tenant,
        at: Timestamp,
    ) -> Result<Vec<Suppression>, Error> {
        let found = self.suppressions(tenant, at).await?;
        Ok(found.into_iter().map(|standing| standing.suppression).collect())
    }

    /// Looks at the next entries in event time, up to a time, of those before a place; returns how many there were.
    pub(super) async fn fold(
        &self,
        tenant: &Tenant,
        working: &mut Working,
        (until, before): (Timestamp, u64),
        found: &mut Found,
    ) -> Result<u64, Error> {
        let stretch = LogStretch { after: working.newest.clone(), until, before };
        let rows = self.ports.store.list_log_in_time(&tenant.id, stretch, PAGE).await?;
        let entries = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        working.is_behind = entries >= u64::from(PAGE);
        self.observe_all(tenant, working, rows, found, |working, row| {
            working.newest = (row.entry.at, row.entry.log_id.clone());
            true
        })
        .await?;
        if !working.is_behind {
            working.seq = before;
        }
        Ok(entries)
    }

    /// Shows entries to the detectors, each after `place` was told of it and where it says so.
    pub(super) async fn observe_all(
        &self,
        tenant: &Tenant,
        working: &mut Working,
        rows: Vec<LogEntryRow>,
        found: &mut Found,
        mut place: impl FnMut(&mut Working, &LogEntryRow) -> bool + Send,
    ) -> Result<(), Error> {
        let keys = Keys::of(self, tenant, &rows).await?;
        for (index, row) in rows.into_iter().enumerate() {
            if index % BREATH == BREATH - 1 {
                tokio::task::yield_now().await;
            }
            working.debt.add(row.entry.at);
            if place(working, &row) {
                self.observe(tenant, working, (&row, &keys), found)?;
            }
        }
        Ok(())
    }

    /// Shows one entry to the detectors. One that does not open is passed over and remembered: its person was erased, or it is
    /// damaged, which must not stop the watch.
    fn observe(
        &self,
        tenant: &Tenant,
        working: &mut Working,
        (row, keys): (&LogEntryRow, &Keys),
        found: &mut Found,
    ) -> Result<(), Error> {
        let Some(raw) = readable(tenant, "log entry", keys.open(tenant, row))? else {
            working.miss(row.entry.at);
            return Ok(());
        };
        let Ok(log) = LogEvent::parse(&raw, Some(row.entry.log_id.as_str().into())) else { return Ok(()) };
        let event = Event::new(row.seq, log, &working.tagger, |address| self.locate(address));
        found.extend(working.engine.observe(&event).into_iter().map(|alert| (alert.id, alert)));
        Ok(())
    }
}

/// What was opened; `None` where it can't be read, which is told where erasure is not the reason.
pub(crate) fn readable<T>(
    tenant: &Tenant,
    what: &'static str,
    opened: Result<Option<T>, Error>,
) -> Result<Option<T>, Error> {
    match opened {
        Err(Error::Internal { .. }) => {
            tracing::error!(tenant.id = %tenant.id, what, "what is stored is damaged or of an older form, and is passed over");
            Ok(None)
        }
        opened => opened,
    }
}
