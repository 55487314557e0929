//! Limits of the tenant's plan that are near.

use super::{Area, Aside, Check, Finding, Rule, Severity, View, failing::WINDOW};
use crate::install::TRIGGERS;

const RATE: Rule = Rule::new("limit.rate", Severity::Warning).of(&[Area::Actions]).or(Aside::Limits);
const REACHED: Rule = Rule::new("limit.reached", Severity::Warning).of(&[Area::Logs]);
const ACTIONS: Rule = Rule::new("limit.actions", Severity::Warning).of(&[Area::Actions]);
const BINDINGS: Rule = Rule::new("limit.bindings", Severity::Warning).of(&[Area::Actions]);

pub(super) const CHECK: Check = Check { rules: &[&RATE, &REACHED, &ACTIONS, &BINDINGS], run };

/// Actions of a tenant, and of a trigger (Auth0 docs, "Actions Limitations").
const MOST_ACTIONS: usize = 100;
const MOST_BOUND: usize = 20;

/// From how many in ten a limit is near.
const NEAR: usize = 9;

/// The smallest burst that says something: a limit of two is used up by any two calls.
const LEAST_BURST: u64 = 10;

fn is_near(count: usize, most: usize) -> bool {
    count * 10 >= most * NEAR
}

fn run(view: &View<'_>) -> Vec<Finding> {
    let posture = view.posture;
    let mut found = Vec::new();
    for seen in posture.limits.iter().filter(|seen| seen.limit >= LEAST_BURST) {
        // Why a fifth: below it bulk work pauses, since the tenant's own Actions share the limit with us.
        if seen.remaining.saturating_mul(5) < seen.limit {
            let text =
                format!("of the Management API's limit for `{}` less than a fifth is left", seen.group);
            let fix = "see in the tenant's logs (`api_limit_warning`) who else uses it; run imports at another time";
            found.push(RATE.found(seen.group, text, fix));
        }
    }
    let is_told = |log: &super::LogSeen| {
        matches!(log.kind.as_str(), "api_limit" | "api_limit_warning") && view.now.since(log.at) <= WINDOW
    };
    if posture.has(Area::Logs) && posture.logs.iter().any(is_told) {
        let text = "the tenant's log says that a rate limit is near or was reached in the last ten minutes";
        let fix = "see in the entry which limit it is; ask Auth0 for more, or spread the work";
        found.push(REACHED.found("logs", text, fix));
    }
    if posture.has(Area::Actions) {
        let count = posture.installed.actions.len();
        if is_near(count, MOST_ACTIONS) {
            let text = format!("the tenant has {count} of {MOST_ACTIONS} Actions");
            found.push(ACTIONS.found("actions", text, "delete Actions that are bound to nothing"));
        }
        for trigger in TRIGGERS {
            let count = posture.installed.bound(trigger).len();
            if is_near(count, MOST_BOUND) {
                let text = format!("{count} of {MOST_BOUND} Actions are bound to `{trigger}`");
                found.push(BINDINGS.found(trigger.as_str(), text, "make one Action of several"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{
        LimitSeen,
        testing::{bind_foreign, codes, expected, log, posture},
    };

    #[test]
    fn a_rate_that_is_nearly_used_up_is_found() {
        let mut near = posture();
        let seen = |limit, remaining| vec![LimitSeen { group: "shared", limit, remaining }];
        near.limits = seen(50, 9);
        assert_eq!(codes(&near, &expected()), ["limit.rate"]);
        for (limit, remaining) in [(50, 10), (2, 0)] {
            near.limits = seen(limit, remaining);
            assert_eq!(codes(&near, &expected()), [""; 0]);
        }
        near.logs.push(log("api_limit_warning", -5));
        assert_eq!(codes(&near, &expected()), ["limit.reached"]);
    }

    #[test]
    fn many_actions_are_found() {
        let mut many = posture();
        for number in 0..17 {
            bind_foreign(&mut many, 1 + number);
        }
        assert_eq!(codes(&many, &expected())[..], ["limit.bindings"]);
        let one = many.installed.actions[1].clone();
        many.installed.bindings.get_mut(&countersign_core::Trigger::PostLogin).unwrap().truncate(3);
        many.installed.actions.extend(std::iter::repeat_n(one, 80));
        assert_eq!(codes(&many, &expected()), ["limit.actions"]);
    }
}
