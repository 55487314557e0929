//! `pre-user-registration`: before a user is created, on database and passwordless connections.

use countersign_core::Channel;

use crate::{
    Dictionary,
    object::{
        Authentication, Client, Connection, CustomDomain, IdentityKind, NewUser, Request, SecurityContext,
        Tenant, Transaction,
    },
};

mod effect;

pub use effect::Effect;

object! {
    /// The event of `pre-user-registration`: who wants an account, from where.
    ///
    /// There is no id of the user yet, and a name or an address is only what somebody typed.
    PreUserRegistration {
        required {
            /// The HTTP request.
            request: Request,
            /// The tenant.
            tenant: Tenant,
            /// The user who would be made.
            user: NewUser,
        }
        maybe {
            /// What other vendors say of the risk.
            authentication: Authentication,
            /// The application; absent where nobody signs up through one.
            client: Client,
            /// The connection that will keep the user. Documented as always present.
            connection: Connection,
            /// The custom domain that the request came through.
            custom_domain: CustomDomain,
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

impl PreUserRegistration {
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
