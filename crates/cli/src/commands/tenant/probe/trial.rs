//! What only writing tells, tried on things that are made for it and deleted again in every case.

use std::time::Duration;

use anyhow::{Context, bail};
use countersign_app::management::{Authority, Cause, Error, Lane};
use countersign_auth0::{
    Dictionary,
    management::{Request, actions},
};
use countersign_core::Entropy;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{sync::watch, task::JoinSet};

use super::{
    Answers, draft, organization,
    questions::{Answer, Name},
    unanswered,
};
use crate::{
    args::{Accepting, Connected},
    clock::SystemEntropy,
    commands::tenant::apply::Work,
    data_dir::hex,
    listen::signals,
};

/// How often a deletion is tried, and a write that the tenant has no room for; with how long between, where the tenant names no time.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// The longest that is waited for a tenant that has no room.
const LONGEST: Duration = Duration::from_secs(60);

/// The status of what is not there.
pub const NOT_FOUND: u16 = 404;

/// The connection that writes, and what could not be deleted.
pub struct Trial {
    work: Work,
    /// The name of what is made.
    pub name: String,
    cause: Cause,
    left: Vec<String>,
    /// Changes when the process is asked to end.
    ended: watch::Receiver<bool>,
    _signals: (watch::Sender<bool>, JoinSet<()>),
}

/// An object as a body.
pub fn fields(value: Value) -> Dictionary {
    match value {
        Value::Object(fields) => fields.into(),
        _ => serde_json::Map::new().into(),
    }
}

impl Trial {
    /// Opens it, and holds the credential to the accepted scopes; nothing is written yet.
    pub async fn open(connected: &Connected, scopes: &str) -> anyhow::Result<Self> {
        let accepting = Accepting { accept_scopes: scopes.to_owned(), actor: "operator".to_owned() };
        let work = Work::open(connected, &accepting).await?;
        // Why asked first: the tenant says with its first answer what the credential has.
        match work.management.read(&actions::triggers(), Lane::Interactive).await {
            Ok(_) | Err(Error::Scope { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let granted = work.management.scopes();
        let granted = granted.context("the tenant does not say which scopes the credential has")?;
        let beyond: Vec<&str> =
            granted.iter().filter(|scope| !work.accepted.contains(*scope)).map(String::as_str).collect();
        if !beyond.is_empty() {
            bail!("the credential has scopes that were not accepted: {}", beyond.join(" "));
        }
        let mut random = [0_u8; 8];
        SystemEntropy.fill(&mut random)?;
        let name = format!("countersign-probe-{}", hex(&random));
        let cause = Cause {
            correlation_id: name.clone(),
            actor: work.actor.clone(),
            reason: "finds out what the tenant does with things that are made for it and deleted again"
                .to_owned(),
            authority: Authority::Plan("probe".to_owned()),
        };
        let (sender, ended, tasks) = signals()?;
        Ok(Self { work, name, cause, left: Vec::new(), ended, _signals: (sender, tasks) })
    }

    /// Asks everything that writing tells, of what the accepted scopes allow.
    pub async fn ask(&mut self, answers: &mut Answers) -> anyhow::Result<()> {
        match self.missing(&organization::SCOPES) {
            Some(why) => {
                answers.extend([(Name::Metadata, why.clone()), (Name::Members, why)]);
            }
            None => organization::ask(self, answers).await?,
        }
        match self.missing(&draft::SCOPES) {
            Some(why) => drop(answers.insert(Name::Memory, why)),
            None => draft::ask(self, answers).await?,
        }
        Ok(())
    }

    /// Signs what was recorded; what could not be deleted.
    pub async fn close(self) -> anyhow::Result<Vec<String>> {
        self.work.sign().await?;
        Ok(self.left)
    }

    fn missing(&self, scopes: &[&str]) -> Option<Answer> {
        let missing: Vec<&str> =
            scopes.iter().filter(|scope| !self.work.accepted.contains(**scope)).copied().collect();
        let why = || format!("these scopes were not accepted: {}", missing.join(" "));
        (!missing.is_empty()).then(|| Answer::NotAsked(why()))
    }

    /// Reads.
    pub async fn read<T: DeserializeOwned>(&self, request: &Request<T>) -> Result<T, Error> {
        self.work.management.read(request, Lane::Interactive).await
    }

    /// Writes, and has it recorded.
    pub async fn write<T: DeserializeOwned>(&self, request: &Request<T>) -> Result<T, Error> {
        for _ in 1..TRIES {
            let written = self.work.management.write(request, Lane::Interactive, &self.cause).await;
            match written {
                Err(Error::Limited { after, .. }) if after.is_none_or(|after| after <= LONGEST) => {
                    tokio::time::sleep(after.unwrap_or(PAUSE)).await;
                }
                ended => return ended,
            }
        }
        self.work.management.write(request, Lane::Interactive, &self.cause).await
    }

    /// Waits for what asks about something that was made, or until the process is asked to end: then the answer is `None`.
    pub async fn unless_ended<T>(&self, asking: impl Future<Output = T>) -> Option<T> {
        let mut ended = self.ended.clone();
        tokio::select! {
            biased;
            _ = ended.wait_for(|is_ended| *is_ended) => None,
            answer = asking => Some(answer),
        }
    }

    /// Deletes what was made; what can't be deleted is noted with why.
    pub async fn delete<T: DeserializeOwned>(&mut self, what: &str, request: &Request<T>) {
        for tried in 1..=TRIES {
            let error = match self.write(request).await {
                Ok(_) => return,
                Err(Error::Refused { refusal, .. }) if refusal.status == NOT_FOUND => return,
                Err(error) => error,
            };
            if tried == TRIES {
                self.left.push(format!("{what} `{}`: {error}", self.name));
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Notes that something may have been made and can't be looked for.
    pub fn note(&mut self, what: &str, error: &Error) {
        self.left.push(format!("{what} `{}`, if there is one: {error}", self.name));
    }
}

/// What a question comes to that may have been broken off.
pub fn answer(asked: Option<Result<Answer, Error>>) -> anyhow::Result<Answer> {
    match asked {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(error)) => unanswered(error),
        None => bail!("it was interrupted; what was made for it is deleted, or named above"),
    }
}
