//! What is remembered of those who came a short while ago, within bounded memory.

use std::{collections::HashMap, hash::Hash};

use parking_lot::Mutex;

/// Keys in a generation. Two are remembered; what is forgotten begins anew.
pub(super) const GENERATION: usize = 5_000;

/// Something for each key that was used a short while ago.
pub(super) struct Remembered<K, V>(Mutex<Generations<K, V>>);

struct Generations<K, V> {
    newer: HashMap<K, V>,
    older: HashMap<K, V>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Generations { newer: HashMap::new(), older: HashMap::new() }))
    }
}

impl<K: Hash + Eq + Clone, V> Remembered<K, V> {
    /// Uses what is remembered of a key, or what `new` makes, which is remembered from then on.
    pub(super) fn with<R>(&self, key: &K, new: impl FnOnce() -> V, used: impl FnOnce(&mut V) -> R) -> R {
        let mut seen = self.0.lock();
        if let Some(value) = seen.newer.get_mut(key) {
            return used(value);
        }
        if seen.newer.len() >= GENERATION {
            seen.older = std::mem::take(&mut seen.newer);
        }
        let mut value = seen.older.remove(key).unwrap_or_else(new);
        let result = used(&mut value);
        seen.newer.insert(key.clone(), value);
        result
    }

    /// Uses what is remembered of a key, and remembers nothing of one that is new.
    pub(super) fn find<R>(&self, key: &K, used: impl FnOnce(&mut V) -> R) -> Option<R> {
        let seen = &mut *self.0.lock();
        seen.newer.get_mut(key).or_else(|| seen.older.get_mut(key)).map(used)
    }

    /// Forgets a key.
    pub(super) fn forget(&self, key: &K) {
        let mut seen = self.0.lock();
        seen.newer.remove(key);
        seen.older.remove(key);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let seen = self.0.lock();
        seen.newer.len() + seen.older.len()
    }
}
