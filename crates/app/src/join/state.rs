//! What this process remembers of joining: how often it joined how, and whose wrong passwords it has told of.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{SubjectId, Timestamp};
use countersign_store::JoinHow;
use parking_lot::Mutex;

/// Wrong passwords of one person that are told of in one hour; a profile keeps as many one by one.
const MOST_FAILURES: u8 = 16;

/// The most people whose wrong passwords are counted at once; beyond them nothing is told for the rest of the hour.
const MOST_PEOPLE: usize = 100_000;

const HOUR: i64 = 3_600 * 1_000_000;

/// Hours back that are looked at once more when a process begins.
const LATE: i64 = 6;

/// How often sign-ins of the log were joined how, final ones alone.
pub type JoinCounts = BTreeMap<JoinHow, u64>;

/// Joining in this process.
#[derive(Default)]
pub(crate) struct Joining {
    /// Held while entries are joined.
    pub(super) turn: tokio::sync::Mutex<()>,
    counts: Mutex<JoinCounts>,
    failures: Mutex<Failures>,
    /// Hours with sign-ins without a decision that were not told of; `None` before the first turn.
    untold: Mutex<Option<BTreeSet<i64>>>,
}

#[derive(Default)]
struct Failures {
    hour: i64,
    of: BTreeMap<SubjectId, u8>,
}

impl Joining {
    /// Takes the hours that are to be told of. At first those of late: the process before may have ended before it told of them.
    pub(super) fn take_untold(&self, now: Timestamp) -> BTreeSet<i64> {
        let hour = now.micros().div_euclid(HOUR);
        self.untold.lock().replace(BTreeSet::new()).unwrap_or_else(|| (hour - LATE..=hour).collect())
    }

    /// Keeps hours that could not be told of.
    pub(super) fn keep_untold(&self, hours: BTreeSet<i64>) {
        self.untold.lock().get_or_insert_default().extend(hours);
    }

    pub(super) fn count(&self, how: JoinHow) {
        *self.counts.lock().entry(how).or_default() += 1;
    }

    /// What was counted since the last call.
    pub(crate) fn take_counts(&self) -> JoinCounts {
        std::mem::take(&mut *self.counts.lock())
    }

    /// Whether a wrong password of a person is told of: anyone can type one, and each would be a leaf.
    pub(super) fn may_fail(&self, subject: &SubjectId, at: Timestamp) -> bool {
        let mut failures = self.failures.lock();
        let hour = at.micros().div_euclid(HOUR);
        if hour > failures.hour {
            *failures = Failures { hour, of: BTreeMap::new() };
        }
        if failures.of.len() >= MOST_PEOPLE && !failures.of.contains_key(subject) {
            return false;
        }
        let count = failures.of.entry(subject.clone()).or_default();
        *count = count.saturating_add(1);
        *count <= MOST_FAILURES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_passwords_of_one_person_are_told_of_sixteen_times_an_hour() {
        let joining = Joining::default();
        let [one, other] = ["sub_00000001", "sub_00000002"].map(|id| id.parse::<SubjectId>().unwrap());
        let at = |seconds| Timestamp::from_seconds(1_787_212_800 + seconds);
        let told = |subject: &SubjectId, from: i64| {
            (0..40).filter(|n| joining.may_fail(subject, at(from + n))).count()
        };
        assert_eq!((told(&one, 0), told(&one, 1_000), told(&other, 0)), (16, 0, 16));
        assert_eq!(told(&one, 3_600), 16);
    }
}
