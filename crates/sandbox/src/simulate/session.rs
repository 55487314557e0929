//! The session of a browser: the cookie that carries it, and signing in by it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use countersign_core::Timestamp;
use serde_json::{Value, json};

use super::{Order, gather, login, text};
use crate::{
    flow::{Facts, Failed},
    tenant::{Fault, Item, State, Tenant, access::SESSIONS},
};

/// The hidden property of a session by which a browser proves that it is its own. Why not the id: applications know that.
const COOKIE: &str = "cookie";

const SECOND: i64 = 1_000_000;

/// The cookie of a session.
pub(crate) struct Cookie {
    /// Its value.
    pub(crate) value: String,
    /// How many seconds it outlives the browser.
    pub(crate) seconds: Option<i64>,
}

/// The cookie of a session that lives.
pub(crate) fn cookie(tenant: &mut Tenant, id: &str, at: Timestamp) -> Option<Cookie> {
    let state = tenant.state_mut();
    state.session(id, at)?;
    let new = state.dice.alphanumeric(48);
    let session = state.objects.find_mut(SESSIONS, id)?;
    let secret = session.hidden.entry(COOKIE).or_insert_with(|| new.into()).as_str()?.to_owned();
    let mode = session.shown.get("cookie").map_or("", |cookie| text(cookie, "mode"));
    let ends = session.text("expires_at").parse::<Timestamp>().ok();
    let seconds = ends.map(|ends| ends.seconds().saturating_sub(at.seconds()));
    Some(Cookie { value: format!("{id}.{secret}"), seconds: seconds.filter(|_| mode == "persistent") })
}

/// The session that a cookie proves to belong to its browser.
pub(crate) fn of_cookie<'a>(state: &'a State, cookie: &str, at: Timestamp) -> Option<&'a Item> {
    let (id, secret) = cookie.split_once('.')?;
    let session = state.session(id, at)?;
    let kept = session.hidden_text(COOKIE);
    let is_same = verify_slices_are_equal(secret.as_bytes(), kept.as_bytes()).is_ok();
    (!kept.is_empty() && is_same).then_some(session)
}

/// Ends the session of a browser; its refresh tokens live on.
pub(super) fn end(state: &mut State, id: &str, at: Timestamp) {
    state.end_session(id, at);
    // Why: a revocation may take effect later, but whoever signs out is out.
    if let Some(session) = state.objects.find_mut(SESSIONS, id) {
        session.hidden.remove(COOKIE);
    }
}

/// How far an order comes by its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody is known: somebody must sign in.
    Nobody,
    /// Somebody is, who must let the application have what it asks for first.
    Undecided,
    /// All is known.
    Known,
}

/// How far an order comes by its session.
pub(crate) fn standing(tenant: &Tenant, order: &Order, at: Timestamp) -> Standing {
    let state = tenant.state();
    match usable(state, order, at) {
        None => Standing::Nobody,
        Some(session) if lacks_consent(state, session.text("user_id"), order) => Standing::Undecided,
        Some(_) => Standing::Known,
    }
}

/// The session of an order, where it lives, is as fresh as is asked for, and is of somebody of the connection.
fn usable<'a>(state: &'a State, order: &Order, at: Timestamp) -> Option<&'a Item> {
    let session = state.session(order.session_id.as_deref()?, at)?;
    let user = state.objects.find("users", session.text("user_id"))?;
    let began = session.text("authenticated_at").parse::<Timestamp>().ok()?;
    // Why zero is never fresh: it asks for a new sign-in (OpenID Connect Core, section 3.1.2.1).
    let is_fresh = order
        .max_age
        .is_none_or(|most| most > 0 && at.since(began) <= i64::from(most).saturating_mul(SECOND));
    let connection = order.connection.as_deref().map(|wanted| gather::connection(state, wanted)).transpose();
    let is_of = match connection.ok()? {
        Some(connection) => gather::is_in(user, text(&connection, "name")),
        None => true,
    };
    (is_fresh && is_of).then_some(session)
}

/// Whether a user was not asked yet what an application of somebody else may have.
fn lacks_consent(state: &State, user_id: &str, order: &Order) -> bool {
    let client = state.objects.find("clients", &order.client_id);
    let is_foreign =
        client.is_some_and(|client| client.shown.get("is_first_party") == Some(&Value::Bool(false)));
    let audience = order.audience.as_deref().unwrap_or_default();
    is_foreign && !state.has_consent(user_id, &order.client_id, audience, &order.scopes())
}

/// Remembers that a user lets the application of an order have what it asks for.
pub(super) fn agree(state: &mut State, user_id: &str, order: &Order) {
    if lacks_consent(state, user_id, order) {
        let audience = order.audience.as_deref().unwrap_or_default();
        state.consent(user_id, &order.client_id, audience, &order.scopes());
    }
}

/// The facts of a sign-in by a session, and why it fails.
pub(super) fn facts(
    tenant: &mut Tenant,
    order: &mut Order,
    at: Timestamp,
) -> Result<(Facts, Vec<Failed>), Fault> {
    order.user.clear();
    let Some(session) = usable(tenant.state(), order, at).cloned() else {
        return Ok((gather::facts(tenant, order, at)?, vec![Failed::Session]));
    };
    session.text("user_id").clone_into(&mut order.user);
    let mut facts = gather::facts(tenant, order, at)?;
    facts.session = gather::for_event(&session, "session_metadata");
    let methods = session.shown.get("authentication").and_then(|known| known.get("methods"));
    facts.methods = methods.and_then(Value::as_array).cloned().unwrap_or_default();
    if order.consents {
        agree(tenant.state_mut(), &order.user, order);
    }
    let failed = if facts.user.get("blocked") == Some(&Value::Bool(true)) {
        Some(Failed::Blocked)
    } else if !login::is_member(tenant, &facts, &order.user) {
        Some(Failed::Member)
    } else {
        lacks_consent(tenant.state(), &order.user, order).then_some(Failed::Consent)
    };
    Ok((facts, failed.into_iter().collect()))
}

/// The session of a sign-in with a password: the browser's own goes on where it is the same user's.
pub(super) fn begun(state: &State, order: &Order, facts: &Facts, id: &str, at: Timestamp) -> Value {
    let new = gather::session(facts, id, at);
    let own = order.session_id.as_deref().and_then(|own| state.session(own, at));
    let Some(own) = own.filter(|own| own.text("user_id") == text(&facts.user, "user_id")) else { return new };
    let mut again = gather::for_event(own, "session_metadata");
    for name in ["authenticated_at", "authentication"] {
        if let (Some(again), Some(value)) = (again.as_object_mut(), new.get(name)) {
            again.insert(name.to_owned(), value.clone());
        }
    }
    again
}

/// Writes when and how somebody was there into the session of a sign-in.
pub(super) fn note(session: &mut Item, facts: &Facts) {
    if let Some(at) = facts.session.get("authenticated_at") {
        session.shown.insert("authenticated_at".to_owned(), at.clone());
    }
    session.shown.insert("authentication".to_owned(), json!({"methods": facts.methods}));
}
