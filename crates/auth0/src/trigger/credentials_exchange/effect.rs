//! What a credentials-exchange Action can be told to do.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    claim::{ClaimName, ClaimValue},
    scope::Scope,
    text::Reason,
    trigger::wire::write,
};

/// Why a token is refused, as OAuth says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenyCode {
    /// A scope that the client may not have.
    InvalidScope,
    /// Anything else that the client asked for and may not have.
    InvalidRequest,
    /// A fault that is not the client's.
    ServerError,
}

/// One documented `api` call of `credentials-exchange` that Countersign uses; nothing else can be written down.
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
    /// `accessToken.setCustomClaim`.
    SetAccessTokenClaim {
        /// The claim's name.
        name: ClaimName,
        /// The claim's value.
        value: ClaimValue,
    },
    /// `transaction.removeTargetScope`: the token will not hold the scope. Early Access.
    RemoveTargetScope {
        /// The scope.
        scope: Scope,
    },
}

impl Effect {
    /// The call's name below `api`, such as `access.deny`.
    #[must_use]
    pub const fn call(&self) -> &'static str {
        match self {
            Self::Deny { .. } => "access.deny",
            Self::SetAccessTokenClaim { .. } => "accessToken.setCustomClaim",
            Self::RemoveTargetScope { .. } => "transaction.removeTargetScope",
        }
    }

    /// Whether the effect changes how the transaction goes on, rather than what is told or written about it.
    #[must_use]
    pub const fn changes_transaction(&self) -> bool {
        match self {
            Self::Deny { .. } | Self::RemoveTargetScope { .. } => true,
            Self::SetAccessTokenClaim { .. } => false,
        }
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = self.call();
        match self {
            Self::Deny { code, reason } => write(serializer, call, &(code, reason)),
            Self::SetAccessTokenClaim { name, value } => write(serializer, call, &(name, value)),
            Self::RemoveTargetScope { scope } => write(serializer, call, &(scope,)),
        }
    }
}

/// Each call with the tuple of its arguments.
#[derive(Deserialize)]
#[serde(tag = "call", content = "args", deny_unknown_fields)]
enum Call {
    #[serde(rename = "access.deny")]
    Deny((DenyCode, Reason)),
    #[serde(rename = "accessToken.setCustomClaim")]
    SetAccessTokenClaim((ClaimName, ClaimValue)),
    #[serde(rename = "transaction.removeTargetScope")]
    RemoveTargetScope((Scope,)),
}

impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Call::deserialize(deserializer)? {
            Call::Deny((code, reason)) => Self::Deny { code, reason },
            Call::SetAccessTokenClaim((name, value)) => Self::SetAccessTokenClaim { name, value },
            Call::RemoveTargetScope((scope,)) => Self::RemoveTargetScope { scope },
        })
    }
}
