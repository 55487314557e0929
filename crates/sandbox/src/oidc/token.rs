//! `POST /oauth/token`: every grant, each as an order.

use serde_json::{Value, json};

use crate::{
    flow::Visit,
    simulate::{self, Code, Kind, Order, Outcome},
    tenant::{Reply, TokenRequest, http::Shell, with_standing},
};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Answers a request of a token. Where a tenant has nowhere to run Actions at all, clients get theirs without them.
pub(crate) async fn token(shell: &Shell, request: &TokenRequest, user_agent: &str) -> Reply {
    let now = shell.now();
    if request.get("grant_type") == Some("client_credentials") && !shell.actions().may_run() {
        return shell.tenant().lock().token(request, now);
    }
    let counted = shell.tenant().lock().count_token(now);
    match counted {
        Ok(standing) => {
            let reply = granted(shell, request, user_agent).await.unwrap_or_else(|refused| refused);
            with_standing(reply.with_header("cache-control", "no-store"), standing)
        }
        Err(reply) => reply,
    }
}

fn refused(status: u16, error: &str, description: &str) -> Reply {
    Reply::new(status, json!({"error": error, "error_description": description}))
}

/// A request that can't be carried out, in the words of this endpoint.
fn broken(fault: &Reply) -> Reply {
    let error = if fault.status < 500 { "invalid_request" } else { "server_error" };
    let message = fault.json().get("message").and_then(Value::as_str).unwrap_or_default();
    refused(fault.status, error, message)
}

fn missing(parameter: &str) -> Reply {
    refused(400, "invalid_request", &format!("Missing required parameter: {parameter}"))
}

async fn granted(shell: &Shell, request: &TokenRequest, user_agent: &str) -> Result<Reply, Reply> {
    let grant = request.get("grant_type").ok_or_else(|| missing("grant_type"))?;
    let kind = match grant {
        "client_credentials" => Kind::ClientCredentials,
        "authorization_code" => return by_code(shell, request, user_agent),
        "password" | "http://auth0.com/oauth/grant-type/password-realm" => Kind::Login,
        "refresh_token" => Kind::Refresh,
        EXCHANGE => Kind::TokenExchange,
        other => {
            return Err(refused(403, "unauthorized_client", &format!("Unsupported grant type: {other}")));
        }
    };
    let client_id = client(shell, request, grant)?;
    let text = |name: &str| request.get(name).map(str::to_owned);
    let mut order = Order {
        client_id,
        audience: text("audience"),
        scope: text("scope"),
        organization: text("organization"),
        connection: text("realm"),
        visit: Visit { user_agent: Some(user_agent.to_owned()), body: shown(request), ..Visit::default() },
        ..Order::default()
    };
    match kind {
        Kind::ClientCredentials if order.audience.is_none() => {
            return Err(refused(403, "access_denied", "Missing required parameter: audience"));
        }
        Kind::Login => {
            order.user = text("username").ok_or_else(|| missing("username"))?;
            order.password = Some(text("password").ok_or_else(|| missing("password"))?);
            order.protocol = Some("oauth2-password".to_owned());
        }
        Kind::Refresh => {
            order.refresh_token = Some(text("refresh_token").ok_or_else(|| missing("refresh_token"))?);
        }
        Kind::TokenExchange => {
            order.subject_token = Some(text("subject_token").ok_or_else(|| missing("subject_token"))?);
            let kind = text("subject_token_type").ok_or_else(|| missing("subject_token_type"))?;
            order.subject_token_type = Some(kind);
            order.actor_token = text("actor_token");
            order.actor_token_type = text("actor_token_type");
            order.requested_token_type = text("requested_token_type");
        }
        _ => {}
    }
    let outcome = simulate::run(shell, &request.base_url, kind, order).await;
    outcome.map(|outcome| reply(&outcome)).map_err(|fault| broken(&fault.into()))
}

/// The parameters as an event may show them.
fn shown(request: &TokenRequest) -> serde_json::Map<String, Value> {
    const SECRET: [&str; 6] =
        ["client_secret", "client_assertion", "password", "refresh_token", "code", "code_verifier"];
    let open = request.parameters.iter().filter(|(name, _)| !SECRET.contains(&name.as_str()));
    open.map(|(name, value)| (name.clone(), json!(value))).collect()
}

/// The client that asks, by its proof where it has one to give.
fn client(shell: &Shell, request: &TokenRequest, grant: &str) -> Result<String, Reply> {
    let now = shell.now();
    let tenant = shell.tenant();
    let mut tenant = tenant.lock();
    let named = request.get("client_id").and_then(|id| tenant.state().objects.find("clients", id));
    let is_public = named.is_some_and(|client| client.text("token_endpoint_auth_method") == "none");
    let client_id = match named {
        Some(client) if is_public && grant != "client_credentials" => client.id.clone(),
        _ => tenant.prove_client(request, now)?,
    };
    let client = tenant.state().objects.find("clients", &client_id);
    let grants = client.and_then(|client| client.shown.get("grant_types")).and_then(Value::as_array);
    // Why: a client may exchange tokens by a property of its own, whatever its grants.
    if grant == EXCHANGE || grants.is_none_or(|grants| grants.iter().any(|known| known == grant)) {
        return Ok(client_id);
    }
    let what = format!("Grant type '{grant}' not allowed for the client.");
    Err(refused(403, "unauthorized_client", &what))
}

fn by_code(shell: &Shell, request: &TokenRequest, user_agent: &str) -> Result<Reply, Reply> {
    let client_id = client(shell, request, "authorization_code")?;
    let code = request.get("code").ok_or_else(|| missing("code"))?;
    let code = Code {
        client_id: &client_id,
        code,
        redirect_uri: request.get("redirect_uri"),
        verifier: request.get("code_verifier"),
        visit: Visit { user_agent: Some(user_agent.to_owned()), ..Visit::default() },
    };
    let now = shell.now();
    let tenant = shell.tenant();
    let tokens = simulate::exchange_code(&mut tenant.lock(), code, &request.base_url, now);
    tokens
        .map(|tokens| Reply::ok(json!(tokens)))
        .ok_or_else(|| refused(403, "invalid_grant", "Invalid authorization code"))
}

/// What an application sees.
fn reply(outcome: &Outcome) -> Reply {
    if let Some(refusal) = &outcome.refusal {
        return refused(refusal.status, &refusal.error, &refusal.description);
    }
    match (&outcome.tokens, outcome.state.as_deref()) {
        (Some(tokens), _) => Reply::ok(json!(tokens)),
        (None, Some(state)) => {
            let body = json!({"error": "mfa_required", "error_description": "Multifactor authentication required",
                "mfa_token": state});
            Reply::new(403, body)
        }
        (None, None) => refused(500, "server_error", "No tokens could be made"),
    }
}
