//! What is not done with models, and why.

use countersign_risk::ModelFault;

use super::MAX_MODEL_BYTES;

/// Why a model is not taken in or not put in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelRefusal {
    /// The model or its card has a fault.
    #[error("{0}")]
    Fault(#[from] ModelFault),
    /// Model and card are too long.
    #[error("a model and its card have at most {MAX_MODEL_BYTES} bytes together, not {0}")]
    Size(usize),
    /// The same model is there.
    #[error("the same model is version {0} already")]
    Known(u64),
    /// The version decides already.
    #[error("version {0} is the champion already")]
    IsChampion(u64),
    /// The version is the challenger already.
    #[error("version {0} is the challenger already")]
    IsChallenger(u64),
    /// There is no challenger to withdraw.
    #[error("there is no challenger to withdraw")]
    NoChallenger,
    /// No promotion is left to be undone.
    #[error("no promotion is left that could be rolled back")]
    NothingBefore,
}

impl ModelRefusal {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Fault(_) => "model.faults",
            Self::Size(_) => "model.too_large",
            Self::Known(_) => "model.known",
            Self::IsChampion(_) | Self::IsChallenger(_) => "model.holds",
            Self::NoChallenger | Self::NothingBefore => "model.nothing_to_undo",
        }
    }
}
