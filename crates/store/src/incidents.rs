//! Incidents, what is written about them, what is suppressed, and what is told to others.

use countersign_core::Timestamp;

/// Alerts that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// Its id.
    pub id: String,
    /// Counts its changes, from 1.
    pub version: u64,
    /// 0 informational to 4 critical.
    pub severity: u8,
    /// Where it stands, a word.
    pub status: String,
    /// What it was, a word; `None` until it is closed.
    pub disposition: Option<String>,
    /// Who has it.
    pub assignee: Option<String>,
    /// How many alerts it has.
    pub alerts: u64,
    /// When its first finding became true, in event time.
    pub first: Timestamp,
    /// When its newest finding became true.
    pub last: Timestamp,
    /// When it was opened, by our clock.
    pub opened: Timestamp,
    /// When somebody should have taken it up.
    pub due: Timestamp,
    /// The name of the key that opens it.
    pub key_id: String,
    /// Everything else, sealed.
    pub sealed: Vec<u8>,
}

/// Which incidents to list; what is absent means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncidentFilter {
    /// At least so severe.
    pub severity: u8,
    /// Standing so.
    pub status: Option<String>,
    /// Closed as this.
    pub disposition: Option<String>,
    /// In the hands of this person.
    pub assignee: Option<String>,
    /// With an alert by this detector that was not retracted.
    pub detector: Option<String>,
    /// With an alert about this, as a keyed tag.
    pub entity: Option<u64>,
    /// Whose newest finding is of this time or later.
    pub since: Option<Timestamp>,
    /// Whose newest finding is of an earlier time.
    pub until: Option<Timestamp>,
    /// Open, though somebody should have taken it up before this time.
    pub overdue_at: Option<Timestamp>,
    /// Before this one (exclusive) in the order of the listing: the newest finding first, then by id.
    pub before: Option<(Timestamp, String)>,
}

/// What an alert of an incident is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEntities {
    /// The alert.
    pub alert: String,
    /// Its incident.
    pub incident: String,
    /// When its first finding became true, in event time.
    pub first: Timestamp,
    /// When its newest did.
    pub last: Timestamp,
    /// What it is about, as keyed tags.
    pub entities: Vec<u64>,
}

/// That an alert of an incident is about an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MentionRow {
    /// The entity, as a keyed tag.
    pub entity: u64,
    /// When the alert's first finding became true, in event time.
    pub first: Timestamp,
    /// When its newest did.
    pub last: Timestamp,
}

/// What somebody wrote about an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentNoteRow {
    /// Its id; they sort by time.
    pub id: String,
    /// The incident.
    pub incident: String,
    /// When.
    pub at: Timestamp,
    /// The name of the key that opens it.
    pub key_id: String,
    /// Author and text, sealed.
    pub sealed: Vec<u8>,
}

/// What nobody is to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionRow {
    /// Its id.
    pub id: String,
    /// Of this detector; `None`: of any.
    pub detector: Option<String>,
    /// From this event time on.
    pub from: Timestamp,
    /// Until then, exclusive.
    pub until: Timestamp,
    /// The name of the key that opens it.
    pub key_id: String,
    /// Entity, reason and author, sealed.
    pub sealed: Vec<u8>,
}

/// Where an attack came from, as people confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttackSourceRow {
    /// The address, network or fingerprint, as a keyed tag.
    pub source: u64,
    /// The incident that was the attack.
    pub incident: String,
    /// From this event time on.
    pub from: Timestamp,
    /// Until then, exclusive.
    pub until: Timestamp,
}

/// How far a delivery came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is tried at its time.
    Waiting,
    /// The receiver took it.
    Sent,
    /// It was given up.
    Dead,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::Dead];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }

    pub(crate) fn parse(word: &str) -> Result<Self, crate::StoreError> {
        let state = Self::ALL.into_iter().find(|state| state.as_str() == word);
        state.ok_or_else(|| crate::StoreError::Corrupt("column `state` holds what it can't".to_owned()))
    }
}

/// What is to be told to a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id, the same at each attempt.
    pub id: String,
    /// The configured name of the receiver.
    pub hook: String,
    /// The incident that it is about.
    pub about: String,
    /// What happened to it.
    pub event: String,
    /// How far it came.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was made.
    pub made: Timestamp,
    /// When it is tried next, while it waits.
    pub next: Timestamp,
    /// The name of the key that opens it.
    pub key_id: String,
    /// The body, sealed.
    pub sealed: Vec<u8>,
    /// Where the receiver put the message, in words of its own, once it was sent; `None` where it can't be changed there.
    pub place: Option<String>,
}

/// Where a receiver put the newest message about something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedMessage {
    /// The delivery.
    pub id: String,
    /// When that was made.
    pub made: Timestamp,
    /// The place, in words of the receiver.
    pub place: String,
}

/// Which deliveries to list; what is absent means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryFilter {
    /// To this receiver.
    pub hook: Option<String>,
    /// So far.
    pub state: Option<DeliveryState>,
    /// To be tried by then.
    pub due: Option<Timestamp>,
}
