//! `/v1/policies/{tenant}`: versions of the policy.

use countersign_policy::Document;
use countersign_rights::Action;
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
async fn each_version_is_shown_by_its_number_however_many_followed() {
    let service = TestApp::start(|_| {}).await;
    let mut document = held(&service).await["document"].clone();
    for version in 1..=120 {
        document["tenant"]["rollout_percent"] = json!(version % 100);
        let change = json!({ "expected_version": version, "document": document });
        assert_eq!(service.operate("PUT", PATH, &change).await.status, 200);
    }
    let shown = service.get(&format!("{PATH}?version=3")).await;
    assert_eq!((shown.status, &shown.json["version"]), (200, &json!(3)), "{}", shown.json);
    assert_eq!(shown.json["document"]["tenant"]["rollout_percent"], 2);
    check_problem(&service.get(&format!("{PATH}?version=122")).await, 404, "not_found");
    check_problem(&service.get(&format!("{PATH}?version=0")).await, 404, "not_found");
    check_problem(&service.get(&format!("{PATH}?version=x")).await, 422, "query.shape");
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

#[tokio::test]
async fn a_version_beyond_all_is_refused() {
    let service = TestApp::start(|_| {}).await;
    let document = held(&service).await["document"].clone();
    for version in [u64::MAX, u64::try_from(i64::MAX).unwrap()] {
        let change = json!({ "expected_version": version, "document": document });
        check_problem(&service.operate("PUT", PATH, &change).await, 422, "policy.no_such_version");
    }
    assert_eq!(held(&service).await["version"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_put_in_force_also_when_its_operator_does_not_wait() {
    let service = TestApp::start(|_| {}).await;
    let tenant = service.permit(Action::ApplyPolicies).await;
    let mut document = Document::default();
    document.tenant.mode = Some(countersign_core::Mode::Advisory);
    let policy = countersign_policy::Snapshot::new(document).unwrap();
    {
        let mut applying = std::pin::pin!(service.app.apply_policy(&tenant, policy, 1));
        // Asked once, and never again, whether or not it was done by then.
        let asked = std::future::poll_fn(|context| {
            drop(applying.as_mut().poll(context));
            std::task::Poll::Ready(())
        });
        asked.await;
    }
    let holds = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        while tenant.policy_version() < 2 {
            tokio::task::yield_now().await;
        }
    });
    holds.await.unwrap();
    assert_eq!(service.decide(&post_login()).await.json["mode"], "advisory");
}
