//! Who did it: each change is a leaf with the id of its author, and none tells a name.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use countersign_app::access::Settings;
use countersign_ledger::leaf::Leaf;
use countersign_rights::{Grant, Place, Role};
use countersign_testkit::{Answer, HOST, Setup, TENANT, TestApp, Vouching, post_login};
use serde_json::{Value, json};

use crate::world::id_of;

/// So long that her name and her id together are more than an author may have in the database.
fn mia() -> String {
    "mia".repeat(64)
}

async fn service() -> (TestApp, String, String) {
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    let grant = Grant::new(Role::Administrator, Place::Installation).unwrap();
    let id = service.grant(&mia(), vec![grant]).await;
    let cookie = service.session_of(&mia()).await;
    (service, id, cookie)
}

async fn send(service: &TestApp, cookie: &str, (method, path, body): (&str, &str, Value)) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", HOST)
        .header("cookie", cookie)
        .header("sec-fetch-site", "same-origin")
        .header("countersign-tenant", TENANT)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    service.send(request).await
}

async fn leaves_since(service: &TestApp, first: u64) -> Vec<Leaf> {
    let rows = service.store.list_leaves(service.tenant().id(), first, 100).await.unwrap();
    rows.iter().map(|row| serde_json::from_slice(&row.leaf).unwrap()).collect()
}

async fn size(service: &TestApp) -> u64 {
    service.app.audit(&service.tenant()).await.unwrap().size
}

#[tokio::test]
async fn every_change_says_who_made_it_by_id_and_never_by_name() {
    let (service, mia, cookie) = service().await;
    let decision = id_of(&service.decide(&post_login()).await);
    let user = post_login()["user"]["user_id"].clone();
    let made = send(&service, &cookie, ("POST", "/v1/risk-tokens/example-tenant", json!({}))).await;
    let token = format!("/v1/risk-tokens/example-tenant/{}", made.json["id"].as_str().unwrap());
    let document = service.get("/v1/policies/example-tenant").await.json["document"].clone();
    let until = service.app.clock().now().plus(3_600_000_000);
    let before = size(&service).await;
    let suppression = json!({ "detector": "mfa_fatigue", "entity": null, "until": until, "reason": "travels", "force": false });
    let added = send(&service, &cookie, ("POST", "/v1/suppressions/example-tenant", suppression)).await;
    let lifted =
        format!("/v1/suppressions/example-tenant/{}/lift", added.json["id"].as_str().unwrap_or_default());
    let acts = [
        ("POST", &*lifted, json!({})),
        ("PUT", "/v1/switches/example-tenant/post-login", json!({ "off": true })),
        ("PUT", "/v1/switches/example-tenant/post-login", json!({ "off": false })),
        ("PUT", "/v1/policies/example-tenant", json!({ "expected_version": 1, "document": document })),
        ("DELETE", &*token, json!({})),
        ("POST", "/v1/risk-tokens/example-tenant", json!({})),
        (
            "POST",
            "/v1/outcomes",
            json!({ "kind": "verdict", "decision_id": decision, "verdict": "legitimate" }),
        ),
        (
            "POST",
            "/v1/users/example-tenant/marks",
            json!({ "user_id": user, "mark": "compromised", "reason": "a call" }),
        ),
        ("POST", "/v1/erasures/example-tenant", json!({ "user_id": user })),
    ];
    let count = acts.len() + 1;
    for act in acts {
        let what = format!("{} {}", act.0, act.1);
        let answer = send(&service, &cookie, act).await;
        assert!([200, 201].contains(&answer.status), "{what}: {} {}", answer.status, answer.json);
    }
    let leaves = leaves_since(&service, before).await;
    assert!(leaves.len() >= count, "{leaves:?}");
    for leaf in &leaves {
        assert_eq!(leaf.facts.get("by"), Some(&mia), "{leaf:?}");
        assert_eq!(leaf.facts["how"], "oidc", "{leaf:?}");
        assert!(!format!("{leaf:?}").contains("Name of"), "{leaf:?}");
    }
}
