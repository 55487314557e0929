//! What arrives of a tenant's logs: counted, and told apart by id. Nothing of an entry is kept.
//!
//! It says whether the stream lives, and no more: what is delivered while this process is down, or twice to two processes, is
//! seen by the tenant's own log alone.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use countersign_auth0::log::{Entry, Unread};
use countersign_core::Timestamp;
use parking_lot::Mutex;

use crate::{App, Tenant};

/// Ids that a repeated delivery is known by: some hours of a busy tenant's log.
const REMEMBERED: usize = 100_000;

/// What became of the entries of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Entries that were new.
    pub taken: u64,
    /// Entries that had come before.
    pub repeated: u64,
    /// Entries that could not be read.
    pub unread: u64,
}

/// What is known of a tenant's log stream since this process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamState {
    /// All deliveries together.
    pub delivered: Delivered,
    /// When the newest of the entries happened, by Auth0's clock; `None` before the first.
    pub newest: Option<Timestamp>,
    /// When something last came, on the monotonic clock; `None` before the first delivery.
    pub last: Option<Duration>,
}

#[derive(Default)]
struct Seen {
    state: StreamState,
    ids: HashSet<String>,
    order: VecDeque<String>,
}

/// Counts one tenant's deliveries.
#[derive(Default)]
pub(crate) struct LogWatch(Mutex<Seen>);

impl LogWatch {
    fn take(&self, entries: Vec<Result<Entry, Unread>>, now: Duration, latest: Timestamp) -> Delivered {
        let mut seen = self.0.lock();
        let mut delivered = Delivered::default();
        for entry in entries {
            match entry {
                Err(_) => delivered.unread += 1,
                Ok(entry) if seen.ids.contains(&entry.log_id) => delivered.repeated += 1,
                Ok(entry) => {
                    delivered.taken += 1;
                    // Why: one entry of the far future must not make every silence look like news.
                    seen.state.newest = seen.state.newest.max(Some(entry.date.min(latest)));
                    seen.remember(entry.log_id);
                }
            }
        }
        let total = &mut seen.state.delivered;
        total.taken += delivered.taken;
        total.repeated += delivered.repeated;
        total.unread += delivered.unread;
        seen.state.last = Some(now);
        delivered
    }
}

impl Seen {
    fn remember(&mut self, id: String) {
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.ids.insert(id);
    }
}

impl App {
    /// Counts what a log stream delivered.
    pub fn take_logs(&self, tenant: &Tenant, entries: Vec<Result<Entry, Unread>>) -> Delivered {
        let clock = &self.ports.clock;
        tenant.log_watch.take(entries, clock.monotonic(), clock.now())
    }

    /// What is known of the tenant's log stream.
    #[must_use]
    pub fn log_stream(&self, tenant: &Tenant) -> StreamState {
        tenant.log_watch.0.lock().state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: usize, date: i64) -> Result<Entry, Unread> {
        let date = Timestamp::from_seconds(date);
        Ok(Entry { log_id: id.to_string(), kind: "s".to_owned(), date })
    }

    /// The latest instant that an entry is believed.
    const LATEST: Timestamp = Timestamp::from_seconds(1_000);

    #[test]
    fn an_entry_of_the_far_future_counts_as_now() {
        let watch = LogWatch::default();
        watch.take(vec![entry(1, 9_999_999)], Duration::ZERO, LATEST);
        assert_eq!(watch.0.lock().state.newest, Some(LATEST));
    }

    #[test]
    fn repeated_and_unread_entries_are_told_apart_and_time_never_goes_back() {
        let watch = LogWatch::default();
        let now = Duration::from_secs(7);
        let first = watch.take(vec![entry(1, 20), Err(Unread::Date), entry(2, 10)], now, LATEST);
        assert_eq!(first, Delivered { taken: 2, repeated: 0, unread: 1 });
        let again = watch.take(vec![entry(2, 10), entry(3, 5)], now, LATEST);
        assert_eq!(again, Delivered { taken: 1, repeated: 1, unread: 0 });
        let state = watch.0.lock().state;
        assert_eq!(state.newest, Some(Timestamp::from_seconds(20)));
        assert_eq!(state.delivered, Delivered { taken: 3, repeated: 1, unread: 1 });
        assert_eq!(state.last, Some(now));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_is_forgotten_first() {
        let watch = LogWatch::default();
        let all = (0..=REMEMBERED).map(|id| entry(id, 1)).collect();
        watch.take(all, Duration::ZERO, LATEST);
        assert_eq!(watch.0.lock().ids.len(), REMEMBERED);
        let again = watch.take(vec![entry(0, 1), entry(REMEMBERED, 1)], Duration::ZERO, LATEST);
        assert_eq!((again.taken, again.repeated), (1, 1));
    }
}
