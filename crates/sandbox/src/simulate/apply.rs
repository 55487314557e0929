//! What a flow's end changes in the state.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use super::text;
use crate::{
    Lifetime,
    flow::{Facts, FlowEnd},
    tenant::{Item, Record, State, Tenant, iso, publish},
};

/// Sessions by id, in the form of the Management API.
pub(super) const SESSIONS: &str = "sessions";

/// Refresh tokens by id, in the form of the Management API; `secret` and `grant` are hidden.
pub(super) const REFRESH_TOKENS: &str = "refresh_tokens";

/// Writes the records and executions of an end, changes the user, and tells event streams.
pub(super) fn end(tenant: &mut Tenant, end: &FlowEnd, user_id: &str, at: Timestamp) {
    let options = tenant.options().clone();
    let state = tenant.state_mut();
    for log in &end.logs {
        let Some(fields) = log.as_object() else { continue };
        let when = text(log, "date").parse().unwrap_or(at);
        state.log(Record::whole(fields.clone()), &options.name, when);
    }
    for execution in &end.executions {
        state.keep_execution(execution.as_object().cloned().unwrap_or_default(), at);
    }
    if let Some(user) = state.objects.find_mut("users", user_id) {
        user.shown.extend(end.user.clone());
    }
    publish(&options, state, at);
}

/// The object after what an Action asked for it; `metadata` is what its metadata is called.
fn lasting(object: &mut Map<String, Value>, lifetime: &Lifetime, metadata: &str) {
    let kept = object.get(metadata).and_then(Value::as_object).cloned();
    let mut kept = kept.filter(|_| !lifetime.evicts_metadata).unwrap_or_default();
    kept.extend(lifetime.metadata.clone());
    kept.retain(|_, value| !value.is_null());
    if !kept.is_empty() || lifetime.evicts_metadata {
        object.insert(metadata.to_owned(), Value::Object(kept));
    }
    let mut until = |name: &str, millis: Option<f64>| {
        let micros = millis.and_then(|millis| std::time::Duration::try_from_secs_f64(millis / 1_000.0).ok());
        let micros = micros.and_then(|span| i64::try_from(span.as_micros()).ok());
        if let Some(micros) = micros {
            object.insert(name.to_owned(), json!(iso(Timestamp::from_micros(micros))));
        }
    };
    until("expires_at", lifetime.expires_at);
    until("idle_expires_at", lifetime.idle_expires_at);
}

/// Keeps the session of a sign-in that came through; false when an Action ended it.
pub(super) fn session(state: &mut State, facts: &Facts, lifetime: &Lifetime, at: Timestamp) -> bool {
    let id = text(&facts.session, "id").to_owned();
    if id.is_empty() {
        return true;
    }
    if let Some(revocation) = &lifetime.revoked {
        state.objects.remove(SESSIONS, &id);
        if !revocation.preserve_refresh_tokens {
            forget_tokens(state, &id);
        }
        return false;
    }
    let known = state.objects.find(SESSIONS, &id).map(|item| item.shown.clone());
    let mut shown = known.or_else(|| facts.session.as_object().cloned()).unwrap_or_default();
    for name in ["updated_at", "last_interacted_at"] {
        shown.insert(name.to_owned(), json!(iso(at)));
    }
    seen(&mut shown, facts);
    lasting(&mut shown, lifetime, "session_metadata");
    if let (Some(mode), Some(cookie)) =
        (&lifetime.cookie_mode, shown.get_mut("cookie").and_then(Value::as_object_mut))
    {
        cookie.insert("mode".to_owned(), json!(mode));
    }
    state.objects.insert(SESSIONS, Item { id, shown, hidden: Map::new() });
    true
}

/// Notes from where a session or refresh token was used last.
fn seen(shown: &mut Map<String, Value>, facts: &Facts) {
    if let Some(device) = shown.get_mut("device").and_then(Value::as_object_mut) {
        device.insert("last_ip".to_owned(), json!(facts.visit.ip));
        device.insert("last_asn".to_owned(), json!(facts.visit.asn));
        device.insert("last_user_agent".to_owned(), json!(facts.visit.user_agent));
    }
}

/// Takes a session's refresh tokens away.
fn forget_tokens(state: &mut State, session: &str) {
    let own = state.objects.all(REFRESH_TOKENS).filter(|token| token.text("session_id") == session);
    let ids: Vec<String> = own.map(|token| token.id.clone()).collect();
    for id in ids {
        state.objects.remove(REFRESH_TOKENS, &id);
    }
}

/// Notes the use of a refresh token; false when an Action ended it.
pub(super) fn refresh_token(
    state: &mut State,
    id: &str,
    facts: &Facts,
    lifetime: &Lifetime,
    at: Timestamp,
) -> bool {
    if lifetime.revoked.is_some() {
        state.objects.remove(REFRESH_TOKENS, id);
        return false;
    }
    if let Some(token) = state.objects.find_mut(REFRESH_TOKENS, id) {
        token.shown.insert("last_exchanged_at".to_owned(), json!(iso(at)));
        seen(&mut token.shown, facts);
        lasting(&mut token.shown, lifetime, "refresh_token_metadata");
    }
    true
}
