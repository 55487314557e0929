//! What goes missing on the way is told, and a decision is made all the same.

use std::time::Duration;

use countersign_testkit::{TENANT, TestApp};
use rusqlite::{Connection, params};
use serde_json::json;

use crate::world::{at_home, check_problem, complete, id_of, show};

/// Writes nonsense where a person's profile was.
fn corrupt_profile(service: &TestApp, user_id: &str) {
    let subject = countersign_app::App::subject(&service.tenant(), user_id);
    let connection = Connection::open(service.folder().join("countersign.db")).unwrap();
    let changed = connection
        .execute(
            "UPDATE profiles SET sealed = x'00ff00ff' WHERE tenant_id = ?1 AND subject_id = ?2",
            params![TENANT, subject.as_str()],
        )
        .unwrap();
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn a_profile_that_can_not_be_read_degrades_the_decision_and_no_more() {
    let service = TestApp::start(|_| {}).await;
    let event = at_home("auth0|anna");
    let cold = service.decide(&event).await.json["risk"].clone();
    complete(&service, &id_of(&service.decide(&event).await)).await;
    assert_ne!(service.decide(&event).await.json["risk"], cold);
    // The crowd would remember; a process that begins anew has none yet.
    let service = service.reopen(countersign_policy::Document::default()).await;
    corrupt_profile(&service, "auth0|anna");
    let answer = service.decide(&event).await;
    assert_eq!(answer.json["degraded"], json!(["history_unavailable"]));
    assert_eq!(answer.json["risk"], cold, "decided as if nothing were known");
    assert_eq!(show(&service, &id_of(&answer)).await["degraded"], json!(["history_unavailable"]));
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains(r#"countersign_degraded_total{code="history_unavailable"} 1"#), "{metrics}");
    assert_eq!(service.decide(&at_home("auth0|ben")).await.json["degraded"], json!([]));
}

#[tokio::test]
async fn a_broken_profile_is_begun_anew_by_the_next_outcome() {
    let service = TestApp::start(|_| {}).await;
    let event = at_home("auth0|anna");
    let first = id_of(&service.decide(&event).await);
    complete(&service, &first).await;
    let service = service.reopen(countersign_policy::Document::default()).await;
    let once = service.decide(&event).await.json["risk"].clone();
    let id = id_of(&service.decide(&event).await);
    // A process that read it before knows it by heart.
    let service = service.reopen(countersign_policy::Document::default()).await;
    corrupt_profile(&service, "auth0|anna");
    complete(&service, &id).await;
    let service = service.reopen(countersign_policy::Document::default()).await;
    let answer = service.decide(&event).await;
    assert_eq!((&answer.json["degraded"], &answer.json["risk"]), (&json!([]), &once));
    // What the lost profile had learned can be taken back without harm.
    let verdict = json!({ "kind": "verdict", "decision_id": first, "verdict": "fraudulent" });
    assert_eq!(service.operate("POST", "/v1/outcomes", &verdict).await.json["outcome"], "recorded");
    assert_eq!(service.decide(&event).await.status, 200);
}

/// Writes nonsense where a decision's record was.
pub fn corrupt_record(service: &TestApp, id: &str) {
    let connection = Connection::open(service.folder().join("countersign.db")).unwrap();
    connection.execute_batch("DROP TRIGGER IF EXISTS records_are_not_updated").unwrap();
    let record = "UPDATE records SET bodies = x'00ff00ff' WHERE record_id = ?1";
    let changed = connection.execute(record, params![id]).unwrap();
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn a_record_that_can_not_be_read_is_refused_without_a_cause() {
    let service = TestApp::start(|_| {}).await;
    let id = id_of(&service.decide(&at_home("auth0|anna")).await);
    corrupt_record(&service, &id);
    let told = service.outcome(&json!({ "kind": "completed", "decision_id": id })).await;
    let shown = service.get(&format!("/v1/decisions/{id}?tenant={TENANT}")).await;
    for answer in [told, shown] {
        check_problem(&answer, 500, "internal");
        assert_eq!(answer.json["detail"], "something went wrong here");
    }
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test]
async fn one_broken_record_does_not_keep_the_others_from_learning_by_silence() {
    let service = TestApp::start(|_| {}).await;
    let broken = id_of(&service.decide(&at_home("auth0|anna")).await);
    let cold = service.decide(&at_home("auth0|ben")).await.json["risk"].clone();
    corrupt_record(&service, &broken);
    service.clock.advance(Duration::from_secs(86_400));
    while service.app.count_silence(&service.tenant(), &service.lead().await).await.unwrap() > 0 {}
    assert_ne!(service.decide(&at_home("auth0|ben")).await.json["risk"], cold);
}

#[tokio::test]
async fn one_broken_profile_does_not_keep_the_others_from_learning_by_silence() {
    let service = TestApp::start(|_| {}).await;
    let (broken, whole) = (at_home("auth0|anna"), at_home("auth0|ben"));
    complete(&service, &id_of(&service.decide(&broken).await)).await;
    service.decide(&broken).await;
    let cold = service.decide(&whole).await.json["risk"].clone();
    corrupt_profile(&service, "auth0|anna");
    service.clock.advance(Duration::from_secs(86_400));
    let mut looked_at = 0;
    loop {
        match service.app.count_silence(&service.tenant(), &service.lead().await).await.unwrap() {
            0 => break,
            more => looked_at += more,
        }
    }
    assert_eq!(looked_at, 3);
    assert_ne!(service.decide(&whole).await.json["risk"], cold);
}
