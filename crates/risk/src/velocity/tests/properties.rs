//! What holds for whatever is noted, whenever and in whichever order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::velocity::crowd::KEPT;

/// What the counters must come to: every sight, for ever.
#[derive(Default)]
struct Exact(BTreeMap<(Count, u32), BTreeMap<u32, i64>>, BTreeMap<u32, u32>);

impl Counts for Exact {
    fn others(&self, of: Count, key: u32, own: u32, window: Window, at: Timestamp) -> u32 {
        let seen = self.0.get(&(of, key)).into_iter().flatten();
        let recent = seen.filter(|(account, second)| {
            **account != own && at.seconds() - **second < i64::from(window.seconds())
        });
        u32::try_from(recent.count()).unwrap()
    }

    fn note(&mut self, of: Count, key: u32, account: u32, at: Timestamp) {
        let second = self.0.entry((of, key)).or_default().entry(account).or_insert(i64::MIN);
        *second = at.seconds().max(*second);
    }

    fn forget(&mut self, of: Count, key: u32, account: u32) {
        if let Some(seen) = self.0.get_mut(&(of, key)) {
            seen.remove(&account);
        }
    }

    fn network(&self, block: u32) -> Option<u32> {
        self.1.get(&block).copied()
    }

    fn learn(&mut self, block: u32, network: u32, _: Timestamp) {
        self.1.insert(block, network);
    }
}

/// Counts of what was noted with a few keys, and what each note was.
fn noted(notes: &[(u32, u32, i64)]) -> LocalCounts {
    let mut counts = LocalCounts::salted(7);
    for (key, account, second) in notes {
        counts.note(Count::SuccessesByJa4, *key, *account, at(*second));
        counts.learn(*key, *account, at(*second));
    }
    counts
}

fn any_notes() -> impl Strategy<Value = Vec<(u32, u32, i64)>> {
    prop::collection::vec((0..2_u32, 0..3_000_u32, 0..DAY), 0..600)
}

fn all(counts: &LocalCounts) -> Delta {
    counts.since(Mark::default())
}

proptest! {
    #[test]
    fn any_order_and_number_of_sights_is_counted_within_bounds(
        steps in prop::collection::vec((any::<u32>(), 0..3_u32, any::<i64>()), 0..200), now in any::<i64>()
    ) {
        let mut velocity = Velocity::default();
        for (account, block, micros) in &steps {
            velocity.note(&sign_up(*account, *block), Timestamp::from_micros(*micros));
        }
        let readings = velocity.read(&sign_up(0, 0), Timestamp::from_micros(now));
        prop_assert!(readings.block_hour <= readings.block_day && usize::from(readings.block_day) <= 2 * steps.len());
    }

    #[test]
    fn a_few_are_counted_as_if_nothing_was_ever_forgotten(
        notes in prop::collection::vec((0..3_u32, 0..40_u32, -DAY..0), 0..127), own in 0..40_u32, now in -DAY..0
    ) {
        let (mut counts, mut exact) = (LocalCounts::default(), Exact::default());
        for (key, account, second) in notes.iter().filter(|(_, _, second)| *second <= now) {
            counts.note(Count::FailuresByJa4, *key, *account, at(*second));
            exact.note(Count::FailuresByJa4, *key, *account, at(*second));
        }
        for (window, key) in Window::ALL.into_iter().flat_map(|window| (0..3).map(move |key| (window, key))) {
            let [ours, theirs] = [&counts as &dyn Counts, &exact]
                .map(|counts| counts.others(Count::FailuresByJa4, key, own, window, at(now)));
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn the_order_of_notes_does_not_matter(mut notes in any_notes()) {
        notes.iter_mut().for_each(|(_, _, second)| *second /= 2);
        let before = all(&noted(&notes)).clone();
        notes.reverse();
        let after = noted(&notes);
        let sights = |delta: &Delta| serde_json::to_value(delta).unwrap()["counts"].clone();
        prop_assert_eq!(sights(&all(&after)), sights(&before));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_is_commutative_associative_and_idempotent(one in any_notes(), two in any_notes(), three in any_notes()) {
        let [one, two, three] = [one, two, three].map(|notes| noted(&notes));
        let merged = |left: &LocalCounts, right: &LocalCounts| {
            let mut left = left.clone();
            left.merge(&all(right));
            left
        };
        prop_assert_eq!(all(&merged(&one, &two)), all(&merged(&two, &one)));
        let (left, right) = (merged(&merged(&one, &two), &three), merged(&one, &merged(&two, &three)));
        prop_assert_eq!(all(&left), all(&right));
        prop_assert_eq!(all(&merged(&left, &one)), all(&left));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Five times the standard error of at most an eighth is never passed.
    #[test]
    fn many_are_estimated_within_the_error_in_each_window(salt in any::<u64>(), many in prop_oneof![1 => Just(100_000), 4 => 128..20_000_u32], spread in 0..DAY) {
        let (mut counts, mut exact) = (LocalCounts::salted(salt), Exact::default());
        for account in 0..many {
            let then = at(i64::from(account) * spread / i64::from(many) - spread);
            counts.note(Count::FailuresByNetwork, 7, account, then);
            exact.note(Count::FailuresByNetwork, 7, account, then);
        }
        for window in Window::ALL {
            let [ours, theirs] = [&counts as &dyn Counts, &exact]
                .map(|counts| counts.others(Count::FailuresByNetwork, 7, u32::MAX, window, at(0)));
            let error = ours.abs_diff(theirs);
            prop_assert!(if usize::try_from(theirs).unwrap() < KEPT { error == 0 } else { error <= theirs / 8 * 5 },
                "{} in place of {} in {:?}", ours, theirs, window);
        }
    }
}

#[test]
fn the_standard_error_is_an_eighth_at_the_most() {
    for many in [128_u32, 1_000, 5_000] {
        let errors = (0..40).map(|salt| {
            let mut counts = LocalCounts::salted(salt);
            (0..many).for_each(|account| counts.note(Count::SignUpsByBlock, 7, account, at(0)));
            let told = counts.others(Count::SignUpsByBlock, 7, u32::MAX, Window::Minute, at(0));
            (f64::from(told) / f64::from(many) - 1.0).powi(2)
        });
        let error = (errors.sum::<f64>() / 40.0).sqrt();
        assert!(error < 0.125, "{error} of {many}");
    }
}
