//! What goes over the pipe: one JSON object a line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{HostError, MAX_LINE};

/// A function that the Action exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Handler {
    /// After the first factor.
    #[serde(rename = "onExecutePostLogin")]
    ExecutePostLogin,
    /// After a challenge or redirect.
    #[serde(rename = "onContinuePostLogin")]
    ContinuePostLogin,
}

/// One execution of an Action; it doesn't print, because it holds secrets.
#[derive(Clone)]
pub struct Execution {
    /// What to call.
    pub handler: Handler,
    /// The event, without its secrets.
    pub event: Value,
    /// What `event.secrets` will hold.
    pub secrets: BTreeMap<String, String>,
    /// After how long the host ends the execution; Auth0 allows 20,000.
    pub timeout_ms: u32,
}

#[derive(Serialize)]
struct Request<'a> {
    id: u64,
    handler: Handler,
    event: &'a Value,
    secrets: &'a BTreeMap<String, String>,
    timeout_ms: u32,
}

impl Execution {
    /// The request as one line, with its end.
    ///
    /// # Errors
    /// `Refused` if the event is no object: the host would not say whose request that was. `TooLarge` over 1 MiB.
    pub(super) fn line(&self, id: u64) -> Result<Vec<u8>, HostError> {
        if !self.event.is_object() {
            return Err(HostError::Refused);
        }
        let Self { handler, event, secrets, timeout_ms } = self;
        let request = Request { id, handler: *handler, event, secrets, timeout_ms: *timeout_ms };
        let mut line = serde_json::to_vec(&request).map_err(|_| HostError::TooLarge)?;
        line.push(b'\n');
        if line.len() > MAX_LINE { Err(HostError::TooLarge) } else { Ok(line) }
    }
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

/// What an execution did.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// What it threw, as text; may hold anything that the Action saw, so it belongs in no log. `None` if it returned.
    pub error: Option<String>,
    /// What the tenant does next, a refusal after a throw; `None` if the execution was ended or its thread died.
    pub result: Option<Effects>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
}

/// What an execution did to the transaction.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Effects {
    /// What the tenant does: `allow`, `challenge`, `enroll` or `deny`.
    pub decision: String,
    /// The reason of a refusal, as the host gives it; `None` without one.
    pub denied: Option<Value>,
    /// The factors that the person may choose from, as given to `api.authentication`; empty without a challenge.
    pub challenge: Vec<Value>,
    /// Every call of the `api`, in order.
    pub calls: Vec<Call>,
    /// The custom claims.
    pub claims: Claims,
    /// The changes to the user's `app_metadata`; null removes a key.
    pub app_metadata: Map<String, Value>,
    /// The changes to the transaction's metadata.
    pub transaction_metadata: Map<String, Value>,
}

/// One call of the `api`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Call {
    /// The method without `api.`, such as `idToken.setCustomClaim`.
    pub call: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<Value>,
}

/// Custom claims by token.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// Of the ID token.
    pub id_token: Map<String, Value>,
    /// Of the access token.
    pub access_token: Map<String, Value>,
}

/// A line that the host prints for a request.
#[derive(Deserialize)]
pub(super) struct Reply {
    /// Null for a line that the host could not read as a request.
    pub(super) id: Option<u64>,
    outcome: Option<Outcome>,
    error: Option<String>,
    result: Option<Effects>,
    #[serde(default)]
    duration_ms: f64,
}

impl Reply {
    /// The answer, or `Refused` for a request that was never run.
    pub(super) fn answer(self) -> Result<Answer, HostError> {
        let Self { id: _, outcome, error, result, duration_ms } = self;
        let outcome = outcome.ok_or(HostError::Refused)?;
        Ok(Answer { outcome, error, result, duration_ms })
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
        let answer = reply.answer().unwrap();
        assert_eq!((answer.outcome, answer.result), (Outcome::Timeout, None));
        let unread: Reply = serde_json::from_value(json!({ "id": null, "outcome": "crashed" })).unwrap();
        assert_eq!(unread.id, None);
    }

    #[test]
    fn a_refusal_is_not_an_answer() {
        let reply: Reply = serde_json::from_value(json!({ "id": 7, "ok": false, "error": "no" })).unwrap();
        assert_eq!(reply.answer(), Err(HostError::Refused));
    }
}
