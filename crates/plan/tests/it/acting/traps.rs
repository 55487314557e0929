//! What the platform does that surprises.

use countersign_plan::change::{Change, FaultCode, Kind};
use serde_json::{Value, json};

use super::support::{
    back_of, carried, change, codes, faults, kinds, members, order, plan, planned, roles, world,
};

#[test]
fn metadata_is_set_by_whole_first_level_keys_and_a_concurrent_write_below_one_halts() {
    let mut world = world();
    let set = |keys: Value| change(json!({"change": "set_app_metadata", "user": "auth0|1", "keys": keys}));
    let before = plan(&world, [set(json!({"tier": {"name": "gold", "since": 1}, "other": true}))]);
    world = carried(world, &before).world;
    let keys = json!({"tier": {"name": "silver"}, "a/b~c": [1.5, null], "other": null});
    let silver = plan(&world, [set(keys)]);
    let carrier = carried(world.clone(), &silver);
    let metadata = &carrier.world.find("users", "auth0|1").unwrap()["app_metadata"];
    assert_eq!(metadata, &json!({"tier": {"name": "silver"}, "a/b~c": [1.5, null]}));
    let undone = carried(carrier.world.clone(), &back_of(&silver, &carrier));
    assert_eq!(undone.world.state(), world.state());
    // Somebody else sets what stands below a key in between.
    let other = plan(&world, [set(json!({"tier": {"name": "gold", "since": 2}}))]);
    let changed = carried(world, &other).world;
    let mut late = countersign_plan::testing::Carrier::at(changed.clone());
    late.carry(&silver);
    assert_eq!(late.halt.as_ref().unwrap().why.code(), "moved");
    assert_eq!(late.world.state(), changed.state());
}

#[test]
fn a_profile_stays_within_its_bound() {
    let big = "x".repeat(10_200);
    let set = |keys: Value| change(json!({"change": "set_user_metadata", "user": "auth0|1", "keys": keys}));
    assert_eq!(faults(&world(), [set(json!({ "a": big }))]), [(FaultCode::TooBig, "keys".to_owned())]);
    assert_eq!(kinds(&plan(&world(), [set(json!({"a": "x".repeat(9_000)}))])), [Kind::SetUserMetadata]);
}

#[test]
fn members_go_ten_a_call_and_those_there_already_are_left_alone() {
    let mut world = world();
    let many: Vec<String> = (10..35).map(|number| format!("auth0|{number}")).collect();
    many.iter().for_each(|id| world.add_user(id, Some("people")));
    world.put("members of org_a", json!({"user_id": "auth0|10"}));
    let users: Vec<&str> = many.iter().map(String::as_str).collect();
    let plan = plan(&world, [Change::AddMembers(members("org_a", &users))]);
    let sizes: Vec<usize> = plan.steps.iter().map(|step| step.scope.users.len()).collect();
    assert_eq!(sizes, [10, 10, 4]);
    assert!(codes(&plan).contains(&"so_already"));
    let carrier = carried(world.clone(), &plan);
    assert_eq!(carrier.world.listed("members of org_a").len(), 25);
    let undone = carried(carrier.world.clone(), &back_of(&plan, &carrier));
    assert_eq!(undone.world.state(), world.state());
}

#[test]
fn who_is_removed_gets_the_membership_and_the_roles_back() {
    let mut world = world();
    for user in ["auth0|1", "auth0|2"] {
        world.put("members of org_a", json!({ "user_id": user }));
    }
    world.put("roles of org_a auth0|1", json!({"id": "rol_1"}));
    world.put("roles of org_a auth0|1", json!({"id": "rol_2"}));
    let plan = plan(&world, [Change::RemoveMembers(members("org_a", &["auth0|1", "auth0|2", "auth0|3"]))]);
    assert_eq!(plan.steps.len(), 1);
    let carrier = carried(world.clone(), &plan);
    assert!(carrier.world.listed("members of org_a").is_empty());
    assert!(carrier.world.listed("roles of org_a auth0|1").is_empty());
    let back = back_of(&plan, &carrier);
    assert_eq!(kinds(&back), [Kind::AddMembers, Kind::AssignMemberRoles]);
    let undone = carried(carrier.world.clone(), &back);
    assert_eq!(undone.world.state(), world.state());
    let again = carried(undone.world.clone(), &back_of(&back, &undone));
    assert_eq!(again.world.state(), carrier.world.state());
    // A role that somebody else gave since would be lost: it halts.
    world.put("roles of org_a auth0|2", json!({"id": "rol_3"}));
    let mut late = countersign_plan::testing::Carrier::at(world);
    late.carry(&plan);
    assert_eq!(late.halt.as_ref().unwrap().why.code(), "moved");
}

#[test]
fn lists_that_are_replaced_whole_carry_all_that_was_read() {
    let mut world = world();
    let there = json!({"login": {"title": "Hello", "description": "Old"}, "other": {"x": "y"}});
    world.texts.insert("login en".to_owned(), there.as_object().unwrap().clone());
    let rule = json!({"scope": "tenant", "action": {"block": true},
        "match": {"ipv4_cidrs": ["198.51.100.0/24"], "geo_country_codes": ["XX"]}});
    let list = json!({"id": "acl_1", "description": "theirs", "active": true, "priority": 2, "rule": rule});
    world.collections.insert("network_acls".to_owned(), vec![list]);
    let plan = plan(
        &world,
        [
            change(json!({"change": "set_prompt_text", "prompt": "login", "language": "en",
                "texts": {"login": {"title": "Welcome", "description": null}}})),
            change(json!({"change": "set_organization_branding", "organization": "org_a",
                "branding": {"colors": {"primary": "#0a2540", "page_background": "#ffffff"}}})),
            change(json!({"change": "add_network_block", "list": "acl_1", "description": "",
                "networks": ["203.0.113.0/24", "2001:db8::/32"]})),
        ],
    );
    let carrier = carried(world.clone(), &plan);
    let texts = Value::Object(carrier.world.texts["login en"].clone());
    assert_eq!(texts, json!({"login": {"title": "Welcome"}, "other": {"x": "y"}}));
    let branding = &carrier.world.find("organizations", "org_a").unwrap()["branding"];
    assert_eq!(branding["logo_url"], "https://a.example/l.png");
    let matched = &carrier.world.find("network_acls", "acl_1").unwrap()["rule"]["match"];
    assert_eq!(matched["ipv4_cidrs"], json!(["198.51.100.0/24", "203.0.113.0/24"]));
    assert_eq!(matched["geo_country_codes"], json!(["XX"]));
    let undone = carried(carrier.world.clone(), &back_of(&plan, &carrier));
    assert_eq!(undone.world.state(), world.state());
}

#[test]
fn groups_can_not_be_filled_and_it_is_told_what_can_be_done() {
    let fill = change(json!({"change": "fill_group", "group": "grp_1", "users": ["auth0|1"]}));
    let faults = planned(&world(), &order([fill])).unwrap_err();
    assert_eq!((faults[0].code, faults[0].wanted), (FaultCode::Impossible, Some(0)));
    assert!(faults[0].right.contains("roles") && faults[0].right.contains("app_metadata"));
}

#[test]
fn an_organization_is_made_and_filled_in_one_order_and_taken_back_whole() {
    let made = json!({"made": "new-org"});
    let wanted = [
        json!({"change": "create_organization", "name": "new-org", "display_name": "New", "metadata": {"k": "v"}}),
        json!({"change": "enable_connection", "organization": made, "connection": "con_1", "assigns_membership": true, "takes_sign_ups": true}),
        json!({"change": "add_members", "organization": made, "users": ["auth0|1", "auth0|2"]}),
        json!({"change": "assign_roles", "organization": made, "user": "auth0|1", "roles": ["rol_1"]}),
        json!({"change": "invite", "organization": made, "email": "New@Example.com", "inviter": "Ann", "client": "app"}),
        json!({"change": "add_discovery_domain", "organization": made, "domain": "example.com"}),
    ]
    .map(change);
    let plan = plan(&world(), wanted);
    let carrier = carried(world(), &plan);
    assert_eq!(carrier.world.mails, ["new@example.com"]);
    let id = carrier.answers["1.1.create_organization"]["id"].as_str().unwrap().to_owned();
    assert_eq!(carrier.world.listed(&format!("members of {id}")).len(), 2);
    assert_eq!(carrier.world.listed(&format!("domains of {id}"))[0]["status"], "pending");
    let back = back_of(&plan, &carrier);
    assert!(String::from_utf8(back.canonical()).unwrap().find(r#""answer""#).is_none());
    let undone = carried(carrier.world.clone(), &back);
    assert_eq!(undone.world.state(), world().state());
    // Somebody who was added since keeps it from being deleted.
    let mut filled = carrier.world.clone();
    filled.put(&format!("members of {id}"), json!({"user_id": "auth0|5"}));
    let mut late = countersign_plan::testing::Carrier::at(filled);
    late.carry(&back);
    assert_eq!(late.halt.as_ref().unwrap().why.code(), "moved");
    assert!(late.world.find("organizations", &id).is_some());
}

#[test]
fn what_somebody_else_made_meanwhile_is_not_taken_for_ours() {
    let create = change(json!({"change": "create_organization", "name": "new", "display_name": "New"}));
    let plan = plan(&world(), [create]);
    let mut taken = world();
    let theirs = json!({"id": "org_x", "name": "new", "display_name": "New"});
    taken.collections.get_mut("organizations").unwrap().push(theirs);
    let mut carrier = countersign_plan::testing::Carrier::at(taken);
    carrier.carry(&plan);
    assert_eq!(carrier.halt.as_ref().unwrap().why.code(), "moved");
    assert!(carrier.answers.is_empty() && carrier.sent.is_empty());
}

#[test]
fn roles_are_given_where_they_are_missing_and_taken_where_they_are_held() {
    let mut world = world();
    world.put("roles of auth0|1", json!({"id": "rol_0"}));
    world.put("members of org_a", json!({"user_id": "auth0|1"}));
    let given = plan(
        &world,
        [
            Change::AssignRoles(roles(None, "auth0|1", &["rol_0", "rol_1"])),
            Change::AssignRoles(roles(Some("org_a"), "auth0|1", &["rol_1"])),
        ],
    );
    let carrier = carried(world.clone(), &given);
    assert_eq!(carrier.world.listed("roles of auth0|1").len(), 2);
    let undone = carried(carrier.world.clone(), &back_of(&given, &carrier));
    assert_eq!(undone.world.state(), world.state());
    let not_there = faults(&world, [Change::AssignRoles(roles(Some("org_b"), "auth0|1", &["rol_1"]))]);
    assert_eq!(not_there, [(FaultCode::Unfit, "user".to_owned())]);
}

#[test]
fn an_invitation_whose_time_is_over_is_no_open_one() {
    let mut world = world();
    let old =
        |until: &str| json!({"id": "uinv_old", "invitee": {"email": "x@example.com"}, "expires_at": until});
    let invite = || {
        change(json!({"change": "invite", "organization": {"id": "org_a"}, "email": "x@example.com",
        "inviter": "Ann", "client": "app", "roles": ["rol_1"], "good_for_seconds": 3600}))
    };
    world.put("invitations of org_a", old("2027-01-01T00:00:00Z"));
    assert_eq!(faults(&world, [invite()]), [(FaultCode::Exists, "email".to_owned())]);
    world.lists.clear();
    world.put("invitations of org_a", old("2026-01-01T00:00:00Z"));
    let plan = plan(&world, [invite()]);
    let carrier = carried(world.clone(), &plan);
    let undone = carried(carrier.world.clone(), &back_of(&plan, &carrier));
    assert_eq!(undone.world.state(), world.state());
    assert_eq!(codes(&back_of(&plan, &carrier)), ["mail_went_out"]);
}
