//! State by key, bounded: what an attacker can invent must not push out what matters, and never another tenant's.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use countersign_core::Timestamp;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

/// What stands under a key.
pub trait Entry {
    /// How much was seen of it; what has the least is forgotten first.
    fn weight(&self) -> usize;

    /// When it was last seen; the older is forgotten first.
    fn last(&self) -> Timestamp;
}

/// A hasher for keys that are keyed hashes themselves.
#[derive(Debug, Clone, Default)]
pub struct TagHasher(u64);

impl Hasher for TagHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// At most `capacity` keys of one tenant, each with its state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table<V> {
    capacity: usize,
    evicted: u64,
    entries: HashMap<Tag, V, BuildHasherDefault<TagHasher>>,
}

impl<V: Entry> Table<V> {
    /// An empty table of at most `capacity` keys, at least 16.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(16), evicted: 0, entries: HashMap::default() }
    }

    /// The state of a key.
    #[must_use]
    pub fn get(&self, key: Tag) -> Option<&V> {
        self.entries.get(&key)
    }

    /// The state of a key that is there already.
    pub fn get_mut(&mut self, key: Tag) -> Option<&mut V> {
        self.entries.get_mut(&key)
    }

    /// The state of a key, empty at first sight. Where the table is full, an eighth of it makes room: the lightest, the longest unseen.
    pub fn entry(&mut self, key: Tag) -> &mut V
    where
        V: Default,
    {
        self.have_room_for(key);
        self.entries.entry(key).or_default()
    }

    /// Puts a state under a key; where the table is full, others make room as for [`Table::entry`].
    pub fn insert(&mut self, key: Tag, state: V) {
        self.have_room_for(key);
        self.entries.insert(key, state);
    }

    /// Takes the keys of a saved table, and keeps its own capacity.
    pub fn fill(&mut self, saved: Self) {
        (self.evicted, self.entries) = (saved.evicted, saved.entries);
        while self.entries.len() > self.capacity {
            self.make_room();
        }
    }

    /// Forgets a key.
    pub fn remove(&mut self, key: Tag) -> Option<V> {
        self.entries.remove(&key)
    }

    /// Keeps only what `keep` says.
    pub fn retain(&mut self, mut keep: impl FnMut(Tag, &mut V) -> bool) {
        self.entries.retain(|key, state| keep(*key, state));
    }

    /// Forgets the keys that were last seen before `before`.
    pub fn forget(&mut self, before: Timestamp) {
        self.entries.retain(|_, state| state.last() >= before);
    }

    /// All keys and states, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Tag, &V)> {
        self.entries.iter().map(|(key, state)| (*key, state))
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many keys were forgotten for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    fn have_room_for(&mut self, key: Tag) {
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&key) {
            self.make_room();
        }
    }

    fn make_room(&mut self) {
        let mut ranks: Vec<(usize, Timestamp, Tag)> =
            self.entries.iter().map(|(key, state)| (state.weight(), state.last(), *key)).collect();
        let room = (self.capacity / 8).max(1).min(ranks.len());
        // Why the key: which one goes must not depend on the map's own order, which a restart changes.
        ranks.select_nth_unstable(room.saturating_sub(1));
        for (_, _, key) in ranks.into_iter().take(room) {
            self.entries.remove(&key);
            self.evicted = self.evicted.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Count(usize);

    impl Entry for Count {
        fn weight(&self) -> usize {
            self.0
        }

        fn last(&self) -> Timestamp {
            Timestamp::default()
        }
    }

    #[test]
    fn what_came_once_makes_room_for_what_came_often_and_is_counted() {
        let mut table = Table::<Count>::new(1_000);
        table.entry(Tag(1)).0 = 5;
        for key in 2..200_000 {
            table.entry(Tag(key)).0 += 1;
        }
        assert_eq!(table.get(Tag(1)).map(|count| count.0), Some(5));
        assert!(table.len() <= 1_000);
        assert_eq!(u64::try_from(table.len()).unwrap() + table.evicted(), 199_999);
    }

    #[test]
    fn a_saved_table_is_taken_at_the_capacity_of_today() {
        let mut large = Table::<Count>::new(1_000);
        for key in 0..900 {
            large.entry(Tag(key)).0 = usize::try_from(key).unwrap();
        }
        let mut small = Table::new(100);
        small.fill(large.clone());
        assert!(small.len() <= 100 && small.get(Tag(899)).is_some(), "the heaviest stay");
        assert_eq!(u64::try_from(small.len()).unwrap() + small.evicted(), 900);
        let mut larger = Table::new(2_000);
        larger.fill(large);
        (900..1_500).for_each(|key| larger.entry(Tag(key)).0 = 1);
        assert_eq!((larger.len(), larger.evicted()), (1_500, 0));
    }
}
