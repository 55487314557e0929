//! Service accounts: their tokens hold two at a time, end, are kept as digests, and each change is a leaf.

use std::time::Duration;

use countersign_testkit::{Answer, TENANT, TestApp};
use serde_json::{Value, json};

use crate::world::{bare, check_problem};

const DAY: Duration = Duration::from_secs(86_400);

struct Scene {
    service: TestApp,
    account: String,
}

impl Scene {
    async fn start() -> Self {
        let service = TestApp::start(|_| {}).await;
        let made = service.operate("POST", "/v1/access/accounts", &json!({ "name": "soar" })).await;
        assert_eq!(made.status, 201, "{}", made.json);
        let account = made.json["id"].as_str().unwrap().to_owned();
        let grant = json!({ "principal": account, "role": "viewer", "tenant": TENANT });
        assert_eq!(service.operate("POST", "/v1/access/grants", &grant).await.status, 201);
        Self { service, account }
    }

    async fn make(&self, days: u16) -> Answer {
        let body = json!({ "scopes": ["read_decisions"], "days": days });
        let path = format!("/v1/access/accounts/{}/tokens", self.account);
        self.service.operate("POST", &path, &body).await
    }

    /// Makes one that is taken; its id and its text.
    async fn made(&self, days: u16) -> (String, String) {
        let made = self.make(days).await;
        assert_eq!(made.status, 201, "{}", made.json);
        let text = |name: &str| made.json[name].as_str().unwrap().to_owned();
        (text("id"), text("token"))
    }

    async fn status_by(&self, token: &str) -> u16 {
        let mut request = bare("GET", &format!("/v1/decisions?tenant={TENANT}"));
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        self.service.send(request).await.status
    }

    async fn revoke(&self, id: &str) {
        let path = format!("/v1/access/tokens/{id}/revoke");
        assert_eq!(self.service.operate("POST", &path, &json!({})).await.status, 200);
    }

    /// Changes of tokens that the ledger tells of: what, by whom, of which.
    async fn told(&self) -> Vec<(String, String, String)> {
        let leaves = self.service.store.list_leaves(&TENANT.parse().unwrap(), 0, 1_000).await.unwrap();
        let leaves = leaves.iter().map(|row| serde_json::from_slice::<Value>(&row.leaf).unwrap());
        let fact = |leaf: &Value, name: &str| leaf["facts"][name].as_str().unwrap_or_default().to_owned();
        let told = leaves.map(|leaf| (fact(&leaf, "change"), fact(&leaf, "by"), fact(&leaf, "token")));
        told.filter(|(change, ..)| change.starts_with("token_")).collect()
    }
}

#[tokio::test]
async fn a_token_is_rotated_without_a_gap_and_no_more_than_two_hold() {
    let scene = Scene::start().await;
    let (old_id, old) = scene.made(30).await;
    let (new_id, new) = scene.made(90).await;
    assert_eq!((scene.status_by(&old).await, scene.status_by(&new).await), (200, 200), "both hold");
    check_problem(&scene.make(90).await, 409, "too_many");
    scene.revoke(&old_id).await;
    assert_eq!((scene.status_by(&old).await, scene.status_by(&new).await), (401, 200));
    let (short_id, short) = scene.made(1).await;
    assert_eq!(scene.status_by(&short).await, 200, "there is room again");
    scene.service.clock.advance(DAY);
    assert_eq!((scene.status_by(&short).await, scene.status_by(&new).await), (401, 200), "it ended");
    let (last_id, _) = scene.made(1).await;
    let told = scene.told().await;
    let made = |id: &str| ("token_made".to_owned(), "local".to_owned(), id.to_owned());
    let revoked = ("token_revoked".to_owned(), "local".to_owned(), old_id.clone());
    assert_eq!(told, [made(&old_id), made(&new_id), revoked, made(&short_id), made(&last_id)]);
}

#[tokio::test]
async fn a_token_ends_has_scopes_that_there_are_and_is_kept_as_a_digest() {
    let scene = Scene::start().await;
    for days in [0, 366] {
        check_problem(&scene.make(days).await, 422, "access.invalid");
    }
    let path = format!("/v1/access/accounts/{}/tokens", scene.account);
    for scopes in [json!([]), json!(["read_everything"]), json!(["*", "READ_DECISIONS"])] {
        let body = json!({ "scopes": scopes, "days": 1 });
        check_problem(&scene.service.operate("POST", &path, &body).await, 422, "access.invalid");
    }
    let (_, token) = scene.made(365).await;
    assert_eq!(scene.status_by(&token).await, 200);
    for file in scene.service.files() {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(token.len()).any(|bytes| bytes == token.as_bytes()), "{}", file.display());
    }
    let listed = scene.service.get("/v1/access/accounts").await;
    assert!(!String::from_utf8_lossy(&listed.bytes).contains(&token), "it is told once");
    let disable = format!("/v1/access/accounts/{}/disable", scene.account);
    assert_eq!(scene.service.operate("POST", &disable, &json!({})).await.status, 200);
    assert_eq!(scene.status_by(&token).await, 401, "with its account all of its tokens end");
    check_problem(&scene.make(1).await, 404, "not_found");
}
