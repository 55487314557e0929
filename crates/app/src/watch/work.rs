//! Looking at what was journaled: in the order of arrival, alerts and the place reached in one commit.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use countersign_auth0::log::LogEvent;
use countersign_core::{Micros, Timestamp};
use countersign_detect::{Alert, AlertId, Engine, Event, Place, Suppression};
use countersign_privacy::Tagger;
use countersign_store::{Commit, LogEntryRow, LogSnapshotRow, LogState, SnapshotOf, StoreError, Write};

use super::{
    entry,
    fit::{self, Fit, Mark},
    snapshots,
};
use crate::{App, Error, Lead, Tenant};

/// Entries that are looked at between two commits, and between two looks at whether the process is to end.
const BATCH: u32 = 256;

/// How far behind the wall clock event time follows it while nothing comes: what is on its way may still come in order.
const BEHIND: Micros = 5 * 60 * 1_000_000;

/// What one turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Worked {
    /// Entries that were looked at for the first time.
    pub entries: u64,
    /// Alerts that are new or have grown.
    pub alerts: u64,
    /// Whether something came late, so that a replay is due.
    pub is_late: bool,
}

/// Detectors at work, and up to where they have seen the journal.
pub(super) struct Working {
    pub(super) engine: Engine,
    /// What the engine was made by.
    pub(super) fit: Fit,
    /// Since when; `None` until that is committed a first time.
    pub(super) mark: Option<Mark>,
    pub(super) tagger: Tagger,
    /// Entries before this place are in it.
    pub(super) seq: u64,
    /// The newest entry that is in it, by event time and then by id.
    pub(super) newest: (Timestamp, String),
    /// Entries that a restart would have to look at again.
    pub(super) since_snapshot: u64,
    /// When the last replay ended, on the monotonic clock, and how long it took.
    pub(super) replayed: Option<(Duration, Duration)>,
}

impl App {
    /// Looks at the next entries of a tenant's journal; call it until it says 0 entries.
    ///
    /// # Errors
    /// `Unavailable` and `Internal`: what was looked at is looked at again.
    pub async fn watch_next(&self, tenant: &Tenant, lead: &Lead) -> Result<Worked, Error> {
        let mut working = tenant.watch.working.lock().await;
        let result = self.work(tenant, lead, &mut working).await;
        if result.is_err() {
            // Why: what the detectors saw and what was committed may differ now.
            *working = None;
        }
        result
    }

    async fn work(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        working: &mut Option<Working>,
    ) -> Result<Worked, Error> {
        let state = self.ports.store.get_log_state(&tenant.id).await?;
        let at_work = match working {
            Some(at_work) if at_work.seq == state.worked => at_work,
            _ => working.insert(self.begin(tenant, &state).await?),
        };
        let refitted = self.refit(tenant, at_work).await?;
        at_work.engine.suppress(self.standing_suppressions(tenant).await?);
        let rows = self.ports.store.list_log(&tenant.id, at_work.seq, BATCH).await?;
        let entries = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let mut found = BTreeMap::new();
        let mut late_from = state.late_from;
        if rows.is_empty() {
            let idle = at_work.engine.reach(self.ports.clock.now().plus(-BEHIND));
            found.extend(idle.into_iter().map(|alert| (alert.id, alert)));
        } else {
            late_from = self.look(tenant, at_work, rows, late_from, &mut found).await?;
        }
        let worked = Worked { entries, alerts: count(&found), is_late: late_from.is_some() };
        let mut writes = self.alert_writes(tenant, &at_work.engine, found.into_values(), &[]).await?;
        writes.extend(refitted);
        if entries > 0 {
            writes.push(Write::LogWorked { expected: state.worked, worked: at_work.seq, late_from });
        }
        if late_from.is_none() && snapshots::is_due(at_work.since_snapshot) {
            writes.extend(self.snapshot_writes(tenant, at_work).await?);
            at_work.since_snapshot = 0;
        }
        if !writes.is_empty() {
            self.commit_watch(tenant, lead, writes).await?;
        }
        Ok(worked)
    }

    /// What nobody is to be told of now.
    pub(super) async fn standing_suppressions(&self, tenant: &Tenant) -> Result<Vec<Suppression>, Error> {
        Ok(self.suppressions(tenant).await?.into_iter().map(|(_, suppression)| suppression).collect())
    }

    /// Takes the newest snapshot, and what was looked at since.
    async fn begin(&self, tenant: &Tenant, state: &LogState) -> Result<Working, Error> {
        let snapshot = self.ports.store.find_log_snapshot(&tenant.id, SnapshotOf::Newest).await?;
        let mark = self.mark(tenant).await?;
        let fit = self.fit_of(tenant, mark.as_ref()).await?;
        let mut working = Self::restore(tenant, (fit, mark), snapshot)?;
        while working.seq < state.worked {
            let left = u32::try_from(state.worked - working.seq).unwrap_or(u32::MAX);
            let rows = self.ports.store.list_log(&tenant.id, working.seq, BATCH.min(left)).await?;
            if rows.is_empty() {
                working.seq = state.worked;
                break;
            }
            self.look(tenant, &mut working, rows, None, &mut BTreeMap::new()).await?;
        }
        Ok(working)
    }

    /// Detectors as they were at a snapshot; without one, as at the beginning.
    pub(super) fn restore(
        tenant: &Tenant,
        (fit, mark): (Fit, Option<Mark>),
        snapshot: Option<LogSnapshotRow>,
    ) -> Result<Working, Error> {
        let tagger = tenant.keys.tagger();
        let mut engine = fit::engine(tenant, &fit)?;
        let mut working = (0, (Timestamp::from_micros(i64::MIN), String::new()));
        if let Some(LogSnapshotRow { seq, at, log_id, state }) = snapshot {
            fit::restore(tenant, &mut engine, &state);
            working = (seq, (at, log_id));
        }
        let (seq, newest) = working;
        Ok(Working { engine, fit, mark, tagger, seq, newest, since_snapshot: 0, replayed: None })
    }

    /// Looks at rows that follow what was seen in the order of arrival; says the oldest time of what came late.
    async fn look(
        &self,
        tenant: &Tenant,
        working: &mut Working,
        rows: Vec<LogEntryRow>,
        mut late_from: Option<Timestamp>,
        found: &mut BTreeMap<AlertId, Alert>,
    ) -> Result<Option<Timestamp>, Error> {
        let after = rows.last().map_or(working.seq, |row| row.seq + 1);
        let mut rows = rows;
        // Why: what arrives together and out of order is put in order, and is not late.
        rows.sort_by(|one, other| {
            (one.entry.at, &one.entry.log_id).cmp(&(other.entry.at, &other.entry.log_id))
        });
        working.since_snapshot += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        for row in rows {
            let key = (row.entry.at, row.entry.log_id.clone());
            if key < working.newest {
                late_from = Some(late_from.map_or(key.0, |from| from.min(key.0)));
            } else {
                working.newest = key;
            }
            self.observe(tenant, working, &row, found).await?;
        }
        working.seq = after;
        Ok(late_from)
    }

    /// Shows one entry to the detectors; one whose person was erased is passed over.
    pub(super) async fn observe(
        &self,
        tenant: &Tenant,
        working: &mut Working,
        row: &LogEntryRow,
        found: &mut BTreeMap<AlertId, Alert>,
    ) -> Result<(), Error> {
        let Some(raw) = self.open_entry(tenant, row).await? else { return Ok(()) };
        let Ok(log) = LogEvent::parse(&raw, Some(row.entry.log_id.as_str().into())) else { return Ok(()) };
        let event = Event::new(row.seq, log, &working.tagger, |address| self.locate(address));
        found.extend(working.engine.observe(&event).into_iter().map(|alert| (alert.id, alert)));
        Ok(())
    }

    /// Where an address is. Nothing but the log itself says so yet.
    #[expect(
        clippy::unused_self,
        reason = "the place of a look into reference data that the operator supplies"
    )]
    const fn locate(&self, _: IpAddr) -> Option<Place> {
        None
    }

    /// What an entry says; `None` when its person was erased.
    pub(super) async fn open_entry(
        &self,
        tenant: &Tenant,
        row: &LogEntryRow,
    ) -> Result<Option<String>, Error> {
        entry::open(self, tenant, &row.entry.log_id, (&row.entry.key_id, &row.entry.sealed)).await
    }

    /// Commits what watching came to, if this process still leads.
    pub(super) async fn commit_watch(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        writes: Vec<Write>,
    ) -> Result<(), Error> {
        let commit = Commit { fence: lead.fence(), writes, ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale | StoreError::Fenced) => {
                Err(Error::Unavailable { detail: "another process watches this log".to_owned() })
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn count(found: &BTreeMap<AlertId, Alert>) -> u64 {
    u64::try_from(found.len()).unwrap_or(u64::MAX)
}
