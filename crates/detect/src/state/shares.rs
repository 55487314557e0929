//! How common a value is among the people who sign in.

use countersign_core::Timestamp;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{Door, Entry, Minute, Table};
use crate::Event;

/// Counts the people whom each value comes with, each once a day, the older the less.
///
/// Why people: one account that signs in again and again would make its tool as common as a browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shares {
    total: u32,
    /// Who came with what today. A pair that is forgotten among 30,000 others and comes again is counted twice: who signs in so
    /// seldom makes nothing common.
    today: Door,
    counts: Table<Count>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Count {
    count: u32,
    last: Timestamp,
}

impl Entry for Count {
    fn weight(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    fn last(&self) -> Timestamp {
        self.last
    }
}

/// How many values are counted.
const VALUES: usize = 1_024;

/// From how many on shares are told.
const ENOUGH: u32 = 200;

/// At how many all counts are halved.
const MOST: u32 = 100_000;

impl Default for Shares {
    fn default() -> Self {
        Self { total: 0, today: Door::default(), counts: Table::new(VALUES) }
    }
}

impl Shares {
    /// Takes the TLS fingerprint that somebody signed in with.
    pub fn learn(&mut self, event: &Event<'_>) {
        if let (Some(fingerprint), Some(who)) = (event.tags.fingerprint, event.tags.identity) {
            self.see(fingerprint, who, event.at());
        }
    }

    /// Takes a value that `who` came with.
    pub fn see(&mut self, value: Tag, who: Tag, at: Timestamp) {
        let day = u64::from(Minute::of(at).day()).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if self.today.admit(Tag(value.0.rotate_left(23) ^ who.0 ^ day)) {
            return;
        }
        let seen = self.counts.entry(value);
        seen.count = seen.count.saturating_add(1);
        seen.last = seen.last.max(at);
        self.total = self.total.saturating_add(1);
        if self.total >= MOST {
            self.counts.retain(|_, seen| {
                seen.count /= 2;
                seen.count > 0
            });
            self.total = self.counts.iter().map(|(_, seen)| seen.count).sum();
        }
    }

    /// The share of `value`, 0 to 1; `None` while fewer than 200 were counted.
    #[must_use]
    pub fn of(&self, value: Tag) -> Option<f64> {
        let count = self.counts.get(value).map_or(0, |seen| seen.count);
        (self.total >= ENOUGH).then(|| f64::from(count) / f64::from(self.total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DAY;

    /// A tag as a keyed hash gives it.
    fn tag(n: u64) -> Tag {
        let mixed = (n ^ (n >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Tag((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9))
    }

    #[test]
    fn shares_are_told_once_there_are_enough_and_the_old_fade() {
        let (mut shares, at) = (Shares::default(), Timestamp::default());
        (0..199).for_each(|n| shares.see(tag(1), tag(n), at));
        assert_eq!(shares.of(tag(1)), None);
        shares.see(tag(2), tag(0), at);
        assert_eq!((shares.of(tag(1)), shares.of(tag(3))), (Some(0.995), Some(0.0)));
        (0..200_000).for_each(|n| shares.see(tag(3), tag(n), at));
        assert!(shares.of(tag(3)).is_some_and(|share| share > 0.99));
    }

    #[test]
    fn one_who_comes_again_and_again_counts_once_a_day() {
        let mut shares = Shares::default();
        let on = |day: i64| Timestamp::default().plus(day * DAY);
        for day in 0..2 {
            (0..100_000).for_each(|n| shares.see(tag(n % 2), tag(n % 2 * (n % 997)), on(day)));
        }
        assert!(shares.of(tag(0)).is_some_and(|share| (0.0005..0.003).contains(&share)), "{shares:?}");
    }
}
