//! What the ledger tells of runs that halted, and of what a person settled.

use countersign_plan::gate::Settings;
use serde_json::json;

use super::scene::{Stage, block};

#[tokio::test]
async fn a_halt_tells_at_which_step_and_why_and_whoever_settles_a_step_is_told_as_who_did() {
    let stage = Stage::new(Settings::default()).await;
    *stage.fake.is_mute.lock() = true;
    let call = json!({"change": "call_webhook", "receiver": "soc", "body": {"a": 1}});
    let plan = stage.approved(&[block(1), call]).await;
    stage.run().await;
    let mia = stage.mia().await;
    stage.app().settle_step(&mia, &plan.id, (1, true)).await.unwrap();
    let leaves = stage.leaves().await;
    let halted = leaves.iter().find(|facts| facts["change"] == "halted").unwrap();
    assert_eq!((halted["step"].as_str(), halted["reason"].as_str()), ("1", "uncertain"));
    let settled = leaves.iter().rfind(|facts| facts["change"] == "step_ended").unwrap();
    assert_eq!((settled["step"].as_str(), settled["step_state"].as_str()), ("1", "done"));
    assert_eq!((settled["actor_type"].as_str(), settled["principal"].as_str()), ("person", "per_mia"));
    assert!(leaves.iter().all(|facts| !format!("{facts:?}").contains("auth0|")), "{leaves:?}");
}

#[tokio::test]
async fn a_person_s_stop_is_told_as_theirs_with_the_step_that_was_next() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), block(2)]).await;
    *stage.fake.fuse.lock() = Some(4);
    stage.run().await;
    stage.app().stop_plan(&stage.mia().await, &plan.id).await.unwrap();
    let leaves = stage.leaves().await;
    let halted = leaves.iter().find(|facts| facts["change"] == "halted").unwrap();
    assert_eq!((halted["step"].as_str(), halted["reason"].as_str()), ("1", "stopped"));
    assert_eq!((halted["actor_type"].as_str(), halted["principal"].as_str()), ("person", "per_mia"));
}
