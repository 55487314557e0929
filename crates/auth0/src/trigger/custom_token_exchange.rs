//! `custom-token-exchange`: before a token is exchanged, by a customer's own Action.

use countersign_core::Channel;

use crate::{
    Dictionary,
    object::{Client, ExchangeTransaction, Organization, Request, ResourceServer, Tenant},
};

mod effect;

pub use effect::{DenyCode, Effect};

object! {
    /// The event of `custom-token-exchange`: which client wants to exchange what kind of token, never the tokens.
    ///
    /// There is no user yet: the customer's Action finds them.
    CustomTokenExchange {
        required {
            /// The application.
            client: Client,
            /// The HTTP request.
            request: Request,
            /// The tenant.
            tenant: Tenant,
        }
        maybe {
            /// The organization that the token is for.
            organization: Organization,
            /// The API that the token is for. Documented as always present.
            resource_server: ResourceServer,
            /// The Action's secrets, keyed by the tenant's own names, so a dictionary on purpose. Documented as
            /// always present; the shipped Action never sends them.
            secrets: Dictionary,
            /// The exchange. Documented as always present.
            transaction: ExchangeTransaction,
        }
    }
}

impl CustomTokenExchange {
    /// By which road this comes: a token is exchanged, and nobody can be asked.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        Channel::Exchange
    }
}
