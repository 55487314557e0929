//! The scopes that a machine was seen to ask for, in eight characters each.

use super::{
    decay,
    histogram::{Counts, Histogram},
};
use crate::{Machine, features::digest, hash};

/// Scopes remembered one by one: two APIs' worth of what is kept of a request.
pub(super) const MAX_SCOPES: usize = 50;

/// No cell and no sum holds more than this (three bytes): at least 65,000 requests.
const MOST: u64 = 0x00ff_ffff;

/// Bytes of a cell: three of the key, three of the weight.
const CELL_BYTES: usize = 6;

/// Counts of single scopes, in sixteenths of a request on the landmark's day, with forward decay like all of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Scopes {
    cells: Histogram<MAX_SCOPES, MOST>,
    requests: u64,
}

/// How well the scopes of a request are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// Scopes that were never seen.
    pub(super) unseen: usize,
    /// Weight of the scope that was seen least, in sixteenths of a request.
    pub(super) least: u64,
}

impl Scopes {
    pub(super) const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Whether the cells are as this module leaves them; they may have come from outside.
    pub(super) fn is_sound(&self) -> bool {
        // INVARIANT: both sums were read from three bytes, or held within them.
        self.cells.is_sound() && (self.requests == 0) == self.is_empty()
    }

    /// Counts a request `days` after the landmark, if it told any scope.
    pub(super) fn add(&mut self, machine: &Machine, days: i64) {
        let amount = amount(days);
        if amount == 0 || machine.scopes.is_empty() {
            return;
        }
        self.requests = self.requests.saturating_add(amount).min(MOST);
        for key in keys(machine) {
            self.cells.add(key, amount, true);
        }
    }

    /// Takes a request back that was counted so.
    pub(super) fn remove(&mut self, machine: &Machine, days: i64) {
        let amount = amount(days);
        if machine.scopes.is_empty() {
            return;
        }
        self.requests = self.requests.saturating_sub(amount);
        for key in keys(machine) {
            self.cells.remove(key, amount);
        }
        self.settle();
    }

    pub(super) fn halve(&mut self, times: u32) {
        self.requests = self.requests.checked_shr(times).unwrap_or(0);
        self.cells.halve(times);
        self.settle();
    }

    /// Weight of the requests that told their scopes, in sixteenths of a request.
    pub(super) const fn requests(&self) -> u64 {
        self.requests
    }

    /// Weight of all scopes, and how many different ones are held.
    pub(super) fn variety(&self) -> (u64, usize) {
        (self.cells.total(), self.cells.distinct())
    }

    /// Whether a scope was ever seen.
    pub(super) fn holds(&self, scope: &str) -> bool {
        self.cells.weight(key(digest(scope).as_str())) > 0
    }

    /// How well the scopes of `machine` are known; `None` when it told none.
    pub(super) fn find(&self, machine: &Machine) -> Option<Match> {
        let weights = || keys(machine).map(|key| self.cells.weight(key));
        let unseen = weights().filter(|weight| *weight == 0).count();
        (!machine.scopes.is_empty()).then_some(())?;
        Some(Match { unseen, least: weights().min()? })
    }

    /// A cap or rounding may leave a sum without cells, or cells without a sum: neither says anything.
    fn settle(&mut self) {
        if self.requests == 0 || self.cells.is_empty() {
            *self = Self::default();
        }
    }
}

/// Sixteenths of a request that count as one, `days` after the landmark.
fn amount(days: i64) -> u64 {
    (decay::scale(days) / 4).min(MOST)
}

/// 24 bits of a scope's hash. Why so few: whoever has a client can't make scopes, so there is none to find that meets
/// a known one, and by chance one in 300,000 does.
fn key(digest: &str) -> u32 {
    hash::key(&[digest]) & 0x00ff_ffff
}

/// The keys of a request's scopes. That there were more than are kept is one of them: it can be new like any other.
fn keys(machine: &Machine) -> impl Iterator<Item = u32> + '_ {
    let more = machine.more_scopes.then(|| key("more"));
    machine.scopes.iter().map(|digest| key(digest.as_str())).chain(more)
}

impl Scopes {
    /// The sum and then each cell, key before weight, three bytes each from the most significant on; nothing without scopes.
    pub(super) fn pack(&self) -> Vec<u8> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut bytes = Vec::with_capacity(CELL_BYTES * (self.cells.distinct() + 1));
        let mut put = |value: u64| bytes.extend(value.to_be_bytes().into_iter().skip(5));
        put(self.requests);
        for (key, weight) in self.cells.cells() {
            put(u64::from(*key));
            put(*weight);
        }
        bytes
    }

    /// Reads what `pack` wrote; `None` when it is not packed so.
    pub(super) fn unpack(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<3>();
        let mut numbers = numbers.iter().map(|[a, b, c]| u32::from_be_bytes([0, *a, *b, *c]));
        let requests = u64::from(numbers.next().unwrap_or(0));
        let mut cells = Vec::with_capacity(bytes.len() / CELL_BYTES);
        while let Some(key) = numbers.next() {
            cells.push((key, u64::from(numbers.next()?)));
        }
        rest.is_empty().then(|| Self { cells: Histogram::from_cells(cells), requests })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asking(scopes: &[&str]) -> Machine {
        let mut machine = Machine::default();
        machine.ask(scopes.iter().copied());
        machine
    }

    #[test]
    fn the_packed_form_stays_as_it_is() {
        let mut scopes = Scopes::default();
        scopes.add(&asking(&["read:orders", "write:orders"]), 0);
        scopes.add(&asking(&["read:orders"]), 45);
        let packed = [0, 0, 0x30, 0x22, 0xcd, 0x1d, 0, 0, 0x10, 0xd8, 0x63, 0x43, 0, 0, 0x30];
        assert_eq!(scopes.pack(), packed);
    }

    #[test]
    fn what_is_not_packed_so_is_refused() {
        assert_eq!(Scopes::unpack(&[]), Some(Scopes::default()));
        assert_eq!(Scopes::unpack(&[0, 0, 16, 0, 0, 1]), None, "a key without a weight");
        assert_eq!(Scopes::unpack(&[0, 0, 16, 0]), None, "half a number");
        let is_sound = |packed: &[u8]| Scopes::unpack(packed).unwrap().is_sound();
        assert!(is_sound(&[0, 0, 16, 0, 0, 1, 0, 0, 16]));
        for (packed, why) in [
            (&[0, 0, 16][..], "a sum without scopes"),
            (&[0, 0, 0, 0, 0, 1, 0, 0, 16], "scopes without a sum"),
            (&[0, 0, 16, 0, 0, 1, 0, 0, 0], "an empty cell"),
            (&[0, 0, 16, 0, 0, 2, 0, 0, 16, 0, 0, 1, 0, 0, 16], "out of order"),
            (&[0, 0, 16, 0, 0, 1, 0, 0, 16, 0, 0, 1, 0, 0, 16], "twice the same"),
        ] {
            assert!(!is_sound(packed), "{why}");
        }
    }

    proptest! {
        #[test]
        fn a_request_taken_back_leaves_what_was_before(
            history in prop::collection::vec((prop::collection::vec("[a-f]", 0..4), 0..180_i64), 0..20),
            scopes in prop::collection::vec("[a-h]", 0..4), days in 0..180_i64
        ) {
            let machine = |scopes: &[String]| asking(&scopes.iter().map(String::as_str).collect::<Vec<_>>());
            let mut before = Scopes::default();
            for (scopes, days) in &history {
                before.add(&machine(scopes), *days);
            }
            let mut after = before.clone();
            after.add(&machine(&scopes), days);
            prop_assert_eq!(Scopes::unpack(&after.pack()), Some(after.clone()));
            prop_assert!(after.is_sound());
            after.remove(&machine(&scopes), days);
            prop_assert_eq!(after, before);
        }
    }
}
