//! A decision without a server, a history or a record: what policy would say of one event.

use countersign_auth0::trigger::post_login::PostLogin;
use countersign_core::{Score, Timestamp};
use countersign_policy::{Decision, Snapshot, Thresholds};
use countersign_privacy::TenantKeys;
use countersign_risk::{Assessment, Flip, Model};
use serde::Serialize;

use crate::decide::circumstances;

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
    let assessment = countersign_risk::assess(&features, None, &Model::default());
    let subject = keys.subject(&event.user.user_id);
    let circumstances = circumstances(event, keys, &subject, at, "none");
    let decision = countersign_policy::decide(policy.document(), assessment.score, &circumstances);
    let settings = policy.document().settings(
        circumstances.trigger,
        circumstances.organization.as_ref(),
        circumstances.client.as_ref(),
    );
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
