//! Lengths of time and instants as a scenario writes them: `90s`, `2d4h`, `begin+3d`, `now-30m`.

use countersign_core::Micros;
use serde::Deserialize;

const SECOND: Micros = 1_000_000;
/// Units with their letters, longest first.
const UNITS: [(char, Micros); 4] =
    [('d', 86_400 * SECOND), ('h', 3_600 * SECOND), ('m', 60 * SECOND), ('s', SECOND)];
/// The longest length: 400 days.
const LONGEST: Micros = 400 * 86_400 * SECOND;

/// A length of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Length(pub(super) Micros);

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        length(&text).map(Self).ok_or_else(|| {
            format!("`{text}` is no length of time of at most 400 days, such as `90s`, `30m` or `2d4h`")
        })
    }
}

fn length(text: &str) -> Option<Micros> {
    let (mut sum, mut digits) = (0_i64, String::new());
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let (_, unit) = UNITS.iter().find(|(known, _)| *known == letter)?;
        let count: i64 = digits.parse().ok()?;
        sum = sum.checked_add(count.checked_mul(*unit)?)?;
        digits.clear();
    }
    (digits.is_empty() && !text.is_empty() && sum <= LONGEST).then_some(sum)
}

/// When something starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Start {
    /// So long after the history begins.
    Begin(Micros),
    /// So long after now, or before it where that is negative.
    Now(Micros),
}

impl TryFrom<String> for Start {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        start(&text).ok_or_else(|| {
            format!("`{text}` is no time; it is `begin`, `begin+2d4h`, `now-3h`, `now` or `now+30m`")
        })
    }
}

fn start(text: &str) -> Option<Start> {
    let offset = |rest: &str| match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
        _ if rest.is_empty() => Some(0),
        (Some(after), _) => length(after),
        (_, Some(before)) => length(before).map(|before| -before),
        _ => None,
    };
    if let Some(rest) = text.strip_prefix("begin") {
        return offset(rest).filter(|after| *after >= 0).map(Start::Begin);
    }
    text.strip_prefix("now").and_then(offset).map(Start::Now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Micros = 3_600 * SECOND;

    #[test]
    fn lengths_are_sums_of_units_and_have_an_end() {
        assert_eq!(length("2d4h30m5s"), Some(52 * HOUR + 1_805 * SECOND));
        assert_eq!(length("400d"), Some(LONGEST));
        for text in ["", "5", "h", "-1h", "1.5h", "1w", "401d", "99999999999999999999s", "1h 2m"] {
            assert_eq!(length(text), None, "{text}");
        }
    }

    #[test]
    fn a_start_counts_from_the_beginning_or_from_now() {
        assert_eq!(start("begin"), Some(Start::Begin(0)));
        assert_eq!(start("begin+1h"), Some(Start::Begin(HOUR)));
        assert_eq!(start("now-1h"), Some(Start::Now(-HOUR)));
        assert_eq!(start("now+1h"), Some(Start::Now(HOUR)));
        for text in ["", "begin-1h", "noon", "now1h", "1h", "now+"] {
            assert_eq!(start(text), None, "{text}");
        }
    }
}
