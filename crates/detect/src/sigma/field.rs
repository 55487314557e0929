//! Fields of a log entry by their path: `type`, `data.details.request.path`, `details.response.body.shields{}`.

use std::borrow::Cow;

use serde_json::Value;

use crate::Event;

/// A path into an entry. A list on the way, or at its end, stands for each of its elements.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    /// As it was written.
    pub(super) name: String,
    segments: Vec<String>,
    typed: Option<Typed>,
}

type Reader = for<'e> fn(&'e Event<'_>) -> Option<&'e str>;

/// A field that is read of every entry, so that no JSON has to be parsed for it.
#[derive(Debug, Clone, Copy)]
struct Typed(Reader);

impl PartialEq for Typed {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

macro_rules! typed {
    ($($path:literal: $event:ident => $read:expr,)*) => {
        const TYPED: &[(&str, Reader)] = &[$(($path, |$event| $read)),*];
    };
}

typed! {
    "type": event => Some(event.kind()),
    "log_id": event => Some(&event.log.log_id),
    "tenant_name": event => event.log.fields.tenant_name.as_deref(),
    "user_id": event => event.log.fields.user_id.as_deref(),
    "user_name": event => event.log.fields.user_name.as_deref(),
    "ip": event => event.log.fields.ip.as_deref(),
    "client_ip": event => event.log.fields.client_ip.as_deref(),
    "user_agent": event => event.log.fields.user_agent.as_deref(),
    "client_id": event => event.log.fields.client_id.as_deref(),
    "client_name": event => event.log.fields.client_name.as_deref(),
    "connection": event => event.log.fields.connection.as_deref(),
    "organization_id": event => event.log.fields.organization_id.as_deref(),
    "hostname": event => event.log.fields.hostname.as_deref(),
    "session_id": event => event.log.fields.session_id.as_deref(),
    "transaction_linking_id": event => event.log.fields.transaction_linking_id.as_deref(),
    "security_context.ja3": event => event.log.fields.security_context.ja3.as_deref(),
    "security_context.ja4": event => event.log.fields.security_context.ja4.as_deref(),
}

/// The most parts of a path.
const MAX_SEGMENTS: usize = 16;

impl Field {
    /// Reads a path, with or without the leading `data.` of a log stream's envelope; `None` for what is none.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let path = name.strip_prefix("data.").unwrap_or(name);
        let segments: Vec<String> =
            path.split('.').map(|part| part.strip_suffix("{}").unwrap_or(part).to_owned()).collect();
        let is_path = segments.len() <= MAX_SEGMENTS
            && segments.iter().all(|part| !part.is_empty() && !part.contains(['{', '}']));
        let typed = TYPED.iter().find(|(path, _)| *path == segments.join(".")).map(|(_, read)| Typed(*read));
        is_path.then(|| Self { name: name.to_owned(), segments, typed })
    }

    /// The path without `data.` and braces.
    pub(super) fn path(&self) -> String {
        self.segments.join(".")
    }

    /// Whether reading it costs nothing.
    pub(super) const fn is_typed(&self) -> bool {
        self.typed.is_some()
    }

    /// Whether `accept` takes any of the field's values.
    pub(super) fn any(&self, event: &Event<'_>, accept: &mut dyn FnMut(Leaf<'_>) -> bool) -> bool {
        match self.typed {
            Some(Typed(read)) => read(event).is_some_and(|text| accept(Leaf::Text(Cow::Borrowed(text)))),
            None => any_at(event.json(), &self.segments, &mut |value| match value {
                Value::Array(items) if items.is_empty() => false,
                value => Leaf::of(value).is_some_and(&mut *accept),
            }),
        }
    }

    /// Whether the path leads to something, be it `null` or an empty list.
    pub(super) fn exists(&self, event: &Event<'_>) -> bool {
        match self.typed {
            Some(Typed(read)) => read(event).is_some(),
            None => any_at(event.json(), &self.segments, &mut |_| true),
        }
    }

    /// The first text, number or truth value that the path leads to, as text.
    pub(super) fn first<'e>(&self, event: &'e Event<'_>) -> Option<Cow<'e, str>> {
        match self.typed {
            Some(Typed(read)) => read(event).map(Cow::Borrowed),
            None => first_at(event.json(), &self.segments),
        }
    }
}

/// A value that rules compare.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leaf<'v> {
    Text(Cow<'v, str>),
    Number(f64, String),
    Truth(bool),
    /// An object: there, and like no text.
    Object,
}

impl<'v> Leaf<'v> {
    /// The value; `None` for `null`, and for a list.
    pub(super) fn of(value: &'v Value) -> Option<Self> {
        match value {
            Value::Null | Value::Array(_) => None,
            Value::Bool(truth) => Some(Self::Truth(*truth)),
            Value::Number(number) => Some(Self::Number(number.as_f64()?, number.to_string())),
            Value::String(text) => Some(Self::Text(Cow::Borrowed(text))),
            Value::Object(_) => Some(Self::Object),
        }
    }

    /// Its text: `true`, `42`.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_, text) => Some(text),
            Self::Truth(true) => Some("true"),
            Self::Truth(false) => Some("false"),
            Self::Object => None,
        }
    }

    /// Its number, be it written as one or as a text.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number, _) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }
}

/// Whether `accept` takes anything that the path leads to; a list at its end is taken by its elements, an empty one as itself.
fn any_at(value: &Value, path: &[String], accept: &mut dyn FnMut(&Value) -> bool) -> bool {
    match (value, path) {
        (Value::Array(items), _) if !(items.is_empty() && path.is_empty()) => {
            items.iter().any(|item| any_at(item, path, accept))
        }
        (Value::Object(object), [next, rest @ ..]) => {
            object.get(next).is_some_and(|value| any_at(value, rest, accept))
        }
        (value, []) => accept(value),
        _ => false,
    }
}

fn first_at<'v>(value: &'v Value, path: &[String]) -> Option<Cow<'v, str>> {
    match (value, path) {
        (Value::Array(items), _) => items.iter().find_map(|item| first_at(item, path)),
        (Value::Object(object), [next, rest @ ..]) => {
            object.get(next).and_then(|value| first_at(value, rest))
        }
        (Value::String(text), []) => Some(Cow::Borrowed(text)),
        (Value::Bool(_) | Value::Number(_), []) => Some(Cow::Owned(value.to_string())),
        _ => None,
    }
}

/// Whether `accept` takes any value that stands anywhere in an entry.
pub(super) fn any_anywhere(value: &Value, accept: &mut dyn FnMut(Leaf<'_>) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| any_anywhere(item, accept)),
        Value::Object(object) => object.values().any(|value| any_anywhere(value, accept)),
        value => Leaf::of(value).is_some_and(accept),
    }
}
