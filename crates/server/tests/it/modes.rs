//! Modes, overrides, rollout and the kill switch, as an Action sees them.

use countersign_core::Mode;
use countersign_policy::{Document, Layer};
use countersign_rights::Action;
use countersign_testkit::{OTHER_TENANT, TENANT, TestApp, high_risk};
use serde_json::{Value, json};

use crate::world::{bare, check_problem, count_decisions, decide_as, id_of};

const SWITCH: &str = "/v1/switches/example-tenant/post-login";

fn in_mode(mode: Mode) -> impl Fn(&mut Document) {
    move |document| document.tenant.mode = Some(mode)
}

/// Effects without why they are withheld, and without the decision's id.
fn plain(effects: &Value, id: &str) -> Value {
    let mut effects: Value = serde_json::from_str(&effects.to_string().replace(id, "[id]")).unwrap();
    for effect in effects.as_array_mut().unwrap() {
        effect.as_object_mut().unwrap().remove("because");
    }
    effects
}

fn risky(user_id: &str) -> Value {
    let mut event = high_risk();
    event["user"]["user_id"] = json!(user_id);
    event
}

#[tokio::test]
async fn what_audit_and_advisory_withhold_is_what_enforce_does() {
    let enforce = TestApp::start(in_mode(Mode::Enforce)).await;
    let answer = enforce.decide(&high_risk()).await;
    let done = plain(&answer.json["effects"], &id_of(&answer));
    assert_ne!(done, json!([]), "there is something to withhold");
    assert_eq!(answer.json["withheld"], json!([]));
    let risk = answer.json["risk"].clone();
    for (mode, because) in [(Mode::Audit, "mode_audit"), (Mode::Advisory, "mode_advisory")] {
        let service = TestApp::start(in_mode(mode)).await;
        let answer = service.decide(&high_risk()).await;
        assert_eq!(answer.json["mode"], mode.as_str());
        assert_eq!(answer.json["effects"], json!([]));
        assert_eq!(plain(&answer.json["withheld"], &id_of(&answer)), done);
        for withheld in answer.json["withheld"].as_array().unwrap() {
            assert_eq!(withheld["because"], because);
        }
        assert_eq!(answer.json["risk"], risk, "the mode never changes the assessment");
    }
}

/// Rows about people in either database.
fn rows_about_people(service: &TestApp) -> i64 {
    let count = |file: &str, table: &str| -> i64 {
        let connection = rusqlite::Connection::open(service.folder().join(file)).unwrap();
        connection.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    count("subject-keys.db", "subject_keys")
        + count("countersign.db", "records WHERE trigger_id IS NOT NULL OR bodies IS NOT NULL")
        + count("countersign.db", "addresses")
        + count("countersign.db", "profiles")
}

#[tokio::test]
async fn off_does_and_records_nothing() {
    let service = TestApp::start(in_mode(Mode::Off)).await;
    let answer = service.decide(&high_risk()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["mode"], "off");
    for member in ["decision_id", "risk", "channel"] {
        assert!(answer.json[member].is_null(), "{member}");
    }
    assert_eq!((&answer.json["effects"], &answer.json["withheld"]), (&json!([]), &json!([])));
    assert_eq!(rows_about_people(&service), 0, "not even a key");
}

#[tokio::test]
async fn an_organization_and_a_client_override_the_tenant_s_mode() {
    let organization = high_risk()["organization"]["id"].as_str().unwrap().to_owned();
    let client = high_risk()["client"]["client_id"].as_str().unwrap().to_owned();
    let layer = |mode| Layer { mode: Some(mode), ..Layer::default() };
    let service = TestApp::start(|document| {
        document.tenant.mode = Some(Mode::Audit);
        document.organizations.insert(organization.parse().unwrap(), layer(Mode::Enforce));
    })
    .await;
    assert_eq!(service.decide(&high_risk()).await.json["mode"], "enforce");
    let mut elsewhere = high_risk();
    elsewhere["organization"]["id"] = json!("org_elsewhere");
    assert_eq!(service.decide(&elsewhere).await.json["mode"], "audit");
    elsewhere.as_object_mut().unwrap().remove("organization");
    assert_eq!(service.decide(&elsewhere).await.json["mode"], "audit");

    let service = TestApp::start(|document| {
        document.organizations.insert(organization.parse().unwrap(), layer(Mode::Enforce));
        document.clients.insert(client.parse().unwrap(), layer(Mode::Off));
    })
    .await;
    assert_eq!(service.decide(&high_risk()).await.json["mode"], "off");
}

#[tokio::test]
async fn a_rollout_enforces_for_its_share_and_always_for_the_same_people() {
    let service = TestApp::start(|document| {
        document.tenant.mode = Some(Mode::Enforce);
        document.tenant.rollout_percent = Some(50);
    })
    .await;
    let mut enforced = 0;
    for person in 0..60 {
        let event = risky(&format!("auth0|{person}"));
        let first = service.decide(&event).await;
        let second = service.decide(&event).await;
        assert_eq!(first.json["mode"], second.json["mode"], "person {person}");
        match first.json["mode"].as_str().unwrap() {
            "enforce" => {
                enforced += 1;
                assert_ne!(first.json["effects"], json!([]));
            }
            mode => {
                assert_eq!(mode, "audit");
                assert_eq!(first.json["effects"], json!([]));
                assert_eq!(first.json["withheld"][0]["because"], "rollout");
            }
        }
    }
    assert!((15..=45).contains(&enforced), "{enforced} of 60");
}

#[tokio::test]
async fn the_kill_switch_acts_on_the_next_request_and_is_lifted_again() {
    let service = TestApp::start(in_mode(Mode::Enforce)).await;
    assert_ne!(service.decide(&high_risk()).await.json["effects"], json!([]));
    let thrown = service.operate("PUT", SWITCH, &json!({ "off": true })).await;
    assert_eq!((thrown.status, thrown.json), (200, json!({ "trigger": "post-login", "off": true })));
    let before = rows_about_people(&service);
    let answer = service.decide(&risky("auth0|nobody-met-before")).await;
    assert_eq!((answer.status, &answer.json["mode"]), (200, &json!("off")));
    assert_eq!((&answer.json["effects"], &answer.json["decision_id"]), (&json!([]), &Value::Null));
    assert_eq!(answer.json["because"], json!(["mode_off"]));
    assert_eq!(rows_about_people(&service), before, "nothing is recorded");
    let other = decide_as(&service, OTHER_TENANT, high_risk()).await;
    assert_eq!(other.json["mode"], "enforce", "the other tenant goes on");
    assert_eq!(service.operate("PUT", SWITCH, &json!({ "off": false })).await.status, 200);
    let answer = service.decide(&high_risk()).await;
    assert_eq!(answer.json["mode"], "enforce");
    assert_eq!(count_decisions(&service, TENANT).await, 2);
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test]
async fn the_kill_switch_outlives_a_restart() {
    let service = TestApp::start(in_mode(Mode::Enforce)).await;
    service.operate("PUT", SWITCH, &json!({ "off": true })).await;
    let mut document = Document::default();
    in_mode(Mode::Enforce)(&mut document);
    let service = service.reopen(document.clone()).await;
    assert_eq!(service.decide(&high_risk()).await.json["mode"], "off");
    service.operate("PUT", SWITCH, &json!({ "off": false })).await;
    let service = service.reopen(document).await;
    assert_eq!(service.decide(&high_risk()).await.json["mode"], "enforce");
}

#[tokio::test]
async fn nobody_else_throws_the_switch() {
    let service = TestApp::start(in_mode(Mode::Enforce)).await;
    check_problem(&service.send(bare("PUT", SWITCH)).await, 401, "credential.missing");
    let signed = service.signed(SWITCH, b"{\"off\":true}".to_vec(), service.signing()).await;
    assert_eq!(signed.status, 405, "no Action's key opens it either");
    assert_eq!(service.decide(&high_risk()).await.json["mode"], "enforce");
}

#[tokio::test]
async fn a_kill_switch_that_could_not_be_recorded_outlives_a_look_at_the_database() {
    let service = TestApp::start(|_| {}).await;
    let held = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tenant = service.tenant();
    let trigger = countersign_core::Trigger::PostLogin;
    assert!(service.app.switch(&service.permit(Action::SetSwitches).await, trigger, true).await.is_err());
    drop(held);
    service.app.refresh(&tenant).await.unwrap();
    assert!(tenant.is_off(trigger), "nobody set it anew");
    service.app.switch(&service.permit(Action::SetSwitches).await, trigger, false).await.unwrap();
    service.app.refresh(&tenant).await.unwrap();
    assert!(!tenant.is_off(trigger));
}

#[tokio::test]
async fn a_kill_switch_that_could_not_be_recorded_is_recorded_once_it_can_be() {
    let service = TestApp::start(|_| {}).await;
    let held = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tenant = service.tenant();
    let trigger = countersign_core::Trigger::PostLogin;
    assert!(service.app.switch(&service.permit(Action::SetSwitches).await, trigger, true).await.is_err());
    assert!(service.app.record_switches(&tenant).await.is_err());
    assert!(tenant.is_off(trigger));
    held.execute_batch("ROLLBACK").unwrap();
    let leaves = async || service.app.audit(&service.tenant()).await.unwrap().size;
    let before = leaves().await;
    service.app.record_switches(&tenant).await.unwrap();
    assert_eq!(leaves().await, before + 1);
    service.app.record_switches(&tenant).await.unwrap();
    assert_eq!(leaves().await, before + 1, "recorded once");
    drop((held, tenant));
    let service = service.reopen(Document::default()).await;
    assert!(service.tenant().is_off(trigger), "it outlives a restart");
}

#[tokio::test]
async fn a_kill_switch_outlives_a_look_that_is_under_way_and_an_operator_who_does_not_wait() {
    let service = TestApp::start(|_| {}).await;
    let tenant = service.permit(Action::SetSwitches).await;
    let trigger = countersign_core::Trigger::PostLogin;
    let asked_once = async |asked: &mut (dyn Future<Output = Result<(), countersign_app::Error>> + Unpin)| {
        let waits = std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *asked).poll(context).is_pending())
        });
        assert!(waits.await);
    };
    let held = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The turn is taken by a lift that waits for the database.
    let mut lifted = Box::pin(service.app.switch(&tenant, trigger, false));
    asked_once(&mut lifted).await;
    let mut thrown = Box::pin(service.app.switch(&tenant, trigger, true));
    asked_once(&mut thrown).await;
    drop(thrown);
    held.execute_batch("ROLLBACK").unwrap();
    lifted.await.unwrap();
    service.app.refresh(&tenant).await.unwrap();
    assert!(tenant.is_off(trigger), "thrown last");
    service.app.record_switches(&tenant).await.unwrap();
    service.app.refresh(&tenant).await.unwrap();
    assert!(tenant.is_off(trigger));
}
