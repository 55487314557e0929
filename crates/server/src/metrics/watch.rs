//! Metrics of watching tenants' logs, over all tenants together: how entries come, and how far they were looked at.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use countersign_app::{Delivered, WatchStatus};
use countersign_core::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{CodeLabels, Count};

/// Bounds in seconds: from what a stream takes to the age at which nothing follows from an entry by itself, and a day.
const LATENESS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 86_400.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DetectorLabels {
    detector: String,
}

pub(super) struct WatchMetrics {
    entries: Count<CodeLabels>,
    events: Count<CodeLabels>,
    refused: Count<CodeLabels>,
    lateness: Histogram,
    gaps: Counter<u64, AtomicU64>,
    replays: Counter<u64, AtomicU64>,
    evictions: Count<DetectorLabels>,
    waiting: Gauge<i64, AtomicI64>,
    history_entries: Gauge<i64, AtomicI64>,
    history_open: Gauge<i64, AtomicI64>,
    newest_age: Gauge<f64, AtomicU64>,
    delivery_age: Gauge<f64, AtomicU64>,
}

impl WatchMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let made = Self {
            entries: Family::default(),
            events: Family::default(),
            refused: Family::default(),
            lateness: Histogram::new(LATENESS),
            gaps: Counter::default(),
            replays: Counter::default(),
            evictions: Family::default(),
            waiting: Gauge::default(),
            history_entries: Gauge::default(),
            history_open: Gauge::default(),
            newest_age: Gauge::default(),
            delivery_age: Gauge::default(),
        };
        made.register(registry);
        made
    }

    fn register(&self, registry: &mut Registry) {
        let entries = "Entries that log streams delivered, by what became of them";
        registry.register("log_entries", entries, self.entries.clone());
        let events = "Messages that event streams delivered, by what became of them";
        registry.register("log_events", events, self.events.clone());
        let refused = "Deliveries of streams that were refused as a whole, by problem code";
        registry.register("log_deliveries_refused", refused, self.refused.clone());
        let lateness = "How long after it happened an entry was delivered";
        registry.register_with_unit("log_lateness", lateness, Unit::Seconds, self.lateness.clone());
        let gaps = "Entries that were read and that the stream had not delivered";
        registry.register("log_gaps", gaps, self.gaps.clone());
        registry.register("log_replays", "Replays of the journal in event time", self.replays.clone());
        let evictions = "Keys that a detector forgot for want of room, since its state began";
        registry.register("detector_evictions", evictions, self.evictions.clone());
        let waiting = "Journaled entries that were not looked at yet";
        registry.register("log_waiting", waiting, self.waiting.clone());
        let history = "Entries of tenants' history that were read";
        registry.register("log_history_entries", history, self.history_entries.clone());
        let open = "Tenants whose history is being read";
        registry.register("log_history_open", open, self.history_open.clone());
        let newest = "Age of the newest entry that the most belated stream delivered; NaN before the first";
        registry.register_with_unit("log_newest_age", newest, Unit::Seconds, self.newest_age.clone());
        let delivery = "Time since the most belated stream delivered anything; NaN before the first";
        registry.register_with_unit("log_delivery_age", delivery, Unit::Seconds, self.delivery_age.clone());
    }

    pub(super) fn delivered(&self, delivered: &Delivered, late: &[i64]) {
        count(&self.entries, delivered);
        for micros in late {
            // Why no less than nothing: an entry of a clock that runs ahead is not late.
            let micros = u64::try_from(*micros).unwrap_or(0);
            self.lateness.observe(Duration::from_micros(micros).as_secs_f64());
        }
    }

    pub(super) fn events(&self, delivered: &Delivered) {
        count(&self.events, delivered);
    }

    pub(super) fn refused(&self, code: &'static str) {
        self.refused.get_or_create(&CodeLabels { code }).inc();
    }

    /// Shows how all tenants stand at `now`, and at `monotonic` on the monotonic clock.
    pub(super) fn stand(&self, all: &[WatchStatus], now: Timestamp, monotonic: Duration) {
        let sum = |of: fn(&WatchStatus) -> u64| all.iter().map(of).fold(0, u64::saturating_add);
        let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.gaps.inner().store(sum(|status| status.reading.gaps), Ordering::Relaxed);
        self.replays.inner().store(sum(|status| status.measures.replays), Ordering::Relaxed);
        self.waiting
            .set(gauge(sum(|status| status.journal.next.saturating_sub(status.journal.progress.worked))));
        self.history_entries.set(gauge(sum(|status| status.reading.history.entries)));
        let is_open = |status: &WatchStatus| {
            let history = &status.reading.history;
            u64::from(history.began.is_some() && history.until.is_none())
        };
        self.history_open.set(gauge(sum(is_open)));
        let newest =
            all.iter().filter_map(|status| status.stream.newest).map(|at| now.since(at).max(0)).max();
        let newest = newest.and_then(|micros| u64::try_from(micros).ok()).map(Duration::from_micros);
        self.newest_age.set(newest.map_or(f64::NAN, |age| age.as_secs_f64()));
        let last = all.iter().filter_map(|status| status.stream.last).min();
        let delivery = last.map(|last| monotonic.saturating_sub(last));
        self.delivery_age.set(delivery.map_or(f64::NAN, |age| age.as_secs_f64()));
        let mut evictions: BTreeMap<&str, u64> = BTreeMap::new();
        for (detector, count) in all.iter().flat_map(|status| &status.measures.evictions) {
            *evictions.entry(detector).or_default() += count;
        }
        for (detector, count) in evictions {
            let labels = DetectorLabels { detector: detector.to_owned() };
            self.evictions.get_or_create(&labels).inner().store(count, Ordering::Relaxed);
        }
    }
}

fn count(family: &Count<CodeLabels>, delivered: &Delivered) {
    let Delivered { taken, repeated, unread } = *delivered;
    for (code, count) in [("taken", taken), ("repeated", repeated), ("unread", unread)] {
        family.get_or_create(&CodeLabels { code }).inc_by(count);
    }
}
