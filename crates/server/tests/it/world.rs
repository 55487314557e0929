//! People, sign-ins and checks that the tests share.

use axum::{body::Body, http::Request};
use countersign_app::DecisionFilter;
use countersign_app::access::Within;
use countersign_testkit::{
    Answer, HOST, Signing, TENANT, TOKEN, TestApp, high_risk, post_login, signing_key,
};
use serde_json::{Value, json};

/// An ordinary sign-in of a person of that name, at home.
pub fn at_home(user_id: &str) -> Value {
    let mut event = post_login();
    event["user"]["user_id"] = json!(user_id);
    event
}

/// The same person from another country, network and machine: nothing fits but the password.
pub fn abroad(user_id: &str) -> Value {
    let mut event = at_home(user_id);
    event["authentication"] = high_risk()["authentication"].clone();
    event["request"]["ip"] = json!("198.51.100.77");
    event["request"]["asn"] = json!("64511");
    event["request"]["geoip"] =
        json!({ "countryCode": "DE", "latitude": 50.1, "longitude": 8.68, "timeZone": "Europe/Berlin" });
    event["request"]["user_agent"] =
        json!("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    event
}

/// What is thought of the same sign-in by somebody of whom nothing is known; the crowd around them is the same.
pub async fn risk_of_nobody(service: &TestApp, event: &Value) -> Value {
    let mut event = event.clone();
    event["user"]["user_id"] = json!("auth0|nobody");
    let answer = service.decide(&event).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer.json["risk"].clone()
}

/// The same event as another tenant sends it.
pub fn of_tenant(tenant: &str, mut event: Value) -> Value {
    event["tenant"]["id"] = json!(tenant);
    event
}

/// Signs as a tenant of that name would.
pub fn signing_of(service: &TestApp, tenant: &str) -> Signing {
    Signing { tenant: tenant.to_owned(), key: signing_key(tenant, 1), ..service.signing() }
}

/// Asks for a decision as a tenant of that name.
pub async fn decide_as(service: &TestApp, tenant: &str, event: Value) -> Answer {
    let body = TestApp::question(&of_tenant(tenant, event)).to_string().into_bytes();
    service.signed("/v1/decisions", body, signing_of(service, tenant)).await
}

/// The id of a decision that was made.
pub fn id_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer.json["decision_id"].as_str().unwrap().to_owned()
}

/// The score of a decision that was made.
pub fn score_of(answer: &Answer) -> f64 {
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer.json["risk"]["score"].as_f64().unwrap()
}

/// Tells that a sign-in completed.
pub async fn complete(service: &TestApp, decision: &str) {
    let told = service.outcome(&json!({ "kind": "completed", "decision_id": decision })).await;
    assert_eq!(told.json["outcome"], "recorded", "{}", told.json);
}

/// What the operator sees of a decision.
pub async fn show(service: &TestApp, decision: &str) -> Value {
    let shown = service.get(&format!("/v1/decisions/{decision}?tenant={TENANT}")).await;
    assert_eq!(shown.status, 200, "{}", shown.json);
    shown.json
}

/// Decisions on record for a tenant of that name.
pub async fn count_decisions(service: &TestApp, tenant: &str) -> usize {
    let tenant = service.app.tenant(&tenant.parse().unwrap()).unwrap();
    service.app.decisions(Within::all(&tenant), DecisionFilter::default(), 100_000).await.unwrap().len()
}

/// A request as an operator's program sends it, without a credential.
pub fn bare(method: &str, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).header("host", HOST).body(Body::empty()).unwrap()
}

/// The same with the operator's token.
pub fn with_token(mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    request
}

/// Checks that an answer is problem details (RFC 9457) of that status and code.
#[track_caller]
pub fn check_problem(answer: &Answer, status: u16, code: &str) {
    let text = String::from_utf8_lossy(&answer.bytes);
    assert_eq!((answer.status, answer.json["code"].as_str()), (status, Some(code)), "{text}");
    check_problem_shape(answer);
}

/// Checks that an answer is problem details (RFC 9457), whichever.
#[track_caller]
pub fn check_problem_shape(answer: &Answer) {
    let text = String::from_utf8_lossy(&answer.bytes);
    assert_eq!(
        answer.headers.get("content-type").map(|value| value.to_str().unwrap()),
        Some("application/problem+json"),
        "{} {text}",
        answer.status
    );
    let problem = &answer.json;
    let code = problem["code"].as_str().unwrap_or_else(|| panic!("no code: {text}"));
    assert_eq!(problem["type"], format!("urn:countersign:problem:{code}"), "{text}");
    assert_eq!(problem["status"], answer.status, "{text}");
    for member in ["title", "detail"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {text}");
    }
    for error in problem["errors"].as_array().into_iter().flatten() {
        assert!(error["path"].is_string() && error["message"].is_string(), "{text}");
        assert!(!error["path"].as_str().unwrap().starts_with('.'), "{text}");
    }
}

/// Paths of what a problem says is wrong.
pub fn paths(answer: &Answer) -> Vec<&str> {
    let errors = answer.json["errors"].as_array();
    errors.into_iter().flatten().filter_map(|error| error["path"].as_str()).collect()
}
