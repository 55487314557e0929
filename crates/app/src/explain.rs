//! A decision without a server, a history or a record: what policy would say of one event.

use countersign_auth0::trigger::post_login::PostLogin;
use countersign_core::{Score, Timestamp};
use countersign_policy::{Decision, Snapshot, Thresholds};
use countersign_privacy::TenantKeys;
use countersign_risk::{Assessment, Flip, Model};
use serde::Serialize;

use crate::decide::{circumstances, judge};

/// What would be decided about an event, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// What is thought of it.
    pub assessment: Assessment,
    /// What policy says.
    pub decision: Decision,
    /// The smallest change that would lower the level; `None` when none would.
    pub flip: Option<Flip>,
}

/// Explains an event as the sign-in of a person without history.
#[must_use]
pub fn explain(event: &PostLogin, policy: &Snapshot, keys: &TenantKeys, at: Timestamp) -> Explanation {
    let features = countersign_risk::extract(event, at);
    let subject = keys.subject(&event.user.user_id);
    let circumstances = circumstances(event, keys, &subject, at, "none");
    let settings = policy.document().settings(
        circumstances.trigger,
        circumstances.organization.as_ref(),
        circumstances.client.as_ref(),
    );
    let (assessment, decision) = judge(policy, circumstances, &features, None, &Model::default(), &[]);
    let flip = flip(&assessment, settings.thresholds);
    Explanation { assessment, decision, flip }
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
    use countersign_core::Secret;
    use countersign_policy::{Claims, Document};
    use countersign_privacy::MasterKey;

    use super::*;

    #[test]
    fn an_explanation_names_the_reasons_in_the_claim_as_the_service_does() {
        let event: PostLogin =
            serde_json::from_str(include_str!("../../../fixtures/events/post-login.high-risk.json")).unwrap();
        let mut document = Document::default();
        document.tenant.claims = Some(Claims { risk_reason: true, in_every_mode: true, ..Claims::default() });
        let policy = Snapshot::new(document).unwrap();
        let keys = MasterKey::new(&Secret::new(vec![5; 32])).unwrap().tenant(&event.tenant.id);
        let explained = explain(&event, &policy, &keys, Timestamp::from_seconds(1_787_212_800));
        let effects = serde_json::to_value(&explained.decision.effects).unwrap();
        let codes: Vec<String> =
            explained.assessment.reasons.iter().map(|reason| reason.code.to_string()).collect();
        let claimed = effects[0]["args"][1].as_array().unwrap();
        assert!(!claimed.is_empty(), "{effects}");
        assert!(claimed.iter().all(|code| codes.iter().any(|known| code == known)), "{effects}");
    }
}
