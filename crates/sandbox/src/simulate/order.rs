//! What somebody does, in words.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::flow::Visit;

/// Which flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Signs in.
    Login,
    /// Answers what a flow that waits asked for.
    Continue,
    /// Signs up.
    SignUp,
    /// Resets a password.
    Reset,
    /// Changes a password.
    ChangePassword,
    /// A client asks for a token of its own.
    ClientCredentials,
    /// Exchanges another token.
    TokenExchange,
    /// Uses a refresh token.
    Refresh,
}

impl Kind {
    /// The flow by its name in an address; `None` for another name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "login" => Self::Login,
            "continue" => Self::Continue,
            "sign-up" => Self::SignUp,
            "reset" => Self::Reset,
            "change-password" => Self::ChangePassword,
            "client-credentials" => Self::ClientCredentials,
            "token-exchange" => Self::TokenExchange,
            "refresh" => Self::Refresh,
            _ => return None,
        })
    }
}

/// What somebody does. It may hold a password, and so has no `Debug`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Order {
    /// The user: id, or what was typed (e-mail address, name, number).
    pub user: String,
    /// The password that was typed; without one the first factor counts as passed.
    #[serde(skip_serializing)]
    pub password: Option<String>,
    /// The new password of a reset or a change.
    #[serde(skip_serializing)]
    pub new_password: Option<String>,
    /// The profile of a sign-up: `email`, `username`, `phone_number`, names, metadata.
    pub profile: Map<String, Value>,
    /// The client.
    pub client_id: String,
    /// The connection, by id or name; the user's own without one.
    pub connection: Option<String>,
    /// The organization, by id or name.
    pub organization: Option<String>,
    /// The API that a token is for.
    pub audience: Option<String>,
    /// The scopes that are asked for, apart by spaces.
    pub scope: Option<String>,
    /// Where the application wants the browser back.
    pub redirect_uri: Option<String>,
    /// Whether the application gets a code, which it exchanges for tokens later.
    pub code: bool,
    /// What the code may be exchanged by (PKCE, S256).
    pub code_challenge: Option<String>,
    /// What the ID token repeats.
    pub nonce: Option<String>,
    /// `prompt` of the request, apart by spaces; `none` shows nothing.
    pub prompt: Option<String>,
    /// `acr_values` of the request, apart by spaces.
    pub acr_values: Option<String>,
    /// How it comes, by the name in `event.transaction.protocol`; `oidc-basic-profile` without one.
    pub protocol: Option<String>,
    /// The factor that whoever signs in passes when asked; without one a challenge is answered with a `state`.
    pub factor: Option<String>,
    /// Whether the factor is passed; true without it.
    pub passes: Option<bool>,
    /// The browser's session: a sign-in that is silent, or has neither user nor password, goes by it, and one with a
    /// password goes on with it where it is the same user's.
    pub session_id: Option<String>,
    /// How many seconds ago somebody must have been there at most for a session to serve.
    pub max_age: Option<u32>,
    /// Whether somebody with a session lets an application of somebody else have what it asks for. Who signs in with a
    /// password does.
    pub consents: bool,
    /// The refresh token.
    #[serde(skip_serializing)]
    pub refresh_token: Option<String>,
    /// The `state` of a flow that waits.
    pub state: Option<String>,
    /// The token that is exchanged.
    #[serde(skip_serializing)]
    pub subject_token: Option<String>,
    /// Its type, which says the profile.
    pub subject_token_type: Option<String>,
    /// The token of who acts for the user.
    #[serde(skip_serializing)]
    pub actor_token: Option<String>,
    /// Its type.
    pub actor_token_type: Option<String>,
    /// The type of the token that is asked for.
    pub requested_token_type: Option<String>,
    /// The request: address, place, browser, fingerprints.
    pub visit: Visit,
    /// Whether nobody will see the tokens, so that they are not signed.
    #[serde(skip)]
    pub(crate) is_unsigned: bool,
    /// Auth0's own assessment, with the names of `event.authentication.riskAssessment`.
    pub risk: Value,
}

impl Order {
    /// The scopes that are asked for.
    pub(super) fn scopes(&self) -> Vec<String> {
        words(self.scope.as_deref())
    }

    /// Whether who signs in is known by a session alone.
    pub(super) fn goes_by_session(&self) -> bool {
        let is_bare = self.user.is_empty() && self.password.is_none();
        self.is_silent() || (is_bare && self.session_id.is_some())
    }

    /// Whether nothing may be shown.
    pub(super) fn is_silent(&self) -> bool {
        words(self.prompt.as_deref()).iter().any(|prompt| prompt == "none")
    }
}

/// Words apart by spaces.
pub(super) fn words(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}
