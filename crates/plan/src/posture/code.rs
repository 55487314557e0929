//! Whether our Actions run the code that we deployed, and that of this version.

use super::{Area, Check, Finding, Rule, Severity, View, bound::APPLY, config_text};
use crate::{install::deployed_code, sha256};

const EDITED: Rule = Rule::new("action.edited", Severity::Critical);
const OUTDATED: Rule = Rule::new("action.outdated", Severity::Warning);

pub(super) const CHECK: Check = Check { rules: &[&EDITED, &OUTDATED], run };

/// The SHA-256 of an Action's code without its CONFIG, which is the operator's own.
#[must_use]
pub fn shipped(code: &str) -> String {
    let (before, _, after) = config_text::split(code);
    sha256(&[before.as_bytes(), after.as_bytes()].concat())
}

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Actions) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (trigger, expected) in view.expected.actions() {
        let action = view.posture.installed.our_action(trigger);
        let Some(code) = action.and_then(deployed_code) else { continue };
        let is_current = expected.shipped.as_ref().is_none_or(|hash| *hash == shipped(code));
        let is_applied = expected.applied.contains(&sha256(code.as_bytes()));
        let is_edited = if expected.applied.is_empty() { !is_current } else { !is_applied };
        if is_edited {
            let text = match expected.applied.is_empty() {
                true => format!("our Action for `{trigger}` runs other code than this version ships"),
                false => format!("our Action for `{trigger}` runs code that was not deployed by us"),
            };
            let fix = "compare it with what you know in the Auth0 dashboard (Actions, History), then put ours back by \
                       `countersign tenant apply`; change only its CONFIG, with `--code`";
            found.push(EDITED.found(trigger.as_str(), text, fix));
        } else if !is_current {
            let text = format!("our Action for `{trigger}` is of another version than the service");
            found.push(OUTDATED.found(trigger.as_str(), text, APPLY));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use countersign_core::Trigger;

    use super::{
        super::testing::{codes, deploy, expected, our_code, posture},
        *,
    };

    #[test]
    fn what_we_did_not_deploy_is_edited_and_what_is_old_outdated() {
        let mut edited = posture();
        deploy(&mut edited, &format!("{}// more\n", our_code()));
        assert_eq!(codes(&edited, &expected()), ["action.edited"]);
        let mut newer = expected();
        let action = newer.actions.as_mut().unwrap().get_mut(&Trigger::PostLogin).unwrap();
        action.shipped = Some(shipped("other"));
        assert_eq!(codes(&posture(), &newer), ["action.outdated"]);
    }

    #[test]
    fn a_config_of_the_operator_s_is_no_edit_where_nothing_was_applied_by_us() {
        let mut by_hand = expected();
        by_hand.actions.as_mut().unwrap().get_mut(&Trigger::PostLogin).unwrap().applied.clear();
        let mut posture = posture();
        deploy(&mut posture, &our_code().replace("800", "500"));
        assert_eq!(codes(&posture, &by_hand), [""; 0]);
        deploy(&mut posture, &our_code().replace("exports", "module.exports"));
        assert_eq!(codes(&posture, &by_hand), ["action.edited"]);
    }
}
