//! `password-reset-post-challenge`: after the first challenge of a reset, before the new password.

use countersign_core::Channel;

use crate::{
    Dictionary,
    object::{
        Authentication, Authorization, Client, Connection, CustomDomain, Organization, Prompt, Request,
        Stats, Tenant, Transaction, User,
    },
};

mod effect;
mod factors;

pub use effect::Effect;

object! {
    /// The event of `password-reset-post-challenge`: whose password is to be replaced, from where.
    ///
    /// The client may be absent where an administrator started the reset.
    PasswordResetPostChallenge {
        required {
            /// The HTTP request.
            request: Request,
            /// The tenant.
            tenant: Tenant,
            /// The user.
            user: User,
        }
        maybe {
            /// How the user proved who they are: the reset's first challenge. Documented as always present.
            authentication: Authentication,
            /// What the user is authorized to do. Documented as always present.
            authorization: Authorization,
            /// The application. Documented as always present.
            client: Client,
            /// The connection that keeps the user. Documented as always present.
            connection: Connection,
            /// The custom domain that the request came through.
            custom_domain: CustomDomain,
            /// The organization that the user signs in to.
            organization: Organization,
            /// The form that was rendered before the Action continued.
            prompt: Prompt,
            /// The Action's secrets, keyed by the tenant's own names, so a dictionary on purpose. Documented as
            /// always present; the shipped Action never sends them.
            secrets: Dictionary,
            /// Login statistics of the user. Documented as always present.
            stats: Stats,
            /// What the application asked for. Documented as always present.
            transaction: Box<Transaction>,
        }
    }
}

impl PasswordResetPostChallenge {
    /// By which road this comes: a person does it.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        Channel::Interactive
    }
}
