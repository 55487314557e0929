use countersign_plan::{
    gate::{Layer, Settings},
    review::Refused,
};
use countersign_rights::{Action, How, Role};
use serde_json::json;

use super::scene::{Stage, block, revoke};
use crate::{
    Error,
    acts::{PlanFilter, PlanRefusal},
};

fn refused(answer: Result<crate::acts::PlanHead, Error>) -> Refused {
    match answer {
        Err(Error::Plan(PlanRefusal::Review(refused))) => refused,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_one_person_proposes_another_countersigns_and_it_is_carried_out_and_told() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.propose(&[block(1), revoke(1)]).await.unwrap();
    assert_eq!((plan.state.as_str(), plan.users, plan.version), ("proposed", 1, 1));
    assert_eq!(stage.run().await.ended, 0, "nothing goes by itself");
    assert!(stage.fake.taken.lock().is_empty());
    let noa = stage.approver("noa").await;
    let approved = stage.app().approve_plan(&noa, &plan.id, &plan.hash).await.unwrap();
    assert_eq!((approved.state.as_str(), approved.version), ("approved", 2));
    assert_eq!(stage.run().await.ended, 1);
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    assert_eq!(shown.plan.state, "done");
    assert!(shown.steps.iter().all(|step| step.state.as_str() == "done"), "{:?}", shown.steps);
    assert_eq!(stage.fake.world.lock().find("users", "auth0|1").unwrap()["blocked"], true);
    assert_eq!(stage.fake.taken.lock().len(), 2);
    let leaves = stage.leaves().await;
    let changes: Vec<&str> = leaves.iter().map(|facts| facts["change"].as_str()).collect();
    let step = ["step_intended", "step_ended"];
    assert_eq!(changes, [&["proposed", "approved", "begun"][..], &step, &step, &["finished"]].concat());
    let intended = &leaves[3];
    assert_eq!(
        (intended["approved_by"].as_str(), intended["operation"].as_str()),
        ("per_noa", "users.update")
    );
    assert_eq!((intended["actor_type"].as_str(), leaves[1]["actor_type"].as_str()), ("automation", "person"));
    assert!(leaves.iter().all(|facts| !format!("{facts:?}").contains("auth0|")), "{leaves:?}");
}

#[tokio::test]
async fn only_another_person_who_saw_this_very_plan_countersigns_it() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.propose(&[block(1)]).await.unwrap();
    let app = stage.app();
    let mia = stage.permit(("mia", Role::Approver, How::Oidc), Action::ApprovePlans).await.unwrap();
    assert_eq!(refused(app.approve_plan(&mia, &plan.id, &plan.hash).await), Refused::Own);
    let noa = stage.approver("noa").await;
    let other = "0".repeat(64);
    assert_eq!(refused(app.approve_plan(&noa, &plan.id, &other).await), Refused::OtherHash);
    let nia = stage.permit(("nia", Role::Operator, How::Oidc), Action::ProposePlans).await.unwrap();
    let by_operator = app.approve_plan(&nia, &plan.id, &plan.hash).await;
    assert!(matches!(by_operator, Err(Error::Denied(_))), "a permit for something else approves nothing");
    let by_link = stage.permit(("noa", Role::Approver, How::Link), Action::ApprovePlans).await;
    assert!(matches!(by_link, Err(Error::Denied(_))), "a link approves nothing");
    assert_eq!(refused(app.reject_plan(&noa, &plan.id, (&plan.hash, " ")).await), Refused::NoReason);
    let answers = tokio::join!(
        app.approve_plan(&noa, &plan.id, &plan.hash),
        app.approve_plan(&noa, &plan.id, &plan.hash),
        app.approve_plan(&noa, &plan.id, &plan.hash)
    );
    let done = [&answers.0, &answers.1, &answers.2].into_iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(done, 1, "a double click counts once: {answers:?}");
    assert_eq!(refused(app.approve_plan(&noa, &plan.id, &plan.hash).await), Refused::Twice);
    let rejected = app.reject_plan(&noa, &plan.id, (&plan.hash, "not him")).await.unwrap();
    assert_eq!(rejected.state, "rejected", "also after the last approval, until it is begun");
    assert_eq!(stage.run().await.ended, 0);
    assert!(stage.fake.taken.lock().is_empty());
    assert!(matches!(app.plan(&stage.scene.tenant, "pln_none").await, Err(Error::NotFound("plan"))));
}

#[tokio::test]
async fn a_plan_that_nobody_countersigned_in_time_is_over() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.propose(&[block(1)]).await.unwrap();
    stage.scene.clock.advance(std::time::Duration::from_secs(86_401));
    let noa = stage.approver("noa").await;
    assert_eq!(refused(stage.app().approve_plan(&noa, &plan.id, &plan.hash).await), Refused::Late);
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!(stage.state(&plan.id).await, "expired");
    assert_eq!(refused(stage.app().approve_plan(&noa, &plan.id, &plan.hash).await), Refused::NotOpen);
}

#[tokio::test]
async fn what_may_go_by_itself_does_until_a_cap_and_a_report_shows_only() {
    let auto = |users: usize| {
        let json = json!({"autonomy": {"block_user": "auto"}, "caps": {
            "run": {"users": users, "organizations": 9, "steps": 9}, "day": {"users": 3, "organizations": 9, "steps": 9}}});
        let tenant: Layer = serde_json::from_value(json).unwrap();
        Settings { tenant, ..Settings::default() }
    };
    let stage = Stage::new(auto(2)).await;
    let plan = stage.propose(&[block(1), block(2)]).await.unwrap();
    assert_eq!((plan.state.as_str(), plan.is_by_policy), ("approved", true));
    assert_eq!(
        stage.propose(&[block(3), block(4), block(5)]).await.unwrap().state,
        "proposed",
        "three in a run"
    );
    let both = stage.propose(&[block(3), block(4)]).await.unwrap();
    assert_eq!(both.state, "approved", "nothing was begun yet");
    assert_eq!(stage.run().await.ended, 2);
    // Which of both went first is by their ids, of which those of one moment have no order.
    let mut states = [stage.state(&plan.id).await, stage.state(&both.id).await];
    states.sort();
    assert_eq!(states, ["done", "superseded"]);
    let waiting = PlanFilter { states: vec!["proposed".to_owned()], ..PlanFilter::default() };
    assert_eq!(
        stage.app().plans(&stage.scene.tenant, waiting, 9).await.unwrap().len(),
        2,
        "a person is asked"
    );
    assert_eq!(stage.fake.taken.lock().len(), 2);
    let tenant: Layer = serde_json::from_value(json!({"all_at_most": "report"})).unwrap();
    let stage = Stage::new(Settings { tenant, ..Settings::default() }).await;
    let plan = stage.propose(&[block(1)]).await.unwrap();
    assert_eq!(plan.state, "reported");
    let noa = stage.approver("noa").await;
    assert_eq!(refused(stage.app().approve_plan(&noa, &plan.id, &plan.hash).await), Refused::ReportOnly);
    assert_eq!(stage.run().await.ended, 0);
}

#[tokio::test]
async fn what_can_t_be_planned_is_told_and_nothing_is_kept() {
    let stage = Stage::new(Settings::default()).await;
    let nobody = json!({"change": "block_user", "user": "auth0|9"});
    let Err(Error::Plan(PlanRefusal::Faults(faults))) = stage.propose(&[nobody]).await else {
        panic!("planned")
    };
    assert_eq!(faults[0].wanted, Some(0));
    assert_eq!(stage.app().plans(&stage.scene.tenant, PlanFilter::default(), 9).await.unwrap(), []);
}
