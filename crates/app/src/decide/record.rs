//! What a decision's record holds: enough to explain and replay it with nothing else.

use countersign_core::{Level, Mode, Score, Trigger, Verdict};
use countersign_ledger::leaf::Kind;
use countersign_policy::{Decision, Facts, Recorded};
use countersign_risk::{
    Assessment, Features, ModelId, Profile, UserRiskAt, learning::TRUSTED_BELOW, own_model::OwnModelId,
};
use countersign_store::NewDecision;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ActionInfo, Asked, Call, Gathered, Judged};
use crate::{Error, leaves::Draft};

/// What a challenger thought of the same event; it changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenged {
    /// Its score.
    pub score: Score,
    /// The level that the score has by the same thresholds.
    pub level: Level,
    /// Its tag.
    pub model: ModelId,
    /// The own model that counted beside it; `None`: none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_model: Option<OwnModelId>,
}

/// The sealed body of a decision's record.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// The decision's id.
    pub decision_id: String,
    /// What asked.
    pub trigger: Trigger,
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
    /// What was held against the person beside it; `None` where nothing was.
    #[serde(default)]
    pub user_risk: Option<UserRiskAt>,
    /// What a challenger thought of it; `None` without one.
    #[serde(default)]
    pub challenger: Option<Challenged>,
    /// What policy said.
    pub decision: Decision<Recorded>,
    /// What went missing on the way.
    pub degraded: Vec<String>,
    /// The policy that held, by its name.
    pub policy: String,
    /// What a connector told of somebody who signed up.
    #[serde(default)]
    pub enrichment: Facts,
    /// Whether it was at the client of our own console.
    #[serde(default)]
    pub console_client: bool,
}

/// The body as it is written; its bytes are what a leaf commits to, and what a replay must give again.
#[derive(Serialize)]
pub(super) struct Body<'a, E> {
    pub(super) decision_id: &'a str,
    pub(super) trigger: Trigger,
    pub(super) event: &'a RawValue,
    pub(super) action: &'a ActionInfo,
    pub(super) truncated: &'a [String],
    pub(super) features: &'a Features,
    pub(super) profile: Option<&'a Profile>,
    pub(super) assessment: &'a Assessment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_risk: Option<UserRiskAt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) challenger: Option<&'a Challenged>,
    pub(super) decision: &'a Decision<E>,
    pub(super) degraded: &'a [&'a str],
    pub(super) policy: &'a str,
    #[serde(skip_serializing_if = "Facts::is_empty")]
    pub(super) enrichment: &'a Facts,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) console_client: bool,
}

pub(super) fn write_body<E: Serialize>(
    trigger: Trigger,
    call: &Call,
    gathered: &Gathered,
    judged: &Judged<E>,
    out: &mut Vec<u8>,
) -> serde_json::Result<()> {
    let Judged { assessment, user_risk, challenger, decision } = judged;
    let body = Body {
        decision_id: &gathered.id,
        trigger,
        event: &call.raw_event,
        action: &call.action,
        truncated: &call.truncated,
        features: &gathered.features,
        profile: gathered.profile.as_ref(),
        assessment,
        user_risk: *user_risk,
        challenger: challenger.as_ref(),
        decision,
        degraded: &gathered.degraded,
        policy: gathered.snapshot.etag(),
        enrichment: &gathered.facts,
        console_client: gathered.is_console_client,
    };
    serde_json::to_writer(out, &body)
}

/// The public header: ids, time, kind and versions.
pub(super) fn draft<'a, E>(
    trigger: Trigger,
    call: &Call,
    gathered: &'a Gathered,
    judged: &Judged<E>,
) -> Draft<'a> {
    let Judged { assessment, challenger, .. } = judged;
    let mut draft = Draft::new(&gathered.id, gathered.at, Kind::Decision).fact("trigger", &trigger);
    let ActionInfo { name, version, code, policy_etag: _ } = &call.action;
    draft.versions.insert("action".to_owned(), format!("{name}@{version}"));
    if let Some(code) = code {
        draft.hashes.insert("action".to_owned(), code.clone());
    }
    draft.versions.insert("engine".to_owned(), assessment.engine.to_string());
    draft.versions.insert("model".to_owned(), assessment.model.to_string());
    if let Some(own) = &assessment.own_model {
        draft.versions.insert("own_model".to_owned(), own.model.to_string());
    }
    if let Some(challenger) = challenger {
        draft.versions.insert("challenger".to_owned(), challenger.model.to_string());
        if let Some(own) = &challenger.own_model {
            draft.versions.insert("challenger_own_model".to_owned(), own.to_string());
        }
    }
    draft.versions.insert("policy".to_owned(), gathered.snapshot.etag().to_owned());
    if !gathered.reference.is_empty() {
        draft.versions.insert("reference".to_owned(), gathered.reference.join(" "));
    }
    draft
}

pub(super) fn row<T: Asked>(
    event: &T,
    gathered: &Gathered,
    judged: &Judged<T::Effect>,
) -> Result<NewDecision, Error> {
    let Judged { assessment, decision, .. } = judged;
    let (organization, client) = (event.organization(), event.client());
    let settings = gathered.snapshot.document().settings(T::TRIGGER, organization, client);
    let challenged_from = settings.challenge_threshold().unwrap_or(TRUSTED_BELOW);
    Ok(NewDecision {
        id: gathered.id.parse().map_err(Error::internal)?,
        at: gathered.at,
        organization: organization.cloned(),
        client: client.cloned(),
        trigger: T::TRIGGER,
        channel: gathered.features.channel,
        mode: decision.mode,
        level: decision.level,
        score: assessment.score,
        verdict: decision.verdict,
        // Why: where the sign-up owes a challenge, a mere completion confirms nothing, or an account made by fraud would be
        // a trusted one after its first login.
        is_trusted: !gathered.features.owes_challenge
            && assessment.score < challenged_from.min(TRUSTED_BELOW),
        is_censored: !T::TRIGGER.teaches()
            || decision.mode == Mode::Enforce && decision.verdict >= Verdict::Challenge,
    })
}
