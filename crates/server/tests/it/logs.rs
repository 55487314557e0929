//! What log streams deliver.

use std::time::Duration;

use axum::http::Request;
use countersign_testkit::{HOST, OTHER_TENANT, TENANT, TestApp, log_token};
use serde_json::json;

const ENTRY: &str =
    r#"{"log_id":"900","data":{"log_id":"900","type":"s","date":"2026-08-20T08:00:01.000Z"}}"#;

async fn deliver(
    service: &TestApp,
    stream: &str,
    authorization: &str,
    body: &str,
) -> countersign_testkit::Answer {
    let request = Request::post(format!("/v1/logs/{stream}"))
        .header("host", HOST)
        .header("authorization", authorization)
        .body(axum::body::Body::from(body.to_owned()))
        .unwrap();
    service.send(request).await
}

fn of(tenant: &str) -> String {
    format!("Bearer {}", log_token(tenant).expose())
}

#[tokio::test]
async fn entries_are_counted_once_and_a_bad_one_blocks_no_other() {
    let service = TestApp::start(|_| {}).await;
    // No entry counts as newer than now.
    service.clock.advance(Duration::from_secs(60));
    let body = format!("{ENTRY}\nhalf of {{\n{}", ENTRY.replace("900", "901"));
    let first = deliver(&service, TENANT, &of(TENANT), &body).await;
    assert_eq!((first.status, first.json), (200, json!({ "taken": 2, "repeated": 0, "unread": 1 })));
    let again = deliver(&service, TENANT, &of(TENANT), &format!("[{ENTRY}]")).await;
    assert_eq!(again.json, json!({ "taken": 0, "repeated": 1, "unread": 0 }));
    let state = service.app.log_stream(&service.tenant());
    assert_eq!(state.newest, Some("2026-08-20T08:00:01Z".parse().unwrap()));
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains(r#"countersign_log_entries_total{code="taken"} 2"#), "{metrics}");
}

#[tokio::test]
async fn only_the_token_of_the_stream_is_taken() {
    let service = TestApp::start(|_| {}).await;
    for (stream, authorization) in [
        (TENANT, String::new()),
        (TENANT, "Bearer".to_owned()),
        (TENANT, log_token(TENANT).expose().to_owned()),
        (TENANT, of(OTHER_TENANT)),
        (OTHER_TENANT, of(TENANT)),
        ("nobody", of(TENANT)),
        ("%2e%2e", of(TENANT)),
    ] {
        let refused = deliver(&service, stream, &authorization, ENTRY).await;
        assert_eq!(
            (refused.status, &refused.json["code"]),
            (401, &json!("stream.unknown")),
            "{stream} {authorization}"
        );
    }
    assert_eq!(service.app.log_stream(&service.tenant()), countersign_app::StreamState::default());
}

#[tokio::test]
async fn an_entry_that_nests_too_deeply_does_not_hold_up_those_beside_it() {
    let service = TestApp::start(|_| {}).await;
    service.clock.advance(Duration::from_secs(60));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep = ENTRY.replace("900", "901").replace(r#""type""#, &format!(r#""details":{deep},"type""#));
    let answer = deliver(&service, TENANT, &of(TENANT), &format!("[{ENTRY},{deep}]")).await;
    assert_eq!((answer.status, answer.json), (200, json!({ "taken": 1, "repeated": 0, "unread": 1 })));
}

#[tokio::test]
async fn a_broken_or_a_vast_delivery_is_refused_as_a_whole() {
    let service = TestApp::start(|_| {}).await;
    let vast = format!("[{}]", vec![ENTRY; 70_000].join(","));
    for (body, status) in [(&ENTRY[..20], 400), ("[", 400), ("<html>", 400), (&vast, 413)] {
        let answer = deliver(&service, TENANT, &of(TENANT), body).await;
        assert_eq!(answer.status, status, "{}", answer.json);
    }
    let state = service.app.log_stream(&service.tenant());
    assert_eq!((state.delivered.taken, state.delivered.unread), (0, 0));
}
