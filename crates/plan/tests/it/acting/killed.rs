//! Death at any moment: what is taken up again ends right, and nothing that can be seen happens twice.

use std::collections::BTreeMap;

use countersign_plan::{
    change::{Change, ChangePlan},
    run::{StepState, Why},
    testing::{Carrier, End, World},
};
use serde_json::json;

use super::support::{change, members, of_user, plan, roles, world};

/// Forty steps of all kinds.
fn forty() -> (World, ChangePlan) {
    let mut world = world();
    world.lag = 2;
    for user in ["auth0|3", "auth0|4"] {
        world.put("members of org_b", json!({ "user_id": user }));
    }
    world.put("roles of org_b auth0|3", json!({"id": "rol_0"}));
    let made = json!({"made": "new"});
    let mut wanted = vec![
        change(json!({"change": "create_organization", "name": "new", "display_name": "New"})),
        change(json!({"change": "enable_connection", "organization": made, "connection": "con_1"})),
        change(json!({"change": "enable_connection", "organization": made, "connection": "con_2"})),
        change(json!({"change": "add_members", "organization": made, "users": ["auth0|1", "auth0|2"]})),
        change(
            json!({"change": "assign_roles", "organization": made, "user": "auth0|1", "roles": ["rol_1"]}),
        ),
        change(
            json!({"change": "invite", "organization": made, "email": "a@example.com", "inviter": "A", "client": "app"}),
        ),
        change(
            json!({"change": "invite", "organization": {"id": "org_a"}, "email": "b@example.com", "inviter": "A", "client": "app"}),
        ),
        change(json!({"change": "add_discovery_domain", "organization": made, "domain": "example.com"})),
        change(json!({"change": "call_webhook", "receiver": "crm", "body": {"new": true}})),
        change(json!({"change": "notify", "receiver": "soc", "text": "half"})),
        change(json!({"change": "add_network_block", "description": "ours", "networks": ["203.0.113.0/24"]})),
        change(json!({"change": "rotate_client_secret", "client": "app"})),
        change(
            json!({"change": "set_prompt_text", "prompt": "login", "language": "en", "texts": {"login": {"title": "x"}}}),
        ),
        change(json!({"change": "set_organization_branding", "organization": "org_a",
            "branding": {"colors": {"primary": "#000000", "page_background": "#ffffff"}}})),
        Change::RemoveMembers(members("org_b", &["auth0|3", "auth0|4"])),
        change(json!({"change": "remove_factor", "user": "auth0|1", "factor": "m1"})),
    ];
    for number in 0..5 {
        let user = format!("auth0|{number}");
        wanted.push(of_user("block_user", &user));
        wanted.push(of_user("revoke_access", &user));
        wanted.push(Change::AssignRoles(roles(None, &user, &["rol_2"])));
        wanted.push(change(json!({"change": "set_app_metadata", "user": user, "keys": {"mark": number}})));
    }
    wanted.push(of_user("force_password_reset", "auth0|0"));
    wanted.push(of_user("reset_mfa", "auth0|5"));
    wanted.push(change(json!({"change": "notify", "receiver": "soc", "text": "end"})));
    let plan = plan(&world, wanted);
    assert_eq!(plan.steps.len(), 40);
    (world, plan)
}

/// What must not be done twice: what was sent that makes, mails, tells or rotates.
fn once(carrier: &Carrier) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let makes = ["create", "enabled_connections.add", "rotate", "tickets"];
    let sent = carrier.sent.iter().filter(|sent| makes.iter().any(|word| sent.contains(word)));
    for what in sent.chain(&carrier.told).chain(&carrier.world.mails) {
        *counts.entry(what.clone()).or_default() += 1;
    }
    counts
}

fn end(carrier: &Carrier) -> World {
    let mut state = carrier.world.state();
    // Why: it was set by chance, and perhaps twice.
    state.passwords.clear();
    state
}

/// Takes it up until it is finished; a person settles what nobody knows, by what is true.
fn finish(carrier: &mut Carrier, plan: &ChangePlan, was_done: impl Fn(&Carrier, usize) -> bool) -> usize {
    let mut settled = 0;
    loop {
        match carrier.carry(plan) {
            End::Finished => return settled,
            End::Halted(halt) => {
                assert_eq!(halt.why, Why::Uncertain, "step {}", halt.step);
                let step = &plan.steps[halt.step];
                assert!(step.write.is_blind && !step.write.may_repeat, "{}", step.name);
                carrier.settle(plan, was_done(carrier, halt.step));
                settled += 1;
            }
            End::Died => panic!("it did not come on"),
        }
    }
}

/// Whether the world shows that a blind step was done, as a person would find out.
fn shows(plan: &ChangePlan) -> impl Fn(&Carrier, usize) -> bool + '_ {
    |carrier, step| {
        let kind = plan.steps[step].kind.as_str();
        match kind {
            "rotate_client_secret" => carrier.world.find("clients", "app").unwrap()["client_secret"] != "old",
            "call_webhook" => carrier.told.iter().any(|told| told.starts_with("crm")),
            "make_reset_ticket" => carrier.world.writes.iter().any(|name| name == "tickets.change_password"),
            // Sent as often as may be: what sends it again does it.
            "revoke_access" | "reset_password" => false,
            other => panic!("{other} can be seen, or sent again"),
        }
    }
}

#[test]
fn a_plan_of_forty_steps_killed_at_every_moment_ends_as_if_it_had_lived() {
    let (world, plan) = forty();
    let mut whole = Carrier::at(world.clone());
    assert_eq!(whole.carry(&plan), End::Finished, "{:?}", whole.rows);
    assert!(once(&whole).values().all(|count| *count == 1));
    assert!(whole.moments > 200, "{}", whole.moments);
    let mut settled = 0;
    for moment in 1..=whole.moments {
        let mut carrier = Carrier { dies_at: Some(moment), ..Carrier::at(world.clone()) };
        assert_eq!(carrier.carry(&plan), End::Died, "{moment}");
        carrier.dies_at = None;
        settled += finish(&mut carrier, &plan, shows(&plan));
        assert_eq!(end(&carrier), end(&whole), "killed at {moment}");
        let twice: Vec<_> = once(&carrier).into_iter().filter(|(_, count)| *count > 1).collect();
        assert_eq!(twice, [], "killed at {moment}");
        for (row, step) in carrier.rows.iter().zip(&plan.steps) {
            let is_lost = row.state == StepState::Uncertain && step.kind.is_dispensable();
            assert!(row.state == StepState::Done || is_lost, "{} at {moment}: {row:?}", step.name);
        }
    }
    assert!(settled > 0);
}

#[test]
fn a_plan_that_dies_again_and_again_ends_right_too() {
    let (world, plan) = forty();
    let mut whole = Carrier::at(world.clone());
    whole.carry(&plan);
    for seed in 1..12 {
        let mut carrier = Carrier::at(world.clone());
        for life in 0..1_000 {
            carrier.dies_at = Some(carrier.moments + 3 + (seed * 31 + life * 17) % 23);
            match carrier.carry(&plan) {
                End::Finished => break,
                End::Halted(halt) => {
                    let is_done = shows(&plan)(&carrier, halt.step);
                    carrier.settle(&plan, is_done);
                }
                End::Died => {}
            }
        }
        carrier.dies_at = None;
        assert_eq!(carrier.carry(&plan), End::Finished, "seed {seed}");
        assert_eq!(end(&carrier), end(&whole), "seed {seed}");
        assert!(once(&carrier).values().all(|count| *count == 1), "seed {seed}");
    }
}

#[test]
fn a_lost_answer_is_looked_after_and_never_makes_a_second_one() {
    let (world, plan) = forty();
    let mut whole = Carrier::at(world.clone());
    whole.carry(&plan);
    for call in 1..=whole.calls {
        let mut carrier = Carrier { loses: Some(call), ..Carrier::at(world.clone()) };
        finish(&mut carrier, &plan, shows(&plan));
        assert_eq!(end(&carrier), end(&whole), "answer {call} lost");
        assert!(once(&carrier).values().all(|count| *count == 1), "answer {call} lost");
    }
}
