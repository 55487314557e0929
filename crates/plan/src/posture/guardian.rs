//! Whether the tenant can and does ask for the second factors that our policy counts on.

use std::collections::BTreeSet;

use countersign_core::{Mode, Trigger};

use super::{Area, Check, Fallback, Finding, Rule, Severity, View};

const NO_FACTOR: Rule = Rule::new("guardian.no_factor", Severity::Critical).of(&[Area::Factors]);
const UNGUARDED: Rule = Rule::new("guardian.unguarded", Severity::Warning).of(&[Area::Policies]);
const ADAPTIVE: Rule = Rule::new("guardian.adaptive", Severity::Note).of(&[Area::Policies]);

pub(super) const CHECK: Check = Check { rules: &[&NO_FACTOR, &UNGUARDED, &ADAPTIVE], run };

/// The words of policies (Auth0 docs, "Set the multi-factor authentication policies").
const ALWAYS: &str = "all-applications";
const BY_RISK: &str = "confidence-score";

/// What Actions call a factor, from what Guardian calls it.
fn for_actions(name: &str) -> &str {
    match name {
        "sms" | "voice" => "phone",
        other => other,
    }
}

fn run(view: &View<'_>) -> Vec<Finding> {
    let (posture, policy) = (view.posture, &view.expected.policy);
    let is_enforced = policy.mode(Trigger::PostLogin) == Mode::Enforce;
    let may_ask = (is_enforced && policy.challenges) || policy.fallback == Fallback::Challenge;
    let mut found = Vec::new();
    if posture.has(Area::Factors) && may_ask {
        let enabled: BTreeSet<&str> = posture
            .factors
            .iter()
            .filter(|factor| factor.enabled.as_option() == Some(&true))
            .map(|factor| for_actions(factor.name.as_str()))
            .collect();
        if !policy.factors.iter().any(|factor| enabled.contains(factor.as_str())) {
            let text = "our policy asks for a second factor, and the tenant has none of those enabled that it may ask for";
            let fix = "enable one in the Auth0 dashboard under Security, Multi-factor Auth, or change `policy.factors`";
            found.push(NO_FACTOR.found("factors", text, fix));
        }
    }
    if posture.has(Area::Policies) {
        let has = |word: &str| posture.policies.iter().any(|policy| policy == word);
        if policy.skips_mfa && !has(ALWAYS) && !has(BY_RISK) {
            let text = "our policy spares sign-ins of low risk a second factor, and the tenant asks nobody for one without us";
            let fix = "set the tenant's policy to `all-applications`, so that who is not spared is asked also while the service is away";
            found.push(UNGUARDED.found("policies", text, fix));
        }
        if is_enforced && has(BY_RISK) {
            let text = "the tenant asks for second factors by its own assessment of risk beside ours; what we spare is asked all the same";
            let fix =
                "set the tenant's policy to `all-applications` or to never, so that one of both assesses";
            found.push(ADAPTIVE.found("policies", text, fix));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::testing::{codes, expected, posture},
        *,
    };

    fn factors(names: &[&str]) -> Vec<countersign_auth0::management::guardian::Factor> {
        names
            .iter()
            .map(|name| serde_json::from_value(json!({"name": name, "enabled": true})).unwrap())
            .collect()
    }

    #[test]
    fn a_challenge_that_nobody_can_meet_is_found() {
        let mut none = posture();
        none.factors = factors(&["duo"]);
        assert_eq!(codes(&none, &expected()), [""; 0], "an audit asks nobody");
        let mut enforcing = expected();
        enforcing.policy.modes.insert(Trigger::PostUserRegistration, Mode::Enforce);
        assert_eq!(codes(&none, &enforcing), [""; 0]);
        enforcing.actions = None;
        enforcing.policy.modes.insert(Trigger::PostLogin, Mode::Enforce);
        assert!(codes(&none, &enforcing).contains(&"guardian.no_factor"));
        none.factors = factors(&["sms"]);
        assert!(!codes(&none, &enforcing).contains(&"guardian.no_factor"));
    }

    #[test]
    fn a_policy_at_odds_with_ours_is_found() {
        let mut sparing = expected();
        sparing.policy.skips_mfa = true;
        let mut never = posture();
        never.policies.clear();
        assert_eq!(codes(&never, &sparing), ["guardian.unguarded"]);
        never.policies = vec!["all-applications".to_owned()];
        assert_eq!(codes(&never, &sparing), [""; 0]);
        let mut both = expected();
        both.actions = None;
        both.policy.modes.insert(Trigger::PostLogin, Mode::Enforce);
        never.policies = vec!["confidence-score".to_owned()];
        assert!(codes(&never, &both).contains(&"guardian.adaptive"));
    }
}
