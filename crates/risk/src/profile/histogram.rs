//! A capped histogram of hashed values.

/// No cell holds more than this (four bytes): at least four thousand sign-ins, so that a profile's size is bounded.
pub(crate) const MAX_CELL: u64 = 0xffff_ffff;

/// What can be done to a histogram of any size.
pub(crate) trait Counts {
    /// Adds `amount` under `key`; a new key in a full histogram takes the lightest cell's place if `may_evict`.
    ///
    /// Why not space-saving's rule, where the newcomer inherits that weight: a stranger would look familiar.
    fn add(&mut self, key: u32, amount: u64, may_evict: bool);

    /// Takes `amount` from under `key`, down to nothing; a cell without weight goes.
    fn remove(&mut self, key: u32, amount: u64);
}

/// At most `CAP` values with scaled weights of at most `MOST`, sorted by key, without empty cells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Histogram<const CAP: usize, const MOST: u64 = MAX_CELL>(Vec<(u32, u64)>);

impl<const CAP: usize, const MOST: u64> Histogram<CAP, MOST> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the cells are as this module leaves them; they may have come from outside.
    pub(crate) fn is_sound(&self) -> bool {
        self.0.len() <= CAP
            && self.0.iter().all(|(_, weight)| (1..=MOST).contains(weight))
            && self.0.is_sorted_by(|(a, _), (b, _)| a < b)
    }

    /// The keys held, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().map(|(key, _)| *key)
    }

    /// The keys and weights held, in order of the keys.
    pub(crate) fn cells(&self) -> &[(u32, u64)] {
        &self.0
    }

    /// Cells that come from outside, to be checked by `is_sound`.
    pub(crate) const fn from_cells(cells: Vec<(u32, u64)>) -> Self {
        Self(cells)
    }

    /// Weight under `key`; 0 when there is none.
    pub(crate) fn weight(&self, key: u32) -> u64 {
        let found = self.0.binary_search_by_key(&key, |(key, _)| *key).ok();
        found.and_then(|index| self.0.get(index)).map_or(0, |(_, weight)| *weight)
    }

    /// Weight of all cells.
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(|(_, weight)| weight).sum()
    }

    /// Number of different values held, at most `CAP`.
    pub(crate) const fn distinct(&self) -> usize {
        self.0.len()
    }

    /// Halves each weight `times` times; cells without weight go.
    pub(crate) fn halve(&mut self, times: u32) {
        for (_, weight) in &mut self.0 {
            *weight = weight.checked_shr(times).unwrap_or(0);
        }
        self.0.retain(|(_, weight)| *weight > 0);
    }
}

impl<const CAP: usize, const MOST: u64> Counts for Histogram<CAP, MOST> {
    fn add(&mut self, key: u32, amount: u64, may_evict: bool) {
        if amount == 0 {
            return;
        }
        match self.0.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(index) => {
                if let Some((_, weight)) = self.0.get_mut(index) {
                    *weight = weight.saturating_add(amount).min(MOST);
                }
            }
            Err(_) if self.0.len() >= CAP && !may_evict => {}
            Err(_) => {
                while self.0.len() >= CAP.max(1) {
                    let lightest =
                        self.0.iter().min_by_key(|(key, weight)| (*weight, *key)).map(|(key, _)| *key);
                    self.0.retain(|(key, _)| Some(*key) != lightest);
                }
                let index = self.0.partition_point(|(other, _)| *other < key);
                self.0.insert(index, (key, amount.min(MOST)));
            }
        }
    }

    fn remove(&mut self, key: u32, amount: u64) {
        if let Ok(index) = self.0.binary_search_by_key(&key, |(key, _)| *key)
            && let Some((_, weight)) = self.0.get_mut(index)
        {
            *weight = weight.saturating_sub(amount);
            if *weight == 0 {
                self.0.remove(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_histogram_gives_up_its_lightest_value_only_for_a_confirmed_one() {
        let mut histogram = Histogram::<2>::default();
        histogram.add(7, 50, true);
        histogram.add(3, 10, true);
        histogram.add(9, 20, false);
        assert_eq!((histogram.weight(9), histogram.weight(3)), (0, 10));
        histogram.add(9, 20, true);
        assert_eq!((histogram.weight(9), histogram.weight(3), histogram.weight(7)), (20, 0, 50));
        assert!(histogram.is_sound());
    }

    #[test]
    fn a_newcomer_does_not_inherit_weight() {
        let mut histogram = Histogram::<1>::default();
        histogram.add(1, 1_000, true);
        histogram.add(2, 1, true);
        assert_eq!(histogram.weight(2), 1);
    }
}
