//! Capped counts of one feature.

use std::collections::BTreeMap;

/// At most `most` values with scaled weights, and the weight of all that were counted, held or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    cells: BTreeMap<u32, u64>,
    total: u64,
    most: usize,
}

impl Table {
    pub(super) const fn new(most: usize) -> Self {
        Self { cells: BTreeMap::new(), total: 0, most }
    }

    pub(super) fn weight(&self, key: u32) -> u64 {
        self.cells.get(&key).copied().unwrap_or(0)
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn distinct(&self) -> usize {
        self.cells.len()
    }

    /// Adds `amount` under `key`; a new value in a full table takes the lightest one's place if it is as heavy.
    pub(super) fn add(&mut self, key: u32, amount: u64) {
        self.total = self.total.saturating_add(amount);
        if let Some(weight) = self.cells.get_mut(&key) {
            *weight = weight.saturating_add(amount);
            return;
        }
        if self.cells.len() >= self.most {
            let lightest = self.cells.iter().min_by_key(|(key, weight)| (**weight, **key));
            match lightest.map(|(key, weight)| (*key, *weight)) {
                Some((lightest, weight)) if weight <= amount => self.cells.remove(&lightest),
                _ => return,
            };
        }
        self.cells.insert(key, amount);
    }

    /// Takes `amount` from under `key`, down to nothing.
    pub(super) fn remove(&mut self, key: u32, amount: u64) {
        self.total = self.total.saturating_sub(amount);
        if let Some(weight) = self.cells.get_mut(&key) {
            *weight = weight.saturating_sub(amount);
            if *weight == 0 {
                self.cells.remove(&key);
            }
        }
    }

    /// Halves each weight `times` times.
    pub(super) fn halve(&mut self, times: u32) {
        self.total = self.total.checked_shr(times).unwrap_or(0);
        self.cells.retain(|_, weight| {
            *weight = weight.checked_shr(times).unwrap_or(0);
            *weight > 0
        });
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.cells.len() * 24
    }
}
