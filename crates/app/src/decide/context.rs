//! From an event to what policy needs of it.

use countersign_auth0::trigger::post_login::{IdentityKind, PostLogin};
use countersign_core::{SubjectId, Timestamp, Trigger};
use countersign_policy::{Circumstances, Decision, Settings, Snapshot};
use countersign_privacy::TenantKeys;
use countersign_risk::{Assessment, Features, Model, Profile};

/// Paths that the shipped Action names at the most: of a full list, some may be missing.
const MAX_CUTS: usize = 64;

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
        roles_truncated: false,
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

/// Assesses a sign-in and decides about it: the one way from features to a decision, with a server or without.
/// `truncated` are the paths of the fields that the Action cut.
pub(crate) fn judge(
    policy: &Snapshot,
    circumstances: Circumstances,
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
    truncated: &[String],
) -> (Assessment, Decision) {
    let assessment = countersign_risk::assess(features, profile, model);
    let raising = assessment.reasons.iter().filter(|reason| reason.micro > 0);
    let circumstances = Circumstances {
        roles_truncated: may_lack_roles(truncated),
        reason_codes: raising.map(|reason| reason.code.to_string()).collect(),
        ..circumstances
    };
    let decision = countersign_policy::decide(policy.document(), assessment.score, &circumstances);
    (assessment, decision)
}

/// Whether the list of roles, or what holds it, was cut.
fn may_lack_roles(truncated: &[String]) -> bool {
    let under = |path: &String| {
        let rest = path.strip_prefix("authorization.roles");
        path == "authorization" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    truncated.len() >= MAX_CUTS || truncated.iter().any(under)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_may_be_missing_where_their_path_or_too_many_were_cut() {
        let lack =
            |paths: &[&str]| may_lack_roles(&paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>());
        for path in
            ["authorization.roles", "authorization.roles.3", "authorization.roles[3]", "authorization"]
        {
            assert!(lack(&["user.name", path]), "{path}");
        }
        assert!(lack(&["user.name"; MAX_CUTS]));
        for path in ["authorization.roles_of_others", "user.authorization.roles", "request.user_agent"] {
            assert!(!lack(&[path]), "{path}");
        }
        assert!(!lack(&[]));
    }
}
