//! What a detector finds, and about what.

use countersign_core::Timestamp;
use countersign_privacy::{Tag, Tagger};
use serde::{Deserialize, Serialize};

use crate::Seq;

/// How bad it is, by the levels of Sigma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Informational,
    /// A trace among others.
    Low,
    /// Worth a look.
    Medium,
    /// An attack, probably.
    High,
    /// An attack that got somewhere.
    Critical,
}

impl Severity {
    /// All of them, from good to know to the worst.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Its place among the five, from 0.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Informational => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Critical => 4,
        }
    }

    /// The next worse one; nothing is worse than critical.
    #[must_use]
    pub const fn worse(self) -> Self {
        match self {
            Self::Informational => Self::Low,
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }
}

/// What a finding is about. The text is as the log tells it: hostile, and personal where it names someone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// What sort of thing.
    pub kind: EntityKind,
    /// Its name, at most 256 bytes.
    pub name: String,
}

/// The sorts of things that findings are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// An account.
    User,
    /// An IP address.
    Address,
    /// A /24 or /64.
    Network,
    /// A JA4 fingerprint.
    Fingerprint,
    /// An organization.
    Organization,
    /// A client.
    Client,
    /// The tenant.
    Tenant,
    /// Anything else a rule groups by.
    Other,
}

/// The longest name that is kept, in bytes.
const MAX_NAME: usize = 256;

impl Entity {
    /// An entity of the given sort; a longer name is cut between characters.
    #[must_use]
    pub fn new(kind: EntityKind, name: &str) -> Self {
        let cut = name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or_default();
        Self { kind, name: cut.to_owned() }
    }

    /// The keyed tag by which whatever is about it is found again. An account is one in whatever letters its name is written.
    #[must_use]
    pub fn tag(&self, tagger: &Tagger) -> Tag {
        let sort = format!("involved {:?}", self.kind);
        match self.kind {
            EntityKind::User => tagger.tag(&sort, self.name.trim().to_lowercase().as_bytes()),
            _ => tagger.tag(&sort, self.name.as_bytes()),
        }
    }

    /// The tag by which entries are known that come from here; `None` for what nothing comes from, and for an address that is none.
    #[must_use]
    pub fn source_tag(&self, tagger: &Tagger) -> Option<Tag> {
        crate::event::source_tag(tagger, self.kind, &self.name)
    }
}

/// A measured value beside the threshold that it met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// The name of the threshold's parameter, or what was measured.
    pub name: String,
    /// What was found.
    pub value: f64,
    /// What it was held against.
    pub threshold: f64,
}

/// What says of a finding that it rests on a mark: that an attack came from the address, or with the tool. The entries of that attack are
/// not among those that show the finding, and anybody can make most of them.
const MARKS: [&str; 2] = ["marked_address", "marked_fingerprint"];

impl Measure {
    /// Whether it says that a finding, or how grave it is, rests on a mark.
    #[must_use]
    pub fn tells_of_mark(&self) -> bool {
        MARKS.contains(&&*self.name) && self.value > 0.0
    }
}

/// The most log entries that a finding names as evidence, the newest.
pub const MAX_EVIDENCE: usize = 50;

/// What a detector found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub entity: Entity,
    /// When it became true, in event time.
    pub at: Timestamp,
    /// The entries that show it, oldest first.
    pub evidence: Vec<Seq>,
    /// Values against thresholds.
    pub measures: Vec<Measure>,
    /// The sources that are an attacker's from now on, for a day.
    pub marks: Vec<Tag>,
    /// Whether too little is known yet for it to be an alert: it is recorded, and nobody is told.
    pub is_learning: bool,
}

impl Finding {
    /// A finding about `entity` that became true at `at`, without evidence yet.
    #[must_use]
    pub const fn new(severity: Severity, entity: Entity, at: Timestamp) -> Self {
        Self {
            severity,
            entity,
            at,
            evidence: Vec::new(),
            measures: Vec::new(),
            marks: Vec::new(),
            is_learning: false,
        }
    }

    /// With entries that show it; the newest [`MAX_EVIDENCE`] are kept.
    #[must_use]
    pub fn shown_by(mut self, evidence: impl IntoIterator<Item = Seq>) -> Self {
        self.evidence.extend(evidence);
        self.evidence.drain(..self.evidence.len().saturating_sub(MAX_EVIDENCE));
        self
    }

    /// With sources that are an attacker's.
    #[must_use]
    pub fn marking(mut self, sources: impl IntoIterator<Item = Tag>) -> Self {
        self.marks.extend(sources);
        self
    }

    /// With a value against its threshold.
    #[must_use]
    pub fn measured(mut self, name: &str, value: f64, threshold: f64) -> Self {
        self.measures.push(Measure { name: name.to_owned(), value, threshold });
        self
    }

    /// That it, or how grave it is, rests on a mark of the address or of the tool.
    #[must_use]
    pub fn resting_on_marks(self, of_address: bool, of_tool: bool) -> Self {
        let [address, tool] = MARKS;
        self.counted(address, usize::from(of_address), 1).counted(tool, usize::from(of_tool), 1)
    }

    /// With a count against its threshold.
    #[must_use]
    pub fn counted(self, name: &str, count: usize, threshold: usize) -> Self {
        let number = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        self.measured(name, number(count), number(threshold))
    }
}
