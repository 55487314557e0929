//! How many entries a stream may deliver: so many a second, where one delivery is taken whole or not at all.

use std::time::Duration;

use parking_lot::Mutex;

/// The allowance of a stream.
///
/// A delivery is taken as long as less than so many seconds' worth is ahead of the clock, also one that is greater than what is left: those
/// that follow wait until it is paid off. So none is too great to be ever taken, and the rate holds all the same.
pub(super) struct Entries {
    /// The time that one entry takes of it; `None`: any number may come.
    each: Option<Duration>,
    /// How much may come at once, as the time that it takes.
    burst: Duration,
    /// Up to when it is used up, on the clock that `take` is told.
    used_to: Mutex<Duration>,
}

impl Entries {
    /// A full allowance; 0: any number.
    pub(super) fn new(per_second: u32, burst_seconds: u32) -> Self {
        Self {
            each: Duration::from_secs(1).checked_div(per_second),
            burst: Duration::from_secs(burst_seconds.into()),
            used_to: Mutex::new(Duration::ZERO),
        }
    }

    /// Takes a delivery of so many entries, or tells how long to wait before one is taken. None at all asks alone.
    pub(super) fn take(&self, entries: usize, now: Duration) -> Result<(), Duration> {
        let Some(each) = self.each else { return Ok(()) };
        let mut used_to = self.used_to.lock();
        let full_at = now.saturating_add(self.burst);
        if *used_to >= full_at {
            return Err(used_to.saturating_sub(full_at).saturating_add(each));
        }
        let entries = u32::try_from(entries).unwrap_or(u32::MAX);
        *used_to = now.max(*used_to).saturating_add(each.saturating_mul(entries));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How many deliveries of so many entries are taken, of a hundred that come at once.
    fn taken(of: &Entries, entries: usize, now: Duration) -> usize {
        (0..100).filter(|_| of.take(entries, now).is_ok()).count()
    }

    #[test]
    fn twice_the_rate_comes_at_once_and_the_rate_each_second_after() {
        let allowance = Entries::new(10, 2);
        assert_eq!(taken(&allowance, 1, SECOND), 20);
        assert_eq!(taken(&allowance, 1, SECOND * 2), 10);
        assert_eq!(taken(&allowance, 1, SECOND * 60), 20, "what was not used is not saved up");
        assert_eq!(taken(&allowance, 5, SECOND * 120), 4);
    }

    #[test]
    fn a_delivery_greater_than_the_allowance_is_taken_and_those_behind_it_wait_until_it_is_paid() {
        let allowance = Entries::new(10, 2);
        assert_eq!(allowance.take(5_000, SECOND), Ok(()));
        assert_eq!(allowance.take(5_000, SECOND), Err(Duration::from_millis(498_100)));
        assert!(allowance.take(0, SECOND * 498).is_err(), "who only asks is told so, too");
        assert_eq!(allowance.take(5_000, SECOND + Duration::from_millis(498_100)), Ok(()));
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_taken_whatever_came_before() {
        let (allowance, mut now) = (Entries::new(7, 2), SECOND);
        for entries in (1..200).map(|n| n * 37 % 101) {
            if let Err(wait) = allowance.take(entries, now) {
                now += wait;
                assert_eq!(allowance.take(entries, now), Ok(()), "{entries} after {wait:?}");
            }
        }
        let all: usize = (1..200).map(|n| n * 37 % 101).sum();
        assert!(now.as_secs_f64() > f64::from(u32::try_from(all).unwrap()) / 7.0 - 20.0, "the rate holds");
    }

    #[test]
    fn asking_takes_nothing_and_zero_is_any_number() {
        let allowance = Entries::new(1, 2);
        assert_eq!(taken(&allowance, 0, SECOND), 100);
        assert_eq!(taken(&allowance, 1, SECOND), 2);
        let any = Entries::new(0, 2);
        assert_eq!(taken(&any, usize::MAX, SECOND), 100);
        assert_eq!(
            taken(&Entries::new(u32::MAX, 2), usize::MAX, SECOND),
            100,
            "the greatest does not overflow"
        );
        assert_eq!(taken(&Entries::new(1_000_000, 2), usize::MAX, SECOND), 1);
    }
}
