//! Why a plan goes as far as it does.

use serde::{Deserialize, Serialize};

use super::{Autonomy, Count};
use crate::change::Kind;

/// Why a plan goes no further.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// It has no steps.
    Empty,
    /// It has more steps than any plan may.
    TooManySteps,
    /// It is of another tenant.
    OtherTenant,
    /// A step does not do what its kind says.
    Misnamed {
        /// The step.
        step: String,
    },
    /// A kind goes no further by the settings.
    Kind {
        /// The kind.
        kind: Kind,
        /// How far it goes.
        autonomy: Autonomy,
    },
    /// A cap for a run.
    RunCap {
        /// Of what.
        count: Count,
    },
    /// A cap for a day.
    DayCap {
        /// Of what.
        count: Count,
    },
    /// The breaker is open.
    Breaker,
    /// It undoes a run of whoever wants that: no other person is needed.
    OwnUndo,
}

impl Reason {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooManySteps => "too_many_steps",
            Self::OtherTenant => "other_tenant",
            Self::Misnamed { .. } => "misnamed",
            Self::Kind { .. } => "kind",
            Self::RunCap { .. } => "run_cap",
            Self::DayCap { .. } => "day_cap",
            Self::Breaker => "breaker",
            Self::OwnUndo => "own_undo",
        }
    }
}
