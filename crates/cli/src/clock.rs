//! The system's clock and randomness: the only place that reads them.

use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::rand;
use countersign_core::{Clock, Entropy, EntropyError, Timestamp};

/// The system's clock.
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock whose monotonic time begins now.
    #[expect(clippy::disallowed_methods, reason = "this is where the clock that everyone takes comes from")]
    pub fn start() -> Self {
        // Why: an hour of head start, so that subtracting a budget never meets zero.
        let now = Instant::now();
        Self(now.checked_sub(Duration::from_secs(3_600)).unwrap_or(now))
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock that everyone takes comes from")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The operating system's randomness.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is where the entropy that everyone takes comes from")]
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        rand::fill(buffer).map_err(|_| EntropyError)
    }
}
