//! Why a plan is not made, or an act on it does not count.

use countersign_plan::{change::Fault, gate::Reason, review::Refused};

/// Why a plan is not made, or an act on it does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefusal {
    /// The service has no client that could carry a plan out.
    #[error("the service has no client at this tenant to act by; name one in `[tenants.<name>.acting]`")]
    NoHands,
    /// What is wanted can't be planned.
    #[error("what is wanted can't be planned: {}", lines(.0))]
    Faults(Vec<Fault>),
    /// The gate does not take the plan.
    #[error("the plan is not taken: {}", reasons(.0))]
    Gate(Vec<Reason>),
    /// The act does not count.
    #[error("this does not count: {}", said(*.0))]
    Review(Refused),
    /// The tenant could not be read.
    #[error("the tenant could not be read: {0}")]
    Read(String),
    /// From where the run stands, that can't come.
    #[error("from where the run stands, that can't come")]
    Misfit,
    /// Who proposed or approves a plan is no person that is known.
    #[error(
        "this takes a person who signed in at the identity provider: a token, a link or a command beside the data approves nothing"
    )]
    NotAPerson,
}

impl PlanRefusal {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoHands => "plan.no_hands",
            Self::Faults(_) => "plan.invalid",
            Self::Gate(_) => "plan.refused",
            Self::Review(refused) => refused_code(*refused),
            Self::Read(_) => "plan.unread",
            Self::Misfit => "plan.misfit",
            Self::NotAPerson => "plan.not_a_person",
        }
    }
}

const fn refused_code(refused: Refused) -> &'static str {
    match refused {
        Refused::OtherHash => "plan.other_hash",
        Refused::NotOpen => "plan.not_open",
        Refused::Late => "plan.late",
        Refused::Own => "plan.own",
        Refused::Twice => "plan.twice",
        Refused::NotAPerson => "plan.not_a_person",
        Refused::NoReason => "plan.no_reason",
        Refused::NotTheirs => "plan.not_theirs",
        Refused::ReportOnly => "plan.report_only",
        Refused::Early => "plan.early",
        Refused::Misfit => "plan.misfit",
    }
}

/// Why an act does not count, for people.
const fn said(refused: Refused) -> &'static str {
    match refused {
        Refused::OtherHash => "the hash is another plan's; look at this one, and act on what it says",
        Refused::NotOpen => "the plan waits for nobody any more",
        Refused::Late => "the plan's time is over; propose it anew",
        Refused::Own => "you proposed it, and somebody else has to agree",
        Refused::Twice => "you agreed to it already, which counts once",
        Refused::NotAPerson => "it takes a person who signed in at the identity provider",
        Refused::NoReason => "a rejection says why, in 1 to 1,000 characters that hide nothing",
        Refused::NotTheirs => "only whoever proposed the plan takes it back",
        Refused::ReportOnly => "by the settings the plan is only shown",
        Refused::Early => "the plan's time is not over",
        Refused::Misfit => "from where the plan stands, that can't come",
    }
}

fn lines(faults: &[Fault]) -> String {
    let line = |fault: &Fault| match fault.wanted {
        Some(wanted) => format!("`wanted[{wanted}].{}`: {}", fault.place, fault.right),
        None => format!("`{}`: {}", fault.place, fault.right),
    };
    faults.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn reasons(reasons: &[Reason]) -> String {
    reasons.iter().map(Reason::code).collect::<Vec<_>>().join(", ")
}
