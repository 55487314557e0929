//! Forward decay: weights grow with the day they are added, instead of shrinking while they lie there.
//!
//! Cormode, Shkapenyuk, Srivastava, Xu, "Forward decay: a practical time decay model for streaming systems" (ICDE 2009).
//! An addition and its removal are then the same integer, whatever happened between them, and nothing need be touched
//! for time to pass: to read a weight is to divide it by the day's scale.

use countersign_core::Timestamp;

/// Days in which a sighting loses half of its weight; published recommendation: entries older than six months can go
/// (Wiefling et al., project site of "Pump up password security", 2022), and this leaves a sixteenth of them.
pub(crate) const HALF_LIFE_DAYS: i64 = 45;

/// Parts of a thousandth at the landmark: enough that rounding stays under one in a hundred.
const GRAIN: f64 = 64.0;

/// Integer growth of a weight added `days` after the landmark: 64 · 2^(days / 45), rounded; 0 long before it.
pub(crate) fn scale(days: i64) -> u64 {
    scale_by(days, 45)
}

/// The same with another half-life.
pub(crate) fn scale_by(days: i64, half_life_days: u32) -> u64 {
    let days = i32::try_from(days.clamp(-1_800, 1_800)).unwrap_or(0);
    let halvings = (f64::from(days) / f64::from(half_life_days.max(1))).min(40.0);
    u64::try_from(crate::number::nearest(GRAIN * libm::exp2(halvings))).unwrap_or(0)
}

/// The day of `at`, held within the years 1970 to 2286 so that a profile's size is bounded.
pub(crate) fn day(at: Timestamp) -> i64 {
    seconds(at) / 86_400
}

/// The second of `at`, held within the years 1970 to 2286 (ten digits).
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.seconds().clamp(0, 9_999_999_999)
}

/// By how many half-lives the landmark must move for `day` to lie within reach; 0 for most days.
pub(crate) fn overdue(landmark: i64, day: i64) -> u32 {
    overdue_by(landmark, day, 45)
}

/// The same with another half-life.
pub(crate) fn overdue_by(landmark: i64, day: i64, half_life_days: u32) -> u32 {
    let half_life = i64::from(half_life_days.max(1));
    let (days, reach) = (day.saturating_sub(landmark), 4 * half_life);
    if days <= reach {
        return 0;
    }
    u32::try_from((days - reach / 2) / half_life).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_halves_in_a_half_life() {
        assert_eq!(scale(0), 64);
        assert_eq!(scale(HALF_LIFE_DAYS), 128);
        assert_eq!(scale(-HALF_LIFE_DAYS), 32);
        assert_eq!(scale(i64::MIN), 0);
        assert!(scale(i64::MAX) > 0);
    }

    #[test]
    fn the_landmark_moves_seldom_and_far_enough() {
        const REACH_DAYS: i64 = 4 * HALF_LIFE_DAYS;
        assert_eq!(overdue(0, REACH_DAYS), 0);
        let moved = i64::from(overdue(0, REACH_DAYS + 1)) * HALF_LIFE_DAYS;
        assert!(moved > 0 && REACH_DAYS + 1 - moved <= 3 * HALF_LIFE_DAYS);
    }
}
