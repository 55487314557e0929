//! `post-change-password`: after a password was changed or reset; asynchronous.

use countersign_core::Channel;

use crate::{
    Dictionary,
    object::{Authentication, ChangedUser, Connection, CustomDomain, Request, Tenant, Transaction},
};

mod effect;

pub use effect::Effect;

object! {
    /// The event of `post-change-password`: whose password is another now, and where that was done.
    PostChangePassword {
        required {
            /// The HTTP request.
            request: Request,
            /// The tenant.
            tenant: Tenant,
            /// The user.
            user: ChangedUser,
        }
        maybe {
            /// What other vendors say of the risk.
            authentication: Authentication,
            /// The connection that keeps the user. Documented as always present.
            connection: Connection,
            /// The custom domain that the request came through.
            custom_domain: CustomDomain,
            /// The Action's secrets, keyed by the tenant's own names, so a dictionary on purpose. Documented as
            /// always present; the shipped Action never sends them.
            secrets: Dictionary,
            /// The transaction in which it happened.
            transaction: Box<Transaction>,
        }
    }
}

impl PostChangePassword {
    /// By which road this comes: a person does it.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        Channel::Interactive
    }
}
