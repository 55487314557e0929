//! Scores and log-odds as integers, so that they add up exactly and replay gives the same bytes everywhere.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A contribution to the log-odds of risk in millionths of a natural-log unit.
pub type MicroLogit = i64;

/// A risk score in [0, 1] as millionths; on the wire a number such as `0.87`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Score(u32);

impl Score {
    /// The greatest score, 1.
    pub const MAX: Self = Self(1_000_000);

    /// A score of `millionths` / 1,000,000; `None` above one.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        if millionths > 1_000_000 { None } else { Some(Self(millionths)) }
    }

    /// A score of `percent` / 100, clamped to one.
    #[must_use]
    pub const fn from_percent(percent: u8) -> Self {
        let percent = if percent > 100 { 100 } else { percent };
        Self(percent as u32 * 10_000)
    }

    /// The score in millionths, 0 to 1,000,000.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// The score as a number in [0, 1].
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1_000_000.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.as_f64())
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if !(0.0..=1.0).contains(&value) {
            return Err(de::Error::custom("a score is a number from 0 to 1"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to lie in [0, 1]"
        )]
        let millionths = (value * 1_000_000.0 + 0.5) as u32;
        Ok(Self(millionths.min(1_000_000)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_score_round_trips_through_json(millionths in 0_u32..=1_000_000) {
            let score = Score(millionths);
            let text = serde_json::to_string(&score).unwrap();
            prop_assert_eq!(serde_json::from_str::<Score>(&text).unwrap(), score);
        }
    }

    #[test]
    fn scores_outside_zero_to_one_are_refused() {
        assert!(serde_json::from_str::<Score>("1.01").is_err());
        assert!(serde_json::from_str::<Score>("-0.1").is_err());
        assert_eq!(Score::from_millionths(1_000_001), None);
    }
}
