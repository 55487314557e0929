//! Whether our Actions are there, and bound once.

use super::{Area, Check, Finding, Rule, Severity, View};
use crate::install::{code, is_our_code, name};

const MISSING: Rule = Rule::new("action.missing", Severity::Critical).of(&[Area::Actions]);
const UNBOUND: Rule = Rule::new("action.unbound", Severity::Critical).of(&[Area::Actions]);
const TWICE: Rule = Rule::new("action.twice", Severity::Warning).of(&[Area::Actions]);

pub(super) const CHECK: Check = Check { rules: &[&MISSING, &UNBOUND, &TWICE], run };

/// What puts everything in its place again.
pub(super) const APPLY: &str = "run `countersign tenant apply`, which shows what it changes first";

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Actions) {
        return Vec::new();
    }
    let observed = &view.posture.installed;
    let mut found = Vec::new();
    for (trigger, _) in view.expected.actions() {
        let Some(action) = observed.our_action(trigger) else {
            let called = crate::install::action_name(trigger);
            let text = match observed.actions.iter().any(|action| name(action) == called) {
                true => format!("the Action of `{trigger}` that is called ours has none of our code"),
                false => format!("there is no Action of ours for `{trigger}`"),
            };
            found.push(MISSING.found(trigger.as_str(), text, APPLY));
            continue;
        };
        let bound = observed.bound(trigger);
        if !bound.contains(&action.id.as_str()) {
            let text = format!("our Action for `{trigger}` is bound to nothing, so it does not run");
            found.push(UNBOUND.found(trigger.as_str(), text, APPLY));
        }
        let is_ours = |id: &&str| {
            let action = observed.actions.iter().find(|action| action.id.as_str() == *id);
            action.is_some_and(|action| is_our_code(code(action), trigger))
        };
        if bound.iter().copied().filter(|id| is_ours(id)).count() > 1 {
            let text =
                format!("more than one Action of ours is bound to `{trigger}`, so that we are asked twice");
            let fix = "unbind all but one, in the Auth0 dashboard under Actions";
            found.push(TWICE.found(trigger.as_str(), text, fix));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use countersign_core::Trigger;

    use super::super::testing::{codes, edit_action, expected, posture};

    #[test]
    fn what_is_gone_unbound_or_bound_twice_is_found() {
        let mut gone = posture();
        gone.installed.actions.clear();
        assert_eq!(codes(&gone, &expected()), ["action.missing"]);
        let mut replaced = posture();
        edit_action(&mut replaced, "/code", "exports.onExecutePostLogin = async () => {};".into());
        assert_eq!(codes(&replaced, &expected()), ["action.missing"]);
        let mut unbound = posture();
        unbound.installed.bindings.insert(Trigger::PostLogin, Vec::new());
        assert_eq!(codes(&unbound, &expected()), ["action.unbound"]);
        let mut twice = posture();
        let mut other = twice.installed.actions[0].clone();
        other.id = "other".parse().unwrap();
        let mut binding = twice.installed.bindings[&Trigger::PostLogin][0].clone();
        binding.action = Some(other.clone()).into();
        twice.installed.actions.push(other);
        twice.installed.bindings.get_mut(&Trigger::PostLogin).unwrap().push(binding);
        assert_eq!(codes(&twice, &expected()), ["action.twice"]);
    }

    #[test]
    fn nothing_is_said_of_what_was_not_read_or_is_not_expected() {
        let mut unread = posture();
        unread.installed = Default::default();
        unread.read.clear();
        assert_eq!(codes(&unread, &expected()), [""; 0]);
        let mut none = expected();
        none.actions = Some([].into());
        assert_eq!(codes(&posture(), &none), [""; 0]);
    }
}
