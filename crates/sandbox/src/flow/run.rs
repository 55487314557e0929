//! Runs the Actions that are bound to a trigger, in order, within one budget.

use std::{collections::BTreeMap, time::Duration};

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::asked::Asked;
use crate::{Action, Answer, Denial, Effects, Execution, Handler, Host, HostError, Outcome, Thrown};

/// What Auth0 gives all Actions of a trigger together, in milliseconds (Auth0 "Actions Limitations").
pub const BUDGET_MS: u32 = 20_000;

/// What an Action of an event stream is given.
const STREAM_BUDGET_MS: u32 = 10_000;

/// An Action that is bound to a trigger; it doesn't print, because it holds secrets.
#[derive(Clone)]
pub struct Bound {
    /// Its code, by the deployed version.
    pub action: Action,
    /// Its secrets.
    pub secrets: BTreeMap<String, String>,
    /// The Action's id.
    pub action_id: String,
    /// The Action's name.
    pub name: String,
    /// The deployed version's id.
    pub version_id: String,
    /// The binding's id.
    pub binding_id: String,
}

/// What is run.
pub struct Pipeline<'a> {
    /// What is called first of each Action.
    pub handler: Handler,
    /// In the order of their binding.
    pub bound: &'a [Bound],
    /// The name of the trigger's cache, of this tenant alone.
    pub cache: &'a str,
    /// The `state` that a redirect carries.
    pub state: &'a str,
    /// The execution's id.
    pub id: &'a str,
    /// When it begins.
    pub at: Timestamp,
    /// What all its Actions have together, in milliseconds.
    pub budget_ms: u32,
}

/// What a function has, out of what its tenant would give it.
pub(super) fn budget(handler: Handler, given: u32) -> u32 {
    if handler == Handler::ExecuteEventStream { given.min(STREAM_BUDGET_MS) } else { given }
}

/// Where a pipeline begins.
#[derive(Debug, Clone, Default)]
pub struct Begin {
    /// The Action whose function goes on; the ones before it have run.
    pub continues: Option<usize>,
    /// What was asked for before.
    pub asked: Asked,
}

/// What is asked of the person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// One of these factors, passed.
    Challenge(Vec<Value>),
    /// One of these factors, enrolled; any if the list is empty.
    Enroll(Vec<Value>),
    /// A visit elsewhere.
    Redirect(String),
    /// A form: `id`, `fields`, `vars`.
    Form(Value),
}

/// How a pipeline ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// All Actions ran.
    Done,
    /// One refused, or the transaction could not go on.
    Denied(Denial),
    /// One failed, and the transaction with it.
    Failed,
    /// The Action at this place waits for an answer.
    Suspended(usize, Ask),
}

/// An Action that failed, as an `actions_execution_failed` record needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The place of the Action.
    pub place: usize,
    /// `action_error`, `action_timeout` or `platform_error`.
    pub class: &'static str,
    /// What it threw.
    pub error: Option<Thrown>,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Everything that was asked for.
    pub asked: Asked,
    /// How it ended.
    pub end: End,
    /// The Action that failed.
    pub failure: Option<Failure>,
    /// What was called that the reference does not document, by Action name.
    pub misuses: Vec<(String, Vec<String>)>,
    /// The execution, as the Management API tells it; null where no Action is bound.
    pub execution: Value,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
}

impl Ran {
    /// A run of nothing.
    fn nothing(asked: Asked) -> Self {
        let (end, execution) = (End::Done, Value::Null);
        Self { asked, end, failure: None, misuses: Vec::new(), execution, duration_ms: 0 }
    }
}

/// Runs a pipeline. What an Action asked for is kept when it refuses, and forgotten when it fails.
pub async fn run(pipeline: &Pipeline<'_>, begin: Begin, event: Value, host: Option<&Host>) -> Ran {
    let Begin { continues, asked } = begin;
    let mut ran = Ran::nothing(asked);
    let mut event = event;
    let mut results = Vec::new();
    let first = continues.unwrap_or(0);
    for (place, bound) in pipeline.bound.iter().enumerate().skip(first) {
        let handler = match (continues == Some(place), pipeline.handler.continuation()) {
            (true, Some(handler)) => handler,
            _ => pipeline.handler,
        };
        see(&mut event, &ran.asked, handler, pipeline.at);
        let left = pipeline.budget_ms.saturating_sub(ran.duration_ms);
        let started = ran.duration_ms;
        let answer = one(pipeline, bound, handler, &event, left, host).await;
        ran.duration_ms = ran.duration_ms.saturating_add(took(&answer, left));
        ran.failure = settle(&mut ran, place, bound, answer);
        results.push(result(pipeline, bound, (started, ran.duration_ms), ran.failure.as_ref()));
        if ran.end != End::Done || ran.failure.is_some() {
            break;
        }
    }
    if !results.is_empty() {
        ran.execution = execution(pipeline, &ran, &results);
    }
    ran
}

async fn one(
    pipeline: &Pipeline<'_>,
    bound: &Bound,
    handler: Handler,
    event: &Value,
    left: u32,
    host: Option<&Host>,
) -> Result<Answer, HostError> {
    if left == 0 {
        return Ok(Answer {
            outcome: Outcome::Timeout,
            error: None,
            result: None,
            duration_ms: 0.0,
            console: String::new(),
        });
    }
    let execution = Execution {
        action: bound.action.clone(),
        handler,
        event: event.clone(),
        secrets: bound.secrets.clone(),
        cache: Some(pipeline.cache.to_owned()),
        state: Some(pipeline.state.to_owned()),
        timeout_ms: left,
    };
    host.ok_or(HostError::NodeMissing)?.run(&execution).await
}

/// What an answer cost, at least a millisecond and at most what was left.
fn took(answer: &Result<Answer, HostError>, left: u32) -> u32 {
    let seconds = answer.as_ref().map_or(0.0, |answer| answer.duration_ms) / 1000.0;
    let whole = Duration::try_from_secs_f64(seconds).map_or(0, |span| span.as_millis());
    u32::try_from(whole).map_or(left, |whole| whole.saturating_add(1).min(left))
}

/// Takes in what one Action did, and says how it failed if it did.
fn settle(ran: &mut Ran, place: usize, bound: &Bound, answer: Result<Answer, HostError>) -> Option<Failure> {
    let failed = |class, error| Some(Failure { place, class, error });
    let failure = match answer {
        Ok(Answer { outcome: Outcome::Returned, result: Some(effects), .. }) => {
            if !effects.misuses.is_empty() {
                ran.misuses.push((bound.name.clone(), effects.misuses.clone()));
            }
            ran.asked.add(&effects);
            ran.end = end(place, effects);
            return None;
        }
        Ok(Answer { outcome: Outcome::Threw, error, .. }) => failed("action_error", error),
        Ok(Answer { outcome: Outcome::Timeout, error, .. }) => failed("action_timeout", error),
        Ok(Answer { error, .. }) => failed("platform_error", error),
        // Why: a broken host says nothing about the Action.
        Err(_) => failed("platform_error", None),
    };
    ran.end = End::Failed;
    failure
}

fn end(place: usize, effects: Effects) -> End {
    let Effects { decision, denied, challenge, redirect, form, .. } = effects;
    match decision.as_str() {
        "allow" => End::Done,
        "challenge" => End::Suspended(place, Ask::Challenge(challenge)),
        "enroll" => End::Suspended(place, Ask::Enroll(challenge)),
        "redirect" => End::Suspended(place, Ask::Redirect(redirect.unwrap_or_default())),
        "prompt" => End::Suspended(place, Ask::Form(form.unwrap_or_default())),
        _ => End::Denied(denied.unwrap_or_default()),
    }
}

/// Shows an Action what the ones before it left for it: the transaction's metadata, methods, claims and scopes.
fn see(event: &mut Value, asked: &Asked, handler: Handler, at: Timestamp) {
    let mut extend = |path: &str, more: &Map<String, Value>| {
        if let Some(Value::Object(object)) = event.pointer_mut(path) {
            object.extend(more.clone());
        }
    };
    match handler {
        Handler::ExecutePostLogin | Handler::ContinuePostLogin => {
            extend("/transaction/metadata", &asked.transaction_metadata);
            if let Some(Value::Array(methods)) = event.pointer_mut("/authentication/methods") {
                for url in &asked.recorded_methods {
                    if !methods.iter().any(|method| method.get("name").and_then(Value::as_str) == Some(url)) {
                        methods.push(json!({ "name": url, "timestamp": crate::event::iso(at) }));
                    }
                }
            }
        }
        Handler::ExecuteCredentialsExchange => {
            extend("/accessToken/customClaims", &asked.claims.access_token);
            if let (Some(scopes), Some(target)) =
                (&asked.target_scopes, event.pointer_mut("/transaction/target_scopes"))
            {
                *target = json!(scopes);
            }
        }
        _ => {}
    }
}

fn result(pipeline: &Pipeline<'_>, bound: &Bound, span: (u32, u32), failure: Option<&Failure>) -> Value {
    let after = |ms: u32| crate::event::iso(pipeline.at.plus(i64::from(ms) * 1000));
    let mut result = json!({
        "action_name": bound.name,
        "started_at": after(span.0),
        "ended_at": after(span.1),
    });
    if let (Some(object), Some(failure)) = (result.as_object_mut(), failure) {
        let message = failure.error.as_ref().map_or("", |thrown| thrown.message.as_str());
        object.insert("error".to_owned(), json!({ "id": failure.class, "msg": message }));
    }
    result
}

fn execution(pipeline: &Pipeline<'_>, ran: &Ran, results: &[Value]) -> Value {
    let status = match ran.end {
        End::Done => "final",
        End::Denied(_) | End::Failed => "partial",
        End::Suspended(..) => "suspended",
    };
    json!({
        "id": pipeline.id,
        "trigger_id": pipeline.handler.trigger(),
        "status": status,
        "results": results,
        "created_at": crate::event::iso(pipeline.at),
        "updated_at": crate::event::iso(pipeline.at.plus(i64::from(ran.duration_ms) * 1000)),
    })
}
