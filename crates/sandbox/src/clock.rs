//! A clock that runs faster or slower than time.

use std::{sync::Arc, time::Duration};

use countersign_core::{Clock, Timestamp};

/// A clock that begins at a time of its own and runs `speed` times as fast as another.
pub struct FastClock {
    inner: Arc<dyn Clock>,
    began: Duration,
    from: Timestamp,
    speed: f64,
}

impl FastClock {
    /// A clock at `from` now. A speed that is no positive number counts as 1.
    #[must_use]
    pub fn new(inner: Arc<dyn Clock>, from: Timestamp, speed: f64) -> Self {
        let began = inner.monotonic();
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self { inner, began, from, speed }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let micros = self.monotonic().as_micros();
        self.from.plus(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        let elapsed = self.inner.monotonic().saturating_sub(self.began);
        Duration::try_from_secs_f64(elapsed.as_secs_f64() * self.speed).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::testing::HeldClock;

    use super::*;

    #[test]
    fn time_passes_faster_from_where_it_began() {
        let from = Timestamp::from_seconds(1_787_000_000);
        let held = Arc::new(HeldClock::at(Timestamp::from_seconds(5)));
        let fast = FastClock::new(Arc::<HeldClock>::clone(&held), from, 3_600.0);
        assert_eq!(fast.now(), from);
        held.advance(Duration::from_secs(2));
        assert_eq!(fast.now().since(from), 7_200_000_000);
    }

    #[test]
    fn a_speed_that_is_none_is_that_of_time() {
        let held = Arc::new(HeldClock::at(Timestamp::from_seconds(5)));
        let clock = FastClock::new(Arc::<HeldClock>::clone(&held), Timestamp::default(), f64::NAN);
        held.advance(Duration::from_secs(1));
        assert_eq!(clock.monotonic(), Duration::from_secs(1));
    }
}
