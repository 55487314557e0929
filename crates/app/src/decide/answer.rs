//! What the Action is told.

use countersign_core::{Channel, Level, MicroLogit, Mode, Score, Trigger};
use countersign_policy::{Because, Withheld};
use countersign_risk::{Assessment, Contribution, ModelId, UserRiskAt};
use serde::Serialize;

use super::{Decided, Settled, VALID_FOR_MS};
use crate::Error;

/// Room for an answer, in bytes: most are shorter.
const USUAL_BYTES: usize = 4 * 1_024;

#[derive(Serialize)]
struct Answer<'a, E> {
    decision_id: Option<&'a str>,
    trigger: Trigger,
    channel: Option<Channel>,
    mode: Mode,
    risk: Option<Risk<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_risk: Option<UserRiskAt>,
    effects: &'a [E],
    withheld: &'a [Withheld<E>],
    because: &'a [Because],
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
    model: &'a ModelId,
}

pub(super) fn render<E: Serialize>(trigger: Trigger, settled: &Settled<E>) -> Result<Vec<u8>, Error> {
    let Settled { id, assessment, user_risk, decision, channel, degraded } = settled;
    let Assessment { score, logit_micro, confidence, reasons, model, .. } = assessment;
    let risk = Risk {
        score: *score,
        level: decision.level,
        confidence: *confidence,
        logit_micro: *logit_micro,
        reasons,
        model,
    };
    let answer = Answer {
        decision_id: Some(id),
        trigger,
        channel: Some(*channel),
        mode: decision.mode,
        risk: Some(risk),
        user_risk: *user_risk,
        effects: &decision.effects,
        withheld: &decision.withheld,
        because: &decision.because,
        degraded,
        valid_for_ms: VALID_FOR_MS,
    };
    let mut out = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut out, &answer).map_err(Error::internal)?;
    Ok(out)
}

/// The answer while Countersign is off: nothing is assessed, nothing recorded, nothing done.
pub(super) fn switched_off(trigger: Trigger) -> Decided {
    let answer: Answer<'_, ()> = Answer {
        decision_id: None,
        trigger,
        channel: None,
        mode: Mode::Off,
        risk: None,
        user_risk: None,
        effects: &[],
        withheld: &[],
        because: &[Because::ModeOff],
        degraded: &[],
        valid_for_ms: VALID_FOR_MS,
    };
    let answer = serde_json::to_vec(&answer).unwrap_or_default();
    Decided {
        answer,
        trigger,
        mode: Mode::Off,
        level: None,
        verdict: None,
        is_alert: false,
        degraded: Vec::new(),
    }
}
