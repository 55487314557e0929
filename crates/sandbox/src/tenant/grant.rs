//! `/oauth/token`: the client credentials grant, with a secret or with a signed assertion.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use countersign_core::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Reply,
    state::{Item, State},
    token::{self, CLIENTS, CREDENTIALS, GRANTS, Keys},
};

/// The only kind of assertion.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest that an assertion may be valid (Auth0: "Authenticate with private key JWT").
const ASSERTION_SECONDS: i64 = 300;

/// How far the clocks may be apart (the same page).
const SKEW_SECONDS: i64 = 10;

/// A request of a token: the parameters of its form or JSON, with what a basic header held among them.
#[derive(Clone, Default)]
pub struct TokenRequest {
    /// The parameters by name.
    pub parameters: Vec<(String, String)>,
    /// Scheme and host as the caller sees them.
    pub base_url: String,
}

impl TokenRequest {
    /// A parameter; `None` when it is absent or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// An OAuth error: status, `error`, `error_description`.
struct Refusal(u16, &'static str, String);

impl Refusal {
    fn new(status: u16, error: &'static str, description: &str) -> Self {
        Self(status, error, description.to_owned())
    }

    fn client() -> Self {
        Self::new(401, "invalid_client", "Unauthorized")
    }
}

/// Answers a request of a token.
pub fn answer(state: &mut State, keys: &Keys, request: &TokenRequest, now: Timestamp) -> Reply {
    match grant(state, keys, request, now) {
        Ok(body) => Reply::ok(body).with_header("cache-control", "no-store"),
        Err(refusal) => refusal.into(),
    }
}

impl From<Refusal> for Reply {
    fn from(Refusal(status, error, description): Refusal) -> Self {
        Self::new(status, json!({"error": error, "error_description": description}))
    }
}

/// The client that a request proves to come from.
///
/// # Errors
/// The answer to one that proves nothing.
pub fn client(state: &mut State, request: &TokenRequest, now: Timestamp) -> Result<String, Reply> {
    authenticate(state, request, now).map_err(Reply::from)
}

/// The scopes, apart by spaces, that a client gets for an API as itself.
///
/// # Errors
/// The answer to one that has no grant.
pub fn scopes(state: &State, client_id: &str, audience: &str, asked: Option<&str>) -> Result<String, Reply> {
    granted(state, client_id, audience, asked).map_err(Reply::from)
}

fn grant(state: &mut State, keys: &Keys, request: &TokenRequest, now: Timestamp) -> Result<Value, Refusal> {
    match request.get("grant_type") {
        Some("client_credentials") => {}
        Some(other) => {
            return Err(Refusal(403, "unauthorized_client", format!("Unsupported grant type: {other}")));
        }
        None => return Err(Refusal::new(400, "invalid_request", "Missing required parameter: grant_type")),
    }
    let client_id = authenticate(state, request, now)?;
    let client = state.objects.find(CLIENTS, &client_id).ok_or_else(Refusal::client)?;
    if !texts(client.shown.get("grant_types")).any(|grant| grant == "client_credentials") {
        let what = "Grant type 'client_credentials' not allowed for the client.";
        return Err(Refusal::new(403, "unauthorized_client", what));
    }
    let audience = request
        .get("audience")
        .ok_or_else(|| Refusal::new(403, "access_denied", "Missing required parameter: audience"))?;
    let scope = granted(state, &client_id, audience, request.get("scope"))?;
    let claims = token::claims(state, &client_id, audience, scope, &request.base_url, now);
    let token = keys.sign(&claims).ok_or_else(|| Refusal::new(500, "server_error", "No signing key"))?;
    Ok(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": claims.exp.saturating_sub(claims.iat),
        "scope": claims.scope,
    }))
}

/// The scopes of the client's grant for an API, or those of them that were asked for.
fn granted(state: &State, client_id: &str, audience: &str, asked: Option<&str>) -> Result<String, Refusal> {
    let known = state.objects.all("resource_servers").any(|api| api.text("identifier") == audience);
    if !known {
        return Err(Refusal(403, "access_denied", format!("Service not found: {audience}")));
    }
    let mut grants = state.objects.all(GRANTS);
    let grant = grants.find(|grant| {
        // Why: what users may be asked to consent to is no grant for the client itself.
        let own = grant.text("subject_type") != "user";
        own && grant.text("client_id") == client_id && grant.text("audience") == audience
    });
    let grant = grant.ok_or_else(|| {
        Refusal(
            403,
            "access_denied",
            format!("Client is not authorized to access \"{audience}\". Create a \"client-grant\" for it."),
        )
    })?;
    let scopes = texts(grant.shown.get("scope"));
    let asked: Option<Vec<&str>> = asked.map(|scopes| scopes.split_whitespace().collect());
    let kept = scopes.filter(|scope| asked.as_ref().is_none_or(|asked| asked.contains(scope)));
    Ok(kept.collect::<Vec<_>>().join(" "))
}

/// The texts of an array.
fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Whether a client signs with a key, and may so today.
fn signs_with(state: &State, key: &Item, now: Timestamp) -> bool {
    let ends = key.text("expires_at").parse::<Timestamp>();
    let client = state.objects.find(CLIENTS, key.hidden_text("client_id"));
    let methods = client.and_then(|client| client.shown.get("client_authentication_methods"));
    let listed =
        methods.and_then(|methods| methods.pointer("/private_key_jwt/credentials")).and_then(Value::as_array);
    let mut listed = listed.into_iter().flatten();
    ends.map_or(true, |ends| ends > now) && listed.any(|credential| credential["id"] == key.id)
}

/// The client that proves who it is.
fn authenticate(state: &mut State, request: &TokenRequest, now: Timestamp) -> Result<String, Refusal> {
    if let Some(assertion) = request.get("client_assertion") {
        if request.get("client_assertion_type") != Some(JWT_BEARER) {
            return Err(Refusal::new(400, "invalid_request", "Invalid client_assertion_type"));
        }
        return by_assertion(state, request, assertion, now);
    }
    let client_id = request
        .get("client_id")
        .ok_or_else(|| Refusal::new(400, "invalid_request", "Missing required parameter: client_id"))?;
    let client = state.objects.find(CLIENTS, client_id).ok_or_else(Refusal::client)?;
    let kept = client.hidden_text("client_secret");
    // Why: a client that signs, or that can keep no secret, proves nothing by one.
    if client.shown.contains_key("client_authentication_methods")
        || client.text("token_endpoint_auth_method") == "none"
    {
        return Err(Refusal::client());
    }
    let given = request.get("client_secret").unwrap_or_default();
    let same = verify_slices_are_equal(given.as_bytes(), kept.as_bytes()).is_ok();
    if kept.is_empty() || !same { Err(Refusal::client()) } else { Ok(client_id.to_owned()) }
}

#[derive(Clone, Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    aud: Value,
    exp: i64,
    jti: String,
    #[serde(default)]
    iat: Option<i64>,
    #[serde(default)]
    nbf: Option<i64>,
}

fn by_assertion(
    state: &mut State,
    request: &TokenRequest,
    assertion: &str,
    now: Timestamp,
) -> Result<String, Refusal> {
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| Refusal::client())?;
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::RS384 | Algorithm::PS256) {
        return Err(Refusal::client());
    }
    // Why: a client may name its key by Auth0's id of it or by the key's own.
    let named = |key: &&Item| header.kid.as_ref().is_none_or(|kid| *kid == key.id || kid == key.text("kid"));
    let keys = state.objects.all(CREDENTIALS).filter(named);
    let keys = keys.filter(|key| signs_with(state, key, now));
    let verified = keys.filter(|key| key.text("alg") == format!("{:?}", header.alg)).find_map(|key| {
        let public = DecodingKey::from_rsa_pem(key.hidden_text("pem").as_bytes()).ok()?;
        let claims = token::verify::<Assertion>(assertion, header.alg, &public)?;
        (claims.iss == key.hidden_text("client_id")).then_some(claims)
    });
    let claims = verified.ok_or_else(Refusal::client)?;
    let second = now.seconds();
    let timely = claims.exp > second
        && claims.exp <= second.saturating_add(ASSERTION_SECONDS).saturating_add(SKEW_SECONDS)
        && claims.iat.is_none_or(|iat| iat <= second.saturating_add(SKEW_SECONDS))
        && claims.nbf.is_none_or(|nbf| nbf <= second.saturating_add(SKEW_SECONDS));
    let issuer = format!("{}/", request.base_url);
    let meant = match &claims.aud {
        Value::String(audience) => *audience == issuer,
        Value::Array(audiences) => audiences.iter().any(|audience| audience.as_str() == Some(&issuer)),
        _ => false,
    };
    let same = request.get("client_id").is_none_or(|client_id| client_id == claims.sub);
    if !timely || !meant || !same || claims.iss != claims.sub || claims.jti.is_empty() {
        return Err(Refusal::client());
    }
    state.spent.retain(|_, end| *end > second);
    let used = state.spent.insert(format!("{} {}", claims.iss, claims.jti), claims.exp);
    if used.is_some() { Err(Refusal::client()) } else { Ok(claims.sub) }
}
