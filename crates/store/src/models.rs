//! Versions of the model that scores, and the acts that put them in force, as they are stored.

use std::str::FromStr;

use countersign_core::Timestamp;

/// What a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelKind {
    /// Constants of the model that scores.
    Constants,
    /// An operator's own model, which is one more term beside them.
    Own,
}

/// A word that is no kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of model")]
pub struct ModelKindError;

impl ModelKind {
    /// The word in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Constants => "constants",
            Self::Own => "own",
        }
    }
}

impl FromStr for ModelKind {
    type Err = ModelKindError;

    fn from_str(word: &str) -> Result<Self, ModelKindError> {
        [Self::Constants, Self::Own].into_iter().find(|kind| kind.as_str() == word).ok_or(ModelKindError)
    }
}

/// A version of the model that scores, or of an operator's own, without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRow {
    /// Counts up from 1 with each one that is taken in.
    pub version: u64,
    /// What it is.
    pub kind: ModelKind,
    /// The model's tag, unique at the tenant.
    pub tag: String,
    /// The card, JSON; it names nobody. Empty for an own model, which has none.
    pub card: String,
    /// When it was taken in.
    pub at: Timestamp,
    /// By whom: somebody on the operator's side.
    pub by: String,
}

/// What was done with models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelAct {
    /// A version decides from now on.
    Promote,
    /// A version is compared with the one that decides.
    Challenge,
    /// None is compared any more.
    Withdraw,
    /// What decided before decides again.
    RollBack,
    /// An own model counts from now on.
    Attach,
    /// No own model counts any more.
    Detach,
}

/// A word that is no act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an act")]
pub struct ModelActError;

impl ModelAct {
    const ALL: [Self; 6] =
        [Self::Promote, Self::Challenge, Self::Withdraw, Self::RollBack, Self::Attach, Self::Detach];

    /// The word in the database, in leaves and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Challenge => "challenge",
            Self::Withdraw => "withdraw",
            Self::RollBack => "roll_back",
            Self::Attach => "attach",
            Self::Detach => "detach",
        }
    }
}

impl FromStr for ModelAct {
    type Err = ModelActError;

    fn from_str(word: &str) -> Result<Self, ModelActError> {
        Self::ALL.into_iter().find(|act| act.as_str() == word).ok_or(ModelActError)
    }
}

/// An act, and what holds from it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelActRow {
    /// Counts up from 1 with each act.
    pub number: u64,
    /// What was done.
    pub act: ModelAct,
    /// The version that decides since; 0 is the one that is shipped with the program.
    pub champion: u64,
    /// The version that is compared with it since; `None`: none.
    pub challenger: Option<u64>,
    /// The own model that counts beside the version that decides since; `None`: none.
    pub own: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// By whom: somebody on the operator's side.
    pub by: String,
}
