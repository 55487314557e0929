//! What our own policy leaves open.

use countersign_core::Mode;

use super::{Check, Fallback, Finding, Rule, Severity, View};

const UNREACHED: Rule = Rule::new("policy.fallback", Severity::Note);
const OFF: Rule = Rule::new("policy.off", Severity::Warning);

pub(super) const CHECK: Check = Check { rules: &[&UNREACHED, &OFF], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let policy = &view.expected.policy;
    let mut found = Vec::new();
    let is_strict = policy.modes.values().any(|mode| *mode == Mode::Enforce) && policy.challenges;
    if is_strict && policy.fallback == Fallback::Allow {
        let text = "the policy enforces, and everybody is let in while the service is away";
        let fix = "set `policy.fallback` and the Action's `fallback.default` to `challenge` where that matters more";
        found.push(UNREACHED.found("fallback", text, fix));
    }
    for (trigger, _) in view.expected.actions() {
        let why = if policy.off.contains(&trigger) {
            "its kill switch is thrown"
        } else if policy.mode(trigger) == Mode::Off {
            "its mode is `off`"
        } else {
            continue;
        };
        let text = format!("our Action for `{trigger}` is installed, and nothing is decided there: {why}");
        let fix = "lift the kill switch on the console or by `PUT /v1/switches`, or set the mode to `audit`";
        found.push(OFF.found(trigger.as_str(), text, fix));
    }
    found
}

#[cfg(test)]
mod tests {
    use countersign_core::Trigger;

    use super::{
        super::testing::{expected, policy_codes},
        *,
    };

    #[test]
    fn what_is_open_or_off_is_told() {
        let mut strict = expected();
        strict.policy.challenges = true;
        assert_eq!(policy_codes(&strict), [""; 0]);
        strict.policy.modes.insert(Trigger::PostLogin, Mode::Enforce);
        assert_eq!(policy_codes(&strict), ["policy.fallback"]);
        let mut off = expected();
        off.policy.modes.insert(Trigger::PostLogin, Mode::Off);
        assert_eq!(policy_codes(&off), ["policy.off"]);
        let mut thrown = expected();
        thrown.policy.off.insert(Trigger::PostLogin);
        assert_eq!(policy_codes(&thrown), ["policy.off"]);
    }
}
