//! Signing keys and access tokens: what is issued, and who a call comes from.
//!
//! Access tokens are real RS256 tokens. The keys stand in the state (collection `KEYS`, the PEM hidden), so that tokens
//! outlive a restart.

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_core::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, jwk::Jwk};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Fault, id,
    state::{Item, Object, State},
};

/// The collection of signing keys: id is the `kid`; what each is for is shown, `pem` is hidden. The one that is current signs.
pub const KEYS: &str = "signing_keys";

/// The collection of clients: id is the `client_id`; `client_secret` is hidden.
pub const CLIENTS: &str = "clients";

/// The collection of client grants: `client_id`, `audience` and `scope` are shown.
pub const GRANTS: &str = "client_grants";

/// The collection of public keys of clients: `client_id` and `pem` are hidden, `alg` is shown.
pub const CREDENTIALS: &str = "client_credentials";

/// How long an access token lives where its API doesn't say (Auth0: 24 hours).
pub const LIFETIME_SECONDS: i64 = 86_400;

/// The claims of an access token that the tenant issues to machines.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The tenant as it was called, with a final slash.
    pub iss: String,
    /// `<client id>@clients`.
    pub sub: String,
    /// The API.
    pub aud: String,
    /// When it was issued, in Unix seconds.
    pub iat: i64,
    /// When it ends, in Unix seconds.
    pub exp: i64,
    /// The scopes, apart by spaces.
    pub scope: String,
    /// How it was asked for: `client-credentials`.
    pub gty: String,
    /// The client.
    pub azp: String,
    /// The token's own identifier.
    pub jti: String,
}

/// Who makes a call.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The client that the token was issued to.
    pub client_id: String,
    /// The client's name.
    pub client_name: String,
    /// The token's identifier.
    pub jti: String,
    scopes: Vec<String>,
}

impl Caller {
    /// Whether the token has a scope.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }
}

struct Key {
    kid: String,
    is_current: bool,
    signs: EncodingKey,
    verifies: DecodingKey,
    jwk: Value,
}

/// The tenant's keys, ready for use.
pub struct Keys(Vec<Key>);

/// A new RSA key of 2,048 bits in PEM (PKCS #8); by the system's chance, since a key must not follow from a seed.
fn generate() -> Option<String> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let der = pair.as_der().ok()?;
    let text = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    Some(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}

/// Puts a new key into the state, which signs from now on or is the next that will; false when none could be made.
pub fn add_key(state: &mut State, is_current: bool) -> bool {
    let Some(pem) = generate() else { return false };
    let kid = state.dice.alphanumeric(21);
    let shown = json!({
        "kid": kid, "current": is_current, "next": !is_current, "previous": false, "revoked": false,
    });
    let shown = shown.as_object().cloned().unwrap_or_default();
    let mut hidden = Object::new();
    hidden.insert("pem".to_owned(), pem.into());
    state.objects.insert(KEYS, Item { id: kid, shown, hidden });
    true
}

/// Whether a key is what a property (`current`, `next`, `previous`, `revoked`) says.
pub fn is(key: &Item, property: &str) -> bool {
    key.shown.get(property) == Some(&Value::Bool(true))
}

/// The key that signs.
pub fn current(state: &State) -> Option<&Item> {
    state.objects.all(KEYS).rfind(|key| is(key, "current"))
}

impl Keys {
    /// The keys of a state; those that can't be used, or were revoked, are left out.
    pub fn of(state: &State) -> Self {
        let keys = state.objects.all(KEYS).filter(|item| !is(item, "revoked")).filter_map(|item| {
            let signs = EncodingKey::from_rsa_pem(item.hidden_text("pem").as_bytes()).ok()?;
            let jwk = Jwk::from_encoding_key(&signs, Algorithm::RS256).ok()?;
            let verifies = DecodingKey::from_jwk(&jwk).ok()?;
            let mut jwk = serde_json::to_value(jwk).ok()?;
            let fields = jwk.as_object_mut()?;
            fields.insert("kid".to_owned(), item.id.clone().into());
            fields.insert("use".to_owned(), "sig".into());
            Some(Key { kid: item.id.clone(), is_current: is(item, "current"), signs, verifies, jwk })
        });
        Self(keys.collect())
    }

    /// Whether there is a key to sign with.
    pub fn is_empty(&self) -> bool {
        !self.0.iter().any(|key| key.is_current)
    }

    /// `/.well-known/jwks.json`.
    pub fn jwks(&self) -> Value {
        json!({"keys": self.0.iter().map(|key| &key.jwk).collect::<Vec<_>>()})
    }

    /// Signs claims with the current key; `None` when they can't be signed.
    pub fn sign<T: Serialize>(&self, claims: &T) -> Option<String> {
        let key = self.0.iter().rfind(|key| key.is_current)?;
        let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &key.signs).ok()
    }

    /// The claims of a token that one of the keys signed.
    pub fn verify(&self, token: &str) -> Option<Value> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let key = self.0.iter().find(|key| key.kid == kid)?;
        verify::<Value>(token, Algorithm::RS256, &key.verifies)
    }

    /// Who a token of the Management API belongs to.
    ///
    /// # Errors
    /// 401 for no token, one of another kind, tenant or API, and one that has ended.
    pub fn caller(
        &self,
        state: &State,
        bearer: Option<&str>,
        base_url: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<Caller, Fault> {
        let refused = |message: &str| Fault::new(401, message);
        let token = bearer.ok_or_else(|| refused("Missing authentication"))?;
        let header = jsonwebtoken::decode_header(token).map_err(|_| refused("Invalid token"))?;
        let key = self.0.iter().find(|key| Some(&key.kid) == header.kid.as_ref());
        let key = key.ok_or_else(|| refused("Invalid signature received for JSON Web Token validation"))?;
        let claims = verify::<Claims>(token, Algorithm::RS256, &key.verifies)
            .ok_or_else(|| refused("Invalid signature received for JSON Web Token validation"))?;
        if claims.exp <= now.seconds() {
            return Err(refused("Expired token received for JSON Web Token validation"));
        }
        if claims.iss != format!("{base_url}/") {
            return Err(refused("Invalid token"));
        }
        if claims.aud != audience || state.objects.find(CLIENTS, &claims.azp).is_none() {
            return Err(refused("Bad audience"));
        }
        let client_name = state.objects.find(CLIENTS, &claims.azp).map_or("", |client| client.text("name"));
        Ok(Caller {
            client_name: client_name.to_owned(),
            client_id: claims.azp,
            jti: claims.jti,
            scopes: claims.scope.split(' ').map(str::to_owned).collect(),
        })
    }
}

/// The claims of a token whose signature holds; times and audience are the caller's to check, by the tenant's own clock.
pub fn verify<T: for<'de> Deserialize<'de> + Clone>(
    token: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
) -> Option<T> {
    let mut rules = Validation::new(algorithm);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    jsonwebtoken::decode::<T>(token, key, &rules).ok().map(|data| data.claims)
}

/// The claims of a machine's access token.
pub fn claims(
    state: &mut State,
    client_id: &str,
    audience: &str,
    scope: String,
    base_url: &str,
    now: Timestamp,
) -> Claims {
    let lifetime = state.objects.all("resource_servers").find(|api| api.text("identifier") == audience);
    let lifetime = lifetime.and_then(|api| api.shown.get("token_lifetime")).and_then(Value::as_i64);
    let iat = now.seconds();
    Claims {
        iss: format!("{base_url}/"),
        sub: format!("{client_id}@clients"),
        aud: audience.to_owned(),
        iat,
        exp: iat.saturating_add(lifetime.unwrap_or(LIFETIME_SECONDS)),
        scope,
        gty: "client-credentials".to_owned(),
        azp: client_id.to_owned(),
        jti: id::uuid(&mut state.dice),
    }
}
