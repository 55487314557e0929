//! Signing out of a browser.

use countersign_core::Timestamp;
use serde_json::Value;

use super::{Order, apply, gather, session};
use crate::{
    flow::{self, SignOut, Visit},
    tenant::{State, Tenant},
};

/// What a browser asks for that signs out.
pub(crate) struct Leaving<'a> {
    /// The application, where one is named.
    pub(crate) client_id: Option<&'a str>,
    /// Where the browser wants to go.
    pub(crate) return_to: Option<&'a str>,
    /// The cookie of its session.
    pub(crate) cookie: Option<&'a str>,
    /// The request.
    pub(crate) visit: Visit,
}

/// Ends the session and tells whether the browser may go where it wants. Where it may not, nothing ends.
pub(crate) fn sign_out(tenant: &mut Tenant, leaving: Leaving<'_>, at: Timestamp) -> bool {
    let state = tenant.state();
    let found = leaving.cookie.and_then(|cookie| session::of_cookie(state, cookie, at)).cloned();
    let allowed = allowed(state, leaving.client_id);
    let may = leaving.return_to.is_none_or(|wanted| allowed.iter().any(|one| one == wanted));
    let Some(session) = found else { return may };
    let first = session.shown.get("clients").and_then(|clients| clients.get(0));
    let client_id = leaving.client_id.or_else(|| first?.get("client_id")?.as_str()).unwrap_or_default();
    let order = Order {
        user: session.text("user_id").to_owned(),
        client_id: client_id.to_owned(),
        visit: leaving.visit,
        ..Order::default()
    };
    // Why not a fault: whose application is gone can sign out all the same.
    if let Ok(facts) = gather::facts(tenant, &order, at) {
        let what = SignOut { session_id: &session.id, return_to: leaving.return_to, allowed: &allowed, may };
        let end = apply::alone(tenant, at, |stage| flow::sign_out(stage, &facts, &what));
        apply::end(tenant, &end, "", at);
    }
    if may {
        session::end(tenant.state_mut(), &session.id, at);
    }
    may
}

/// Where an application may send a browser that signs out; without one, where the tenant lets all.
fn allowed(state: &State, client_id: Option<&str>) -> Vec<String> {
    let from = match client_id {
        Some(id) => state.objects.find("clients", id),
        None => state.objects.find("documents", "tenants/settings"),
    };
    let urls = from.and_then(|from| from.shown.get("allowed_logout_urls")).and_then(Value::as_array);
    urls.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
