//! `/v1/policies/{tenant}`: versions of the policy.

use countersign_policy::Document;
use countersign_testkit::{TestApp, post_login};
use serde_json::{Value, json};

use crate::world::{bare, check_problem, id_of, show};

const PATH: &str = "/v1/policies/example-tenant";

async fn held(service: &TestApp) -> Value {
    service.get(PATH).await.json
}

#[tokio::test]
async fn a_version_that_is_applied_holds_for_the_next_decision_and_is_named_by_it() {
    let service = TestApp::start(|_| {}).await;
    let before = held(&service).await;
    assert_eq!(before["version"], 1);
    let first = id_of(&service.decide(&post_login()).await);
    let mut document = before["document"].clone();
    document["tenant"]["mode"] = json!("enforce");
    let change = json!({ "expected_version": 1, "document": document });
    let applied = service.operate("PUT", PATH, &change).await;
    assert_eq!((applied.status, &applied.json["version"]), (200, &json!(2)), "{}", applied.json);
    let answer = service.decide(&post_login()).await;
    assert_eq!(answer.json["mode"], "enforce");
    let second = show(&service, &id_of(&answer)).await;
    assert_eq!(second["policy"], applied.json["etag"]);
    assert_eq!(show(&service, &first).await["policy"], before["etag"]);
    let versions = service.get(&format!("{PATH}/versions")).await;
    let etags: Vec<&Value> =
        versions.json["versions"].as_array().unwrap().iter().map(|version| &version["etag"]).collect();
    assert_eq!(etags, [&applied.json["etag"], &before["etag"]]);
}

#[tokio::test]
async fn a_change_from_a_version_that_no_longer_holds_is_refused() {
    let service = TestApp::start(|_| {}).await;
    let document = held(&service).await["document"].clone();
    let change = json!({ "expected_version": 1, "document": document });
    assert_eq!(service.operate("PUT", PATH, &change).await.status, 200);
    check_problem(&service.operate("PUT", PATH, &change).await, 409, "policy.changed");
}

#[tokio::test]
async fn a_policy_with_faults_is_refused_and_the_one_before_holds_on() {
    let service = TestApp::start(|_| {}).await;
    let mut document = held(&service).await["document"].clone();
    document["tenant"]["rollout_percent"] = json!(101);
    let change = json!({ "expected_version": 1, "document": document });
    let refused = service.operate("PUT", PATH, &change).await;
    check_problem(&refused, 422, "policy.faults");
    assert!(
        refused.json["errors"][0]["path"].as_str().unwrap().contains("rollout_percent"),
        "{}",
        refused.json
    );
    assert_eq!(held(&service).await["version"], 1);
    assert_eq!(service.send(bare("PUT", PATH)).await.status, 401);
}

#[tokio::test]
async fn the_version_in_the_database_outlives_a_restart_with_another_file() {
    let service = TestApp::start(|_| {}).await;
    let mut document = held(&service).await["document"].clone();
    document["tenant"]["mode"] = json!("advisory");
    let change = json!({ "expected_version": 1, "document": document });
    assert_eq!(service.operate("PUT", PATH, &change).await.status, 200);
    let service = service.reopen(Document::default()).await;
    assert_eq!(held(&service).await["document"]["tenant"]["mode"], "advisory");
    assert_eq!(service.decide(&post_login()).await.json["mode"], "advisory");
}
