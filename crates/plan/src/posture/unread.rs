//! Parts of the tenant that could not be read, so that nothing can be said about them.

use super::{Check, Finding, Rule, Severity, View, Why};

const UNREAD: Rule = Rule::new("tenant.unread", Severity::Warning);
const UNSCOPED: Rule = Rule::new("tenant.unscoped", Severity::Warning);

pub(super) const CHECK: Check = Check { rules: &[&UNREAD, &UNSCOPED], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let of = |wanted: Why| {
        view.posture.unread.iter().filter(move |(_, why)| **why == wanted).map(|(area, _)| area.as_str())
    };
    let unreached: Vec<&str> = of(Why::Unreached).collect();
    if !unreached.is_empty() {
        let text = format!("the tenant did not answer, so these are not checked: {}", unreached.join(", "));
        let fix = "see the service's log for the reason: credentials, certificate, network, or limits";
        found.push(UNREAD.found("tenant", text, fix));
    }
    for area in of(Why::NoAnswer) {
        let text = format!("`{area}` is not checked: the tenant gave no answer that can be used");
        let fix =
            "see the service's log for the reason; what was found there before stays until it can be read";
        found.push(UNREAD.found(area, text, fix));
    }
    // Why nothing of what is gone: Hooks and Rules are not there where they never were.
    for area in view.posture.unread.iter().filter(|(_, why)| **why == Why::Scope).map(|(area, _)| area) {
        let text = format!("`{}` can't be checked: our client may not read it", area.as_str());
        let scope = area.scope();
        let kept = "what was found there before stays until it can be read";
        let (severity, fix) = match view.expected.scopes.get(&scope) {
            Some(capability) => {
                (Severity::Warning, format!("grant our client `{scope}`, which `{capability}` needs; {kept}"))
            }
            None => (Severity::Note, format!("grant our client `{scope}`, or leave that unchecked; {kept}")),
        };
        found.push(Finding { severity, ..UNSCOPED.found(area.as_str(), text, fix) });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{
        Area, Posture, Severity, Why, check,
        testing::{NOW, codes, expected, posture},
    };

    #[test]
    fn what_can_t_be_read_is_told_apart_from_what_is_gone() {
        for (why, told) in [
            (Why::Scope, &["tenant.unscoped"][..]),
            (Why::NoAnswer, &["tenant.unread"]),
            (Why::Unreached, &["tenant.unread"]),
            (Why::Gone, &[]),
        ] {
            let mut unread = posture();
            unread.read.retain(|area| *area != Area::Hooks);
            unread.unread.insert(Area::Hooks, why);
            assert_eq!(codes(&unread, &expected()), told);
        }
    }

    #[test]
    fn each_part_without_an_answer_is_told_by_itself_and_a_silent_tenant_once() {
        let mut unread = posture();
        unread.unread = [(Area::Hooks, Why::NoAnswer), (Area::Rules, Why::NoAnswer)].into();
        let about = |posture: &Posture| -> Vec<String> {
            check(posture, &expected(), NOW).into_iter().map(|finding| finding.about).collect()
        };
        assert_eq!(about(&unread), ["hooks", "rules"]);
        unread.unread = [(Area::Hooks, Why::Unreached), (Area::Rules, Why::Unreached)].into();
        assert_eq!(about(&unread), ["tenant"]);
    }

    #[test]
    fn nothing_is_gone_that_was_not_looked_at() {
        let mut posture = posture();
        assert!(posture.is_whole() && posture.looked_at("hook.leftover"));
        for (why, is_gone) in
            [(Why::NoAnswer, false), (Why::Unreached, false), (Why::Gone, true), (Why::Scope, false)]
        {
            posture.unread = [(Area::Hooks, why)].into();
            let said = (posture.looked_at("hook.leftover"), posture.looked_at("action.unbound"));
            assert_eq!(said, (is_gone, true), "{why:?}");
            assert_eq!(posture.is_whole(), is_gone || why == Why::Scope, "what may be read was");
        }
        assert!(posture.looked_at("key.mode"));
    }

    #[test]
    fn what_any_answer_tells_is_looked_at_also_without_a_scope() {
        let mut posture = posture();
        posture.granted = Some(Vec::new());
        posture.unread = [(Area::Actions, Why::Scope), (Area::Grants, Why::Scope)].into();
        for code in ["clock.skew", "scope.missing", "scope.unused"] {
            assert!(posture.looked_at(code), "{code}");
        }
        (posture.granted, posture.skew) = (None, None);
        for code in ["clock.skew", "limit.rate", "scope.missing", "action.edited", "action.unbound"] {
            assert!(!posture.looked_at(code), "{code}");
        }
    }

    #[test]
    fn a_scope_that_is_needed_and_lacks_is_worth_a_warning_and_another_a_note() {
        let mut unread = posture();
        unread.unread = [(Area::Actions, Why::Scope), (Area::Hooks, Why::Scope)].into();
        let found = check(&unread, &expected(), NOW);
        let told: Vec<_> = found.iter().map(|found| (found.about.as_str(), found.severity)).collect();
        assert_eq!(told, [("actions", Severity::Warning), ("hooks", Severity::Note)]);
    }
}
