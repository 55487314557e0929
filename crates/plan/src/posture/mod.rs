//! Whether a tenant and our configuration are as they should be.
//!
//! [`check`] goes through `CHECKS`; each is a file that looks at what was read and says what is wrong and how it is mended.
//! What could not be read is no finding of any check but of `unread`. To add one: a file with its rules and a function, a
//! line in `CHECKS`, and a section a code in docs/doctor.md.
//!
//! ```
//! use countersign_plan::posture::{Expected, Posture, check};
//!
//! let expected = Expected::nothing("acme".parse()?);
//! assert!(check(&Posture::default(), &expected, countersign_core::Timestamp::from_seconds(0)).is_empty());
//! # Ok::<(), countersign_core::IdError>(())
//! ```

mod bound;
mod certificates;
mod clock;
mod code;
mod config_text;
mod deployed;
mod event_stream;
mod expected;
mod failing;
mod fallback;
mod finding;
mod guardian;
mod hooks;
mod hosts;
mod installation;
mod key_files;
mod limits;
mod log_stream;
mod logins;
mod order;
mod own_model;
mod policy;
mod protection;
mod receivers;
mod reference;
mod rules;
mod runtime;
mod scopes;
mod secrets;
mod seen;
mod silent;
mod storage;
#[cfg(test)]
mod testing;
mod unread;
mod watching;

use countersign_core::Timestamp;

pub use self::{
    code::{declared, shipped},
    config_text::exempt,
    expected::{Expected, ExpectedAction, Fallback, Policy},
    finding::{Finding, Rule, Severity},
    seen::{
        Area, Aside, Certificate, Delivery, KeyFile, LimitSeen, Local, LogSeen, Logins, Posture, Shield,
        Skew, Why,
    },
};
use crate::install::Observed;

/// What a check looks at.
struct View<'a> {
    posture: &'a Posture,
    expected: &'a Expected,
    now: Timestamp,
}

/// One check: what it can find, and how.
struct Check {
    rules: &'static [&'static Rule],
    run: fn(&View<'_>) -> Vec<Finding>,
}

/// Every check, in the order in which findings of one severity are told.
const CHECKS: &[Check] = &[
    unread::CHECK,
    installation::CHECK,
    bound::CHECK,
    code::CHECK,
    deployed::CHECK,
    order::CHECK,
    runtime::CHECK,
    secrets::CHECK,
    failing::CHECK,
    fallback::CHECK,
    log_stream::CHECK,
    silent::CHECK,
    event_stream::CHECK,
    logins::CHECK,
    scopes::CHECK,
    hooks::CHECK,
    rules::CHECK,
    guardian::CHECK,
    protection::CHECK,
    clock::CHECK,
    limits::CHECK,
    policy::CHECK,
    key_files::CHECK,
    certificates::CHECK,
    hosts::CHECK,
    storage::CHECK,
    watching::CHECK,
    own_model::CHECK,
    receivers::CHECK,
    reference::CHECK,
];

/// What is wrong, the gravest first.
#[must_use]
pub fn check(posture: &Posture, expected: &Expected, now: Timestamp) -> Vec<Finding> {
    // Why here: what was read says nothing of what is ours, and what is expected does.
    let owned = expected.owned.clone();
    let installed = Observed { owned, ..posture.installed.clone() }.recognized();
    let posture = &Posture { installed, ..posture.clone() };
    let view = View { posture, expected, now };
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| (check.run)(&view)).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// Everything that can be found.
pub fn known() -> impl Iterator<Item = &'static Rule> {
    CHECKS.iter().flat_map(|check| check.rules).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DOCS: &str = include_str!("../../../../docs/doctor.md");

    #[test]
    fn every_code_is_known_once_and_documented_and_nothing_else_is() {
        let codes: Vec<&str> = known().map(|rule| rule.code).collect();
        let once: BTreeSet<&str> = codes.iter().copied().collect();
        assert_eq!(codes.len(), once.len());
        let documented: BTreeSet<&str> = DOCS
            .lines()
            .filter_map(|line| line.strip_prefix("### `")?.split_once('`'))
            .map(|(code, _)| code)
            .collect();
        assert_eq!(documented, once);
        for rule in known() {
            let heading = format!("### `{}` ({})", rule.code, rule.severity);
            assert!(DOCS.contains(&heading), "{heading}");
        }
    }

    #[test]
    fn what_is_as_it_should_be_has_no_finding() {
        let (posture, expected) = (testing::posture(), testing::expected());
        assert_eq!(check(&posture, &expected, testing::NOW), []);
    }

    #[test]
    fn the_gravest_come_first() {
        let mut posture = testing::posture();
        posture.skew = Some(Skew { theirs: testing::NOW, ours: testing::NOW.plus(60_000_000) });
        posture.installed.bindings.clear();
        let severities: Vec<Severity> =
            check(&posture, &testing::expected(), testing::NOW).iter().map(|found| found.severity).collect();
        assert!(severities.len() > 1 && severities.is_sorted_by(|a, b| a >= b), "{severities:?}");
    }
}
