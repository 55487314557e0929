//! Verdicts of whoever administers one organization: what they teach there, and that they teach nobody else.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use countersign_app::access::Settings;
use countersign_rights::{Grant, Place, Role};
use countersign_testkit::{HOST, Setup, TENANT, TestApp, Vouching, event_of};
use serde_json::{Value, json};

use crate::world::{abroad, complete, id_of};

const OURS: &str = "org_ours";
const THEIRS: &str = "org_theirs";

struct Scene {
    service: TestApp,
    cookie: String,
}

impl Scene {
    /// A tenant with somebody who administers one of its organizations.
    async fn start() -> Self {
        let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
        let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
        let at = Place::Organization(TENANT.parse().unwrap(), OURS.parse().unwrap());
        service.grant("rae", vec![Grant::new(Role::TenantAdmin, at).unwrap()]).await;
        let cookie = service.session_of("rae").await;
        Self { service, cookie }
    }

    /// A sign-in that looks like a theft.
    async fn sign_in(&self, user: &str, organization: &str) -> String {
        id_of(&self.service.decide(&within(abroad(user), organization)).await)
    }

    /// What is thought of one by somebody of whom nothing is known.
    async fn risk(&self, organization: &str) -> Value {
        let answer = self.service.decide(&within(abroad("auth0|nobody"), organization)).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        answer.json["risk"].clone()
    }

    /// The same in both organizations, which is the same once the crowd is built anew.
    async fn risks(&self) -> [Value; 2] {
        let risks = [self.risk(OURS).await, self.risk(THEIRS).await];
        self.service.app.build_crowd(&self.service.tenant()).await.unwrap();
        assert_eq!([self.risk(OURS).await, self.risk(THEIRS).await], risks, "built anew");
        risks
    }

    /// Whoever administers the organization says what it was.
    async fn judge(&self, decision: &str, verdict: &str) -> Value {
        let told = json!({ "kind": "verdict", "decision_id": decision, "verdict": verdict });
        let request = Request::post("/v1/outcomes")
            .header("host", HOST)
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header("countersign-tenant", TENANT)
            .body(Body::from(told.to_string()));
        self.service.send(request.unwrap()).await.json["outcome"].clone()
    }

    /// Somebody of the tenant does.
    async fn confirm(&self, decision: &str, verdict: &str) -> Value {
        let told = json!({ "kind": "verdict", "decision_id": decision, "verdict": verdict });
        self.service.operate("POST", "/v1/outcomes", &told).await.json["outcome"].clone()
    }

    /// Whether a sign-up from the same block is told from others.
    async fn is_block_blamed(&self) -> bool {
        let mut event = event_of("pre-user-registration");
        event["request"]["ip"] = abroad("auth0|x")["request"]["ip"].clone();
        let answer = self.service.ask("pre-user-registration", &event).await;
        answer.json["risk"].to_string().contains("block_fraud")
    }
}

fn within(mut event: Value, organization: &str) -> Value {
    event["organization"]["id"] = json!(organization);
    event
}

fn logit(risk: &Value) -> i64 {
    risk["logit_micro"].as_i64().unwrap()
}

#[tokio::test]
async fn what_one_organization_calls_fraud_changes_nothing_for_the_others_until_the_tenant_confirms_it() {
    let scene = Scene::start().await;
    let mut thefts = Vec::new();
    for n in 0..4 {
        let id = scene.sign_in(&format!("auth0|{n}"), OURS).await;
        complete(&scene.service, &id).await;
        thefts.push(id);
    }
    let before = scene.risks().await;
    for id in &thefts {
        assert_eq!(scene.judge(id, "fraudulent").await, "recorded");
    }
    let told = scene.risks().await;
    assert_eq!(told[1], before[1], "nothing of the tenant's");
    assert!(logit(&told[0]) > logit(&before[0]), "their own people: {} {}", before[0], told[0]);
    assert!(!scene.is_block_blamed().await);
    assert_eq!(scene.judge(&thefts[0], "fraudulent").await, "known");
    for id in &thefts {
        assert_eq!(scene.confirm(id, "fraudulent").await, "recorded");
        assert_eq!(scene.confirm(id, "fraudulent").await, "known");
    }
    let confirmed = scene.risks().await;
    assert!(logit(&confirmed[1]) > logit(&before[1]), "{} {}", before[1], confirmed[1]);
    assert!(scene.is_block_blamed().await);
    for id in &thefts {
        assert_eq!(scene.judge(id, "legitimate").await, "recorded");
    }
    assert_eq!(scene.risks().await[1], confirmed[1], "nor do they take back what the tenant said");
    assert!(scene.is_block_blamed().await);
    for id in &thefts {
        assert_eq!(scene.confirm(id, "legitimate").await, "recorded");
    }
    assert!(logit(&scene.risks().await[1]) < logit(&confirmed[1]));
    assert!(!scene.is_block_blamed().await);
}

#[tokio::test]
async fn what_the_log_tells_counts_for_the_tenant_whatever_one_organization_said_before() {
    let scene = Scene::start().await;
    let before = scene.risks().await;
    let id = scene.sign_in("auth0|1", OURS).await;
    assert_eq!(scene.judge(&id, "legitimate").await, "recorded");
    let told = scene.risks().await;
    assert_eq!(told[1], before[1]);
    assert_ne!(told[0], before[0]);
    let failed = json!({ "kind": "challenge_failed", "decision_id": id });
    assert_eq!(scene.service.outcome(&failed).await.json["outcome"], "recorded");
    let after = scene.risks().await;
    assert!(logit(&after[1]) > logit(&before[1]), "a failed challenge: {} {}", before[1], after[1]);
}
