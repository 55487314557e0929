//! Plans that were let in by other settings than those that hold when they are begun.

use std::time::Duration;

use countersign_plan::{
    change::ChangePlan,
    gate::{Approvals, Layer, Settings},
};
use serde_json::{Value, json};

use super::scene::{Stage, block, hands};
use crate::acts::{PlanHead, PlanListed, admit::Candidate, told::Actor};

fn settings(layer: Value) -> Settings {
    Settings { tenant: serde_json::from_value::<Layer>(layer).unwrap(), ..Settings::default() }
}

/// A stage of these settings, and a plan that was let in by the defaults before and approved by one person.
async fn approved_before(layer: Value) -> (Stage, PlanHead) {
    let stage = Stage::new(settings(layer)).await;
    let model = stage.propose(&[block(1)]).await.unwrap();
    let kept = stage.app().open_plan(&stage.scene.tenant, &model.id).await.unwrap();
    let (made_at, begin_by) = (kept.plan().made_at.plus(1), kept.plan().made_at.plus(86_400_000_000));
    let candidate = Candidate {
        plan: ChangePlan { made_at, begin_by, ..kept.plan().clone() },
        order: kept.body.order.clone(),
        actor: Actor::Person("per_mia"),
        incident: None,
        undoes: None,
        asks_people: false,
        audience: None,
    };
    let before = hands(&stage.fake, Settings::default());
    let (row, _) = stage.app().admit(&stage.scene.tenant, &before, candidate).await.unwrap();
    let plan = PlanHead::from(row);
    if model.state == "proposed" {
        stage.app().withdraw_plan(&stage.mia().await, &model.id).await.unwrap();
    }
    let noa = stage.approver("noa").await;
    let approved = stage.app().approve_plan(&noa, &plan.id, &plan.hash).await.unwrap();
    assert_eq!(approved.state, "approved", "by what held then");
    (stage, plan)
}

/// The plan that took its place.
async fn fresh(stage: &Stage, state: &str) -> PlanListed {
    let filter = crate::acts::PlanFilter { states: vec![state.to_owned()], ..Default::default() };
    let mut listed = stage.app().plans(&stage.scene.tenant, filter, 9).await.unwrap();
    assert!(stage.fake.taken.lock().is_empty());
    listed.remove(0)
}

#[tokio::test]
async fn whoever_has_to_agree_by_the_settings_of_now_is_asked_before_a_plan_is_begun() {
    let (stage, plan) = approved_before(json!({"approvals": {"people": 2}})).await;
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "superseded");
    let fresh = fresh(&stage, "proposed").await.plan;
    let shown = stage.app().plan(&stage.scene.tenant, &fresh.id).await.unwrap();
    assert_eq!((shown.demanded, shown.approvals), (vec![Approvals::People(2)], 0));
    for name in ["noa", "lea"] {
        stage.app().approve_plan(&stage.approver(name).await, &fresh.id, &fresh.hash).await.unwrap();
    }
    stage.run().await;
    assert_eq!(stage.state(&fresh.id).await, "done");
}

#[tokio::test]
async fn what_may_only_be_shown_by_now_is_not_begun() {
    let (stage, plan) = approved_before(json!({"all_at_most": "report"})).await;
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "superseded");
    fresh(&stage, "reported").await;
}

#[tokio::test]
async fn what_waited_for_longer_than_it_may_by_now_asks_anew() {
    let (stage, plan) = approved_before(json!({"waits_for": 3_600_000_000_i64})).await;
    stage.scene.clock.advance(Duration::from_secs(3_601));
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "superseded");
    fresh(&stage, "proposed").await;
}

#[tokio::test]
async fn what_is_looser_by_now_changes_nothing() {
    let (stage, plan) = approved_before(json!({"autonomy": {"block_user": "auto"}})).await;
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "done");
}
