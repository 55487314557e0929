//! What an execution asked for, as the host tells it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What an execution did to the transaction.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Effects {
    /// What the tenant does: `allow`, `challenge`, `enroll`, `redirect`, `prompt` or `deny`.
    pub decision: String,
    /// Why it was refused; `None` without a refusal.
    pub denied: Option<Denial>,
    /// The factors that the person may choose from, as given to `api.authentication`; empty without a challenge.
    pub challenge: Vec<Value>,
    /// Where the browser is sent, with its `state`.
    pub redirect: Option<String>,
    /// The form that is shown: `id`, `fields`, `vars`.
    pub form: Option<Value>,
    /// Every call of the `api`, in order.
    pub calls: Vec<Call>,
    /// What was tried that the reference does not document for the trigger.
    pub misuses: Vec<String>,
    /// The custom claims.
    pub claims: Claims,
    /// Scopes of the access token.
    pub scopes: Scopes,
    /// The scopes that a client's own token shall have; `None` leaves them.
    pub target_scopes: Option<Vec<String>>,
    /// The changes to the user's `app_metadata`; null removes a key.
    pub app_metadata: Map<String, Value>,
    /// The changes to the user's `user_metadata`; null removes a key.
    pub user_metadata: Map<String, Value>,
    /// The changes to the transaction's metadata.
    pub transaction_metadata: Map<String, Value>,
    /// What becomes of the session.
    pub session: Lifetime,
    /// What becomes of the refresh token.
    pub refresh_token: Lifetime,
    /// The user that goes on in the person's stead.
    pub primary_user: Option<String>,
    /// Methods of authentication that took place elsewhere.
    pub recorded_methods: Vec<String>,
    /// What a token exchange shall yield.
    pub exchange: Exchange,
    /// Where a reset ends: `url` and `query`.
    pub result_url: Option<Value>,
    /// What a provider of messages asked for: `kind` (`drop` or `retry`) and `reason`.
    pub notification: Option<Value>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Denial {
    /// The error code, where the Action gives one.
    pub code: Option<String>,
    /// The reason.
    pub reason: Option<String>,
    /// What the person is told, where that is another text.
    pub user_message: Option<String>,
    /// Not the Action refused: the transaction could not go on.
    pub transaction_failed: bool,
}

/// One call of the `api`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Call {
    /// The method without `api.`, such as `idToken.setCustomClaim`.
    pub call: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<Value>,
}

/// Custom claims by token.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// Of the ID token.
    pub id_token: Map<String, Value>,
    /// Of the access token.
    pub access_token: Map<String, Value>,
}

/// Scopes that were given and taken away.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Scopes {
    /// Given, in order.
    pub added: Vec<String>,
    /// Taken away, in order.
    pub removed: Vec<String>,
}

/// What becomes of a session or a refresh token.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lifetime {
    /// The changes to its metadata; null removes a key.
    pub metadata: Map<String, Value>,
    /// All metadata from before goes first.
    pub evicts_metadata: bool,
    /// When it ends, in milliseconds since 1970.
    pub expires_at: Option<f64>,
    /// When it ends unused, in milliseconds since 1970.
    pub idle_expires_at: Option<f64>,
    /// `persistent` or `non-persistent`; a session's alone.
    pub cookie_mode: Option<String>,
    /// That it ends now.
    pub revoked: Option<Revocation>,
}

/// The end of a session or refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Revocation {
    /// Why.
    pub reason: String,
    /// Whether the session's refresh tokens live on.
    pub preserve_refresh_tokens: bool,
}

/// What a token exchange shall yield.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Exchange {
    /// `user_id`, or `connection` with `attributes`, `creation` and `update`.
    pub user: Option<Value>,
    /// Id or name.
    pub organization: Option<String>,
    /// `sub`, and who acts for that one in `act`.
    pub actor: Option<Value>,
    /// Whether the subject token was said to be wrong, which counts against whoever sent it.
    pub is_rejected: bool,
}
