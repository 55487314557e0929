//! A real decision, made in this process: what the parts of a decision are measured on.

use std::{path::Path, sync::Arc};

use anyhow::{Context, anyhow, ensure};
use countersign_app::{
    App, Tenant,
    access::Caller,
    decide::{Ask, Decided, record::Record},
    outcomes::Outcome,
    reveal::Reason,
};
use countersign_core::{Clock, DecisionId, SubjectId};
use countersign_ledger::receipt::Opening;
use countersign_rights::{Action, How};
use countersign_server::parse_to_measure;
use countersign_store::{NewBody, NewDecision, NewLeaf, Scope, Store};
use serde::Deserialize;

use crate::{
    child::{self, Data},
    clock::{SystemClock, SystemEntropy},
    question,
};

/// Sign-ins in the history of the person.
const PAST: u32 = 20;

/// A service in this process, and one decision of it.
pub struct Real {
    /// The clock that it goes by.
    pub clock: Arc<dyn Clock>,
    /// The use cases.
    pub app: Arc<App>,
    /// The records.
    pub store: Store,
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// What was asked.
    pub ask: Ask,
    /// What was answered.
    pub decided: Decided,
    /// Whose it was.
    pub subject: SubjectId,
    /// The decision's row.
    pub row: NewDecision,
    /// Its leaf and sealed body.
    pub leaf: NewLeaf,
    /// Its record as it was sealed.
    pub body: Vec<u8>,
    /// Its record.
    pub record: Record,
}

#[derive(Deserialize)]
struct Answered {
    decision_id: DecisionId,
}

impl Real {
    /// Makes decisions about a person who completes each sign-in, on SQLite in `folder`, and keeps the last.
    pub async fn make(folder: &Path) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let data = Data::Sqlite(folder.to_owned());
        let (app, store) = child::start(&data, Arc::clone(&clock), Arc::new(SystemEntropy)).await?;
        let tenant = app.tenant(&question::tenant()?)?;
        let by = Caller::local(How::Process);
        let teller = app.permit(&by, Action::TellOutcomes, tenant.id()).await?;
        for past in 0..PAST {
            let decided = app.decide(&tenant, ask(&format!("past {past}"), &*clock)?).await?;
            let Answered { decision_id } = serde_json::from_slice(&decided.answer)?;
            app.report(&teller, &Outcome::Completed { decision_id }).await?;
        }
        let decided = app.decide(&tenant, ask("real", &*clock)?).await?;
        let Answered { decision_id: id } = serde_json::from_slice(&decided.answer)?;
        let row = store.find_decision(Scope::Tenant(tenant.id()), &id).await?.context("no decision")?;
        let leaf = store.find_leaf(Scope::Tenant(tenant.id()), id.as_str()).await?.context("no leaf")?;
        let bodies = store.list_sealed_bodies(Scope::Tenant(tenant.id()), leaf.index).await?.into_iter();
        let bodies = bodies.map(|body| NewBody { key_id: body.key_id, sealed: body.sealed }).collect();
        let permit = app.permit(&by, Action::RevealDecisions, tenant.id()).await?;
        let reason = Reason { actor: Some("bench"), text: "to measure what a record costs" };
        let opened = app.opened_receipt(&permit, id.as_str(), reason).await?.openings.pop();
        let Opening { body, .. } = opened.context("nothing was laid open")?;
        let record: Record = serde_json::from_slice(&body.0)?;
        ensure!(record.profile.is_some(), "the person has no profile");
        Ok(Self {
            ask: ask("again", &*clock)?,
            leaf: NewLeaf { at: row.decision.at, record_id: leaf.record_id, leaf: leaf.leaf, bodies },
            subject: row.subject.context("a decision of nobody")?,
            row: row.decision,
            body: body.0,
            clock,
            app,
            store,
            tenant,
            decided,
            record,
        })
    }
}

/// An ordinary sign-in that arrives now.
pub fn ask(request: &str, clock: &dyn Clock) -> anyhow::Result<Ask> {
    ask_of(question::SIGN_IN.body.as_bytes(), request, clock)
}

/// A request of this body that arrives now.
pub fn ask_of(body: &[u8], request: &str, clock: &dyn Clock) -> anyhow::Result<Ask> {
    let mut ask = parse_to_measure(body).ok_or_else(|| anyhow!("the question is refused"))?;
    ask.call.request_id = Some(request.to_owned());
    ask.call.received = clock.monotonic();
    Ok(ask)
}
