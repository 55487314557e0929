//! What goes over the pipe: one JSON object a line.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Effects, Handler, HostError, MAX_LINE};

/// How many secrets an Action has, how long their names and values are (Auth0 "Actions Limitations").
const SECRETS: (usize, usize, usize) = (30, 128, 4096);

/// The code of an Action, known to the host by a key that stands for exactly this code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Such as a version's id.
    pub key: String,
    /// Built into one file.
    pub code: Arc<str>,
}

/// One execution of an Action; it doesn't print, because it holds secrets.
#[derive(Clone)]
pub struct Execution {
    /// What to run.
    pub action: Action,
    /// What to call.
    pub handler: Handler,
    /// The event, without its secrets.
    pub event: Value,
    /// What `event.secrets` will hold.
    pub secrets: BTreeMap<String, String>,
    /// The name of the cache that `api.cache` works on; the trigger's id where there is one tenant only.
    pub cache: Option<String>,
    /// The `state` that a redirect carries; made of the event without one.
    pub state: Option<String>,
    /// After how long the host ends the execution; Auth0 allows 20,000 for all Actions of a trigger.
    pub timeout_ms: u32,
}

#[derive(Serialize)]
struct Request<'a> {
    id: u64,
    key: &'a str,
    handler: Handler,
    event: &'a Value,
    secrets: &'a BTreeMap<String, String>,
    cache: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    timeout_ms: u32,
}

#[derive(Serialize)]
struct Load<'a> {
    id: u64,
    key: &'a str,
    code: &'a str,
}

impl Action {
    /// The request to keep its code, as one line with its end.
    pub(super) fn line(&self, id: u64) -> Result<Vec<u8>, HostError> {
        let Self { key, code } = self;
        if key.is_empty() { Err(HostError::Refused) } else { line(&Load { id, key, code }) }
    }
}

impl Execution {
    /// The request as one line, with its end.
    ///
    /// # Errors
    /// `Refused` if the event is no object or the secrets are beyond their limits: the host would not say whose request
    /// that was. `TooLarge` over 1 MiB.
    pub(super) fn line(&self, id: u64) -> Result<Vec<u8>, HostError> {
        let Self { action, handler, event, secrets, cache, state, timeout_ms } = self;
        let (count, name, value) = SECRETS;
        let fit = |(key, secret): (&String, &String)| key.len() <= name && secret.len() <= value;
        if !event.is_object() || action.key.is_empty() || secrets.len() > count || !secrets.iter().all(fit) {
            return Err(HostError::Refused);
        }
        let cache = cache.as_deref().unwrap_or_else(|| handler.trigger());
        let (handler, timeout_ms, state) = (*handler, *timeout_ms, state.as_deref());
        line(&Request { id, key: &action.key, handler, event, secrets, cache, state, timeout_ms })
    }
}

fn line(request: &impl Serialize) -> Result<Vec<u8>, HostError> {
    let mut line = serde_json::to_vec(request).map_err(|_| HostError::TooLarge)?;
    line.push(b'\n');
    if line.len() > MAX_LINE { Err(HostError::TooLarge) } else { Ok(line) }
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The function returned.
    Returned,
    /// The function threw; at Auth0 the sign-in fails.
    Threw,
    /// The function did not end in time.
    Timeout,
    /// Its thread died, of its memory for example.
    Crashed,
}

/// What an Action threw, or what is wrong with it; may hold anything that the Action saw, so it belongs in no log of ours.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Thrown {
    /// The error's class.
    pub name: String,
    /// What it says.
    pub message: String,
    /// Its code, often empty.
    pub code: String,
    /// Where it was thrown.
    pub stack: String,
}

/// What an execution did.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// What it threw, or why it was ended; `None` if it returned.
    pub error: Option<Thrown>,
    /// What the tenant does next, a refusal after a throw; `None` if the execution was ended or its thread died.
    pub result: Option<Effects>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// What it wrote to its console, 256 characters at most.
    pub console: String,
}

/// What the host said to a request.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Answer(Box<Answer>),
    /// The code is kept.
    Loaded,
    /// The code is none, and why.
    Unloadable(String),
    /// The code was never handed over, or is forgotten.
    Unknown,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Returned,
    Threw,
    Timeout,
    Crashed,
    Loaded,
    Unloadable,
    Unknown,
}

/// A line that the host prints for a request.
#[derive(Deserialize)]
pub(super) struct Reply {
    /// Null for a line that the host could not read as a request.
    pub(super) id: Option<u64>,
    outcome: Option<Kind>,
    error: Option<Thrown>,
    result: Option<Effects>,
    #[serde(default)]
    duration_ms: f64,
    #[serde(default)]
    console: String,
}

impl Reply {
    /// The answer, or `Refused` for a request that was never run.
    pub(super) fn said(self) -> Result<Said, HostError> {
        let Self { id: _, outcome, error, result, duration_ms, console } = self;
        let outcome = match outcome.ok_or(HostError::Refused)? {
            Kind::Returned => Outcome::Returned,
            Kind::Threw => Outcome::Threw,
            Kind::Timeout => Outcome::Timeout,
            Kind::Crashed => Outcome::Crashed,
            Kind::Loaded => return Ok(Said::Loaded),
            Kind::Unloadable => return Ok(Said::Unloadable(error.unwrap_or_default().message)),
            Kind::Unknown => return Ok(Said::Unknown),
        };
        Ok(Said::Answer(Box::new(Answer { outcome, error, result, duration_ms, console })))
    }
}

/// The first line that the host prints.
#[derive(Deserialize)]
pub(super) struct Ready {
    pub(super) ready: bool,
    pub(super) node: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_with_nothing_but_its_outcome_is_read() {
        let reply: Reply =
            serde_json::from_value(json!({ "id": 7, "ok": true, "outcome": "timeout" })).unwrap();
        let Said::Answer(answer) = reply.said().unwrap() else { panic!("no answer") };
        assert_eq!((answer.outcome, answer.result), (Outcome::Timeout, None));
        let unread: Reply = serde_json::from_value(json!({ "id": null, "outcome": "crashed" })).unwrap();
        assert_eq!(unread.id, None);
    }

    #[test]
    fn a_refusal_is_not_an_answer() {
        let reply: Reply =
            serde_json::from_value(json!({ "id": 7, "ok": false, "error": { "message": "no" } })).unwrap();
        assert_eq!(reply.said(), Err(HostError::Refused));
    }

    #[test]
    fn secrets_beyond_their_limits_are_never_sent() {
        let action = Action { key: "k".into(), code: "".into() };
        let with = |secrets: BTreeMap<String, String>| Execution {
            action: action.clone(),
            handler: Handler::ExecutePostLogin,
            event: json!({}),
            secrets,
            cache: None,
            state: None,
            timeout_ms: 1,
        };
        let pairs = |count| (0..count).map(|n| (format!("K{n}"), "v".to_owned())).collect();
        assert!(with(pairs(30)).line(1).is_ok());
        assert_eq!(with(pairs(31)).line(1), Err(HostError::Refused));
        assert_eq!(with([("K".into(), "v".repeat(4097))].into()).line(1), Err(HostError::Refused));
        assert_eq!(with([("k".repeat(129), String::new())].into()).line(1), Err(HostError::Refused));
    }
}
