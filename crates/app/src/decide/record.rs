//! What a decision's record holds: enough to explain and replay it with nothing else.

use countersign_core::{Mode, Trigger, Verdict};
use countersign_ledger::leaf::Kind;
use countersign_policy::Decision;
use countersign_risk::{Assessment, Features, Profile};
use countersign_store::NewDecision;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ActionInfo, Ask, Gathered, context};
use crate::{Error, leaves::Draft};

/// The sealed body of a decision's record.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// The decision's id.
    pub decision_id: String,
    /// The event as the Action sent it.
    pub event: Box<RawValue>,
    /// The Action that asked.
    pub action: ActionInfo,
    /// Paths of the fields that the Action cut.
    pub truncated: Vec<String>,
    /// What was read off the event.
    pub features: Features,
    /// The person's profile at that time; `None` when there was none.
    pub profile: Option<Profile>,
    /// What was thought of it.
    pub assessment: Assessment,
    /// What policy said.
    pub decision: Decision,
    /// What went missing on the way.
    pub degraded: Vec<String>,
    /// The policy that held, by its name.
    pub policy: String,
}

#[derive(Serialize)]
struct Body<'a> {
    decision_id: &'a str,
    event: &'a RawValue,
    action: &'a ActionInfo,
    truncated: &'a [String],
    features: &'a Features,
    profile: Option<&'a Profile>,
    assessment: &'a Assessment,
    decision: &'a Decision,
    degraded: &'a [&'static str],
    policy: &'a str,
}

pub(super) fn body(
    ask: &Ask,
    gathered: &Gathered,
    assessment: &Assessment,
    decision: &Decision,
) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Body {
        decision_id: &gathered.id,
        event: &ask.raw_event,
        action: &ask.action,
        truncated: &ask.truncated,
        features: &gathered.features,
        profile: gathered.profile.as_ref(),
        assessment,
        decision,
        degraded: &gathered.degraded,
        policy: gathered.snapshot.etag(),
    })
}

/// The public header: ids, time, kind and versions.
pub(super) fn draft<'a>(ask: &Ask, gathered: &'a Gathered, assessment: &Assessment) -> Draft<'a> {
    let mut draft =
        Draft::new(&gathered.id, gathered.at, Kind::Decision).fact("trigger", &Trigger::PostLogin);
    let ActionInfo { name, version, policy_etag: _ } = &ask.action;
    draft.versions.insert("action".to_owned(), format!("{name}@{version}"));
    draft.versions.insert("engine".to_owned(), assessment.engine.to_string());
    draft.versions.insert("model".to_owned(), assessment.model.to_string());
    draft.versions.insert("policy".to_owned(), gathered.snapshot.etag().to_owned());
    draft
}

pub(super) fn row(
    ask: &Ask,
    gathered: &Gathered,
    assessment: &Assessment,
    decision: &Decision,
) -> Result<NewDecision, Error> {
    let settings = context::settings(&ask.event, &gathered.snapshot);
    let organization = ask.event.organization.as_option();
    Ok(NewDecision {
        id: gathered.id.parse().map_err(Error::internal)?,
        at: gathered.at,
        organization: organization.and_then(|organization| organization.id.as_option().cloned()),
        client: Some(ask.event.client.client_id.clone()),
        trigger: Trigger::PostLogin,
        channel: gathered.features.channel,
        mode: decision.mode,
        level: decision.level,
        score: assessment.score,
        verdict: decision.verdict,
        is_trusted: settings.challenge_threshold().is_none_or(|threshold| assessment.score < threshold),
        is_censored: decision.mode == Mode::Enforce && decision.verdict >= Verdict::Challenge,
    })
}
