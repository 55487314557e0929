//! Whether anything is known of an installation at all.

use super::{Check, Finding, Rule, Severity, View};

const UNKNOWN: Rule = Rule::new("installation.unknown", Severity::Note);

pub(super) const CHECK: Check = Check { rules: &[&UNKNOWN], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let expected = view.expected;
    if !expected.reads_tenant || expected.actions.is_some() {
        return Vec::new();
    }
    let text = "nothing is known of what was installed at the tenant, so that its Actions can't be checked";
    let fix = "install by `countersign tenant apply` from this data directory, or name the `triggers` and `place` of what was \
               installed otherwise in `[tenants.NAME.management]`";
    vec![UNKNOWN.found("journal", text, fix)]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, posture};

    #[test]
    fn a_tenant_of_which_nothing_is_known_is_told_unless_it_is_not_read() {
        let mut unknown = expected();
        unknown.actions = None;
        assert_eq!(codes(&posture(), &unknown), ["installation.unknown"]);
        unknown.reads_tenant = false;
        assert_eq!(codes(&posture(), &unknown), [""; 0]);
    }
}
