//! Which incident an alert belongs to.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;

use super::IncidentId;
use crate::{Alert, Audience, DAY, Severity};

/// How far apart two alerts with a shared entity may be and still join, in microseconds of event time.
pub const NEAR: Micros = DAY;

/// That an alert of an incident is about an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mention {
    /// The entity, as in [`Involved::keys`](super::Involved::keys).
    pub key: Tag,
    /// When the alert's first finding became true.
    pub first: Timestamp,
    /// When its newest did.
    pub last: Timestamp,
}

/// An incident as far as joining goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub id: IncidentId,
    /// When its first finding became true.
    pub first: Timestamp,
    /// Whether it was closed: then nothing joins it any more.
    pub is_closed: bool,
    /// What its alerts are about; one mention for each alert and entity.
    pub mentions: Vec<Mention>,
}

/// What is less opens no incident: it is a trace among others, of which one alone says little.
const OPENS: Severity = Severity::Medium;

/// Where an alert belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// To no incident: nobody is to be told of it, or it is a signal and there is nothing that it belongs to.
    Apart,
    /// To a new incident.
    Opens {
        /// Closed incidents that share an entity with it.
        related: BTreeSet<IncidentId>,
    },
    /// To this one.
    Joins {
        /// Which.
        incident: IncidentId,
        /// Others that share an entity with it.
        related: BTreeSet<IncidentId>,
    },
}

/// Says where `alert` belongs, which is about `keys`: to `current` if it has a place already, else to the oldest open incident one of
/// whose alerts shares a key with it and is no further than a day away, else to a new one if it is of medium severity or worse. All
/// others that match are related.
///
/// The groups of incidents that are joined by `related` are the same in whatever order alerts come: two alerts match or do not by
/// themselves. Within a group it depends on the order: an alert that comes between two incidents can't make them one, since people
/// may be at work on both by then, and it could belong to either.
#[must_use]
pub fn join(alert: &Alert, keys: &BTreeSet<Tag>, current: Option<IncidentId>, known: &[Known]) -> Placement {
    // Why: what nobody is told of, such as what an operator suppressed, must not come back as an incident.
    if alert.audience != Audience::Raised && current.is_none() {
        return Placement::Apart;
    }
    let matching =
        known.iter().filter(|known| known.mentions.iter().any(|mention| is_near(alert, keys, mention)));
    let matching: BTreeMap<_, _> = matching.map(|known| ((known.first, known.id), known.is_closed)).collect();
    let oldest = matching.iter().find(|(_, is_closed)| !**is_closed).map(|((_, id), _)| *id);
    let chosen = current.or(oldest);
    let related = matching.keys().map(|(_, id)| *id).filter(|id| Some(*id) != chosen).collect();
    match chosen {
        Some(incident) => Placement::Joins { incident, related },
        None if alert.severity >= OPENS => Placement::Opens { related },
        None => Placement::Apart,
    }
}

fn is_near(alert: &Alert, keys: &BTreeSet<Tag>, mention: &Mention) -> bool {
    keys.contains(&mention.key)
        && alert.first.since(mention.last) <= NEAR
        && mention.first.since(alert.last) <= NEAR
}
