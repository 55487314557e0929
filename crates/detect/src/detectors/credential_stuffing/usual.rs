//! What is usual at an hour of the week, and which share of accounts fails at any time.

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    super::measure::{number, share},
    hour::{Hour, number_of},
};
use crate::state::Baseline;

/// The hours from which on what is usual is known, and an hour teaches no more than one deviation above it.
///
/// Why: whoever stays just below the threshold from week to week would raise it, by half each time.
const SETTLED: i64 = 28 * 24;

/// How much an hour counts for the usual share that lies one hour further back: half after four weeks.
const DECAY: f64 = 0.999;

/// How many accounts must be known before the usual share says something.
const ENOUGH: f64 = 200.0;

/// What is usual.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Usual {
    hours: Baseline,
    failed: f64,
    all: f64,
    evicted: u64,
}

impl Usual {
    /// Takes the hour in, and the empty ones up to the one of `now`, and begins that one.
    pub(super) fn learn(&mut self, hour: &mut Hour, now: Timestamp) {
        let (begun, ended) = (number_of(now), hour.number());
        if ended > i64::MIN {
            let count = u32::try_from(hour.users()).unwrap_or(u32::MAX);
            let learned = count.min(self.teaches(ended));
            self.failed = self.failed * DECAY + f64::from(learned);
            self.all = self.all * DECAY + f64::from(learned) + number(hour.insiders());
            self.hours.close(ended, learned, hour.is_flagged());
            if begun - 1 > ended {
                self.hours.close(begun - 1, 0, false);
            }
        }
        self.evicted = self.evicted.saturating_add(hour.evicted());
        *hour = Hour::new(begun);
    }

    /// The most that the hour may teach.
    fn teaches(&self, hour: i64) -> u32 {
        let norm = self.hours.most(hour).filter(|_| self.hours.age(hour) >= SETTLED);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and a norm is no less than 0"
        )]
        norm.map_or(u32::MAX, |norm| (norm.middle + norm.scale).ceil() as u32)
    }

    /// How many sources were forgotten for want of room, this hour's among them.
    pub(super) const fn evicted(&self, hour: &Hour) -> u64 {
        self.evicted.saturating_add(hour.evicted())
    }

    /// What is usual at the hour and `sigmas` deviations more; 0 while nothing is known.
    pub(super) fn limit(&self, hour: i64, sigmas: f64) -> f64 {
        self.hours.most(hour).map_or(0.0, |norm| norm.middle + sigmas * norm.scale)
    }

    /// By how much the share of accounts that failed exceeds the usual one; `None` while that is not known.
    pub(super) fn rise(&self, hour: &Hour) -> Option<f64> {
        let now = share(hour.users(), hour.users().saturating_add(hour.insiders()));
        // Why a floor: where nobody ever fails, one failure is no rise. Why a ceiling: where everybody fails, no share can rise.
        let usual = (self.failed / self.all.max(1.0)).clamp(0.02, 0.6);
        (self.all >= ENOUGH).then(|| now / usual)
    }
}
