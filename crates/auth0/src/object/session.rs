//! Sessions and refresh tokens. Instants are RFC 3339 text.

use super::{Actor, Device, GeoIp};
use crate::{Dictionary, Json};

object! {
    /// The user's session at Auth0. Most fields need the Enterprise plan.
    Session {
        maybe {
            /// The session's id, equal to the claim `sid`. Documented as always present.
            id: String,
            /// Who acts in the user's name.
            actor: Actor,
            /// When the user last authenticated.
            authenticated_at: String,
            /// The applications that the session was used with.
            clients: Vec<SessionClient>,
            /// The session's cookie.
            cookie: Cookie,
            /// When the session began.
            created_at: String,
            /// Where the session was first and last used.
            device: Device,
            /// When the session ends at the latest.
            expires_at: String,
            /// When the session ends if it is not used.
            idle_expires_at: String,
            /// When the session was last used.
            last_interacted_at: String,
            /// The session's metadata; a dictionary on purpose. Early Access.
            metadata: Dictionary,
            /// How the session was handed over from an application. Early Access.
            session_transfer: SessionTransfer,
            /// When the session last changed.
            updated_at: String,
            /// The user that the session belongs to.
            user_id: String,
        }
    }
}

object! {
    /// An application that a session was used with.
    SessionClient {
        maybe {
            /// The application's id.
            client_id: String,
        }
    }
}

object! {
    /// A session's cookie.
    Cookie {
        maybe {
            /// Whether the cookie outlives the browser. Documented as always present.
            mode: CookieMode,
        }
    }
}

open_enum! {
    /// Whether a session's cookie outlives the browser.
    CookieMode {
        /// It does.
        Persistent = "persistent",
        /// It does not.
        NonPersistent = "non-persistent",
    }
}

object! {
    /// How a session was handed over from an application.
    SessionTransfer {
        maybe {
            /// The refresh token that the session descends from.
            parent_refresh_token: ParentRefreshToken,
        }
    }
}

object! {
    /// The refresh token that a session or another token descends from.
    ParentRefreshToken {
        maybe {
            /// The token's id.
            id: String,
            /// The token's metadata; a dictionary on purpose.
            metadata: Dictionary,
        }
    }
}

object! {
    /// The refresh token that is exchanged. Most fields need the Enterprise plan.
    RefreshToken {
        maybe {
            /// The token's id, never the token itself. Documented as always present.
            id: String,
            /// The application that the token was issued to.
            client_id: String,
            /// When the token was issued. Documented as always present.
            created_at: String,
            /// Where the token was first and last used.
            device: Device,
            /// When the token ends at the latest.
            expires_at: String,
            /// When the token ends if it is not used.
            idle_expires_at: String,
            /// When the token was last exchanged.
            last_exchanged_at: String,
            /// The token's metadata; a dictionary on purpose.
            metadata: Dictionary,
            /// The APIs that the token serves.
            resource_servers: Vec<RefreshTokenResourceServer>,
            /// Whether each exchange replaces the token.
            rotating: bool,
            /// The session that the token was issued in.
            session_id: String,
            /// How the session was handed over from an application.
            session_transfer: SessionTransfer,
            /// The user that the token belongs to.
            user_id: String,
        }
    }
}

object! {
    /// An API that a refresh token serves.
    RefreshTokenResourceServer {
        maybe {
            /// The API's identifier.
            audience: String,
            /// The scopes granted; JSON on purpose, because the documentation does not say whether text or a list.
            scopes: Json,
        }
    }
}

object! {
    /// The token by which an application hands a session over to a browser. Early Access.
    SessionTransferToken {
        maybe {
            /// The application that asked for the token. Documented as always present.
            client_id: String,
            /// The request that asked for the token. Documented as always present.
            request: TransferRequest,
            /// The scopes asked for. Documented as always present.
            scope: Vec<String>,
        }
    }
}

object! {
    /// The request that asked for a session transfer token.
    TransferRequest {
        maybe {
            /// The autonomous system number of `ip`, in decimal digits.
            asn: String,
            /// The place that `ip` is in.
            geoip: GeoIp,
            /// The address that the request came from. Documented as always present.
            ip: String,
            /// The `User-Agent` header as it was sent.
            user_agent: String,
        }
    }
}
