//! Log streams as calls of the Management API leave them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::admin::{Call, Method};

/// The categories without which attacks on accounts and on the tenant are not seen; codes about leaked passwords, limits and
/// second factors are in `other`.
const NEEDED: &[&str] = &["auth.login.fail", "auth.login.success", "management.success", "other"];

/// How a stream is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stream {
    /// Where it leads, without secrets and forms, as a text that is compared; never shown.
    sink: Option<String>,
    /// The categories that it lets pass; empty means all.
    filters: Option<Vec<String>>,
}

/// How a stream was made worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It is gone.
    Deleted,
    /// It delivers nothing.
    Paused,
    /// It leads elsewhere; false where nobody knows whether it does.
    Redirected(bool),
    /// It lets less pass.
    Narrowed,
}

/// The longest texts and lists that are kept of one stream.
const MAX_SINK: usize = 1_024;
const MAX_FILTERS: usize = 64;

impl Stream {
    /// As the call leaves it; what it does not tell is as before.
    pub(super) fn after(call: &Call, before: Option<&Self>) -> Self {
        let before = before.cloned().unwrap_or_default();
        Self { sink: sink(call).or(before.sink), filters: filters(call).or(before.filters) }
    }
}

/// What the call made worse of a log stream, the worst; `None` where it did not.
pub(super) fn stream_change(call: &Call, before: Option<&Stream>) -> Option<Change> {
    if !call.is_change() || !matches!(call.path()[..], ["log-streams", _]) {
        return None;
    }
    if call.method == Method::Delete {
        return Some(Change::Deleted);
    }
    let status = call.field("status").and_then(Value::as_str);
    if call.names("status") && status.is_some_and(|status| !status.eq_ignore_ascii_case("active")) {
        return Some(Change::Paused);
    }
    if call.names("filters") && filters(call).is_some_and(|now| is_narrower(&now, before)) {
        return Some(Change::Narrowed);
    }
    let now = sink(call).filter(|_| call.names("sink"))?;
    match before.and_then(|before| before.sink.as_ref()) {
        Some(before) => (*before != now).then_some(Change::Redirected(true)),
        None => Some(Change::Redirected(false)),
    }
}

fn is_narrower(now: &[String], before: Option<&Stream>) -> bool {
    if now.is_empty() {
        return false;
    }
    let has = |name: &str| now.iter().any(|filter| filter == name);
    match before.and_then(|before| before.filters.as_ref()) {
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

/// Parts of a sink that may change while it leads to the same place.
const NO_PLACE: &[&str] = &["auth", "key", "token", "secret", "content", "header"];

fn sink(call: &Call) -> Option<String> {
    let sink = call.field("sink")?.as_object()?;
    let is_place = |name: &str| !NO_PLACE.iter().any(|part| name.to_ascii_lowercase().contains(part));
    let places = sink.iter().filter(|(name, value)| is_place(name) && value.is_string());
    let text: String = places.map(|(name, value)| format!("{name}={value};")).collect();
    (!text.is_empty()).then(|| text.chars().take(MAX_SINK).collect())
}
