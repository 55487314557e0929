//! Metrics of the operator's files of reference data, by the setting that names each.

use std::sync::atomic::{AtomicI64, AtomicU64};

use countersign_app::reference::DataSet;
use countersign_core::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::Count;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FileLabels {
    file: String,
}

type Amount = Family<FileLabels, Gauge<i64, AtomicI64>>;

pub(super) struct ReferenceMetrics {
    age: Amount,
    entries: Amount,
    failures: Count<FileLabels>,
}

impl ReferenceMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let made = Self { age: Family::default(), entries: Family::default(), failures: Family::default() };
        let age = "Since the file of reference data that is in force was written";
        registry.register_with_unit("reference_age", age, Unit::Seconds, made.age.clone());
        let entries = "Entries of the file of reference data that is in force";
        registry.register("reference_entries", entries, made.entries.clone());
        let failures = "Replacements of a file of reference data that could not be used";
        registry.register("reference_reload_failures", failures, made.failures.clone());
        made
    }

    pub(super) fn stand(&self, sets: Vec<DataSet>, now: Timestamp) {
        for DataSet { key, version: _, entries, written, loaded_at: _, failures, fault: _ } in sets {
            let labels = FileLabels { file: key };
            self.age.get_or_create(&labels).set(now.since(written).max(0) / 1_000_000);
            self.entries.get_or_create(&labels).set(i64::try_from(entries).unwrap_or(i64::MAX));
            let counted: Counter<u64, AtomicU64> = self.failures.get_or_create_owned(&labels);
            counted.inc_by(failures.saturating_sub(counted.get()));
        }
    }
}
