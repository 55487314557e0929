//! Between integers and real numbers, and numbers as people read them.

use countersign_core::MicroLogit;

/// No constant, contribution or bias counts for more than this: 100 in log-odds, far past any score that is not 0 or 1.
pub(crate) const LIMIT_MICRO: MicroLogit = 100_000_000;

/// The real number nearest to `value`.
#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits are far more than the terms need, and rounding is the same everywhere"
)]
pub(crate) const fn real(value: i64) -> f64 {
    value as f64
}

/// The real number nearest to an unsigned `value`.
#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits are far more than the terms need, and rounding is the same everywhere"
)]
pub(crate) const fn real_unsigned(value: u64) -> f64 {
    value as f64
}

/// Thousandths as a real number.
pub(crate) fn milli(value: u32) -> f64 {
    f64::from(value) / 1000.0
}

/// The integer nearest to `value`, halves away from zero; 0 for what is not a number, clamped to ±10^15.
#[expect(clippy::cast_possible_truncation, reason = "clamped to a range where each integer is exact")]
pub(crate) fn nearest(value: f64) -> i64 {
    if value.is_nan() { 0 } else { libm::round(value.clamp(-1e15, 1e15)) as i64 }
}

/// Log-odds as integer micro-logits within ±100.
pub(crate) fn micro(logit: f64) -> MicroLogit {
    nearest(logit * 1e6).clamp(-LIMIT_MICRO, LIMIT_MICRO)
}

/// `micro` held between `lo` and `hi`, and all of them within ±100; a `hi` below `lo` wins, and nothing panics.
pub(crate) fn clip(micro: MicroLogit, lo: MicroLogit, hi: MicroLogit) -> MicroLogit {
    micro.max(lo).min(hi).clamp(-LIMIT_MICRO, LIMIT_MICRO)
}

/// A whole number with commas between thousands, such as `6,040`.
pub(crate) fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time as people say it: `41 min`, `26 h`, `12 days`.
pub(crate) fn elapsed(seconds: i64) -> String {
    match seconds {
        ..60 => "under 1 min".to_owned(),
        60..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", grouped(seconds / 86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(6_040), "6,040");
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        assert_eq!(grouped(999), "999");
        assert_eq!(elapsed(41 * 60 + 5), "41 min");
        assert_eq!(elapsed(3), "under 1 min");
        assert_eq!(elapsed(26 * 3_600), "26 h");
        assert_eq!(elapsed(12 * 86_400), "12 days");
    }

    #[test]
    fn what_is_not_a_number_counts_nothing() {
        assert_eq!(micro(f64::NAN), 0);
        assert_eq!(micro(f64::INFINITY), LIMIT_MICRO);
        assert_eq!(clip(5, 10, -10), -10);
    }
}
