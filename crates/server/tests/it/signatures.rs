//! Who may ask: signatures, times, ids and tenants of signed requests.

use axum::body::Body;
use axum::http::Request;
use countersign_server::signature::TOLERANCE_SECONDS;
use countersign_testkit::{HOST, OTHER_TENANT, Signing, TENANT, TestApp, post_login, signing_key};

use crate::world::{check_problem, count_decisions, of_tenant, paths, signing_of};

const PATHS: [&str; 2] = ["/v1/decisions", "/v1/outcomes"];

fn question() -> Vec<u8> {
    TestApp::question(&post_login()).to_string().into_bytes()
}

#[tokio::test]
async fn a_third_key_is_refused() {
    let service = TestApp::start(|_| {}).await;
    for path in PATHS {
        let signing = Signing { key: signing_key(TENANT, 3), ..service.signing() };
        let answer = service.signed(path, question(), signing).await;
        check_problem(&answer, 401, "signature.invalid");
        assert!(!answer.headers.contains_key("countersign-signature"), "a stranger gets nothing signed");
    }
}

#[tokio::test]
async fn a_tenant_without_keys_is_nobodys_to_speak_for() {
    let service = TestApp::start(|_| {}).await;
    let key = || signing_key(OTHER_TENANT, 1);
    service.server.replace_keys([(OTHER_TENANT.parse().unwrap(), vec![key()])].into());
    for path in PATHS {
        let signing = Signing { key: key(), ..service.signing() };
        check_problem(&service.signed(path, question(), signing).await, 401, "signature.invalid");
    }
    assert_eq!(count_decisions(&service, TENANT).await, 0);
}

#[tokio::test]
async fn a_request_without_one_of_its_headers_is_refused_by_that_header_s_name() {
    let service = TestApp::start(|_| {}).await;
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature", "countersign-tenant"] {
        let Signing { tenant, key, id, timestamp } = service.signing();
        let body = question();
        let mut request = Request::post("/v1/decisions")
            .header("host", HOST)
            .header("webhook-signature", key.sign_request(&id, timestamp, &body))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("countersign-tenant", tenant)
            .body(Body::from(body))
            .unwrap();
        request.headers_mut().remove(name).unwrap();
        let answer = service.send(request).await;
        check_problem(&answer, 401, "signature.header");
        assert_eq!(paths(&answer), [format!("header.{name}")]);
    }
    let unsigned = Request::post("/v1/decisions").header("host", HOST).body(Body::from(question())).unwrap();
    check_problem(&service.send(unsigned).await, 401, "signature.header");
}

#[tokio::test]
async fn a_time_outside_the_window_is_refused_and_one_on_its_edge_is_not() {
    let service = TestApp::start(|_| {}).await;
    let now = service.signing().timestamp;
    for (offset, is_accepted) in [
        (-TOLERANCE_SECONDS - 1, false),
        (-TOLERANCE_SECONDS, true),
        (TOLERANCE_SECONDS, true),
        (TOLERANCE_SECONDS + 1, false),
    ] {
        let signing = Signing { timestamp: now + offset, ..service.signing() };
        let answer = service.signed("/v1/decisions", question(), signing).await;
        if is_accepted {
            assert_eq!(answer.status, 200, "{offset}");
        } else {
            check_problem(&answer, 401, "signature.stale");
        }
    }
}

#[tokio::test]
async fn a_replayed_request_is_refused_and_decided_once() {
    let service = TestApp::start(|_| {}).await;
    let again = || Signing { id: "msg_again".to_owned(), ..service.signing() };
    assert_eq!(service.signed("/v1/decisions", question(), again()).await.status, 200);
    for path in PATHS {
        check_problem(&service.signed(path, question(), again()).await, 409, "request.replayed");
    }
    assert_eq!(count_decisions(&service, TENANT).await, 1);
}

#[tokio::test]
async fn a_replay_after_a_restart_is_refused_by_the_database() {
    let service = TestApp::start(|_| {}).await;
    let again = Signing { id: "msg_again".to_owned(), ..service.signing() };
    assert_eq!(service.signed("/v1/decisions", question(), again).await.status, 200);
    let service = service.reopen(countersign_policy::Document::default()).await;
    let again = Signing { id: "msg_again".to_owned(), ..service.signing() };
    check_problem(&service.signed("/v1/decisions", question(), again).await, 409, "request.replayed");
    assert_eq!(count_decisions(&service, TENANT).await, 1);
    service.app.audit(&service.tenant()).await.unwrap();
    assert_eq!(service.decide(&post_login()).await.status, 200, "another request is decided");
}

#[tokio::test]
async fn a_replayed_failure_after_a_restart_is_refused_by_the_database() {
    let service = TestApp::start(|_| {}).await;
    let told =
        || serde_json::json!({ "kind": "login_failed", "user_id": "auth0|1" }).to_string().into_bytes();
    let again = Signing { id: "msg_told".to_owned(), ..service.signing() };
    assert_eq!(service.signed("/v1/outcomes", told(), again).await.status, 200);
    let service = service.reopen(countersign_policy::Document::default()).await;
    let again = Signing { id: "msg_told".to_owned(), ..service.signing() };
    check_problem(&service.signed("/v1/outcomes", told(), again).await, 409, "request.replayed");
}

#[tokio::test]
async fn two_tenants_may_use_the_same_id() {
    let service = TestApp::start(|_| {}).await;
    for tenant in [TENANT, OTHER_TENANT] {
        let signing = Signing { id: "msg_shared".to_owned(), ..signing_of(&service, tenant) };
        let body = TestApp::question(&of_tenant(tenant, post_login())).to_string().into_bytes();
        assert_eq!(service.signed("/v1/decisions", body, signing).await.status, 200, "{tenant}");
    }
}

#[tokio::test]
async fn a_refused_signature_does_not_use_an_id_up() {
    let service = TestApp::start(|_| {}).await;
    let named = || Signing { id: "msg_named".to_owned(), ..service.signing() };
    let forged = Signing { key: signing_key(TENANT, 3), ..named() };
    check_problem(&service.signed("/v1/decisions", question(), forged).await, 401, "signature.invalid");
    assert_eq!(service.signed("/v1/decisions", question(), named()).await.status, 200);
}

#[tokio::test]
async fn another_tenant_s_name_over_one_s_own_signature_is_refused() {
    let service = TestApp::start(|_| {}).await;
    let signing = Signing { tenant: OTHER_TENANT.to_owned(), ..service.signing() };
    check_problem(&service.signed("/v1/decisions", question(), signing).await, 401, "signature.invalid");
}

#[tokio::test]
async fn an_unknown_tenant_looks_like_a_wrong_signature() {
    let service = TestApp::start(|_| {}).await;
    let mut answers = Vec::new();
    for (tenant, seed) in [("nobody-here", 1), (TENANT, 3), ("not a tenant", 1)] {
        let signing =
            Signing { tenant: tenant.to_owned(), key: signing_key(tenant, seed), ..service.signing() };
        let answer = service.signed("/v1/decisions", question(), signing).await;
        check_problem(&answer, 401, "signature.invalid");
        answers.push((answer.bytes, answer.headers));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[tokio::test]
async fn an_event_of_another_tenant_is_refused() {
    let service = TestApp::start(|_| {}).await;
    let foreign = of_tenant(OTHER_TENANT, post_login());
    let answer = service.decide(&foreign).await;
    check_problem(&answer, 403, "tenant.mismatch");
    assert_eq!(count_decisions(&service, OTHER_TENANT).await + count_decisions(&service, TENANT).await, 0);
}
