//! Requests that are refused: what, where, and never with a value of the request.

use axum::{body::Body, http::Request};
use countersign_server::MAX_BODY_BYTES;
use countersign_testkit::{HOST, TestApp, post_login};
use serde_json::{Value, json};

use crate::world::{bare, check_problem, check_problem_shape, paths, with_token};

/// Stands for a value of the request, which no refusal may repeat.
const MARK: &str = "m4rkedv4lue";

async fn post(service: &TestApp, body: Vec<u8>) -> countersign_testkit::Answer {
    service.signed("/v1/decisions", body, service.signing()).await
}

/// The body of an ordinary request with one value replaced.
fn changed(pointer: &str, value: Value) -> Vec<u8> {
    let mut body = TestApp::question(&post_login());
    *body.pointer_mut(pointer).unwrap() = value;
    body.to_string().into_bytes()
}

/// An Action that says this of its code.
fn action_of(code: &str) -> Value {
    json!({"name": "countersign-post-login", "version": "0.1.0", "code": code, "policy_etag": null})
}

/// The body of an ordinary request without one member.
fn without(parent: &str, name: &str) -> Vec<u8> {
    let mut body = TestApp::question(&post_login());
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    body.to_string().into_bytes()
}

#[tokio::test]
async fn an_unknown_trigger_is_refused_and_the_known_ones_are_named() {
    let service = TestApp::start(|_| {}).await;
    let answer = post(&service, changed("/trigger", json!(MARK))).await;
    check_problem(&answer, 422, "trigger.unknown");
    let text = String::from_utf8(answer.bytes).unwrap();
    assert!(text.contains("`post-login`") && !text.contains(MARK), "{text}");
}

#[tokio::test]
async fn a_body_may_have_64_kib_and_not_a_byte_more() {
    let service = TestApp::start(|_| {}).await;
    let mut body = TestApp::question(&post_login()).to_string().into_bytes();
    body.resize(MAX_BODY_BYTES, b' ');
    assert_eq!(post(&service, body.clone()).await.status, 200);
    body.push(b' ');
    check_problem(&post(&service, body.clone()).await, 413, "body.too_large");
    let told = service.signed("/v1/outcomes", body, service.signing()).await;
    check_problem(&told, 413, "body.too_large");
}

#[tokio::test]
async fn a_deep_body_is_refused_before_it_is_parsed() {
    let service = TestApp::start(|_| {}).await;
    let mut deep = json!(1);
    for _ in 0..21 {
        deep = json!({ "x": deep });
    }
    let mut body = TestApp::question(&post_login());
    body["event"]["user"]["app_metadata"] = deep.clone();
    assert_eq!(post(&service, body.to_string().into_bytes()).await.status, 200, "24 levels are fine");
    body["event"]["user"]["app_metadata"] = json!({ "x": deep });
    check_problem(&post(&service, body.to_string().into_bytes()).await, 400, "body.too_deep");
    let hostile = [b"[".repeat(30_000), b"{\"a\":".repeat(10_000)];
    for body in hostile {
        check_problem(&post(&service, body).await, 400, "body.too_deep");
    }
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    let service = TestApp::start(|_| {}).await;
    let cut = TestApp::question(&post_login()).to_string().into_bytes();
    let not_utf8 = [b"{\"trigger\":\"".as_slice(), &[0xff, 0xfe], b"\"}"].concat();
    let bodies: [&[u8]; 6] = [b"", b"nonsense", b"{", &cut[..cut.len() - 1], b"{} {}", &not_utf8];
    for body in bodies {
        for path in ["/v1/decisions", "/v1/outcomes"] {
            let answer = service.signed(path, body.to_vec(), service.signing()).await;
            check_problem(&answer, 400, "body.malformed");
        }
    }
}

#[tokio::test]
async fn a_wrong_or_missing_member_is_named_by_its_path() {
    let service = TestApp::start(|_| {}).await;
    let cases = [
        (changed("/event/request/ip", json!(7)), "event.request.ip"),
        (changed("/event/user/user_id", json!({ MARK: MARK })), "event.user.user_id"),
        (changed("/event/user/identities/0/provider", json!([MARK])), "event.user.identities[0].provider"),
        (changed("/event", json!(MARK)), "event"),
        (changed("/trigger", json!(7)), "trigger"),
        (changed("/deadline_ms", json!(MARK)), "deadline_ms"),
        (changed("/deadline_ms", json!(-1)), "deadline_ms"),
        (changed("/deadline_ms", json!(0)), "deadline_ms"),
        (changed("/deadline_ms", json!(20_001)), "deadline_ms"),
        (changed("/deadline_ms", json!(u64::MAX)), "deadline_ms"),
        (changed("/action", json!(null)), "action"),
        (changed("/action", action_of("ab")), "action.code"),
        (changed("/action", action_of(&MARK.repeat(50))), "action.code"),
        (changed("/action", action_of(&"A".repeat(64))), "action.code"),
        (changed("/action/name", json!("")), "action.name"),
        (changed("/action/name", json!(MARK.repeat(50))), "action.name"),
        (changed("/action/name", json!(format!("sub_{MARK}"))), "action.name"),
        (changed("/action/version", json!(format!("{MARK}\n"))), "action.version"),
        (changed("/truncated", json!([7])), "truncated[0]"),
        (changed("/truncated", json!([MARK.repeat(50)])), "truncated"),
        (changed("/truncated", json!(vec![MARK; 65])), "truncated"),
        (without("", "trigger"), "trigger"),
        (without("", "event"), "event"),
        (without("", "deadline_ms"), "deadline_ms"),
        (without("", "action"), "action"),
        (without("/action", "version"), "action.version"),
        (without("/event", "user"), "event.user"),
        (without("/event/tenant", "id"), "event.tenant.id"),
        (without("/event/request", "ip"), "event.request.ip"),
    ];
    for (body, path) in cases {
        let answer = post(&service, body).await;
        check_problem(&answer, 422, "body.shape");
        assert_eq!(paths(&answer), [path], "{}", answer.json);
        assert!(!String::from_utf8(answer.bytes).unwrap().contains(MARK), "{path}");
    }
}

#[tokio::test]
async fn a_member_given_twice_is_refused() {
    let service = TestApp::start(|_| {}).await;
    let text = TestApp::question(&post_login()).to_string();
    let twice = text.replacen("\"user_id\":", &format!("\"user_id\":\"{MARK}\",\"user_id\":"), 1);
    assert_ne!(text, twice);
    let answer = post(&service, twice.into_bytes()).await;
    check_problem(&answer, 422, "body.shape");
    assert!(!String::from_utf8(answer.bytes).unwrap().contains(MARK));
}

#[tokio::test]
async fn a_wrong_outcome_is_refused_without_its_values() {
    let service = TestApp::start(|_| {}).await;
    let cases = [
        json!({}),
        json!({ "kind": MARK }),
        json!({ "kind": 7 }),
        json!({ "kind": "completed" }),
        json!({ "kind": "completed", "decision_id": MARK }),
        json!({ "kind": "completed", "decision_id": [MARK] }),
        json!({ "kind": "completed", "decision_id": "dec_1", MARK: MARK }),
        json!({ "kind": "challenge_passed", "decision_id": "dec_1", "factor": { MARK: MARK } }),
        json!({ "kind": "verdict", "decision_id": "dec_1", "verdict": MARK }),
        json!({ "kind": "login_failed", "user_id": "auth0|1", "at": MARK }),
        json!([MARK]),
        json!(MARK),
    ];
    for case in cases {
        let answer = service.outcome(&case).await;
        check_problem(&answer, 422, "body.shape");
        assert!(!String::from_utf8(answer.bytes).unwrap().contains(MARK), "{case}");
        let answer = service.operate("POST", "/v1/outcomes", &case).await;
        check_problem(&answer, 422, "body.shape");
    }
}

#[tokio::test]
async fn a_wrong_method_is_refused_and_the_right_ones_are_named() {
    let service = TestApp::start(|_| {}).await;
    for (method, path, allowed) in [
        ("DELETE", "/v1/decisions", vec!["GET", "HEAD", "POST"]),
        ("GET", "/v1/outcomes", vec!["POST"]),
        ("POST", "/health", vec!["GET", "HEAD"]),
        ("POST", "/metrics", vec!["GET", "HEAD"]),
        ("GET", "/v1/switches/example-tenant/post-login", vec!["PUT"]),
    ] {
        let answer = service.send(with_token(bare(method, path))).await;
        check_problem(&answer, 405, "method_not_allowed");
        let mut named: Vec<&str> =
            answer.headers["allow"].to_str().unwrap().split(',').map(str::trim).collect();
        named.sort_unstable();
        assert_eq!(named, allowed, "{method} {path} (RFC 9110, section 15.5.6)");
    }
}

#[tokio::test]
async fn what_an_operator_asks_wrongly_is_a_problem_without_the_request_s_values() {
    let service = TestApp::start(|_| {}).await;
    let long = "x".repeat(300);
    let cases = [
        ("GET", format!("/{MARK}"), 404),
        ("GET", format!("/v1/decisions/dec_{MARK}?tenant=example-tenant"), 404),
        ("GET", format!("/v1/decisions/{MARK}?tenant=example-tenant"), 404),
        ("GET", format!("/v1/decisions/dec_1?tenant={MARK}"), 404),
        ("GET", format!("/v1/decisions/dec_{MARK}"), 422),
        ("GET", format!("/v1/decisions/dec_1?tenant=example-tenant&{MARK}=1"), 422),
        ("GET", format!("/v1/decisions/dec_1/receipt?tenant=example-tenant&opened={MARK}"), 422),
        ("GET", format!("/v1/decisions/dec_{MARK}/receipt?tenant=example-tenant"), 404),
        ("GET", "/v1/decisions/%ff?tenant=example-tenant".to_owned(), 404),
        ("GET", format!("/v1/decisions?tenant=example-tenant&level={MARK}"), 422),
        ("GET", format!("/v1/decisions?tenant=example-tenant&before={MARK}"), 422),
        ("GET", format!("/v1/decisions?tenant=example-tenant&before=-1&organization={MARK}%20{MARK}"), 422),
        ("GET", format!("/v1/decisions?tenant=%20{MARK}"), 422),
        ("GET", format!("/v1/decisions?{MARK}=%ff"), 422),
        ("GET", format!("/v1/ledger/{MARK}/checkpoint"), 404),
        ("GET", format!("/v1/ledger/%20{MARK}/checkpoint"), 404),
        ("GET", format!("/v1/ledger/%20{MARK}/verifier"), 404),
        ("GET", format!("/v1/ledger/{MARK}{long}/verifier"), 404),
        ("GET", "/v1/ledger/%ff/verifier".to_owned(), 404),
        ("PUT", format!("/v1/switches/{MARK}/post-login"), 404),
        ("PUT", format!("/v1/switches/%20{MARK}/post-login"), 404),
        ("PUT", format!("/v1/switches/example-tenant/{MARK}"), 404),
        ("PUT", "/v1/switches/example-tenant/%ff".to_owned(), 404),
        ("PUT", "/v1/switches/example-tenant/post-login".to_owned(), 400),
    ];
    for (method, path, status) in cases {
        let answer = service.send(with_token(bare(method, &path))).await;
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert_eq!(answer.status, status, "{method} {path}: {text}");
        check_problem_shape(&answer);
        assert!(!text.contains(MARK), "{method} {path}: {text}");
    }
}

#[tokio::test]
async fn a_switch_takes_one_word_and_no_other() {
    let service = TestApp::start(|_| {}).await;
    let path = "/v1/switches/example-tenant/post-login";
    for (body, named) in
        [(json!({}), "off"), (json!({ "off": MARK }), "off"), (json!({ "off": true, "on": MARK }), "on")]
    {
        let answer = service.operate("PUT", path, &body).await;
        check_problem(&answer, 422, "body.shape");
        assert_eq!(paths(&answer), [named]);
        assert!(!String::from_utf8_lossy(&answer.bytes).contains(MARK), "{}", answer.json);
    }
}

#[tokio::test]
async fn an_operator_s_outcome_names_its_tenant() {
    let service = TestApp::start(|_| {}).await;
    let request = |tenant: Option<&str>| {
        let mut request = Request::post("/v1/outcomes").header("host", HOST);
        if let Some(tenant) = tenant {
            request = request.header("countersign-tenant", tenant);
        }
        with_token(request.body(Body::from("{}")).unwrap())
    };
    check_problem(&service.send(request(None)).await, 422, "tenant.missing");
    check_problem(&service.send(request(Some("not a tenant"))).await, 422, "tenant.missing");
    check_problem(&service.send(request(Some(MARK))).await, 404, "tenant.unknown");
}

#[tokio::test]
async fn a_page_whose_path_is_no_text_is_not_there() {
    let service = TestApp::start(|_| {}).await;
    for path in ["/plans/%c3/reveal", "/incidents/%c3/close", "/decisions/%c3/reveal"] {
        check_problem(&service.send(with_token(bare("POST", path))).await, 404, "not_found");
    }
}
