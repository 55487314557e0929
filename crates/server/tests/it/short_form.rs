//! `POST /risk/{token}`: the short form and its tokens.

use axum::{body::Body, http::Request};
use countersign_testkit::{Answer, HOST, TestApp, post_login};
use serde_json::{Value, json};

use crate::world::{bare, check_problem, id_of, show};

async fn token(service: &TestApp) -> (String, String) {
    let made = service.operate("POST", "/v1/risk-tokens/example-tenant", &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.json);
    let text = |name: &str| made.json[name].as_str().unwrap().to_owned();
    (text("id"), text("path"))
}

fn form() -> Value {
    json!({ "email": "sales@example.com", "ip": "203.0.113.24", "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0" })
}

async fn quick(service: &TestApp, path: &str, form: &Value) -> Answer {
    let request = Request::post(path).header("host", HOST).body(Body::from(form.to_string())).unwrap();
    service.send(request).await
}

#[tokio::test]
async fn a_token_in_the_path_gives_a_score_and_its_record() {
    let service = TestApp::start(|_| {}).await;
    let (_, path) = token(&service).await;
    let answer = quick(&service, &path, &form()).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let told = answer.json.as_object().unwrap();
    for name in ["score", "inferredDepartment", "reasons", "decision_id"] {
        assert!(told.contains_key(name), "{name}: {}", answer.json);
    }
    assert_eq!(told["inferredDepartment"], "Sales");
    let stored = show(&service, told["decision_id"].as_str().unwrap()).await;
    assert_eq!(stored["assessment"]["score"], told["score"]);
    let id = told["decision_id"].as_str().unwrap().parse().unwrap();
    let replay = service.app.replay(&service.tenant(), &id).await.unwrap();
    assert_eq!(replay, countersign_app::decide::Replay::Same);
}

#[tokio::test]
async fn a_revoked_or_unknown_token_is_refused_at_once() {
    let service = TestApp::start(|_| {}).await;
    let (id, path) = token(&service).await;
    let revoked =
        service.operate("DELETE", &format!("/v1/risk-tokens/example-tenant/{id}"), &json!({})).await;
    assert_eq!(revoked.status, 200, "{}", revoked.json);
    check_problem(&quick(&service, &path, &form()).await, 401, "token.unknown");
    check_problem(&quick(&service, "/risk/rsk_00", &form()).await, 401, "token.unknown");
    check_problem(&quick(&service, "/risk/%2e%2e", &form()).await, 401, "token.unknown");
    let again = service.operate("DELETE", &format!("/v1/risk-tokens/example-tenant/{id}"), &json!({})).await;
    check_problem(&again, 404, "not_found");
}

#[tokio::test]
async fn a_token_is_told_once_and_only_operators_make_one() {
    let service = TestApp::start(|_| {}).await;
    let (_, path) = token(&service).await;
    let listed = service.get("/v1/risk-tokens/example-tenant").await;
    assert_eq!(listed.json["tokens"].as_array().unwrap().len(), 1);
    assert!(!listed.json.to_string().contains("rsk_"), "{}", listed.json);
    let stranger = service.send(bare("POST", "/v1/risk-tokens/example-tenant")).await;
    assert_eq!(stranger.status, 401);
    let metrics = service.get("/metrics").await;
    let text = String::from_utf8(metrics.bytes).unwrap();
    assert!(!text.contains(path.trim_start_matches("/risk/")), "{text}");
}

#[tokio::test]
async fn the_short_form_never_feeds_a_history() {
    let service = TestApp::start(|_| {}).await;
    let before = service.decide(&post_login()).await;
    let (_, path) = token(&service).await;
    for _ in 0..20 {
        let id = quick(&service, &path, &form()).await.json["decision_id"].as_str().unwrap().to_owned();
        let told = service.outcome(&json!({ "kind": "completed", "decision_id": id })).await;
        assert_eq!(told.json["outcome"], "recorded", "{}", told.json);
    }
    service.clock.advance(std::time::Duration::from_secs(25 * 3_600));
    while service.app.count_silence(&service.tenant()).await.unwrap() > 0 {}
    let id = id_of(
        &service
            .ask("pre-user-registration", &{
                let mut event = countersign_testkit::event_of("pre-user-registration");
                event["user"]["email"] = json!("sales@example.com");
                event
            })
            .await,
    );
    let features = show(&service, &id).await["features"]["sign_up"].clone();
    for counter in ["block_hour", "domain_hour", "skeleton_hour"] {
        assert!(features[counter].as_u64().unwrap_or(0) == 0, "{counter}: {features}");
    }
    drop(before);
}

#[tokio::test]
async fn what_is_no_question_is_refused_with_its_place() {
    let service = TestApp::start(|_| {}).await;
    let (_, path) = token(&service).await;
    for (name, value) in [("email", json!("nobody")), ("ip", json!("300.1.1.1")), ("user_agent", json!(7))] {
        let mut form = form();
        form[name] = value;
        let answer = quick(&service, &path, &form).await;
        check_problem(&answer, 422, "body.shape");
        assert!(answer.json.to_string().contains(name), "{}", answer.json);
    }
}
