//! What event streams deliver.

use axum::http::Request;
use countersign_testkit::{Answer, HOST, OTHER_TENANT, TENANT, TestApp, event_token, log_token};
use serde_json::{Value, json};

async fn post(service: &TestApp, stream: &str, token: &str, body: &str) -> Answer {
    let request = Request::post(format!("/v1/events/{stream}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body.to_owned()))
        .unwrap();
    service.send(request).await
}

async fn deliver(service: &TestApp, message: &Value) -> Answer {
    post(service, TENANT, event_token(TENANT).expose(), &message.to_string()).await
}

fn created() -> Value {
    json!({"specversion": "1.0", "type": "user.created", "source": format!("urn:auth0:{TENANT}.us"),
        "id": "evt_4Hn2QmExampleEvent0000", "time": "2026-08-20T08:10:00.512Z", "a0tenant": TENANT,
        "a0stream": "est_38ANnv8pQhqsZrX2VFbftv",
        "data": {"object": {"user_id": "auth0|65f0", "email": "new.user@mail.example.org"}}})
}

fn with(field: &str, value: Value) -> Value {
    let mut message = created();
    message[field] = value;
    message
}

async fn kind(service: &TestApp, id: &str) -> Option<String> {
    let found = service.store.find_log_entry(service.tenant().id(), id).await.unwrap();
    found.map(|row| row.entry.kind)
}

#[tokio::test]
async fn a_message_is_journaled_once_by_its_id_whatever_its_type() {
    let service = TestApp::start(|_| {}).await;
    let first = deliver(&service, &created()).await;
    assert_eq!((first.status, first.json), (200, json!({ "taken": 1, "repeated": 0, "unread": 0 })));
    assert_eq!(deliver(&service, &created()).await.json["repeated"], 1);
    let mut unknown = with("type", json!("moon.risen"));
    unknown["id"] = json!("evt_2");
    unknown["data"] = json!([1, {"deep": null}]);
    unknown["later"] = json!({"n": 0.5});
    assert_eq!(
        deliver(&service, &unknown).await.status,
        400,
        "data is an object, as every published schema has it"
    );
    unknown["data"] = Value::Null;
    assert_eq!(deliver(&service, &unknown).await.json["taken"], 1);
    assert_eq!(kind(&service, "evt_4Hn2QmExampleEvent0000").await.as_deref(), Some("event:user.created"));
    assert_eq!(kind(&service, "evt_2").await.as_deref(), Some("event:moon.risen"));
    let state = service.app.log_stream(&service.tenant());
    assert_eq!(
        state,
        countersign_app::StreamState::default(),
        "an event is no sign of life of the log stream"
    );
}

#[tokio::test]
async fn no_detector_takes_a_message_for_an_entry_of_the_log() {
    let service = TestApp::start(|_| {}).await;
    let (tenant, lead) = (service.tenant(), service.lead().await);
    for n in 0..60 {
        let mut message = with("id", json!(format!("evt_{n}")));
        let more =
            [("date", json!("2026-08-20T08:10:00Z")), ("ip", json!("203.0.113.9")), ("log_id", json!("900"))];
        for (field, value) in more {
            message[field] = value;
        }
        message["type"] = json!("fp");
        message["user_name"] = json!(format!("u{n}@example.com"));
        assert_eq!(deliver(&service, &message).await.status, 200);
    }
    let worked = service.app.watch_next(&tenant, &lead).await.unwrap();
    assert_eq!((worked.entries, worked.alerts, worked.is_late), (60, 0, false));
}

#[tokio::test]
async fn a_message_moves_no_time_of_the_log() {
    let service = TestApp::start(|_| {}).await;
    let (tenant, lead) = (service.tenant(), service.lead().await);
    assert_eq!(deliver(&service, &with("time", json!("2026-08-20T08:30:00Z"))).await.status, 200);
    service.app.watch_next(&tenant, &lead).await.unwrap();
    crate::watch::deliver(&service, &crate::watch::log()[..3]).await;
    let worked = service.app.watch_next(&tenant, &lead).await.unwrap();
    assert_eq!((worked.entries, worked.is_late, worked.too_late), (3, false, 0));
}

#[tokio::test]
async fn what_is_no_message_of_this_stream_is_refused_with_its_place() {
    let service = TestApp::start(|_| {}).await;
    for (message, code, path) in [
        (with("id", json!("900")), "event.invalid", "id"),
        (with("id", Value::Null), "event.invalid", "id"),
        (with("time", json!("yesterday")), "event.invalid", "time"),
        (with("time", json!("2099-08-20T08:10:00Z")), "event.invalid", "time"),
        (with("source", json!("urn:auth0:stranger.us")), "event.invalid", "source"),
        (with("type", json!("x".repeat(200))), "event.invalid", "type"),
        (with("type", json!(7)), "body.shape", "type"),
        (json!([created()]), "body.shape", ""),
    ] {
        let refused = deliver(&service, &message).await;
        assert_eq!((refused.status, &refused.json["code"]), (400, &json!(code)), "{}", refused.json);
        assert_eq!(refused.json["errors"][0]["path"], path, "{}", refused.json);
    }
    let text = created().to_string();
    let half = post(&service, TENANT, event_token(TENANT).expose(), &text[..40]).await;
    assert_eq!((half.status, &half.json["code"]), (400, &json!("body.malformed")));
    assert_eq!(service.app.watch_status(&service.tenant()).await.unwrap().journal.next, 0);
}

#[tokio::test]
async fn only_the_token_of_the_event_stream_is_taken() {
    let service = TestApp::start(|_| {}).await;
    let body = created().to_string();
    for (stream, token) in [
        (TENANT, log_token(TENANT)),
        (TENANT, event_token(OTHER_TENANT)),
        (OTHER_TENANT, event_token(TENANT)),
        ("nobody", event_token(TENANT)),
    ] {
        let refused = post(&service, stream, token.expose(), &body).await;
        assert_eq!((refused.status, &refused.json["code"]), (401, &json!("stream.unknown")));
    }
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains(r#"log_deliveries_refused_total{code="stream.unknown"} 4"#), "{metrics}");
}

#[tokio::test]
async fn what_a_person_s_event_says_goes_with_the_person() {
    let service = TestApp::start(|_| {}).await;
    deliver(&service, &created()).await;
    let (tenant, id) = (service.tenant(), "evt_4Hn2QmExampleEvent0000");
    let row = service.store.find_log_entry(tenant.id(), id).await.unwrap().unwrap();
    let key = service.store.find_subject_of_key(tenant.id(), &row.entry.key_id).await.unwrap();
    let subject = key.expect("it has a key of its own").to_string();
    let path = format!("/v1/erasures/{TENANT}");
    let erased = service.operate("POST", &path, &json!({"subject": subject})).await;
    assert!(erased.status < 300, "{}", erased.json);
    let key = service.store.find_subject_of_key(tenant.id(), &row.entry.key_id).await.unwrap();
    assert_eq!(key, None);
}
