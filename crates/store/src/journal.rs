//! A tenant's log as it is journaled, and how far it was looked at.

use countersign_core::Timestamp;

/// An entry of a tenant's log, to be journaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogEntry {
    /// Auth0's id, by which it is journaled once.
    pub log_id: String,
    /// Auth0's type code.
    pub kind: String,
    /// When it happened, by Auth0's clock.
    pub at: Timestamp,
    /// The name of the key that opens it.
    pub key_id: String,
    /// The entry as it came, sealed.
    pub sealed: Vec<u8>,
}

/// What came among entries and could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogReject {
    /// Why.
    pub reason: String,
    /// The name of the key that opens it.
    pub key_id: String,
    /// Its first bytes, sealed.
    pub sealed: Vec<u8>,
}

/// A journaled entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntryRow {
    /// Its place: rises as entries arrive, without gaps, from 0.
    pub seq: u64,
    /// When it came.
    pub arrived: Timestamp,
    /// What was journaled.
    pub entry: NewLogEntry,
}

/// What was kept of something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRejectRow {
    /// When it came.
    pub arrived: Timestamp,
    /// What was kept.
    pub reject: NewLogReject,
}

/// How far a tenant's log was journaled and looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogState {
    /// The place of the next entry.
    pub next: u64,
    /// How far it was looked at.
    pub progress: LogProgress,
    /// Entries that happened before this time may be deleted; `None`: none was.
    pub kept_from: Option<Timestamp>,
}

/// How far a tenant's log was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogProgress {
    /// Counts its changes, from 1; 0: it was never looked at.
    pub turn: u64,
    /// Entries before this place were looked at.
    pub worked: u64,
    /// The oldest time of what came late and was not put in its place yet.
    pub late_from: Option<Timestamp>,
    /// Up to when absence was looked at by our clock, where it was found.
    pub reached: Option<Timestamp>,
}

/// What is deleted because it is older than it is kept: the oldest first, and at most so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// Log entries.
    Log {
        /// That happened before.
        before: Timestamp,
        /// And arrived before.
        arrived: Timestamp,
        /// And stand before this place.
        place: u64,
    },
    /// What came among entries before a time and could not be read.
    Rejects(Timestamp),
    /// Alerts whose newest finding was before a time, but for those of incidents that are not closed.
    Alerts(Timestamp),
    /// Suppressions that ended before a time.
    Suppressions(Timestamp),
}

/// What detectors knew when event time had passed an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSnapshotRow {
    /// Its number.
    pub number: u64,
    /// The time of that entry.
    pub at: Timestamp,
    /// That entry's id; of several of one time, those before it in the order of ids are in it, too.
    pub log_id: String,
    /// How many pieces it has.
    pub pieces: u32,
    /// The name of the key that opens them.
    pub key_id: String,
}

/// A piece of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSnapshotPiece {
    /// The snapshot's number.
    pub number: u64,
    /// Which, from 0.
    pub piece: u32,
    /// What it holds, sealed.
    pub sealed: Vec<u8>,
}

/// A stretch of the journal in the order of event time, then of the log's ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStretch {
    /// After this time and id, exclusive.
    pub after: (Timestamp, String),
    /// Up to this time, inclusive.
    pub until: Timestamp,
    /// Only what stands before this place.
    pub before: u64,
}

/// Which entries to list; what is absent means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogFilter {
    /// From this place on.
    pub from: u64,
    /// Before this place.
    pub before: u64,
    /// Of this type code.
    pub kind: Option<String>,
    /// Sealed under the key of this name: about whom it is.
    pub key_id: Option<String>,
    /// That happened at this time or later.
    pub since: Option<Timestamp>,
    /// That happened earlier.
    pub until: Option<Timestamp>,
}

/// What was found in a tenant's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Its id, which any replay gives again.
    pub id: String,
    /// The detector's id.
    pub detector: String,
    /// 0 informational to 4 critical.
    pub severity: u8,
    /// Who is told, a word.
    pub audience: String,
    /// Whether a replay in event time did not find it.
    pub is_retracted: bool,
    /// Whether only a replay found it.
    pub is_late: bool,
    /// When its first finding became true, in event time.
    pub first: Timestamp,
    /// When its newest finding became true.
    pub last: Timestamp,
    /// What it is about, as a keyed tag.
    pub entity: u64,
    /// The incident that it belongs to.
    pub incident: Option<String>,
    /// The name of the key that opens it.
    pub key_id: String,
    /// Entity, evidence and measures, sealed.
    pub sealed: Vec<u8>,
}

/// Which alerts to list; what is absent means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertFilter {
    /// At least so severe.
    pub severity: u8,
    /// By this detector.
    pub detector: Option<String>,
    /// Told to these.
    pub audience: Option<String>,
    /// About this.
    pub entity: Option<u64>,
    /// Of this incident.
    pub incident: Option<String>,
    /// Also those that were retracted.
    pub with_retracted: bool,
    /// Whose newest finding is of this time or later.
    pub since: Option<Timestamp>,
    /// Whose newest finding is of an earlier time.
    pub until: Option<Timestamp>,
    /// Before this one (exclusive) in the order of the listing: the newest finding first, then by id.
    pub before: Option<(Timestamp, String)>,
}
