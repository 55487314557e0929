//! What is done with a plan.

use std::collections::BTreeSet;

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::change::Person;

words!(
    /// How somebody came.
    How {
        /// They signed in at a provider, as a person.
        Oidc = "oidc",
        /// By a one-time link.
        Link = "link",
        /// By a token of a service account or an application.
        Token = "token",
        /// Through the assistant, or another program that acts for a person.
        Agent = "agent",
    }
);

/// Somebody who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Who.
    pub person: Person,
    /// How they came.
    pub how: How,
    /// Their roles at that moment, by their words.
    pub roles: BTreeSet<String>,
}

/// What is done with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// A person agrees to the plan with this hash.
    Approve {
        /// Who.
        by: Signed,
        /// The hash of what they saw.
        hash: String,
    },
    /// A person refuses the plan with this hash.
    Reject {
        /// Who.
        by: Signed,
        /// The hash of what they saw.
        hash: String,
        /// Why.
        reason: String,
    },
    /// Whoever proposed it takes it back.
    Withdraw {
        /// Who.
        by: Signed,
    },
    /// Its time is over.
    Expire,
    /// Another plan takes its place.
    Supersede {
        /// The hash of that plan.
        hash: String,
    },
    /// It is begun.
    Begin {
        /// The hash of what is carried out.
        hash: String,
    },
    /// It was carried out.
    Finish,
    /// It halted on its way.
    Halt,
    /// A person says of a halted one whether a step was done; it stays halted.
    Settle,
    /// A halted one goes on: a person settled what nobody knew, or let it go on.
    Resume,
    /// What is left of a halted one was looked at anew, since the world moved.
    Renew {
        /// The hash of the fresh plan; `None`: nothing is left that can be planned.
        hash: Option<String>,
        /// How many of the wanted changes were done.
        done: usize,
        /// How many can't be planned any more.
        dropped: usize,
    },
    /// It could not be carried out.
    Fail,
    /// What asked for it does not want it any more.
    Recall,
    /// Somebody whom it is about was erased.
    Erase,
}

impl Act {
    /// Who acts, where a person does.
    #[must_use]
    pub const fn by(&self) -> Option<&Signed> {
        match self {
            Self::Approve { by, .. } | Self::Reject { by, .. } | Self::Withdraw { by } => Some(by),
            _ => None,
        }
    }
}

/// When an act is: what the caller's clock says.
pub(super) type At = Timestamp;
