//! Credentials that nobody knows: counted, and told once a minute, since anybody can send as many as they like.

use std::time::Duration;

use super::told::Fact;
use crate::{App, Error};

/// How often a count is told.
const EVERY: Duration = Duration::from_secs(60);

/// What was refused since it was last told.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    count: u64,
    since: Option<Duration>,
}

impl Refused {
    fn add(&mut self, now: Duration) {
        self.count = self.count.saturating_add(1);
        self.since.get_or_insert(now);
    }

    /// What is to be told by now.
    fn take(&mut self, now: Duration) -> Option<u64> {
        let is_due = self.since.is_some_and(|since| now.saturating_sub(since) >= EVERY);
        is_due.then(|| std::mem::take(self).count)
    }
}

impl App {
    /// Counts a credential that nobody knows.
    pub fn count_refused(&self) {
        self.access.refused.lock().add(self.ports.clock.monotonic());
    }

    /// Tells every ledger how many credentials were refused, where a minute is over since the first of them. A job calls it.
    ///
    /// # Errors
    /// `Unavailable`: what was counted is told with what follows.
    pub async fn tell_refused(&self) -> Result<(), Error> {
        let now = self.ports.clock.monotonic();
        let Some(count) = self.access.refused.lock().take(now) else { return Ok(()) };
        let text = count.to_string();
        let told =
            self.change_access(&self.everywhere(), "refused", &[Fact("count", &text)], Vec::new()).await;
        if told.is_err() {
            let mut refused = self.access.refused.lock();
            refused.count = refused.count.saturating_add(count);
            refused.since = Some(now);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_told_once_a_minute_with_its_count() {
        let mut refused = Refused::default();
        let at = Duration::from_secs;
        assert_eq!(refused.take(at(1_000)), None);
        refused.add(at(1_000));
        refused.add(at(1_030));
        assert_eq!(refused.take(at(1_059)), None);
        assert_eq!(refused.take(at(1_060)), Some(2));
        assert_eq!(refused.take(at(2_000)), None);
    }
}
