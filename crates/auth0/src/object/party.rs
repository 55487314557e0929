//! Who takes part beside the user: the client, the connection, the organization, an agent.

use countersign_core::{ClientId, OrganizationId};

use crate::Dictionary;

object! {
    /// The application that the user signs in to.
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
    /// The connection that authenticated the user.
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

object! {
    /// The organization that the user signs in to.
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
