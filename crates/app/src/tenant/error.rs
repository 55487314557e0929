//! Why a plan was not carried out to its end.

use countersign_plan::{FillError, Miss};

use super::KeepError;
use crate::management::Error as ApiError;

/// Why a plan was not carried out to its end. Nothing in it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The tenant is not as it must be for a step: since the plan was made, or since the step was done that is undone.
    #[error("`{step}` was not sent, since the tenant was changed by others meanwhile: {miss}")]
    Changed {
        /// The step.
        step: String,
        /// What is not as it was.
        miss: Miss,
    },
    /// A write was answered as done, and what is read does not show it.
    #[error("`{step}` was answered as done, and can't be seen: {miss}")]
    NotSeen {
        /// The step.
        step: String,
        /// What does not show.
        miss: Miss,
    },
    /// The tenant could not be asked, or refused.
    #[error("{step}{error}", step = .step.as_ref().map_or_else(String::new, |step| format!("`{step}`: ")))]
    Api {
        /// The step, if it was one.
        step: Option<String>,
        /// What came of it.
        error: ApiError,
    },
    /// An answer lacks what later steps need.
    #[error("`{step}` was answered without `{what}`")]
    Answer {
        /// The step.
        step: String,
        /// What is not there.
        what: String,
    },
    /// A request can't be made.
    #[error("`{step}`: {error}")]
    Fill {
        /// The step.
        step: String,
        /// Why.
        error: FillError,
    },
    /// The journal could not be kept.
    #[error("the journal: {0}")]
    Keep(#[from] KeepError),
    /// Findings of the plan keep it from being applied.
    #[error("nothing is applied while this is so: {0}")]
    Blocked(String),
    /// Scopes are needed that were not accepted.
    #[error("these scopes are needed and were not accepted: {}", .0.join(" "))]
    NotAccepted(Vec<String>),
    /// The credential can do more than was accepted.
    #[error("the credential has scopes that were not accepted: {}; take them from it", .0.join(" "))]
    TooMuch(Vec<String>),
    /// The credential can do less than is needed.
    #[error("the credential lacks scopes that are needed: {}", .0.join(" "))]
    TooLittle(Vec<String>),
    /// The tenant does not say what the credential can do.
    #[error(
        "the tenant does not say which scopes the credential has, so that nobody can tell whether it has too many"
    )]
    Untold,
    /// An earlier run did not come to its end.
    #[error("plan {0} was not carried out to its end: take it up again, or roll it back")]
    Unfinished(String),
    /// There is nothing to go back from.
    #[error("nothing was applied that could be rolled back")]
    Nothing,
}
