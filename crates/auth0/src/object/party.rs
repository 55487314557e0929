//! Who takes part beside the user: the client, the connection, the organization, an agent.

use countersign_core::{ClientId, OrganizationId};

use crate::Dictionary;

object! {
    /// The application that starts the transaction.
    Client {
        required {
            /// The application's id.
            client_id: ClientId,
        }
        maybe {
            /// The application's metadata; a dictionary on purpose. Documented as always present.
            metadata: Dictionary,
            /// The application's name. Documented as always present.
            name: String,
            /// The application's refresh token settings. Early Access.
            refresh_token: ClientRefreshToken,
        }
    }
}

object! {
    /// An application's refresh token settings. Early Access.
    ClientRefreshToken {
        maybe {
            /// Which APIs and scopes refresh tokens may serve; the documentation does not name the keys, so
            /// dictionaries on purpose.
            policies: Vec<Dictionary>,
        }
    }
}

object! {
    /// The connection that keeps or authenticates the user.
    Connection {
        required {
            /// The connection's id, `con_…`.
            id: String,
            /// The connection's name.
            name: String,
            /// The connection's kind, such as `auth0`, `sms` or `samlp`.
            strategy: String,
        }
        maybe {
            /// The connection's metadata; a dictionary on purpose.
            metadata: Dictionary,
        }
    }
}

/// Who keeps the user's credentials, by the connection's strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentityKind {
    /// A password or passkey at Auth0: strategy `auth0`.
    Database,
    /// A one-time code by e-mail or phone: strategies `email` and `sms`.
    Passwordless,
    /// A social or enterprise provider: any other strategy.
    Federated,
}

impl Connection {
    /// Who keeps the user's credentials.
    #[must_use]
    pub fn identity_kind(&self) -> IdentityKind {
        match self.strategy.as_str() {
            "auth0" => IdentityKind::Database,
            "sms" | "email" => IdentityKind::Passwordless,
            _ => IdentityKind::Federated,
        }
    }
}

object! {
    /// The organization that the transaction is for.
    Organization {
        maybe {
            /// The organization's id, `org_…`. Documented as always present.
            id: OrganizationId,
            /// The name shown to people. Documented as always present.
            display_name: String,
            /// The organization's metadata; a dictionary on purpose. Documented as always present.
            metadata: Dictionary,
            /// The organization's unique name. Documented as always present.
            name: String,
        }
    }
}

object! {
    /// The agent that acts for the user. Early Access.
    Agent {
        maybe {
            /// The agent's id. Documented as always present.
            agent_id: String,
            /// The agent's metadata; a dictionary on purpose. Documented as always present.
            agent_metadata: Dictionary,
            /// The agent's name. Documented as always present.
            name: String,
        }
    }
}
