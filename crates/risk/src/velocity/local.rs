//! The counts of one process, in memory.

use std::collections::BTreeMap;

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Count, Counts, Window,
    crowd::{Crowd, Sight},
    table::{MAX_KEYS, Table},
};

/// Most sights of one count, over all keys: at 8 bytes each, with room to grow, 2 MiB. The key that was quiet longest goes first.
pub(super) const MAX_SIGHTS: usize = 131_072;

/// Bytes that one count takes at the most.
pub(super) const COUNT_BYTES: usize = 5 << 20;

/// Bytes that the networks take at the most.
const NETWORK_BYTES: usize = 3 << 19;

/// Bytes that all of them take at the most, when all are flooded: 81.5 MiB.
pub const MAX_COUNTS_BYTES: usize = Count::ALL.len() * COUNT_BYTES + NETWORK_BYTES;

/// Counts in the memory of one process, forgotten by a restart.
///
/// **Exactness**: with fewer than 128 accounts noted with a key since the time began, what [`Counts::others`] tells is exact. With
/// more it is an estimate without bias to speak of, whose standard error is at most an eighth of it (12.5 %), up to some 131,000
/// accounts; beyond, it tells too few. **Memory**: at most 16,384 keys, 131,072 sights and 5 MiB a count, [`MAX_COUNTS_BYTES`] with
/// all of them and the networks. Whoever fills it with noise can make it forget quiet keys. **Clocks**: one that jumps back and one that jumps
/// ahead lose no key; what was noted ahead counts as of the next note of its key after the clock was set right.
#[derive(Debug, Clone, Default)]
pub struct LocalCounts {
    tallies: BTreeMap<Count, Tally>,
    networks: Table<Membership>,
    salt: u64,
    turn: u64,
}

/// The network that a block was last seen in, by when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Membership {
    second: u32,
    network: u32,
}

/// Up to which note a process has told others what it counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark(u64);

/// What one process counted, for others to merge: whole keys, with hashes alone.
///
/// Merging is commutative, associative and idempotent as long as no key gives way to a bound. It makes sense between processes whose
/// counts have one salt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delta {
    /// By count and key: seconds since 1970, and accounts.
    counts: BTreeMap<Count, BTreeMap<u32, Vec<(u32, u32)>>>,
    /// By block: the second since 1970, and the network.
    networks: BTreeMap<u32, (u32, u32)>,
}

impl LocalCounts {
    /// Counts whose samples nobody can foresee who does not know the salt.
    #[must_use]
    pub fn salted(salt: u64) -> Self {
        Self { salt, ..Self::default() }
    }

    /// Where what is counted now ends.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        Mark(self.turn)
    }

    /// The keys that changed after a mark; all of them after `Mark::default()`.
    #[must_use]
    pub fn since(&self, mark: Mark) -> Delta {
        let sights = |crowd: &Crowd| {
            crowd.thinned(self.salt).sights().map(|sight| (sight.second, sight.account)).collect()
        };
        let keys = |tally: &Tally| -> BTreeMap<_, _> {
            tally.crowds.since(mark.0).map(|(key, crowd)| (key, sights(crowd))).collect()
        };
        let counts = self.tallies.iter().map(|(of, tally)| (*of, keys(tally)));
        let networks = self.networks.since(mark.0);
        Delta {
            counts: counts.filter(|(_, keys)| !keys.is_empty()).collect(),
            networks: networks.map(|(block, known)| (block, (known.second, known.network))).collect(),
        }
    }

    /// Takes in what another process counted. What was known already changes nothing, so that two processes that tell each other
    /// everything come to rest.
    pub fn merge(&mut self, delta: &Delta) {
        for (of, keys) in &delta.counts {
            let tally = self.tallies.entry(*of).or_default();
            for (key, sights) in keys {
                self.turn += 1;
                tally.merge(*key, sights, self.turn, self.salt);
            }
        }
        for (block, (second, network)) in &delta.networks {
            let told = Membership { second: *second, network: *network };
            if self.networks.get(*block).is_none_or(|known| *known < told) {
                self.set_network(*block, told);
            }
        }
    }

    fn set_network(&mut self, block: u32, told: Membership) {
        self.turn += 1;
        *self.networks.touch(block, self.turn) = told;
        if self.networks.len() > MAX_KEYS {
            self.networks.pop();
        }
    }

    /// Bytes on the heap, as far as lists and entries make them up.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let of = |tally: &Tally| -> usize {
            let lists = tally.crowds.values().map(|crowd| crowd.capacity() * size_of::<Sight>());
            lists.sum::<usize>() + tally.crowds.len() * ENTRY
        };
        self.tallies.values().map(of).sum::<usize>() + self.network_bytes()
    }

    #[cfg(test)]
    pub(super) fn network_bytes(&self) -> usize {
        self.networks.len() * ENTRY
    }

    #[cfg(test)]
    pub(super) fn keys(&self, of: Count) -> usize {
        self.tallies.get(&of).map_or(0, |tally| tally.crowds.len())
    }
}

/// Bytes of a table's entry in its two trees, whose nodes may be less than half full.
#[cfg(test)]
const ENTRY: usize = 12 * (size_of::<(u32, u64, Crowd)>() + size_of::<(u64, u32)>()) / 5;

impl Counts for LocalCounts {
    fn others(&self, of: Count, key: u32, own: u32, window: Window, at: Timestamp) -> u32 {
        let crowd = self.tallies.get(&of).and_then(|tally| tally.crowds.get(key));
        crowd.map_or(0, |crowd| crowd.others(own, at.seconds(), window.seconds(), self.salt))
    }

    fn note(&mut self, of: Count, key: u32, account: u32, at: Timestamp) {
        self.turn += 1;
        let sight = Sight { second: second(at), account };
        self.tallies.entry(of).or_default().note(key, sight, self.turn, self.salt);
    }

    fn forget(&mut self, of: Count, key: u32, account: u32) {
        if let Some(tally) = self.tallies.get_mut(&of) {
            tally.forget(key, account);
        }
    }

    fn network(&self, block: u32) -> Option<u32> {
        self.networks.get(block).map(|known| known.network)
    }

    fn learn(&mut self, block: u32, network: u32, at: Timestamp) {
        self.set_network(block, Membership { second: second(at), network });
    }
}

/// Seconds since 1970, from then to 2106; what lies beyond counts as the end of it.
fn second(at: Timestamp) -> u32 {
    u32::try_from(at.seconds().max(0)).unwrap_or(u32::MAX)
}

/// One count: a crowd a key, bounded in all.
#[derive(Debug, Clone, Default)]
struct Tally {
    crowds: Table<Crowd>,
    sights: usize,
}

impl Tally {
    fn note(&mut self, key: u32, sight: Sight, turn: u64, salt: u64) {
        let crowd = self.crowds.touch(key, turn);
        let before = crowd.len();
        crowd.note(sight, salt);
        self.sights = self.sights + crowd.len() - before;
        self.bound();
    }

    fn forget(&mut self, key: u32, account: u32) {
        if let Some(crowd) = self.crowds.get_mut(key) {
            let before = crowd.len();
            crowd.forget(account);
            self.sights = self.sights + crowd.len() - before;
        }
    }

    fn merge(&mut self, key: u32, sights: &[(u32, u32)], turn: u64, salt: u64) {
        let before = self.crowds.get(key).map_or(0, Crowd::len);
        let known = self.crowds.get(key).map(|crowd| crowd.thinned(salt)).unwrap_or_default();
        let mut merged = known.clone();
        for (second, account) in sights {
            merged.join(Sight { second: *second, account: *account }, salt);
        }
        let merged = merged.thinned(salt);
        if known == merged {
            return;
        }
        self.sights = self.sights + merged.len() - before;
        *self.crowds.touch(key, turn) = merged;
        self.bound();
    }

    /// Lets quiet keys go. The one that was just touched stays: it holds at most some 1,440 sights.
    fn bound(&mut self) {
        while self.crowds.len() > MAX_KEYS || self.sights > MAX_SIGHTS {
            let Some(crowd) = self.crowds.pop() else { return };
            self.sights = self.sights.saturating_sub(crowd.len());
        }
    }
}
