//! Snapshots of what detectors know: so many that a restart looks at little again, and some that reach back a day and more. They
//! are sealed, and written and forgotten in pieces, so that nobody who signs in waits for one.

use std::sync::Arc;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Sealed;
use countersign_store::{LogSnapshotPiece, LogSnapshotRow, Write};

use super::{
    desk::{Desk, LATEST, Working, readable},
    entry,
};
use crate::{App, Error, Lead, Tenant, leaves, subjects::PersonKey};

/// Bytes of a piece.
const PIECE: usize = 256 * 1_024;

/// Pieces that are written in one turn, read at once, or forgotten in one commit.
const PIECES: u32 = 8;

/// Entries that are looked at again at the most: five seconds of them at the 20,000 a second that one core does at the least,
/// opening included.
const MOST: u64 = 100_000;

/// Entries below which no snapshot is worth a commit.
const LEAST: u64 = 1_000;

/// Bytes of state for which an entry is looked at again: at 50 microseconds an entry and 10 nanoseconds a byte, a state is written
/// for a fifth of what it saves at the next restart alone.
const BYTES: u64 = 1_000;

/// The youngest ages that are told apart, in microseconds.
const SHORTEST: Micros = 5 * 60 * 1_000_000;

/// How much event time passes between two snapshots at the most, in microseconds: a quiet log has old ones, too, so that its entries
/// can be deleted when they are old enough.
const HALF_DAY: Micros = 12 * 3_600 * 1_000_000;

/// What would have to be looked at again without another snapshot.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Debt {
    entries: u64,
    /// The size of the last one, in bytes.
    size: u64,
    /// The newest time in the last one, else the first after it.
    since: Option<Timestamp>,
    newest: Option<Timestamp>,
}

impl Debt {
    /// None yet, after a state of this size up to `at`.
    pub(super) fn after(size: usize, at: Timestamp) -> Self {
        Self { entries: 0, size: u64::try_from(size).unwrap_or(u64::MAX), since: Some(at), newest: None }
    }

    /// Takes an entry of this time.
    pub(super) fn add(&mut self, at: Timestamp) {
        self.entries = self.entries.saturating_add(1);
        self.since = self.since.or(Some(at));
        self.newest = self.newest.max(Some(at));
    }

    /// Whether there is any.
    pub(super) const fn is_some(&self) -> bool {
        self.entries > 0
    }

    /// Whether a snapshot is due.
    pub(super) fn is_due(&self) -> bool {
        let is_old =
            self.newest.zip(self.since).is_some_and(|(newest, since)| newest.since(since) >= HALF_DAY);
        is_old || self.entries >= (self.size / BYTES).clamp(LEAST, MOST)
    }
}

/// A snapshot that is being written.
pub(super) struct Saving {
    head: LogSnapshotRow,
    key: Arc<PersonKey>,
    state: Vec<u8>,
    next: u32,
}

/// Which of the snapshots (number, newest time), oldest first, are kept at `now`: one of each age that doubles, the oldest of it, so
/// that some grow old; the newest; and one that is older than anything that may come late.
fn to_keep(snapshots: &[(u64, Timestamp)], now: Timestamp) -> Vec<u64> {
    let old = snapshots.iter().rev().find(|(_, at)| now.since(*at) >= LATEST);
    let mut kept: Vec<u64> = old.map(|(number, _)| *number).into_iter().collect();
    let mut last_age = None;
    for (number, at) in snapshots.iter().filter(|(_, at)| now.since(*at) < LATEST) {
        let age = (now.since(*at).max(0) / SHORTEST).checked_ilog2();
        if last_age != Some(age) {
            kept.push(*number);
            last_age = Some(age);
        }
    }
    kept.extend(snapshots.last().map(|(number, _)| *number));
    kept
}

/// What a piece is bound to.
fn context(tenant: &Tenant, number: u64, piece: u32) -> Vec<u8> {
    leaves::context(tenant, &format!("snapshot {number} piece {piece}"))
}

impl App {
    /// Begins to keep what detectors know now.
    pub(super) async fn begin_snapshot(
        &self,
        tenant: &Tenant,
        working: &mut Working,
    ) -> Result<Saving, Error> {
        let known = self.ports.store.list_log_snapshots(&tenant.id).await?;
        let number = known.iter().map(|snapshot| snapshot.number).max().map_or(1, |newest| newest + 1);
        let today = tenant.keys.log_day(self.ports.clock.now().days());
        let key = self.get_key(tenant, &today, None).await?;
        let state = working.engine.save();
        working.debt = Debt::after(state.len(), working.newest.0);
        let pieces = u32::try_from(state.len().div_ceil(PIECE)).unwrap_or(u32::MAX);
        let (at, log_id) = working.newest.clone();
        let head = LogSnapshotRow { number, at, log_id, pieces, key_id: key.id.clone() };
        Ok(Saving { head, key, state, next: 0 })
    }

    /// Writes the next pieces of a snapshot, or forgets some of one that is not kept any more; returns whether there is more to do,
    /// and the number of a snapshot that is complete now. What goes wrong is told and left: without a snapshot more is looked at
    /// again, and nothing is wrong.
    pub(super) async fn go_on_saving(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        desk: &mut Desk,
    ) -> (bool, Option<u64>) {
        let saving = desk.saving.take();
        let done = match saving {
            Some(saving) => self.save_more(tenant, lead, desk, saving).await,
            None if desk.is_swept => return (false, None),
            None => self.sweep(tenant, lead, desk).await.map(|()| None),
        };
        let done = done.unwrap_or_else(|error| {
            tracing::warn!(tenant.id = %tenant.id, %error, detail = error.detail(), "a snapshot of what detectors know was not kept");
            desk.is_swept = true;
            None
        });
        (desk.saving.is_some() || !desk.is_swept, done)
    }

    async fn save_more(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        desk: &mut Desk,
        mut saving: Saving,
    ) -> Result<Option<u64>, Error> {
        let until = saving.next.saturating_add(PIECES).min(saving.head.pieces);
        for piece in saving.next..until {
            let (from, number) = (usize::try_from(piece).unwrap_or(usize::MAX) * PIECE, saving.head.number);
            let rest = saving.state.get(from..).unwrap_or_default();
            let bytes = rest.get(..PIECE).unwrap_or(rest);
            let context = context(tenant, number, piece);
            let sealed = Sealed::seal(&saving.key.key, &context, bytes, self.ports.entropy.as_ref());
            let sealed = sealed.map_err(Error::internal)?.as_bytes().to_vec();
            let write = Write::LogSnapshotPiece(LogSnapshotPiece { number, piece, sealed });
            self.commit_watch(tenant, lead, vec![write]).await?;
        }
        saving.next = until;
        if until < saving.head.pieces {
            desk.saving = Some(saving);
            return Ok(None);
        }
        let (number, now) = (saving.head.number, saving.head.at);
        let known = self.ports.store.list_log_snapshots(&tenant.id).await?;
        // Why not those that are newer: they lack what came late, and are forgotten at the end of its replay.
        let known = known.iter().map(|snapshot| (snapshot.number, snapshot.at)).filter(|(_, at)| *at <= now);
        let known: Vec<_> = known.chain([(number, now)]).collect();
        let kept = to_keep(&known, now);
        let dropped = known.iter().map(|(number, _)| *number).filter(|number| !kept.contains(number));
        let mut writes: Vec<Write> = dropped.map(Write::DropLogSnapshot).collect();
        desk.is_swept = writes.is_empty();
        writes.push(Write::LogSnapshot(saving.head));
        self.commit_watch(tenant, lead, writes).await?;
        Ok(Some(number))
    }

    /// Forgets some pieces of snapshots that are not there.
    async fn sweep(&self, tenant: &Tenant, lead: &Lead, desk: &mut Desk) -> Result<(), Error> {
        match self.ports.store.find_log_snapshot_rest(&tenant.id).await? {
            Some(number) => {
                let write = Write::DropLogSnapshotPieces { number, most: PIECES };
                self.commit_watch(tenant, lead, vec![write]).await
            }
            None => {
                desk.is_swept = true;
                Ok(())
            }
        }
    }

    /// What detectors knew; `None` where it does not open any more.
    pub(super) async fn open_snapshot(
        &self,
        tenant: &Tenant,
        snapshot: &LogSnapshotRow,
    ) -> Result<Option<Vec<u8>>, Error> {
        let LogSnapshotRow { number, pieces, key_id, .. } = snapshot;
        let Some(key) = self.key_named(tenant, key_id).await? else { return Ok(None) };
        let mut state = Vec::new();
        for from in (0..*pieces).step_by(usize::try_from(PIECES).unwrap_or(1)) {
            let limit = PIECES.min(pieces - from);
            let found = self.ports.store.list_log_snapshot_pieces(&tenant.id, *number, from, limit).await?;
            for (piece, found) in
                (from..from + limit).zip(found.iter().map(Some).chain(std::iter::repeat(None)))
            {
                let Some(found) = found.filter(|found| found.piece == piece) else { return Ok(None) };
                let opened = entry::unseal(&found.sealed, &key, &context(tenant, *number, piece)).map(Some);
                let Some(bytes) = readable(tenant, "snapshot", opened)? else { return Ok(None) };
                state.extend(bytes);
            }
        }
        Ok(Some(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_kept_and_some_grow_old() {
        let minute = |minutes: i64| Timestamp::from_seconds(minutes * 60);
        let mut kept: Vec<(u64, Timestamp)> = Vec::new();
        for number in 0..5_000 {
            let now = minute(i64::try_from(number).unwrap());
            kept.push((number, now));
            let keep = to_keep(&kept, now);
            kept.retain(|(number, _)| keep.contains(number));
            assert!(kept.len() <= 13, "{}", kept.len());
            assert_eq!(kept.last().unwrap().0, number);
            if number > 4_000 {
                let oldest = now.since(kept[0].1);
                assert!((LATEST..3 * LATEST).contains(&oldest), "reaches back a day: {oldest}");
            }
        }
    }

    #[test]
    fn a_snapshot_is_due_by_what_it_saves_and_what_it_costs() {
        for (size, due) in [(0, 1_000), (5_000_000, 5_000), (usize::MAX, 100_000)] {
            let mut debt = Debt::after(size, Timestamp::default());
            (1..due).for_each(|_| debt.add(Timestamp::default()));
            assert!(!debt.is_due(), "{size}");
            debt.add(Timestamp::default());
            assert!(debt.is_due(), "{size}");
        }
    }

    #[test]
    fn a_quiet_log_has_old_snapshots_too() {
        let at = |hours: i64| Timestamp::from_seconds(hours * 3_600);
        for mut debt in [Debt::after(5_000_000, at(0)), Debt::default()] {
            [0, 3, 11].into_iter().for_each(|hours| debt.add(at(hours)));
            assert!(!debt.is_due() && debt.is_some());
            debt.add(at(12));
            assert!(debt.is_due());
        }
    }
}
