use std::{sync::Arc, time::Duration};

use countersign_plan::gate::Settings;
use countersign_rights::{Action, How, Role};
use countersign_store::PlanFilter;
use tokio::sync::Semaphore;

use super::scene::{Stage, block, revoke};
use crate::{App, Error, Kept, acts::PlanRefusal};

async fn erase(stage: &Stage, user: &str) -> bool {
    let subject = App::subject(&stage.scene.tenant, user);
    stage.app().erase(&stage.scene.tenant, &subject).await.unwrap()
}

/// Everything that can be read of a plan in the database, with the keys that are there.
async fn readable(stage: &Stage, id: &str) -> String {
    let (app, tenant) = (stage.app(), &stage.scene.tenant);
    let row = app.ports.store.find_plan(&tenant.id, id).await.unwrap().unwrap();
    let body = app.open_plan_body(tenant, (&row.id, &row.key_id), &row.sealed).await.unwrap();
    let mut text = serde_json::to_string(&body).unwrap();
    for step in app.ports.store.list_plan_steps(&tenant.id, id, 0, 99).await.unwrap() {
        if !step.kept.is_empty() {
            let context = format!("{id}/step/{}", step.step);
            let kept: serde_json::Value =
                app.open_sealed(tenant, &context, (&row.key_id, &step.kept)).await.unwrap();
            text.push_str(&kept.to_string());
        }
    }
    text
}

async fn undone(stage: &Stage, id: &str) -> crate::acts::PlanHead {
    let mia = stage.permit(("mia", Role::Operator, How::Oidc), Action::ExecutePlans).await.unwrap();
    stage.app().undo_plan(&mia, id, None).await.unwrap()
}

#[tokio::test]
async fn who_is_erased_is_in_no_plan_any_more_and_what_was_done_to_others_is_taken_back() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), block(2), revoke(1)]).await;
    stage.run().await;
    assert!(readable(&stage, &plan.id).await.contains("auth0|1"));
    erase(&stage, "auth0|1").await;
    let left = readable(&stage, &plan.id).await;
    assert!(!left.contains("auth0|1") && left.contains("auth0|2"), "{left}");
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    assert_eq!(
        (shown.plan.state.as_str(), &shown.plan.hash),
        ("done", &plan.hash),
        "what was approved stays told"
    );
    assert_eq!(shown.steps.iter().filter(|step| step.state.as_str() == "done").count(), 3);
    // Both hashes are in the ledger, so that what is left can be proved to be what the erasure left.
    let store = &stage.app().ports.store;
    let leaves = store.list_leaves(stage.tenant(), 0, 10_000).await.unwrap();
    let leaves = leaves.iter().map(|row| String::from_utf8_lossy(&row.leaf).into_owned());
    let told: Vec<String> = leaves.filter(|leaf| leaf.contains("\"redacted\"")).collect();
    assert!(
        matches!(&told[..], [leaf] if leaf.contains(&plan.hash) && leaf.contains(&shown.redacted.unwrap())),
        "{told:?}"
    );
    let back = undone(&stage, &plan.id).await;
    assert_eq!((back.steps, back.users), (1, 1), "the other one alone");
    let mia = stage.permit(("mia", Role::Approver, How::Oidc), Action::ApprovePlans).await.unwrap();
    stage.app().approve_plan(&mia, &back.id, &back.hash).await.unwrap();
    stage.run().await;
    let is_blocked = |user: &str| stage.fake.world.lock().find("users", user).unwrap()["blocked"] == true;
    assert_eq!((is_blocked("auth0|1"), is_blocked("auth0|2")), (true, false));
    // Once more: nothing is left to be taken out.
    erase(&stage, "auth0|1").await;
    assert_eq!(readable(&stage, &plan.id).await, left);
}

#[tokio::test]
async fn a_plan_that_waits_or_runs_about_who_is_erased_comes_to_its_end() {
    let stage = Stage::new(Settings::default()).await;
    let alone = stage.propose(&[block(1)]).await.unwrap();
    let among = stage.approved(&[block(1), block(3)]).await;
    let others = stage.propose(&[block(4), block(5)]).await.unwrap();
    erase(&stage, "auth0|1").await;
    for (id, state) in [(&alone.id, "erased"), (&among.id, "erased"), (&others.id, "proposed")] {
        let row = stage.app().ports.store.find_plan(stage.tenant(), id).await.unwrap().unwrap();
        assert_eq!(row.state, state);
    }
    assert!(matches!(stage.app().plan(&stage.scene.tenant, &alone.id).await, Err(Error::Erased)));
    assert_eq!(
        stage.run().await,
        crate::acts::Ran::default(),
        "nothing is begun, and nothing waits for ever"
    );
    assert!(stage.fake.taken.lock().is_empty());
    let shown = stage.app().plan(&stage.scene.tenant, &among.id).await.unwrap();
    assert_eq!(shown.reviews.last().map(|review| review.act.as_str()), Some("erased"));
    let noa = stage.approver("noa").await;
    let late = stage.app().approve_plan(&noa, &among.id, &among.hash).await;
    assert!(matches!(late, Err(Error::Plan(PlanRefusal::Review(_)))), "{late:?}");
    let mia = stage.permit(("mia", Role::Operator, How::Oidc), Action::ExecutePlans).await.unwrap();
    let never_begun = stage.app().undo_plan(&mia, &among.id, None).await;
    assert!(matches!(never_begun, Err(Error::Plan(PlanRefusal::Misfit))), "{never_begun:?}");
}

#[tokio::test]
async fn a_run_under_way_sends_nothing_more_and_what_it_did_to_others_can_be_taken_back() {
    let stage = Stage::new(Settings::default()).await;
    let gate = Arc::new(Semaphore::new(0));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    let plan = stage.approved(&[block(2), block(1), block(3)]).await;
    let erased = async {
        while stage.state(&plan.id).await != "running" {
            tokio::task::yield_now().await;
        }
        // The first call is on its way; its answer comes after the erasure.
        tokio::time::sleep(Duration::from_millis(50)).await;
        erase(&stage, "auth0|1").await;
        gate.add_permits(9);
    };
    tokio::join!(stage.run(), erased);
    *stage.fake.gate.lock() = None;
    stage.run().await;
    assert_eq!(stage.state(&plan.id).await, "erased");
    assert_eq!(stage.fake.taken.lock().len(), 1, "one call was on its way");
    assert!(!readable(&stage, &plan.id).await.contains("auth0|1"));
    let back = undone(&stage, &plan.id).await;
    assert_eq!(back.steps, 1);
}

#[tokio::test]
async fn a_plan_whose_key_is_gone_is_ended_by_whoever_would_carry_it_out() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1)]).await;
    // As an older copy of the records would bring it back, or a plan that came while somebody was erased.
    let row = stage.app().ports.store.find_plan(stage.tenant(), &plan.id).await.unwrap().unwrap();
    let subject = App::subject(&stage.scene.tenant, "auth0|1");
    stage.app().destroy_key(&stage.scene.tenant, &subject, &row.key_id).await.unwrap();
    assert_eq!(stage.run().await.ended, 1);
    let row = stage.app().ports.store.find_plan(stage.tenant(), &plan.id).await.unwrap().unwrap();
    assert_eq!(row.state, "erased");
    assert_eq!(stage.run().await, crate::acts::Ran::default());
    let listed = stage.app().plans(&stage.scene.tenant, PlanFilter::default(), 9).await.unwrap();
    assert!(listed.iter().all(|listed| listed.is_erased));
}

#[tokio::test]
async fn plans_that_ended_are_dropped_by_age_and_their_leaves_stay() {
    let stage = Stage::new(Settings::default()).await;
    let (app, tenant) = (stage.app(), &stage.scene.tenant);
    let done = stage.approved(&[block(1), block(2)]).await;
    stage.run().await;
    app.remark_plan(&stage.mia().await, &done.id, ("mia", "a word")).await.unwrap();
    let leaves = stage.leaves().await.len();
    stage.scene.clock.advance(Duration::from_secs(300 * 86_400));
    let young = stage.approved(&[block(3)]).await;
    stage.run().await;
    let lead = app.lead(tenant).await.unwrap().unwrap();
    assert_eq!(app.retain(tenant, &lead, Kept::Plans, 400).await.unwrap(), 0);
    assert_eq!(undone(&stage, &done.id).await.state, "proposed", "within the time it can be taken back");
    stage.scene.clock.advance(Duration::from_secs(101 * 86_400));
    let lead = app.lead(tenant).await.unwrap().unwrap();
    assert_eq!(
        app.retain(tenant, &lead, Kept::Plans, 400).await.unwrap(),
        0,
        "what is to be taken back stays"
    );
    stage.run().await;
    assert_eq!(app.retain(tenant, &lead, Kept::Plans, 400).await.unwrap(), 1);
    assert_eq!(app.retain(tenant, &lead, Kept::Plans, 400).await.unwrap(), 0);
    let store = &app.ports.store;
    assert!(matches!(app.plan(tenant, &done.id).await, Err(Error::NotFound("plan"))));
    assert!(store.list_plan_steps(&tenant.id, &done.id, 0, 9).await.unwrap().is_empty());
    assert!(store.list_plan_reviews(&tenant.id, &done.id, 9).await.unwrap().is_empty());
    assert!(store.list_remarks(&tenant.id, &done.id, 9).await.unwrap().is_empty());
    assert_eq!(stage.state(&young.id).await, "done");
    assert!(stage.leaves().await.len() >= leaves);
    assert!(app.audit(tenant).await.is_ok());
}
