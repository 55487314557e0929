//! Incidents: alerts that share an entity in time, told as one story.
//!
//! An incident is what its alerts make it: severity, people, timeline, narrative and steps are computed from its [`Member`]s each
//! time, so that an alert which is retracted leaves no trace but in the record of what people did. What people did (who has it,
//! how it was closed) is the [`Handling`].

mod closing;
mod failures;
mod handling;
mod involved;
mod join;
mod member;
mod renamed;
mod severity;
mod story;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt, str::FromStr};

use countersign_core::Timestamp;
use countersign_privacy::{Tag, Tagger};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{AlertId, Entity, Seq, Severity};

pub use closing::{Consequences, Disposition, Proposal, SUPPRESSED_FOR, consequences};
pub use failures::Failures;
pub use handling::{Closing, Handling, HandlingError, SYSTEM, Sla, Status};
pub use involved::Involved;
pub use join::{Known, Mention, NEAR, Placement, join};
pub use member::{ERASED, Line, MAX_NAMES, Member};
pub use severity::Reason;

/// An incident's id: a keyed hash of the id of the alert that opened it; `inc_` and 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(Tag);

/// A text that is no incident's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an incident's id is `inc_` and 16 hexadecimal digits")]
pub struct IncidentIdError;

impl IncidentId {
    /// The id of the incident that `alert` opens.
    #[must_use]
    pub fn new(tagger: &Tagger, alert: AlertId) -> Self {
        Self(tagger.tag("incident", alert.to_string().as_bytes()))
    }

    /// The id's number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0.0
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inc_{:016x}", self.0.0)
    }
}

impl FromStr for IncidentId {
    type Err = IncidentIdError;

    fn from_str(text: &str) -> Result<Self, IncidentIdError> {
        let digits = text.strip_prefix("inc_").filter(|digits| digits.len() == 16);
        let digits =
            digits.filter(|digits| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.map(|number| Self(Tag(number))).ok_or(IncidentIdError)
    }
}

impl Serialize for IncidentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IncidentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'_, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The most alerts of which an incident tells, the worst; those beyond belong to it and are counted.
pub const MAX_MEMBERS: usize = 100;

/// The most alerts beyond them that are counted.
pub const MAX_BEYOND: usize = 2_000;

/// The most related incidents that are named.
const MAX_RELATED: usize = 50;

/// Alerts that belong together, and what people did about them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// When it was opened, by our clock.
    pub opened: Timestamp,
    /// Its alerts by the time of their first finding, then by id.
    members: Vec<Member>,
    /// Alerts beyond [`MAX_MEMBERS`], which were not taken in or made room for worse; at most [`MAX_BEYOND`].
    #[serde(default)]
    untold: BTreeSet<AlertId>,
    /// The version in which people last did something about it, or its severity changed.
    #[serde(default)]
    pub turned: u64,
    /// Other incidents that shared an entity with one of its alerts, at most 50.
    related: BTreeSet<IncidentId>,
    /// What people did.
    pub handling: Handling,
}

/// What an alert did to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It became part of it, or grew in it.
    Took,
    /// It made it worse than it was when it was closed: it is open again.
    Reopened,
    /// It has as many as it takes, none of them less grave; the alert was counted.
    Full,
}

impl Incident {
    /// An incident without alerts yet, which the alert `first` opens.
    #[must_use]
    pub fn open(tagger: &Tagger, first: AlertId, opened: Timestamp, related: BTreeSet<IncidentId>) -> Self {
        Self {
            id: IncidentId::new(tagger, first),
            opened,
            members: Vec::new(),
            untold: BTreeSet::new(),
            turned: 0,
            related: related.into_iter().take(MAX_RELATED).collect(),
            handling: Handling::default(),
        }
    }

    /// Its alerts, in the order of their first findings.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Other incidents that shared an entity with one of its alerts.
    #[must_use]
    pub const fn related(&self) -> &BTreeSet<IncidentId> {
        &self.related
    }

    /// Names others as related; itself is passed over.
    pub fn relate(&mut self, others: impl IntoIterator<Item = IncidentId>) {
        for other in others.into_iter().filter(|other| *other != self.id) {
            if self.related.len() < MAX_RELATED {
                self.related.insert(other);
            }
        }
    }

    /// Takes an alert in, or takes it anew as it has grown.
    pub fn take(&mut self, mut member: Member) -> Change {
        let before = self.severity();
        if let Some(index) = self.members.iter().position(|known| known.alert == member.alert) {
            member.remember(&self.members.remove(index));
        } else if self.members.len() >= MAX_MEMBERS {
            // Why the newest of the least: how it began is told still.
            let least = self.members.iter().enumerate().rev().min_by_key(|(_, known)| known.severity);
            let least = least.filter(|(_, least)| least.severity < member.severity);
            let beyond = least.map_or(member.alert, |(_, least)| least.alert);
            let index = least.map(|(index, _)| index);
            if self.untold.len() < MAX_BEYOND {
                self.untold.insert(beyond);
            }
            let Some(index) = index else { return Change::Full };
            self.untold.remove(&member.alert);
            self.members.remove(index);
        }
        let place =
            self.members.partition_point(|known| (known.first, known.alert) < (member.first, member.alert));
        self.members.insert(place, member);
        let closed_by_itself = self.handling.closing().is_some_and(|closing| closing.by == SYSTEM);
        if self.handling.status() == Status::Closed && (closed_by_itself || self.severity() > before) {
            self.handling.reopen();
            return Change::Reopened;
        }
        Change::Took
    }

    /// Takes an alert out that a replay in event time did not find; an incident that is left without any is a false positive and
    /// closes itself. Returns whether it had the alert.
    pub fn retract(&mut self, alert: AlertId, now: Timestamp) -> bool {
        let count = self.members.len();
        self.members.retain(|member| member.alert != alert);
        let was_untold = self.untold.remove(&alert);
        if self.members.is_empty() && self.untold.is_empty() {
            self.handling.close_by_itself(now);
        }
        was_untold || self.members.len() < count
    }

    /// Puts [`ERASED`] in the place of accounts by their user ids, and tells nothing of the entries at the places `theirs`;
    /// whether it named any. What people wrote stays.
    pub fn forget(&mut self, is_erased: impl Fn(&str) -> bool, theirs: &BTreeSet<Seq>) -> bool {
        let mut named = false;
        for member in &mut self.members {
            named |= member.forget(&is_erased, theirs);
        }
        named
    }

    /// When its first finding became true, in event time; when it was opened where it has no alert.
    #[must_use]
    pub fn first(&self) -> Timestamp {
        self.members.iter().map(|member| member.first).min().unwrap_or(self.opened)
    }

    /// When its newest finding became true.
    #[must_use]
    pub fn last(&self) -> Timestamp {
        self.members.iter().map(|member| member.last).max().unwrap_or(self.opened)
    }

    /// How many alerts it has.
    #[must_use]
    pub fn alerts(&self) -> u64 {
        u64::try_from(self.members.len()).unwrap_or(u64::MAX).saturating_add(self.beyond())
    }

    /// How many of them are not told, beyond [`MAX_MEMBERS`]; at most [`MAX_BEYOND`].
    #[must_use]
    pub fn beyond(&self) -> u64 {
        u64::try_from(self.untold.len()).unwrap_or(u64::MAX)
    }

    /// Whether people did nothing about it since it was `before`, and it is as bad.
    #[must_use]
    pub fn looks_as(&self, before: &Self) -> bool {
        self.handling == before.handling && self.severity() == before.severity()
    }

    /// The accounts that it is about.
    #[must_use]
    pub fn users(&self) -> BTreeSet<&Entity> {
        self.members.iter().flat_map(|member| &member.users).collect()
    }

    /// The addresses that it came from.
    #[must_use]
    pub fn addresses(&self) -> BTreeSet<&Entity> {
        self.members.iter().flat_map(|member| &member.addresses).collect()
    }

    /// The organizations that it touches.
    #[must_use]
    pub fn organizations(&self) -> BTreeSet<&Entity> {
        self.members.iter().flat_map(|member| &member.organizations).collect()
    }

    /// Its detectors' techniques of MITRE ATT&CK.
    #[must_use]
    pub fn techniques(&self) -> BTreeSet<&str> {
        self.members.iter().flat_map(|member| &member.techniques).map(String::as_str).collect()
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        severity::weigh(&self.members).0
    }

    /// Why it is so bad.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        severity::weigh(&self.members).1
    }

    /// Whether a sign-in succeeded after attempts had failed.
    #[must_use]
    pub fn went_through(&self) -> bool {
        severity::went_through(&self.members)
    }

    /// The attempts to sign in that failed among the entries that show its alerts.
    #[must_use]
    pub fn failures(&self) -> Failures {
        Failures::of(&self.members)
    }

    /// The title of its worst alert, of several the first; it names nobody.
    #[must_use]
    pub fn title(&self) -> &str {
        severity::worst(&self.members).map_or("Nothing is left of it", |member| &member.title)
    }

    /// What happened, in the order of time.
    #[must_use]
    pub fn timeline(&self) -> Vec<Line> {
        story::timeline(&self.members)
    }

    /// What happened, in a few sentences of plain English; it names accounts and addresses as the log does.
    #[must_use]
    pub fn narrative(&self) -> String {
        story::narrative(self)
    }

    /// What to do about it: the steps of its detectors, the worst alert's first, each once.
    #[must_use]
    pub fn steps(&self) -> Vec<&str> {
        story::steps(&self.members)
    }

    /// When somebody should have taken it up.
    #[must_use]
    pub fn due(&self, sla: &Sla) -> Timestamp {
        sla.due(self.severity(), self.opened)
    }
}
