//! How often a tenant and a client may ask.

use std::time::Duration;

use axum::{body::Body, http::Request};
use countersign_server::Limits;
use countersign_testkit::{
    Answer, HOST, OTHER_TENANT, Setup, Signing, TENANT, TestApp, event_token, log_token, post_login,
    signing_key,
};
use serde_json::{Value, json};

use crate::world::{bare, check_problem, decide_as, id_of, with_token};

async fn limited(decisions_per_second: u32, decisions_per_second_per_client: u32) -> TestApp {
    let limits = Limits { decisions_per_second, decisions_per_second_per_client, log_entries_per_second: 0 };
    TestApp::start_with(|_| {}, Setup { limits, ..Setup::default() }).await
}

/// A service whose streams may deliver so many entries a second.
pub(crate) async fn limited_entries(log_entries_per_second: u32) -> TestApp {
    let limits = Limits { log_entries_per_second, ..Setup::default().limits };
    TestApp::start_with(|_| {}, Setup { limits, ..Setup::default() }).await
}

async fn deliver_to(service: &TestApp, path: &str, token: &str, body: String) -> Answer {
    let request = Request::post(path)
        .header("host", HOST)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body))
        .unwrap();
    service.send(request).await
}

/// What is answered to a delivery of the log stream.
pub(crate) async fn delivered(service: &TestApp, entries: &[Value]) -> Answer {
    delivered_of(service, TENANT, entries).await
}

async fn delivered_of(service: &TestApp, tenant: &str, entries: &[Value]) -> Answer {
    let (path, token) = (format!("/v1/logs/{tenant}"), log_token(tenant));
    deliver_to(service, &path, token.expose(), json!(entries).to_string()).await
}

/// Entries that were never there, of these numbers.
fn entries(numbers: std::ops::Range<u32>) -> Vec<Value> {
    let of = |n| json!({ "log_id": format!("9{n:08}"), "type": "fp", "date": "2026-08-20T07:59:59.000Z", "user_name": "pat" });
    numbers.map(of).collect()
}

/// How many of these deliveries of five entries are taken.
async fn taken(service: &TestApp, tenant: &str, numbers: std::ops::Range<u32>) -> usize {
    let mut taken = 0;
    for number in numbers {
        let answer = delivered_of(service, tenant, &entries(number * 5..number * 5 + 5)).await;
        taken += usize::from(answer.status == 200);
    }
    taken
}

/// How many of `tries` decisions a tenant gets.
async fn decided(service: &TestApp, tenant: &str, tries: usize) -> usize {
    let mut decided = 0;
    for _ in 0..tries {
        decided += usize::from(decide_as(service, tenant, post_login()).await.status == 200);
    }
    decided
}

fn retry_after(answer: &Answer) -> Option<&str> {
    answer.headers.get("retry-after").map(|value| value.to_str().unwrap())
}

fn completed(id: &str) -> Value {
    json!({ "kind": "completed", "decision_id": id })
}

#[tokio::test]
async fn twice_the_rate_is_answered_at_once_and_then_the_rate_each_second() {
    let service = limited(3, 0).await;
    assert_eq!(decided(&service, TENANT, 10).await, 6);
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(decided(&service, TENANT, 10).await, 3);
}

#[tokio::test]
async fn a_request_too_many_is_refused_with_a_signed_problem_that_says_when_to_come_back() {
    let service = limited(1, 0).await;
    assert_eq!(decided(&service, TENANT, 3).await, 2);
    let signing = service.signing();
    let (key, id) = (signing.key.clone(), signing.id.clone());
    let body = TestApp::question(&post_login()).to_string().into_bytes();
    let answer = service.signed("/v1/decisions", body, signing).await;
    check_problem(&answer, 429, "rate_limited");
    assert_eq!(retry_after(&answer), Some("1"));
    assert_eq!(answer.json["request_id"], id);
    let signature = answer.headers["countersign-signature"].to_str().unwrap();
    assert_eq!(signature, key.sign_answer(&id, &answer.bytes));
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains("countersign_refused_total{code=\"rate_limited\"} 2"), "{metrics}");
    assert!(metrics.contains("route=\"/v1/decisions\",status=\"429\"} 2"), "{metrics}");
}

#[tokio::test]
async fn a_limited_request_may_come_again_under_its_id_and_is_answered_once() {
    let service = limited(1, 0).await;
    assert_eq!(decided(&service, TENANT, 2).await, 2);
    let body = TestApp::question(&post_login()).to_string().into_bytes();
    let again = || Signing { id: "msg_again".to_owned(), ..service.signing() };
    check_problem(&service.signed("/v1/decisions", body.clone(), again()).await, 429, "rate_limited");
    service.clock.advance(Duration::from_secs(5));
    id_of(&service.signed("/v1/decisions", body.clone(), again()).await);
    check_problem(&service.signed("/v1/decisions", body, again()).await, 409, "request.replayed");
}

#[tokio::test]
async fn a_flood_of_one_tenant_takes_nothing_of_anothers() {
    let service = limited(2, 0).await;
    assert_eq!(decided(&service, TENANT, 50).await, 4);
    assert_eq!(decided(&service, OTHER_TENANT, 5).await, 4);
}

#[tokio::test]
async fn what_is_not_signed_by_a_tenant_takes_nothing_of_its_allowance() {
    let service = limited(1, 0).await;
    let body = TestApp::question(&post_login()).to_string().into_bytes();
    for _ in 0..20 {
        let foreign = Signing { key: signing_key(OTHER_TENANT, 1), ..service.signing() };
        let answer = service.signed("/v1/decisions", body.clone(), foreign).await;
        check_problem(&answer, 401, "signature.invalid");
    }
    let captured = || Signing { id: "msg_captured".to_owned(), ..service.signing() };
    id_of(&service.signed("/v1/decisions", body.clone(), captured()).await);
    for _ in 0..20 {
        let answer = service.signed("/v1/decisions", body.clone(), captured()).await;
        check_problem(&answer, 409, "request.replayed");
    }
    assert_eq!(decided(&service, TENANT, 5).await, 1);
}

#[tokio::test]
async fn outcomes_have_an_allowance_of_their_own_and_an_operators_have_none() {
    let service = limited(1, 0).await;
    let ids = [id_of(&service.decide(&post_login()).await), id_of(&service.decide(&post_login()).await)];
    check_problem(&service.decide(&post_login()).await, 429, "rate_limited");
    for id in &ids {
        assert_eq!(service.outcome(&completed(id)).await.status, 200);
    }
    let answer = service.outcome(&completed(&ids[0])).await;
    check_problem(&answer, 429, "rate_limited");
    assert_eq!(retry_after(&answer), Some("1"));
    let told = service.operate("POST", "/v1/outcomes", &completed(&ids[0])).await;
    assert_eq!(told.status, 200, "{}", told.json);
}

#[tokio::test]
async fn the_short_form_has_an_allowance_of_its_own() {
    let service = limited(1, 0).await;
    let made = service.operate("POST", "/v1/risk-tokens/example-tenant", &json!({})).await;
    let path = made.json["path"].as_str().unwrap();
    let form = json!({ "email": "pat@example.com", "ip": "203.0.113.24", "user_agent": "Mozilla/5.0" });
    let ask = || Request::post(path).header("host", HOST).body(Body::from(form.to_string())).unwrap();
    assert_eq!(decided(&service, TENANT, 3).await, 2);
    for _ in 0..2 {
        assert_eq!(service.send(ask()).await.status, 200);
    }
    let answer = service.send(ask()).await;
    check_problem(&answer, 429, "rate_limited");
    assert_eq!(retry_after(&answer), Some("1"));
}

#[tokio::test]
async fn a_flood_at_one_client_takes_nothing_of_anothers() {
    let service = limited(0, 1).await;
    let mut other = post_login();
    other["client"]["client_id"] = json!("another-client");
    assert_eq!(decided(&service, TENANT, 10).await, 2);
    for _ in 0..2 {
        id_of(&service.decide(&other).await);
    }
    check_problem(&service.decide(&other).await, 429, "rate_limited");
    assert_eq!(decided(&service, OTHER_TENANT, 10).await, 2);
}

#[tokio::test]
async fn what_operators_use_goes_on_during_a_flood() {
    let service = limited(1, 0).await;
    assert_eq!(decided(&service, TENANT, 20).await, 2);
    let list = with_token(bare("GET", &format!("/v1/decisions?tenant={TENANT}")));
    assert_eq!(service.send(list).await.status, 200);
}

#[tokio::test]
async fn a_flood_of_a_tenants_log_is_refused_and_takes_nothing_of_anothers() {
    let service = limited_entries(10).await;
    assert_eq!(taken(&service, TENANT, 0..50).await, 4);
    assert_eq!(taken(&service, OTHER_TENANT, 0..50).await, 4);
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(taken(&service, TENANT, 50..100).await, 2);
    id_of(&service.decide(&post_login()).await);
    let answer = delivered(&service, &entries(900..905)).await;
    check_problem(&answer, 429, "rate_limited");
    assert_eq!(retry_after(&answer), Some("1"));
}

#[tokio::test]
async fn a_delivery_greater_than_the_allowance_is_taken_whole_and_paid_off_before_the_next() {
    let service = limited_entries(1).await;
    let answer = delivered(&service, &entries(0..600)).await;
    assert_eq!(answer.json["taken"], 600, "{}", answer.json);
    let answer = delivered(&service, &entries(600..601)).await;
    check_problem(&answer, 429, "rate_limited");
    assert_eq!(retry_after(&answer), Some("599"));
    service.clock.advance(Duration::from_secs(599));
    assert_eq!(delivered(&service, &entries(600..1_200)).await.json["taken"], 600);
}

#[tokio::test]
async fn while_nothing_may_come_a_delivery_is_refused_unread_and_an_unknown_token_takes_nothing() {
    let service = limited_entries(1).await;
    let path = format!("/v1/logs/{TENANT}");
    for _ in 0..20 {
        let answer = deliver_to(&service, &path, log_token(OTHER_TENANT).expose(), "[{}]".to_owned()).await;
        check_problem(&answer, 401, "stream.unknown");
    }
    let token = log_token(TENANT);
    let broken = || deliver_to(&service, &path, token.expose(), "<html>".to_owned());
    check_problem(&broken().await, 400, "body.malformed");
    assert_eq!(delivered(&service, &entries(0..3)).await.status, 200);
    check_problem(&broken().await, 429, "rate_limited");
}

#[tokio::test]
async fn a_message_too_many_of_the_event_stream_is_refused_so_that_it_comes_again() {
    let service = limited_entries(1).await;
    let message = |n: u32| {
        json!({ "specversion": "1.0", "type": "user.created", "source": format!("urn:auth0:{TENANT}.us"), "id": format!("evt_{n}"),
            "time": "2026-08-20T08:00:00Z", "data": { "object": { "user_id": "auth0|1" } } })
    };
    let (path, token) = (format!("/v1/events/{TENANT}"), event_token(TENANT));
    let deliver = |n| deliver_to(&service, &path, token.expose(), message(n).to_string());
    for n in 0..60 {
        assert_eq!(deliver(n).await.json["taken"], 1, "a minute's worth, as an import makes it: {n}");
    }
    let answer = deliver(60).await;
    // Auth0 takes any 4xx as final.
    check_problem(&answer, 503, "rate_limited");
    assert_eq!(retry_after(&answer), Some("1"));
    assert_eq!(delivered(&service, &entries(0..1)).await.status, 200, "the log has an allowance of its own");
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(deliver(60).await.json["taken"], 1);
    assert_eq!(deliver(60).await.status, 503);
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(deliver(60).await.json["repeated"], 1);
}
