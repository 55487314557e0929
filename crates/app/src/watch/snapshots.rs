//! Snapshots of what detectors know: so many that a restart looks at little again, and some that reach back a day and more.

use countersign_core::{Micros, Timestamp};
use countersign_store::{LogSnapshotRow, Write};

use super::work::Working;
use crate::{App, Error, Tenant};

/// Entries that a restart may have to look at again: five seconds of them at the 20,000 a second that one core does at the
/// least, opening included.
const DEBT: u64 = 100_000;

/// The youngest ages that are told apart, in microseconds.
const SHORTEST: Micros = 5 * 60 * 1_000_000;

/// What comes later than this is judged by the state as it is, in microseconds.
const LATEST: Micros = 24 * 3_600 * 1_000_000;

/// How much event time passes between two snapshots at the most, in microseconds: a quiet log has old ones, too, so that its entries
/// can be deleted when they are old enough.
const HALF_DAY: Micros = 12 * 3_600 * 1_000_000;

/// Whether a snapshot is due of what has seen entries up to `newest`, so many `since` the last one, which had seen them up to `last`.
pub(super) fn is_due(since: u64, newest: Timestamp, last: Option<Timestamp>) -> bool {
    since >= DEBT || since > 0 && last.is_none_or(|last| newest.since(last) >= HALF_DAY)
}

/// Which of the snapshots (place, newest time), oldest first, are kept at `now`: one of each age that doubles, the oldest of it, so
/// that some grow old; the newest; and one that is older than anything that may come late.
fn to_keep(snapshots: &[(u64, Timestamp)], now: Timestamp) -> Vec<u64> {
    let old = snapshots.iter().rev().find(|(_, at)| now.since(*at) >= LATEST);
    let mut kept: Vec<u64> = old.map(|(seq, _)| *seq).into_iter().collect();
    let mut last_age = None;
    for (seq, at) in snapshots.iter().filter(|(_, at)| now.since(*at) < LATEST) {
        let age = (now.since(*at).max(0) / SHORTEST).checked_ilog2();
        if last_age != Some(age) {
            kept.push(*seq);
            last_age = Some(age);
        }
    }
    kept.extend(snapshots.last().map(|(seq, _)| *seq));
    kept
}

impl App {
    /// What is to be committed to keep what the detectors know, and to forget snapshots that are not needed any more.
    pub(super) async fn snapshot_writes(
        &self,
        tenant: &Tenant,
        working: &Working,
    ) -> Result<Vec<Write>, Error> {
        let (at, log_id) = working.newest.clone();
        let state = working.engine.save();
        let mut writes = vec![Write::LogSnapshot(LogSnapshotRow { seq: working.seq, at, log_id, state })];
        let mut known = self.ports.store.list_log_snapshots(&tenant.id).await?;
        known.retain(|(seq, _)| *seq != working.seq);
        known.push((working.seq, at));
        let kept = to_keep(&known, at);
        let dropped = known.iter().map(|(seq, _)| *seq).filter(|seq| !kept.contains(seq));
        writes.extend(dropped.map(Write::DropLogSnapshot));
        Ok(writes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_kept_and_some_grow_old() {
        let minute = |minutes: i64| Timestamp::from_seconds(minutes * 60);
        let mut kept: Vec<(u64, Timestamp)> = Vec::new();
        for seq in 0..5_000 {
            let now = minute(i64::try_from(seq).unwrap());
            kept.push((seq, now));
            let keep = to_keep(&kept, now);
            kept.retain(|(seq, _)| keep.contains(seq));
            assert!(kept.len() <= 13, "{}", kept.len());
            assert_eq!(kept.last().unwrap().0, seq);
            if seq > 4_000 {
                let oldest = now.since(kept[0].1);
                assert!((LATEST..3 * LATEST).contains(&oldest), "reaches back a day: {oldest}");
            }
        }
    }
}
