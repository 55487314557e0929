//! A plan out of which somebody is taken: nothing of them is left, and the rest is taken back as before.

use countersign_plan::change::{ChangePlan, ERASED, Evidence, Forever, Origin, kind_of, sentences, undo};
use serde_json::json;

use super::support::{carried, change, frame, of_user, order, plan, planned, world};

fn is_first(text: &str) -> bool {
    text == "auth0|1" || text == "one@example.com"
}

fn text(plan: &ChangePlan) -> String {
    String::from_utf8(plan.canonical()).unwrap()
}

#[test]
fn nothing_of_who_was_erased_is_left_and_what_was_done_to_others_is_taken_back() {
    let world = world();
    let members =
        json!({"change": "add_members", "organization": {"id": "org_a"}, "users": ["auth0|1", "auth0|2"]});
    let metadata =
        json!({"change": "set_app_metadata", "user": "auth0|1", "keys": {"plan": "the secret of one"}});
    let mut order = order([
        of_user("block_user", "auth0|1"),
        of_user("block_user", "auth0|2"),
        change(members),
        change(metadata),
    ]);
    order.title = "About one@example.com, and another.".to_owned();
    order.wanted[0].evidence = vec![Evidence::Alert { id: "alr_of_one".to_owned() }];
    order.wanted[1].reason = "as auth0|12 and auth0|1: both".to_owned();
    order.wanted[1].evidence = vec![Evidence::Alert { id: "alr_of_two".to_owned() }];
    let whole = planned(&world, &order).unwrap();
    let done = carried(world.clone(), &whole);
    let left = whole.without(&is_first).unwrap();
    for gone in ["auth0|1", "one@example.com", "the secret of one", "alr_of_one"] {
        assert!(text(&whole).contains(gone) && !text(&left).contains(gone), "{gone}: {}", text(&left));
    }
    assert!(text(&left).contains("auth0|2") && text(&left).contains("alr_of_two"));
    let wanted = order.clone().without(&is_first);
    let kept = serde_json::to_string(&wanted).unwrap();
    assert!(kept.contains("auth0|2") && !kept.contains("auth0|1\"") && !kept.contains("one@"), "{kept}");
    assert_eq!(
        (wanted.wanted.len(), wanted.title.as_str()),
        (1, ERASED),
        "what was wanted of the other alone"
    );
    assert_eq!((left.steps.len(), left.title.as_str()), (whole.steps.len(), ERASED));
    assert!(left.hash() != whole.hash());
    assert!(
        left.steps.iter().all(|step| kind_of(&step.write.call) == Some(step.kind)),
        "each is shown as what it was"
    );
    assert_eq!(sentences(&left).len(), left.steps.len());
    assert_eq!(left.radius().users, 2, "that there was somebody else is known");
    // What was done to the other one is taken back, and nothing is sent about who is not known any more.
    let origin = Origin::Undo { plan: whole.hash(), person: None, is_own: false, workflow: None };
    let run = done.run(&left).unwrap();
    let back = undo(&left, &run, None, "back", origin, &frame()).unwrap();
    assert!(!text(&back).contains("auth0|1") && !text(&back).contains("\"erased\"]"), "{}", text(&back));
    assert_eq!(back.left.iter().filter(|left| left.why == Some(Forever::Erased)).count(), 2);
    let after = carried(done.world, &back).world;
    assert_ne!(after.find("users", "auth0|2").unwrap()["blocked"], true);
    assert_eq!(after.find("users", "auth0|1").unwrap()["blocked"], true);
    let members = after.listed("members of org_a");
    assert_eq!(members, [json!({"user_id": "auth0|1"})], "whoever is not known any more stays as they are");
}

#[test]
fn an_invitation_names_nobody_after_and_another_s_plan_is_left_alone() {
    let invite = json!({"change": "invite", "organization": {"id": "org_a"}, "email": "one@example.com",
        "inviter": "A", "client": "app"});
    let invited = plan(&world(), [change(invite)]);
    let left = invited.without(&is_first).unwrap();
    assert!(text(&invited).contains("one@example.com") && !text(&left).contains("one@example.com"));
    assert_eq!(plan(&world(), [of_user("block_user", "auth0|2")]).without(&is_first), None);
    // Once more: there is nobody left to be taken out.
    assert_eq!(left.without(&is_first), None);
}
