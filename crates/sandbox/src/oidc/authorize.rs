//! `GET /authorize`: the code flow with PKCE, by pages.

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::Response,
};
use serde_json::{Map, Value};

use super::page;
use crate::{
    flow::Visit,
    simulate::{self, Kind, Order, Outcome},
    tenant::{
        call::pairs,
        http::{Shell, text},
    },
};

/// The parameters that go from page to page.
const CARRIED: [&str; 13] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "audience",
    "organization",
    "connection",
    "code_challenge",
    "code_challenge_method",
    "acr_values",
    "prompt",
];

type Fields = Vec<(String, String)>;

fn get<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    found.filter(|value| !value.is_empty())
}

/// A request that may be answered to its `redirect_uri`.
struct Request {
    fields: Fields,
    redirect_uri: String,
    application: String,
}

impl Request {
    /// Checks client and address, which must be right before a browser is sent anywhere.
    fn read(shell: &Shell, mut fields: Fields) -> Result<Self, &'static str> {
        fields.retain(|(name, _)| CARRIED.contains(&name.as_str()));
        let tenant = shell.tenant();
        let tenant = tenant.lock();
        let client = get(&fields, "client_id").and_then(|id| tenant.state().objects.find("clients", id));
        let client = client.ok_or("Unknown client.")?;
        let known = client.shown.get("callbacks").and_then(Value::as_array);
        let asked = get(&fields, "redirect_uri").unwrap_or_default().to_owned();
        // Why exactly: a pattern that matches more than it should gives codes away.
        let is_known = known.is_some_and(|known| known.iter().any(|one| *one == asked.as_str()));
        if !is_known {
            return Err(
                "Callback URL mismatch. The redirect_uri is not in the list of allowed callback URLs.",
            );
        }
        Ok(Self { redirect_uri: asked, application: client.text("name").to_owned(), fields })
    }

    /// What is wrong with it besides.
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        if get(&self.fields, "response_type") != Some("code") {
            return Some(("unsupported_response_type", "Only response_type=code is supported"));
        }
        let method = get(&self.fields, "code_challenge_method");
        match (get(&self.fields, "code_challenge"), method) {
            (Some(_), Some("S256")) => {}
            (Some(_), _) => return Some(("invalid_request", "Only code_challenge_method=S256 is supported")),
            (None, _) => return Some(("invalid_request", "Parameter 'code_challenge' is required")),
        }
        let prompts = get(&self.fields, "prompt").unwrap_or_default();
        prompts.split(' ').any(|prompt| prompt == "none").then_some(("login_required", "Login required"))
    }

    fn back(&self, parameters: &[(&str, &str)]) -> Response {
        let mut url = self.redirect_uri.clone();
        let state = get(&self.fields, "state").map(|state| ("state", state));
        for (name, value) in parameters.iter().copied().chain(state) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            url.extend(form_encoded(value));
        }
        page::redirect(&url)
    }

    fn order(&self, headers: &HeaderMap) -> Order {
        let text_of = |name: &str| get(&self.fields, name).map(str::to_owned);
        let query: Map<String, Value> =
            self.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let agent = text(headers, header::USER_AGENT.as_str()).to_owned();
        let language = text(headers, header::ACCEPT_LANGUAGE.as_str()).split([',', ';', '-']).next();
        let language = language.filter(|language| !language.is_empty()).map(str::to_owned);
        Order {
            client_id: text_of("client_id").unwrap_or_default(),
            connection: text_of("connection"),
            organization: text_of("organization"),
            audience: text_of("audience"),
            scope: text_of("scope"),
            redirect_uri: Some(self.redirect_uri.clone()),
            nonce: text_of("nonce"),
            acr_values: text_of("acr_values"),
            code: true,
            code_challenge: text_of("code_challenge"),
            visit: Visit { user_agent: Some(agent), language, query, ..Visit::default() },
            ..Order::default()
        }
    }
}

fn form_encoded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.bytes().flat_map(|byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let text = if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.chars().collect::<Vec<_>>()
    })
}

/// Shows the page that asks for a password.
pub(super) async fn ask(State(shell): State<Shell>, RawQuery(query): RawQuery) -> Response {
    let request = match Request::read(&shell, pairs(query.as_deref().unwrap_or_default())) {
        Ok(request) => request,
        Err(why) => return page::wrong(why),
    };
    match request.fault() {
        Some((error, why)) => request.back(&[("error", error), ("error_description", why)]),
        None => page::password(&request.application, &request.fields, None),
    }
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
    let order = Order { user: name, password: Some(password), ..request.order(&headers) };
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
        Ok(outcome) => shown(request, &outcome),
        Err(fault) => {
            request.back(&[("error", "invalid_request"), ("error_description", &fault.to_string())])
        }
    }
}

/// What the person sees next.
fn shown(request: &Request, outcome: &Outcome) -> Response {
    if let Some(code) = &outcome.code {
        return request.back(&[("code", code)]);
    }
    let mut fields = request.fields.clone();
    fields.push(("transaction".to_owned(), outcome.state.clone().unwrap_or_default()));
    match (outcome.kind, &outcome.refusal) {
        (_, Some(refusal)) if refusal.error == "invalid_grant" => {
            page::password(&request.application, &request.fields, Some(&refusal.description))
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

/// `GET /continue`: back from where an Action sent the browser.
pub(super) async fn back(
    State(shell): State<Shell>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
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
    let query = query.into_iter().map(|(name, value)| (name, value.into())).collect();
    let order = Order { state: Some(state), visit: Visit { query, ..Visit::default() }, ..Order::default() };
    carry_out(&shell, &headers, &request, Kind::Continue, order).await
}

/// `GET /oidc/logout`: says so; there is no session of the browser to end.
pub(super) async fn logout(State(shell): State<Shell>, RawQuery(query): RawQuery) -> Response {
    let query = pairs(query.as_deref().unwrap_or_default());
    let wanted = get(&query, "post_logout_redirect_uri");
    let tenant = shell.tenant();
    let tenant = tenant.lock();
    let client = get(&query, "client_id").and_then(|id| tenant.state().objects.find("clients", id));
    let known = client.and_then(|client| client.shown.get("allowed_logout_urls")).and_then(Value::as_array);
    let is_known = known.is_some_and(|known| known.iter().any(|one| one.as_str() == wanted));
    match wanted {
        Some(url) if is_known => page::redirect(url),
        _ => page::signed_out(),
    }
}
