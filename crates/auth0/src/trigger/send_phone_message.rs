//! `send-phone-message`: before a text message or call is sent, by a customer's own Action.

use countersign_core::Channel;

use crate::{
    Dictionary,
    object::{Client, CustomDomain, MessageOptions, Request, SecurityContext, Tenant, Transaction, User},
};

mod effect;

pub use effect::Effect;

object! {
    /// The event of `send-phone-message`: for whom a message is about to be sent.
    ///
    /// It never holds what the message says, nor the number that it goes to.
    SendPhoneMessage {
        required {
            /// The HTTP request.
            request: Request,
            /// The tenant.
            tenant: Tenant,
            /// The user.
            user: User,
        }
        maybe {
            /// The application.
            client: Client,
            /// The custom domain that the request came through.
            custom_domain: CustomDomain,
            /// The message. Documented as always present.
            message_options: MessageOptions,
            /// The Action's secrets, keyed by the tenant's own names, so a dictionary on purpose. Documented as
            /// always present; the shipped Action never sends them.
            secrets: Dictionary,
            /// Fingerprints of the TLS connection.
            security_context: SecurityContext,
            /// The transaction that needs the message.
            transaction: Box<Transaction>,
        }
    }
}

impl SendPhoneMessage {
    /// By which road this comes: a person does it.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        Channel::Interactive
    }
}
