//! What a setting was before: its newest few values in the order of event time.

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Entry, Recent, Seen};
use crate::Seq;

/// How many values are kept: enough to put one that comes late between its neighbors.
const KEPT: usize = 8;

/// The values of one setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History<T>(Recent<T>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(Recent::default())
    }
}

impl<T> History<T> {
    /// The value just before `at`; that of the same time where there is one.
    #[must_use]
    pub fn before(&self, at: Timestamp) -> Option<&T> {
        self.0.iter().rev().find(|seen| seen.at <= at).map(|seen| &seen.what)
    }

    /// Puts a value in its place.
    pub fn set(&mut self, at: Timestamp, seq: Seq, what: T) {
        self.0.insert(Seen { at, seq, what }, Micros::MAX, KEPT);
    }

    /// The newest value.
    #[must_use]
    pub fn newest(&self) -> Option<&T> {
        self.0.newest().map(|seen| &seen.what)
    }
}

impl<T> Entry for History<T> {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Timestamp {
        self.0.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_comes_late_stands_between_its_neighbors() {
        let mut history = History::default();
        let at = Timestamp::from_seconds;
        assert_eq!(history.before(at(0)), None);
        for second in [10, 30, 20] {
            history.set(at(second), 1, second);
        }
        assert_eq!(history.before(at(9)), None);
        assert_eq!((history.before(at(25)), history.before(at(30))), (Some(&20), Some(&30)));
        for second in 40..60 {
            history.set(at(second), 1, second);
        }
        assert_eq!((history.weight(), history.newest(), history.before(at(30))), (KEPT, Some(&59), None));
    }
}
