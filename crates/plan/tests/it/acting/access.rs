//! Keeping people out: what is sent, in which order, and what whoever approves is told.

use countersign_plan::{
    change::{Back, Change, Forever, Kind, RANDOM},
    run::StepState,
};
use serde_json::json;

use super::support::{back_of, carried, change, codes, kinds, of_user, one, plan, world};

#[test]
fn a_block_comes_before_what_ends_sessions_and_after_what_lifts_it() {
    let wanted = ["revoke_access", "block_user", "force_password_reset"];
    for turned in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let plan = plan(&world(), turned.map(|number| of_user(wanted[number], "auth0|1")));
        let expected = [Kind::ResetPassword, Kind::BlockUser, Kind::RevokeAccess, Kind::MakeResetTicket];
        assert_eq!(kinds(&plan), expected);
        let carrier = carried(world(), &plan);
        assert_eq!(carrier.world.find("users", "auth0|1").unwrap()["blocked"], true);
        assert!(carrier.world.listed("sessions of auth0|1").is_empty());
        assert!(carrier.world.listed("tokens of auth0|1").is_empty());
    }
}

#[test]
fn a_reset_of_a_blocked_user_blocks_again_and_the_way_back_leaves_that() {
    let mut world = world();
    let blocked = plan(&world, [of_user("block_user", "auth0|1")]);
    world = carried(world, &blocked).world;
    let plan = plan(&world, [of_user("force_password_reset", "auth0|1")]);
    assert_eq!(kinds(&plan), [Kind::ResetPassword, Kind::BlockUser, Kind::MakeResetTicket]);
    assert_eq!(plan.steps[1].back, Back::Kept);
    assert!(codes(&plan).contains(&"blocked_again"));
    let mut carrier = carried(world, &plan);
    assert_eq!(carrier.world.find("users", "auth0|1").unwrap()["blocked"], true);
    let back = back_of(&plan, &carrier);
    assert!(back.steps.is_empty());
    assert_eq!(
        back.left.iter().map(|left| left.why).collect::<Vec<_>>(),
        [Some(Forever::Ticket), None, Some(Forever::Password)]
    );
    carrier.rows.clear();
    assert_ne!(carrier.world.passwords["auth0|1"], "first");
}

#[test]
fn who_is_unblocked_and_reset_is_unblocked_first_so_that_it_can_be_taken_back() {
    let mut world = world();
    world = carried(world.clone(), &plan(&world, [of_user("block_user", "auth0|1")])).world;
    let plan = plan(&world, ["force_password_reset", "unblock_user"].map(|name| of_user(name, "auth0|1")));
    assert_eq!(kinds(&plan), [Kind::UnblockUser, Kind::ResetPassword, Kind::MakeResetTicket]);
    let carrier = carried(world, &plan);
    assert_eq!(carrier.world.find("users", "auth0|1").unwrap().get("blocked"), None);
    let back = back_of(&plan, &carrier);
    assert_eq!(kinds(&back), [Kind::BlockUser]);
}

#[test]
fn no_password_is_in_the_plan_and_the_ticket_is_kept_as_a_secret() {
    let plan = plan(&world(), [of_user("force_password_reset", "auth0|2")]);
    let names: Vec<&str> = plan.secrets().into_iter().collect();
    assert_eq!(names, [format!("{RANDOM}1.1.reset_password")]);
    let text = String::from_utf8(plan.canonical()).unwrap();
    assert!(text.contains(r#""password":{"secret":{"name":"random:1.1.reset_password""#), "{text}");
    let carrier = carried(world(), &plan);
    assert_eq!(carrier.secrets.keys().collect::<Vec<_>>(), ["1.2.make_reset_ticket"]);
    assert!(carrier.answers.is_empty());
    assert!(carrier.world.passwords["auth0|2"].starts_with("chance"));
    assert!(!carrier.sent.iter().any(|sent| sent.contains("chance")));
}

#[test]
fn who_has_no_password_can_not_be_made_to_set_one() {
    let faults = super::support::faults(&world(), [of_user("force_password_reset", "google|6")]);
    assert_eq!(faults, [(countersign_plan::change::FaultCode::Unfit, "user".to_owned())]);
}

#[test]
fn without_endpoints_for_sessions_refresh_tokens_are_ended_once_and_a_note_says_what_stays() {
    let mut world = world();
    world.lacks_sessions = true;
    for name in ["revoke_sessions", "revoke_access"] {
        let wanted = [of_user(name, "auth0|1"), of_user("revoke_refresh_tokens", "auth0|1")];
        let plan = plan(&world, wanted);
        assert_eq!(kinds(&plan), [Kind::RevokeRefreshTokens]);
        assert!(codes(&plan).contains(&"sessions_stay"), "{name}");
        let carrier = carried(world.clone(), &plan);
        assert!(carrier.world.listed("tokens of auth0|1").is_empty());
        assert!(!carrier.world.listed("sessions of auth0|1").is_empty());
    }
}

#[test]
fn a_block_says_what_it_does_not_end_and_how_long_tokens_stay_good() {
    let block = plan(&world(), [of_user("block_user", "auth0|1")]);
    assert_eq!(codes(&block), ["block_keeps_sessions", "tokens_stay_good", "keys_go_on"]);
    assert!(block.notes.iter().any(|note| note.text().contains("86400 seconds")));
    let both = plan(&world(), ["block_user", "revoke_access"].map(|name| of_user(name, "auth0|1")));
    assert_eq!(codes(&both), ["tokens_stay_good", "keys_go_on"]);
    let ended = plan(&world(), [of_user("revoke_access", "auth0|1")]);
    assert_eq!(codes(&ended), ["may_sign_in_again", "tokens_stay_good", "keys_go_on"]);
    let mut untold = world();
    untold.collections.remove("resource_servers");
    let plan = plan(&untold, [of_user("block_user", "auth0|1")]);
    assert!(codes(&plan).contains(&"tokens_stay_good_untold"));
}

#[test]
fn revocations_take_their_time_and_are_waited_for() {
    let mut slow = world();
    slow.lag = 6;
    let plan = plan(&slow, ["block_user", "revoke_access"].map(|name| of_user(name, "auth0|1")));
    let mut carrier = carried(slow.clone(), &plan);
    assert!(carrier.world.listed("sessions of auth0|1").is_empty());
    slow.lag = 1_000;
    carrier = countersign_plan::testing::Carrier::at(slow);
    carrier.carry(&plan);
    assert_eq!(carrier.halt.as_ref().unwrap().why.code(), "not_seen");
    assert_eq!(carrier.rows[1].state, StepState::Done);
}

#[test]
fn all_factors_are_removed_but_the_password_and_one_is_removed_alone() {
    let all = plan(&world(), [Change::ResetMfa(one("auth0|1"))]);
    assert_eq!(kinds(&all), [Kind::ResetMfa]);
    let carrier = carried(world(), &all);
    assert!(!carrier.world.listed("methods of auth0|1").iter().any(|method| method["type"] == "totp"));
    let factor = |id: &str| change(json!({"change": "remove_factor", "user": "auth0|1", "factor": id}));
    let plan = plan(&world(), [factor("m1")]);
    assert!(plan.steps[0].is_irreversible());
    let carrier = carried(world(), &plan);
    assert_eq!(carrier.world.listed("methods of auth0|1"), [json!({"id": "p1", "type": "password"})]);
    for wrong in
        [vec![factor("p1")], vec![factor("gone")], vec![factor("m1"), Change::ResetMfa(one("auth0|1"))]]
    {
        assert!(!super::support::faults(&world(), wrong).is_empty());
    }
}
