//! How a flow ends.

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    asked::Asked,
    facts::Facts,
    record::{Entry, Shape, record},
    run::{Ask, Begin, Bound, End, Pipeline, Ran, budget, run},
};
use crate::{Claims, Exchange, Handler, Host, Lifetime, dice::Dice, flow};

/// Length of the `state` of a suspended transaction.
const STATE: usize = 43;
const EXECUTION: usize = 40;

/// What flows need beside facts: where Actions run, the time, chance.
pub struct Stage<'a> {
    /// Runs the Actions; without it each that is bound fails.
    pub host: Option<&'a Host>,
    /// When the flow begins.
    pub at: Timestamp,
    /// For ids and states.
    pub dice: &'a mut Dice,
    /// What all Actions of a trigger have together, in milliseconds; `BUDGET_MS` at Auth0.
    pub budget_ms: u32,
}

/// Why a flow gave nothing, as whoever asked is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The OAuth error, or the code of a sign-up's answer.
    pub error: String,
    /// What is told.
    pub description: String,
    /// What the person is told, where that is another text.
    pub user_message: Option<String>,
    /// The HTTP status, where the answer is one.
    pub status: u16,
}

/// A flow that waits for an answer; can be kept as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspended {
    /// By which it is found again.
    pub state: String,
    /// What was asked.
    pub ask: Ask,
    /// The place of the Action that goes on.
    pub place: usize,
    /// What was asked for so far.
    pub asked: Asked,
    /// The executions so far.
    pub executions: Vec<Value>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// What was wanted happened.
    Done,
    /// It did not.
    Refused(Refusal),
    /// It waits; nothing of what was asked for holds yet.
    Suspended(Box<Suspended>),
}

impl Ending {
    pub(super) fn refused(error: &str, description: &str, status: u16) -> Self {
        let (error, description) = (error.to_owned(), description.to_owned());
        Self::Refused(Refusal { error, description, user_message: None, status })
    }
}

/// What a flow leaves behind; the tenant's state is changed by its caller.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowEnd {
    /// How it ended.
    pub ending: Ending,
    /// Records for the log, in order.
    pub logs: Vec<Value>,
    /// Fields of the user that change, in the form of the Management API.
    pub user: Map<String, Value>,
    /// Custom claims of the tokens.
    pub claims: Claims,
    /// The scopes of the access token.
    pub scopes: Vec<String>,
    /// What becomes of the session.
    pub session: Lifetime,
    /// What becomes of the refresh token.
    pub refresh_token: Lifetime,
    /// The user that goes on in the person's stead.
    pub primary_user: Option<String>,
    /// What a token exchange yields.
    pub exchange: Exchange,
    /// Where a reset ends: `url` and `query`.
    pub result_url: Option<Value>,
    /// Executions of Actions, as the Management API tells them.
    pub executions: Vec<Value>,
    /// What was called that the reference does not document, by Action name.
    pub misuses: Vec<(String, Vec<String>)>,
}

impl FlowEnd {
    /// An end with nothing but records.
    pub(super) fn new(ending: Ending, logs: Vec<Value>) -> Self {
        Self {
            ending,
            logs,
            user: Map::new(),
            claims: Claims::default(),
            scopes: Vec::new(),
            session: Lifetime::default(),
            refresh_token: Lifetime::default(),
            primary_user: None,
            exchange: Exchange::default(),
            result_url: None,
            executions: Vec::new(),
            misuses: Vec::new(),
        }
    }
}

/// A run on its way to becoming an end.
pub(super) struct Course {
    pub(super) ran: Ran,
    pub(super) executions: Vec<Value>,
    pub(super) logs: Vec<Value>,
    pub(super) state: String,
    /// When the Actions had ended.
    pub(super) at: Timestamp,
}

impl Course {
    /// Runs a trigger's Actions, and notes one that failed.
    pub(super) async fn run(
        stage: &mut Stage<'_>,
        handler: Handler,
        bound: &[Bound],
        facts: &Facts,
        begin: (Begin, Vec<Value>),
    ) -> Self {
        let (begin, mut executions) = begin;
        let (state, id) = (stage.dice.alphanumeric(STATE), stage.dice.alphanumeric(EXECUTION));
        let cache = format!("{}/{}", facts.tenant, handler.trigger());
        let pipeline = Pipeline {
            handler,
            bound,
            cache: &cache,
            state: &state,
            id: &id,
            at: stage.at,
            budget_ms: budget(handler, stage.budget_ms),
        };
        let event = flow::event(handler, facts).unwrap_or_default();
        let ran = run(&pipeline, begin, event, stage.host).await;
        let at = stage.at.plus(i64::from(ran.duration_ms) * 1000);
        if !ran.execution.is_null() {
            executions.push(ran.execution.clone());
        }
        let mut course = Self { ran, executions, logs: Vec::new(), state, at };
        course.note_failure(stage, handler, bound, facts, &id);
        course
    }

    fn note_failure(
        &mut self,
        stage: &mut Stage<'_>,
        handler: Handler,
        bound: &[Bound],
        facts: &Facts,
        id: &str,
    ) {
        let Some(failure) = &self.ran.failure else { return };
        let Some(bound) = bound.get(failure.place) else { return };
        let mut details = json!({
            "trigger_id": handler.trigger(),
            "execution_id": id,
            "action_id": bound.action_id,
            "action_name": bound.name,
            "version_id": bound.version_id,
            "binding_id": bound.binding_id,
            "error_class": failure.class,
        });
        if let (Some(thrown), Some(object)) = (&failure.error, details.as_object_mut()) {
            let error = json!({ "name": thrown.name, "message": thrown.message, "code": thrown.code, "stack": thrown.stack });
            object.insert("action_error".to_owned(), error);
        }
        let entry = Entry::new("actions_execution_failed", Shape::Person, "Execution of an Action failed");
        self.log(stage, facts, &entry.with(details));
    }

    /// Adds a record.
    pub(super) fn log(&mut self, stage: &mut Stage<'_>, facts: &Facts, entry: &Entry<'_>) {
        self.logs.push(record(entry, facts, self.at, stage.dice));
    }

    /// The ids of the executions, as `details.actions` of a record has them.
    pub(super) fn actions(&self) -> Value {
        let ids: Vec<&Value> = self.executions.iter().filter_map(|execution| execution.get("id")).collect();
        json!({ "executions": ids })
    }

    /// Why the Actions let nothing happen; `None` where they did.
    pub(super) fn refusal(&self, silent: bool) -> Option<Refusal> {
        let refused = |error: &str, description: &str, user_message| {
            let status = if error == "server_error" { 500 } else { 400 };
            let (error, description) = (error.to_owned(), description.to_owned());
            Some(Refusal { error, description, user_message, status })
        };
        match &self.ran.end {
            End::Done | End::Suspended(..) => None,
            End::Failed => refused("access_denied", "An Action failed.", None),
            End::Denied(denial) => {
                let error = match (&denial.code, denial.transaction_failed && silent) {
                    (Some(code), _) => code.as_str(),
                    (None, true) => "interaction_required",
                    (None, false) => "access_denied",
                };
                let reason = denial.reason.as_deref().unwrap_or(error);
                refused(error, reason, denial.user_message.clone())
            }
        }
    }

    /// The end. What was asked for holds when the flow is done and, but for tokens, when it was refused; not after a
    /// failure, and not yet while it waits.
    pub(super) fn finish(self, facts: &Facts, silent: bool) -> FlowEnd {
        let refusal = self.refusal(silent);
        let Self { ran, executions, logs, state, at } = self;
        let Ran { asked, end, misuses, .. } = ran;
        let mut flow = FlowEnd::new(Ending::Done, logs);
        flow.misuses = misuses;
        flow.executions.clone_from(&executions);
        match end {
            End::Suspended(place, ask) => {
                flow.ending = Ending::Suspended(Box::new(Suspended { state, ask, place, asked, executions }));
                return flow;
            }
            End::Failed => {}
            End::Denied(_) | End::Done => {
                flow.user = asked.changes_of(&facts.user);
                if !flow.user.is_empty() {
                    flow.user.insert("updated_at".to_owned(), json!(crate::event::iso(at)));
                }
                flow.exchange.clone_from(&asked.exchange);
                flow.session = asked.session.clone();
                flow.refresh_token = asked.refresh_token.clone();
            }
        }
        if let Some(refusal) = refusal {
            flow.ending = Ending::Refused(refusal);
            return flow;
        }
        flow.scopes = asked.scopes_of(facts.scopes());
        flow.claims = asked.claims;
        flow.primary_user = asked.primary_user;
        flow.result_url = asked.result_url;
        flow
    }
}
