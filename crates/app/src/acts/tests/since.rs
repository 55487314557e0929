//! How people sign in since a plan that touches them was begun.

use countersign_auth0::log::LogEvent;
use countersign_core::Timestamp;
use countersign_plan::gate::Settings;
use serde_json::json;

use super::scene::{Stage, block};
use crate::acts::{SignInEnd, SignInSince};

/// An entry about `auth0|{user}`, so many seconds after `at`.
async fn journaled(stage: &Stage, (kind, user): (&str, u8), at: Timestamp, seconds: i64) {
    let id = format!("log{kind}{user}x{seconds}");
    let raw = json!({
        "log_id": id, "type": kind, "date": at.plus(seconds * 1_000_000).to_string(),
        "user_id": format!("auth0|{user}"), "ip": "198.51.100.7", "description": "user is blocked",
    });
    let raw = raw.to_string();
    let entries = vec![Ok(LogEvent::parse(&raw, None).unwrap())];
    stage.app().take_logs(&stage.scene.tenant, entries).await.unwrap();
}

async fn since(stage: &Stage, plan: &str) -> Vec<SignInSince> {
    stage.app().sign_ins_since(&stage.scene.tenant, plan).await.unwrap()
}

#[tokio::test]
async fn sign_ins_of_whom_it_touches_are_told_newest_first_by_alias_and_nothing_from_before_it() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1)]).await;
    let before = stage.app().ports.clock.now();
    journaled(&stage, ("s", 1), before, -60).await;
    assert!(since(&stage, &plan.id).await.is_empty(), "it was not begun");
    stage.run().await;
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    let begun = shown.plan.begun.unwrap();
    for (kind, user, seconds) in
        [("f", 1, 20), ("s", 2, 30), ("sapi", 1, 40), ("fertft", 1, 50), ("s", 1, 60)]
    {
        journaled(&stage, (kind, user), begun, seconds).await;
    }
    let told = since(&stage, &plan.id).await;
    let ends: Vec<SignInEnd> = told.iter().map(|one| one.end).collect();
    assert_eq!(ends, [SignInEnd::In, SignInEnd::TokenRefused, SignInEnd::Refused]);
    assert_eq!(told[2].at, begun.plus(20_000_000));
    assert!(told.iter().all(|one| !one.name.contains("auth0") && one.decision.is_none()), "{told:?}");
}

#[tokio::test]
async fn of_many_sign_ins_the_newest_ten_are_told() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), block(2)]).await;
    stage.run().await;
    let begun = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap().plan.begun.unwrap();
    for seconds in 1..=8 {
        journaled(&stage, ("f", 1), begun, seconds).await;
        journaled(&stage, ("s", 2), begun, seconds).await;
    }
    let told = since(&stage, &plan.id).await;
    assert_eq!(told.len(), 10);
    assert_eq!(told.last().unwrap().at, begun.plus(4_000_000));
}
