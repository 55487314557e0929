//! How common a value is among a tenant's logins.

use countersign_core::Timestamp;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{Entry, Table};

/// Counts how often each value comes, the older the less.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shares {
    total: u32,
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
        Self { total: 0, counts: Table::new(VALUES) }
    }
}

impl Shares {
    /// Takes a value.
    pub fn see(&mut self, value: Tag, at: Timestamp) {
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

    /// The share of `value`, 0 to 1; `None` while fewer than 200 were seen.
    #[must_use]
    pub fn of(&self, value: Tag) -> Option<f64> {
        let count = self.counts.get(value).map_or(0, |seen| seen.count);
        (self.total >= ENOUGH).then(|| f64::from(count) / f64::from(self.total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_once_there_are_enough_and_the_old_fade() {
        let (mut shares, at) = (Shares::default(), Timestamp::default());
        (0..199).for_each(|_| shares.see(Tag(1), at));
        assert_eq!(shares.of(Tag(1)), None);
        shares.see(Tag(2), at);
        assert_eq!((shares.of(Tag(1)), shares.of(Tag(3))), (Some(0.995), Some(0.0)));
        (0..200_000).for_each(|_| shares.see(Tag(3), at));
        assert!(shares.of(Tag(3)).is_some_and(|share| share > 0.99));
    }
}
