//! From an event to what policy needs of it.

use countersign_auth0::trigger::post_login::{IdentityKind, PostLogin};
use countersign_core::{SubjectId, Timestamp, Trigger};
use countersign_policy::{Circumstances, Settings, Snapshot};
use countersign_privacy::TenantKeys;
use countersign_risk::Assessment;

/// What policy takes from a sign-in; `reference` is what a refused person may quote.
#[must_use]
pub fn circumstances(
    event: &PostLogin,
    keys: &TenantKeys,
    subject: &SubjectId,
    at: Timestamp,
    reference: &str,
) -> Circumstances {
    let enrolled = event.enrolled_factors();
    let passed = event.passed_factors();
    let roles = event.authorization.as_option().and_then(|authorization| authorization.roles.as_option());
    Circumstances {
        trigger: Trigger::PostLogin,
        channel: event.channel(),
        at,
        organization: event
            .organization
            .as_option()
            .and_then(|organization| organization.id.as_option().cloned()),
        client: Some(event.client.client_id.clone()),
        roles: roles.cloned().unwrap_or_default(),
        is_federated: event.identity_kind() == IdentityKind::Federated,
        percentile: keys.percentile(subject),
        enrolled_none: enrolled.is_empty(),
        usable_factors: enrolled
            .into_iter()
            .filter(|factor| !passed.contains(factor) && event.independent_of_first_factor(factor))
            .collect(),
        newest_mfa_at: event.newest_mfa_at(),
        reason_codes: Vec::new(),
        reference: reference.to_owned(),
    }
}

/// The settings that hold for a sign-in.
pub(super) fn settings(event: &PostLogin, policy: &Snapshot) -> Settings {
    let organization = event.organization.as_option().and_then(|organization| organization.id.as_option());
    policy.document().settings(Trigger::PostLogin, organization, Some(&event.client.client_id))
}

/// Adds the codes of what raised the risk, heaviest first.
pub(super) fn with_reasons(circumstances: Circumstances, assessment: &Assessment) -> Circumstances {
    let raising = assessment.reasons.iter().filter(|reason| reason.micro > 0);
    Circumstances { reason_codes: raising.map(|reason| reason.code.to_string()).collect(), ..circumstances }
}
