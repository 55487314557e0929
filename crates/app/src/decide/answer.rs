//! What the Action is told.

use countersign_core::{Channel, Level, MicroLogit, Mode, Score, Trigger};
use countersign_policy::{Decision, Withheld};
use countersign_risk::{Assessment, Contribution};
use serde::Serialize;

use super::{Decided, VALID_FOR_MS};
use crate::Error;

#[derive(Serialize)]
struct Answer<'a> {
    decision_id: Option<&'a str>,
    trigger: Trigger,
    channel: Option<Channel>,
    mode: Mode,
    risk: Option<Risk<'a>>,
    effects: &'a [countersign_auth0::trigger::post_login::Effect],
    withheld: &'a [Withheld],
    because: &'a [countersign_policy::Because],
    degraded: &'a [&'static str],
    valid_for_ms: u32,
}

#[derive(Serialize)]
struct Risk<'a> {
    score: Score,
    level: Level,
    confidence: Score,
    logit_micro: MicroLogit,
    reasons: &'a [Contribution],
    model: &'a countersign_risk::ModelId,
}

pub(super) fn render(
    id: &str,
    assessment: &Assessment,
    decision: &Decision,
    channel: Channel,
    degraded: &[&'static str],
) -> Result<Vec<u8>, Error> {
    let risk = Risk {
        score: assessment.score,
        level: decision.level,
        confidence: assessment.confidence,
        logit_micro: assessment.logit_micro,
        reasons: &assessment.reasons,
        model: &assessment.model,
    };
    let answer = Answer {
        decision_id: Some(id),
        trigger: Trigger::PostLogin,
        channel: Some(channel),
        mode: decision.mode,
        risk: Some(risk),
        effects: &decision.effects,
        withheld: &decision.withheld,
        because: &decision.because,
        degraded,
        valid_for_ms: VALID_FOR_MS,
    };
    serde_json::to_vec(&answer).map_err(Error::internal)
}

/// The answer while Countersign is off: nothing is assessed, nothing recorded, nothing done.
pub(super) fn switched_off() -> Decided {
    let answer = Answer {
        decision_id: None,
        trigger: Trigger::PostLogin,
        channel: None,
        mode: Mode::Off,
        risk: None,
        effects: &[],
        withheld: &[],
        because: &[countersign_policy::Because::ModeOff],
        degraded: &[],
        valid_for_ms: VALID_FOR_MS,
    };
    let answer = serde_json::to_vec(&answer).unwrap_or_default();
    Decided { answer, mode: Mode::Off, level: None, verdict: None, is_alert: false, degraded: Vec::new() }
}
