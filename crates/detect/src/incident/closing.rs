//! What an incident was, and what follows from that.

use std::collections::BTreeSet;

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use super::Incident;
use crate::{DAY, Entity, EntityKind, SENSORS};

/// What an incident was, as those say who closed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// An attack.
    TruePositive,
    /// It happened as found, and was meant to.
    Benign,
    /// It did not happen so.
    FalsePositive,
    /// The same as another incident.
    Duplicate,
}

impl Disposition {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::Benign => "benign",
            Self::FalsePositive => "false_positive",
            Self::Duplicate => "duplicate",
        }
    }
}

/// How long a proposed suppression holds, in microseconds.
pub const SUPPRESSED_FOR: Micros = 30 * DAY;

/// That nobody be told any more of what a detector finds about an entity; it holds once an operator confirms it, never by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Proposal {
    /// The detector.
    pub detector: String,
    /// The entity.
    pub entity: Entity,
    /// Until when, in event time.
    pub until: Timestamp,
}

/// What follows from a disposition, as data: nothing of it is done by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consequences {
    /// What an operator may suppress.
    pub suppressions: BTreeSet<Proposal>,
    /// Addresses, networks and fingerprints that were an attacker's.
    pub attackers: BTreeSet<Entity>,
}

/// What follows if `incident` was what `disposition` says: a false positive proposes to suppress what found it, for 30 days; an attack
/// names where it came from. What was benign or a duplicate teaches nothing. Nobody is offered to suppress [`SENSORS`].
#[must_use]
pub fn consequences(incident: &Incident, disposition: Disposition, now: Timestamp) -> Consequences {
    let mut consequences = Consequences::default();
    match disposition {
        Disposition::FalsePositive => {
            let until = now.plus(SUPPRESSED_FOR);
            let propose = |member: &super::Member| Proposal {
                detector: member.detector.clone(),
                entity: member.entity.clone(),
                until,
            };
            let members = incident.members().iter().filter(|member| member.detector != SENSORS);
            consequences.suppressions = members.map(propose).collect();
        }
        Disposition::TruePositive => {
            let found = incident.members().iter().map(|member| &member.entity);
            let found = found.filter(|entity| {
                matches!(entity.kind, EntityKind::Address | EntityKind::Network | EntityKind::Fingerprint)
            });
            consequences.attackers = incident.addresses().into_iter().chain(found).cloned().collect();
        }
        Disposition::Benign | Disposition::Duplicate => {}
    }
    consequences
}
