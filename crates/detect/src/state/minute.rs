//! Time to the minute in four bytes, for what is kept by the million.

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

/// Whole minutes since 1970 in UTC; what lies before 1970 is minute 0, what lies after the year 9999 is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Minute(u32);

impl Minute {
    /// The minute that `at` lies in.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let minutes = at.seconds().div_euclid(60).max(0);
        Self(u32::try_from(minutes).unwrap_or(u32::MAX))
    }

    /// Its beginning.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_seconds(i64::from(self.0) * 60)
    }

    /// The day that it lies in, since 1970.
    #[must_use]
    pub const fn day(self) -> u32 {
        self.0 / 1_440
    }
}
