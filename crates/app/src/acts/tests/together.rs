//! What is under way at once.

use std::sync::Arc;

use countersign_plan::gate::Settings;
use countersign_store::{Commit, DeskChange, PlanWrite, Write};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::scene::{Stage, block};
use crate::acts::{Queue, Ran};

fn assign(user: u8) -> Value {
    json!({"change": "assign_roles", "user": format!("auth0|{user}"), "roles": ["rol_0"]})
}

async fn until_running(stage: &Stage, plan: &str) {
    while stage.state(plan).await != "running" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_is_let_in_longer_because_a_bulk_run_is_under_way() {
    let stage = Stage::new(Settings::default()).await;
    let gate = Arc::new(Semaphore::new(0));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    *stage.fake.is_gate_for_bulk.lock() = true;
    let bulk = stage.approved(&[assign(1), assign(2)]).await;
    let (app, tenant) = (stage.app(), &stage.scene.tenant);
    let contain = async {
        until_running(&stage, &bulk.id).await;
        let plan = stage.approved(&[block(3)]).await;
        app.approved(tenant, Queue::Containment).await;
        assert_eq!(app.run_queue(tenant, Queue::Containment, &|| false).await.unwrap().ended, 1);
        assert_eq!(
            (stage.state(&plan.id).await, stage.state(&bulk.id).await),
            ("done".to_owned(), "running".to_owned())
        );
        gate.add_permits(9);
    };
    let rest = app.run_queue(tenant, Queue::Rest, &|| false);
    assert_eq!(tokio::join!(rest, contain).0.unwrap().ended, 1);
    assert_eq!(stage.state(&bulk.id).await, "done");
    let first = stage.fake.taken.lock()[0].clone();
    assert!(first.contains("auth0%7C3"), "{first}");
}

#[tokio::test]
async fn a_run_stays_in_its_queue_however_much_it_presses() {
    let stage = Stage::new(Settings::default()).await;
    let gate = Arc::new(Semaphore::new(0));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    *stage.fake.is_gate_for_bulk.lock() = true;
    let bulk = stage.approved(&[assign(1), assign(2)]).await;
    let (app, tenant) = (stage.app(), &stage.scene.tenant);
    let press = async {
        until_running(&stage, &bulk.id).await;
        let change = DeskChange { priority: Some(3), ..DeskChange::default() };
        let writes = vec![Write::Plan(PlanWrite::Desk { plan: bulk.id.clone(), change })];
        let commit = Commit { writes, ..Commit::background(stage.tenant().clone()) };
        app.ports.store.commit(commit).await.unwrap();
        assert_eq!(app.run_queue(tenant, Queue::Containment, &|| false).await.unwrap(), Ran::default());
        gate.add_permits(9);
    };
    let rest = app.run_queue(tenant, Queue::Rest, &|| false);
    assert_eq!(tokio::join!(rest, press).0.unwrap().ended, 1);
    assert_eq!(stage.fake.taken.lock().len(), 2, "each write once");
}

#[tokio::test]
async fn containment_that_comes_while_other_containment_is_under_way_does_not_wait_for_it_but_for_the_same_person()
 {
    let stage = Stage::new(Settings::default()).await;
    let gate = Arc::new(Semaphore::new(0));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    let long = stage.approved(&[block(1), block(2)]).await;
    let (app, tenant) = (stage.app(), &stage.scene.tenant);
    let come = async {
        until_running(&stage, &long.id).await;
        let same = stage.approved(&[json!({"change": "revoke_access", "user": "auth0|1"})]).await;
        let other = stage.approved(&[block(3)]).await;
        until_running(&stage, &other.id).await;
        assert_eq!(
            stage.state(&same.id).await,
            "approved",
            "it waits for the run that reaches the same person"
        );
        gate.add_permits(9);
        same
    };
    let (ran, same) = tokio::join!(app.run_queue(tenant, Queue::Containment, &|| false), come);
    assert_eq!(ran.unwrap().ended, 3);
    assert_eq!(stage.state(&same.id).await, "done");
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_ends_after_its_call_and_is_taken_up_again() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), block(2)]).await;
    let (app, tenant) = (stage.app(), &stage.scene.tenant);
    let is_over = || stage.fake.taken.lock().len() == 1;
    assert_eq!(app.run_queue(tenant, Queue::Containment, &is_over).await.unwrap().waiting, 1);
    assert_eq!((stage.state(&plan.id).await.as_str(), stage.fake.taken.lock().len()), ("running", 1));
    let shown = app.plan(tenant, &plan.id).await.unwrap();
    assert_eq!(shown.steps[0].state.as_str(), "done", "what was on its way is accounted for");
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!((stage.state(&plan.id).await.as_str(), stage.fake.taken.lock().len()), ("done", 2));
}
