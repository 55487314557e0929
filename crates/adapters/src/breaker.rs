//! The circuit breaker: a service that fails again and again is left alone for a while.

use std::time::Duration;

/// Failures in a row after which it is left alone.
const MOST: u32 = 5;

/// How long it is left alone.
const PAUSE: Duration = Duration::from_secs(30);

/// Counts failures in a row; times are on the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    paused_until: Option<Duration>,
}

impl Breaker {
    /// Whether a request may be sent: always, but for a pause, after which one a pause is, until one is answered.
    pub(crate) fn admits(&mut self, now: Duration) -> bool {
        match self.paused_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                self.paused_until = Some(now + PAUSE);
                true
            }
        }
    }

    /// A request was answered, in whatever words.
    pub(crate) fn answered(&mut self) {
        *self = Self::default();
    }

    /// A request failed.
    pub(crate) fn failed(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= MOST {
            self.paused_until = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);

    fn failed(times: u32) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..times {
            breaker.failed(NOW);
        }
        breaker
    }

    #[test]
    fn four_failures_do_not_pause_and_five_do() {
        assert!(failed(MOST - 1).admits(NOW));
        assert!(!failed(MOST).admits(NOW));
        assert!(!failed(MOST).admits(NOW + PAUSE - Duration::from_micros(1)));
    }

    #[test]
    fn an_answer_between_failures_begins_the_count_anew() {
        let mut breaker = failed(MOST - 1);
        breaker.answered();
        breaker.failed(NOW);
        assert!(breaker.admits(NOW));
    }

    #[test]
    fn after_the_pause_one_request_is_tried_and_its_answer_ends_the_pause() {
        let mut breaker = failed(MOST);
        let later = NOW + PAUSE;
        assert!(breaker.admits(later) && !breaker.admits(later));
        breaker.failed(later);
        assert!(!breaker.admits(later + PAUSE / 2), "paused again by one failure");
        assert!(breaker.admits(later + PAUSE));
        breaker.answered();
        assert!(breaker.admits(later + PAUSE) && breaker.admits(later + PAUSE));
    }
}
