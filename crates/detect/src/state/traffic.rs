//! Entries of one sort within the last hour, and what is usual for them.

use std::collections::BTreeMap;

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Baseline, Norm};
use crate::{HOUR, MINUTE};

/// The slots that a trailing hour is made of.
const SLOT: Micros = 5 * MINUTE;
const SLOTS: i64 = HOUR / SLOT;

/// The hour that an instant lies in, since 1970.
#[must_use]
pub const fn hour_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(HOUR)
}

/// Entries of one sort: those of the last two or three hours by five minutes, and what is usual.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    baseline: Baseline,
    slots: BTreeMap<i64, u32>,
    flagged: Vec<i64>,
}

impl Traffic {
    /// Counts an entry. An hour is learned when the one after it has ended too, so that what comes a little late is in it; what
    /// comes later than that is left out.
    pub fn count(&mut self, at: Timestamp) {
        let slot = at.micros().div_euclid(SLOT);
        let newest = self.slots.last_key_value().map_or(slot, |(newest, _)| *newest).max(slot);
        let open = newest.div_euclid(SLOTS) - 1;
        if slot.div_euclid(SLOTS) < open {
            return;
        }
        let entry = self.slots.entry(slot).or_default();
        *entry = entry.saturating_add(1);
        while let Some(first) = self.slots.first_key_value().map(|(first, _)| first.div_euclid(SLOTS)) {
            if first >= open {
                break;
            }
            let later = self.slots.split_off(&((first + 1) * SLOTS));
            let count = std::mem::replace(&mut self.slots, later).into_values().fold(0, u32::saturating_add);
            self.baseline.close(first, count, self.flagged.contains(&first));
        }
        self.flagged.retain(|hour| *hour >= open);
    }

    /// How many there were within the hour up to `at`.
    #[must_use]
    pub fn rate(&self, at: Timestamp) -> u32 {
        let slot = at.micros().div_euclid(SLOT);
        self.slots.range(slot - SLOTS + 1..=slot).fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Says that the hour of `at` is unusual: little is learned from it.
    pub fn flag(&mut self, at: Timestamp) {
        let hour = hour_of(at);
        if !self.flagged.contains(&hour) && self.flagged.len() < 8 {
            self.flagged.push(hour);
        }
    }

    /// The most that is usual within the hour up to `at`.
    #[must_use]
    pub fn most(&self, at: Timestamp) -> Option<Norm> {
        let norms = [hour_of(at) - 1, hour_of(at)].into_iter().filter_map(|hour| self.baseline.most(hour));
        norms.max_by(|one, other| one.middle.total_cmp(&other.middle))
    }

    /// How many hours have passed from the first to that of `at`; the first may not have been learned yet.
    #[must_use]
    pub fn age(&self, at: Timestamp) -> i64 {
        let first = self.slots.first_key_value().map_or(0, |(slot, _)| slot.div_euclid(SLOTS));
        let waiting = hour_of(at).saturating_sub(first);
        if self.baseline.has_begun() { self.baseline.age(hour_of(at)) } else { waiting }
    }

    /// What is usual.
    #[must_use]
    pub const fn baseline(&self) -> &Baseline {
        &self.baseline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_learned_when_they_ended_and_late_entries_are_counted_while_they_can_be() {
        let mut traffic = Traffic::default();
        let at = |minute: i64| Timestamp::from_micros(minute * MINUTE);
        for minute in [0, 10, 59, 60, 119, 30] {
            traffic.count(at(minute));
        }
        assert_eq!((traffic.rate(at(59)), traffic.rate(at(119)), traffic.rate(at(60))), (4, 2, 4));
        assert_eq!((traffic.most(at(119)), traffic.age(at(119))), (None, 1));
        traffic.count(at(120));
        assert_eq!(traffic.most(at(120)).unwrap().middle, 4.0);
        // The first hour is closed.
        traffic.count(at(5));
        assert_eq!((traffic.rate(at(5)), traffic.age(at(120))), (0, 2));
    }

    #[test]
    fn it_is_small_however_long_it_runs() {
        let mut traffic = Traffic::default();
        for minute in 0..100_000 {
            traffic.count(Timestamp::from_micros(minute * MINUTE));
            traffic.flag(Timestamp::from_micros(minute * MINUTE));
        }
        assert!(postcard::to_allocvec(&traffic).unwrap().len() < 2_300);
    }
}
