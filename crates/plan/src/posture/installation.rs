//! Whether anything is known of an installation at all.

use super::{Check, Finding, Rule, Severity, View};

const UNKNOWN: Rule = Rule::new("installation.unknown", Severity::Note);
const UNREAD: Rule = Rule::new("installation.unread", Severity::Note);

pub(super) const CHECK: Check = Check { rules: &[&UNKNOWN, &UNREAD], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let expected = view.expected;
    if !expected.reads_tenant {
        let text = "the tenant itself is not checked: the service has no client there";
        let fix = "make one by `countersign tenant apply`, and name it in `[tenants.NAME.management]`";
        return match view.posture.local {
            Some(_) => vec![UNREAD.found("management", text, fix)],
            None => Vec::new(),
        };
    }
    if expected.actions.is_some() {
        return Vec::new();
    }
    let text = "nothing is known of what was installed at the tenant, so that its Actions can't be checked";
    let fix = "install by `countersign tenant apply` from this data directory, or name the `triggers` and `place` of what was \
               installed otherwise in `[tenants.NAME.management]`";
    vec![UNKNOWN.found("journal", text, fix)]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, local, posture};

    #[test]
    fn a_tenant_that_is_not_read_or_not_known_is_told_once() {
        let mut unknown = expected();
        unknown.actions = None;
        assert_eq!(codes(&posture(), &unknown), ["installation.unknown"]);
        unknown.reads_tenant = false;
        let mut here = posture();
        here.local = Some(local());
        assert_eq!(codes(&here, &unknown), ["installation.unread"]);
    }
}
