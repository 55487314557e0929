//! `credentials-exchange`: before a machine's token, in the client-credentials grant.

use countersign_core::Channel;

use crate::{
    Dictionary,
    object::{
        AccessToken, Agent, Client, CustomDomain, GrantTransaction, Organization, Request, ResourceServer,
        Tenant,
    },
};

mod effect;

pub use effect::{DenyCode, Effect};

object! {
    /// The event of `credentials-exchange`: which client wants which token.
    CredentialsExchange {
        required {
            /// The application.
            client: Client,
            /// The HTTP request.
            request: Request,
            /// The tenant.
            tenant: Tenant,
        }
        maybe {
            /// The token, as far as it is decided. Documented as always present.
            #[serde(rename = "accessToken")]
            access_token: AccessToken,
            /// The agent that asks. Early Access.
            agent: Agent,
            /// The custom domain that the request came through.
            custom_domain: CustomDomain,
            /// The organization that the token is for.
            organization: Organization,
            /// The API that the token is for. Documented as always present.
            resource_server: ResourceServer,
            /// The Action's secrets, keyed by the tenant's own names, so a dictionary on purpose. Documented as
            /// always present; the shipped Action never sends them.
            secrets: Dictionary,
            /// The grant. Documented as always present.
            transaction: GrantTransaction,
        }
    }
}

impl CredentialsExchange {
    /// By which road this comes: a machine asks, and nobody can be asked.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        Channel::Exchange
    }
}
