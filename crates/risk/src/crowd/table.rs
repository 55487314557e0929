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

    /// Adds `amount` under `key`; a full table first gives up the lightest eighth of its values.
    pub(super) fn add(&mut self, key: u32, amount: u64) {
        if amount == 0 {
            return;
        }
        self.total = self.total.saturating_add(amount);
        if let Some(weight) = self.cells.get_mut(&key) {
            *weight = weight.saturating_add(amount);
            return;
        }
        if self.cells.len() >= self.most {
            self.thin();
        }
        self.cells.insert(key, amount);
    }

    /// Why an eighth at once: to look for the lightest at each new value costs more than all the rest.
    fn thin(&mut self) {
        let mut order: Vec<(u64, u32)> = self.cells.iter().map(|(key, weight)| (*weight, *key)).collect();
        let lightest = self.most / 8 + 1;
        if lightest < order.len() {
            order.select_nth_unstable(lightest);
        }
        for (_, key) in order.iter().take(lightest) {
            self.cells.remove(key);
        }
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
}
