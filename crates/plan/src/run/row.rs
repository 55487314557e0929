//! Where steps stand.

use serde::{Deserialize, Serialize};

words!(
    /// Where a step stands.
    #[derive(Default)]
    StepState {
        /// Nothing was done.
        #[default]
        Pending = "pending",
        /// It was about to be sent, and nobody knows more.
        Intended = "intended",
        /// It was about to be sent, and was not: the tenant takes nothing now. The intent stands, and it is tried again.
        Waiting = "waiting",
        /// It was done.
        Done = "done",
        /// It was so before, and nothing was sent.
        Already = "already",
        /// The tenant refused it.
        Refused = "refused",
        /// Nobody knows whether it was done, and it can't be seen.
        Uncertain = "uncertain",
    }
);

/// One step's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Where it stands.
    pub state: StepState,
    /// Of what was done, whether what is so after it was seen.
    #[serde(default)]
    pub is_seen: bool,
    /// How often it was sent, or was about to be.
    #[serde(default)]
    pub sent: u8,
    /// The status by which it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Row {
    /// Whether the run is through with it.
    pub(super) const fn is_through(&self, is_dispensable: bool) -> bool {
        match self.state {
            StepState::Already => true,
            StepState::Done => self.is_seen,
            StepState::Refused | StepState::Uncertain => is_dispensable,
            StepState::Pending | StepState::Intended | StepState::Waiting => false,
        }
    }
}

/// Why a run halts. Names places, never values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
pub enum Why {
    /// The tenant is not as it was when the plan was made.
    Moved {
        /// What is not.
        what: String,
    },
    /// The tenant refused.
    Refused {
        /// The status.
        status: u16,
    },
    /// Nobody knows whether the step was done.
    Uncertain,
    /// It was answered as done, and what is so after it does not show.
    NotSeen {
        /// What does not.
        what: String,
    },
    /// What an earlier step answered, or a secret, is not known.
    Unknown,
    /// A person stopped it.
    Stopped,
    /// The tenant took nothing until the plan's time was over.
    Late,
    /// A step would lock out the service itself, or whoever administers it.
    LockOut {
        /// The step's number, from 0.
        at: usize,
    },
}

impl Why {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Moved { .. } => "moved",
            Self::Refused { .. } => "refused",
            Self::Uncertain => "uncertain",
            Self::NotSeen { .. } => "not_seen",
            Self::Unknown => "unknown",
            Self::Stopped => "stopped",
            Self::Late => "late",
            Self::LockOut { .. } => "lock_out",
        }
    }

    /// Whether a person may simply let the run go on: nothing has to be settled first, and everything is looked at again.
    #[must_use]
    pub const fn may_resume(&self) -> bool {
        matches!(self, Self::Stopped | Self::Late | Self::LockOut { .. })
    }
}

/// Where and why a run halts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Halt {
    /// The step's number, from 0.
    pub step: usize,
    /// Why.
    pub why: Why,
}
