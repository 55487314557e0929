//! Whether whoever proposed a plan may take its run back without anybody else.

use countersign_plan::{gate::Settings, review::Refused};
use serde_json::{Value, json};

use super::scene::{Stage, block};
use crate::{
    Error,
    acts::{PlanFilter, PlanHead, PlanRefusal},
};

const MIA: &str = "auth0|1";

fn takes_role() -> Value {
    json!({"change": "remove_roles", "user": MIA, "roles": ["rol_0"]})
}

fn has_role(stage: &Stage) -> bool {
    stage.fake.world.lock().listed(&format!("roles of {MIA}")).contains(&json!({"id": "rol_0"}))
}

/// What Noa agreed to is carried out.
async fn done(stage: &Stage, change: Value) -> PlanHead {
    let plan = stage.approved(&[change]).await;
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "done");
    plan
}

async fn undone_by_mia(stage: &Stage, plan: &str) -> PlanHead {
    stage.app().undo_plan(&stage.mia().await, plan, None).await.unwrap()
}

async fn mia_agrees(stage: &Stage, plan: &PlanHead) -> Result<PlanHead, Error> {
    stage.app().approve_plan(&stage.approver("mia").await, &plan.id, &plan.hash).await
}

fn is_own(answer: &Result<PlanHead, Error>) -> bool {
    matches!(answer, Err(Error::Plan(PlanRefusal::Review(Refused::Own))))
}

#[tokio::test]
async fn what_was_taken_back_once_is_taken_back_again_with_somebody_else_only() {
    let stage = Stage::new(Settings::default()).await;
    stage.fake.world.lock().put(&format!("roles of {MIA}"), json!({"id": "rol_0"}));
    let first = done(&stage, takes_role()).await;
    let back = undone_by_mia(&stage, &first.id).await;
    mia_agrees(&stage, &back).await.unwrap();
    stage.run().await;
    assert!(has_role(&stage));
    done(&stage, takes_role()).await;
    let again = undone_by_mia(&stage, &first.id).await;
    let answer = mia_agrees(&stage, &again).await;
    assert!(is_own(&answer), "{answer:?}");
    stage.run().await;
    assert!(!has_role(&stage));
}

#[tokio::test]
async fn what_a_later_plan_set_at_the_same_user_is_not_lifted_by_undoing_an_earlier_one_alone() {
    let stage = Stage::new(Settings::default()).await;
    let first = done(&stage, block(1)).await;
    stage.set_user(MIA, "blocked", false);
    done(&stage, block(1)).await;
    let back = undone_by_mia(&stage, &first.id).await;
    let answer = mia_agrees(&stage, &back).await;
    assert!(is_own(&answer), "{answer:?}");
    stage.app().approve_plan(&stage.approver("noa").await, &back.id, &back.hash).await.unwrap();
}

#[tokio::test]
async fn what_touches_somebody_else_since_changes_nothing_of_one_s_own_undo() {
    let stage = Stage::new(Settings::default()).await;
    let first = done(&stage, block(1)).await;
    done(&stage, block(2)).await;
    let back = undone_by_mia(&stage, &first.id).await;
    mia_agrees(&stage, &back).await.unwrap();
    stage.run().await;
    assert_eq!(stage.state(&back.id).await, "done");
}

#[tokio::test]
async fn an_undo_that_was_kept_ready_asks_somebody_else_once_another_plan_came_between() {
    let stage = Stage::new(Settings::default()).await;
    let first = done(&stage, block(1)).await;
    let ready = undone_by_mia(&stage, &first.id).await;
    stage.set_user(MIA, "blocked", false);
    done(&stage, block(1)).await;
    mia_agrees(&stage, &ready).await.unwrap();
    stage.run().await;
    assert_eq!(stage.state(&ready.id).await, "superseded");
    assert_eq!(stage.fake.world.lock().find("users", MIA).unwrap()["blocked"], true);
    let filter = PlanFilter { undoes: Some(first.id.clone()), ..PlanFilter::default() };
    let listed = stage.app().plans(&stage.scene.tenant, filter, 9).await.unwrap();
    let fresh = listed.into_iter().map(|listed| listed.plan).find(|plan| plan.state == "proposed").unwrap();
    let answer = mia_agrees(&stage, &fresh).await;
    assert!(is_own(&answer), "{answer:?}");
    stage.app().approve_plan(&stage.approver("noa").await, &fresh.id, &fresh.hash).await.unwrap();
    stage.run().await;
    assert_eq!(stage.state(&fresh.id).await, "done");
}

#[tokio::test]
async fn of_two_undos_that_were_kept_ready_the_second_asks_somebody_else() {
    let stage = Stage::new(Settings::default()).await;
    let first = done(&stage, block(1)).await;
    let (one, other) = (undone_by_mia(&stage, &first.id).await, undone_by_mia(&stage, &first.id).await);
    mia_agrees(&stage, &one).await.unwrap();
    stage.run().await;
    assert_eq!(stage.state(&one.id).await, "done");
    mia_agrees(&stage, &other).await.unwrap();
    stage.run().await;
    assert_eq!(stage.state(&other.id).await, "superseded");
}
