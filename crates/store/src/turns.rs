//! What waits to be written, one of each tenant in turn: a flood of one holds up no other.

use std::collections::{BTreeMap, VecDeque};

/// Work by whose it is; what is of one tenant stays in order.
pub(crate) struct Turns<K, J> {
    waiting: BTreeMap<K, VecDeque<J>>,
    /// INVARIANT: the keys of `waiting`, each once; none of its lanes is empty.
    next: VecDeque<K>,
    count: usize,
}

impl<K, J> Default for Turns<K, J> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), next: VecDeque::new(), count: 0 }
    }
}

impl<K: Ord + Clone, J> Turns<K, J> {
    /// How much waits.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Whether nothing waits.
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Queues work; whether there was room. Beyond `most` a tenant still has its share: what `most` gives each of those that wait.
    pub(crate) fn push(&mut self, key: K, job: J, most: usize) -> bool {
        let own = self.waiting.get(&key).map_or(0, VecDeque::len);
        let tenants = self.waiting.len() + usize::from(own == 0);
        if self.count >= most && own >= most / tenants.max(1) {
            return false;
        }
        if own == 0 {
            self.next.push_back(key.clone());
        }
        self.waiting.entry(key).or_default().push_back(job);
        self.count += 1;
        true
    }

    /// Takes one after the other of each tenant that is free, `most` at the most.
    pub(crate) fn take(&mut self, most: usize, is_free: impl Fn(&K) -> bool) -> Vec<J> {
        let (mut taken, mut passed) = (Vec::new(), 0);
        while taken.len() < most && passed < self.next.len() {
            let Some(key) = self.next.pop_front() else { break };
            if !is_free(&key) {
                self.next.push_back(key);
                passed += 1;
                continue;
            }
            passed = 0;
            let Some(lane) = self.waiting.get_mut(&key) else { continue };
            taken.extend(lane.pop_front());
            if lane.is_empty() {
                self.waiting.remove(&key);
            } else {
                self.next.push_back(key);
            }
        }
        self.count -= taken.len();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(of: &[(&'static str, u32)]) -> Turns<&'static str, (&'static str, u32)> {
        let mut turns = Turns::default();
        for (key, count) in of {
            assert!((0..*count).all(|number| turns.push(*key, (*key, number), 1_000)));
        }
        turns
    }

    #[test]
    fn a_flood_of_one_holds_up_no_other_and_what_is_of_one_stays_in_order() {
        let mut turns = filled(&[("a", 500), ("b", 3), ("c", 1)]);
        let taken = turns.take(8, |_| true);
        let first = [("a", 0), ("b", 0), ("c", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)];
        assert_eq!(taken, first);
        assert_eq!(turns.len(), 496);
        assert_eq!(turns.take(2, |_| true), [("a", 4), ("a", 5)]);
    }

    #[test]
    fn who_is_busy_waits_and_loses_nothing() {
        let mut turns = filled(&[("a", 2), ("b", 2)]);
        assert_eq!(turns.take(10, |key| *key != "a"), [("b", 0), ("b", 1)]);
        assert!(turns.take(10, |_| false).is_empty());
        assert_eq!(turns.take(10, |_| true), [("a", 0), ("a", 1)]);
        assert!(turns.is_empty() && turns.take(10, |_| true).is_empty());
    }

    #[test]
    fn a_full_queue_still_takes_the_share_of_who_has_less() {
        let mut turns = filled(&[("a", 1_000)]);
        assert!(!turns.push("a", ("a", 1_000), 1_000));
        let room = (0..1_000).filter(|number| turns.push("b", ("b", *number), 1_000)).count();
        assert_eq!(room, 500);
        assert!(!turns.push("a", ("a", 1_001), 1_000));
    }
}
