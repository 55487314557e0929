//! What the guard of a custom-token-exchange Action can be told to do.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{text::Reason, trigger::wire::write};

/// Why a token is refused, as OAuth says it; the documentation allows codes of one's own too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenyCode {
    /// What the client asked for and may not have.
    InvalidRequest,
    /// A fault that is not the client's.
    ServerError,
    /// A person would have to prove more than a token can; a code of our own.
    StepUpRequired,
}

/// One documented `api` call of `custom-token-exchange` that Countersign uses; nothing else can be written down.
///
/// On the wire `{"call": …, "args": […]}`, with the arguments as the documentation orders them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `access.deny`: the client gets no token.
    Deny {
        /// Why, for programs.
        code: DenyCode,
        /// What the client is told.
        reason: Reason,
    },
}

impl Effect {
    /// The call's name below `api`, such as `access.deny`.
    #[must_use]
    pub const fn call(&self) -> &'static str {
        match self {
            Self::Deny { .. } => "access.deny",
        }
    }

    /// Whether the effect changes how the transaction goes on, rather than what is told or written about it: all do.
    #[must_use]
    pub const fn changes_transaction(&self) -> bool {
        match self {
            Self::Deny { .. } => true,
        }
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = self.call();
        match self {
            Self::Deny { code, reason } => write(serializer, call, &(code, reason)),
        }
    }
}

/// Each call with the tuple of its arguments.
#[derive(Deserialize)]
#[serde(tag = "call", content = "args", deny_unknown_fields)]
enum Call {
    #[serde(rename = "access.deny")]
    Deny((DenyCode, Reason)),
}

impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Call::deserialize(deserializer)? {
            Call::Deny((code, reason)) => Self::Deny { code, reason },
        })
    }
}
