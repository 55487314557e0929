//! An event to a recorded, signed-off decision: one way for every trigger.
//!
//! ask → features → assessment → decision → leaf → answer. Everything between reading the profile and committing the
//! leaf is a pure function; a failure on the way is part of the decision (`degraded`), never a reason not to answer,
//! except for the ledger: without a leaf there is no decision.

mod addresses;
mod answer;
mod asked;
mod gather;
mod judge;
mod late;
pub mod record;
mod replay;
mod short_form;
mod trigger;

use std::time::Duration;

use countersign_auth0::trigger::Event;
use countersign_core::{Channel, ClientId, Level, Mode, OrganizationId, Trigger, Verdict};
use countersign_policy::{Circumstances, Decision};
use countersign_risk::{Assessment, UserRiskAt};
use countersign_store::{Commit, Conflict, DecisionRow, Standing, StoreError, Urgency, Write};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{App, Error, Live, Tenant, enrich::Enriched, models::ChallengerFailed};

use self::addresses::Learned;
pub(crate) use self::{
    addresses::{Links, MADE_WITHIN},
    asked::{Asked, Who, circumstances, is_contained},
    gather::Gathered,
    judge::judge,
    late::Late,
};
pub use self::{
    replay::{Replay, replay},
    short_form::Quick,
    trigger::QuickAsk,
};

/// Time in which the leaf must be on disk, at the most and within the deadline (docs/architecture.md, "One decision").
pub const LEDGER_BUDGET: Duration = Duration::from_millis(250);

/// Of the caller's deadline, what is left for the answer's way back.
const WAY_BACK: Duration = Duration::from_millis(50);

/// How long an answer may be applied, in milliseconds.
const VALID_FOR_MS: u32 = 2_000;

/// The Action that asks, by its own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionInfo {
    /// Its name, at most 64 characters.
    pub name: String,
    /// Its version, at most 64 characters.
    pub version: String,
    /// SHA-256 of its code without its CONFIG, 64 hexadecimal digits; `None` from Actions that do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The policy it last saw; `None` when none.
    #[serde(default)]
    pub policy_etag: Option<String>,
}

/// A request for a decision, parsed and authenticated.
pub struct Ask {
    /// The event.
    pub event: Event,
    /// The call that brought it.
    pub call: Call,
}

impl Ask {
    /// The organization that the event names.
    #[must_use]
    pub fn organization(&self) -> Option<&OrganizationId> {
        match &self.event {
            Event::PostLogin(event) => Asked::organization(event.as_ref()),
            Event::PreUserRegistration(event) => Asked::organization(event.as_ref()),
            Event::PostUserRegistration(event) => Asked::organization(event.as_ref()),
            Event::CredentialsExchange(event) => Asked::organization(event.as_ref()),
            Event::PasswordResetPostChallenge(event) => Asked::organization(event.as_ref()),
            Event::PostChangePassword(event) => Asked::organization(event.as_ref()),
            Event::EventStream(event) => Asked::organization(event.as_ref()),
            Event::SendPhoneMessage(event) => Asked::organization(event.as_ref()),
            Event::CustomTokenExchange(event) => Asked::organization(event.as_ref()),
        }
    }

    /// The client that the event names.
    #[must_use]
    pub fn client(&self) -> Option<&ClientId> {
        match &self.event {
            Event::PostLogin(event) => Asked::client(event.as_ref()),
            Event::PreUserRegistration(event) => Asked::client(event.as_ref()),
            Event::PostUserRegistration(event) => Asked::client(event.as_ref()),
            Event::CredentialsExchange(event) => Asked::client(event.as_ref()),
            Event::PasswordResetPostChallenge(event) => Asked::client(event.as_ref()),
            Event::PostChangePassword(event) => Asked::client(event.as_ref()),
            Event::EventStream(event) => Asked::client(event.as_ref()),
            Event::SendPhoneMessage(event) => Asked::client(event.as_ref()),
            Event::CustomTokenExchange(event) => Asked::client(event.as_ref()),
        }
    }
}

/// What came with an event.
pub struct Call {
    /// The signed request's id, answered once; `None` for a request that may be repeated.
    pub request_id: Option<String>,
    /// The event as it came, for the record.
    pub raw_event: Box<RawValue>,
    /// The Action that asks.
    pub action: ActionInfo,
    /// The caller's deadline, counted from `received`.
    pub deadline: Duration,
    /// When the request arrived, or was done waiting for a connector, on the monotonic clock.
    pub received: Duration,
    /// Paths of the fields that the Action cut.
    pub truncated: Vec<String>,
}

/// A decision that is on disk, and its answer.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The answer's JSON, to be signed.
    pub answer: Vec<u8>,
    /// Which trigger asked.
    pub trigger: Trigger,
    /// The mode that held.
    pub mode: Mode,
    /// The level; `None` when nothing was assessed.
    pub level: Option<Level>,
    /// The verdict; `None` when nothing was assessed.
    pub verdict: Option<Verdict>,
    /// Whether operators should be told at once.
    pub is_alert: bool,
    /// What went missing on the way, as codes.
    pub degraded: Vec<&'static str>,
}

/// What is thought of an event, and what policy says of it.
pub(crate) struct Judged<E> {
    pub(crate) assessment: Assessment,
    pub(crate) user_risk: Option<UserRiskAt>,
    pub(crate) challenger: Option<record::Challenged>,
    pub(crate) decision: Decision<E>,
}

/// What was decided about an event, before it is packed for whoever asked.
pub(crate) struct Settled<E> {
    pub(crate) id: String,
    pub(crate) assessment: Assessment,
    pub(crate) user_risk: Option<UserRiskAt>,
    pub(crate) decision: Decision<E>,
    pub(crate) channel: Channel,
    pub(crate) degraded: Vec<&'static str>,
}

impl App {
    /// Decides about an event, records it, and answers once the record is on disk.
    ///
    /// # Errors
    /// `WrongTenant`; `Replayed` when the request's id was answered before; `LedgerUnavailable` when the leaf could not
    /// be written in time.
    pub async fn decide(&self, tenant: &Tenant, mut ask: Ask) -> Result<Decided, Error> {
        let enriched = self.enrich(tenant, &mut ask).await;
        self.decide_with(tenant, ask, enriched).await
    }

    /// As `decide`, once the connector was asked; whoever counts what is under way counts from here.
    ///
    /// # Errors
    /// As `decide`.
    pub async fn decide_with(&self, tenant: &Tenant, ask: Ask, told: Enriched) -> Result<Decided, Error> {
        let Ask { event, call } = ask;
        match &event {
            Event::PostLogin(event) => self.answer(tenant, &call, event.as_ref(), told).await,
            Event::PreUserRegistration(event) => self.answer(tenant, &call, event.as_ref(), told).await,
            Event::PostUserRegistration(event) => self.answer(tenant, &call, event.as_ref(), told).await,
            Event::CredentialsExchange(event) => self.answer(tenant, &call, event.as_ref(), told).await,
            Event::PasswordResetPostChallenge(event) => {
                self.answer(tenant, &call, event.as_ref(), told).await
            }
            Event::PostChangePassword(event) => self.answer(tenant, &call, event.as_ref(), told).await,
            Event::EventStream(event) => self.answer(tenant, &call, event.as_ref(), told).await,
            Event::SendPhoneMessage(event) => self.answer(tenant, &call, event.as_ref(), told).await,
            Event::CustomTokenExchange(event) => self.answer(tenant, &call, event.as_ref(), told).await,
        }
    }

    async fn answer<T: Asked>(
        &self,
        tenant: &Tenant,
        call: &Call,
        event: &T,
        told: Enriched,
    ) -> Result<Decided, Error> {
        let Some(settled) = self.settle(tenant, call, event, told).await? else {
            return Ok(answer::switched_off(T::TRIGGER));
        };
        tenant.findings.asked(T::TRIGGER, call.action.code.as_deref(), self.ports.clock.now());
        let answer = answer::render(T::TRIGGER, &settled)?;
        let Settled { decision, degraded, .. } = settled;
        Ok(Decided {
            answer,
            trigger: T::TRIGGER,
            mode: decision.mode,
            level: Some(decision.level),
            verdict: Some(decision.verdict),
            is_alert: decision.is_alert,
            degraded,
        })
    }

    /// Decides about an event and records it; `None` while Countersign is off there.
    pub(crate) async fn settle<T: Asked>(
        &self,
        tenant: &Tenant,
        call: &Call,
        event: &T,
        told: Enriched,
    ) -> Result<Option<Settled<T::Effect>>, Error> {
        if event.tenant().as_ref() != Some(&tenant.id) {
            return Err(Error::WrongTenant);
        }
        if !tenant.answers(event) {
            return Ok(None);
        }
        let mut gathered = self.gather(tenant, call, event, told).await?;
        let circumstances = Circumstances {
            facts: gathered.facts.clone(),
            is_console_client: gathered.is_console_client,
            ..circumstances(event, &tenant.keys, &gathered.key.subject, gathered.at, &gathered.id)
        };
        let channel = circumstances.channel;
        let Gathered { snapshot, features, profile, .. } = &gathered;
        let models = tenant.models.load_full();
        let (assessment, user_risk, decision) =
            judge(snapshot, circumstances, features, profile.as_ref(), models.champion(), &call.truncated);
        let settings = snapshot.document().settings(T::TRIGGER, event.organization(), event.client());
        let level = |score| settings.thresholds.level(score);
        let challenged = models.challenge(T::TRIGGER, features, profile.as_ref(), level);
        if models.is_own_lost() || assessment.own_model.as_ref().is_some_and(|own| own.has_failed) {
            gathered.degraded.push("own_model_failed");
        }
        let challenger = challenged.unwrap_or_else(|ChallengerFailed| {
            gathered.degraded.push("challenger_failed");
            None
        });
        let judged = Judged { assessment, user_risk, challenger, decision };
        let (commit, learned) = self.commit::<T>(tenant, call, event, &gathered, &judged)?;
        let row = self.append(tenant, call, &gathered, commit).await?;
        self.remember(tenant, learned);
        tenant.velocity.lock().note(&gathered.sightings, gathered.at);
        self.feed.tell(|| Live { tenant: tenant.id.clone(), row });
        if T::TRIGGER == Trigger::PostChangePassword {
            self.note_password_change(tenant, event, &gathered).await;
        }
        let Judged { assessment, user_risk, decision, .. } = judged;
        if decision.is_alert {
            tracing::warn!(tenant.id = %tenant.id, decision.id = %gathered.id, trigger = %T::TRIGGER, level = %decision.level, "a risky event");
        }
        let Gathered { id, degraded, .. } = gathered;
        Ok(Some(Settled { id, assessment, user_risk, decision, channel, degraded }))
    }

    fn commit<T: Asked>(
        &self,
        tenant: &Tenant,
        call: &Call,
        event: &T,
        gathered: &Gathered,
        judged: &Judged<T::Effect>,
    ) -> Result<(Commit, Learned), Error> {
        let draft = record::draft(T::TRIGGER, call, gathered, judged);
        let leaf = self.personal_leaf_of(tenant, draft, &gathered.key, |out| {
            record::write_body(T::TRIGGER, call, gathered, judged, out).map_err(Error::internal)
        })?;
        let row = record::row(event, gathered, judged)?;
        let mut writes = Vec::with_capacity(3);
        if let Some(id) = &call.request_id {
            writes.push(Write::Request { id: id.clone(), at: gathered.at });
        }
        let mut learned = self.learned(event, tenant, gathered, &row);
        writes.append(&mut learned.writes);
        writes.push(Write::Decision(row));
        let commit = Commit {
            tenant: tenant.id.clone(),
            urgency: Urgency::Decision,
            expires_at: Some(call.ledger_deadline()),
            fence: None,
            leaves: vec![leaf],
            writes,
        };
        Ok((commit, learned))
    }

    /// What is left of the budget in which the leaf must be on disk.
    fn left(&self, call: &Call) -> Duration {
        call.ledger_deadline().saturating_sub(self.ports.clock.monotonic())
    }

    /// Waits for the leaf as long as the budget lasts.
    async fn append(
        &self,
        tenant: &Tenant,
        call: &Call,
        gathered: &Gathered,
        commit: Commit,
    ) -> Result<DecisionRow, Error> {
        let row = commit.writes.iter().find_map(|write| match write {
            Write::Decision(row) => Some(row.clone()),
            _ => None,
        });
        let store = self.ports.store.clone();
        let mut committing: late::Committing = Box::pin(async move { store.commit(commit).await });
        let committed = match tokio::time::timeout(self.left(call), &mut committing).await {
            Ok(Ok(committed)) => committed,
            Ok(Err(StoreError::Conflict(Conflict::Request))) => return Err(Error::Replayed),
            Ok(Err(error)) => {
                tracing::error!(tenant.id = %tenant.id, %error, "a decision could not be recorded");
                tenant.gap.lock().end_failed(&error, row.map(|row| row.id), self.ports.clock.now());
                return Err(Error::LedgerUnavailable);
            }
            Err(_) => {
                tracing::error!(tenant.id = %tenant.id, "a decision could not be recorded within its budget");
                return Err(self.await_late(tenant, committing, row.map(|row| row.id)));
            }
        };
        let decision = row.ok_or_else(|| Error::internal("a commit without its decision"))?;
        Ok(DecisionRow {
            decision,
            leaf_index: committed.first_index,
            subject: Some(gathered.key.subject.clone()),
            standing: Standing::Open,
            granted: 0,
            at_tenant: None,
        })
    }
}

impl Call {
    /// The time that something may take before the leaf's begins, at `now` on the monotonic clock.
    pub(crate) fn spare(&self, now: Duration) -> Duration {
        (self.received + self.deadline).saturating_sub(now + LEDGER_BUDGET + WAY_BACK)
    }

    /// Begins the leaf's time at `now`, within the same deadline: what was waited for before is not the ledger's.
    pub(crate) fn resume(&mut self, now: Duration) {
        self.deadline = self.deadline.saturating_sub(now.saturating_sub(self.received));
        self.received = now;
    }

    /// When the leaf must be on disk, on the monotonic clock.
    pub(crate) fn ledger_deadline(&self) -> Duration {
        self.received + ledger_budget(self.deadline)
    }
}

/// The time from arrival in which the leaf must be on disk.
fn ledger_budget(deadline: Duration) -> Duration {
    // Why: of the shortest deadlines the way back would take all, and nothing could be recorded in time.
    deadline.saturating_sub(WAY_BACK).max(deadline / 2).min(LEDGER_BUDGET)
}
