//! Codes, and the tokens of an application, refresh token included.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Grant, Order, Tokens, apply, gather};
use crate::{
    flow::{self, Visit},
    tenant::{
        Item, Tenant,
        access::{Device, NewRefreshToken, REFRESH_TOKENS},
    },
};

/// Codes that were not exchanged yet; all of each is hidden.
const CODES: &str = "authorization_codes";

/// How long a code lives.
const CODE_SECONDS: i64 = 60;

/// How long a refresh token lives, and how long unused (Auth0's defaults: 30 and 15 days).
const LIFETIME: Micros = 30 * 86_400_000_000;
const IDLE: Micros = 15 * 86_400_000_000;

/// What an application may have, and from where it was asked for.
#[derive(Serialize, Deserialize)]
pub(super) struct Issue {
    /// What it may have.
    pub(super) grant: Grant,
    /// The device of a refresh token.
    pub(super) device: Device,
    /// Where the browser was sent back.
    pub(super) redirect_uri: Option<String>,
}

impl Issue {
    /// A code for it.
    pub(super) fn code(&self, tenant: &mut Tenant, challenge: Option<&str>, at: Timestamp) -> String {
        let state = tenant.state_mut();
        let code = state.dice.alphanumeric(48);
        let hidden = json!({"issue": self, "challenge": challenge, "until": at.seconds().saturating_add(CODE_SECONDS)});
        let hidden = hidden.as_object().cloned().unwrap_or_default();
        state.objects.insert(CODES, Item { id: code.clone(), shown: Map::new(), hidden });
        code
    }
}

/// A code with what an application hands in to have it exchanged.
pub(crate) struct Code<'a> {
    /// The application, as it proved.
    pub(crate) client_id: &'a str,
    /// The code.
    pub(crate) code: &'a str,
    /// The address that the code was sent to.
    pub(crate) redirect_uri: Option<&'a str>,
    /// The proof that it asked for the code (PKCE).
    pub(crate) verifier: Option<&'a str>,
    /// The request.
    pub(crate) visit: Visit,
}

/// What a code gives, once: for the client that it was made for, at the same address, with the verifier.
pub(crate) fn exchange(tenant: &mut Tenant, code: Code<'_>, base_url: &str, at: Timestamp) -> Option<Tokens> {
    let issue = redeem(tenant, &code, at);
    let tokens = issue.as_ref().and_then(|issue| tokens(tenant, issue, base_url, at));
    let mut order = Order { client_id: code.client_id.to_owned(), visit: code.visit, ..Order::default() };
    if let Some(Issue { grant, .. }) = issue.filter(|_| tokens.is_some()) {
        order.user = grant.user_id;
        order.audience = grant.audience;
        order.scope = Some(grant.scopes.join(" "));
    }
    if let Ok(facts) = gather::facts(tenant, &order, at) {
        let end = apply::alone(tenant, at, |stage| flow::code_exchange(stage, &facts, tokens.is_some()));
        apply::end(tenant, &end, "", at);
    }
    tokens
}

/// What a code stands for, where all that was handed in is right.
fn redeem(tenant: &mut Tenant, given: &Code<'_>, at: Timestamp) -> Option<Issue> {
    // Why removed first: a code that was tried is spent, whatever comes of it.
    let kept = tenant.state_mut().objects.remove(CODES, given.code)?.hidden;
    let issue: Issue = serde_json::from_value(kept.get("issue")?.clone()).ok()?;
    let is_proved = match kept.get("challenge").and_then(Value::as_str) {
        Some(challenge) => {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, given.verifier?.as_bytes());
            let same = URL_SAFE_NO_PAD.encode(digest.as_ref());
            aws_lc_rs::constant_time::verify_slices_are_equal(same.as_bytes(), challenge.as_bytes()).is_ok()
        }
        None => given.verifier.is_none(),
    };
    let is_timely = kept.get("until")?.as_i64()? > at.seconds();
    let is_same =
        issue.grant.client_id == given.client_id && issue.redirect_uri.as_deref() == given.redirect_uri;
    (is_proved && is_timely && is_same).then_some(issue)
}

/// Tokens, with a refresh token where one was asked for and the client may have it.
pub(super) fn tokens(tenant: &mut Tenant, issue: &Issue, base_url: &str, at: Timestamp) -> Option<Tokens> {
    let Issue { grant, device, .. } = issue;
    let mut tokens = grant.issue(tenant, base_url, at)?;
    let state = tenant.state_mut();
    let client = state.objects.find("clients", &grant.client_id);
    let grants = client.and_then(|client| client.shown.get("grant_types")).and_then(Value::as_array);
    let may = grants.is_none_or(|grants| grants.iter().any(|grant| grant == "refresh_token"));
    if may && grant.has("offline_access") {
        let is_rotating = client
            .and_then(|client| client.shown.get("refresh_token"))
            .is_some_and(|settings| settings["rotation_type"] == "rotating");
        let scopes = grant.scopes.join(" ");
        let new = NewRefreshToken {
            user_id: &grant.user_id,
            client_id: &grant.client_id,
            session_id: grant.session_id.as_deref(),
            device,
            is_rotating,
            audience: grant.audience.as_deref().map(|audience| (audience, scopes.as_str())),
            idle: Some(IDLE),
            lifetime: Some(LIFETIME),
        };
        let (id, secret) = (state.issue_refresh_token(&new, at), state.dice.alphanumeric(48));
        if let Some(token) = state.objects.find_mut(REFRESH_TOKENS, &id) {
            token.hidden.insert("secret".to_owned(), json!(secret));
            token.hidden.insert("grant".to_owned(), json!(grant));
        }
        tokens.refresh_token = Some(format!("v1.{id}.{secret}"));
    }
    Some(tokens)
}
