//! Parts of the tenant that could not be read, so that nothing can be said about them.

use super::{Check, Finding, Rule, Severity, View, Why};

const UNREAD: Rule = Rule::new("tenant.unread", Severity::Warning);
const UNSCOPED: Rule = Rule::new("tenant.unscoped", Severity::Note);

pub(super) const CHECK: Check = Check { rules: &[&UNREAD, &UNSCOPED], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let found = view.posture.unread.iter().filter_map(|(area, why)| {
        let what = area.as_str();
        match why {
            // Why no finding: Hooks and Rules are gone where they never were, and other parts by plan.
            Why::Gone => None,
            Why::Scope => Some(UNSCOPED.found(
                what,
                format!("`{what}` can't be checked: our client may not read it"),
                format!("grant our client `{}`, or leave that unchecked", area.scope()),
            )),
            Why::NoAnswer => Some(UNREAD.found(
                what,
                format!("`{what}` could not be checked: the tenant gave no answer that can be used"),
                "see the service's log for the reason: credentials, certificate, network, or limits",
            )),
        }
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::{
        Area, Why,
        testing::{codes, expected, posture},
    };

    #[test]
    fn what_can_t_be_read_is_told_apart_from_what_is_gone() {
        for (why, told) in
            [(Why::Scope, &["tenant.unscoped"][..]), (Why::NoAnswer, &["tenant.unread"]), (Why::Gone, &[])]
        {
            let mut unread = posture();
            unread.read.retain(|area| *area != Area::Hooks);
            unread.unread.insert(Area::Hooks, why);
            assert_eq!(codes(&unread, &expected()), told);
        }
    }
}
