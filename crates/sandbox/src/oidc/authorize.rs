//! `GET /authorize`: the code flow with PKCE, by the browser's session or by pages.

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use serde_json::json;

use super::{
    cookie, page,
    request::{Fields, Request, get},
};
use crate::{
    flow::Visit,
    simulate::{self, Kind, Order, Outcome, Standing},
    tenant::{call::pairs, http::Shell},
};

/// How long somebody may think about what an application asks for.
const CONSENT: i64 = 600_000_000;

/// Goes by the browser's session, or shows the page that asks for what is missing.
pub(super) async fn ask(
    State(shell): State<Shell>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let request = match Request::read(&shell, pairs(query.as_deref().unwrap_or_default())) {
        Ok(request) => request,
        Err(why) => return page::wrong(why),
    };
    if let Some((error, why)) = request.fault() {
        return request.back(&[("error", error), ("error_description", why)]);
    }
    let order = Order { session_id: cookie::session(&shell, &headers), ..request.order(&headers) };
    if request.has_prompt("none") {
        return carry_out(&shell, &headers, &request, Kind::Login, order).await;
    }
    let is_asked = ["login", "select_account"].into_iter().any(|word| request.has_prompt(word));
    let standing = simulate::standing(&shell.tenant().lock(), &order, shell.now());
    match standing {
        Standing::Known if !is_asked && !request.has_prompt("consent") => {
            carry_out(&shell, &headers, &request, Kind::Login, order).await
        }
        Standing::Known | Standing::Undecided if !is_asked => ask_consent(&shell, &request, &order),
        _ => page::password(&shell, &request, None),
    }
}

/// Shows what the application asks for; the ticket on the page is good once, for this browser's session.
fn ask_consent(shell: &Shell, request: &Request, order: &Order) -> Response {
    let (tenant, ends) = (shell.tenant(), shell.now().plus(CONSENT));
    let mut tenant = tenant.lock();
    let state = tenant.state_mut();
    let ticket = state.dice.alphanumeric(48);
    let details = [("fields".to_owned(), json!(request.fields))].into_iter().collect();
    let session = order.session_id.as_deref().unwrap_or_default();
    state.keep_ticket(&ticket, "consent", session, &details, Some(ends));
    page::consent(&request.application, &ticket, order.scope.as_deref().unwrap_or_default())
}

/// Takes the answer to what an application asks for.
pub(super) async fn consent(State(shell): State<Shell>, headers: HeaderMap, body: Bytes) -> Response {
    let given = fields(&body);
    let session = cookie::session(&shell, &headers);
    let ticket = get(&given, "ticket")
        .and_then(|ticket| shell.tenant().lock().state_mut().take_ticket(ticket, "consent", shell.now()));
    let asked = ticket.filter(|ticket| session.as_deref() == Some(ticket.hidden_text("user_id")));
    let kept = asked.and_then(|asked| asked.hidden.get("details")?.get("fields").cloned());
    let Some(kept) = kept.and_then(|kept| serde_json::from_value(kept).ok()) else {
        return page::wrong("Nothing waits for this answer.");
    };
    let request = match Request::read(&shell, kept) {
        Ok(request) => request,
        Err(why) => return page::wrong(why),
    };
    if get(&given, "answer") != Some("accept") {
        let why = "User did not authorize the request";
        return request.back(&[("error", "access_denied"), ("error_description", why)]);
    }
    let order = Order { session_id: session, consents: true, ..request.order(&headers) };
    carry_out(&shell, &headers, &request, Kind::Login, order).await
}

fn fields(body: &Bytes) -> Fields {
    std::str::from_utf8(body).map(pairs).unwrap_or_default()
}

/// Takes name and password.
pub(super) async fn answer(State(shell): State<Shell>, headers: HeaderMap, body: Bytes) -> Response {
    let given = fields(&body);
    let (name, password) = (get(&given, "username"), get(&given, "password"));
    let (name, password) = (name.unwrap_or_default().to_owned(), password.unwrap_or_default().to_owned());
    let request = match Request::read(&shell, given) {
        Ok(request) => request,
        Err(why) => return page::wrong(why),
    };
    if let Some((error, why)) = request.fault() {
        return request.back(&[("error", error), ("error_description", why)]);
    }
    if request.has_prompt("none") {
        return request.back(&[("error", "login_required"), ("error_description", "Login required")]);
    }
    let session_id = cookie::session(&shell, &headers);
    let order = Order { user: name, password: Some(password), session_id, ..request.order(&headers) };
    carry_out(&shell, &headers, &request, Kind::Login, order).await
}

async fn carry_out(
    shell: &Shell,
    headers: &HeaderMap,
    request: &Request,
    kind: Kind,
    order: Order,
) -> Response {
    let outcome = simulate::run(shell, &shell.base_url(headers), kind, order).await;
    match outcome {
        Ok(outcome) => {
            cookie::set(shell, headers, outcome.session_id.as_deref(), shown(shell, request, &outcome))
        }
        Err(fault) => {
            request.back(&[("error", "invalid_request"), ("error_description", &fault.to_string())])
        }
    }
}

/// What the person sees next.
fn shown(shell: &Shell, request: &Request, outcome: &Outcome) -> Response {
    if let Some(code) = &outcome.code {
        return request.back(&[("code", code)]);
    }
    let mut fields = request.fields.clone();
    fields.push(("transaction".to_owned(), outcome.state.clone().unwrap_or_default()));
    match (outcome.kind, &outcome.refusal) {
        (_, Some(refusal)) if refusal.error == "invalid_grant" => {
            page::password(shell, request, Some(&refusal.description))
        }
        // Why: a session may end between the look at it and the sign-in.
        (_, Some(refusal)) if refusal.error == "login_required" && !request.has_prompt("none") => {
            page::password(shell, request, None)
        }
        (_, Some(refusal)) => {
            request.back(&[("error", &refusal.error), ("error_description", &refusal.description)])
        }
        ("challenge" | "enroll", None) => {
            let factors = outcome.asked.as_array().into_iter().flatten();
            let mut names: Vec<String> =
                factors.filter_map(|factor| Some(factor.get("type")?.as_str()?.to_owned())).collect();
            if names.is_empty() {
                names.push("otp".to_owned());
            }
            page::factor(&fields, &names)
        }
        ("redirect", None) => page::redirect(outcome.asked.as_str().unwrap_or_default()),
        ("form", None) => page::form(&fields),
        _ => request.back(&[("error", "server_error"), ("error_description", "The sign-in did not end")]),
    }
}

/// Takes the answer to a challenge or a form.
pub(super) async fn go_on(State(shell): State<Shell>, headers: HeaderMap, body: Bytes) -> Response {
    let given = fields(&body);
    let text_of = |name: &str| get(&given, name).map(str::to_owned);
    let fails = text_of("fails");
    let order = Order {
        state: text_of("transaction"),
        passes: fails.is_some().then_some(false),
        factor: text_of("factor").or(fails),
        ..Order::default()
    };
    let request = match Request::read(&shell, given) {
        Ok(request) => request,
        Err(why) => return page::wrong(why),
    };
    carry_out(&shell, &headers, &request, Kind::Continue, order).await
}

/// `/continue`: back from where an Action sent the browser; what comes in the body is for the Action alone.
pub(super) async fn back(
    State(shell): State<Shell>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let query = pairs(query.as_deref().unwrap_or_default());
    let state = get(&query, "state").unwrap_or_default().to_owned();
    let Some(fields) = simulate::asked_by(&shell.tenant().lock(), &state) else {
        return page::wrong("No transaction has that state.");
    };
    let request = match Request::read(&shell, fields) {
        Ok(request) => request,
        Err(why) => return page::wrong(why),
    };
    let object = |pairs: Fields| pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
    let visit = Visit { query: object(query), body: object(self::fields(&body)), ..Visit::default() };
    let order = Order { state: Some(state), visit, ..Order::default() };
    carry_out(&shell, &headers, &request, Kind::Continue, order).await
}
