//! Records as they are stored, one type a kind.

use countersign_core::{
    Channel, ClientId, DecisionId, Level, Mode, OrganizationId, Score, SubjectId, Timestamp, Trigger, Verdict,
};
use countersign_ledger::{Frontier, Hash};

/// What is known of a decision's outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nothing yet.
    Open,
    /// The sign-in completed.
    Completed,
    /// A challenge was passed.
    Passed,
    /// A challenge was failed.
    Failed,
    /// 24 hours went by without a word.
    Silent,
    /// A person said that it was the user.
    Legitimate,
    /// A person said that it was not.
    Fraudulent,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Completed,
        Self::Passed,
        Self::Failed,
        Self::Silent,
        Self::Legitimate,
        Self::Fraudulent,
    ];

    /// The word in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Completed => "completed",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Silent => "silent",
            Self::Legitimate => "legitimate",
            Self::Fraudulent => "fraudulent",
        }
    }
}

/// A decision's public facts, to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision {
    /// Its id, also the record id of its leaf.
    pub id: DecisionId,
    /// When it was made.
    pub at: Timestamp,
    /// The organization signed into.
    pub organization: Option<OrganizationId>,
    /// The client signed in at.
    pub client: Option<ClientId>,
    /// The trigger that asked.
    pub trigger: Trigger,
    /// The road by which the sign-in came.
    pub channel: Channel,
    /// The mode that held.
    pub mode: Mode,
    /// The level of the score.
    pub level: Level,
    /// The score.
    pub score: Score,
    /// What was decided.
    pub verdict: Verdict,
    /// Whether it scored below the challenge threshold, so that it may teach fully.
    pub is_trusted: bool,
    /// Whether we refused or challenged it, or nobody was told of it, so that silence teaches nothing.
    pub is_censored: bool,
}

/// A decision as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// What was added.
    pub decision: NewDecision,
    /// Where its leaf stands.
    pub leaf_index: u64,
    /// The person, until erased.
    pub subject: Option<SubjectId>,
    /// What is known of its outcome.
    pub standing: Standing,
    /// The weight that the person's profile gives it, in thousandths.
    pub granted: u32,
    /// The same as it counts beyond its organization, where somebody who speaks for that one alone said who it was; `None`: no other.
    pub at_tenant: Option<Counted>,
}

impl DecisionRow {
    /// What is known of its outcome in its organization, and what weight it has by that.
    #[must_use]
    pub const fn counted(&self) -> Counted {
        Counted { standing: self.standing, granted: self.granted }
    }

    /// The same in the whole tenant.
    #[must_use]
    pub fn counted_at_tenant(&self) -> Counted {
        self.at_tenant.unwrap_or(self.counted())
    }
}

/// What is known of a decision's outcome, and what it counts by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// What is known.
    pub standing: Standing,
    /// The weight, in thousandths.
    pub granted: u32,
}

/// Which decisions to list; absent means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DecisionFilter {
    /// Of these levels; empty means any.
    pub levels: Vec<Level>,
    /// Of this organization.
    pub organization: Option<OrganizationId>,
    /// Before this leaf (exclusive).
    pub before: Option<u64>,
    /// After this leaf (exclusive).
    pub after: Option<u64>,
    /// Only those of which a person said whether it was the user.
    pub is_judged: bool,
}

/// An outcome as told to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRow {
    /// Its id, also the record id of its leaf.
    pub id: String,
    /// The decision that it is about; `None` for a failure before any decision.
    pub decision: Option<DecisionId>,
    /// What happened, a word; each is told of a decision once.
    pub kind: &'static str,
    /// Kinds of the same decision that it takes the place of: they may be told anew. Their leaves stay.
    pub replaces: &'static [&'static str],
    /// When.
    pub at: Timestamp,
}

/// A person's profile, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRow {
    /// Counts up with each write.
    pub version: u64,
    /// The profile, sealed under the person's key.
    pub sealed: Vec<u8>,
}

/// Until when a person is at a level of user risk, if nothing more is confirmed about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeldUntil {
    /// At `medium` or above, exclusive; `None`: not at all.
    pub medium: Option<Timestamp>,
    /// At `high`, exclusive; `None`: not at all.
    pub high: Option<Timestamp>,
}

/// A level of user risk that people are listed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldLevel {
    /// `medium` or above.
    Medium,
    /// `high`.
    High,
}

/// Which people at user risk to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsersAtRiskFilter {
    /// Who is at this level,
    pub at_least: HeldLevel,
    /// at this time.
    pub at: Timestamp,
    /// After this one in the list (exclusive); `None`: from the first on.
    pub after: Option<UserAtRiskRow>,
}

/// A person who is at a level of user risk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAtRiskRow {
    /// Who.
    pub subject: SubjectId,
    /// Until when, exclusive, if nothing more is confirmed.
    pub until: Timestamp,
}

/// A kill switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchRow {
    /// Which trigger.
    pub trigger: Trigger,
    /// Whether Countersign is off there.
    pub is_off: bool,
    /// Since when.
    pub at: Timestamp,
}

/// An account that has an e-mail address, both under their pseudonyms. An address may have several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRow {
    /// The pseudonym of the address.
    pub address: SubjectId,
    /// The account.
    pub subject: SubjectId,
    /// Whether Auth0 ever said that it verified it; else it is anybody's word.
    pub is_verified: bool,
}

/// A sign-up that was decided about, for the first login to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUpRow {
    /// The account, or the address while there is none.
    pub holder: SubjectId,
    /// The connection that the address would sign up at; empty for an account.
    pub connection: String,
    /// The decision.
    pub decision: DecisionId,
    /// Its score.
    pub score: Score,
    /// Whether a challenge or more was decided.
    pub is_challenged: bool,
    /// When.
    pub at: Timestamp,
}

/// A token by which the short form may be asked; only its digest is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskTokenRow {
    /// Its public name.
    pub id: String,
    /// SHA-256 of the token.
    pub digest: Vec<u8>,
    /// When it was made.
    pub at: Timestamp,
    /// When it was ended; `None` while it holds.
    pub revoked_at: Option<Timestamp>,
}

/// A lease that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Counts up each time another process takes the lease.
    pub epoch: u64,
}

/// A version of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Counts up from 1 with each change.
    pub version: u64,
    /// The name by content.
    pub etag: String,
    /// The canonical document.
    pub document: String,
    /// Since when it holds.
    pub at: Timestamp,
}

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// How many leaves it covers.
    pub size: u64,
    /// The signed note.
    pub note: String,
    /// When it was signed.
    pub at: Timestamp,
}

/// A leaf as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafRow {
    /// Its place.
    pub index: u64,
    /// The record's id.
    pub record_id: String,
    /// Its canonical bytes.
    pub leaf: Vec<u8>,
    /// The running hash up to it.
    pub chain: Hash,
}

/// A sealed body as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBodyRow {
    /// The name of the key that opens it.
    pub key_id: String,
    /// Salt and body, sealed.
    pub sealed: Vec<u8>,
}

/// The head of a tenant's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerHead {
    /// Size and roots of the complete subtrees.
    pub frontier: Frontier,
    /// The running hash over all leaves.
    pub chain: Hash,
}

/// A person's wrapped key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectKeyRow {
    /// A random name for the key, which an erasure leaf can tell without naming the person.
    pub key_id: String,
    /// The key, wrapped by the master key.
    pub wrapped: Vec<u8>,
}
