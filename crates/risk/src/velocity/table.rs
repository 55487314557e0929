//! Values by key, with the keys in the order in which they were last touched.

use std::collections::BTreeMap;

/// Most keys of one table; the one that was quiet longest goes first. Judgement.
pub(super) const MAX_KEYS: usize = 16_384;

/// Values by key. Turns say the order of touching and no clock does, so that one that jumps makes none stay for ever.
#[derive(Debug, Clone)]
pub(crate) struct Table<V> {
    values: BTreeMap<u32, (u64, V)>,
    quiet: BTreeMap<u64, u32>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { values: BTreeMap::new(), quiet: BTreeMap::new() }
    }
}

impl<V: Default> Table<V> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn get(&self, key: u32) -> Option<&V> {
        self.values.get(&key).map(|(_, value)| value)
    }

    /// The same to change it, which is no touch.
    pub(crate) fn get_mut(&mut self, key: u32) -> Option<&mut V> {
        self.values.get_mut(&key).map(|(_, value)| value)
    }

    /// The value of a key, made where there is none; `turn` is greater than every one before.
    pub(crate) fn touch(&mut self, key: u32, turn: u64) -> &mut V {
        let (touched, value) = self.values.entry(key).or_default();
        self.quiet.remove(touched);
        *touched = turn;
        self.quiet.insert(turn, key);
        value
    }

    /// Takes out the key that was touched longest ago.
    pub(crate) fn pop(&mut self) -> Option<V> {
        let (_, key) = self.quiet.pop_first()?;
        self.values.remove(&key).map(|(_, value)| value)
    }

    /// What was touched after a turn.
    pub(crate) fn since(&self, turn: u64) -> impl Iterator<Item = (u32, &V)> {
        let keys = self.quiet.range(turn.saturating_add(1)..).map(|(_, key)| *key);
        keys.filter_map(|key| Some((key, self.get(key)?)))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.values.values().map(|(_, value)| value)
    }
}
