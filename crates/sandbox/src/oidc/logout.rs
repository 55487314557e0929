//! Signing out: `/v2/logout` and, as OpenID Connect has it, `/oidc/logout`.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use serde_json::Value;

use super::{
    cookie, page,
    request::{get, visit, with},
};
use crate::{
    simulate::{self, Leaving},
    tenant::{call::pairs, http::Shell},
};

/// `GET /v2/logout`: back to `returnTo`.
pub(super) async fn v2(
    State(shell): State<Shell>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = pairs(query.as_deref().unwrap_or_default());
    leave(&shell, &headers, get(&query, "client_id"), get(&query, "returnTo"), None)
}

/// `GET /oidc/logout`: back to `post_logout_redirect_uri`. The application is named, or said by the ID token that is
/// handed back, though it has ended.
pub(super) async fn oidc(
    State(shell): State<Shell>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = pairs(query.as_deref().unwrap_or_default());
    let hint = get(&query, "id_token_hint").and_then(|hint| shell.tenant().lock().signed_claims(hint));
    let of_hint = hint.as_ref().and_then(|claims| claims.get("aud")).and_then(Value::as_str);
    let client_id = get(&query, "client_id").or(of_hint);
    leave(&shell, &headers, client_id, get(&query, "post_logout_redirect_uri"), get(&query, "state"))
}

fn leave(
    shell: &Shell,
    headers: &HeaderMap,
    client_id: Option<&str>,
    return_to: Option<&str>,
    state: Option<&str>,
) -> Response {
    let leaving = Leaving { client_id, return_to, cookie: cookie::sent(headers), visit: visit(headers) };
    let may = simulate::sign_out(&mut shell.tenant().lock(), leaving, shell.now());
    shell.touch();
    if !may {
        return page::wrong("The address to return to is not in the list of allowed logout URLs.");
    }
    let state = state.map(|state| ("state", state)).into_iter();
    let response = return_to.map_or_else(page::signed_out, |url| page::redirect(&with(url, state)));
    cookie::clear(shell, headers, response)
}
