//! What a password-reset-post-challenge Action can be told to do.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    factor::ChallengeFactors,
    redirect::RedirectUrl,
    text::Reason,
    trigger::wire::{ChallengeArgs, write, write_challenge},
};

/// One documented `api` call of `password-reset-post-challenge` that Countersign uses; nothing else can be written
/// down.
///
/// On the wire `{"call": …, "args": […]}`, with the arguments as the documentation orders them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `access.deny`: the password stays as it is.
    Deny {
        /// What the person may be shown.
        reason: Reason,
    },
    /// `authentication.challengeWith`: the first factor is asked for, the others are offered as alternatives.
    ChallengeWith {
        /// The factor to ask for, then its alternatives.
        factors: ChallengeFactors,
    },
    /// `authentication.challengeWithAny`: the user chooses among the factors.
    ChallengeWithAny {
        /// The factors to choose from.
        factors: ChallengeFactors,
    },
    /// `redirect.sendUserTo`: the user goes on elsewhere and comes back. The Action adds a signed session token.
    SendUserTo {
        /// Where the user goes.
        url: RedirectUrl,
    },
}

impl Effect {
    /// The call's name below `api`, such as `access.deny`.
    #[must_use]
    pub const fn call(&self) -> &'static str {
        match self {
            Self::Deny { .. } => "access.deny",
            Self::ChallengeWith { .. } => "authentication.challengeWith",
            Self::ChallengeWithAny { .. } => "authentication.challengeWithAny",
            Self::SendUserTo { .. } => "redirect.sendUserTo",
        }
    }

    /// Whether the effect changes how the transaction goes on, rather than what is told or written about it: all do.
    #[must_use]
    pub const fn changes_transaction(&self) -> bool {
        match self {
            Self::Deny { .. }
            | Self::ChallengeWith { .. }
            | Self::ChallengeWithAny { .. }
            | Self::SendUserTo { .. } => true,
        }
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = self.call();
        match self {
            Self::Deny { reason } => write(serializer, call, &(reason,)),
            Self::ChallengeWith { factors } => write_challenge(serializer, call, factors),
            Self::ChallengeWithAny { factors } => write(serializer, call, &(factors,)),
            Self::SendUserTo { url } => write(serializer, call, &(url,)),
        }
    }
}

/// Each call with the tuple of its arguments.
#[derive(Deserialize)]
#[serde(tag = "call", content = "args", deny_unknown_fields)]
enum Call {
    #[serde(rename = "access.deny")]
    Deny((Reason,)),
    #[serde(rename = "authentication.challengeWith")]
    ChallengeWith(ChallengeArgs),
    #[serde(rename = "authentication.challengeWithAny")]
    ChallengeWithAny((ChallengeFactors,)),
    #[serde(rename = "redirect.sendUserTo")]
    SendUserTo((RedirectUrl,)),
}

impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Call::deserialize(deserializer)? {
            Call::Deny((reason,)) => Self::Deny { reason },
            Call::ChallengeWith(ChallengeArgs(factors)) => Self::ChallengeWith { factors },
            Call::ChallengeWithAny((factors,)) => Self::ChallengeWithAny { factors },
            Call::SendUserTo((url,)) => Self::SendUserTo { url },
        })
    }
}
