//! The breaker: what went wrong lets nothing go by itself until a person says so.

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

/// How many runs that failed or halted trip it.
pub const FAILURES: usize = 2;

/// Within what time they do.
pub const WINDOW: Micros = 24 * 60 * 60 * 1_000_000;

/// Why and when it tripped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case", deny_unknown_fields)]
pub enum Tripped {
    /// Runs failed or halted.
    Failures {
        /// When the last did.
        at: Timestamp,
    },
    /// Somebody reported harm.
    Harm {
        /// When.
        at: Timestamp,
    },
}

/// A tenant's breaker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// When the last runs failed or halted since a person closed it, the newest last.
    failures: Vec<Timestamp>,
    tripped: Option<Tripped>,
}

impl Breaker {
    /// Whether nothing goes by itself.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.tripped.is_some()
    }

    /// Why and when it tripped, while it is open.
    #[must_use]
    pub const fn tripped(&self) -> Option<Tripped> {
        self.tripped
    }

    /// A run failed or halted.
    #[must_use]
    pub fn failed(mut self, at: Timestamp) -> Self {
        self.failures.push(at);
        self.failures.sort_unstable();
        let from = self.failures.len().saturating_sub(FAILURES);
        self.failures.drain(..from);
        let span = self.failures.last().zip(self.failures.first()).map(|(last, first)| last.since(*first));
        if self.failures.len() >= FAILURES && span.is_some_and(|span| span <= WINDOW) {
            self.tripped = self.tripped.or(Some(Tripped::Failures { at }));
        }
        self
    }

    /// Somebody reported that a run did harm.
    #[must_use]
    pub fn harmed(mut self, at: Timestamp) -> Self {
        self.tripped = self.tripped.or(Some(Tripped::Harm { at }));
        self
    }

    /// A person closes it; what went wrong before counts no more.
    #[must_use]
    pub fn closed(self) -> Self {
        Self::default()
    }
}
