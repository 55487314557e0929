//! PagerDuty: events of its Events API v2, which opens, takes up and resolves one alert for each matter by its `dedup_key`.

use std::sync::Arc;

use countersign_app::hooks::{HookError, Message, SendHook, Sending, Taken};
use countersign_core::{Clock, Secret};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub use super::ticket::BuildError;
use super::{
    Console, Templates,
    ticket::{Ask, Level, Line, Matter, Stage, Told, cut},
};
use crate::Endpoint;

/// How long an integration key is (PagerDuty, "Events API v2": an event with another is refused).
const KEY_BYTES: usize = 32;

/// The most characters of a summary (PagerDuty, "PD-CEF": 1,024).
const MAX_SUMMARY: usize = 1_000;

const TOLD: Told = Told {
    credential: "PagerDuty does not take the integration key: check where `routing_key` leads",
    address: "PagerDuty takes no events there: check `api`",
    form: "PagerDuty refuses the event: check where `routing_key` leads, which is the key of an integration of Events API v2, and the templates",
    stranger: "what answered is not PagerDuty's Events API: check `api`",
};

/// A receiver of alerts in PagerDuty.
pub struct PagerDuty {
    line: Line,
    routing_key: Secret,
    console: Console,
    templates: Templates,
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Accepted {
    status: String,
}

impl PagerDuty {
    /// Builds the receiver; nothing is sent yet. `routing_key` is the key of an integration of Events API v2.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(
        (api, routing_key): (&Endpoint, Secret),
        (console, templates): (Console, Templates),
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        let key = routing_key.expose();
        if key.len() != KEY_BYTES || !key.iter().all(u8::is_ascii_alphanumeric) {
            return Err(BuildError::Credential("an integration key has 32 letters and digits"));
        }
        Ok(Self { line: Line::new(api, None, (clock, &TOLD))?, routing_key, console, templates })
    }

    async fn tell(&self, message: Message<'_>) -> Result<Taken, HookError> {
        let matter = Matter::read(&message, (&self.console, &self.templates), str::to_owned)?;
        match matter.stage {
            Stage::Open => self.enqueue("trigger", &matter.key, trigger(&matter)).await?,
            Stage::Going => self.enqueue("acknowledge", &matter.key, Map::new()).await?,
            Stage::Over => self.enqueue("resolve", &matter.key, Map::new()).await?,
            Stage::Trial => {
                self.enqueue("trigger", &matter.key, trigger(&matter)).await?;
                self.enqueue("resolve", &matter.key, Map::new()).await?;
            }
        }
        Ok(Taken { place: Some(matter.key) })
    }

    /// Sends one event about the alert of this key.
    async fn enqueue(&self, action: &str, key: &str, mut event: Map<String, Value>) -> Result<(), HookError> {
        let routing_key = String::from_utf8_lossy(self.routing_key.expose());
        event.insert("routing_key".to_owned(), json!(routing_key));
        event.insert("event_action".to_owned(), json!(action));
        event.insert("dedup_key".to_owned(), json!(key));
        let body = Value::Object(event);
        let ask = Ask { method: Method::POST, path: "", query: &[], body: Some(&body), once: None };
        let answer = self.line.ask(ask).await?.ok_or_else(|| self.line.missing())?;
        let accepted: Accepted = serde_json::from_value(answer).map_err(|_| self.line.stranger())?;
        if accepted.status == "success" { Ok(()) } else { Err(HookError::Refused(TOLD.form)) }
    }
}

/// What opens an alert, or tells more of it (PagerDuty, "Events API v2: send an alert event").
fn trigger(matter: &Matter) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("text".to_owned(), json!(matter.text));
    for fact in &matter.facts {
        details.insert(fact.name.to_owned(), json!(fact.values.join("\n")));
    }
    let group = matter.kind.split('.').next().unwrap_or(matter.kind);
    let payload = json!({
        "summary": cut(&matter.headline, MAX_SUMMARY),
        "source": matter.tenant,
        "severity": severity(matter.level),
        "timestamp": matter.time,
        "component": "countersign",
        "group": group,
        "class": matter.kind,
        "custom_details": details,
    });
    let mut event = Map::new();
    event.insert("payload".to_owned(), payload);
    event.insert("client".to_owned(), json!("Countersign"));
    event.insert("client_url".to_owned(), json!(matter.link));
    event.insert("links".to_owned(), json!([{ "href": matter.link, "text": "Open in Countersign" }]));
    event
}

const fn severity(level: Level) -> &'static str {
    match level {
        Level::Critical => "critical",
        Level::High => "error",
        Level::Medium => "warning",
        Level::Low => "info",
    }
}

impl SendHook for PagerDuty {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        Box::pin(self.tell(message))
    }
}
