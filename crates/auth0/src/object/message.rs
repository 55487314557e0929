//! Messages: a text or call that is about to be made, and what an event stream tells.

use countersign_core::TenantId;

use crate::Dictionary;

object! {
    /// What is about to be sent, without what it says and to whom: an event with `code`, `recipient` or `text` is
    /// refused.
    MessageOptions {
        maybe {
            /// What the message is for. Documented as always present.
            action: MessageAction,
            /// How the message travels. Documented as always present.
            message_type: MessageType,
        }
        refused {
            code,
            recipient,
            text,
        }
    }
}

open_enum! {
    /// What a message is for.
    MessageAction {
        /// A phone becomes a factor.
        Enrollment = "enrollment",
        /// A phone is used as a factor.
        SecondFactorAuthentication = "second-factor-authentication",
    }
}

open_enum! {
    /// How a message travels.
    MessageType {
        /// By text message.
        Sms = "sms",
        /// By a call.
        Voice = "voice",
    }
}

object! {
    /// A message about a change in the tenant (CloudEvents 1.0).
    StreamMessage {
        required {
            /// Where it comes from, such as `urn:auth0:acme.us`.
            source: String,
            /// What changed, such as `user.created`.
            #[serde(rename = "type")]
            kind: String,
        }
        maybe {
            /// The changed object and more, which differs by the type; a dictionary on purpose.
            data: Dictionary,
            /// The message's id, unique in the tenant. Documented as always present.
            id: String,
            /// The version of CloudEvents. Documented as always present.
            specversion: String,
            /// When it happened.
            time: String,
        }
    }
}

/// What each message's source begins with, before the tenant's name and its region.
const SOURCE: &str = "urn:auth0:";

/// What the types of messages about users begin with.
const USER: &str = "user.";

impl StreamMessage {
    /// The tenant that the message comes from, by its source such as `urn:auth0:acme.us`; `None` when it names none.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        let domain = self.source.strip_prefix(SOURCE)?;
        domain.split('.').next()?.parse().ok()
    }

    /// Whether the message is about a user as such, and not about their place in an organization.
    #[must_use]
    pub fn is_about_user(&self) -> bool {
        self.kind.starts_with(USER)
    }

    /// The id of the user whom the message tells of, also as a member of an organization; `None` when it tells of none.
    #[must_use]
    pub fn whose(&self) -> Option<&str> {
        let object = self.data.as_option()?.get("object")?;
        let user = if self.is_about_user() { object } else { object.get("user")? };
        user.get("user_id")?.as_str()
    }
}
