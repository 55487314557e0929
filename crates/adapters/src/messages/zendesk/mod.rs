//! Zendesk: a ticket for each matter, found again by its `external_id`; every comment is private.

mod form;

use std::sync::Arc;

use countersign_app::hooks::{HookError, Looking, Message, SendHook, Sending, Taken};
use countersign_core::Clock;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

pub use super::ticket::{BuildError, Credential};
use super::{
    Console, Templates,
    ticket::{self, Ask, Desk, Line, Matter, Stage, Told},
};
use crate::Endpoint;

/// The tickets, below the account's address (Zendesk, "Tickets").
const TICKETS: &str = "api/v2/tickets";

const TOLD: Told = Told {
    credential: "Zendesk does not let us: check `user` and `token`, that token access is switched on, and that they are an agent's",
    address: "Zendesk has no tickets there: check `url`",
    form: "Zendesk refuses the ticket: check `group_id`, and which fields the account demands",
    stranger: "what answered is not Zendesk's Ticketing API: check `url`",
};

/// A receiver of tickets in Zendesk.
pub struct Zendesk {
    account: Account,
    console: Console,
    templates: Templates,
}

struct Account {
    line: Line,
    group: Option<u64>,
}

/// What is read of a ticket.
#[derive(Deserialize)]
struct Record {
    id: u64,
    status: String,
    external_id: Option<String>,
    assignee_id: Option<u64>,
}

#[derive(Deserialize)]
struct One {
    ticket: Record,
}

#[derive(Deserialize)]
struct Many {
    tickets: Vec<Record>,
}

/// Who we are there; nobody signed in has no id.
#[derive(Deserialize)]
struct Me {
    user: User,
}

#[derive(Deserialize)]
struct User {
    id: Option<u64>,
    role: Option<String>,
}

impl Zendesk {
    /// Builds the receiver; nothing is sent yet. `url` is the account's, with a slash at its end; `group` whose tickets they are.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(
        (url, credential, group): (&Endpoint, &Credential, Option<u64>),
        (console, templates): (Console, Templates),
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        let line = Line::new(url, Some(credential.header()?), (clock, &TOLD))?;
        Ok(Self { account: Account { line, group }, console, templates })
    }

    async fn tell(&self, message: Message<'_>) -> Result<Taken, HookError> {
        ticket::tell(&self.account, message, (&self.console, &self.templates), form::escape).await
    }
}

impl Record {
    /// Itself; `None` where it is closed for good, or deleted.
    fn changeable(self) -> Option<Self> {
        (!matches!(&*self.status, "closed" | "deleted")).then_some(self)
    }
}

impl Account {
    fn read<T: for<'de> Deserialize<'de>>(&self, answer: Value) -> Result<T, HookError> {
        serde_json::from_value(answer).map_err(|_| self.line.stranger())
    }

    /// The agent who we are. Zendesk lets nobody solve what nobody has, so that what is unassigned becomes theirs.
    async fn me(&self) -> Result<u64, HookError> {
        let answer = self.get("api/v2/users/me.json", &[]).await?.ok_or_else(|| self.line.missing())?;
        let User { id, role } = self.read::<Me>(answer)?.user;
        let is_agent = role.as_deref() != Some("end-user");
        id.filter(|_| is_agent).ok_or(HookError::Refused(TOLD.credential))
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<Value>, HookError> {
        self.line.ask(Ask { method: Method::GET, path, query, body: None, once: None }).await
    }
}

impl Desk for Account {
    type Ticket = Record;

    async fn look(&self, id: &str, key: &str) -> Result<Option<Record>, HookError> {
        if id.parse::<u64>().is_err() {
            return Ok(None);
        }
        let Some(answer) = self.get(&format!("{TICKETS}/{id}.json"), &[]).await? else { return Ok(None) };
        let ours = Some(self.read::<One>(answer)?.ticket)
            .filter(|ticket| ticket.external_id.as_deref() == Some(key));
        Ok(ours.and_then(Record::changeable))
    }

    async fn find(&self, key: &str) -> Result<Option<Record>, HookError> {
        let path = format!("{TICKETS}.json");
        let answer = self.get(&path, &[("external_id", key)]).await?.ok_or_else(|| self.line.missing())?;
        let found = self.read::<Many>(answer)?.tickets.into_iter();
        let ours = found.filter(|record| record.external_id.as_deref() == Some(key));
        Ok(ours.filter_map(Record::changeable).max_by_key(|record| record.id))
    }

    async fn open(&self, matter: &Matter, once: &str) -> Result<String, HookError> {
        let assignee = if matter.stage == Stage::Trial { Some(self.me().await?) } else { None };
        let body = form::opened(matter, (self.group, assignee));
        let path = format!("{TICKETS}.json");
        let ask = Ask { method: Method::POST, path: &path, query: &[], body: Some(&body), once: Some(once) };
        let answer = self.line.ask(ask).await?.ok_or_else(|| self.line.missing())?;
        Ok(self.read::<One>(answer)?.ticket.id.to_string())
    }

    async fn change(&self, record: Record, matter: &Matter) -> Result<String, HookError> {
        let is_solved = record.status == "solved";
        let is_to_be_solved = !is_solved && matches!(matter.stage, Stage::Over | Stage::Trial);
        let assignee =
            if is_to_be_solved && record.assignee_id.is_none() { Some(self.me().await?) } else { None };
        let body = form::changed(matter, is_solved, assignee);
        let path = format!("{TICKETS}/{}.json", record.id);
        let ask = Ask { method: Method::PUT, path: &path, query: &[], body: Some(&body), once: None };
        let answer = self.line.ask(ask).await?.ok_or_else(|| self.line.missing())?;
        Ok(self.read::<One>(answer)?.ticket.id.to_string())
    }
}

impl SendHook for Zendesk {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        Box::pin(self.tell(message))
    }

    /// Asks who we are: nobody, or a customer, may not write tickets of others.
    fn look(&self) -> Looking<'_> {
        Box::pin(async move { self.account.me().await.map(drop) })
    }
}
