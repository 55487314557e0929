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
    #[error("this does not count: {}", .0.as_str())]
    Review(Refused),
    /// The tenant could not be read.
    #[error("the tenant could not be read: {0}")]
    Read(String),
    /// From where the run stands, that can't come.
    #[error("from where the run stands, that can't come")]
    Misfit,
    /// Who proposed or approves a plan is no person that is known.
    #[error("an approval is by a person who signed in")]
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
            Self::Review(_) => "plan.review",
            Self::Read(_) => "plan.unread",
            Self::Misfit => "plan.misfit",
            Self::NotAPerson => "plan.not_a_person",
        }
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
