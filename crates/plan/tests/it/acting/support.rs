//! A tenant, orders, and what is made of them.

use std::collections::BTreeSet;

use countersign_core::{TenantId, Timestamp};
use countersign_plan::{
    change::{
        Change, ChangePlan, Fault, FaultCode, Frame, Kind, Members, Note, OneUser, Order, Organization,
        Origin, Person, Reads, Roles, Wanted, plan_changes, undo,
    },
    testing::{Carrier, End, World, read},
};
use serde_json::{Value, json};

pub fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

pub fn person(subject: &str) -> Person {
    Person { issuer: "https://login.example.com/".to_owned(), subject: subject.to_owned() }
}

pub fn at() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

pub fn frame() -> Frame {
    let receivers: BTreeSet<String> = ["soc", "crm"].map(str::to_owned).into();
    Frame { at: at(), good_for: 3_600_000_000, receivers }
}

/// Users `auth0|0` to `auth0|5` in the database `people`, `google|6` elsewhere; roles `rol_0` to `rol_3`; organizations
/// `org_a` and `org_b`; connections, an application and an API.
pub fn world() -> World {
    let mut world = World::default();
    for number in 0..6 {
        let id = format!("auth0|{number}");
        world.add_user(&id, Some("people"));
        world.put(&format!("sessions of {id}"), json!({"id": format!("s{number}")}));
        world.put(&format!("tokens of {id}"), json!({"id": format!("t{number}")}));
        world.put(&format!("methods of {id}"), json!({"id": format!("m{number}"), "type": "totp"}));
        world.put(&format!("methods of {id}"), json!({"id": format!("p{number}"), "type": "password"}));
    }
    world.add_user("google|6", None);
    let mut add = |collection: &str, objects: &[Value]| {
        world.collections.entry(collection.to_owned()).or_default().extend_from_slice(objects);
    };
    add("roles", &["rol_0", "rol_1", "rol_2", "rol_3"].map(|id| json!({"id": id, "name": id})));
    add(
        "organizations",
        &[
            json!({"id": "org_a", "name": "a", "display_name": "A", "branding": {"logo_url": "https://a.example/l.png"}}),
            json!({"id": "org_b", "name": "b", "display_name": "B"}),
        ],
    );
    add(
        "connections",
        &[
            json!({"id": "con_1", "name": "people", "strategy": "auth0"}),
            json!({"id": "con_2", "strategy": "samlp"}),
        ],
    );
    add("clients", &[json!({"client_id": "app", "name": "App", "client_secret": "old"})]);
    add(
        "resource_servers",
        &[json!({"id": "api", "token_lifetime": 86_400, "token_lifetime_for_web": 7_200})],
    );
    world
}

/// The same with a list of networks that somebody else made, `acl_1`.
pub fn with_list(mut world: World) -> World {
    let kept_out = json!({"ipv4_cidrs": ["198.51.100.0/24"]});
    let rule = json!({"scope": "authentication", "action": {"block": true}, "match": kept_out});
    let list = json!({"id": "acl_1", "description": "theirs", "active": true, "rule": rule});
    world.collections.entry("network_acls".to_owned()).or_default().push(list);
    world
}

/// The changes as JSON, as whoever orders would write them.
pub fn change(json: Value) -> Change {
    serde_json::from_value(json).unwrap()
}

pub fn of_user(change_name: &str, user: &str) -> Change {
    change(json!({"change": change_name, "user": user}))
}

pub fn order(changes: impl IntoIterator<Item = Change>) -> Order {
    let wanted = |change| Wanted { change, reason: "because".to_owned(), evidence: vec![] };
    Order {
        tenant: tenant(),
        title: "a title".to_owned(),
        origin: Origin::Person { person: person("proposer") },
        wanted: changes.into_iter().map(wanted).collect(),
    }
}

pub fn reads(world: &World, order: &Order) -> Reads {
    read(&mut world.clone(), &tenant(), order)
}

pub fn planned(world: &World, order: &Order) -> Result<ChangePlan, Vec<Fault>> {
    plan_changes(order, &reads(world, order), &frame())
}

pub fn plan(world: &World, changes: impl IntoIterator<Item = Change>) -> ChangePlan {
    planned(world, &order(changes)).unwrap()
}

/// The codes of the faults and where they are.
pub fn faults(world: &World, changes: impl IntoIterator<Item = Change>) -> Vec<(FaultCode, String)> {
    let faults = planned(world, &order(changes)).unwrap_err();
    faults.into_iter().map(|fault| (fault.code, fault.place)).collect()
}

pub fn kinds(plan: &ChangePlan) -> Vec<Kind> {
    plan.steps.iter().map(|step| step.kind).collect()
}

pub fn codes(plan: &ChangePlan) -> Vec<&'static str> {
    plan.notes.iter().map(|note: &Note| note.code()).collect()
}

/// Carries a plan out to its end.
pub fn carried(world: World, plan: &ChangePlan) -> Carrier {
    let mut carrier = Carrier::at(world);
    assert_eq!(carrier.carry(plan), End::Finished, "{:?}", carrier.rows);
    carrier
}

pub fn back_of(plan: &ChangePlan, carrier: &Carrier) -> ChangePlan {
    let run = carrier.run(plan).unwrap();
    let origin =
        Origin::Undo { plan: plan.hash(), person: Some(person("proposer")), is_own: true, workflow: None };
    undo(plan, &run, None, "back", origin, &frame()).unwrap()
}

pub fn id(organization: &str) -> Organization {
    Organization::Id(organization.parse().unwrap())
}

pub fn members(organization: &str, users: &[&str]) -> Members {
    let users = users.iter().map(|user| user.parse().unwrap()).collect();
    Members { organization: id(organization), users }
}

pub fn roles(organization: Option<&str>, user: &str, roles: &[&str]) -> Roles {
    Roles {
        user: user.parse().unwrap(),
        organization: organization.map(id),
        roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
    }
}

pub fn one(user: &str) -> OneUser {
    OneUser { user: user.parse().unwrap() }
}
