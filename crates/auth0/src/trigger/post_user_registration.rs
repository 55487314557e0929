//! `post-user-registration`: after a user was created, on database and passwordless connections; asynchronous.

use countersign_core::Channel;

use crate::{
    Dictionary,
    object::{
        Authentication, Connection, CustomDomain, IdentityKind, Request, SecurityContext, Tenant,
        Transaction, User,
    },
};

mod effect;

pub use effect::Effect;

object! {
    /// The event of `post-user-registration`: who has a new account.
    ///
    /// The request and the transaction are absent where the Management API made it.
    PostUserRegistration {
        required {
            /// The tenant.
            tenant: Tenant,
            /// The user who was made.
            user: User,
        }
        maybe {
            /// What other vendors say of the risk.
            authentication: Authentication,
            /// The connection that keeps the user. Documented as always present.
            connection: Connection,
            /// The custom domain that the request came through.
            custom_domain: CustomDomain,
            /// The HTTP request.
            request: Request,
            /// The Action's secrets, keyed by the tenant's own names, so a dictionary on purpose. Documented as
            /// always present; the shipped Action never sends them.
            secrets: Dictionary,
            /// Fingerprints of the TLS connection.
            security_context: SecurityContext,
            /// What the application asked for.
            transaction: Box<Transaction>,
        }
    }
}

impl PostUserRegistration {
    /// By which road this comes: a person does it.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        Channel::Interactive
    }

    /// Who keeps the user's credentials; `None` when the event does not name the connection.
    #[must_use]
    pub fn identity_kind(&self) -> Option<IdentityKind> {
        self.connection.as_option().map(Connection::identity_kind)
    }
}
