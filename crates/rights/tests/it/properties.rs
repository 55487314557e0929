//! What holds for any principal, any identifier and any policy that an operator adds.

use std::sync::LazyLock;

use countersign_core::{OrganizationId, TenantId};
use countersign_rights::{Action, Grant, How, Place, Principal, PrincipalKind, Rights, Role};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::select,
};

use crate::support::with;

/// Parsed once: it is asked thousands of times.
static SHIPPED: LazyLock<Rights> = LazyLock::new(|| Rights::shipped().unwrap());

/// The same, and everything permitted besides.
static OPEN: LazyLock<Rights> = LazyLock::new(|| with("@id(\"all\") permit (principal, action, resource);"));

/// Texts that would end a literal, name another entity, or look like something else.
static HOSTILE: [&str; 12] = [
    "\"",
    "\\\"",
    "a\"",
    "acme\"||true||\"",
    "Countersign::Tenant::\"a\"",
    "::",
    "a::b",
    "*",
    "а",
    "a\u{202e}b",
    "installation",
    "\u{0}",
];

/// Any identifier that our own types let through: hostile ones, few ones so that they meet, and arbitrary ones.
fn id() -> impl Strategy<Value = String> {
    let any = prop_oneof![select(&HOSTILE[..]).prop_map(str::to_owned), "[ab]", "\\PC{1,20}"];
    any.prop_filter("identifiers as core has them", |id| id.parse::<TenantId>().is_ok())
}

fn place() -> impl Strategy<Value = Place> {
    let tenant = || id().prop_map(|id| id.parse::<TenantId>().unwrap());
    prop_oneof![
        Just(Place::Installation),
        tenant().prop_map(Place::Tenant),
        (tenant(), id()).prop_map(|(tenant, id)| Place::Organization(tenant, id.parse().unwrap())),
    ]
}

/// Any role at any place, those that can't be given included.
fn grant() -> impl Strategy<Value = Grant> {
    (select(Role::ALL), place()).prop_map(|(role, at)| Grant { role, at })
}

fn scopes() -> impl Strategy<Value = Vec<String>> {
    let words = Action::ALL.iter().map(|action| action.as_str());
    let words: Vec<&str> = words.chain(["*", "read:decisions", "read:ledger", "operate"]).collect();
    btree_set(prop_oneof![select(words).prop_map(str::to_owned), any::<String>()], 0..6)
        .prop_map(|scopes| scopes.into_iter().collect())
}

fn asking() -> impl Strategy<Value = Principal> {
    let token = (option::of(id()), option::of(id()));
    let parts =
        (select(PrincipalKind::ALL), any::<String>(), vec(grant(), 0..4), scopes(), select(How::ALL), token);
    parts.prop_map(|(kind, id, grants, scopes, how, (tenant, organization))| Principal {
        kind,
        id,
        grants,
        scopes: scopes.into_iter().collect(),
        how,
        tenant: tenant.map(|id| id.parse().unwrap()),
        organization: organization.map(|id| id.parse::<OrganizationId>().unwrap()),
    })
}

/// A `forbid` that the schema lets through, about anything.
fn forbid() -> impl Strategy<Value = String> {
    let who = select(vec![
        "principal".to_owned(),
        "principal is Countersign::Person".to_owned(),
        "principal is Countersign::Application".to_owned(),
        "principal in Countersign::Role::\"analyst\"".to_owned(),
        "principal in Countersign::Role::\"administrator\"".to_owned(),
    ]);
    let what = select(vec![
        "action",
        "action in Countersign::Action::\"read\"",
        "action == Countersign::Action::\"decide\"",
        "action in [Countersign::Action::\"reveal\", Countersign::Action::\"operate\"]",
    ]);
    let whom = select(vec![
        "resource",
        "resource == Countersign::Installation::\"installation\"",
        "resource in Countersign::Tenant::\"a\"",
        "resource is Countersign::Organization",
    ]);
    let when = select(vec![
        "",
        "when { context.how == \"oidc\" }",
        "unless { context.how == \"file\" }",
        "when { 9223372036854775807 + 1 > 0 }",
        "unless { context.action like \"read_*\" }",
    ]);
    (who, what, whom, when)
        .prop_map(|(who, what, whom, when)| format!("@id(\"own\") forbid ({who}, {what}, {whom}) {when};"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn without_a_grant_nothing_is_permitted(asking in asking(), action in select(Action::ALL), target in place()) {
        let asking = Principal { grants: Vec::new(), tenant: None, ..asking };
        let verdict = SHIPPED.check(&asking, action, &target);
        prop_assert!(!verdict.is_permitted && verdict.failed.is_empty(), "{:?}", verdict);
    }

    #[test]
    fn a_grant_at_one_tenant_gives_nothing_at_another(
        asking in asking(), role in select(Role::ALL), here in id(), there in id(), shared in id(),
    ) {
        prop_assume!(here != there);
        let (here, there): (TenantId, TenantId) = (here.parse().unwrap(), there.parse().unwrap());
        let shared: OrganizationId = shared.parse().unwrap();
        let at = [Place::Tenant(here.clone()), Place::Organization(here.clone(), shared.clone())];
        let grants = at.map(|at| Grant { role, at }).to_vec();
        let asking = Principal { grants, tenant: Some(here), ..asking };
        for target in [Place::Installation, Place::Tenant(there.clone()), Place::Organization(there, shared)] {
            for action in Action::ALL {
                prop_assert!(!SHIPPED.check(&asking, *action, &target).is_permitted, "{} at {:?}", action, target);
            }
        }
    }

    #[test]
    fn an_organization_s_administrator_never_leaves_it(
        asking in asking(), home in (id(), id()), target in place(), action in select(Action::ALL),
    ) {
        let home = Place::Organization(home.0.parse().unwrap(), home.1.parse().unwrap());
        prop_assume!(target != home && asking.kind != PrincipalKind::Application);
        let grants = vec![Grant { role: Role::TenantAdmin, at: home }];
        let asking = Principal { grants, ..asking };
        prop_assert!(!SHIPPED.check(&asking, action, &target).is_permitted);
    }

    #[test]
    fn scopes_only_narrow_a_service_account(
        asking in asking(), more in scopes(), action in select(Action::ALL),
    ) {
        for target in asking.grants.iter().map(|grant| grant.at.clone()) {
            let of = |kind, scopes: &[String]| {
                let scopes = scopes.iter().cloned().collect();
                Principal { kind, how: How::Oidc, scopes, ..asking.clone() }
            };
            let few: Vec<String> = asking.scopes.iter().cloned().collect();
            let all = [few.clone(), more.clone()].concat();
            let may = |asking: &Principal| SHIPPED.check(asking, action, &target).is_permitted;
            let narrow = may(&of(PrincipalKind::ServiceAccount, &few));
            prop_assert!(!narrow || may(&of(PrincipalKind::ServiceAccount, &all)), "fewer scopes may not do more");
            prop_assert!(!narrow || may(&of(PrincipalKind::Person, &[])), "an account may not do more than a person");
        }
    }

    #[test]
    fn approvals_are_for_people_by_oidc_whatever_is_permitted(asking in asking(), target in place()) {
        let verdict = OPEN.check(&asking, Action::ApprovePlans, &target);
        let is_human = asking.kind == PrincipalKind::Person && asking.how == How::Oidc;
        prop_assert_eq!(verdict.is_permitted, is_human);
    }

    #[test]
    fn a_grant_comes_back_from_json_as_it_went(grant in grant()) {
        let text = serde_json::to_string(&grant).unwrap();
        let back = serde_json::from_str::<Grant>(&text);
        match Grant::new(grant.role, grant.at.clone()) {
            Ok(_) => prop_assert_eq!(back.unwrap(), grant),
            Err(error) => prop_assert!(back.unwrap_err().to_string().starts_with(&error.to_string())),
        }
    }
}

proptest! {
    // Fewer: each case parses a set of policies.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn a_forbid_more_never_permits_more(
        asking in asking(), targets in vec(place(), 1..4), forbid in forbid(),
    ) {
        let more = with(&forbid);
        let own = asking.grants.iter().map(|grant| grant.at.clone()).collect::<Vec<_>>();
        for target in targets.iter().chain(&own) {
            for action in Action::ALL {
                let may = more.check(&asking, *action, target).is_permitted;
                prop_assert!(!may || SHIPPED.check(&asking, *action, target).is_permitted, "{} {:?}", action, target);
            }
        }
    }
}
