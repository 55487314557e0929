//! A request of `/authorize`: what it may ask for, and the way back to its application.

use axum::{
    http::{HeaderMap, header},
    response::Response,
};
use serde_json::{Map, Value};

use super::page;
use crate::{
    flow::Visit,
    simulate::Order,
    tenant::http::{Shell, text},
};

/// The parameters that go from page to page.
const CARRIED: [&str; 14] = [
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
    "max_age",
];

pub(super) type Fields = Vec<(String, String)>;

/// A parameter; `None` when it is absent or empty.
pub(super) fn get<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    found.filter(|value| !value.is_empty())
}

/// A request that may be answered to its `redirect_uri`.
pub(super) struct Request {
    pub(super) fields: Fields,
    redirect_uri: String,
    pub(super) application: String,
    is_foreign: bool,
}

impl Request {
    /// Checks client and address, which must be right before a browser is sent anywhere.
    pub(super) fn read(shell: &Shell, mut fields: Fields) -> Result<Self, &'static str> {
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
        let is_foreign = client.shown.get("is_first_party") == Some(&Value::Bool(false));
        Ok(Self { redirect_uri: asked, application: client.text("name").to_owned(), is_foreign, fields })
    }

    /// The scopes that an application of somebody else asks for.
    pub(super) fn asks(&self) -> Option<&str> {
        self.is_foreign.then(|| get(&self.fields, "scope").unwrap_or_default())
    }

    /// What is wrong with it besides.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if get(&self.fields, "response_type") != Some("code") {
            return Some(("unsupported_response_type", "Only response_type=code is supported"));
        }
        let method = get(&self.fields, "code_challenge_method");
        match (get(&self.fields, "code_challenge"), method) {
            (Some(_), Some("S256")) => {}
            (Some(_), _) => return Some(("invalid_request", "Only code_challenge_method=S256 is supported")),
            (None, _) => return Some(("invalid_request", "Parameter 'code_challenge' is required")),
        }
        if self.has_prompt("none") && get(&self.fields, "prompt") != Some("none") {
            return Some(("invalid_request", "prompt=none stands alone"));
        }
        let is_number = get(&self.fields, "max_age").is_none_or(|most| most.parse::<u32>().is_ok());
        (!is_number).then_some(("invalid_request", "max_age must be a number of seconds"))
    }

    /// Whether a word of `prompt` was sent.
    pub(super) fn has_prompt(&self, word: &str) -> bool {
        get(&self.fields, "prompt").is_some_and(|prompts| prompts.split(' ').any(|prompt| prompt == word))
    }

    /// Sends the browser back to the application.
    pub(super) fn back(&self, parameters: &[(&str, &str)]) -> Response {
        let state = get(&self.fields, "state").map(|state| ("state", state));
        page::redirect(&with(&self.redirect_uri, parameters.iter().copied().chain(state)))
    }

    /// What somebody does who comes with it; the session is the browser's.
    pub(super) fn order(&self, headers: &HeaderMap) -> Order {
        let text_of = |name: &str| get(&self.fields, name).map(str::to_owned);
        let query: Map<String, Value> =
            self.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        Order {
            client_id: text_of("client_id").unwrap_or_default(),
            connection: text_of("connection"),
            organization: text_of("organization"),
            audience: text_of("audience"),
            scope: text_of("scope"),
            redirect_uri: Some(self.redirect_uri.clone()),
            nonce: text_of("nonce"),
            acr_values: text_of("acr_values"),
            prompt: text_of("prompt"),
            max_age: get(&self.fields, "max_age").and_then(|most| most.parse().ok()),
            code: true,
            code_challenge: text_of("code_challenge"),
            visit: Visit { query, ..visit(headers) },
            ..Order::default()
        }
    }
}

/// An address with more parameters.
pub(super) fn with<'a>(url: &str, parameters: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut url = url.to_owned();
    for (name, value) in parameters {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(name);
        url.push('=');
        url.extend(form_encoded(value));
    }
    url
}

/// The browser that comes.
pub(super) fn visit(headers: &HeaderMap) -> Visit {
    let agent = text(headers, header::USER_AGENT.as_str()).to_owned();
    let language = text(headers, header::ACCEPT_LANGUAGE.as_str()).split([',', ';', '-']).next();
    let language = language.filter(|language| !language.is_empty()).map(str::to_owned);
    Visit { user_agent: Some(agent), language, ..Visit::default() }
}

fn form_encoded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.bytes().flat_map(|byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let text = if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.chars().collect::<Vec<_>>()
    })
}
