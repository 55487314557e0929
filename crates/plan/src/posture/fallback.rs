//! Whether what our Actions do by themselves is what our policy takes them to do.

use countersign_core::{Mode, Trigger};

use super::{Area, Check, Finding, Rule, Severity, View, config_text};
use crate::install::deployed_code;

const FALLBACK: Rule = Rule::new("action.fallback", Severity::Warning).of(&[Area::Actions]);
const ENFORCE: Rule = Rule::new("action.enforce", Severity::Warning).of(&[Area::Actions]);

pub(super) const CHECK: Check = Check { rules: &[&FALLBACK, &ENFORCE], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Actions) {
        return Vec::new();
    }
    let policy = &view.expected.policy;
    let mut found = Vec::new();
    for (trigger, _) in view.expected.actions() {
        let action = view.posture.installed.our_action(trigger);
        let Some(code) = action.and_then(deployed_code) else { continue };
        let fallback = config_text::fallback(code);
        // Why of sign-ins alone: the policy's word is about people who can be asked for a factor.
        if trigger == Trigger::PostLogin
            && fallback.as_ref().is_some_and(|word| word != policy.fallback.as_str())
        {
            let text = format!(
                "`fallback.default` in the CONFIG of our Action for `{trigger}` is not `{}`, which the policy says",
                policy.fallback.as_str()
            );
            let fix = "make both alike: `policy.fallback` by `countersign policy apply`, or the Action's CONFIG by \
                       `countersign tenant apply --code`";
            found.push(FALLBACK.found(trigger.as_str(), text, fix));
        }
        if policy.mode(trigger) == Mode::Enforce && config_text::enforces(code) == Some(false) {
            let text = format!(
                "the policy enforces at `{trigger}`, and the CONFIG of our Action there has `enforce: false`"
            );
            let fix = "set `enforce: true` in the Action's CONFIG by `countersign tenant apply --code`, or the mode to `audit`";
            found.push(ENFORCE.found(trigger.as_str(), text, fix));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Fallback,
            testing::{codes, expected, posture},
        },
        *,
    };

    #[test]
    fn another_fallback_and_a_mode_that_the_action_does_not_follow_are_found() {
        let mut other = expected();
        other.policy.fallback = Fallback::Challenge;
        assert_eq!(codes(&posture(), &other), ["action.fallback"]);
        let mut enforcing = expected();
        enforcing.policy.modes.insert(Trigger::PostLogin, Mode::Enforce);
        assert_eq!(codes(&posture(), &enforcing), ["action.enforce"]);
    }
}
