//! Leaves of plans: ids, words and hashes; nothing of a person.

use countersign_core::Timestamp;
use countersign_ledger::leaf::Kind;
use countersign_plan::review::{Act, PlanState};
use countersign_store::PlanRow;

use super::{kept::hash_text, run::EXECUTOR};
use crate::leaves::Draft;

/// Who acts, as records of plans tell it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Actor<'a> {
    /// A person, or somebody on the operator's side, by a principal's id.
    Person(&'a str),
    /// The tenant's policy.
    Policy,
    /// The service itself: playbooks, workflows, the executor.
    Automation(&'a str),
}

impl<'a> Actor<'a> {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Policy => "policy",
            Self::Automation(_) => "automation",
        }
    }

    pub(super) const fn principal(self) -> &'a str {
        match self {
            Self::Person(id) | Self::Automation(id) => id,
            Self::Policy => "policy",
        }
    }
}

/// A leaf about a plan.
pub(super) fn draft<'a>(
    (id, at): (&'a str, Timestamp),
    change: &str,
    (plan, state): (&str, &PlanState),
    actor: Actor<'_>,
) -> Draft<'a> {
    let mut draft = Draft::new(id, at, Kind::Plan)
        .fact("change", &change)
        .fact("plan", &plan)
        .fact("state", &state.status)
        .fact("actor_type", &actor.kind())
        .fact("principal", &actor.principal());
    draft.hashes.insert("plan".to_owned(), state.hash.clone());
    draft
}

/// A leaf of the executor's about a plan, for which the plan need not be opened.
pub(super) fn row_draft<'a>((id, at): (&'a str, Timestamp), change: &str, row: &PlanRow) -> Draft<'a> {
    let actor = Actor::Automation(EXECUTOR);
    let mut draft = Draft::new(id, at, Kind::Plan)
        .fact("change", &change)
        .fact("plan", &row.id)
        .fact("state", &row.state)
        .fact("actor_type", &actor.kind())
        .fact("principal", &actor.principal());
    draft.hashes.insert("plan".to_owned(), hash_text(&row.hash));
    draft
}

/// The word for what an act does to a plan.
pub(super) const fn word(act: &Act) -> &'static str {
    match act {
        Act::Approve { .. } => "approved",
        Act::Reject { .. } => "rejected",
        Act::Withdraw { .. } => "withdrawn",
        Act::Expire => "expired",
        Act::Supersede { .. } => "superseded",
        Act::Begin { .. } => "begun",
        Act::Finish => "finished",
        Act::Halt => "halted",
        Act::Settle => "settled",
        Act::Resume => "resumed",
        Act::Renew { .. } => "renewed",
        Act::Fail => "failed",
        Act::Recall => "withdrawn",
        Act::Erase => "erased",
    }
}
