//! What our Actions run on.

use super::{Area, Check, Finding, Rule, Severity, View, bound::APPLY};
use crate::install::{RUNTIME, trigger_version};

const RUNTIME_OLD: Rule = Rule::new("action.runtime", Severity::Warning).of(&[Area::Actions]);
const DEPENDENCIES: Rule = Rule::new("action.dependencies", Severity::Critical).of(&[Area::Actions]);

pub(super) const CHECK: Check = Check { rules: &[&RUNTIME_OLD, &DEPENDENCIES], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Actions) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (trigger, _) in view.expected.actions() {
        let Some(action) = view.posture.installed.our_action(trigger) else { continue };
        let supported = action.supported_triggers.as_option().into_iter().flatten();
        let version = supported
            .filter(|known| known.id.as_str() == trigger.as_str())
            .find_map(|known| known.version.as_option());
        let is_old = action.runtime.as_option().is_some_and(|runtime| runtime != RUNTIME)
            || version.is_some_and(|version| version != trigger_version(trigger));
        if is_old {
            let text = format!(
                "our Action for `{trigger}` does not run on {RUNTIME} with version {} of the trigger",
                trigger_version(trigger)
            );
            found.push(RUNTIME_OLD.found(trigger.as_str(), text, APPLY));
        }
        let packages = action.rest.get("dependencies").and_then(serde_json::Value::as_array);
        if packages.is_some_and(|packages| !packages.is_empty()) {
            let text = format!("our Action for `{trigger}` has packages of others, and ships none");
            let fix = "find out who added them, then take them out by `countersign tenant apply`";
            found.push(DEPENDENCIES.found(trigger.as_str(), text, fix));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{codes, edit_action, expected, posture};

    #[test]
    fn an_old_runtime_or_trigger_and_packages_are_found() {
        for (at, value, code) in [
            ("/runtime", json!("node18-actions"), "action.runtime"),
            ("/supported_triggers", json!([{"id": "post-login", "version": "v2"}]), "action.runtime"),
            ("/dependencies", json!([{"name": "left-pad", "version": "1.0.0"}]), "action.dependencies"),
        ] {
            let mut posture = posture();
            edit_action(&mut posture, at, value);
            assert_eq!(codes(&posture, &expected()), [code], "{at}");
        }
    }
}
