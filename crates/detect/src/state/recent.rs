//! The newest entries of one key in the order of event time, as many as a threshold needs.

use std::collections::VecDeque;

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Seq;

/// One entry that was seen, with what the detector keeps of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen<T = ()> {
    /// When it happened.
    pub at: Timestamp,
    /// Which entry it was.
    pub seq: Seq,
    /// What is kept of it.
    pub what: T,
}

/// At most `capacity` entries of at most `span`, in the order of time; those of one time in the order in which they came, so that a
/// replay gives the same whatever their places in the journal.
///
/// Exact for thresholds up to its capacity in any order of arrival; an entry that is older than all of a full window is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recent<T = ()>(VecDeque<Seen<T>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Recent<T> {
    /// Puts an entry in its place, then forgets what is more than `span` older than the newest, and the oldest beyond `capacity`.
    pub fn insert(&mut self, seen: Seen<T>, span: Micros, capacity: usize) {
        let after = self.0.iter().rposition(|other| other.at <= seen.at).map_or(0, |index| index + 1);
        self.0.insert(after, seen);
        let newest = self.0.back().map_or(Timestamp::default(), |last| last.at);
        while self.0.len() > capacity || self.0.front().is_some_and(|first| newest.since(first.at) > span) {
            self.0.pop_front();
        }
    }

    /// Takes out the oldest entry that `is_it` holds of.
    pub fn take(&mut self, is_it: impl Fn(&T) -> bool) -> Option<Seen<T>> {
        let index = self.0.iter().position(|seen| is_it(&seen.what))?;
        self.0.remove(index)
    }

    /// The entries within `span` up to and including `at`, oldest first.
    pub fn within(&self, at: Timestamp, span: Micros) -> impl DoubleEndedIterator<Item = &Seen<T>> {
        self.0.iter().filter(move |seen| (0..=span).contains(&at.since(seen.at)))
    }

    /// All entries, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Seen<T>> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The newest.
    #[must_use]
    pub fn newest(&self) -> Option<&Seen<T>> {
        self.0.back()
    }

    /// Forgets what is older than `before`, and gives back the room.
    pub fn forget(&mut self, before: Timestamp) {
        while self.0.front().is_some_and(|first| first.at < before) {
            self.0.pop_front();
        }
        if self.0.len() < self.0.capacity() / 4 {
            self.0.shrink_to_fit();
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<T: Ord + Clone> Recent<T> {
    /// How many different values stand within `span` up to `at`.
    #[must_use]
    pub fn distinct(&self, at: Timestamp, span: Micros) -> usize {
        let mut values: Vec<&T> = self.within(at, span).map(|seen| &seen.what).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    }
}
