//! Whether what runs of our Actions is their draft.

use super::{Area, Check, Finding, Rule, Severity, View, bound::APPLY};
use crate::install::{code, deployed_code};

const UNDEPLOYED: Rule = Rule::new("action.undeployed", Severity::Warning).of(&[Area::Actions]);

pub(super) const CHECK: Check = Check { rules: &[&UNDEPLOYED], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Actions) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (trigger, _) in view.expected.actions() {
        let Some(action) = view.posture.installed.our_action(trigger) else { continue };
        let text = match deployed_code(action) {
            None => format!("our Action for `{trigger}` was never deployed, so it does not run"),
            Some(deployed)
                if action.all_changes_deployed.as_option() == Some(&false) || deployed != code(action) =>
            {
                format!("the draft of our Action for `{trigger}` is not what runs")
            }
            Some(_) => continue,
        };
        found.push(UNDEPLOYED.found(trigger.as_str(), text, APPLY));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, edit_action, expected, our_code, posture};

    #[test]
    fn a_draft_that_does_not_run_is_found() {
        let mut draft = posture();
        edit_action(&mut draft, "/code", format!("{}// draft\n", our_code()).into());
        assert_eq!(codes(&draft, &expected()), ["action.undeployed"]);
        let mut told = posture();
        edit_action(&mut told, "/all_changes_deployed", false.into());
        assert_eq!(codes(&told, &expected()), ["action.undeployed"]);
        let mut never = posture();
        edit_action(&mut never, "/deployed_version", serde_json::Value::Null);
        assert_eq!(codes(&never, &expected()), ["action.undeployed"]);
    }
}
