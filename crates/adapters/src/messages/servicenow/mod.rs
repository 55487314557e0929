//! ServiceNow: an incident of its Table API for each matter, found again by its `correlation_id`.

mod form;

use std::sync::Arc;

use countersign_app::hooks::{HookError, Looking, Message, SendHook, Sending, Taken};
use countersign_core::Clock;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

pub use self::form::Settings;
pub use super::ticket::{BuildError, Credential};
use super::{
    Console, Templates,
    ticket::{self, Ask, Desk, Line, Matter, Told},
};
use crate::Endpoint;

/// The table, below the instance's address (ServiceNow, "Table API").
const TABLE: &str = "api/now/table/incident";

/// What is read of a record.
const FIELDS: (&str, &str) = ("sysparm_fields", "sys_id,state,correlation_id");

/// How long an id of a record is.
const ID_BYTES: usize = 32;

const TOLD: Told = Told {
    credential: "ServiceNow does not let us: check `user` and `secret`, and that they may read and write incidents by REST",
    address: "ServiceNow has no incidents there: check `url`",
    form: "ServiceNow refuses the incident: check `assignment_group`, `caller`, `close_code` and which fields the instance demands",
    stranger: "what answered is not ServiceNow's Table API: check `url`, and whether the instance sleeps",
};

/// A receiver of incidents in ServiceNow.
pub struct ServiceNow {
    instance: Instance,
    console: Console,
    templates: Templates,
}

struct Instance {
    line: Line,
    settings: Settings,
}

/// A record, as `FIELDS` names it.
#[derive(Deserialize)]
struct Record {
    sys_id: String,
    state: String,
    correlation_id: String,
}

/// What the API wraps everything in.
#[derive(Deserialize)]
struct Wrapped<T> {
    result: T,
}

impl ServiceNow {
    /// Builds the receiver; nothing is sent yet. `url` is the instance's, with a slash at its end.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(
        (url, credential, settings): (&Endpoint, &Credential, Settings),
        (console, templates): (Console, Templates),
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        let line = Line::new(url, Some(credential.header()?), (clock, &TOLD))?;
        Ok(Self { instance: Instance { line, settings }, console, templates })
    }

    async fn tell(&self, message: Message<'_>) -> Result<Taken, HookError> {
        ticket::tell(&self.instance, message, (&self.console, &self.templates), form::escape).await
    }
}

impl Record {
    /// Itself; `None` where it is closed for good (ServiceNow, "incident states": 7 closed, 8 canceled).
    fn changeable(self) -> Option<Self> {
        (!matches!(&*self.state, "7" | "8")).then_some(self)
    }
}

impl Instance {
    /// Reads an answer. A record's id becomes part of addresses, so that it must be one.
    fn record(&self, answer: Value) -> Result<Record, HookError> {
        let wrapped: Wrapped<Record> = serde_json::from_value(answer).map_err(|_| self.line.stranger())?;
        self.checked(wrapped.result)
    }

    fn checked(&self, record: Record) -> Result<Record, HookError> {
        let is_id =
            record.sys_id.len() == ID_BYTES && record.sys_id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_id { Ok(record) } else { Err(self.line.stranger()) }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<Value>, HookError> {
        self.line.ask(Ask { method: Method::GET, path, query, body: None, once: None }).await
    }

    async fn put(&self, method: Method, path: &str, body: &Value) -> Result<Option<Value>, HookError> {
        self.line.ask(Ask { method, path, query: &[FIELDS], body: Some(body), once: None }).await
    }
}

impl Desk for Instance {
    type Ticket = Record;

    async fn look(&self, id: &str, key: &str) -> Result<Option<Record>, HookError> {
        if id.len() != ID_BYTES {
            return Ok(None);
        }
        let Some(answer) = self.get(&format!("{TABLE}/{id}"), &[FIELDS]).await? else { return Ok(None) };
        let ours = Some(self.record(answer)?).filter(|record| record.correlation_id == key);
        Ok(ours.and_then(Record::changeable))
    }

    async fn find(&self, key: &str) -> Result<Option<Record>, HookError> {
        let query = format!("correlation_id={key}^ORDERBYDESCsys_created_on");
        let query = [("sysparm_query", query.as_str()), FIELDS, ("sysparm_limit", "1")];
        let answer = self.get(TABLE, &query).await?.ok_or_else(|| self.line.missing())?;
        let found: Wrapped<Vec<Record>> = serde_json::from_value(answer).map_err(|_| self.line.stranger())?;
        // Why compared: an instance passes over what it does not know in a query, and answers with any record.
        let ours = found.result.into_iter().find(|record| record.correlation_id == key);
        Ok(ours.map(|record| self.checked(record)).transpose()?.and_then(Record::changeable))
    }

    async fn open(&self, matter: &Matter, _once: &str) -> Result<String, HookError> {
        let body = form::opened(matter, &self.settings);
        let answer = self.put(Method::POST, TABLE, &body).await?.ok_or_else(|| self.line.missing())?;
        // Why no refusal: who may make incidents and not read them has made one, and would make another at each attempt.
        let is_made = answer.get("result").is_some_and(Value::is_object);
        match self.record(answer) {
            Err(_) if is_made => {
                tracing::warn!(
                    "ServiceNow made an incident that its account can't read, so it is not followed: let it read incidents"
                );
                Ok(ticket::NO_TICKET.to_owned())
            }
            record => Ok(record?.sys_id),
        }
    }

    async fn change(&self, record: Record, matter: &Matter) -> Result<String, HookError> {
        let body = form::changed(matter, record.state == form::RESOLVED, &self.settings);
        let path = format!("{TABLE}/{}", record.sys_id);
        let answer = self.put(Method::PATCH, &path, &body).await?.ok_or_else(|| self.line.missing())?;
        Ok(self.record(answer)?.sys_id)
    }
}

impl SendHook for ServiceNow {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        Box::pin(self.tell(message))
    }

    /// Asks for one incident: whether it may be read.
    fn look(&self) -> Looking<'_> {
        Box::pin(async move {
            let query = [FIELDS, ("sysparm_limit", "1")];
            let answer = self.instance.get(TABLE, &query).await?;
            let answer = answer.ok_or_else(|| self.instance.line.missing())?;
            let read = serde_json::from_value::<Wrapped<Vec<Value>>>(answer);
            read.map(drop).map_err(|_| self.instance.line.stranger())
        })
    }
}
