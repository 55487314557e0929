//! Parts of the tenant that could not be read, so that nothing can be said about them.

use super::{Check, Finding, Rule, Severity, View, Why};

const UNREAD: Rule = Rule::new("tenant.unread", Severity::Warning);
const UNSCOPED: Rule = Rule::new("tenant.unscoped", Severity::Note);

pub(super) const CHECK: Check = Check { rules: &[&UNREAD, &UNSCOPED], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let of = |wanted: Why| {
        view.posture.unread.iter().filter(move |(_, why)| **why == wanted).map(|(area, _)| area.as_str())
    };
    let unanswered: Vec<&str> = of(Why::NoAnswer).collect();
    if !unanswered.is_empty() {
        let text = format!(
            "the tenant gave no answer that can be used, so these are not checked: {}",
            unanswered.join(", ")
        );
        let fix = "see the service's log for the reason: credentials, certificate, network, or limits";
        found.push(UNREAD.found("tenant", text, fix));
    }
    // Why nothing of what is gone: Hooks and Rules are not there where they never were.
    for area in view.posture.unread.iter().filter(|(_, why)| **why == Why::Scope).map(|(area, _)| area) {
        let text = format!("`{}` can't be checked: our client may not read it", area.as_str());
        let fix = format!("grant our client `{}`, or leave that unchecked", area.scope());
        found.push(UNSCOPED.found(area.as_str(), text, fix));
    }
    found
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
