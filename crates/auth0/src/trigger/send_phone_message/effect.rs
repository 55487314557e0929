//! What the guard of a send-phone-message Action can answer.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{text::Reason, trigger::wire::write};

/// The guard's answer: Auth0 offers this trigger no call, so the customer's own Action, which sends the message, asks
/// the guard and acts on what it returns.
///
/// On the wire `{"call": "guard.refuse", "args": ["…"]}`, in the shape of the `api` calls of other triggers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `guard.refuse`: the message should not be sent.
    Refuse {
        /// Why, for the customer's own log.
        reason: Reason,
    },
}

impl Effect {
    /// The call's name below `api`, such as `guard.refuse`.
    #[must_use]
    pub const fn call(&self) -> &'static str {
        match self {
            Self::Refuse { .. } => "guard.refuse",
        }
    }

    /// Whether the effect changes how the transaction goes on, rather than what is told or written about it: all do.
    #[must_use]
    pub const fn changes_transaction(&self) -> bool {
        match self {
            Self::Refuse { .. } => true,
        }
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = self.call();
        match self {
            Self::Refuse { reason } => write(serializer, call, &(reason,)),
        }
    }
}

/// Each call with the tuple of its arguments.
#[derive(Deserialize)]
#[serde(tag = "call", content = "args", deny_unknown_fields)]
enum Call {
    #[serde(rename = "guard.refuse")]
    Refuse((Reason,)),
}

impl<'de> Deserialize<'de> for Effect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Call::deserialize(deserializer)? {
            Call::Refuse((reason,)) => Self::Refuse { reason },
        })
    }
}
