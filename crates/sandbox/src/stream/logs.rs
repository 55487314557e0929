//! Log streams: what is due, and how far each has got.
//!
//! A stream stands where it last got to (`AFTER`), so that what comes while it is paused waits for it. Three attempts a
//! delivery, then a pause, and again until it succeeds; after seven days without success the stream is paused.

use countersign_core::{Micros, Timestamp};
use serde_json::Value;

use super::{Delivery, Mishaps, Outcome, category::passes, format, personal};
use crate::tenant::{Item, LOG_STREAMS, Object, State, log_id};

/// The last record that was delivered, on the hidden side of a stream.
pub(crate) const AFTER: &str = "after";

/// The time, in microseconds, before which nothing is sent.
const NOT_BEFORE: &str = "not_before";
/// Attempts of the delivery that failed.
const ATTEMPTS: &str = "attempts";
/// Since when nothing has succeeded, in microseconds.
const FAILING_SINCE: &str = "failing_since";

/// The most records of a delivery (not documented; judgement).
const BATCH: usize = 200;

/// Attempts of a delivery (Auth0: "Log streams: health").
const MOST_ATTEMPTS: i64 = 3;

/// Between attempts, and between deliveries that failed (not documented; judgement).
const BETWEEN_ATTEMPTS: Micros = 1_000_000;
const BETWEEN_CYCLES: Micros = 30_000_000;

/// How long a delivery may be under way before it is planned again.
const UNDER_WAY: Micros = 30_000_000;

/// After so long without success a stream is paused (Auth0: "Log streams: health"): seven days.
const GIVE_UP: Micros = 7 * 86_400 * 1_000_000;

/// Where a stream begins: at the first record from `start` on, or behind the last there is.
pub(crate) fn cursor(state: &State, start: Option<Timestamp>) -> String {
    let last =
        state.records.all().next_back().and_then(|record| record.get("log_id")).and_then(Value::as_str);
    start.map_or_else(|| last.unwrap_or_default().to_owned(), |start| log_id(0, start))
}

/// A stream begins anew after a pause, where it stood.
pub(crate) fn resume(stream: &mut Item) {
    for name in [NOT_BEFORE, ATTEMPTS, FAILING_SINCE] {
        stream.hidden.remove(name);
    }
}

fn number(stream: &Item, name: &str) -> i64 {
    stream.hidden.get(name).and_then(Value::as_i64).unwrap_or(0)
}

/// What is to be sent now. Each delivery counts as under way until `settle`, or for half a minute.
pub(super) fn due(state: &mut State, mishaps: Mishaps, now: Timestamp) -> Vec<Delivery> {
    let streams = state.objects.all(LOG_STREAMS);
    let ready = streams.filter(|stream| {
        stream.text("status") == "active"
            && stream.text("type") == "http"
            && number(stream, NOT_BEFORE) <= now.micros()
    });
    let ids: Vec<String> = ready.map(|stream| stream.id.clone()).collect();
    ids.iter().filter_map(|id| of_stream(state, id, mishaps, now)).collect()
}

fn of_stream(state: &mut State, id: &str, mishaps: Mishaps, now: Timestamp) -> Option<Delivery> {
    let stream = state.objects.find(LOG_STREAMS, id)?.clone();
    let filters = filters(&stream);
    let wanted = |record: &&Object| {
        let kind = record.get("type").and_then(Value::as_str).unwrap_or_default();
        filters.is_empty() || filters.iter().any(|filter| passes(kind, filter))
    };
    let mut after = stream.hidden_text(AFTER).to_owned();
    let mut records: Vec<Object> = Vec::new();
    for record in state.records.after(Some(&after), usize::MAX) {
        if wanted(&record) {
            records.push(record.clone());
        }
        if records.len() >= BATCH {
            break;
        }
    }
    let passed = match records.last() {
        Some(last) => last.get("log_id"),
        None => state.records.all().next_back().and_then(|last| last.get("log_id")),
    };
    if let Some(passed) = passed.and_then(Value::as_str).filter(|passed| *passed > after.as_str()) {
        passed.clone_into(&mut after);
    }
    let entries: Vec<Value> = records.iter().map(|record| hidden(&stream, format::entry(record))).collect();
    let entries = mishaps.befall(entries, &mut state.dice);
    let is_lost = number(&stream, ATTEMPTS) == 0 && state.dice.happens(mishaps.fail);
    let stored = state.objects.find_mut(LOG_STREAMS, id)?;
    if entries.is_empty() {
        stored.hidden.insert(AFTER.to_owned(), after.into());
        return None;
    }
    stored.hidden.insert(NOT_BEFORE.to_owned(), now.plus(UNDER_WAY).micros().into());
    Some(Delivery { is_lost, ..delivery(&stream, &entries, after) })
}

fn filters(stream: &Item) -> Vec<&str> {
    let list = stream.shown.get("filters").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|filter| filter.get("name")?.as_str()).collect()
}

fn hidden(stream: &Item, mut entry: Value) -> Value {
    let Some(config) = stream.shown.get("pii_config") else { return entry };
    let names = config.get("log_fields").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = names.filter_map(Value::as_str).collect();
    let is_hashed = config.get("method").and_then(Value::as_str) == Some("hash");
    personal::hide(&mut entry, &names, is_hashed);
    entry
}

fn delivery(stream: &Item, entries: &[Value], upto: String) -> Delivery {
    let sink = stream.shown.get("sink").and_then(Value::as_object);
    let text = |name: &str| sink.and_then(|sink| sink.get(name)).and_then(Value::as_str);
    let kind = text("httpContentType").unwrap_or("application/json");
    let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
    if let Some(authorization) = text("httpAuthorization") {
        headers.push(("authorization".to_owned(), authorization.to_owned()));
    }
    let custom = sink.and_then(|sink| sink.get("httpCustomHeaders")).and_then(Value::as_array);
    for header in custom.into_iter().flatten() {
        let part = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        headers.push((part("header"), part("value")));
    }
    Delivery {
        stream_id: stream.id.clone(),
        url: text("httpEndpoint").unwrap_or_default().to_owned(),
        headers,
        bodies: format::bodies(text("httpContentFormat").unwrap_or("JSONLINES"), entries),
        upto,
        is_lost: false,
    }
}

/// Writes down what became of a delivery.
pub(super) fn settle(state: &mut State, delivery: &Delivery, outcome: Outcome, now: Timestamp) {
    let Some(stream) = state.objects.find_mut(LOG_STREAMS, &delivery.stream_id) else { return };
    if outcome == Outcome::Taken {
        resume(stream);
        stream.hidden.insert(AFTER.to_owned(), delivery.upto.as_str().into());
        return;
    }
    let since = stream.hidden.get(FAILING_SINCE).and_then(Value::as_i64).unwrap_or_else(|| now.micros());
    let attempts = number(stream, ATTEMPTS).saturating_add(1);
    let is_over = attempts >= MOST_ATTEMPTS;
    let wait = if is_over { BETWEEN_CYCLES } else { BETWEEN_ATTEMPTS };
    stream.hidden.insert(FAILING_SINCE.to_owned(), since.into());
    stream.hidden.insert(ATTEMPTS.to_owned(), (if is_over { 0 } else { attempts }).into());
    stream.hidden.insert(NOT_BEFORE.to_owned(), now.plus(wait).micros().into());
    if now.micros().saturating_sub(since) >= GIVE_UP {
        stream.shown.insert("status".to_owned(), "paused".into());
    }
}
