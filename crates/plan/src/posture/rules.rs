//! Rules that are left.

use super::{Area, Check, Finding, Rule, Severity, View, hooks::fate};

const LEFTOVER: Rule = Rule::new("rule.leftover", Severity::Critical).of(&[Area::Rules]);

pub(super) const CHECK: Check = Check { rules: &[&LEFTOVER], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Rules) {
        return Vec::new();
    }
    let enabled = view.posture.rules.iter().filter(|rule| rule.enabled.as_option() != Some(&false));
    let found = enabled.map(|rule| {
        let id = rule.id.as_str();
        let fix = "make it an Action of `post-login` v3, bound in the place that the Rule had: `user` is `event.user`, claims go \
                   by `api.idToken.setCustomClaim`, a refusal by `api.access.deny`, a second factor by \
                   `api.authentication.challengeWith`; then delete the Rule";
        LEFTOVER.found(id, format!("the Rule `{id}` {}", fate(view.now)), fix)
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{codes, expected, posture};

    #[test]
    fn each_rule_that_runs_is_told() {
        let mut left = posture();
        let rule =
            |is_enabled: bool| serde_json::from_value(json!({"id": "rul_1", "enabled": is_enabled})).unwrap();
        left.rules = vec![rule(true)];
        assert_eq!(codes(&left, &expected()), ["rule.leftover"]);
        left.rules = vec![rule(false)];
        assert_eq!(codes(&left, &expected()), [""; 0]);
    }
}
