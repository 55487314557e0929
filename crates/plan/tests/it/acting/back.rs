//! What is done can be taken back: all of it, or what is chosen.

use std::collections::BTreeSet;

use countersign_plan::{
    change::{Change, FaultCode, Forever, Kind, Origin, undo},
    testing::{Carrier, World},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{
    back_of, carried, change, frame, kinds, of_user, order, plan, planned, with_list, world,
};

fn origin() -> Origin {
    Origin::Undo { plan: "0".repeat(64), person: None, is_own: false, workflow: None }
}

/// What a tenant may look like, and what may be wanted of it, as numbers.
#[derive(Debug, Clone)]
struct Case {
    facts: Vec<(u8, u8, u8)>,
    wanted: Vec<(u8, u8, u8)>,
}

prop_compose! {
    fn cases()(
        facts in prop::collection::vec((0_u8..8, any::<u8>(), any::<u8>()), 0..12),
        wanted in prop::collection::vec((0_u8..16, any::<u8>(), any::<u8>()), 1..14),
    ) -> Case {
        Case { facts, wanted }
    }
}

fn user(number: u8) -> String {
    format!("auth0|{}", number % 6)
}

fn organization(number: u8) -> &'static str {
    if number.is_multiple_of(2) { "org_a" } else { "org_b" }
}

fn role(number: u8) -> String {
    format!("rol_{}", number % 4)
}

fn put(world: &mut World, list: &str, item: Value) {
    if !world.listed(list).contains(&item) {
        world.put(list, item);
    }
}

impl Case {
    fn world(&self) -> World {
        let mut world = with_list(world());
        for (what, one, other) in &self.facts {
            let (user, organization) = (user(*one), organization(*other));
            match what {
                0 | 1 => put(&mut world, &format!("members of {organization}"), json!({ "user_id": user })),
                2 => {
                    put(&mut world, &format!("members of {organization}"), json!({ "user_id": user }));
                    put(
                        &mut world,
                        &format!("roles of {organization} {user}"),
                        json!({"id": role(*other / 2)}),
                    );
                }
                3 => put(&mut world, &format!("roles of {user}"), json!({"id": role(*other)})),
                4 => {
                    let blocks = plan(&world, [of_user("block_user", &user)]);
                    world = carried(world, &blocks).world;
                }
                5 => {
                    let keys = json!({format!("k{}", other % 3): {"deep": other}});
                    let set = change(json!({"change": "set_app_metadata", "user": user, "keys": keys}));
                    let sets = plan(&world, [set]);
                    world = carried(world, &sets).world;
                }
                6 => {
                    let texts = json!({"login": {"title": format!("{one}"), "more": "x"}});
                    world.texts.insert("login en".to_owned(), texts.as_object().unwrap().clone());
                }
                _ => put(
                    &mut world,
                    &format!("connections of {organization}"),
                    json!({"connection_id": "con_2"}),
                ),
            }
        }
        world
    }

    fn changes(&self) -> Vec<Change> {
        self.wanted.iter().enumerate().map(|(number, of)| wanted(number, *of)).collect()
    }
}

fn wanted(number: usize, (what, one, other): (u8, u8, u8)) -> Change {
    let (user, organization) = (user(one), json!({"id": organization(other)}));
    let made = json!({"made": "made"});
    let place = if one.is_multiple_of(3) { made } else { organization.clone() };
    change(match what {
        0 => json!({"change": "block_user", "user": user}),
        1 => json!({"change": "unblock_user", "user": user}),
        2 => {
            json!({"change": "add_members", "organization": place, "users": [user, format!("auth0|{}", one.wrapping_add(1) % 6)]})
        }
        3 => json!({"change": "remove_members", "organization": organization, "users": [user]}),
        4 => {
            json!({"change": "assign_roles", "user": user, "roles": [role(other), role(other.wrapping_add(1))]})
        }
        5 => json!({"change": "remove_roles", "user": user, "roles": [role(other)]}),
        6 => {
            json!({"change": "assign_roles", "organization": place, "user": user, "roles": [role(other / 2)]})
        }
        7 => {
            json!({"change": "remove_roles", "organization": organization, "user": user, "roles": [role(other / 2)]})
        }
        8 => json!({"change": "create_organization", "name": "made", "display_name": "Made"}),
        9 => {
            json!({"change": "enable_connection", "organization": place, "connection": if other.is_multiple_of(3) { "con_1" } else { "con_2" }})
        }
        10 => {
            json!({"change": "invite", "organization": place, "email": format!("p{number}@example.com"), "inviter": "A", "client": "app"})
        }
        11 => {
            json!({"change": "add_discovery_domain", "organization": place, "domain": format!("d{}.example", other % 3)})
        }
        12 => {
            let value = match other % 4 {
                0 => Value::Null,
                1 => json!({"deep": other}),
                2 => json!("text"),
                _ => json!([1, {"a": null}]),
            };
            let which = if one.is_multiple_of(2) { "set_app_metadata" } else { "set_user_metadata" };
            json!({"change": which, "user": user, "keys": {format!("k{}", other % 3): value}})
        }
        13 => json!({"change": "set_prompt_text", "prompt": "login", "language": "en",
            "texts": {"login": {"title": if other.is_multiple_of(2) { Some("new") } else { None }}, "second": {"a": "b"}}}),
        14 => {
            let networks = [format!("203.0.{other}.0/24"), format!("2001:db8:{other:x}::/48")];
            json!({"change": "add_network_block", "list": "acl_1", "description": "", "networks": networks})
        }
        _ if one.is_multiple_of(2) => {
            json!({"change": "set_organization_branding", "organization": if other.is_multiple_of(2) { "org_a" } else { "org_b" },
            "branding": {"colors": {"primary": "#0a2540", "page_background": "#ffffff"}}})
        }
        _ => {
            json!({"change": "add_network_block", "description": format!("ours {number}"), "networks": [format!("203.0.{other}.0/24")]})
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_plan_and_its_way_back_leave_the_world_as_it_was_and_the_way_back_of_that_does_it_again(case in cases()) {
        let world = case.world();
        let mut changes = case.changes();
        // What is at fault is left out, as whoever orders would do.
        let plan = loop {
            if changes.is_empty() {
                return Ok(());
            }
            match planned(&world, &order(changes.clone())) {
                Ok(plan) => break plan,
                Err(faults) => {
                    let wrong: BTreeSet<usize> = faults.iter().filter_map(|fault| fault.wanted).collect();
                    prop_assert!(!wrong.is_empty(), "{:?}", faults);
                    let mut number = 0;
                    changes.retain(|_| { number += 1; !wrong.contains(&(number - 1)) });
                }
            }
        };
        prop_assert!(plan.misnamed().is_none());
        let carrier = carried(world.clone(), &plan);
        let back = back_of(&plan, &carrier);
        prop_assert!(back.left.is_empty(), "{:?}", back.left);
        let undone = carried(carrier.world.clone(), &back);
        prop_assert_eq!(undone.world.state(), world.state());
        prop_assert!(back.misnamed().is_none());
        let makes = plan.steps.iter().any(|step| step.write.makes());
        if !makes {
            let again = carried(undone.world.clone(), &back_of(&back, &undone));
            prop_assert_eq!(again.world.state(), carrier.world.state());
        }
    }

    #[test]
    fn planning_what_was_done_finds_nothing_to_do(user in 0_u8..6, other in any::<u8>()) {
        let wanted = [wanted(0, (0, user, other)), wanted(1, (4, user, other % 3)), wanted(2, (12, user, 1 + other % 3))];
        let first = plan(&world(), wanted.clone());
        let world = carried(world(), &first).world;
        prop_assert_eq!(plan(&world, wanted).steps.len(), 0);
    }
}

#[test]
fn chosen_steps_are_taken_back_alone_and_not_without_what_needs_them() {
    let made = json!({"made": "new"});
    let plan = plan(
        &world(),
        [
            change(json!({"change": "create_organization", "name": "new", "display_name": "New"})),
            change(json!({"change": "add_members", "organization": made, "users": ["auth0|1"]})),
            of_user("block_user", "auth0|2"),
        ],
    );
    let carrier = carried(world(), &plan);
    let run = carrier.run(&plan).unwrap();
    let only = |names: &[&str]| {
        let chosen = names.iter().map(|name| (*name).to_owned()).collect();
        undo(&plan, &run, Some(&chosen), "back", origin(), &frame())
    };
    let needed = only(&["1.1.create_organization"]).unwrap_err();
    assert_eq!((needed[0].code, needed[0].place.as_str()), (FaultCode::Needed, "1.1.create_organization"));
    assert!(needed[0].right.contains("2.1.add_members"));
    assert_eq!(only(&["9.1.none"]).unwrap_err()[0].code, FaultCode::Absent);
    assert_eq!(kinds(&only(&["3.1.block_user"]).unwrap()), [Kind::UnblockUser]);
    let both = only(&["1.1.create_organization", "2.1.add_members"]).unwrap();
    assert_eq!(kinds(&both), [Kind::RemoveMembers, Kind::DeleteOrganization]);
    let undone = carried(carrier.world.clone(), &both).world;
    assert_eq!(undone.find("users", "auth0|2").unwrap()["blocked"], true);
}

#[test]
fn what_can_not_be_taken_back_is_named_and_what_was_so_before_is_left_alone() {
    let plan = plan(
        &world(),
        [
            of_user("block_user", "auth0|1"),
            of_user("revoke_access", "auth0|1"),
            change(json!({"change": "rotate_client_secret", "client": "app"})),
            change(json!({"change": "notify", "receiver": "soc", "text": "told"})),
        ],
    );
    let mut world = world();
    // Somebody else blocked the user between the plan and the run.
    let by_others = super::support::plan(&world, [of_user("block_user", "auth0|1")]);
    world = carried(world, &by_others).world;
    let carrier = carried(world, &plan);
    assert_eq!(carrier.rows[0].state.as_str(), "already");
    let back = back_of(&plan, &carrier);
    assert!(back.steps.is_empty());
    let left: Vec<(Kind, Option<Forever>)> = back.left.iter().map(|left| (left.kind, left.why)).collect();
    assert_eq!(
        left,
        [
            (Kind::Notify, Some(Forever::Told)),
            (Kind::RotateClientSecret, Some(Forever::Secret)),
            (Kind::RevokeAccess, Some(Forever::SignIn)),
        ]
    );
}

#[test]
fn a_change_of_somebody_else_since_keeps_its_step_from_being_taken_back() {
    let set =
        |value: &str| change(json!({"change": "set_app_metadata", "user": "auth0|1", "keys": {"a": value}}));
    let ours = plan(&world(), [set("ours")]);
    let carrier = carried(world(), &ours);
    let theirs = plan(&carrier.world, [set("theirs")]);
    let changed = carried(carrier.world.clone(), &theirs).world;
    let mut late = Carrier::at(changed.clone());
    late.carry(&back_of(&ours, &carrier));
    assert_eq!(late.halt.as_ref().unwrap().why.code(), "moved");
    assert_eq!(late.world.state(), changed.state());
}
