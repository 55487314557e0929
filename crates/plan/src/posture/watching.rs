//! What the watching of the log can't use.

use super::{Check, Finding, Rule, Severity, View};

const RULES: Rule = Rule::new("watch.faulty_rules", Severity::Warning);
const SETTINGS: Rule = Rule::new("watch.unfit_settings", Severity::Warning);

pub(super) const CHECK: Check = Check { rules: &[&RULES, &SETTINGS], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(local) = &view.posture.local else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(first) = local.faulty_rules.first() {
        let text = format!("rule files or playbooks can't be used, so those before hold on: {first}");
        found.push(RULES.found(
            "rules",
            text,
            "mend the files; `countersign rules check` and `countersign playbook check` say all that is wrong",
        ));
    }
    if let Some(first) = local.unfit_settings.first() {
        let text = format!("a setting of the watching does not fit this version and is passed over: {first}");
        found.push(SETTINGS.found("policy", text, "take it out of the policy, or set what there is"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, local, posture};

    #[test]
    fn rule_files_and_settings_that_can_not_be_used_are_found() {
        let told = |rules: &[&str], settings: &[&str]| {
            let mut here = posture();
            let mut ours = local();
            ours.faulty_rules = rules.iter().map(ToString::to_string).collect();
            ours.unfit_settings = settings.iter().map(ToString::to_string).collect();
            here.local = Some(ours);
            codes(&here, &expected())
        };
        assert_eq!(told(&[], &[]), [""; 0]);
        assert_eq!(told(&["a.yml:1:1: x"], &[]), ["watch.faulty_rules"]);
        assert_eq!(told(&[], &["`watch.detectors.x`: y", "z"]), ["watch.unfit_settings"]);
    }
}
