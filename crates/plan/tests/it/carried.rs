//! What a plan does to a tenant.

use countersign_core::Trigger;
use countersign_plan::{
    Severity,
    install::{self, Place},
};
use serde_json::json;

use crate::support::{DOMAIN, Run, add_foreign, code, everything, state};

fn names(run: &Run, trigger: Trigger) -> Vec<String> {
    run.world.bindings.get(trigger.as_str()).into_iter().flatten().map(|(_, name)| name.clone()).collect()
}

#[test]
fn everything_is_installed_and_a_second_plan_is_empty() {
    let mut run = Run::default();
    add_foreign(&mut run.world, Trigger::PostLogin, "partner", "exports.x = 1");
    let goal = everything(1);
    let plan = install::plan(&goal, &run.observe());
    run.apply(&plan);
    assert_eq!(names(&run, Trigger::PostLogin), ["Countersign post-login", "partner bound"]);
    assert_eq!(run.world.collections["actions"].len(), 7);
    let grant = &run.world.collections["client_grants"][0];
    assert_eq!(grant["audience"], json!(format!("https://{DOMAIN}/api/v2/")));
    assert_eq!(install::plan(&goal, &run.observe()).steps, []);
}

#[test]
fn only_what_differs_is_changed_and_rolled_back() {
    let mut run = Run::default();
    run.apply(&install::plan(&everything(1), &run.observe()));
    let before = run.world.clone();
    let mut goal = everything(1);
    let login = goal.actions.get_mut(&Trigger::PostLogin).unwrap();
    login.code = code(Trigger::PostLogin, 2);
    let plan = install::plan(&goal, &run.observe());
    let steps: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["action.post-login.update", "action.post-login.deploy"]);
    assert!(plan.secrets().is_empty(), "secrets that did not change are not sent");
    run.apply(&plan);
    assert_ne!(state(&run.world), state(&before));
    run.roll_back(&plan);
    assert_eq!(state(&run.world), state(&before));
}

#[test]
fn a_secret_that_changed_is_set_again_and_can_t_be_undone() {
    let mut run = Run::default();
    run.apply(&install::plan(&everything(1), &run.observe()));
    let mut goal = everything(1);
    let key = install::secret_key("actions", &goal.tenant);
    goal.fingerprints.insert(key, "another".to_owned());
    let plan = install::plan(&goal, &run.observe());
    assert_eq!(plan.secrets(), ["COUNTERSIGN_KEY", "COUNTERSIGN_URL"]);
    assert_eq!(plan.steps.len(), 12, "each of six Actions is changed and deployed");
    run.apply(&plan);
    assert_eq!(install::plan(&goal, &run.observe()).steps, []);
}

#[test]
fn secrets_of_an_action_that_would_be_lost_block() {
    let mut run = Run::default();
    run.apply(&install::plan(&everything(1), &run.observe()));
    for action in run.world.collections.get_mut("actions").unwrap() {
        action["secrets"].as_array_mut().unwrap().push(json!({"name": "COUNTERSIGN_OFF", "value": "1"}));
    }
    assert_eq!(install::plan(&everything(1), &run.observe()).steps, []);
    run.fingerprints.clear();
    let plan = install::plan(&everything(1), &run.observe());
    assert!(plan.blocks().all(|finding| finding.text.contains("`COUNTERSIGN_OFF`")));
    assert_eq!(plan.blocks().count(), 6);
}

#[test]
fn a_place_that_is_not_there_blocks() {
    let mut goal = everything(1);
    goal.actions.get_mut(&Trigger::PostLogin).unwrap().place = Place::After("nobody".to_owned());
    let plan = install::plan(&goal, &Run::default().observe());
    assert_eq!(
        plan.blocks().map(|finding| finding.code.as_str()).collect::<Vec<_>>(),
        ["binding.no_such_place"]
    );
}

#[test]
fn what_is_wanted_no_more_is_taken_out_after_it_was_unbound() {
    let mut run = Run::default();
    run.apply(&install::plan(&everything(1), &run.observe()));
    let mut goal = everything(1);
    goal.actions.remove(&Trigger::PostLogin);
    goal.log_stream = None;
    let plan = install::plan(&goal, &run.observe());
    let steps: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["bindings.post-login", "log_stream.delete", "action.post-login.delete"]);
    assert!(plan.text().contains("not once `action.post-login.delete` is done"), "{}", plan.text());
    run.apply(&plan);
    assert_eq!(install::plan(&goal, &run.observe()).steps, []);
}

#[test]
fn foreign_actions_that_collide_are_told_with_their_place() {
    let mut run = Run::default();
    add_foreign(&mut run.world, Trigger::PostLogin, "early", "api.access.deny('x')");
    add_foreign(&mut run.world, Trigger::PostLogin, "late", "api.redirect.sendUserTo('x')");
    add_foreign(&mut run.world, Trigger::PostLogin, "harmless", "api.idToken.setCustomClaim('a', 1)");
    let mut goal = everything(1);
    goal.actions.get_mut(&Trigger::PostLogin).unwrap().place = Place::After("early bound".to_owned());
    let plan = install::plan(&goal, &run.observe());
    let told: Vec<&str> = plan
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Warning)
        .map(|finding| finding.text.as_str())
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("`early` (post-login, before ours) denies"), "{told:?}");
    assert!(told[1].starts_with("`late` (post-login, after ours) redirects"), "{told:?}");
}
