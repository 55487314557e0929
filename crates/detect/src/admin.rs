//! Calls to the Management API as the log tells them (`sapi`): who asked for what, and how the tenant is set now.
//!
//! A change is known by method, path and status, never by the description: that differs between dashboard and API, and the path
//! comes with two prefixes. What a tenant has after a change is what the response says, and the request where that is silent.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use countersign_auth0::log::{LogEvent, text};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{Context, Severity, json};

/// The longest path that is read, in bytes, and the most parts of one.
const MAX_PATH: usize = 2_048;
const MAX_PARTS: usize = 12;

/// A call to the Management API. Its texts are hostile, and may name people.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What was to be done.
    pub method: Method,
    /// The parts of the path below `/api/v2`, unescaped.
    pub(crate) path: Vec<String>,
    /// The status of the response; 0 where it is not told.
    pub status: u16,
    /// What was asked for; `null` where there is no body, or none that can be read, and in place of what nests deeper than 48.
    pub request: Value,
    /// What was answered; `null` likewise.
    pub response: Value,
    /// Who asked.
    pub actor: Actor,
    /// What Auth0 calls it, for the few calls whose path nobody documents; else method and path count.
    pub description: Option<String>,
}

/// HTTP methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, or acts.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Deletes.
    Delete,
    /// Anything else.
    Other,
}

/// Who made a call: a person by the dashboard, or a client by its token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The client.
    pub client: Option<String>,
    /// The id of the access token.
    pub token: Option<String>,
    /// The person's id.
    pub user: Option<String>,
    /// The person's address, in lower case.
    pub email: Option<String>,
}

#[derive(Default, Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    description: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    request: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Request<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    path: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    auth: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Response<'a> {
    #[serde(borrow, default, rename = "statusCode")]
    status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Auth<'a> {
    #[serde(borrow, default)]
    user: Option<&'a RawValue>,
    #[serde(borrow, default)]
    credentials: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Person<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    user_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    email: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct Credentials<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    jti: Option<Cow<'a, str>>,
}

/// What `T` declares of an object, and anything else, an array too, as `T`'s default.
pub(crate) fn part<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    let raw = raw.filter(|raw| raw.get().starts_with('{'));
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

impl Call {
    /// Reads the call of an entry; `None` for an entry that tells of none.
    #[must_use]
    pub fn of(log: &LogEvent<'_>) -> Option<Self> {
        if log.kind != "sapi" {
            return None;
        }
        let details: Details<'_> = part(log.fields.details);
        let (request, response) =
            (part::<Request<'_>>(details.request), part::<Response<'_>>(details.response));
        let auth: Auth<'_> = part(request.auth);
        let (person, credentials) =
            (part::<Person<'_>>(auth.user), part::<Credentials<'_>>(auth.credentials));
        let actor = Actor {
            client: crate::told(log.fields.client_id.as_ref()).map(str::to_owned),
            token: crate::told(credentials.jti.as_ref()).map(str::to_owned),
            user: crate::told(person.user_id.as_ref()).map(str::to_owned),
            email: crate::told(person.email.as_ref()).map(str::to_lowercase),
        };
        let entry: Entry<'_> = serde_json::from_str(log.raw).unwrap_or_default();
        Some(Self {
            description: entry.description.map(Cow::into_owned),
            method: Method::of(request.method.as_deref()?),
            path: parts(request.path.as_deref()?)?,
            status: response.status.and_then(|raw| raw.get().trim_matches('"').parse().ok()).unwrap_or(0),
            request: body(request.body),
            response: body(response.body),
            actor,
        })
    }

    /// The parts of the path below `/api/v2`.
    #[must_use]
    pub fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// Whether it changed something: it was no reading, and it succeeded.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        !matches!(self.method, Method::Get) && self.status >= 200 && self.status < 300
    }

    /// What a field has after the call: what the response says, else what was asked for.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        let of = |body: &'_ Value| body.get(name).is_some_and(|value| !value.is_null());
        [&self.response, &self.request].into_iter().find(|body| of(body)).and_then(|body| body.get(name))
    }

    /// Whether the request speaks of the field, or can't be read.
    #[must_use]
    pub fn names(&self, field: &str) -> bool {
        self.request.as_object().is_none_or(|request| request.contains_key(field))
    }

    /// Whether it was one of our own: made by our client with a token that we hold.
    #[must_use]
    pub fn is_own(&self, context: &Context) -> bool {
        let (Some(client), Some(token)) = (&self.actor.client, &self.actor.token) else { return false };
        let is_known = |clients: &BTreeMap<String, BTreeSet<String>>| {
            clients.get(client).is_some_and(|tokens| tokens.contains(token))
        };
        is_known(&context.own_clients) || is_known(&context.installers)
    }

    /// `severity`, and at most low for a call of our own: it was decided and is recorded elsewhere.
    #[must_use]
    pub fn severity(&self, severity: Severity, context: &Context) -> Severity {
        if self.is_own(context) { severity.min(Severity::Low) } else { severity }
    }
}

impl Method {
    fn of(text: &str) -> Self {
        let known = [
            ("get", Self::Get),
            ("post", Self::Post),
            ("put", Self::Put),
            ("patch", Self::Patch),
            ("delete", Self::Delete),
        ];
        let found = known.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
        found.map_or(Self::Other, |(_, method)| *method)
    }
}

/// A truth value as it stands in bodies: also as text, and as a number.
#[must_use]
pub fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match &*text.to_ascii_lowercase() {
            "true" | "on" | "1" => Some(true),
            "false" | "off" | "0" => Some(false),
            _ => None,
        },
        Value::Number(number) => number.as_u64().filter(|number| *number < 2).map(|number| number == 1),
        _ => None,
    }
}

/// A number as it stands in bodies: also as text.
#[must_use]
pub fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The texts of an array, or the one text; other things in it are passed over.
#[must_use]
pub fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect()),
        Value::String(text) => Some(vec![text]),
        _ => None,
    }
}

/// Why of any size, and cut where it nests deep: who makes the call fills its free fields, and must not hide the others by them.
fn body(raw: Option<&RawValue>) -> Value {
    let body = raw.map(|raw| json::parse(raw.get())).unwrap_or_default();
    // Why: some sources tell a body as the text that was sent.
    match &body {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => json::parse(text),
        _ => body,
    }
}

fn parts(path: &str) -> Option<Vec<String>> {
    let path = path.split(['?', '#']).next().filter(|path| path.len() <= MAX_PATH)?;
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
    parts.next_if(|part| part.eq_ignore_ascii_case("api"));
    parts.next_if(|part| part.eq_ignore_ascii_case("v2"));
    let parts: Vec<String> = parts.take(MAX_PARTS + 1).map(unescaped).collect();
    (parts.len() <= MAX_PARTS).then_some(parts)
}

fn unescaped(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, after @ ..] = rest {
        let pair = after.first_chunk::<2>().filter(|_| *first == b'%');
        let byte = pair.and_then(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
