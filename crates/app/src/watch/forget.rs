//! Retention of the journal: entries go by age once nothing needs them, and then the keys of days under which nothing is left.

use std::collections::BTreeMap;

use countersign_core::{IdKind, Micros, SubjectId, Timestamp};
use countersign_detect::{DAY, HOUR};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, Old, SubjectKeyRow, Write};

use super::{desk::Working, ingest::AHEAD};
use crate::{App, Error, Lead, Tenant, access::Job, leaves::Draft};

/// Entries deleted in one transaction.
const BATCH: u32 = 256;

/// How long an entry stays after it came, however old it is: Auth0 sends again what it could not deliver for seven days, and an
/// entry that is not there any more would be taken for a new one.
const REPEATED: Micros = 8 * DAY;

/// What is younger may be looked at again by a replay.
const REPLAYED: Micros = 2 * DAY;

/// So many days back, keys of days are looked for.
const DAYS: i64 = 4_000;

impl App {
    /// Deletes a batch of entries that happened before `oldest_kept`, as far as the detectors need them no more; once there are
    /// none left, what could not be read, and then keys of days. Returns how much that was.
    pub(crate) async fn forget_log(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        (oldest_kept, days): (Timestamp, u32),
    ) -> Result<u64, Error> {
        let entries = self.forget_entries(tenant, lead, (oldest_kept, days)).await?;
        if entries > 0 {
            return Ok(entries);
        }
        let rejects = self.forget_old(tenant, lead, (Old::Rejects(oldest_kept), "rejects"), days).await?;
        if rejects > 0 {
            return Ok(rejects);
        }
        self.forget_days(tenant, oldest_kept).await
    }

    async fn forget_entries(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        (oldest_kept, days): (Timestamp, u32),
    ) -> Result<u64, Error> {
        let (store, now) = (&self.ports.store, self.ports.clock.now());
        self.keep_silent_log(tenant, lead).await?;
        // Why the newest of those: a restart begins at a snapshot, and so does a replay of what came late.
        let snapshots = store.list_log_snapshots(&tenant.id).await?;
        let state = store.get_log_state(&tenant.id).await?;
        // Why not one that lacks what came late: it is not there any more after the next replay.
        let is_settled = |at: Timestamp| {
            now.since(at) >= REPLAYED && state.progress.late_from.is_none_or(|late_from| at < late_from)
        };
        let Some(settled) = snapshots.iter().map(|snapshot| snapshot.at).rfind(|at| is_settled(*at)) else {
            return Ok(0);
        };
        // Why a whole hour: the batches of one turn are about the same time. The newest entry of the snapshot is in it.
        let before = whole_hour(oldest_kept).min(settled.plus(1));
        let old = Old::Log { before, arrived: now.plus(-REPEATED), place: state.progress.worked };
        let count = store.count_old(&tenant.id, old, BATCH).await?;
        if count == 0 {
            return Ok(0);
        }
        let stale = snapshots.iter().filter(|snapshot| snapshot.at < settled);
        let mut writes: Vec<Write> = stale.map(|snapshot| Write::DropLogSnapshot(snapshot.number)).collect();
        writes.push(Write::Forget { old, most: BATCH });
        let mut leaves = Vec::new();
        // Why not for each batch: a busy log would fill the ledger with them. The first says what the others are about, too.
        if state.kept_from.is_none_or(|kept_from| kept_from < before) {
            let id = self.make_id(IdKind::Record)?;
            let draft = Draft::new(&id, now, Kind::Administration)
                .fact("change", &"retention")
                .fact("records", &"log")
                .fact("days", &days)
                .fact("before", &before);
            leaves.push(Self::public_leaf(tenant, draft)?);
        }
        let commit = Commit { fence: lead.fence(), leaves, writes, ..Commit::background(tenant.id.clone()) };
        Ok(if self.is_committed(commit).await? { count } else { 0 })
    }

    /// Keeps what the detectors know of a log that is silent, which takes no snapshots by itself.
    async fn keep_silent_log(&self, tenant: &Tenant, lead: &Lead) -> Result<(), Error> {
        let mut desk = tenant.watch.desk.lock().await;
        let state = self.ports.store.get_log_state(&tenant.id).await?;
        let is_open = self.history(tenant).await?.is_open();
        let is_idle =
            !is_open && state.progress.late_from.is_none() && desk.saving.is_none() && desk.replay.is_none();
        let is_due = |at_work: &&mut Working| {
            let is_there = at_work.turn == state.progress.turn && !at_work.is_behind;
            let is_silent = self.ports.clock.now().since(at_work.newest.0) >= REPLAYED;
            is_there && is_silent && at_work.debt.is_some()
        };
        let Some(at_work) = desk.working.as_mut().filter(is_due).filter(|_| is_idle) else { return Ok(()) };
        desk.saving = Some(self.begin_snapshot(tenant, at_work).await?);
        while desk.saving.is_some() {
            self.go_on_saving(tenant, lead, &mut desk).await;
        }
        Ok(())
    }

    /// Destroys the keys of days under which nothing is left: then no backup of the records can be read either. What people
    /// wrote when they closed an incident of such a day is gone with it; that they did stays on record.
    async fn forget_days(&self, tenant: &Tenant, oldest_kept: Timestamp) -> Result<u64, Error> {
        let until = self.ports.clock.now().plus(-REPEATED).min(oldest_kept).plus(-AHEAD).days();
        let days: BTreeMap<SubjectId, i64> =
            (until - DAYS..until).map(|day| (tenant.keys.log_day(day), day)).collect();
        let found = self.ports.store.find_subject_keys(&tenant.id, days.keys().cloned().collect()).await?;
        let mut count = 0;
        for (subject, key) in found {
            let day = days.get(&subject).copied().unwrap_or(until);
            count += u64::from(self.forget_day(tenant, (subject, key), day).await?);
        }
        Ok(count)
    }

    async fn forget_day(
        &self,
        tenant: &Tenant,
        (subject, key): (SubjectId, SubjectKeyRow),
        day: i64,
    ) -> Result<bool, Error> {
        // Why: an alert about that day which is just being found may be sealed under it.
        let _at_rest = tenant.watch.at_rest().await;
        // An entry that came on this day may have been dated ahead.
        let until = Timestamp::from_micros((day + 1).saturating_mul(DAY)).plus(AHEAD);
        if self.ports.store.is_key_used(&tenant.id, &key.key_id, until).await? {
            return Ok(false);
        }
        self.record_erasure(
            tenant,
            &Job::Retention.caller(),
            std::slice::from_ref(&subject),
            &[(&subject, key.clone())],
        )
        .await?;
        self.destroy_key(tenant, &subject, &key.key_id).await?;
        Ok(true)
    }
}

fn whole_hour(at: Timestamp) -> Timestamp {
    at.plus(-at.micros().rem_euclid(HOUR))
}
