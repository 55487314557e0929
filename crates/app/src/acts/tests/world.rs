use std::sync::Arc;

use countersign_plan::{gate::Settings, testing::World};
use countersign_rights::{Action, How, Role};
use serde_json::json;
use tokio::sync::Semaphore;

use super::scene::{Stage, block, revoke};
use crate::{
    Error,
    acts::{PlanFilter, PlanRefusal},
};

async fn proposed(stage: &Stage) -> usize {
    let filter = PlanFilter { states: vec!["proposed".to_owned()], ..PlanFilter::default() };
    stage.app().plans(&stage.scene.tenant, filter, 99).await.unwrap().len()
}

#[tokio::test]
async fn a_world_that_moved_halts_the_run_and_says_so() {
    let stage = Stage::new(Settings::default()).await;
    let roles = json!({"change": "assign_roles", "user": "auth0|2", "roles": ["rol_0"]});
    let plan = stage.approved(&[block(1), roles, block(3)]).await;
    stage.fake.world.lock().put("roles of auth0|2", json!({"id": "rol_0"}));
    stage.fake.world.lock().collections.get_mut("users").unwrap().retain(|user| user["user_id"] != "auth0|3");
    assert_eq!(stage.run().await.ended, 1);
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    let states: Vec<&str> = shown.steps.iter().map(|step| step.state.as_str()).collect();
    assert_eq!((shown.plan.state.as_str(), &*states), ("halted", &["done", "already", "pending"][..]));
    assert_eq!(shown.halt.map(|halt| (halt.step, halt.why.code())), Some((2, "moved")));
    // Nobody of that name can be planned for, so that no fresh plan is made of it.
    assert_eq!(proposed(&stage).await, 0);
    let second = stage.approved(&[block(4), block(5)]).await;
    let block_by_another = |world: &mut World| {
        world.lists.remove("sessions of auth0|5");
        let users = world.collections.get_mut("users").unwrap();
        users.iter_mut().find(|user| user["user_id"] == "auth0|5").unwrap()["blocked"] = json!(true);
    };
    block_by_another(&mut stage.fake.world.lock());
    stage.run().await;
    assert_eq!(stage.state(&second.id).await, "done", "it was so already");
    assert!(!stage.app().is_breaker_open(&stage.scene.tenant).await.unwrap());
}

#[tokio::test]
async fn two_runs_that_halt_open_the_breaker_until_a_person_closes_it() {
    let tenant = serde_json::from_value(json!({"autonomy": {"block_user": "auto"}})).unwrap();
    let stage = Stage::new(Settings { tenant, ..Settings::default() }).await;
    for user in [1, 2] {
        let plan = stage.propose(&[block(user)]).await.unwrap();
        assert_eq!(plan.state, "approved");
        let id = format!("auth0|{user}");
        stage
            .fake
            .world
            .lock()
            .collections
            .get_mut("users")
            .unwrap()
            .retain(|user| user["user_id"] != id.as_str());
        stage.run().await;
        assert_eq!(stage.state(&plan.id).await, "halted");
    }
    assert!(stage.app().is_breaker_open(&stage.scene.tenant).await.unwrap());
    assert_eq!(stage.propose(&[block(3)]).await.unwrap().state, "proposed");
    stage.app().close_breaker(&stage.mia().await).await.unwrap();
    assert_eq!(stage.propose(&[block(3)]).await.unwrap().state, "approved");
    stage.app().report_harm(&stage.mia().await).await.unwrap();
    assert_eq!(stage.run().await.ended, 1);
    assert!(stage.fake.taken.lock().is_empty(), "what was countersigned by the policy asks a person by now");
}

#[tokio::test]
async fn a_run_is_taken_back_and_the_tenant_is_as_it_was() {
    let stage = Stage::new(Settings::default()).await;
    let before = stage.fake.world.lock().state();
    let meta =
        json!({"change": "set_app_metadata", "user": "auth0|1", "keys": {"countersign": {"held": true}}});
    let join =
        json!({"change": "add_members", "organization": {"id": "org_a"}, "users": ["auth0|1", "auth0|2"]});
    let make = json!({"change": "create_organization", "name": "new", "display_name": "New"});
    let plan = stage.approved(&[block(1), meta, join, make]).await;
    assert!(matches!(
        stage.app().undo_plan(&stage.mia().await, &plan.id, None).await,
        Err(Error::Plan(PlanRefusal::Misfit))
    ));
    stage.run().await;
    assert_ne!(stage.fake.world.lock().state(), before);
    let back = stage.app().undo_plan(&stage.mia().await, &plan.id, None).await.unwrap();
    assert_eq!((back.state.as_str(), back.undoes.as_deref()), ("proposed", Some(plan.id.as_str())));
    let noa = stage.approver("noa").await;
    stage.app().approve_plan(&noa, &back.id, &back.hash).await.unwrap();
    stage.run().await;
    assert_eq!(stage.state(&back.id).await, "done");
    assert_eq!(stage.fake.world.lock().state(), before);
}

#[tokio::test]
async fn a_plan_tells_what_takes_it_back_and_not_what_came_to_nothing() {
    let stage = Stage::new(Settings::default()).await;
    let (app, tenant, mia) = (stage.app(), &stage.scene.tenant, stage.mia().await);
    let plan = stage.approved(&[block(1), block(2)]).await;
    stage.run().await;
    let told = async |id: &str| {
        let shown = app.plan(tenant, id).await.unwrap();
        shown.undone_by.into_iter().map(|undo| (undo.id, undo.state, undo.steps)).collect::<Vec<_>>()
    };
    assert_eq!(told(&plan.id).await, []);
    let withdrawn = app.undo_plan(&mia, &plan.id, None).await.unwrap();
    assert_eq!(told(&plan.id).await, [(withdrawn.id.clone(), "proposed".to_owned(), 2)]);
    app.withdraw_plan(&mia, &withdrawn.id).await.unwrap();
    assert_eq!(told(&plan.id).await, []);
    let part = [app.plan(tenant, &plan.id).await.unwrap().steps[0].name.clone()].into();
    let back = app.undo_plan(&mia, &plan.id, Some(&part)).await.unwrap();
    app.approve_plan(&stage.approver("noa").await, &back.id, &back.hash).await.unwrap();
    stage.run().await;
    assert_eq!(told(&plan.id).await, [(back.id.clone(), "done".to_owned(), 1)]);
    assert_eq!((told(&back.id).await, stage.state(&plan.id).await.as_str()), (vec![], "done"));
}

#[tokio::test]
async fn one_s_own_run_is_taken_back_alone_and_done_again_with_somebody_else_only() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1)]).await;
    stage.run().await;
    let own = stage.approver("mia").await;
    let back = stage.app().undo_plan(&stage.mia().await, &plan.id, None).await.unwrap();
    stage.app().approve_plan(&own, &back.id, &back.hash).await.unwrap();
    stage.run().await;
    assert_eq!(stage.state(&back.id).await, "done");
    let again = stage.app().undo_plan(&stage.mia().await, &back.id, None).await.unwrap();
    let refused = stage.app().approve_plan(&own, &again.id, &again.hash).await;
    assert!(matches!(refused, Err(Error::Plan(PlanRefusal::Review(_)))), "{refused:?}");
    stage.run().await;
    assert_eq!(stage.state(&again.id).await, "proposed");
    stage.app().approve_plan(&stage.approver("noa").await, &again.id, &again.hash).await.unwrap();
}

#[tokio::test]
async fn a_tenant_that_takes_nothing_leaves_the_run_where_it_is_and_nothing_is_done_twice() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), revoke(1)]).await;
    *stage.fake.is_flooded.lock() = true;
    for _ in 0..3 {
        assert_eq!(stage.run_later().await.waiting, 1);
        assert_eq!(stage.state(&plan.id).await, "running");
    }
    *stage.fake.is_flooded.lock() = false;
    assert_eq!(stage.run().await, crate::acts::Ran::default(), "not before its pause is over");
    assert_eq!(stage.run_later().await.ended, 1);
    assert_eq!((stage.state(&plan.id).await.as_str(), stage.fake.taken.lock().len()), ("done", 2));
}

#[tokio::test]
async fn a_person_stops_a_run_and_lets_it_go_on() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), block(2)]).await;
    *stage.fake.fuse.lock() = Some(4);
    assert_eq!(stage.run().await.waiting, 1);
    *stage.fake.fuse.lock() = None;
    // Why no wait: whoever lets it go on wants it to be tried at once.
    let mia = stage.mia().await;
    assert_eq!(stage.app().stop_plan(&mia, &plan.id).await.unwrap().state, "halted");
    let taken = stage.fake.taken.lock().len();
    assert_eq!(stage.run().await.ended, 0);
    assert_eq!(stage.fake.taken.lock().len(), taken);
    assert_eq!(stage.app().resume_plan(&mia, &plan.id).await.unwrap().state, "running");
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!((stage.state(&plan.id).await.as_str(), stage.fake.taken.lock().len()), ("done", 2));
}

/// A plan whose last step makes an address that nobody sees, stopped while that is on its way; `is_lost`: so is its answer.
async fn stopped_in_the_dark(is_lost: bool) -> (Stage, String) {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[json!({"change": "force_password_reset", "user": "auth0|1"})]).await;
    assert_eq!(plan.steps, 2);
    let gate = Arc::new(Semaphore::new(1));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    let stop = async {
        while stage.changes_of(&plan.id).await.iter().filter(|change| *change == "step_intended").count() < 2
        {
            tokio::task::yield_now().await;
        }
        let stopped = stage.app().stop_plan(&stage.mia().await, &plan.id).await.unwrap();
        assert_eq!(stopped.state, "halted");
        if is_lost {
            *stage.fake.goes_late.lock() = true;
            *stage.fake.fuse.lock() = Some(1);
        }
        gate.add_permits(9);
    };
    tokio::join!(stage.run(), stop);
    *stage.fake.fuse.lock() = None;
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    assert_eq!(
        (shown.plan.state.as_str(), shown.halt.map(|halt| halt.why.code())),
        ("halted", Some("stopped"))
    );
    assert_eq!(stage.fake.taken.lock().len(), 2);
    assert_eq!(stage.run().await.ended, 0, "it stands still");
    assert_eq!(stage.app().resume_plan(&stage.mia().await, &plan.id).await.unwrap().state, "running");
    (stage, plan.id)
}

#[tokio::test]
async fn what_was_on_its_way_in_the_dark_at_the_stop_counts_once_when_it_was_answered() {
    let (stage, plan) = stopped_in_the_dark(false).await;
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!((stage.state(&plan).await.as_str(), stage.fake.taken.lock().len()), ("done", 2));
}

#[tokio::test]
async fn what_was_on_its_way_in_the_dark_at_the_stop_is_for_a_person_to_say_when_nobody_knows() {
    let (stage, plan) = stopped_in_the_dark(true).await;
    assert_eq!(stage.run().await.ended, 1);
    let shown = stage.app().plan(&stage.scene.tenant, &plan).await.unwrap();
    assert_eq!(shown.halt.map(|halt| (halt.step, halt.why.code())), Some((1, "uncertain")));
    assert_eq!(stage.fake.taken.lock().len(), 2, "it is not sent again");
    let refused = stage.app().resume_plan(&stage.mia().await, &plan).await;
    assert!(matches!(refused, Err(Error::Plan(PlanRefusal::Misfit))), "{refused:?}");
    stage.app().settle_step(&stage.mia().await, &plan, (1, true)).await.unwrap();
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!((stage.state(&plan).await.as_str(), stage.fake.taken.lock().len()), ("done", 2));
}

/// A plan that makes an organization and then blocks somebody; `then` is done while the first is on its way.
async fn while_it_is_made(then: impl AsyncFnOnce(&Stage, &str)) -> (Stage, String) {
    let stage = Stage::new(Settings::default()).await;
    let made = json!({"change": "create_organization", "name": "new", "display_name": "New"});
    let plan = stage.approved(&[made, block(2)]).await;
    let gate = Arc::new(Semaphore::new(0));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    let meanwhile = async {
        while !stage.changes_of(&plan.id).await.iter().any(|change| change == "step_intended") {
            tokio::task::yield_now().await;
        }
        then(&stage, &plan.id).await;
        gate.add_permits(9);
    };
    tokio::join!(stage.run(), meanwhile);
    (stage, plan.id)
}

#[tokio::test]
async fn a_run_that_was_stopped_in_the_dark_is_taken_back_once_a_person_said_what_was_done() {
    let (stage, plan) = while_it_is_made(async |stage, plan| {
        stage.app().stop_plan(&stage.mia().await, plan).await.unwrap();
        // It is made, and nobody hears of it.
        *stage.fake.goes_late.lock() = true;
        *stage.fake.fuse.lock() = Some(1);
    })
    .await;
    *stage.fake.fuse.lock() = None;
    let (app, tenant, mia) = (stage.app(), &stage.scene.tenant, stage.mia().await);
    let Err(Error::Plan(PlanRefusal::Faults(faults))) = app.undo_plan(&mia, &plan, None).await else {
        panic!("nobody knows whether it was done");
    };
    assert_eq!(faults[0].code.as_str(), "uncertain");
    let said = app.settle_step(&mia, &plan, (0, true)).await.unwrap();
    assert_eq!(said.state, "halted", "what was stopped stays so");
    let shown = app.plan(tenant, &plan).await.unwrap();
    assert_eq!(shown.halt.map(|halt| (halt.step, halt.why.code())), Some((1, "stopped")));
    assert!(shown.reviews.iter().any(|review| review.act == "settled"));
    let undo = app.undo_plan(&mia, &plan, None).await.unwrap();
    app.approve_plan(&stage.approver("noa").await, &undo.id, &undo.hash).await.unwrap();
    assert_eq!(stage.run().await.ended, 1);
    let taken = stage.fake.taken.lock().clone();
    assert_eq!(taken.len(), 2, "nothing after the stop but the way back: {taken:?}");
    assert!(taken[1].starts_with("organizations.delete"), "{taken:?}");
}

#[tokio::test]
async fn what_somebody_else_made_between_the_look_and_the_call_is_theirs() {
    let theirs = json!({"id": "org_theirs", "name": "new", "display_name": "New"});
    let (stage, plan) = while_it_is_made(async |stage, _| {
        let mut world = stage.fake.world.lock();
        world.collections.entry("organizations".to_owned()).or_default().push(theirs.clone());
    })
    .await;
    let (app, tenant, mia) = (stage.app(), &stage.scene.tenant, stage.mia().await);
    let shown = app.plan(tenant, &plan).await.unwrap();
    assert_eq!(shown.halt.map(|halt| (halt.step, halt.why.code())), Some((0, "moved")));
    assert_eq!((shown.steps[0].state.as_str(), shown.steps[0].status), ("refused", Some(409)));
    assert!(stage.fake.taken.lock().is_empty());
    let undone = app.undo_plan(&mia, &plan, None).await;
    assert!(matches!(undone, Err(Error::Plan(_))), "there is nothing of ours: {undone:?}");
    assert_eq!(stage.fake.world.lock().find("organizations", "org_theirs"), Some(&theirs));
}

#[tokio::test]
async fn a_part_of_the_service_takes_back_its_own_alone_and_a_permit_for_something_else_nothing() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1)]).await;
    stage.run().await;
    let analyst = ("ana", Role::Analyst, How::Oidc);
    let ana = stage.permit(analyst, Action::TellOutcomes).await.unwrap();
    let refused =
        stage.app().take_back(&stage.scene.tenant, (&plan.id, "reviews"), None, |_| Vec::new()).await;
    assert!(matches!(refused, Err(Error::Plan(PlanRefusal::Misfit))), "{refused:?}");
    let denied = stage.app().undo_plan(&ana, &plan.id, None).await;
    assert!(matches!(denied, Err(Error::Denied { .. })), "{denied:?}");
    for denied in [
        stage.app().stop_plan(&ana, &plan.id).await,
        stage.app().resume_plan(&ana, &plan.id).await,
        stage.app().settle_step(&ana, &plan.id, (0, true)).await,
    ] {
        assert!(matches!(denied, Err(Error::Denied { .. })), "{denied:?}");
    }
    assert_eq!(proposed(&stage).await, 0);
}

#[tokio::test]
async fn a_run_that_is_under_way_is_stopped_before_its_next_step() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), block(2), block(3)]).await;
    let gate = Arc::new(Semaphore::new(0));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    let stop = async {
        while stage.state(&plan.id).await != "running" || stage.leaves().await.len() < 4 {
            tokio::task::yield_now().await;
        }
        let stopped = stage.app().stop_plan(&stage.mia().await, &plan.id).await.unwrap();
        gate.add_permits(9);
        stopped.state
    };
    let (ran, stopped) = tokio::join!(stage.run(), stop);
    assert_eq!((ran.ended, stopped.as_str()), (0, "halted"));
    assert_eq!(stage.fake.taken.lock().len(), 1, "what was on its way, and nothing after it");
    assert_eq!(stage.run().await.ended, 0);
    assert_eq!(stage.app().resume_plan(&stage.mia().await, &plan.id).await.unwrap().state, "running");
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!((stage.state(&plan.id).await.as_str(), stage.fake.taken.lock().len()), ("done", 3));
}
