//! The tenant as an issuer of tokens: `/oauth/token` for machines, signing, and what is published of it.

use countersign_core::Timestamp;
use serde_json::{Value, json};

use super::{Group, Reply, Standing, Tenant, TokenRequest, grant, with_standing};

impl Tenant {
    /// The client that a request of a token proves to come from.
    pub(crate) fn prove_client(&mut self, request: &TokenRequest, now: Timestamp) -> Result<String, Reply> {
        grant::client(&mut self.state, request, now)
    }

    /// The scopes, apart by spaces, that a client gets for an API as itself.
    pub(crate) fn client_scopes(
        &self,
        client: &str,
        api: &str,
        asked: Option<&str>,
    ) -> Result<String, Reply> {
        grant::scopes(&self.state, client, api, asked)
    }

    /// Signs claims with the newest key.
    pub(crate) fn sign(&self, claims: &Value) -> Option<String> {
        self.keys.sign(claims)
    }

    /// The claims of a token that this tenant signed, be it over or not.
    pub(crate) fn signed_claims(&self, token: &str) -> Option<Value> {
        self.keys.verify(token)
    }

    /// The claims of a token that this tenant signed and that has not ended.
    pub(crate) fn claims_of(&self, token: &str, now: Timestamp) -> Option<Value> {
        let claims = self.signed_claims(token)?;
        claims.get("exp").and_then(Value::as_i64).is_some_and(|exp| exp > now.seconds()).then_some(claims)
    }

    /// Counts a request of a token; a limit that is reached answers it.
    pub(crate) fn count_token(&mut self, now: Timestamp) -> Result<Option<Standing>, Reply> {
        self.limits
            .count(Group::Token, now)
            .map_err(|standing| with_standing(too_many_tokens(), Some(standing)))
    }

    /// `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.keys.jwks()
    }

    /// `/.well-known/openid-configuration` of the host that was called.
    #[must_use]
    pub fn discovery(base_url: &str) -> Value {
        json!({
            "issuer": format!("{base_url}/"),
            "token_endpoint": format!("{base_url}/oauth/token"),
            "jwks_uri": format!("{base_url}/.well-known/jwks.json"),
            "authorization_endpoint": format!("{base_url}/authorize"),
            "userinfo_endpoint": format!("{base_url}/userinfo"),
            "end_session_endpoint": format!("{base_url}/oidc/logout"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["aud", "auth_time", "email", "email_verified", "exp", "iat", "iss", "name", "sub"],
            "grant_types_supported": ["authorization_code", "client_credentials", "password", "refresh_token"],
            "token_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// `POST /oauth/token`.
    pub fn token(&mut self, request: &TokenRequest, now: Timestamp) -> Reply {
        match self.count_token(now) {
            Ok(standing) => with_standing(grant::answer(&mut self.state, &self.keys, request, now), standing),
            Err(reply) => reply,
        }
    }
}

fn too_many_tokens() -> Reply {
    let body = json!({"error": "too_many_requests", "error_description": "Global limit has been reached"});
    Reply::new(429, body)
}
