//! From features to a decision: the one way, with a server or without.

use countersign_policy::{Circumstances, Decision, Realize, Snapshot};
use countersign_risk::{Assessment, Features, Profile, UserRiskAt};

use crate::models::Scorer;

/// Paths that the shipped Action names at the most: of a full list, some may be missing.
const MAX_CUTS: usize = 64;

/// The lists of roles.
const ROLES: &[&str] = &["authorization.roles"];

/// The lists of scopes that a machine's event may have.
const SCOPES: &[&str] = &["accessToken.scope", "transaction.requested_scopes", "transaction.target_scopes"];

/// Assesses an event and decides about it. `truncated` are the paths of the fields that the Action cut.
///
/// How much is held against the person goes to the policy alone: it never enters the score.
///
/// Of the scopes in `circumstances` those remain that are new to the machine; none where the list was cut, since what
/// was cut could not be taken away.
pub(crate) fn judge<E: Realize>(
    policy: &Snapshot,
    circumstances: Circumstances,
    features: &Features,
    profile: Option<&Profile>,
    scorer: Scorer<'_>,
    truncated: &[String],
) -> (Assessment, Option<UserRiskAt>, Decision<E>) {
    let user_risk = countersign_risk::user_risk(profile, features);
    let assessment = scorer.assess(circumstances.trigger, features, profile);
    let raising = assessment.reasons.iter().filter(|reason| reason.micro > 0);
    let requested =
        circumstances.new_scopes.iter().map(String::as_str).filter(|_| !may_lack(SCOPES, truncated));
    let unseen = countersign_risk::unseen_scopes(requested, features, profile, scorer.model.constants());
    let circumstances = Circumstances {
        new_scopes: unseen.into_iter().map(str::to_owned).collect(),
        roles_truncated: may_lack(ROLES, truncated),
        reason_codes: raising.map(|reason| reason.code.to_string()).collect(),
        is_first_login: features.is_new_account,
        owes_challenge: features.owes_challenge,
        user_risk: user_risk.map(|held| held.level),
        ..circumstances
    };
    let decision = countersign_policy::decide(policy.document(), assessment.score, &circumstances);
    (assessment, user_risk, decision)
}

/// Whether one of these lists, or what holds it, was cut.
fn may_lack(lists: &[&str], truncated: &[String]) -> bool {
    let is_cut = |list: &&str| {
        let within = |outer: &str, inner: &str| {
            let rest = inner.strip_prefix(outer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        truncated.iter().any(|path| within(path, list) || within(list, path))
    };
    truncated.len() >= MAX_CUTS || lists.iter().any(is_cut)
}

#[cfg(test)]
mod tests {
    use countersign_auth0::trigger::credentials_exchange::{CredentialsExchange, Effect};
    use countersign_core::{Channel, Level, Mode, Score, Timestamp, Trigger, Verdict};
    use countersign_policy::{Document, Thresholds};
    use countersign_risk::{Context, Extract, Readings, ReadyModel, Reference};
    use serde_json::{Value, json};

    use super::*;
    use crate::decide::Asked;

    const EXCHANGE: &str = include_str!("../../../../fixtures/events/credentials-exchange.json");

    fn asking(scopes: &Value) -> CredentialsExchange {
        let mut event: Value = serde_json::from_str(EXCHANGE).unwrap();
        event["request"].as_object_mut().unwrap().remove("body");
        event["transaction"]["target_scopes"] = scopes.clone();
        serde_json::from_value(event).unwrap()
    }

    fn features(event: &CredentialsExchange) -> Features {
        let (reference, readings) = (Reference::default(), Readings::default());
        let context = Context { readings, ..Context::new(&reference) };
        event.extract(Timestamp::from_seconds(1_787_212_800), &context)
    }

    fn known() -> Profile {
        confirmed(&json!(["read:orders", "write:orders"]))
    }

    /// A machine that asked for the same scopes sixty times.
    fn confirmed(scopes: &Value) -> Profile {
        let usual = features(&asking(scopes));
        let mut profile = Profile::default();
        for key in 0..60 {
            profile.credit(&usual, key, 1_000);
        }
        profile
    }

    /// Decides where every event is challenged and new scopes are taken away.
    fn reduced(scopes: &Value, profile: Option<&Profile>, truncated: &[&str]) -> Decision<Effect> {
        let mut document = Document::default();
        document.tenant.mode = Some(Mode::Enforce);
        document.tenant.reduce_scopes = Some(true);
        let high = Score::from_percent(0);
        document.tenant.thresholds =
            Some(Thresholds { medium: high, high, critical: Score::from_percent(100) });
        let policy = Snapshot::new(document).unwrap();
        let event = asking(scopes);
        let features = features(&event);
        let basis = Circumstances::new(Trigger::CredentialsExchange, Channel::Exchange, features.at);
        let model = ReadyModel::default();
        let shipped = Scorer { model: &model, own: None };
        let truncated: Vec<String> = truncated.iter().map(|path| (*path).to_owned()).collect();
        judge(&policy, event.circumstances(basis), &features, profile, shipped, &truncated).2
    }

    fn removed(scopes: &Value, profile: Option<&Profile>, truncated: &[&str]) -> Vec<String> {
        let decision = reduced(scopes, profile, truncated);
        assert_eq!(decision.level, Level::High);
        let removed = decision.effects.iter().map(|effect| match effect {
            Effect::RemoveTargetScope { scope } => Some(scope.to_string()),
            _ => None,
        });
        let removed: Option<Vec<String>> = removed.collect();
        let expected = if removed.is_some() { Verdict::Challenge } else { Verdict::Deny };
        assert_eq!(decision.verdict, expected);
        removed.unwrap_or_default()
    }

    #[test]
    fn of_a_known_machine_s_scopes_only_the_new_one_is_taken_away() {
        let wider = json!(["read:orders", "write:users", "write:orders"]);
        assert_eq!(removed(&wider, Some(&known()), &[]), ["write:users"]);
        assert_eq!(removed(&json!(["write:users delete:users"]), Some(&known()), &[]).len(), 2);
    }

    #[test]
    fn a_machine_is_refused_where_no_scope_can_be_told_to_be_new() {
        let wider = json!(["read:orders", "write:users"]);
        let usual = json!(["read:orders"]);
        let (long, many) = ("x".repeat(281), (0..150).map(|n| format!("read:{n}")).collect::<Vec<_>>());
        for (scopes, profile, truncated) in [
            (&usual, Some(known()), &[][..]),
            (&wider, None, &[]),
            (&wider, Some(Profile::default()), &[]),
            (&wider, Some(known()), &["transaction.target_scopes[64]"]),
            (&wider, Some(known()), &["transaction"]),
            (&wider, Some(known()), &["accessToken.scope"]),
            (&json!(["write:users", long]), Some(confirmed(&json!([long]))), &[]),
            (&json!(many), Some(known()), &[]),
        ] {
            assert_eq!(removed(scopes, profile.as_ref(), truncated), [""; 0], "{truncated:?}");
        }
        let elsewhere = ["transaction.correlation_id"];
        assert_eq!(removed(&wider, Some(&known()), &elsewhere), ["write:users"]);
    }

    #[test]
    fn roles_may_be_missing_where_their_path_or_too_many_were_cut() {
        let lack = |paths: &[&str]| {
            may_lack(ROLES, &paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>())
        };
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
