//! A token bucket, counted in time: a token is the time in which it comes back, so that nothing is ever rounded.

use std::time::Duration;

/// What a bucket holds and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    /// How many requests at once.
    pub(super) burst: u32,
    /// In which time one more may follow; zero: there is no limit.
    pub(super) interval: Duration,
}

impl Limit {
    /// So many at once, and so many in a minute.
    pub(super) const fn per_minute(burst: u32, requests: u32) -> Self {
        Self { burst, interval: Duration::from_nanos(60_000_000_000 / requests as u64) }
    }

    /// No limit.
    pub(super) const NONE: Self = Self { burst: u32::MAX, interval: Duration::ZERO };
}

/// A bucket at a time.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    limit: Limit,
    level: Duration,
    filled: Duration,
    shut_until: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn full(limit: Limit, now: Duration) -> Self {
        Self {
            limit,
            level: limit.interval.saturating_mul(limit.burst),
            filled: now,
            shut_until: Duration::ZERO,
        }
    }

    /// Fills it with what has come back since.
    pub(super) fn fill(&mut self, now: Duration) {
        self.level = self.level.saturating_add(now.saturating_sub(self.filled)).min(self.most());
        self.filled = self.filled.max(now);
    }

    /// How long until a token can be taken that leaves `kept` behind; `None`: never, by time alone.
    pub(super) fn wait(&self, kept: u32, now: Duration) -> Option<Duration> {
        let needed = self.limit.interval.saturating_mul(kept.saturating_add(1));
        if needed > self.most() {
            return None;
        }
        // A bucket that was shut begins to fill later than now.
        let lacking = match needed.saturating_sub(self.level) {
            Duration::ZERO => Duration::ZERO,
            lacking => lacking.saturating_add(self.filled.saturating_sub(now)),
        };
        Some(lacking.max(self.shut_until.saturating_sub(now)))
    }

    /// Takes a token.
    pub(super) fn take(&mut self) {
        self.level = self.level.saturating_sub(self.limit.interval);
    }

    /// Gives a token back that was not used.
    pub(super) fn give_back(&mut self) {
        self.level = self.level.saturating_add(self.limit.interval).min(self.most());
    }

    /// How many it holds when full.
    pub(super) const fn burst(&self) -> u32 {
        self.limit.burst
    }

    /// Learns that it holds fewer when full.
    pub(super) fn shrink(&mut self, burst: u32) {
        self.limit.burst = self.limit.burst.min(burst.max(1));
        self.level = self.level.min(self.most());
    }

    /// Learns that no more than so many are left.
    pub(super) fn lower(&mut self, remaining: u32) {
        self.level = self.level.min(self.limit.interval.saturating_mul(remaining));
    }

    /// Learns that so many are left at least.
    pub(super) fn raise(&mut self, remaining: u32) {
        self.level = self.level.max(self.limit.interval.saturating_mul(remaining)).min(self.most());
    }

    /// Learns that there are none, and none before then.
    pub(super) fn shut(&mut self, until: Duration) {
        self.level = Duration::ZERO;
        self.shut_until = self.shut_until.max(until);
        self.filled = self.filled.max(until.saturating_sub(self.limit.interval));
    }

    fn most(&self) -> Duration {
        self.limit.interval.saturating_mul(self.limit.burst)
    }
}
