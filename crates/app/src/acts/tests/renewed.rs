//! The fresh plan after a run that halted since the world moved.

use std::time::Duration;

use countersign_plan::{change::Order, gate::Settings};
use serde_json::{Value, json};

use super::scene::{Stage, block, revoke};
use crate::acts::{PlanFilter, PlanHead, Queue};

fn metadata() -> Value {
    json!({"change": "set_app_metadata", "user": "auth0|3", "keys": {"a": 1}})
}

/// Somebody else sets what the plan is about to set.
fn move_the_world(stage: &Stage) {
    let mut world = stage.fake.world.lock();
    let users = world.collections.get_mut("users").unwrap();
    users.iter_mut().find(|user| user["user_id"] == "auth0|3").unwrap()["app_metadata"] = json!({"a": 9});
}

fn take_away(stage: &Stage, id: &str) {
    stage.fake.world.lock().collections.get_mut("users").unwrap().retain(|user| user["user_id"] != id);
}

async fn proposed(stage: &Stage) -> Vec<PlanHead> {
    let filter = PlanFilter { states: vec!["proposed".to_owned()], ..PlanFilter::default() };
    let listed = stage.app().plans(&stage.scene.tenant, filter, 9).await.unwrap();
    listed.into_iter().map(|listed| listed.plan).collect()
}

/// The one fresh plan, what is wanted by it, and its steps' kinds.
async fn fresh(stage: &Stage) -> (PlanHead, Order, Vec<String>) {
    let [plan] = &proposed(stage).await[..] else { panic!() };
    let kept = stage.app().open_plan(&stage.scene.tenant, &plan.id).await.unwrap();
    let kinds = kept.plan().steps.iter().map(|step| step.kind.as_str().to_owned()).collect();
    (plan.clone(), kept.body.order.clone().unwrap(), kinds)
}

/// What is told of the fresh plan: the changes that were done, and those that can't be planned any more.
async fn told(stage: &Stage, plan: &str) -> Vec<(String, String, bool)> {
    let leaves = stage.leaves().await;
    let its = leaves.iter().filter(|facts| facts["change"] == "renewed" && facts["plan"] == plan);
    its.map(|facts| (facts["done"].clone(), facts["dropped"].clone(), facts.contains_key("fresh"))).collect()
}

async fn carried_out(stage: &Stage, plan: &PlanHead) {
    stage.app().approve_plan(&stage.approver("noa").await, &plan.id, &plan.hash).await.unwrap();
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "done");
}

#[tokio::test]
async fn what_is_left_is_proposed_and_nothing_that_was_done_is_done_again() {
    let stage = Stage::new(Settings::default()).await;
    let rotate = json!({"change": "rotate_client_secret", "client": "ours"});
    let notify = json!({"change": "notify", "receiver": "soc", "text": "half"});
    let call = json!({"change": "call_webhook", "receiver": "soc", "body": {"a": 1}});
    let plan = stage.approved(&[rotate, revoke(1), notify, call, block(2), metadata(), block(4)]).await;
    move_the_world(&stage);
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "halted");
    let (fresh, order, kinds) = fresh(&stage).await;
    assert_eq!(
        (order.wanted.len(), kinds),
        (2, vec!["set_app_metadata".to_owned(), "block_user".to_owned()])
    );
    assert_eq!(told(&stage, &plan.id).await, [("5".to_owned(), "0".to_owned(), true)]);
    carried_out(&stage, &fresh).await;
    let taken = stage.fake.taken.lock().clone();
    let times = |what: &str| taken.iter().filter(|write| write.contains(what)).count();
    assert_eq!((times("rotate"), times("revoke_access"), stage.fake.told.lock().len()), (1, 1, 2));
    assert_eq!(taken.len(), 5);
    assert_eq!(proposed(&stage).await, []);
}

#[tokio::test]
async fn an_organization_that_was_made_is_known_by_its_id_in_the_fresh_plan() {
    let stage = Stage::new(Settings::default()).await;
    let make = json!({"change": "create_organization", "name": "new", "display_name": "New"});
    let made = json!({"made": "new"});
    let connect = json!({"change": "enable_connection", "organization": made, "connection": "con_1"});
    let join = json!({"change": "add_members", "organization": made, "users": ["auth0|1"]});
    let plan = stage.approved(&[make, connect, metadata(), join]).await;
    move_the_world(&stage);
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "halted");
    let (fresh, order, kinds) = fresh(&stage).await;
    assert_eq!(kinds, ["set_app_metadata", "add_members"]);
    let text = serde_json::to_string(&order).unwrap();
    assert!(text.contains(r#""organization":{"id":"organizations_1"}"#) && !text.contains("made"), "{text}");
    carried_out(&stage, &fresh).await;
}

#[tokio::test]
async fn what_can_not_be_planned_any_more_is_left_out_and_that_is_told() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), metadata(), block(5)]).await;
    move_the_world(&stage);
    take_away(&stage, "auth0|5");
    stage.run().await;
    let (fresh, order, _) = fresh(&stage).await;
    assert_eq!(order.wanted.len(), 1);
    assert_eq!(told(&stage, &plan.id).await, [("1".to_owned(), "1".to_owned(), true)]);
    carried_out(&stage, &fresh).await;
}

#[tokio::test]
async fn where_nothing_is_left_that_can_be_planned_that_is_told_once() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), block(5)]).await;
    take_away(&stage, "auth0|5");
    stage.run().await;
    stage.run_later().await;
    assert_eq!(proposed(&stage).await, []);
    assert_eq!(told(&stage, &plan.id).await, [("1".to_owned(), "1".to_owned(), false)]);
}

#[tokio::test]
async fn a_process_that_ended_after_the_halt_and_a_tenant_that_can_t_be_read_are_made_up_for_once() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), metadata(), block(4)]).await;
    move_the_world(&stage);
    let turn = async |queue| stage.app().run_queue(&stage.scene.tenant, queue, &|| false).await.unwrap();
    turn(Queue::Containment).await;
    // As if the process ended here: the halt is kept, and nothing more.
    assert_eq!((stage.state(&plan.id).await.as_str(), proposed(&stage).await.len()), ("halted", 0));
    *stage.fake.is_flooded.lock() = true;
    turn(Queue::Rest).await;
    assert_eq!((proposed(&stage).await.len(), told(&stage, &plan.id).await.len()), (0, 0));
    *stage.fake.is_flooded.lock() = false;
    stage.scene.clock.advance(Duration::from_secs(61));
    turn(Queue::Rest).await;
    assert_eq!(proposed(&stage).await.len(), 1);
    for _ in 0..3 {
        stage.run_later().await;
    }
    assert_eq!((proposed(&stage).await.len(), told(&stage, &plan.id).await.len()), (1, 1), "once");
}

#[tokio::test]
async fn a_tenant_that_can_t_be_read_for_a_day_is_not_asked_for_ever() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[metadata(), block(4)]).await;
    move_the_world(&stage);
    stage.app().run_queue(&stage.scene.tenant, Queue::Containment, &|| false).await.unwrap();
    *stage.fake.is_flooded.lock() = true;
    stage.scene.clock.advance(Duration::from_secs(86_401));
    stage.run().await;
    assert_eq!(told(&stage, &plan.id).await, [("0".to_owned(), "2".to_owned(), false)]);
}
