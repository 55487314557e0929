//! What the application asked for.

use super::User;
use crate::Dictionary;

object! {
    /// The authorization or authentication transaction in progress.
    Transaction {
        maybe {
            /// The transaction's id; in browser flows only.
            id: String,
            /// Authentication context classes asked for.
            acr_values: Vec<String>,
            /// Who acts in the user's name.
            actor: Actor,
            /// The kind of token that named the actor.
            actor_token_type: String,
            /// The application's own id of the transaction. Chosen by the client, so it proves nothing.
            correlation_id: String,
            /// The id that links the transaction to others.
            linking_id: String,
            /// The locale of the pages shown.
            locale: String,
            /// Who the application thinks will sign in.
            login_hint: String,
            /// Metadata that Actions set on the transaction; a dictionary on purpose. Documented as always present.
            metadata: Dictionary,
            /// The `prompt` values asked for, such as `none` or `login`.
            prompt: Vec<String>,
            /// The protocol or grant.
            protocol: Protocol,
            /// Where the answer goes.
            redirect_uri: String,
            /// Rich authorization requests (RFC 9396); each kind has keys of its own, so dictionaries on purpose.
            requested_authorization_details: Vec<Dictionary>,
            /// The scopes asked for.
            requested_scopes: Vec<String>,
            /// How the answer travels.
            response_mode: ResponseMode,
            /// What the answer holds, such as `code`.
            response_type: Vec<String>,
            /// The application's opaque state.
            state: String,
            /// The kind of token that named the user.
            subject_token_type: String,
            /// Languages that the application prefers.
            ui_locales: Vec<String>,
        }
    }
}

object! {
    /// The client-credentials grant in progress.
    GrantTransaction {
        maybe {
            /// The application's own id of the transaction. Chosen by the client, so it proves nothing.
            correlation_id: String,
            /// The scopes asked for. Documented as always present.
            requested_scopes: Vec<String>,
            /// The scopes that the token will hold, before Auth0 intersects them with the client's grant. Early Access.
            target_scopes: Vec<String>,
        }
    }
}

object! {
    /// The token exchange in progress, without its tokens: an event with `subject_token` or `actor_token` is refused.
    ExchangeTransaction {
        maybe {
            /// The kind of token that names the actor, a URI.
            actor_token_type: String,
            /// The user behind the actor's token, where it is one of Auth0's.
            actor_token_user: Box<User>,
            /// The scopes asked for. Documented as always present.
            requested_scopes: Vec<String>,
            /// The kind of token asked for, a URI. Documented as always present.
            requested_token_type: String,
            /// The kind of token that names the user, a URI. Documented as always present.
            subject_token_type: String,
        }
        refused {
            actor_token,
            subject_token,
        }
    }
}

object! {
    /// Who acts in the user's name, and for whom that party acts in turn; documented to five levels.
    Actor {
        maybe {
            /// The actor's subject. Documented as always present.
            sub: String,
            /// The actor that this one acts for.
            act: Box<Self>,
        }
    }
}

open_enum! {
    /// A protocol or grant.
    Protocol {
        /// Authorization code flow.
        OidcBasicProfile = "oidc-basic-profile",
        /// Client-initiated backchannel authentication.
        OidcCiba = "oidc-ciba",
        /// Client-initiated backchannel authentication by a link.
        OidcCibaWebLink = "oidc-ciba-web-link",
        /// Implicit flow.
        OidcImplicitProfile = "oidc-implicit-profile",
        /// Device authorization grant.
        Oauth2DeviceCode = "oauth2-device-code",
        /// Auth0's legacy password endpoint.
        Oauth2ResourceOwner = "oauth2-resource-owner",
        /// Auth0's legacy password endpoint with a signed assertion.
        Oauth2ResourceOwnerJwtBearer = "oauth2-resource-owner-jwt-bearer",
        /// Password grant.
        Oauth2Password = "oauth2-password",
        /// Native passkey grant.
        Oauth2Webauthn = "oauth2-webauthn",
        /// Auth0's legacy exchange of a provider's access token.
        Oauth2AccessToken = "oauth2-access-token",
        /// Refresh token grant.
        Oauth2RefreshToken = "oauth2-refresh-token",
        /// Token exchange (RFC 8693).
        Oauth2TokenExchange = "oauth2-token-exchange",
        /// Hybrid flow.
        OidcHybridProfile = "oidc-hybrid-profile",
        /// SAML 2.0.
        Samlp = "samlp",
        /// WS-Federation.
        Wsfed = "wsfed",
        /// WS-Trust with a user name and a password.
        WstrustUsernamemixed = "wstrust-usernamemixed",
    }
}

open_enum! {
    /// How the answer to an authorization request travels.
    ResponseMode {
        /// In the query of the redirect.
        Query = "query",
        /// In the fragment of the redirect.
        Fragment = "fragment",
        /// In a form that the browser posts.
        FormPost = "form_post",
        /// In a message to the window that opened the page.
        WebMessage = "web_message",
    }
}
