//! A decision without a server, a history or a record: what policy would say of one event.

use countersign_auth0::trigger::Event;
use countersign_core::{Score, Timestamp};
use countersign_policy::{Decision, Recorded, Snapshot, Thresholds};
use countersign_privacy::TenantKeys;
use countersign_risk::{Assessment, Context, Flip, ReadyModel};
use serde::Serialize;

use crate::{
    Error,
    decide::{Asked, circumstances, judge},
    models::Scorer,
    reference::Lists,
};

/// What would be decided about an event, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// What is thought of it.
    pub assessment: Assessment,
    /// What policy says.
    pub decision: Decision<Recorded>,
    /// The smallest change that would lower the level; `None` when none would.
    pub flip: Option<Flip>,
}

/// Explains an event as one of a person or client without history.
///
/// # Errors
/// `Internal` when an effect has no form on the wire, which must not happen.
pub fn explain(
    event: &Event,
    policy: &Snapshot,
    keys: &TenantKeys,
    at: Timestamp,
) -> Result<Explanation, Error> {
    match event {
        Event::PostLogin(event) => one(event.as_ref(), policy, keys, at),
        Event::PreUserRegistration(event) => one(event.as_ref(), policy, keys, at),
        Event::PostUserRegistration(event) => one(event.as_ref(), policy, keys, at),
        Event::CredentialsExchange(event) => one(event.as_ref(), policy, keys, at),
        Event::PasswordResetPostChallenge(event) => one(event.as_ref(), policy, keys, at),
        Event::PostChangePassword(event) => one(event.as_ref(), policy, keys, at),
        Event::EventStream(event) => one(event.as_ref(), policy, keys, at),
        Event::SendPhoneMessage(event) => one(event.as_ref(), policy, keys, at),
        Event::CustomTokenExchange(event) => one(event.as_ref(), policy, keys, at),
    }
}

fn one<T: Asked>(
    event: &T,
    policy: &Snapshot,
    keys: &TenantKeys,
    at: Timestamp,
) -> Result<Explanation, Error> {
    let reference = Lists::default().prepare(policy);
    let context = Context::new(&reference);
    let features = event.extract(at, &context);
    let subject = event.who().subject(keys);
    let circumstances = circumstances(event, keys, &subject, at, "none");
    let settings = policy.document().settings(T::TRIGGER, event.organization(), event.client());
    let model = ReadyModel::default();
    let shipped = Scorer { model: &model, own: None };
    let (assessment, _, decision) = judge::<T::Effect>(policy, circumstances, &features, None, shipped, &[]);
    let flip = flip(&assessment, settings.thresholds);
    let decision = serde_json::to_vec(&decision).map_err(Error::internal)?;
    let decision = serde_json::from_slice(&decision).map_err(Error::internal)?;
    Ok(Explanation { assessment, decision, flip })
}

/// The smallest change that would lower the level of an assessment.
#[must_use]
pub fn flip(assessment: &Assessment, thresholds: Thresholds) -> Option<Flip> {
    let Thresholds { medium, high, critical } = thresholds;
    let scores: [Score; 3] = [medium, high, critical];
    countersign_risk::counterfactual(assessment, &scores)
}

#[cfg(test)]
mod tests {
    use countersign_core::{Secret, TenantId, Trigger};
    use countersign_policy::{Claims, Document};
    use countersign_privacy::MasterKey;

    use super::*;

    fn explained(trigger: Trigger, event: &str, document: Document) -> Explanation {
        let event = Event::decode(trigger, event.as_bytes(), "event").unwrap();
        let tenant: TenantId = "example-tenant".parse().unwrap();
        let keys = MasterKey::new(&Secret::new(vec![5; 32])).unwrap().tenant(&tenant);
        let policy = Snapshot::new(document).unwrap();
        explain(&event, &policy, &keys, Timestamp::from_seconds(1_787_212_800)).unwrap()
    }

    #[test]
    fn an_explanation_names_the_reasons_in_the_claim_as_the_service_does() {
        let mut document = Document::default();
        document.tenant.claims = Some(Claims { risk_reason: true, in_every_mode: true, ..Claims::default() });
        let event = include_str!("../../../fixtures/events/post-login.high-risk.json");
        let explained = explained(Trigger::PostLogin, event, document);
        let effects = serde_json::to_value(&explained.decision.effects).unwrap();
        let codes: Vec<String> =
            explained.assessment.reasons.iter().map(|reason| reason.code.to_string()).collect();
        let claimed = effects[0]["args"][1].as_array().unwrap();
        assert!(!claimed.is_empty(), "{effects}");
        assert!(claimed.iter().all(|code| codes.iter().any(|known| code == known)), "{effects}");
    }
}
