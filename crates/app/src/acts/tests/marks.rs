use std::{sync::Arc, time::Duration};

use countersign_core::{DecisionId, Level, Trigger};
use countersign_plan::{
    gate::{Layer, Settings},
    review::Refused,
};
use countersign_rights::{Action, How, Role};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::scene::Stage;
use crate::{
    App, Error, Kept,
    acts::{Handing, PlanFilter, PlanRefusal},
    outcomes::PersonVerdict,
    reviews::{self, Mark, ReviewHead, VerdictGiven},
};

/// With reviews whose users get the role `rol_0`; what the workflow may do by itself.
async fn stage(workflow: Value) -> Stage {
    let layer: Layer = serde_json::from_value(workflow).unwrap();
    let workflows = [("reviews".to_owned(), layer)].into();
    let stage = Stage::new(Settings { workflows, ..Settings::default() }).await;
    stage.scene.tenant.set_reviews(reviews::Settings {
        mark: Some(Mark::Role("rol_0".to_owned())),
        sign_ups_from: Some(Level::Low),
        ..reviews::Settings::default()
    });
    stage
}

async fn opened(stage: &Stage, decision: &DecisionId) -> ReviewHead {
    let ana = stage.permit(("ana", Role::Analyst, How::Oidc), Action::WorkReviews).await.unwrap();
    stage.app().open_review(&ana, decision, (Handing::default(), "she called")).await.unwrap()
}

async fn found(stage: &Stage, id: &str) -> ReviewHead {
    stage.app().review(&stage.scene.tenant, id).await.unwrap().listed.review
}

async fn judged(stage: &Stage, review: &ReviewHead) -> ReviewHead {
    let ana = stage.permit(("ana", Role::Analyst, How::Oidc), Action::TellOutcomes).await.unwrap();
    let within = stage.app().permit_within(ana.caller(), Action::TellOutcomes, stage.tenant()).await.unwrap();
    let given = VerdictGiven {
        verdict: PersonVerdict::Legitimate,
        reason: "it was she",
        actor: None,
        version: found(stage, &review.id).await.version,
    };
    stage.app().close_review(&within, &review.id, given).await.unwrap().0
}

async fn settled(stage: &Stage) -> usize {
    stage.app().settle_marks(&stage.scene.tenant).await.unwrap()
}

async fn is_unsettled(stage: &Stage, id: &str) -> bool {
    let filter = reviews::ReviewFilter { is_unsettled: true, ..reviews::ReviewFilter::default() };
    let listed = stage.app().reviews(&stage.scene.tenant, filter, 9).await.unwrap();
    listed.iter().any(|listed| listed.review.id == id)
}

fn has_role(stage: &Stage, user: &str) -> bool {
    let world = stage.fake.world.lock();
    world.listed(&format!("roles of {user}")).contains(&json!({"id": "rol_0"}))
}

#[tokio::test]
async fn a_mark_and_its_clearing_go_by_the_same_settings_of_one_workflow() {
    let stage = stage(json!({"autonomy": {"assign_roles": "auto"}})).await;
    let decision = stage.sign_in("auth0|1").await;
    let review = opened(&stage, &decision).await;
    let mark = review.mark.clone().unwrap();
    assert_eq!(stage.state(&mark).await, "approved", "by the workflow's settings");
    stage.run().await;
    assert!(has_role(&stage, "auth0|1"));
    let clearing = judged(&stage, &review).await.clearing.unwrap();
    let shown = stage.app().plan(&stage.scene.tenant, &clearing).await.unwrap();
    let by = (shown.plan.state.as_str(), shown.plan.proposer.as_str(), shown.workflow.as_deref());
    assert_eq!(by, ("approved", "reviews", Some("reviews")), "whoever judged has nothing to do with it");
    stage.run().await;
    assert!(!has_role(&stage, "auth0|1"));
    assert_eq!((settled(&stage).await, is_unsettled(&stage, &review.id).await), (0, false));
}

#[tokio::test]
async fn a_ceiling_on_what_clears_holds_although_the_mark_went_by_itself() {
    let stage =
        stage(json!({"autonomy": {"assign_roles": "auto"}, "at_most": {"remove_roles": "propose"}})).await;
    let decision = stage.sign_in("auth0|1").await;
    let review = opened(&stage, &decision).await;
    stage.run().await;
    let clearing = judged(&stage, &review).await.clearing.unwrap();
    assert_eq!(stage.state(&clearing).await, "proposed");
}

#[tokio::test]
async fn a_mark_that_waits_at_the_verdict_is_withdrawn() {
    let stage = stage(json!({})).await;
    let decision = stage.sign_in("auth0|1").await;
    let review = opened(&stage, &decision).await;
    let mark = review.mark.clone().unwrap();
    assert_eq!(stage.state(&mark).await, "proposed");
    let closed = judged(&stage, &review).await;
    assert_eq!((stage.state(&mark).await.as_str(), closed.clearing), ("withdrawn", None));
    assert!(!is_unsettled(&stage, &review.id).await);
    // Also one that somebody agreed to and that was not begun.
    let other = opened(&stage, &stage.sign_in("auth0|2").await).await;
    let plan = stage.app().plan(&stage.scene.tenant, other.mark.as_ref().unwrap()).await.unwrap().plan;
    stage.app().approve_plan(&stage.approver("noa").await, &plan.id, &plan.hash).await.unwrap();
    judged(&stage, &other).await;
    assert_eq!(stage.state(&plan.id).await, "withdrawn");
    stage.run().await;
    assert!(stage.fake.taken.lock().is_empty());
}

#[tokio::test]
async fn a_mark_that_is_under_way_at_the_verdict_is_followed_by_its_clearing() {
    let stage = stage(json!({"autonomy": {"assign_roles": "auto"}})).await;
    let gate = Arc::new(Semaphore::new(0));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    let decision = stage.sign_in("auth0|1").await;
    let review = opened(&stage, &decision).await;
    let mark = review.mark.clone().unwrap();
    let judge = async {
        while stage.state(&mark).await != "running" {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let closed = judged(&stage, &review).await;
        assert_eq!((closed.status.as_str(), closed.clearing), ("closed", None));
        assert_eq!(settled(&stage).await, 0, "it is waited for");
        gate.add_permits(9);
    };
    tokio::join!(stage.run(), judge);
    assert!(has_role(&stage, "auth0|1"));
    // As after a restart: what is to be done is read from the review.
    assert_eq!((settled(&stage).await, settled(&stage).await), (1, 0));
    let clearing = found(&stage, &review.id).await.clearing.unwrap();
    stage.run().await;
    assert_eq!(stage.state(&clearing).await, "done");
    assert!(!has_role(&stage, "auth0|1"));
}

#[tokio::test]
async fn a_mark_that_halted_for_good_has_nothing_to_clear() {
    let stage = stage(json!({"autonomy": {"assign_roles": "auto"}})).await;
    let review = opened(&stage, &stage.sign_in("auth0|1").await).await;
    let users = |user: &Value| user["user_id"] != "auth0|1";
    stage.fake.world.lock().collections.get_mut("users").unwrap().retain(users);
    stage.run().await;
    let mark = stage.app().plan(&stage.scene.tenant, review.mark.as_ref().unwrap()).await.unwrap();
    assert_eq!((mark.plan.state.as_str(), mark.halt.unwrap().why.code()), ("halted", "moved"));
    assert_eq!(judged(&stage, &review).await.clearing, None);
    assert!(!is_unsettled(&stage, &review.id).await, "nobody was marked, and that run never goes on");
}

#[tokio::test]
async fn a_mark_that_halted_and_may_go_on_is_waited_for_and_cleared() {
    let stage = stage(json!({"autonomy": {"assign_roles": "auto"}})).await;
    let review = opened(&stage, &stage.sign_in("auth0|1").await).await;
    let mark = review.mark.clone().unwrap();
    *stage.fake.takes_no_writes.lock() = true;
    for _ in 0..300 {
        stage.run_later().await;
    }
    let halt = stage.app().plan(&stage.scene.tenant, &mark).await.unwrap().halt;
    assert_eq!(halt.unwrap().why.code(), "late");
    assert_eq!(judged(&stage, &review).await.clearing, None);
    assert_eq!(settled(&stage).await, 0);
    assert!(is_unsettled(&stage, &review.id).await, "a person may let it go on");
    *stage.fake.takes_no_writes.lock() = false;
    stage.app().resume_plan(&stage.mia().await, &mark).await.unwrap();
    stage.run().await;
    assert!(has_role(&stage, "auth0|1"), "after the verdict");
    assert_eq!((settled(&stage).await, settled(&stage).await), (1, 0));
    stage.run().await;
    assert!(!has_role(&stage, "auth0|1"));
}

#[tokio::test]
async fn a_tenant_that_could_not_be_asked_is_asked_again_for_the_mark() {
    let stage = stage(json!({})).await;
    let decision = stage.sign_in("auth0|1").await;
    *stage.fake.is_flooded.lock() = true;
    let review = opened(&stage, &decision).await;
    assert_eq!(review.mark, None);
    assert!(stage.app().settle_marks(&stage.scene.tenant).await.is_err());
    *stage.fake.is_flooded.lock() = false;
    assert_eq!((settled(&stage).await, settled(&stage).await), (1, 0));
    assert!(found(&stage, &review.id).await.mark.is_some());
}

#[tokio::test]
async fn an_account_that_comes_of_a_risky_sign_up_is_marked_and_an_older_one_of_its_address_is_not() {
    let stage = stage(json!({})).await;
    let text = include_str!("../../../../../fixtures/events/pre-user-registration.json");
    let event: Value = serde_json::from_str(text).unwrap();
    let (email, connection) = (event["user"]["email"].clone(), event["connection"]["name"].clone());
    let decision = stage.decide(Trigger::PreUserRegistration, event).await;
    assert_eq!(stage.app().queue_sign_ups(&stage.scene.tenant).await.unwrap(), 1);
    let filter = reviews::ReviewFilter { decision: Some(decision.to_string()), ..Default::default() };
    let listed = stage.app().reviews(&stage.scene.tenant, filter, 9).await.unwrap();
    let review = listed[0].review.clone();
    assert_eq!(review.mark, None, "there is no account yet");
    let add = |id: &str, made: &str, connection: &Value| {
        let user = json!({"user_id": id, "email": email, "created_at": made, "app_metadata": {},
            "identities": [{"connection": connection, "provider": "auth0", "user_id": "1"}]});
        stage.fake.world.lock().collections.get_mut("users").unwrap().push(user);
    };
    let now = stage.app().ports.clock.now();
    add("auth0|older", "2020-01-01T00:00:00.000Z", &connection);
    add("google|other", &now.to_string(), &json!("google-oauth2"));
    assert_eq!(settled(&stage).await, 0, "nobody's account is marked because somebody typed their address");
    add("auth0|new", &now.to_string(), &connection);
    assert_eq!(settled(&stage).await, 1);
    let mark = found(&stage, &review.id).await.mark.unwrap();
    let plan = stage.app().plan(&stage.scene.tenant, &mark).await.unwrap().plan;
    stage.app().approve_plan(&stage.approver("noa").await, &plan.id, &plan.hash).await.unwrap();
    stage.run().await;
    assert!(has_role(&stage, "auth0|new") && !has_role(&stage, "auth0|older"));
    // One that is not made within the hour is not waited for.
    let text = include_str!("../../../../../fixtures/events/pre-user-registration.json");
    let mut never: Value = serde_json::from_str(text).unwrap();
    never["user"]["email"] = "nobody@example.net".into();
    stage.decide(Trigger::PreUserRegistration, never).await;
    stage.app().queue_sign_ups(&stage.scene.tenant).await.unwrap();
    stage.scene.clock.advance(Duration::from_secs(3_700));
    assert_eq!((settled(&stage).await, settled(&stage).await), (1, 0));
}

#[tokio::test]
async fn a_verdict_about_a_sign_up_is_told_of_the_account_at_its_connection_alone() {
    let stage = stage(json!({})).await;
    let event = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let asked = event(include_str!("../../../../../fixtures/events/pre-user-registration.json"));
    let mut made = event(include_str!("../../../../../fixtures/events/post-user-registration.json"));
    for place in ["user", "connection"] {
        for (name, value) in asked[place].as_object().unwrap() {
            made[place][name] = value.clone();
        }
    }
    let mut elsewhere = made.clone();
    elsewhere["user"]["user_id"] = "email|2".into();
    elsewhere["connection"] = json!({"id": "con_email", "name": "email", "strategy": "email"});
    made["user"]["user_id"] = "auth0|new".into();
    let sign_up = stage.decide(Trigger::PreUserRegistration, asked).await;
    stage.scene.clock.advance(Duration::from_secs(1));
    let other = stage.decide(Trigger::PostUserRegistration, elsewhere).await;
    let account = stage.decide(Trigger::PostUserRegistration, made).await;
    stage.app().queue_sign_ups(&stage.scene.tenant).await.unwrap();
    let filter = reviews::ReviewFilter { decision: Some(sign_up.to_string()), ..Default::default() };
    let listed = stage.app().reviews(&stage.scene.tenant, filter, 9).await.unwrap();
    judged(&stage, &listed[0].review).await;
    let scope = countersign_store::Scope::Tenant(stage.tenant());
    let mut standings = Vec::new();
    for decision in [&sign_up, &account, &other] {
        let row = stage.app().ports.store.find_decision(scope, decision).await.unwrap();
        standings.push(row.unwrap().standing);
    }
    use countersign_store::Standing::{Legitimate, Open};
    assert_eq!(standings, [Legitimate, Legitimate, Open], "the same address elsewhere is another account");
}

#[tokio::test]
async fn a_review_of_who_is_erased_waits_for_nobody_and_closed_ones_go_by_age() {
    let stage = stage(json!({})).await;
    let (app, tenant) = (stage.app(), &stage.scene.tenant);
    let erased = opened(&stage, &stage.sign_in("auth0|1").await).await;
    let kept = opened(&stage, &stage.sign_in("auth0|2").await).await;
    app.erase(tenant, &App::subject(tenant, "auth0|1")).await.unwrap();
    let all = || app.reviews(tenant, reviews::ReviewFilter::default(), 9);
    let ids =
        |listed: Vec<reviews::ReviewListed>| listed.into_iter().map(|one| one.review.id).collect::<Vec<_>>();
    assert_eq!(ids(all().await.unwrap()), std::slice::from_ref(&kept.id));
    let mark = app.ports.store.find_plan(stage.tenant(), erased.mark.as_ref().unwrap()).await.unwrap();
    assert_eq!(mark.unwrap().state, "erased");
    judged(&stage, &kept).await;
    stage.scene.clock.advance(Duration::from_secs(401 * 86_400));
    let lead = app.lead(tenant).await.unwrap().unwrap();
    // The marks first, then the review.
    while app.retain(tenant, &lead, Kept::Plans, 400).await.unwrap() > 0 {}
    assert_eq!(ids(all().await.unwrap()), [""; 0]);
    assert!(app.plans(tenant, PlanFilter::default(), 9).await.unwrap().is_empty());
}

/// What somebody with the role of an approver may do besides.
async fn agrees(stage: &Stage, name: &str, plan: &str) -> Result<crate::acts::PlanHead, Error> {
    let hash = stage.app().plan(&stage.scene.tenant, plan).await.unwrap().plan.hash;
    stage.app().approve_plan(&stage.approver(name).await, plan, &hash).await
}

fn is_own(answer: &Result<crate::acts::PlanHead, Error>) -> bool {
    matches!(answer, Err(Error::Plan(PlanRefusal::Review(Refused::Own))))
}

#[tokio::test]
async fn whoever_opens_a_review_does_not_countersign_its_mark() {
    let stage = stage(json!({})).await;
    let decision = stage.sign_in("auth0|1").await;
    let noa = stage.permit(("noa", Role::Approver, How::Oidc), Action::WorkReviews).await.unwrap();
    let review = stage.app().open_review(&noa, &decision, (Handing::default(), "she called")).await.unwrap();
    let mark = review.mark.unwrap();
    let answer = agrees(&stage, "noa", &mark).await;
    assert!(is_own(&answer), "{answer:?}");
    agrees(&stage, "lea", &mark).await.unwrap();
    stage.run().await;
    assert!(has_role(&stage, "auth0|1"));
}

#[tokio::test]
async fn nor_where_the_tenant_could_be_asked_for_the_mark_later_only() {
    let stage = stage(json!({})).await;
    let decision = stage.sign_in("auth0|1").await;
    *stage.fake.is_flooded.lock() = true;
    let noa = stage.permit(("noa", Role::Approver, How::Oidc), Action::WorkReviews).await.unwrap();
    let review = stage.app().open_review(&noa, &decision, (Handing::default(), "she called")).await.unwrap();
    *stage.fake.is_flooded.lock() = false;
    assert_eq!((review.mark.clone(), settled(&stage).await), (None, 1));
    let answer = agrees(&stage, "noa", &found(&stage, &review.id).await.mark.unwrap()).await;
    assert!(is_own(&answer), "{answer:?}");
}

#[tokio::test]
async fn whoever_gives_the_verdict_does_not_countersign_what_clears_the_mark() {
    let stage = stage(json!({})).await;
    let review = opened(&stage, &stage.sign_in("auth0|1").await).await;
    agrees(&stage, "noa", review.mark.as_ref().unwrap()).await.unwrap();
    stage.run().await;
    *stage.fake.is_flooded.lock() = true;
    let closed = judged(&stage, &review).await;
    *stage.fake.is_flooded.lock() = false;
    settled(&stage).await;
    let clearing = closed.clearing.or(found(&stage, &review.id).await.clearing).unwrap();
    let answer = agrees(&stage, "ana", &clearing).await;
    assert!(is_own(&answer), "{answer:?}");
    agrees(&stage, "noa", &clearing).await.unwrap();
    stage.run().await;
    assert!(!has_role(&stage, "auth0|1"));
}
