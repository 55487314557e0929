//! Log streams as calls of the Management API leave them.

use std::collections::{BTreeMap, BTreeSet};

use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Event,
    admin::{Call, Method, texts},
    state::{History, Table},
};

/// The categories without which attacks on accounts and on the tenant are not seen; codes about leaked passwords, limits and
/// second factors are in `other`.
const NEEDED: &[&str] = &["auth.login.fail", "auth.login.success", "management.success", "other"];

/// The fields without which nobody can say which account was tried.
const NAMING: &[&str] = &["username", "email", "phone"];

/// The most streams that are followed.
const STREAMS: usize = 256;

/// The longest texts and lists that are kept of one stream.
const MAX_PLACE: usize = 1_024;
const MAX_FILTERS: usize = 64;
const MAX_KEYS: usize = 16;

/// All streams of a tenant as they are set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Streams(Table<History<Stream>>);

/// How a stream is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stream {
    /// Where it leads, without secrets and forms, as a text that is compared; never shown.
    place: Option<String>,
    /// Tags of the secrets that were sent, by field.
    keys: BTreeMap<String, Tag>,
    /// The categories that it lets pass; empty means all.
    filters: Option<Vec<String>>,
    /// The naming fields that it masks.
    masked: Option<BTreeSet<String>>,
}

/// How a stream was made worse; where it says so, false means that nobody knows what was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It is gone.
    Deleted,
    /// It delivers nothing.
    Paused,
    /// It leads elsewhere.
    Redirected(bool),
    /// It lets less pass.
    Narrowed(bool),
    /// It has asterisks in place of who was tried.
    Masked(bool),
    /// It has another secret for the same place: the receiver refuses what comes, or what comes belongs to another account.
    Rekeyed(bool),
}

impl Streams {
    pub(super) fn new() -> Self {
        Self(Table::new(STREAMS))
    }

    /// Takes a call that changed a stream; what it made worse, the worst, or `None` where it did not.
    pub(super) fn change(&mut self, event: &Event<'_>, call: &Call) -> Option<Change> {
        if !call.is_change() || call.path.first().is_none_or(|part| part != "log-streams") {
            return None;
        }
        let id = call.path.get(1).map(String::as_str).or_else(|| call.field("id")?.as_str())?;
        let history = self.0.entry(event.tag("stream", id.as_bytes()));
        let before = history.before(event.at()).cloned().unwrap_or_default();
        let now = Stream::told(event, call);
        let change = change(call, &before, &now);
        history.set(event.at(), event.seq, now.or(before));
        change
    }

    pub(super) fn evicted(&self) -> u64 {
        self.0.evicted()
    }
}

impl Stream {
    /// What the call tells of it.
    fn told(event: &Event<'_>, call: &Call) -> Self {
        Self { place: place(call), keys: keys(event, call), filters: filters(call), masked: masked(call) }
    }

    /// What is not told is as before.
    fn or(self, before: Self) -> Self {
        let mut keys = before.keys;
        keys.extend(self.keys);
        while keys.len() > MAX_KEYS {
            keys.pop_last();
        }
        Self {
            place: self.place.or(before.place),
            keys,
            filters: self.filters.or(before.filters),
            masked: self.masked.or(before.masked),
        }
    }
}

fn change(call: &Call, before: &Stream, now: &Stream) -> Option<Change> {
    if !matches!(call.path()[..], ["log-streams", _]) {
        return None;
    }
    if call.method == Method::Delete {
        return Some(Change::Deleted);
    }
    let status = call.field("status").and_then(Value::as_str);
    if call.names("status") && status.is_some_and(|status| !status.eq_ignore_ascii_case("active")) {
        return Some(Change::Paused);
    }
    let narrowed = || is_narrower(now.filters.as_ref()?, before).then_some(before.filters.is_some());
    if let Some(is_known) = narrowed().filter(|_| call.names("filters")) {
        return Some(Change::Narrowed(is_known));
    }
    let redirected = redirected(before, now).filter(|_| call.names("sink"));
    if redirected == Some(Change::Redirected(true)) {
        return redirected;
    }
    let had = before.masked.clone().unwrap_or_default();
    let is_masked = now.masked.as_ref().is_some_and(|masked| !masked.is_subset(&had));
    let masked = (is_masked && call.names("pii_config")).then_some(Change::Masked(before.masked.is_some()));
    masked.or(redirected)
}

fn redirected(before: &Stream, now: &Stream) -> Option<Change> {
    let is_moved = before.place.as_ref().zip(now.place.as_ref()).map(|(before, now)| before != now);
    let other_key = |(name, key): (&String, &Tag)| before.keys.get(name).map(|before| before != key);
    let compared: Vec<bool> = now.keys.iter().filter_map(other_key).collect();
    match is_moved {
        Some(true) => Some(Change::Redirected(true)),
        _ if compared.contains(&true) => Some(Change::Rekeyed(true)),
        None if now.place.is_some() || (!now.keys.is_empty() && compared.is_empty()) => {
            Some(Change::Redirected(false))
        }
        Some(false) if !now.keys.is_empty() && compared.is_empty() => Some(Change::Rekeyed(false)),
        _ => None,
    }
}

fn is_narrower(now: &[String], before: &Stream) -> bool {
    if now.is_empty() {
        return false;
    }
    let has = |name: &str| now.iter().any(|filter| filter == name);
    match &before.filters {
        Some(before) if !before.is_empty() => before.iter().any(|filter| !has(filter)),
        Some(_) => true,
        None => NEEDED.iter().any(|needed| !has(needed)),
    }
}

fn filters(call: &Call) -> Option<Vec<String>> {
    let filters = call.field("filters")?.as_array()?;
    let names = filters.iter().filter_map(|filter| filter.get("name")?.as_str());
    Some(names.take(MAX_FILTERS).map(|name| name.chars().take(64).collect()).collect())
}

/// The naming fields that have asterisks after the call. Hashed ones are still told apart.
fn masked(call: &Call) -> Option<BTreeSet<String>> {
    let Some(config) = call.field("pii_config") else {
        return call.request.get("pii_config").map(|_| BTreeSet::new());
    };
    if config.get("method").and_then(Value::as_str).is_some_and(|method| method.eq_ignore_ascii_case("hash"))
    {
        return Some(BTreeSet::new());
    }
    let fields = texts(config.get("log_fields")?)?;
    Some(fields.into_iter().filter(|field| NAMING.contains(field)).map(str::to_owned).collect())
}

/// Parts of the names of secrets: they may change while a stream leads to the same place.
const SECRET: &[&str] = &["auth", "key", "token", "secret", "password", "header"];

/// Parts of the names of forms, which say nothing of where a stream leads.
const FORM: &str = "content";

fn is_named(name: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| name.to_ascii_lowercase().contains(part))
}

fn place(call: &Call) -> Option<String> {
    let sink = call.field("sink")?.as_object()?;
    let is_place = |name: &str| !is_named(name, SECRET) && !is_named(name, &[FORM]);
    let places = sink.iter().filter(|(name, value)| is_place(name) && value.is_string());
    let text: String = places.map(|(name, value)| format!("{name}={value};")).collect();
    (!text.is_empty()).then(|| text.chars().take(MAX_PLACE).collect())
}

/// Why of the request only: an answer may mask them, and is no other secret for that.
fn keys(event: &Event<'_>, call: &Call) -> BTreeMap<String, Tag> {
    let sink = call.request.get("sink").and_then(Value::as_object);
    let keys = sink.into_iter().flatten().filter(|(name, value)| is_named(name, SECRET) && is_told(value));
    let tag = |(name, value): (&String, &Value)| {
        let text = format!("{name}={value}");
        (name.chars().take(64).collect(), event.tag("stream key", text.as_bytes()))
    };
    keys.take(MAX_KEYS).map(tag).collect()
}

fn is_told(value: &Value) -> bool {
    match value {
        Value::String(text) => crate::told(Some(&text.into())).is_some(),
        Value::Null => false,
        _ => true,
    }
}
