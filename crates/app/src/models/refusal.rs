//! What is not done with models, and why.

use countersign_risk::{ModelFault, own_model};

use super::MAX_MODEL_BYTES;

/// Why a model is not taken in or not put in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelRefusal {
    /// The model or its card has a fault.
    #[error("{0}")]
    Fault(#[from] ModelFault),
    /// The file of an own model has faults; at least one.
    #[error("{}", join(.0))]
    OwnFaults(Vec<own_model::Fault>),
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
    /// The own model counts already.
    #[error("version {0} is attached already")]
    IsAttached(u64),
    /// An own model was to decide alone.
    #[error("version {0} is an own model, which is attached and not promoted")]
    IsOwn(u64),
    /// Constants were to count beside others.
    #[error("version {0} is no own model; it is promoted and not attached")]
    IsNotOwn(u64),
    /// There is no own model to detach.
    #[error("no own model is attached")]
    NoneAttached,
    /// There is no challenger to withdraw.
    #[error("there is no challenger to withdraw")]
    NoChallenger,
    /// No promotion, attachment or detachment is left to be undone.
    #[error("no promotion is left that could be rolled back")]
    NothingBefore,
}

/// All faults in one line.
fn join(faults: &[own_model::Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl ModelRefusal {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Fault(_) | Self::OwnFaults(_) => "model.faults",
            Self::Size(_) => "model.too_large",
            Self::Known(_) => "model.known",
            Self::IsChampion(_) | Self::IsChallenger(_) | Self::IsAttached(_) => "model.holds",
            Self::IsOwn(_) | Self::IsNotOwn(_) => "model.kind",
            Self::NoChallenger | Self::NoneAttached | Self::NothingBefore => "model.nothing_to_undo",
        }
    }
}
