//! Every role at every place, every action, every target, against a table that was written by hand and shares nothing
//! with the policies.

use countersign_rights::{Action, How, Place, PrincipalKind, Rights, Role};

use crate::support::{grant, organization, person, principal, service_account, tenant};

/// Who may do it where the role holds: Viewer, analYst, aPprover, Operator, aDministrator, aUditor, Tenant admin.
const MAY: [(&str, &str); 42] = [
    ("read_decisions", "VYPODUT"),
    ("read_ledger", "VYPODU"),
    ("read_policies", "VYPODU"),
    ("read_models", "VYPODU"),
    ("read_users", "VYPODU"),
    ("read_tokens", "VYPODU"),
    ("read_findings", "VYPODU"),
    ("read_incidents", "VYPODU"),
    ("read_plans", "VYPODU"),
    ("read_watch", "VYPODU"),
    ("read_metrics", "VYPODU"),
    ("work_incidents", "YD"),
    ("change_suppressions", "YD"),
    ("tell_outcomes", "YDT"),
    ("mark_users", "YD"),
    ("find_entities", "YD"),
    ("work_reviews", "YPOD"),
    ("reveal_decisions", "YD"),
    ("reveal_logs", "YD"),
    ("reveal_personal", "YODT"),
    ("reveal_plans", "YPOD"),
    ("set_switches", "OD"),
    ("apply_policies", "OD"),
    ("change_models", "OD"),
    ("change_tokens", "OD"),
    ("test_hooks", "OD"),
    ("write_tenant", "OD"),
    ("propose_plans", "OD"),
    ("execute_plans", "OD"),
    ("erase_people", "D"),
    ("read_access", "DU"),
    ("change_access", "D"),
    ("approve_plans", "P"),
    ("decide", ""),
    ("keep_ledger", ""),
    ("watch_log", ""),
    ("learn", ""),
    ("tell_receivers", ""),
    ("queue_reviews", ""),
    ("delete_old", ""),
    ("pull_log", ""),
    ("inspect_tenant", ""),
];

const LETTERS: [(Role, char); 7] = [
    (Role::Viewer, 'V'),
    (Role::Analyst, 'Y'),
    (Role::Approver, 'P'),
    (Role::Operator, 'O'),
    (Role::Administrator, 'D'),
    (Role::Auditor, 'U'),
    (Role::TenantAdmin, 'T'),
];

/// The places, and for each as a grant's the targets where it holds.
fn places() -> [(Place, &'static str); 6] {
    [
        (Place::Installation, "yes yes yes yes yes yes"),
        (tenant("a"), "no yes no yes yes no"),
        (tenant("b"), "no no yes no no yes"),
        (organization("a", "org_1"), "no no no yes no no"),
        (organization("a", "org_2"), "no no no no yes no"),
        // The same name at another tenant is another organization.
        (organization("b", "org_1"), "no no no no no yes"),
    ]
}

/// Calls `see` with each role, its place, each action and target, and whether the tables permit it.
fn each(mut see: impl FnMut(Role, &Place, Action, &Place, bool)) {
    let places = places();
    for (role, letter) in LETTERS {
        for (at, holds) in &places {
            if (role == Role::TenantAdmin) != matches!(at, Place::Organization(..)) {
                continue;
            }
            for ((target, _), holds) in places.iter().zip(holds.split(' ')) {
                for (action, may) in MAY {
                    let is_permitted = holds == "yes" && may.contains(letter);
                    see(role, at, action.parse().unwrap(), target, is_permitted);
                }
            }
        }
    }
}

#[test]
fn the_table_names_every_action_and_role_once() {
    let named: Vec<&str> = MAY.iter().map(|(action, _)| *action).collect();
    assert_eq!(named, Action::ALL.iter().map(|action| action.as_str()).collect::<Vec<_>>());
    assert_eq!(LETTERS.map(|(role, _)| role).to_vec(), Role::ALL);
}

#[test]
fn a_person_may_do_what_their_role_is_for_where_they_have_it() {
    let rights = Rights::shipped().unwrap();
    let mut asked = 0;
    each(|role, at, action, target, is_permitted| {
        let verdict = rights.check(&person(vec![grant(role, at)]), action, target);
        assert_eq!(
            verdict.is_permitted, is_permitted,
            "{role} at {at:?}: {action} at {target:?}: {verdict:?}"
        );
        assert!(verdict.failed.is_empty(), "{verdict:?}");
        assert!(!is_permitted || verdict.policies.len() == 1, "one policy says so: {verdict:?}");
        asked += 1;
    });
    assert_eq!(asked, (6 * 3 + 3) * 6 * 42);
}

#[test]
fn only_a_person_by_oidc_approves() {
    let rights = Rights::shipped().unwrap();
    for kind in PrincipalKind::ALL {
        for how in How::ALL {
            each(|role, at, action, target, is_permitted| {
                if action != Action::ApprovePlans {
                    return;
                }
                let mut asking = principal(*kind, *how, vec![grant(role, at)]);
                asking.scopes = ["*", "approve_plans"].map(str::to_owned).into();
                let is_human = *kind == PrincipalKind::Person && *how == How::Oidc;
                let verdict = rights.check(&asking, action, target);
                assert_eq!(verdict.is_permitted, is_permitted && is_human, "{asking:?} at {target:?}");
                let said = verdict.policies.contains(&"approvals_need_people".to_owned());
                assert_eq!(said, !is_human, "{verdict:?}");
            });
        }
    }
}

#[test]
fn a_link_gives_all_but_approving() {
    let rights = Rights::shipped().unwrap();
    for how in [How::Link, How::BreakGlass] {
        each(|role, at, action, target, is_permitted| {
            let asking = principal(PrincipalKind::Person, how, vec![grant(role, at)]);
            let expected = is_permitted && action != Action::ApprovePlans;
            assert_eq!(rights.check(&asking, action, target).is_permitted, expected, "{role} {action}");
        });
    }
}

#[test]
fn a_service_account_with_every_scope_reveals_nothing_and_leaves_access_alone() {
    let rights = Rights::shipped().unwrap();
    let never = ["approve_plans", "read_access", "change_access"];
    let by_name = ["reveal_decisions", "reveal_logs", "reveal_personal", "reveal_plans"];
    each(|role, at, action, target, is_permitted| {
        let word = action.as_str();
        let ask = |scopes: &[&str]| {
            rights.check(&service_account(vec![grant(role, at)], scopes), action, target).is_permitted
        };
        let is_open = is_permitted && !never.contains(&word);
        assert_eq!(ask(&["*"]), is_open && !by_name.contains(&word), "{role} {action} with `*`");
        assert_eq!(ask(&[word]), is_open, "{role} {action} by name");
        if is_permitted {
            assert!(!ask(&[]), "{role} {action} without a scope");
            let others = ["read", "operate", "Read_Decisions", "read_decision", "**"];
            assert!(!ask(&others), "{role} {action} by another name");
        }
    });
}
