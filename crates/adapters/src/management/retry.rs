//! Whether and when a request is sent again. Pure.

use std::time::Duration;

use countersign_app::management::Lane;
use countersign_core::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How often a request is sent again; what keeps somebody out once, since whoever does puts it off by itself, and tells why.
const MOST: u32 = 3;
const MOST_OF_CONTAINMENT: u32 = 1;

/// The first wait where the answer names none; it doubles.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait. What asks for more is told to whoever asked.
pub(super) const LONGEST: Duration = Duration::from_secs(60);
const LONGEST_OF_CONTAINMENT: Duration = Duration::from_secs(2);

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Send it again after so long.
    Again(Duration),
    /// Give up.
    Stop,
}

/// Decides after the `attempt`-th time, counted from 0. `named` is how long the answer asks to wait; `chance` is evenly spread
/// from 0 to `u32::MAX`.
pub(super) fn next(lane: Lane, attempt: u32, named: Option<Duration>, chance: u32) -> Next {
    let (most, longest) = match lane {
        Lane::Containment => (MOST_OF_CONTAINMENT, LONGEST_OF_CONTAINMENT),
        Lane::Interactive | Lane::Bulk => (MOST, LONGEST),
    };
    if attempt >= most || named.is_some_and(|named| named > longest) {
        return Next::Stop;
    }
    let grown = FIRST.saturating_mul(1 << attempt.min(6)).min(longest);
    // Half of it is certain and half is chance, so that what failed together does not come back together.
    let part = |whole: Duration| whole.mul_f64(f64::from(chance) / f64::from(u32::MAX));
    Next::Again(match named {
        Some(named) => named.saturating_add(part(FIRST / 4)),
        None => grown / 2 + part(grown / 2),
    })
}

/// How long an answer asks to wait: by `Retry-After` in seconds or as a date, else by `x-ratelimit-reset` in Unix seconds.
pub(crate) fn named(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let until = |seconds: i64| {
        let micros = Timestamp::from_seconds(seconds).since(now);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    };
    let after = text(RETRY_AFTER.as_str()).and_then(|after| match after.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => jiff::fmt::rfc2822::parse(after).ok().map(|date| until(date.timestamp().as_second())),
    });
    after.or_else(|| text("x-ratelimit-reset").and_then(|reset| reset.parse::<i64>().ok()).map(until))
}

/// A whole number in a header.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(784_111_770);

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        named(&headers.collect(), NOW)
    }

    #[test]
    fn each_form_of_the_headers_is_read_and_retry_after_goes_first() {
        assert_eq!(
            wait(&[("retry-after", "7"), ("x-ratelimit-reset", "784111799")]),
            Some(Duration::from_secs(7))
        );
        assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[("x-ratelimit-reset", "784111799")]), Some(Duration::from_secs(29)));
        assert_eq!(wait(&[("x-ratelimit-reset", "1")]), Some(Duration::ZERO));
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[]), None);
    }

    proptest! {
        #[test]
        fn waits_grow_and_stay_within_bounds(attempt in 0_u32..10, chance: u32, named in proptest::option::of(0_u64..200)) {
            let named = named.map(Duration::from_secs);
            for lane in Lane::ALL {
                let (most, longest) = match lane {
                    Lane::Containment => (1, Duration::from_secs(2)),
                    Lane::Interactive | Lane::Bulk => (3, Duration::from_secs(60)),
                };
                match next(lane, attempt, named, chance) {
                    Next::Stop => prop_assert!(attempt >= most || named > Some(longest)),
                    Next::Again(wait) => {
                        prop_assert!(attempt < most && wait >= named.unwrap_or(FIRST / 2));
                        prop_assert!(wait <= longest + FIRST);
                    }
                }
            }
        }
    }
}
