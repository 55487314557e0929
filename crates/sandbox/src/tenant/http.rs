//! HTTP around a tenant: `/api/v2/*`, `/oauth/token`, `/.well-known/*`, `POST /sandbox/reset` and
//! `/sandbox/exports/*`.
//!
//! TLS and listening are the caller's. The base URL is the `Host` header behind the scheme that `Shell` was given.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, OriginalUri, Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, Method as Verb, StatusCode, header},
    response::Response,
    routing::{any, get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_core::{Clock, Timestamp};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{Call, Fault, Method, Payload, Reply, Tenant, TokenRequest, call};
use crate::{
    Scenario, oidc,
    simulate::{self, Actions, Cast},
};

/// The largest body that is read; imports of users are the largest that Auth0 takes (500 KB).
const LARGEST: usize = 1_000_000;

/// A tenant that many connections share: one lock, held for a call.
#[derive(Clone)]
pub struct Shell {
    tenant: Arc<Mutex<Tenant>>,
    clock: Arc<dyn Clock>,
    scheme: &'static str,
    changes: watch::Sender<u64>,
    actions: Arc<Actions>,
    cast: Option<Arc<tokio::sync::Mutex<Cast>>>,
    ready: Arc<Mutex<Vec<Ready>>>,
}

/// Somebody whom the login page offers to sign in as, by a button: for people who are made up, as everybody here is.
#[derive(Clone)]
pub struct Ready {
    /// What the button calls them.
    pub name: String,
    /// What they are there for, in a line.
    pub what: String,
    /// Their e-mail address.
    pub email: String,
    /// Their password.
    pub password: String,
}

impl Shell {
    /// Puts a tenant behind a lock. `scheme` is `https` where the caller serves TLS.
    #[must_use]
    pub fn new(tenant: Tenant, clock: Arc<dyn Clock>, scheme: &'static str) -> Self {
        let (changes, _) = watch::channel(0);
        let actions = Arc::new(Actions::none());
        Self {
            tenant: Arc::new(Mutex::new(tenant)),
            clock,
            scheme,
            changes,
            actions,
            cast: None,
            ready: Arc::default(),
        }
    }

    /// The same with somewhere to run Actions.
    #[must_use]
    pub fn with_actions(self, actions: Actions) -> Self {
        Self { actions: Arc::new(actions), ..self }
    }

    /// The same with a scenario, which `begin_scenario`, `resume_scenario` or a reset puts to work.
    #[must_use]
    pub fn with_scenario(self, scenario: Scenario) -> Self {
        Self { cast: Some(Arc::new(tokio::sync::Mutex::new(Cast::new(scenario)))), ..self }
    }

    /// Has the login page offer a button for each of these: whoever reaches it can sign in as them.
    pub fn offer(&self, ready: Vec<Ready>) {
        *self.ready.lock() = ready;
    }

    pub(crate) fn ready(&self) -> Vec<Ready> {
        self.ready.lock().clone()
    }

    pub(crate) const fn cast(&self) -> Option<&Arc<tokio::sync::Mutex<Cast>>> {
        self.cast.as_ref()
    }

    pub(crate) fn actions(&self) -> &Actions {
        &self.actions
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Changes whenever the tenant may have changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Says that the tenant may have changed.
    pub fn touch(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// The tenant itself, for whatever else works on it.
    #[must_use]
    pub fn tenant(&self) -> Arc<Mutex<Tenant>> {
        Arc::clone(&self.tenant)
    }

    pub(crate) fn base_url(&self, headers: &HeaderMap) -> String {
        let host = text(headers, header::HOST.as_str());
        if host.is_empty() {
            self.tenant.lock().options().base_url.clone()
        } else {
            format!("{}://{host}", self.scheme)
        }
    }
}

/// All routes of a tenant.
pub fn router(shell: Shell) -> Router {
    Router::new()
        .route("/api/v2/{*path}", any(management))
        .route("/oauth/token", post(token))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/sandbox/reset", post(reset))
        .merge(simulate::routes())
        .merge(oidc::routes())
        .route("/sandbox/exports/{ticket}", get(export))
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(shell)
}

/// A header; empty when there is none or it is no text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The credentials of an `Authorization` header of a scheme, whose name may be written in any case.
pub(crate) fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (given, rest) = text(headers, header::AUTHORIZATION.as_str()).split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// The answer over HTTP.
pub(crate) fn send(reply: Reply) -> Response {
    let body = reply.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    for (name, value) in reply.headers {
        let name = header::HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}

async fn nothing() -> Response {
    send(Fault::not_found("Not Found").into())
}

async fn management(
    State(shell): State<Shell>,
    verb: Verb,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Some(method) = Method::parse(verb.as_str()) else { return nothing().await };
    let body = match body {
        Ok(body) => body,
        Err(refused) => {
            let fault =
                Fault::new(refused.status().as_u16(), "Payload content length greater than maximum allowed");
            return send(fault.into());
        }
    };
    let whole = uri.path_and_query().map_or("", |whole| whole.as_str());
    let base_url = shell.base_url(&headers);
    let mut call = Call::new(method, &base_url, whole.strip_prefix("/api/v2").unwrap_or_default());
    call.bearer = credentials(&headers, "bearer").map(str::to_owned);
    call.user_agent = text(&headers, header::USER_AGENT.as_str()).to_owned();
    call.correlation_id = Some(text(&headers, "x-correlation-id").to_owned()).filter(|id| !id.is_empty());
    let content_type = text(&headers, header::CONTENT_TYPE.as_str());
    call.content_type = Some(content_type.to_owned()).filter(|kind| !kind.is_empty());
    call.payload = match payload(content_type, &body) {
        Ok(payload) => payload,
        Err(fault) => return send(fault.into()),
    };
    let now = shell.clock.now();
    let reply = shell.tenant.lock().call(&call, now);
    if method != Method::Get {
        shell.touch();
    }
    send(reply)
}

fn payload(content_type: &str, body: &Bytes) -> Result<Payload, Fault> {
    if body.is_empty() {
        return Ok(Payload::None);
    }
    if !content_type.is_empty() && !content_type.contains("json") {
        return Ok(Payload::Bytes(body.to_vec()));
    }
    let value = serde_json::from_slice(body);
    value.map(Payload::Json).map_err(|_| Fault::new(400, "Invalid request payload JSON format"))
}

async fn token(State(shell): State<Shell>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(mut parameters) = form(text(&headers, header::CONTENT_TYPE.as_str()), &body) else {
        let error = json!({"error": "invalid_request", "error_description": "The body can't be read"});
        return send(Reply::new(400, error));
    };
    if let Some((client_id, secret)) = credentials(&headers, "basic").and_then(basic) {
        parameters.extend([("client_id".to_owned(), client_id), ("client_secret".to_owned(), secret)]);
    }
    let request = TokenRequest { parameters, base_url: shell.base_url(&headers) };
    let reply = oidc::token(&shell, &request, text(&headers, header::USER_AGENT.as_str())).await;
    shell.touch();
    send(reply)
}

/// The texts of a form or of an object of JSON.
fn form(content_type: &str, body: &[u8]) -> Option<Vec<(String, String)>> {
    if content_type.contains("json") {
        let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let texts = fields.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        return Some(texts.collect());
    }
    std::str::from_utf8(body).ok().map(call::pairs)
}

/// Client id and secret of a basic header, each form-encoded (RFC 6749, section 2.3.1).
fn basic(credentials: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (client_id, secret) = decoded.split_once(':')?;
    Some((call::decode(client_id), call::decode(secret)))
}

async fn jwks(State(shell): State<Shell>) -> Response {
    let keys = shell.tenant.lock().jwks();
    send(Reply::ok(keys))
}

async fn discovery(State(shell): State<Shell>, headers: HeaderMap) -> Response {
    send(Reply::ok(Tenant::discovery(&shell.base_url(&headers))))
}

async fn export(State(shell): State<Shell>, Path(ticket): Path<String>) -> Response {
    let now = shell.clock.now();
    match shell.tenant.lock().export(&ticket, now) {
        Some(content) => Response::new(Body::from(content)),
        None => send(Fault::not_found("Not Found").into()),
    }
}

/// What a reset leaves behind.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Reset {
    /// Whether the scenario begins anew.
    scenario: bool,
}

async fn reset(State(shell): State<Shell>, body: Bytes) -> Response {
    let wanted = if body.is_empty() { Ok(None) } else { serde_json::from_slice(&body) };
    let done = match wanted {
        // Why `null`: clients that always send JSON send it for no body.
        Ok(wanted) => shell.reset(Option::is_some_and(wanted, |wanted: Reset| wanted.scenario)).await,
        Err(error) => Err(Fault::new(400, format!("The reset can't be read: {error}"))),
    };
    send(done.map_or_else(Reply::from, |()| Reply::no_content()))
}

#[cfg(test)]
mod tests;
