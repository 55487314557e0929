//! Metrics in Prometheus' format. Every name and label stands here; no label's value comes from outside.

mod reference;
mod watch;

use std::{
    sync::atomic::{AtomicI64, AtomicU64},
    time::Duration,
};

use countersign_app::{
    Delivered, JoinCounts, WatchStatus,
    decide::{Decided, Quick},
    posture::{self, Finding, Severity},
    reference::DataSet,
};
use countersign_core::{Timestamp, Trigger};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u32,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DecisionLabels {
    trigger: &'static str,
    mode: &'static str,
    level: &'static str,
    verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct JoinLabels {
    how: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FindingLabels {
    code: &'static str,
    severity: &'static str,
}

type Count<L> = Family<L, Counter<u64, AtomicU64>>;

pub(crate) struct Metrics {
    registry: Registry,
    requests: Count<RequestLabels>,
    decide_seconds: Histogram,
    decisions: Count<DecisionLabels>,
    degraded: Count<CodeLabels>,
    refused: Count<CodeLabels>,
    watch: watch::WatchMetrics,
    reference: reference::ReferenceMetrics,
    log_joins: Count<JoinLabels>,
    findings: Family<FindingLabels, Gauge<i64, AtomicI64>>,
    checkpoint_age: Gauge<i64, AtomicI64>,
    uncovered: Gauge<i64, AtomicI64>,
}

/// Bounds in seconds: from what a decision takes to the Action's deadline.
const BUCKETS: [f64; 10] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.8];

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("countersign");
        let metrics = Self {
            requests: Family::default(),
            decide_seconds: Histogram::new(BUCKETS),
            decisions: Family::default(),
            degraded: Family::default(),
            refused: Family::default(),
            watch: watch::WatchMetrics::new(&mut registry),
            reference: reference::ReferenceMetrics::new(&mut registry),
            log_joins: Family::default(),
            findings: Family::default(),
            checkpoint_age: Gauge::default(),
            uncovered: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register_with_unit(
            "decide_duration",
            "Time to answer a decision",
            Unit::Seconds,
            metrics.decide_seconds.clone(),
        );
        registry.register("decisions", "Decisions made and recorded", metrics.decisions.clone());
        registry.register(
            "degraded",
            "Decisions made without something that they should have had",
            metrics.degraded.clone(),
        );
        registry.register("refused", "Signed requests refused, by problem code, and whatever came by a foreign host or from a foreign page", metrics.refused.clone());
        registry.register(
            "log_joins",
            "Sign-ins of the log, by what joined them to a decision, or that none was due or there is none",
            metrics.log_joins.clone(),
        );
        registry.register(
            "findings",
            "What is not as it should be at the tenants and on our side, by code",
            metrics.findings.clone(),
        );
        registry.register_with_unit(
            "checkpoint_age",
            "Age of the newest checkpoint",
            Unit::Seconds,
            metrics.checkpoint_age.clone(),
        );
        registry.register(
            "leaves_uncovered",
            "Leaves that no checkpoint covers yet",
            metrics.uncovered.clone(),
        );
        Self { registry, ..metrics }
    }

    pub(crate) fn request(&self, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&RequestLabels { route: route.to_owned(), status: status.into() }).inc();
        if route == "/v1/decisions" {
            self.decide_seconds.observe(took.as_secs_f64());
        }
    }

    pub(crate) fn decided(&self, decided: &Decided) {
        let labels = DecisionLabels {
            trigger: decided.trigger.as_str(),
            mode: decided.mode.as_str(),
            level: decided.level.map_or("none", countersign_core::Level::as_str),
            verdict: decided.verdict.map_or("none", countersign_core::Verdict::as_str),
        };
        self.count(&labels, &decided.degraded);
    }

    pub(crate) fn quick(&self, quick: &Quick) {
        let labels = DecisionLabels {
            trigger: Trigger::ShortForm.as_str(),
            mode: quick.mode.as_str(),
            level: "none",
            verdict: "none",
        };
        self.count(&labels, &quick.degraded);
    }

    fn count(&self, labels: &DecisionLabels, degraded: &[&'static str]) {
        self.decisions.get_or_create(labels).inc();
        for code in degraded {
            self.degraded.get_or_create(&CodeLabels { code }).inc();
        }
    }

    pub(crate) fn refused(&self, code: &'static str) {
        self.refused.get_or_create(&CodeLabels { code }).inc();
    }

    /// Counts what a log stream delivered, and how many microseconds after it happened each entry came.
    pub(crate) fn delivered(&self, delivered: &Delivered, late: &[i64]) {
        self.watch.delivered(delivered, late);
    }

    pub(crate) fn events(&self, delivered: &Delivered) {
        self.watch.events(delivered);
    }

    pub(crate) fn delivery_refused(&self, code: &'static str) {
        self.watch.refused(code);
    }

    pub(crate) fn watched(&self, all: &[WatchStatus], now: Timestamp, monotonic: Duration) {
        self.watch.stand(all, now, monotonic);
    }

    pub(crate) fn reference(&self, sets: Vec<DataSet>, now: Timestamp) {
        self.reference.stand(sets, now);
    }

    pub(crate) fn joined(&self, counts: &JoinCounts) {
        for (how, count) in counts {
            self.log_joins.get_or_create(&JoinLabels { how: how.as_str() }).inc_by(*count);
        }
    }

    /// How often each code is found now, at all tenants together.
    pub(crate) fn found<'a>(&self, findings: impl Iterator<Item = &'a Finding>) {
        for rule in posture::known() {
            self.gauge(rule.code, rule.severity).set(0);
        }
        for finding in findings {
            self.gauge(finding.code, finding.severity).inc();
        }
    }

    fn gauge(&self, code: &'static str, severity: Severity) -> Gauge<i64, AtomicI64> {
        self.findings.get_or_create_owned(&FindingLabels { code, severity: severity.as_str() })
    }

    pub(crate) fn ledger(&self, age: Duration, uncovered: u64) {
        self.checkpoint_age.set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
        self.uncovered.set(i64::try_from(uncovered).unwrap_or(i64::MAX));
    }

    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        // Why: writing to a string can't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
