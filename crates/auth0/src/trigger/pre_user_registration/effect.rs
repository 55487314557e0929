//! What a pre-user-registration Action can be told to do.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    metadata::Mark,
    text::{ErrorCode, Reason},
    trigger::wire::{MarkKey, write},
};

/// One documented `api` call of `pre-user-registration` that Countersign uses; nothing else can be written down.
///
/// On the wire `{"call": …, "args": […]}`, with the arguments as the documentation orders them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `access.deny`: no user is made.
    Deny {
        /// What the log and the application are told.
        reason: Reason,
        /// What the person is told; no details, which would coach an attacker.
        user_message: Reason,
    },
    /// `validation.error`: no user is made, and the person may correct what they gave.
    ValidationError {
        /// What went wrong, for programs.
        code: ErrorCode,
        /// What the person is told.
        message: Reason,
    },
    /// `user.setAppMetadata` under the key `countersign`, the only one that Countersign writes.
    ///
    /// Auth0 does not write it for passwordless users.
    SetAppMetadata {
        /// The value; it counts against Auth0's 10 KB for a profile.
        value: Mark,
    },
}

impl Effect {
    /// The call's name below `api`, such as `access.deny`.
    #[must_use]
    pub const fn call(&self) -> &'static str {
        match self {
            Self::Deny { .. } => "access.deny",
            Self::ValidationError { .. } => "validation.error",
            Self::SetAppMetadata { .. } => "user.setAppMetadata",
        }
    }

    /// Whether the effect changes how the transaction goes on, rather than what is told or written about it.
    #[must_use]
    pub const fn changes_transaction(&self) -> bool {
        match self {
            Self::Deny { .. } | Self::ValidationError { .. } => true,
            Self::SetAppMetadata { .. } => false,
        }
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = self.call();
        match self {
            Self::Deny { reason, user_message } => write(serializer, call, &(reason, user_message)),
            Self::ValidationError { code, message } => write(serializer, call, &(code, message)),
            Self::SetAppMetadata { value } => write(serializer, call, &(MarkKey::Countersign, value)),
        }
    }
}

/// Each call with the tuple of its arguments.
#[derive(Deserialize)]
#[serde(tag = "call", content = "args", deny_unknown_fields)]
enum Call {
    #[serde(rename = "access.deny")]
    Deny((Reason, Reason)),
    #[serde(rename = "validation.error")]
    ValidationError((ErrorCode, Reason)),
    #[serde(rename = "user.setAppMetadata")]
    SetAppMetadata((MarkKey, Mark)),
}

impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Call::deserialize(deserializer)? {
            Call::Deny((reason, user_message)) => Self::Deny { reason, user_message },
            Call::ValidationError((code, message)) => Self::ValidationError { code, message },
            Call::SetAppMetadata((MarkKey::Countersign, value)) => Self::SetAppMetadata { value },
        })
    }
}
