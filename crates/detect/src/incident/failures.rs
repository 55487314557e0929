//! Attempts to sign in that failed, counted.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Timestamp;

use super::Member;
use crate::Seq;

/// The attempts to sign in that failed among the entries that show an incident's alerts. An alert keeps a bounded number of entries,
/// so that there may have been more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many, by log type.
    pub by_type: BTreeMap<String, usize>,
    /// When the first failed; `None`: none did.
    pub first: Option<Timestamp>,
    /// When the last failed.
    pub last: Option<Timestamp>,
}

impl Failures {
    /// Counts an entry that several alerts name once.
    pub(super) fn of(members: &[Member]) -> Self {
        let mut entries: BTreeMap<&str, BTreeSet<Seq>> = BTreeMap::new();
        for (kind, named) in members.iter().flat_map(|member| &member.failures) {
            entries.entry(kind).or_default().extend(named);
        }
        let counted = entries.into_iter().filter(|(_, entries)| !entries.is_empty());
        Self {
            by_type: counted.map(|(kind, entries)| (kind.to_owned(), entries.len())).collect(),
            first: members.iter().filter_map(|member| member.failed).min(),
            last: members.iter().filter_map(|member| member.failed_last).max(),
        }
    }

    /// How many in all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_type.values().sum()
    }
}
