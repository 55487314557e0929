//! Applications, jobs and whoever reads the data directory.

use countersign_rights::{Action, Group, How, Place, Principal, PrincipalKind, Rights, Role};

use crate::support::{application, grant, organization, person, tenant, with};

/// The actions that `asking` may do at `target`.
fn may(rights: &Rights, asking: &Principal, target: &Place) -> Vec<&'static str> {
    let permitted = Action::ALL.iter().filter(|action| rights.check(asking, **action, target).is_permitted);
    permitted.map(|action| action.as_str()).collect()
}

#[test]
fn an_application_may_do_what_its_scopes_say_at_its_tenant() {
    let rights = Rights::shipped().unwrap();
    let expected: [(&[&str], &[&str]); 6] = [
        (&[], &[]),
        (&["decide"], &["decide"]),
        (&["read:decisions"], &["read_decisions"]),
        (&["read:ledger"], &["read_ledger"]),
        (&["operate"], &["set_switches", "apply_policies", "change_models", "change_tokens", "test_hooks"]),
        (&["*", "read_decisions", "change_access", "Decide"], &[]),
    ];
    for (scopes, actions) in expected {
        let asking = application("a", None, scopes);
        assert_eq!(may(&rights, &asking, &tenant("a")), actions, "{scopes:?}");
        assert_eq!(may(&rights, &asking, &organization("a", "org_1")), actions, "{scopes:?}");
        for elsewhere in [Place::Installation, tenant("b"), organization("b", "org_1")] {
            assert!(may(&rights, &asking, &elsewhere).is_empty(), "{scopes:?} at {elsewhere:?}");
        }
    }
}

#[test]
fn an_application_of_an_organization_stays_in_it() {
    let rights = Rights::shipped().unwrap();
    let asking = application("a", Some("org_1"), &["decide", "operate"]);
    assert!(rights.check(&asking, Action::Decide, &organization("a", "org_1")).is_permitted);
    for elsewhere in [
        Place::Installation,
        tenant("a"),
        organization("a", "org_2"),
        tenant("b"),
        organization("b", "org_1"),
    ] {
        assert!(may(&rights, &asking, &elsewhere).is_empty(), "{elsewhere:?}");
    }
}

#[test]
fn an_application_has_no_roles_and_stays_at_its_tenant_whatever_is_permitted() {
    let rights = with("@id(\"all\") permit (principal, action, resource);");
    let mut asking = application("a", None, &[]);
    asking.grants = vec![grant(Role::Administrator, &Place::Installation)];
    assert!(asking.roles_at(&tenant("a")).is_empty());
    assert!(may(&rights, &asking, &tenant("b")).is_empty());
    assert!(may(&rights, &asking, &Place::Installation).is_empty());
    assert!(asking.has_any_role_at(&"a".parse().unwrap()) && !asking.has_any_role_at(&"b".parse().unwrap()));
    let nowhere = Principal { tenant: None, organization: Some("org_1".parse().unwrap()), ..asking };
    assert!(may(&rights, &nowhere, &tenant("a")).is_empty());
    assert!(may(&rights, &nowhere, &organization("a", "org_1")).is_empty());
}

#[test]
fn a_job_may_do_only_what_a_policy_names_for_it() {
    let shipped = Rights::shipped().unwrap();
    for (job, action) in [
        ("ledger", "keep_ledger"),
        ("watch", "watch_log"),
        ("learning", "learn"),
        ("hooks", "tell_receivers"),
        ("retention", "delete_old"),
        ("reviews", "queue_reviews"),
        ("pull", "pull_log"),
        ("doctor", "inspect_tenant"),
        ("executor", "execute_plans"),
        ("playbooks", "propose_plans"),
    ] {
        assert_eq!(may(&shipped, &Principal::job(job), &tenant("a")), [action], "{job}");
    }
    let forbidden = with(
        "@id(\"quiet\") forbid (principal == Countersign::Job::\"hooks\", action, resource == Countersign::Tenant::\"a\");",
    );
    assert!(may(&forbidden, &Principal::job("hooks"), &tenant("a")).is_empty());
    assert_eq!(may(&forbidden, &Principal::job("hooks"), &tenant("b")), ["tell_receivers"]);
    let job = Principal::job("sweep");
    assert!(may(&shipped, &job, &tenant("a")).is_empty());
    let rights = with(
        "@id(\"sweeps_read\") permit (principal == Countersign::Job::\"sweep\", action in Countersign::Action::\"read\",\n\
         resource);\n\
         @id(\"jobs_reveal\") permit (principal is Countersign::Job, action in Countersign::Action::\"reveal\", resource);",
    );
    let read =
        Action::ALL.iter().filter(|action| action.group() == Group::Read).map(|action| action.as_str());
    assert_eq!(may(&rights, &job, &tenant("a")), read.collect::<Vec<_>>());
    assert!(may(&rights, &Principal::job("other"), &tenant("a")).is_empty());
}

#[test]
fn whoever_reads_the_data_directory_is_an_administrator() {
    let rights = Rights::shipped().unwrap();
    let administrator = person(vec![grant(Role::Administrator, &Place::Installation)]);
    for target in [Place::Installation, tenant("a"), organization("a", "org_1")] {
        let local = may(&rights, &Principal::local(How::File), &target);
        assert_eq!(local, may(&rights, &administrator, &target));
        assert!(!local.contains(&"approve_plans") && !local.contains(&"decide"));
    }
    assert_eq!(Principal::local(How::Process).kind, PrincipalKind::Local);
}

#[test]
fn organizations_are_listed_by_tenant() {
    let both = person(vec![
        grant(Role::TenantAdmin, &organization("a", "org_2")),
        grant(Role::TenantAdmin, &organization("a", "org_1")),
        grant(Role::TenantAdmin, &organization("a", "org_1")),
        grant(Role::TenantAdmin, &organization("b", "org_3")),
        grant(Role::Viewer, &tenant("c")),
    ]);
    let listed: Vec<String> =
        both.organizations_at(&"a".parse().unwrap()).iter().map(ToString::to_string).collect();
    assert_eq!(listed, ["org_1", "org_2"]);
    for (name, has) in [("a", true), ("b", true), ("c", true), ("d", false)] {
        assert_eq!(both.has_any_role_at(&name.parse().unwrap()), has, "{name}");
    }
}
