//! `post-login`: after authentication, before tokens.

use crate::{
    Dictionary,
    object::{
        Agent, Authentication, Authorization, Client, Connection, CustomDomain, Organization, Prompt,
        RefreshToken, Request, ResourceServer, SecurityContext, Session, SessionTransferToken, Stats, Tenant,
        Transaction, User,
    },
};

mod derived;
mod effect;
mod factors;
#[cfg(test)]
mod testing;
mod wire;

pub use effect::Effect;

pub use crate::object::IdentityKind;

object! {
    /// The event of `post-login`: who signs in, from where, to what.
    PostLogin {
        required {
            /// The application.
            client: Client,
            /// The connection that authenticated the user.
            connection: Connection,
            /// The HTTP request.
            request: Request,
            /// The tenant.
            tenant: Tenant,
            /// The user.
            user: User,
        }
        maybe {
            /// The agent that acts for the user. Early Access.
            agent: Agent,
            /// How the user proved who they are.
            authentication: Authentication,
            /// What the user is authorized to do.
            authorization: Authorization,
            /// The custom domain that the request came through.
            custom_domain: CustomDomain,
            /// The organization that the user signs in to.
            organization: Organization,
            /// The form that was rendered before the Action continued.
            prompt: Prompt,
            /// The refresh token that is exchanged. Enterprise plan.
            refresh_token: Box<RefreshToken>,
            /// The API that a token is asked for.
            resource_server: ResourceServer,
            /// The Action's secrets, keyed by the tenant's own names, so a dictionary on purpose. Documented as
            /// always present; the shipped Action never sends them.
            secrets: Dictionary,
            /// Fingerprints of the TLS connection.
            security_context: SecurityContext,
            /// The user's session.
            session: Box<Session>,
            /// The token by which an application handed the session over. Early Access.
            session_transfer_token: Box<SessionTransferToken>,
            /// Login statistics of the user. Documented as always present.
            stats: Stats,
            /// What the application asked for.
            transaction: Box<Transaction>,
        }
    }
}
