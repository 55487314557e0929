//! Messages of event streams: which are due, and what became of each.
//!
//! Four attempts with 1, 2 and 4 seconds between; a 4xx ends it at once. What was taken is forgotten, what failed is kept
//! until it is delivered again. A stream that fails too often is disabled.

use countersign_core::{Micros, Timestamp};
use serde_json::{Map, Value, json};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Delivery, Mishaps, Outcome};
use crate::tenant::{BoundAction, EVENT_STREAMS, Item, Object, State, iso};

/// The collection of deliveries that weren't taken: ids are the stream's and the event's.
pub(crate) const DELIVERIES: &str = "event_deliveries";

/// On the hidden side of a stream: its credential, and how many deliveries have failed in a row.
pub(crate) const AUTHORIZATION: &str = "webhook_authorization";
pub(crate) const IN_A_ROW: &str = "failed_in_a_row";

const STREAM: &str = "stream";
const NOT_BEFORE: &str = "not_before";
const ATTEMPTS: &str = "attempts";

/// Waits between the four attempts (Auth0: "Event delivery").
const WAITS: [Micros; 3] = [1_000_000, 2_000_000, 4_000_000];

/// How long a delivery may be under way before it is planned again.
const UNDER_WAY: Micros = 30_000_000;

/// Failures after which a stream is disabled: in a row, and those kept (Auth0: "Event delivery").
const MOST_IN_A_ROW: i64 = 500;
const MOST_FAILED: usize = 5_000;

/// An event for a stream whose destination is an Action, to be run by whoever runs Actions.
pub struct EventRun {
    /// What `finish` is told.
    pub key: String,
    /// The Action as it is deployed.
    pub action: BoundAction,
    /// `event.message`.
    pub message: Value,
}

fn number(item: &Item, name: &str) -> i64 {
    item.hidden.get(name).and_then(Value::as_i64).unwrap_or(0)
}

/// Puts an event into the queue of a stream; gives the delivery as the API shows it.
pub(crate) fn enqueue(state: &mut State, stream: &str, mut event: Object) -> Object {
    let text =
        |event: &Object, name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    event.insert("a0stream".to_owned(), stream.into());
    let (id, kind) = (text(&event, "id"), text(&event, "type"));
    let shown = json!({
        "id": id,
        "event_stream_id": stream,
        "event_type": kind,
        "status": "pending",
        "attempts": [],
        "event": event,
    });
    let shown = shown.as_object().cloned().unwrap_or_default();
    let hidden: Map<String, Value> = [(STREAM.to_owned(), stream.into())].into_iter().collect();
    let item = Item { id: format!("{stream}/{id}"), shown: shown.clone(), hidden };
    state.objects.insert(DELIVERIES, item);
    shown
}

/// The deliveries of a stream that failed for good, oldest first.
pub(crate) fn failed<'a>(state: &'a State, stream: &'a str) -> impl Iterator<Item = &'a Item> {
    let all = state.objects.all(DELIVERIES).filter(move |item| item.hidden_text(STREAM) == stream);
    all.filter(|item| item.text("status") == "failed")
}

/// Puts a failed delivery into the queue again.
pub(crate) fn again(state: &mut State, key: &str) {
    let Some(item) = state.objects.find_mut(DELIVERIES, key) else { return };
    item.shown.insert("status".to_owned(), "pending".into());
    item.hidden.remove(NOT_BEFORE);
    item.hidden.remove(ATTEMPTS);
}

/// Forgets the deliveries of a stream.
pub(crate) fn forget(state: &mut State, stream: &str) {
    let all = state.objects.all(DELIVERIES).filter(|item| item.hidden_text(STREAM) == stream);
    let keys: Vec<String> = all.map(|item| item.id.clone()).collect();
    for key in keys {
        state.objects.remove(DELIVERIES, &key);
    }
}

/// The keys of what is to be delivered now to destinations of a type.
fn ready(state: &State, kind: &str, now: Timestamp) -> Vec<String> {
    let pending = state
        .objects
        .all(DELIVERIES)
        .filter(|item| item.text("status") == "pending" && number(item, NOT_BEFORE) <= now.micros());
    let of_kind = pending.filter(|item| {
        let stream = state.objects.find(EVENT_STREAMS, item.hidden_text(STREAM));
        let destination = stream.and_then(|stream| stream.shown.get("destination")?.get("type")?.as_str());
        destination == Some(kind)
    });
    of_kind.map(|item| item.id.clone()).collect()
}

fn begin(state: &mut State, key: &str, now: Timestamp) -> Option<Item> {
    let item = state.objects.find_mut(DELIVERIES, key)?;
    item.hidden.insert(NOT_BEFORE.to_owned(), now.plus(UNDER_WAY).micros().into());
    Some(item.clone())
}

/// What is to be posted now. Each delivery counts as under way until `settle`, or for half a minute.
pub(super) fn due(state: &mut State, mishaps: Mishaps, now: Timestamp) -> Vec<Delivery> {
    // Why: what goes to a cloud leaves us here.
    for key in ready(state, "eventbridge", now) {
        state.objects.remove(DELIVERIES, &key);
    }
    let keys = ready(state, "webhook", now);
    for key in &keys {
        begin(state, key, now);
    }
    let come = mishaps.befall(keys.clone(), &mut state.dice);
    for lost in keys.iter().filter(|key| !come.contains(key)) {
        state.objects.remove(DELIVERIES, lost);
    }
    let deliveries = come.iter().filter_map(|key| {
        let made = number(state.objects.find(DELIVERIES, key)?, ATTEMPTS);
        let is_lost = made == 0 && state.dice.happens(mishaps.fail);
        Some(Delivery { is_lost, ..delivery(state, key)? })
    });
    deliveries.collect()
}

fn delivery(state: &State, key: &str) -> Option<Delivery> {
    let item = state.objects.find(DELIVERIES, key)?;
    let stream = state.objects.find(EVENT_STREAMS, item.hidden_text(STREAM))?;
    let url = stream.shown.get("destination")?.pointer("/configuration/webhook_endpoint")?.as_str()?;
    let credential = stream.hidden.get(AUTHORIZATION);
    let part = |name: &str| credential.and_then(|all| all.get(name)?.as_str()).unwrap_or_default();
    let authorization = match part("method") {
        "basic" => format!("Basic {}", STANDARD.encode(format!("{}:{}", part("username"), part("password")))),
        _ => format!("Bearer {}", part("token")),
    };
    Some(Delivery {
        stream_id: stream.id.clone(),
        url: url.to_owned(),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), authorization),
        ],
        bodies: vec![item.shown.get("event")?.to_string()],
        upto: key.to_owned(),
        is_lost: false,
    })
}

/// What is to be run now by Actions of streams.
pub fn runs(state: &mut State, now: Timestamp) -> Vec<EventRun> {
    let keys = ready(state, "action", now);
    let runs = keys.into_iter().filter_map(|key| {
        let item = begin(state, &key, now)?;
        let stream = state.objects.find(EVENT_STREAMS, item.hidden_text(STREAM))?;
        let action = stream.shown.get("destination")?.pointer("/configuration/action_id")?.as_str()?;
        let action = state.deployed_action(action)?;
        let message = item.shown.get("event")?.clone();
        Some(EventRun { key, action, message })
    });
    runs.collect()
}

/// Writes down whether an Action took an event.
pub fn finish(state: &mut State, key: &str, is_taken: bool, now: Timestamp) {
    settle(state, key, if is_taken { Outcome::Taken } else { Outcome::Failed }, now);
}

/// Writes down what became of a delivery.
pub(super) fn settle(state: &mut State, key: &str, outcome: Outcome, now: Timestamp) {
    let Some(item) = state.objects.find_mut(DELIVERIES, key) else { return };
    let stream = item.hidden_text(STREAM).to_owned();
    let why = match outcome {
        Outcome::Taken => {
            state.objects.remove(DELIVERIES, key);
            if let Some(stream) = state.objects.find_mut(EVENT_STREAMS, &stream) {
                stream.hidden.remove(IN_A_ROW);
            }
            return;
        }
        Outcome::Refused(status) => format!("The destination answered {status}."),
        Outcome::Failed => "The destination gave no answer.".to_owned(),
    };
    let made = number(item, ATTEMPTS);
    let attempt = json!({"status": "failed", "timestamp": iso(now), "error_message": why});
    if let Some(attempts) = item.shown.get_mut("attempts").and_then(Value::as_array_mut) {
        attempts.push(attempt);
    }
    let is_hopeless = matches!(outcome, Outcome::Refused(400..=499));
    let wait = usize::try_from(made).ok().and_then(|made| WAITS.get(made)).filter(|_| !is_hopeless);
    if let Some(wait) = wait {
        item.hidden.insert(ATTEMPTS.to_owned(), made.saturating_add(1).into());
        item.hidden.insert(NOT_BEFORE.to_owned(), now.plus(*wait).micros().into());
    } else {
        item.shown.insert("status".to_owned(), "failed".into());
        count_failure(state, &stream);
    }
}

/// Disables a stream that has failed too often.
fn count_failure(state: &mut State, id: &str) {
    let kept = failed(state, id).count();
    let Some(stream) = state.objects.find_mut(EVENT_STREAMS, id) else { return };
    let in_a_row = number(stream, IN_A_ROW).saturating_add(1);
    stream.hidden.insert(IN_A_ROW.to_owned(), in_a_row.into());
    if in_a_row >= MOST_IN_A_ROW || kept >= MOST_FAILED {
        stream.shown.insert("status".to_owned(), "disabled".into());
    }
}
