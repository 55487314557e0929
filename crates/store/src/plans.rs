//! Plans, what was said about them, and how far their steps came.

use countersign_core::Timestamp;
use countersign_ledger::Hash;

/// A plan and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Its id.
    pub id: String,
    /// Counts changes of where it stands, from 1.
    pub version: u64,
    /// Where it stands, a word.
    pub state: String,
    /// The SHA-256 of its canonical JSON; never changes.
    pub hash: Hash,
    /// What proposed it, a word; never changes.
    pub origin: String,
    /// The incident that it is about; never changes.
    pub incident: Option<String>,
    /// The plan whose run it takes back; never changes.
    pub undoes: Option<String>,
    /// Whose queue it stands in, a word.
    pub audience: String,
    /// How much it presses: 0 least.
    pub priority: u8,
    /// Who proposed it, a principal's id; never changes.
    pub proposer: String,
    /// Who looks at it.
    pub assignee: Option<String>,
    /// How many steps it has.
    pub steps: u64,
    /// How many users it reaches.
    pub users: u64,
    /// How many organizations it reaches.
    pub organizations: u64,
    /// When it was proposed.
    pub proposed: Timestamp,
    /// When somebody should have looked at it.
    pub due: Timestamp,
    /// It can't be begun from then on.
    pub expires: Timestamp,
    /// When its run was begun.
    pub begun: Option<Timestamp>,
    /// Where and why its run halted, JSON.
    pub halt: Option<String>,
    /// Whether no person was asked; never changes.
    pub is_by_policy: bool,
    /// When it changed last.
    pub changed: Timestamp,
    /// Why its run does not go on now, JSON of the caller's own.
    pub waits: Option<String>,
    /// When it is tried again; `None`: at once.
    pub try_at: Option<Timestamp>,
    /// The name of the key that opens it.
    pub key_id: String,
    /// The plan, sealed.
    pub sealed: Vec<u8>,
}

/// Which plans to list; what is absent means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanFilter {
    /// Standing in one of these states; empty: any.
    pub states: Vec<String>,
    /// About this incident.
    pub incident: Option<String>,
    /// Taking back the run of this plan.
    pub undoes: Option<String>,
    /// In this queue.
    pub audience: Option<String>,
    /// In the hands of this person.
    pub assignee: Option<String>,
    /// That somebody should have looked at before this time.
    pub overdue_at: Option<Timestamp>,
    /// With an id before this one (exclusive): the newest first.
    pub before: Option<String>,
}

/// Which plans are due: standing so, with an end at `expired_by` or before, and to be tried at `tried_by` or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePlans {
    /// Where they stand, a word.
    pub state: String,
    /// By when they can't be begun any more.
    pub expired_by: Timestamp,
    /// By when they are tried again.
    pub tried_by: Timestamp,
}

/// What somebody said about a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanReviewRow {
    /// The plan.
    pub plan: String,
    /// The plan's version that it led to.
    pub version: u64,
    /// What was said, a word.
    pub act: String,
    /// By whom, a principal's id.
    pub principal: String,
    /// When.
    pub at: Timestamp,
    /// The name of the key that opens it.
    pub key_id: String,
    /// The reason, sealed.
    pub sealed: Vec<u8>,
}

/// How far a step of a run came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStepRow {
    /// The plan.
    pub plan: String,
    /// The step's place in the plan, from 0.
    pub step: u64,
    /// How far it came, a word.
    pub state: String,
    /// The leaf of the intent.
    pub record: String,
    /// Of the lease under which it was written.
    pub epoch: u64,
    /// How often it was sent, or was about to be.
    pub sent: u8,
    /// Whether what is so after it was seen.
    pub is_seen: bool,
    /// The status of the answer, where one is known.
    pub status: Option<u16>,
    /// When.
    pub at: Timestamp,
    /// What later steps need of the answer, sealed under the plan's key; empty: nothing.
    pub kept: Vec<u8>,
}

/// What runs reach that were begun since a time without that a person was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlansSpent {
    /// Users, each plan's counted for itself.
    pub users: u64,
    /// Organizations.
    pub organizations: u64,
    /// Steps.
    pub steps: u64,
    /// Runs.
    pub runs: u64,
}

/// In whose hands something is that waits for people; what is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeskChange {
    /// Whose queue it stands in, a word.
    pub audience: Option<String>,
    /// How much it presses: 0 least.
    pub priority: Option<u8>,
    /// Who looks at it; `Some(None)`: nobody.
    pub assignee: Option<Option<String>>,
    /// When somebody should have looked at it.
    pub due: Option<Timestamp>,
}

/// A plan that is not needed any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldPlan {
    /// Its id.
    pub id: String,
    /// How many steps it has.
    pub steps: u64,
}

/// One change of what is known of plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanWrite {
    /// Adds a plan or changes where it stands; `Stale` when its version is not `expected_version` (0: there is none). In whose hands
    /// a plan that is there is stays as it is.
    Put {
        /// The version that was read.
        expected_version: u64,
        /// The plan as it is now, with its next version.
        row: Box<PlanRow>,
    },
    /// Changes in whose hands a plan is, wherever it stands; `Stale` where there is none.
    Desk {
        /// The plan.
        plan: String,
        /// What changes.
        change: DeskChange,
    },
    /// Says why a run does not go on now, and when it is tried again; `Stale` when the plan's version, which stays, is not `version`.
    Waits {
        /// The plan.
        plan: String,
        /// The version that was read; `None`: whichever it is.
        version: Option<u64>,
        /// Why, JSON of the caller's own; `None`: nothing keeps it any more.
        waits: Option<String>,
        /// When it is tried again; `None`: at once.
        try_at: Option<Timestamp>,
    },
    /// Adds what somebody said; `Stale` when something was said that led to the same version.
    Review(PlanReviewRow),
    /// Says how far a step came; `Stale` when it had not come as far as `expected` (`None`: it was not begun).
    Step {
        /// The state that was read.
        expected: Option<String>,
        /// The step as it is now.
        row: PlanStepRow,
    },
    /// Says what the breaker knows; `Stale` when its version is not `expected_version` (0: there is none).
    Breaker {
        /// The version that was read.
        expected_version: u64,
        /// The caller's own document, JSON.
        document: String,
    },
    /// Puts what is left of a plan in the place of what it said, since somebody was erased out of it; `Stale` when its version is another.
    Redact {
        /// The plan.
        plan: String,
        /// The version that was read.
        version: u64,
        /// What is left, sealed under the plan's key.
        sealed: Vec<u8>,
    },
    /// Forgets a plan, what was said and written about it and its steps; nothing where there is none.
    Drop(String),
}
