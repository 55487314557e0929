//! What comes wrong: orders for another tenant, receivers that never answer, calls that were ours.

use countersign_auth0::log;
use countersign_plan::{
    change::{Change, Order, Origin, Wanted},
    gate::Settings,
};
use serde_json::{Value, json};

use super::scene::{Stage, block};
use crate::{
    Error,
    acts::{Asked, PlanFilter, PlanRefusal},
};

#[tokio::test]
async fn an_order_for_another_tenant_is_no_plan_of_this_one() {
    let stage = Stage::new(Settings::default()).await;
    let wanted = Wanted {
        change: serde_json::from_value::<Change>(block(1)).unwrap(),
        reason: "because".to_owned(),
        evidence: Vec::new(),
    };
    let order = Order {
        tenant: "another".parse().unwrap(),
        title: "a title".to_owned(),
        origin: Origin::Workflow { workflow: "w".to_owned(), person: None },
        wanted: vec![wanted],
    };
    let asked = Asked { order, by: "w", incident: None, asks_people: false, audience: None };
    let refused = stage.app().propose_order(&stage.scene.tenant, asked).await.unwrap_err();
    let Error::Plan(PlanRefusal::Faults(faults)) = refused else { panic!("{refused}") };
    assert_eq!((faults[0].code.as_str(), faults[0].place.as_str()), ("other_tenant", "tenant"));
    assert!(stage.app().plans(&stage.scene.tenant, PlanFilter::default(), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_webhook_that_never_answers_halts_its_run_for_a_person_and_a_message_holds_up_nothing() {
    let stage = Stage::new(Settings::default()).await;
    *stage.fake.is_mute.lock() = true;
    let notify = json!({"change": "notify", "receiver": "soc", "text": "half"});
    let call = json!({"change": "call_webhook", "receiver": "soc", "body": {"a": 1}});
    let plan = stage.approved(&[notify, block(1), call, block(2)]).await;
    assert_eq!(stage.run().await.ended, 1);
    let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
    let states: Vec<&str> = shown.steps.iter().map(|step| step.state.as_str()).collect();
    assert_eq!(states, ["uncertain", "done", "uncertain", "pending"]);
    assert_eq!(shown.halt.map(|halt| (halt.step, halt.why.code())), Some((2, "uncertain")));
    assert_eq!(stage.fake.told.lock().len(), 2, "neither is sent twice");
    let mia = stage.mia().await;
    let goes_on = stage.app().settle_step(&mia, &plan.id, (2, true)).await.unwrap();
    assert_eq!(goes_on.state, "running");
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!((stage.state(&plan.id).await.as_str(), stage.fake.told.lock().len()), ("done", 2));
    assert!(!stage.app().is_breaker_open(&stage.scene.tenant).await.unwrap(), "one halt counts once");
}

/// An entry of the log as Auth0 tells a call of its API.
fn entry(log_id: &str, (client, token): (&str, &str), (method, path): (&str, &str)) -> Value {
    let at = crate::incidents::tests::START.to_string();
    let request = json!({"method": method, "path": path, "auth": {"credentials": {"jti": token}}});
    json!({"log_id": log_id, "data": {"log_id": log_id, "date": at, "type": "sapi", "client_id": client,
        "details": {"request": request, "response": {"statusCode": 200}}}})
}

#[tokio::test]
async fn a_call_in_the_log_that_was_ours_leads_to_its_plan_and_nobody_else_s_does() {
    let stage = Stage::new(Settings::default()).await;
    let (app, tenant) = (stage.app(), &stage.scene.tenant);
    let plan = stage.approved(&[block(1), block(2)]).await;
    stage.run().await;
    let maker = crate::management::Maker { client_id: "ours".to_owned(), token_id: "t1".to_owned() };
    app.remember_token(tenant, &maker).await.unwrap();
    let entries = [
        entry("log_1", ("ours", "t1"), ("patch", "/api/v2/users/auth0%7C2")),
        entry("log_2", ("ours", "t2"), ("patch", "/api/v2/users/auth0%7C2")),
        entry("log_3", ("ours", "t1"), ("delete", "/api/v2/users/auth0%7C2")),
        entry("log_4", ("ours", "t1"), ("patch", "/api/v2/users/auth0|1")),
    ];
    let text = Value::from(entries.to_vec()).to_string();
    assert_eq!(app.take_logs(tenant, log::entries(&text).unwrap()).await.unwrap().taken, 4);
    for (log_id, step) in [("log_1", Some(1)), ("log_2", None), ("log_3", None), ("log_4", Some(0))] {
        let found = app.plan_of_log(tenant, log_id).await.unwrap();
        assert_eq!(found.as_ref().map(|found| found.step), step, "{log_id}");
        if let Some(found) = found {
            assert_eq!(found.plan, plan.id);
            let by_record = app.plan_of_write(tenant, &found.record).await.unwrap();
            assert_eq!(by_record.map(|(plan, _)| plan), Some(found.plan));
        }
    }
    assert!(matches!(app.plan_of_log(tenant, "log_9").await, Err(Error::NotFound("log entry"))));
}

#[tokio::test]
async fn a_plan_as_long_as_one_may_be_is_kept_and_comes_back_whole() {
    let stage = Stage::new(Settings::default()).await;
    let many = 5_000_u32;
    for number in 0..many {
        let id = format!("auth0|long-{number}");
        stage.fake.world.lock().add_user(&id, Some("people"));
    }
    // A reason as long as one may be, of characters that take most room.
    let reason = "\u{1d11e}\"".repeat(499);
    let wanted = (0..many).map(|number| Wanted {
        change: serde_json::from_value(
            json!({"change": "set_app_metadata", "user": format!("auth0|long-{number}"), "keys": {"a": 1}}),
        )
        .unwrap(),
        reason: reason.clone(),
        evidence: Vec::new(),
    });
    let order = Order {
        tenant: stage.tenant().clone(),
        title: "a title".to_owned(),
        origin: Origin::Workflow { workflow: "w".to_owned(), person: None },
        wanted: wanted.collect(),
    };
    let asked = Asked { order, by: "w", incident: None, asks_people: false, audience: None };
    let plan = stage.app().propose_order(&stage.scene.tenant, asked).await.unwrap();
    assert_eq!((plan.state.as_str(), plan.steps), ("proposed", u64::from(many)));
    let kept = stage.app().open_plan(&stage.scene.tenant, &plan.id).await.unwrap();
    assert_eq!((kept.plan().steps.len(), kept.plan().because[4_999].reason == reason), (5_000, true));
    let listed = stage.app().plans(&stage.scene.tenant, PlanFilter::default(), 9).await.unwrap();
    assert_eq!((listed.len(), listed[0].kinds[0].count), (1, 5_000));
}
