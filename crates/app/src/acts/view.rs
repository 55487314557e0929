//! Plans as people see them.

use countersign_core::Timestamp;
use countersign_plan::{
    change::{Because, Left, Radius, Sends, Sentence},
    gate::{Approvals, Reason},
    run::{Halt, StepState},
};
use countersign_store::PlanRow;
use serde::Serialize;
use serde_json::Value;

use super::{kept::hash_text, wait::Waits};

/// A plan without what it says: it names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanHead {
    /// Its id.
    pub id: String,
    /// Counts what was done with it.
    pub version: u64,
    /// Where it stands.
    pub state: String,
    /// The hash that an approval names: SHA-256, in hexadecimal digits.
    pub hash: String,
    /// What proposed it.
    pub origin: String,
    /// The incident that it is about.
    pub incident: Option<String>,
    /// The plan whose run it takes back.
    pub undoes: Option<String>,
    /// Whose queue it stands in.
    pub audience: String,
    /// How much it presses: 0 least, 3 most.
    pub priority: u8,
    /// Who proposed it: a principal's id.
    pub proposer: String,
    /// Who looks at it.
    pub assignee: Option<String>,
    /// How many steps it has.
    pub steps: u64,
    /// How many users it reaches.
    pub users: u64,
    /// How many organizations it reaches.
    pub organizations: u64,
    /// Whether no person was asked.
    pub is_by_policy: bool,
    /// When it was proposed.
    pub proposed: Timestamp,
    /// When somebody should have looked at it.
    pub due: Timestamp,
    /// It can't be begun from then on.
    pub expires: Timestamp,
    /// When its run was begun.
    pub begun: Option<Timestamp>,
    /// When it changed last.
    pub changed: Timestamp,
    /// Why its run does not go on now, and when it is tried again.
    pub waits: Option<Waits>,
}

impl From<PlanRow> for PlanHead {
    fn from(row: PlanRow) -> Self {
        let waits = Waits::of(&row);
        Self {
            id: row.id,
            version: row.version,
            state: row.state,
            hash: hash_text(&row.hash),
            origin: row.origin,
            incident: row.incident,
            undoes: row.undoes,
            audience: row.audience,
            priority: row.priority,
            proposer: row.proposer,
            assignee: row.assignee,
            steps: row.steps,
            users: row.users,
            organizations: row.organizations,
            is_by_policy: row.is_by_policy,
            proposed: row.proposed,
            due: row.due,
            expires: row.expires,
            begun: row.begun,
            changed: row.changed,
            waits,
        }
    }
}

/// A plan in a list: it names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanListed {
    /// Its head.
    #[serde(flatten)]
    pub plan: PlanHead,
    /// What it does, by kinds of steps in the plan's order.
    pub kinds: Vec<KindCount>,
    /// Whether what it says was erased.
    pub is_erased: bool,
}

/// How many steps of one kind a plan has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindCount {
    /// The kind, a word.
    pub kind: String,
    /// How many.
    pub count: usize,
}

/// A step as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepShown {
    /// What it is called.
    pub name: String,
    /// What it does, a word.
    pub kind: String,
    /// What it does, in words made from the step alone.
    pub sentence: Sentence,
    /// The whole of what it sends.
    pub sends: Sends,
    /// Whether it can't be undone.
    pub is_irreversible: bool,
    /// Which of the reasons it is for.
    pub because: usize,
    /// How far it came.
    pub state: StepState,
    /// How often it was sent, or was about to be.
    pub sent: u8,
    /// The status of the answer, where it was refused.
    pub status: Option<u16>,
}

/// What somebody did with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewShown {
    /// What.
    pub act: String,
    /// By which principal.
    pub principal: String,
    /// Who that is, for people.
    pub by: String,
    /// Why, where it was said.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What somebody wrote about a plan or a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemarkShown {
    /// The leaf that says that they did.
    pub id: String,
    /// Who, for people.
    pub by: String,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// A plan that takes back another's run, as that one tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndoShown {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: String,
    /// How many steps it has.
    pub steps: u64,
    /// When it changed last.
    pub changed: Timestamp,
}

/// A plan as whoever approves sees it: people by alias, and what others wrote left out, until somebody opens it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanShown {
    /// Its head.
    pub plan: PlanHead,
    /// Who proposed it, for people; `None`: a part of the service, or a program.
    pub proposed_by: Option<String>,
    /// Of a plan that a program proposed, the person whose own it is for all that: a principal's id.
    pub behind: Option<String>,
    /// The playbook or the workflow that wants it.
    pub workflow: Option<String>,
    /// What whoever wants it calls it.
    pub title: String,
    /// Why it is wanted, in their words.
    pub because: Vec<Because>,
    /// Whom it touches.
    pub radius: Radius,
    /// The first of the users that it touches, as the API tells accounts.
    pub users: Vec<Value>,
    /// Its steps, and how far they came.
    pub steps: Vec<StepShown>,
    /// What whoever approves must know.
    pub notes: Vec<String>,
    /// Of a plan that takes back another: what stays.
    pub left: Vec<Left>,
    /// The plans that take its run back, whole or in part, the newest first; none that came to nothing.
    pub undone_by: Vec<UndoShown>,
    /// Why it goes no further by itself.
    pub reasons: Vec<Reason>,
    /// Who has to agree.
    pub demanded: Vec<Approvals>,
    /// How many agreed so far.
    pub approvals: usize,
    /// Whether whoever proposed it may approve it.
    pub own_suffices: bool,
    /// What was done with it.
    pub reviews: Vec<ReviewShown>,
    /// Once somebody was erased out of it: the hash of what is left, which the ledger names beside the plan's.
    pub redacted: Option<String>,
    /// What was written about it.
    pub remarks: Vec<RemarkShown>,
    /// Where and why its run halted.
    pub halt: Option<Halt>,
}
