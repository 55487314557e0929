//! What a flow's end changes in the state.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use super::{gather, session::note, text};
use crate::{
    Dice, Lifetime,
    flow::{Facts, FlowEnd, Stage},
    tenant::{
        Item, Record, State, Tenant,
        access::{Device, REFRESH_TOKENS, SESSIONS},
        iso, publish,
    },
};

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

/// What needs a stage and runs no Action.
pub(super) fn alone<T>(tenant: &mut Tenant, at: Timestamp, work: impl FnOnce(&mut Stage<'_>) -> T) -> T {
    let mut dice = Dice::new(tenant.state_mut().dice.word());
    work(&mut Stage { host: None, at, dice: &mut dice, budget_ms: 0 })
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

/// The device of a visit.
pub(super) fn device(facts: &Facts) -> Device {
    let visit = &facts.visit;
    Device {
        ip: visit.ip.clone(),
        asn: visit.asn.clone().unwrap_or_default(),
        user_agent: visit.user_agent.clone().unwrap_or_default(),
    }
}

/// Makes something end when it says that it does.
fn bound(item: &mut Item) {
    for (shown, hidden) in [("expires_at", "ends"), ("idle_expires_at", "idles")] {
        if let Ok(at) = item.text(shown).parse::<Timestamp>() {
            item.hidden.insert(hidden.to_owned(), json!(at.micros()));
        }
    }
}

/// Keeps the session of a sign-in that came through; false when an Action ended it.
pub(super) fn session(state: &mut State, facts: &Facts, lifetime: &Lifetime, at: Timestamp) -> bool {
    let id = text(&facts.session, "id").to_owned();
    if id.is_empty() {
        return true;
    }
    if let Some(revocation) = &lifetime.revoked {
        if revocation.preserve_refresh_tokens {
            state.end_session(&id, at);
        } else {
            state.revoke_session(&id, at);
        }
        return false;
    }
    if !state.use_session(&id, text(&facts.client, "client_id"), &device(facts), at) {
        let shown = facts.session.as_object().cloned().unwrap_or_default();
        let hidden = [("idle_for".to_owned(), json!(gather::SESSION_IDLE))].into_iter().collect();
        state.objects.insert(SESSIONS, Item { id: id.clone(), shown, hidden });
    }
    let Some(item) = state.objects.find_mut(SESSIONS, &id) else { return true };
    note(item, facts);
    lasting(&mut item.shown, lifetime, "session_metadata");
    let cookie = item.shown.get_mut("cookie").and_then(Value::as_object_mut);
    if let (Some(mode), Some(cookie)) = (&lifetime.cookie_mode, cookie) {
        cookie.insert("mode".to_owned(), json!(mode));
    }
    bound(item);
    true
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
        state.revoke_refresh_token(id, at);
        return false;
    }
    state.exchange_refresh_token(id, &device(facts), at);
    if let Some(token) = state.objects.find_mut(REFRESH_TOKENS, id) {
        lasting(&mut token.shown, lifetime, "refresh_token_metadata");
        bound(token);
    }
    true
}
