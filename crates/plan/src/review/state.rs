//! Where a plan stands.

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Act, How, Refused, Signed, act::At};
use crate::{
    change::{ChangePlan, MAX_REASON, Person, is_plain},
    gate::{Approvals, Outcome, Verdict},
};

/// For how long after a plan's time a run that halted may go on: a week. After it, the world and the settings are others than those
/// that people agreed by.
pub const RESUMES_FOR: Micros = 7 * 24 * 60 * 60 * 1_000_000;

words!(
    /// Where a plan stands.
    Status {
        /// It is shown, and can't be approved.
        Reported = "reported",
        /// It waits for people.
        Proposed = "proposed",
        /// It may be begun.
        Approved = "approved",
        /// A person refused it.
        Rejected = "rejected",
        /// Its time was over before it was begun.
        Expired = "expired",
        /// Another took its place.
        Superseded = "superseded",
        /// Whoever proposed it took it back, a person or a part of the service.
        Withdrawn = "withdrawn",
        /// It is being carried out.
        Running = "running",
        /// It was carried out.
        Done = "done",
        /// It halted on its way.
        Halted = "halted",
        /// It could not be carried out.
        Failed = "failed",
        /// Somebody whom it is about was erased before it came to its end: nothing more of it is done.
        Erased = "erased",
    }
);

impl Status {
    /// Whether nothing can come any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Proposed | Self::Approved | Self::Running | Self::Halted)
    }

    /// Whether it was not begun, and may still be.
    const fn is_open(self) -> bool {
        matches!(self, Self::Proposed | Self::Approved)
    }
}

/// One person's agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who.
    pub by: Signed,
    /// When.
    pub at: Timestamp,
}

/// Where a plan stands. The version counts the acts that counted: of two at once, one is of a version that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanState {
    /// The plan's hash.
    pub hash: String,
    /// Where it stands.
    pub status: Status,
    /// Who proposed it; `None`: no person did.
    pub proposer: Option<Person>,
    /// Until when it may be begun.
    pub begin_by: Timestamp,
    /// Who has to agree, all of it at once.
    pub demanded: Vec<Approvals>,
    /// Whether whoever proposed it may approve it.
    pub own_suffices: bool,
    /// Whether the policy countersigned it, by the verdict.
    pub is_by_policy: bool,
    /// Who agreed so far.
    pub approvals: Vec<Approval>,
    /// How many acts counted.
    pub version: u64,
}

impl PlanState {
    /// A plan as the gate lets it in; `None` where it does not.
    #[must_use]
    pub fn new(plan: &ChangePlan, verdict: &Verdict) -> Option<Self> {
        let status = match verdict.outcome {
            Outcome::Refused => return None,
            Outcome::Report => Status::Reported,
            Outcome::Propose => Status::Proposed,
            Outcome::Auto => Status::Approved,
        };
        Some(Self {
            hash: plan.hash(),
            status,
            proposer: plan.origin.proposer().cloned(),
            begin_by: plan.begin_by.min(plan.made_at.plus(verdict.waits_for)),
            demanded: verdict.approvals.clone(),
            own_suffices: verdict.own_suffices,
            is_by_policy: verdict.outcome == Outcome::Auto,
            approvals: Vec::new(),
            version: 0,
        })
    }

    /// Whether those who agreed are enough.
    #[must_use]
    pub fn is_met(&self) -> bool {
        let people: Vec<_> = self.approvals.iter().map(|approval| &approval.by.roles).collect();
        // Why not empty: what demands nobody is approved by the policy, never here.
        !self.demanded.is_empty() && self.demanded.iter().all(|demanded| demanded.are_met(&people))
    }

    /// Whether a plan that was approved may be begun by what the gate says of it now: it may go by itself still, or those who agreed are
    /// enough for what is demanded now, and it did not wait for longer than it may.
    #[must_use]
    pub fn holds_by(&self, verdict: &Verdict, made: Timestamp, at: Timestamp) -> bool {
        if at >= made.plus(verdict.waits_for) {
            return false;
        }
        match verdict.outcome {
            Outcome::Auto => true,
            Outcome::Propose if !self.is_by_policy => {
                let counts = |approval: &&Approval| {
                    verdict.own_suffices || self.proposer.as_ref() != Some(&approval.by.person)
                };
                let people: Vec<_> =
                    self.approvals.iter().filter(counts).map(|approval| &approval.by.roles).collect();
                !verdict.approvals.is_empty()
                    && verdict.approvals.iter().all(|demanded| demanded.are_met(&people))
            }
            Outcome::Propose | Outcome::Report | Outcome::Refused => false,
        }
    }

    fn to(mut self, status: Status) -> Self {
        self.status = status;
        self.version = self.version.saturating_add(1);
        self
    }
}

/// What becomes of a plan by an act at a time.
///
/// # Errors
/// [`Refused`]; then the state stays as it is.
pub fn review(state: &PlanState, act: &Act, at: At) -> Result<PlanState, Refused> {
    let status = state.status;
    match act {
        Act::Approve { by, hash } => approve(state, by, hash, at),
        Act::Reject { by, hash, reason } => {
            may_vote(state, by, hash, at)?;
            if reason.trim().is_empty() || reason.chars().count() > MAX_REASON || !is_plain(reason) {
                return Err(Refused::NoReason);
            }
            Ok(state.clone().to(Status::Rejected))
        }
        Act::Withdraw { by } => {
            is_open(state)?;
            if state.proposer.as_ref() != Some(&by.person) {
                return Err(Refused::NotTheirs);
            }
            Ok(state.clone().to(Status::Withdrawn))
        }
        Act::Expire => {
            is_open(state)?;
            if at < state.begin_by {
                return Err(Refused::Early);
            }
            Ok(state.clone().to(Status::Expired))
        }
        Act::Supersede { hash } => {
            is_open(state)?;
            if *hash == state.hash {
                return Err(Refused::OtherHash);
            }
            Ok(state.clone().to(Status::Superseded))
        }
        Act::Begin { hash } => begin(state, hash, at),
        Act::Finish if status == Status::Running => Ok(state.clone().to(Status::Done)),
        Act::Halt if status == Status::Running => Ok(state.clone().to(Status::Halted)),
        Act::Settle if status == Status::Halted => Ok(state.clone().to(Status::Halted)),
        Act::Resume if status == Status::Halted && at >= state.begin_by.plus(RESUMES_FOR) => {
            Err(Refused::Late)
        }
        Act::Resume if status == Status::Halted => Ok(state.clone().to(Status::Running)),
        Act::Renew { hash, .. } if status == Status::Halted => {
            if hash.as_ref() == Some(&state.hash) {
                return Err(Refused::OtherHash);
            }
            Ok(state.clone().to(Status::Halted))
        }
        Act::Fail if matches!(status, Status::Running | Status::Halted) => {
            Ok(state.clone().to(Status::Failed))
        }
        Act::Recall => {
            is_open(state)?;
            Ok(state.clone().to(Status::Withdrawn))
        }
        Act::Erase if !status.is_final() => Ok(state.clone().to(Status::Erased)),
        Act::Finish | Act::Halt | Act::Settle | Act::Resume | Act::Renew { .. } | Act::Fail | Act::Erase => {
            Err(Refused::Misfit)
        }
    }
}

fn is_open(state: &PlanState) -> Result<(), Refused> {
    if state.status.is_open() { Ok(()) } else { Err(Refused::NotOpen) }
}

/// What holds of an approval as of a rejection.
fn may_vote(state: &PlanState, by: &Signed, hash: &str, at: At) -> Result<(), Refused> {
    if by.how != How::Oidc {
        return Err(Refused::NotAPerson);
    }
    if hash != state.hash {
        return Err(Refused::OtherHash);
    }
    if state.status == Status::Reported {
        return Err(Refused::ReportOnly);
    }
    is_open(state)?;
    if at >= state.begin_by {
        return Err(Refused::Late);
    }
    Ok(())
}

fn approve(state: &PlanState, by: &Signed, hash: &str, at: At) -> Result<PlanState, Refused> {
    may_vote(state, by, hash, at)?;
    if !state.own_suffices && state.proposer.as_ref() == Some(&by.person) {
        return Err(Refused::Own);
    }
    if state.approvals.iter().any(|approval| approval.by.person == by.person) {
        return Err(Refused::Twice);
    }
    if state.status != Status::Proposed {
        return Err(Refused::NotOpen);
    }
    let mut next = state.clone();
    next.approvals.push(Approval { by: by.clone(), at });
    let status = if next.is_met() { Status::Approved } else { Status::Proposed };
    Ok(next.to(status))
}

fn begin(state: &PlanState, hash: &str, at: At) -> Result<PlanState, Refused> {
    if hash != state.hash {
        return Err(Refused::OtherHash);
    }
    if state.status != Status::Approved {
        return Err(Refused::NotOpen);
    }
    if at >= state.begin_by {
        return Err(Refused::Late);
    }
    Ok(state.clone().to(Status::Running))
}
