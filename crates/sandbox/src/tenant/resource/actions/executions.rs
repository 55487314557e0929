//! What came of runs at a trigger, kept for ten days.

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use crate::tenant::{
    Context, Fault, Item, Reply, id,
    state::{Object, State},
};

/// The collection: see `execution_id` for the ids.
const EXECUTIONS: &str = "action_executions";

/// How long executions are kept (Auth0: "Actions Limitations"), in microseconds: ten days.
const KEPT_MICROS: i64 = 10 * 86_400 * 1_000_000;

/// The most that are kept at once, so that a busy tenant's memory has an end.
const MOST: usize = 10_000;

/// One run of everything that is bound to a trigger.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The trigger's name.
    pub trigger: String,
    /// `final`, `partial`, `canceled`, `suspended` or `pending`.
    pub status: &'static str,
    /// An object for each Action that ran: `action_name`, `error` if it failed, `started_at`, `ended_at`.
    pub results: Vec<Value>,
}

impl State {
    /// Keeps an execution that has an id, as the API will show it.
    pub(crate) fn keep_execution(&mut self, shown: Object, now: Timestamp) {
        let id = shown.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut hidden = Map::new();
        hidden.insert("at".to_owned(), now.micros().into());
        self.objects.insert(EXECUTIONS, Item { id, shown, hidden });
        if self.objects.count(EXECUTIONS) > MOST {
            let oldest = self.objects.all(EXECUTIONS).next().map(|oldest| oldest.id.clone());
            oldest.and_then(|oldest| self.objects.remove(EXECUTIONS, &oldest));
        }
    }

    /// Keeps an execution; gives the id by which the API shows it and logs name it.
    pub fn record_execution(&mut self, execution: Execution, now: Timestamp) -> String {
        let Execution { trigger, status, results } = execution;
        let (id, time) = (self.execution_id(now), id::iso(now));
        let shown = json!({
            "id": id,
            "trigger_id": trigger,
            "status": status,
            "results": results,
            "created_at": time,
            "updated_at": time,
        });
        self.keep_execution(shown.as_object().cloned().unwrap_or_default(), now);
        id
    }

    /// 16 characters by chance and the day, in base 64, as recorded ids decode.
    fn execution_id(&mut self, now: Timestamp) -> String {
        let day: String = now.to_string().chars().filter(char::is_ascii_digit).take(8).collect();
        STANDARD.encode(format!("{}{day}", self.dice.alphanumeric(16)))
    }
}

pub fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let found = context.state.objects.find(EXECUTIONS, context.parameter("id"));
    let since = context.now.micros().saturating_sub(KEPT_MICROS);
    let found =
        found.filter(|item| item.hidden.get("at").and_then(Value::as_i64).is_some_and(|at| at > since));
    let execution = found.ok_or_else(|| Fault::not_found("That execution does not exist."))?;
    Ok(Reply::ok(execution.shown.clone()))
}
