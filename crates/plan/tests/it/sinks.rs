//! Credentials of others in what our streams lead to.

use countersign_plan::{Finding, Undo, install};
use serde_json::json;

use crate::support::{Run, everything};

/// An installation whose log stream has a credential of the operator's in its sink.
fn with_headers() -> Run {
    let mut run = Run::default();
    run.apply(&install::plan(&everything(1), &run.observe()));
    let sink = &mut run.world.collections.get_mut("log_streams").unwrap()[0]["sink"];
    sink["httpCustomHeaders"] = json!([{"header": "X-Gateway-Key", "value": "CANARY"}]);
    run
}

#[test]
fn credentials_in_a_sink_are_kept_by_what_need_not_change_it_and_never_copied() {
    let mut run = with_headers();
    run.world.collections.get_mut("log_streams").unwrap()[0]["status"] = json!("paused");
    let plan = install::plan(&everything(1), &run.observe());
    assert_eq!(plan.steps.len(), 1);
    let text = format!("{}{}", String::from_utf8(plan.canonical()).unwrap(), plan.text());
    assert!(!text.contains("CANARY") && !text.contains("value of"), "{text}");
    let before = run.world.collections["log_streams"][0]["sink"].clone();
    run.apply(&plan);
    let stream = &run.world.collections["log_streams"][0];
    assert_eq!((&stream["status"], &stream["sink"]), (&json!("active"), &before));
    run.roll_back(&plan);
    let stream = &run.world.collections["log_streams"][0];
    assert_eq!((&stream["status"], &stream["sink"]), (&json!("paused"), &before));
}

#[test]
fn a_sink_that_has_to_change_and_holds_what_would_be_lost_blocks() {
    let run = with_headers();
    let mut goal = everything(1);
    goal.log_stream.as_mut().unwrap().endpoint = "https://new.example.com/logs".to_owned();
    let moved = install::plan(&goal, &run.observe());
    goal = everything(1);
    goal.fingerprints.insert(install::secret_key("log_stream", &goal.tenant), "another".to_owned());
    for plan in [moved, install::plan(&goal, &run.observe())] {
        let blocks: Vec<&Finding> = plan.blocks().collect();
        assert!(
            matches!(&blocks[..], [found] if found.code == "log_stream.more_in_sink" && found.text.contains("`httpCustomHeaders`"))
        );
        assert_eq!(plan.steps, []);
        assert!(!String::from_utf8(plan.canonical()).unwrap().contains("CANARY"));
    }
}

#[test]
fn an_address_that_may_hold_a_credential_is_not_kept_to_go_back_to() {
    let mut run = Run::default();
    run.apply(&install::plan(&everything(1), &run.observe()));
    let sink = &mut run.world.collections.get_mut("log_streams").unwrap()[0]["sink"];
    sink["httpEndpoint"] = json!("https://elsewhere.example/?key=CANARY");
    let plan = install::plan(&everything(1), &run.observe());
    let text = format!("{}{}", String::from_utf8(plan.canonical()).unwrap(), plan.text());
    assert!(!text.contains("CANARY"), "{text}");
    assert!(matches!(plan.steps[0].undo, Undo::Irreversible(_)));
    run.apply(&plan);
    assert_eq!(install::plan(&everything(1), &run.observe()).steps, []);
}
