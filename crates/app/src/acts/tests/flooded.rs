//! A tenant that takes nothing: one intent however often it is tried, ever longer pauses, and an end.

use std::time::Duration;

use countersign_plan::gate::Settings;
use serde_json::json;

use super::scene::{Stage, block, revoke};
use crate::acts::{Hindrance, Ran};

#[tokio::test]
async fn however_often_a_write_is_not_taken_there_is_one_intent_and_the_plan_says_why_it_waits() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), revoke(1)]).await;
    *stage.fake.takes_no_writes.lock() = true;
    let begun = stage.app().ports.clock.now();
    assert_eq!(stage.run().await.waiting, 1);
    assert_eq!(stage.run().await, Ran::default(), "not before its pause is over");
    for _ in 0..20 {
        assert_eq!(stage.run_later().await.waiting, 1);
    }
    let told = ["proposed", "approved", "begun", "step_intended", "waiting"];
    assert_eq!(stage.changes_of(&plan.id).await, told);
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    assert_eq!(
        (shown.plan.state.as_str(), shown.steps[0].state.as_str(), shown.steps[0].sent),
        ("running", "waiting", 0)
    );
    let waits = shown.plan.waits.unwrap();
    assert_eq!((waits.why, waits.since, waits.tries), (Hindrance::Limited, begun, 21));
    let now = stage.app().ports.clock.now();
    assert_eq!(waits.next, now.plus(30_000_000), "containment is never put off for longer");
    let row = stage.app().ports.store.find_plan(stage.tenant(), &plan.id).await.unwrap().unwrap();
    assert_eq!(row.try_at, Some(waits.next), "also after a start");
    *stage.fake.takes_no_writes.lock() = false;
    stage.scene.clock.advance(Duration::from_secs(30));
    assert_eq!(stage.run().await.ended, 1);
    let ended = ["step_ended", "step_intended", "step_ended", "finished"];
    assert_eq!(stage.changes_of(&plan.id).await, [&told[..], &ended].concat());
    assert_eq!(stage.fake.taken.lock().len(), 2);
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    assert_eq!((shown.plan.state.as_str(), shown.plan.waits), ("done", None));
}

#[tokio::test]
async fn what_is_not_taken_until_the_plan_s_time_is_over_halts_and_goes_on_when_a_person_says_so() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), block(2)]).await;
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "done");
    let plan =
        stage.approved(&[json!({"change": "assign_roles", "user": "auth0|3", "roles": ["rol_0"]})]).await;
    *stage.fake.takes_no_writes.lock() = true;
    let mut tries = 0;
    while stage.state(&plan.id).await != "halted" {
        stage.run_later().await;
        tries += 1;
        assert!(tries < 300, "it comes to an end");
    }
    assert!(stage.app().ports.clock.now() >= plan.expires, "not before its time is over");
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    assert_eq!(shown.halt.map(|halt| (halt.step, halt.why.code())), Some((0, "late")));
    assert_eq!(shown.plan.waits, None);
    let told = ["proposed", "approved", "begun", "step_intended", "waiting", "halted"];
    assert_eq!(stage.changes_of(&plan.id).await, told);
    *stage.fake.takes_no_writes.lock() = false;
    assert_eq!(stage.run_later().await, Ran::default(), "it stands still");
    stage.app().resume_plan(&stage.mia().await, &plan.id).await.unwrap();
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!((stage.state(&plan.id).await.as_str(), stage.fake.taken.lock().len()), ("done", 3));
    assert!(
        !stage.changes_of(&plan.id).await[6..].contains(&"step_intended".to_owned()),
        "the intent stands"
    );
}

#[tokio::test]
async fn a_tenant_that_can_not_be_asked_is_asked_ever_more_seldom_and_holds_up_no_other_plan() {
    let stage = Stage::new(Settings::default()).await;
    let plan =
        stage.approved(&[json!({"change": "assign_roles", "user": "auth0|3", "roles": ["rol_0"]})]).await;
    *stage.fake.is_flooded.lock() = true;
    for _ in 0..12 {
        stage.run_later().await;
    }
    let waits = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap().plan.waits.unwrap();
    assert_eq!(waits.next, stage.app().ports.clock.now().plus(300_000_000));
    assert_eq!(stage.changes_of(&plan.id).await, ["proposed", "approved", "begun", "waiting"]);
    *stage.fake.is_flooded.lock() = false;
    let other =
        stage.approved(&[json!({"change": "assign_roles", "user": "auth0|4", "roles": ["rol_0"]})]).await;
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!(
        (stage.state(&other.id).await.as_str(), stage.state(&plan.id).await.as_str()),
        ("done", "running")
    );
}

#[tokio::test]
async fn a_message_that_its_receiver_does_not_take_keeps_no_run() {
    let stage = Stage::new(Settings::default()).await;
    *stage.fake.is_busy.lock() = true;
    let notify = json!({"change": "notify", "receiver": "soc", "text": "half"});
    let plan = stage.approved(&[notify, block(1)]).await;
    let mut tries = 0;
    while stage.state(&plan.id).await != "done" {
        stage.run_later().await;
        tries += 1;
        assert!(tries < 9, "it is given up");
    }
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    assert_eq!((shown.steps[0].state.as_str(), shown.steps[0].status), ("refused", Some(429)));
    assert_eq!((tries, stage.fake.taken.lock().len()), (5, 1));
}
