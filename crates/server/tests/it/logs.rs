//! What log streams deliver.

use std::time::Duration;

use axum::http::Request;
use countersign_core::Clock;
use countersign_server::PeerAddress;
use countersign_testkit::{HOST, OTHER_TENANT, Setup, TENANT, TestApp, log_token};
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

#[tokio::test]
async fn a_hundred_thousand_small_entries_are_too_many() {
    let service = TestApp::start(|_| {}).await;
    let many = format!("[{}]", vec!["{}"; 100_000].join(","));
    let refused = deliver(&service, TENANT, &of(TENANT), &many).await;
    assert_eq!((refused.status, &refused.json["code"]), (413, &json!("body.too_many")));
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(
        metrics.contains(r#"countersign_log_deliveries_refused_total{code="body.too_many"} 1"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn an_entry_of_a_clock_that_is_a_year_off_is_refused_ahead_and_too_late_behind() {
    let service = TestApp::start(|_| {}).await;
    let now = service.clock.now();
    let year = 365 * 86_400 * 1_000_000;
    let entry = |id: &str, by: i64| json!({"log_id": id, "type": "s", "date": now.plus(by).to_string()});
    let (tenant, lead) = (service.tenant(), service.lead().await);
    let batch = json!([entry("1", 0), entry("2", year)]).to_string();
    let answer = deliver(&service, TENANT, &of(TENANT), &batch).await;
    assert_eq!(answer.json, json!({ "taken": 1, "repeated": 0, "unread": 1 }));
    assert!(!service.app.watch_next(&tenant, &lead).await.unwrap().is_late);
    let rejected = service.store.list_log_rejects(tenant.id(), 9).await.unwrap();
    assert_eq!(rejected[0].reject.reason, "an entry is dated more than an hour ahead");
    let behind = json!([entry("3", -year)]).to_string();
    assert_eq!(deliver(&service, TENANT, &of(TENANT), &behind).await.json["taken"], 1);
    let worked = service.app.watch_next(&tenant, &lead).await.unwrap();
    assert_eq!((worked.too_late, worked.is_late), (1, false));
    assert_eq!(service.app.log_stream(&tenant).newest, Some(now), "it is not news");
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains(r#"countersign_log_lateness_seconds_bucket{le="86400.0"} 2"#), "{metrics}");
    assert!(metrics.contains("countersign_log_lateness_seconds_count 3"), "{metrics}");
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_database_can_t_be_written() {
    let service = TestApp::start(|_| {}).await;
    let held = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = deliver(&service, TENANT, &of(TENANT), ENTRY).await;
    assert_eq!((refused.status, &refused.json["code"]), (503, &json!("unavailable")));
    assert_eq!(service.app.log_stream(&service.tenant()), countersign_app::StreamState::default());
    drop(held);
    assert_eq!(deliver(&service, TENANT, &of(TENANT), ENTRY).await.json["taken"], 1);
}

#[tokio::test]
async fn a_stream_delivers_from_its_addresses_alone() {
    let setup = Setup { log_sources: vec!["203.0.113.0/24", "2001:db8::/32"], ..Setup::default() };
    let service = TestApp::start_with(|_| {}, setup).await;
    for (from, token, status) in [
        (Some("203.0.113.7"), TENANT, 200),
        (Some("2001:db8::7"), TENANT, 200),
        (Some("203.0.114.7"), TENANT, 403),
        (None, TENANT, 403),
        (Some("203.0.114.7"), OTHER_TENANT, 401),
    ] {
        let mut request = Request::post(format!("/v1/logs/{TENANT}"))
            .header("host", HOST)
            .header("authorization", of(token))
            .body(axum::body::Body::from(ENTRY))
            .unwrap();
        if let Some(from) = from {
            request.extensions_mut().insert(PeerAddress(from.parse().unwrap()));
        }
        let answer = service.send(request).await;
        assert_eq!(answer.status, status, "{from:?} {}", answer.json);
        if status == 403 {
            assert_eq!(answer.json["code"], "stream.foreign_address");
        }
    }
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains(r#"{code="stream.foreign_address"} 2"#), "{metrics}");
}
