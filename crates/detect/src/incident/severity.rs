//! How bad an incident is, and why.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::Member;
use crate::Severity;

/// Why an incident is as bad as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The worst alert is so bad: this is where it begins.
    Worst {
        /// How bad.
        severity: Severity,
        /// The alert's title.
        title: String,
    },
    /// A sign-in succeeded after attempts had failed: one level more.
    WentThrough,
    /// So many detectors agree: one level more.
    Agree {
        /// How many.
        detectors: usize,
    },
}

/// So many detectors that agree make an incident worse than its worst alert.
const AGREE: usize = 3;

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worst { severity, title } => {
                write!(f, "the worst alert, \u{201c}{title}\u{201d}, is {}", severity.word())
            }
            Self::WentThrough => f.write_str("an attempt went through after others had failed"),
            Self::Agree { detectors } => write!(f, "{detectors} detectors agree"),
        }
    }
}

/// The worst alert; of several the first.
pub(super) fn worst(members: &[Member]) -> Option<&Member> {
    let mut members = members.iter();
    let first = members.next()?;
    Some(members.fold(first, |worst, member| if member.severity > worst.severity { member } else { worst }))
}

/// Whether something went through after something had failed.
pub(super) fn went_through(members: &[Member]) -> bool {
    let failed = members.iter().filter_map(|member| member.failed).min();
    let passed = members.iter().filter_map(|member| member.passed).max();
    failed.zip(passed).is_some_and(|(failed, passed)| failed < passed)
}

/// The severity and what argues for it: as bad as the worst alert, and one level more where that is medium or worse and an attempt
/// went through or three detectors that found something medium or worse agree. Never more than one level: what no detector
/// calls grave is not made so by counting.
pub(super) fn weigh(members: &[Member]) -> (Severity, Vec<Reason>) {
    let Some(worst) = worst(members) else { return (Severity::Informational, Vec::new()) };
    let mut reasons = vec![Reason::Worst { severity: worst.severity, title: worst.title.clone() }];
    if worst.severity < Severity::Medium {
        return (worst.severity, reasons);
    }
    if went_through(members) {
        reasons.push(Reason::WentThrough);
    }
    let grave = members.iter().filter(|member| member.severity >= Severity::Medium);
    let detectors = grave.map(|member| &*member.detector).collect::<BTreeSet<_>>().len();
    if detectors >= AGREE {
        reasons.push(Reason::Agree { detectors });
    }
    let severity = if reasons.len() > 1 { worst.severity.worse() } else { worst.severity };
    (severity, reasons)
}
