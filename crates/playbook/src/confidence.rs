//! How sure an incident is.

use std::collections::BTreeSet;

use countersign_core::words;
use countersign_detect::{Severity, incident::Incident};

words!(
    /// How sure an incident is, by how much agrees in it.
    Confidence, "confidence", {
        /// One detector found something.
        Low = "low",
        /// Two detectors found something medium or worse, or an attempt went through after others had failed.
        Medium = "medium",
        /// Three detectors did, or two and an attempt went through.
        High = "high",
    }
);

/// How sure an incident is.
#[must_use]
pub fn confidence(incident: &Incident) -> Confidence {
    let grave = incident.members().iter().filter(|member| member.severity >= Severity::Medium);
    let agree = grave.map(|member| &*member.detector).collect::<BTreeSet<_>>().len();
    match agree + usize::from(incident.went_through()) {
        0 | 1 => Confidence::Low,
        2 => Confidence::Medium,
        _ => Confidence::High,
    }
}
