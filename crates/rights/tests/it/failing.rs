//! Policies that fail while they are evaluated.

use std::thread;

use countersign_rights::{Action, Place, Role};

use crate::support::{grant, person, tenant, with};

/// Fails at each evaluation, though it is well typed: the number has no room.
const OVERFLOWS: &str = "9223372036854775807 + 1 > 0";

#[test]
fn a_permit_that_fails_is_skipped_and_told() {
    let rights =
        with(&format!("@id(\"too_much\") permit (principal, action, resource) when {{ {OVERFLOWS} }};"));
    let verdict = rights.check(&person(Vec::new()), Action::ReadDecisions, &Place::Installation);
    assert!(!verdict.is_permitted && verdict.policies.is_empty(), "{verdict:?}");
    assert_eq!(verdict.failed, ["too_much"]);
}

#[test]
fn a_forbid_that_fails_forbids_and_is_told() {
    let rights =
        with(&format!("@id(\"too_much\") forbid (principal, action, resource) when {{ {OVERFLOWS} }};"));
    let viewer = person(vec![grant(Role::Viewer, &tenant("a"))]);
    let verdict = rights.check(&viewer, Action::ReadDecisions, &tenant("a"));
    assert!(!verdict.is_permitted && verdict.policies.is_empty(), "{verdict:?}");
    assert_eq!(verdict.failed, ["too_much"]);
}

#[test]
fn a_policy_about_somebody_else_s_attributes_fails_and_is_told() {
    let rights = with(
        "@id(\"by_another\") permit (principal, action, resource)\n\
         when { Countersign::ServiceAccount::\"sva_1\".scopes.contains(\"*\") };",
    );
    let verdict = rights.check(&person(Vec::new()), Action::Decide, &tenant("a"));
    assert!(!verdict.is_permitted);
    assert_eq!(verdict.failed, ["by_another"]);
}

/// Of a thread that checks: what tokio's have. Cedar's own frames are some ten times larger unoptimized.
const STACK: usize = if cfg!(debug_assertions) { 20 << 20 } else { 2 << 20 };

#[test]
fn a_forbid_as_deep_as_is_let_through_counts() {
    let rights = with(&format!(
        "@id(\"deep\") forbid (principal, action, resource) when {{ {}1 > 0 }};",
        "1 + ".repeat(36)
    ));
    let viewer = person(vec![grant(Role::Viewer, &tenant("a"))]);
    let check = move || rights.check(&viewer, Action::ReadDecisions, &tenant("a"));
    let verdict = thread::Builder::new().stack_size(STACK).spawn(check).unwrap().join().unwrap();
    assert_eq!((verdict.policies, verdict.failed), (vec!["deep".to_owned()], Vec::new()));
}
