//! Faults are told where they are, all at once, and with what would be right.

use countersign_plan::change::{Change, Evidence, FaultCode, Found, Order, Reads, Wanted, plan_changes};
use serde_json::{Value, json};

use super::support::{at, change, faults, frame, members, of_user, order, planned, reads, tenant, world};

#[test]
fn every_fault_of_an_order_is_told_at_its_place() {
    let wanted = [
        of_user("block_user", "auth0|none"),
        of_user("block_user", "auth0|1"),
        of_user("unblock_user", "auth0|1"),
        Change::AddMembers(members("org_a", &["auth0|1", "auth0|gone", "auth0|1"])),
        change(json!({"change": "assign_roles", "user": "auth0|2", "roles": ["rol_0", "rol_9"]})),
        change(json!({"change": "notify", "receiver": "stranger", "text": "x"})),
        change(json!({"change": "create_organization", "name": "a", "display_name": "A"})),
        change(json!({"change": "create_organization", "name": "Big Name", "display_name": "A"})),
        change(
            json!({"change": "enable_connection", "organization": {"made": "later"}, "connection": "con_1"}),
        ),
    ];
    let told: Vec<(Option<usize>, String, FaultCode)> = planned(&world(), &order(wanted))
        .unwrap_err()
        .into_iter()
        .map(|fault| (fault.wanted, fault.place, fault.code))
        .collect();
    let expected = [
        (0, "user", FaultCode::Absent),
        (1, "user", FaultCode::Twice),
        (3, "users[1]", FaultCode::Absent),
        (3, "users[2]", FaultCode::Twice),
        (4, "roles[1]", FaultCode::Absent),
        (5, "receiver", FaultCode::Receiver),
        (6, "name", FaultCode::Exists),
        (7, "name", FaultCode::Characters),
        (8, "organization", FaultCode::Order),
    ];
    assert_eq!(told, expected.map(|(wanted, place, code)| (Some(wanted), place.to_owned(), code)));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let role = |name: &str| {
        change(
            json!({"change": name, "organization": {"id": "org_a"}, "user": "auth0|1", "roles": ["rol_1"]}),
        )
    };
    let part = || Change::RemoveMembers(members("org_a", &["auth0|1"]));
    let mut world = world();
    world.put("members of org_a", json!({"user_id": "auth0|1"}));
    for wanted in [vec![role("assign_roles"), part()], vec![part(), role("assign_roles")]] {
        assert_eq!(faults(&world, wanted)[0].0, FaultCode::Twice);
    }
    let set =
        |value: i32| change(json!({"change": "set_app_metadata", "user": "auth0|1", "keys": {"a": value}}));
    assert_eq!(faults(&world, [set(1), set(2)])[0], (FaultCode::Twice, "keys[0]".to_owned()));
}

#[test]
fn a_domain_is_taken_as_proved_only_by_our_own_proof_of_that_domain() {
    let add = change(json!({"change": "add_discovery_domain", "organization": {"id": "org_a"},
        "domain": "example.com", "is_verified": true}));
    let with = |domain: Option<&str>| {
        let evidence = domain.map(|domain| Evidence::Domain { domain: domain.to_owned(), at: at() });
        let wanted = Wanted {
            change: add.clone(),
            reason: "because".to_owned(),
            evidence: evidence.into_iter().collect(),
        };
        let order = Order { wanted: vec![wanted], ..order([]) };
        planned(&world(), &order)
    };
    assert_eq!(with(None).unwrap_err()[0].code, FaultCode::Unproved);
    assert_eq!(with(Some("example.org")).unwrap_err()[0].code, FaultCode::Unproved);
    let plan = with(Some("example.com")).unwrap();
    let sent = plan.steps[0].write.template().unwrap().body.as_ref().unwrap().shown();
    assert_eq!(sent["status"], "verified");
}

#[test]
fn networks_that_lock_everybody_out_and_lists_that_are_full_are_refused() {
    let add = |networks: Value| {
        change(json!({"change": "add_network_block", "description": "ours", "networks": networks}))
    };
    assert_eq!(
        faults(&world(), [add(json!(["0.0.0.0/0", "203.0.113.1/24"]))]),
        [(FaultCode::TooWide, "networks[0]".to_owned()), (FaultCode::Shape, "networks[1]".to_owned())]
    );
    let many: Vec<String> = (0..21).map(|number| format!("203.0.113.{number}/32")).collect();
    assert_eq!(faults(&world(), [add(json!(many))]), [(FaultCode::TooMany, "networks".to_owned())]);
}

#[test]
fn what_was_not_read_is_never_guessed() {
    let order = order([of_user("block_user", "auth0|1")]);
    let empty = Reads::new(tenant(), "acme.eu.auth0.com".to_owned());
    assert_eq!(plan_changes(&order, &empty, &frame()).unwrap_err()[0].code, FaultCode::Unread);
    let mut denied = reads(&world(), &order);
    denied.insert(&order.reads()[0], Found::Denied);
    assert_eq!(plan_changes(&order, &denied, &frame()).unwrap_err()[0].code, FaultCode::Denied);
    let mut shapeless =
        reads(&world(), &super::support::order([Change::AddMembers(members("org_a", &["auth0|1"]))]));
    let other = super::support::order([Change::AddMembers(members("org_a", &["auth0|1"]))]);
    shapeless.insert(&other.reads()[0], Found::Document(json!({"not": "a list"})));
    assert_eq!(plan_changes(&other, &shapeless, &frame()).unwrap_err()[0].code, FaultCode::Shape);
}

#[test]
fn nothing_has_to_be_read_twice() {
    let wanted = ["block_user", "revoke_access", "revoke_refresh_tokens", "force_password_reset"];
    let order = order(wanted.map(|name| of_user(name, "auth0|1")));
    let names: Vec<&str> = order.reads().iter().map(|request| request.operation().name).collect();
    assert_eq!(names, ["users.get", "resource_servers.list", "sessions.list", "refresh_tokens.list"]);
    assert!(order.reads().iter().all(|request| request.operation().is_read()));
}
