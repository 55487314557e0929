//! From what a log stream delivers to alerts: however it came, and whenever the process ended.

use std::{collections::BTreeMap, time::Duration};

use axum::http::Request;
use countersign_app::AlertBody;
use countersign_core::Clock;
use countersign_testkit::{HOST, TENANT, TestApp, log_token};
use serde_json::{Value, json};

/// An entry of the log: a wrong password or a sign-in, `second` seconds after 2026-08-20T00:00:00Z.
pub(crate) fn entry(kind: &str, second: u32, user: u32, address: &str) -> Value {
    let (hour, minute, rest) = (second / 3_600, second / 60 % 60, second % 60);
    json!({"log_id": format!("9{second:05}{user:03}{kind}"), "type": kind, "tenant_name": TENANT,
        "date": format!("2026-08-20T{hour:02}:{minute:02}:{rest:02}.000Z"), "user_id": format!("auth0|{user}"),
        "user_name": format!("user{user}@example.com"), "ip": address, "user_agent": "Mozilla/5.0 Chrome/140.0.0.0"})
}

/// Ordinary sign-ins, a spray from one address, and one account that is tried again and again.
pub(crate) fn log() -> Vec<Value> {
    let honest = (0..60).map(|n| entry("s", n * 90, n % 12, &format!("198.51.100.{}", n % 12)));
    let spray = (0..40).map(|n| entry("fp", 1_000 + n * 20, 100 + n, "203.0.113.50"));
    let account = (0..14).map(|n| entry("fp", 3_000 + n * 11, 7, &format!("192.0.2.{n}")));
    let mut all: Vec<Value> = honest.chain(spray).chain(account).collect();
    all.sort_by_key(|entry| entry["date"].as_str().unwrap().to_owned());
    all
}

pub(crate) async fn deliver(service: &TestApp, entries: &[Value]) {
    let request = Request::post(format!("/v1/logs/{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {}", log_token(TENANT).expose()))
        .body(axum::body::Body::from(json!(entries).to_string()))
        .unwrap();
    let answer = service.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
}

/// Works until nothing is left to do, replays included.
pub(crate) async fn settle(service: &TestApp) {
    let (tenant, lead) = (service.tenant(), service.lead().await);
    while service.app.watch_next(&tenant, &lead).await.unwrap().is_busy {}
    service.app.replay_late(&tenant, &lead).await.unwrap();
    assert!(!service.app.watch_next(&tenant, &lead).await.unwrap().is_late);
}

/// The alerts that stand, by id.
pub(crate) async fn alerts(service: &TestApp) -> BTreeMap<String, (String, u8, AlertBody)> {
    let tenant = service.tenant();
    let rows = service.app.alerts(&tenant, countersign_app::AlertFilter::default(), 500).await.unwrap();
    let mut all = BTreeMap::new();
    for row in rows {
        let body = service.app.open_alert(&tenant, &row).await.unwrap().unwrap();
        all.insert(row.id.clone(), (row.detector, row.severity, body));
    }
    all
}

pub(crate) async fn service() -> TestApp {
    let service = TestApp::start(|_| {}).await;
    service.clock.advance(Duration::from_secs(86_400));
    service
}

/// What the log gives when it comes in order, in one piece.
pub async fn clean() -> BTreeMap<String, (String, u8, AlertBody)> {
    let service = service().await;
    deliver(&service, &log()).await;
    settle(&service).await;
    alerts(&service).await
}

#[tokio::test]
async fn attacks_become_alerts_with_the_entries_that_show_them() {
    let found = clean().await;
    let of = |detector: &'static str| found.values().filter(move |(id, ..)| id == detector);
    let (_, severity, spray) = of("password_spray").next().unwrap();
    assert!(*severity >= 2 && spray.entity.name == "203.0.113.50", "{spray:?}");
    let (.., account) = of("brute_force_account").next().unwrap();
    assert_eq!(account.entity.name, "auth0|7");
    assert_eq!(account.log_ids.len(), 14, "{account:?}");
    assert!(account.log_ids.iter().all(|id| id.ends_with("007fp")));
    let people: Vec<_> =
        found.values().map(|(id, _, body)| (id.as_str(), body.entity.name.as_str())).collect();
    assert!(
        people.iter().all(|(_, name)| ["203.0.113.50", "auth0|7", TENANT].contains(name)),
        "nobody else: {people:?}"
    );
}

#[tokio::test]
async fn repeats_and_another_order_give_the_same_alerts_after_a_replay() {
    let expected = clean().await;
    for step in [7, 31, 53] {
        let service = service().await;
        let log = log();
        let shuffled: Vec<Value> = (0..log.len()).map(|n| log[n * step % log.len()].clone()).collect();
        for part in shuffled.chunks(9) {
            deliver(&service, part).await;
            deliver(&service, part).await;
            let (tenant, lead) = (service.tenant(), service.lead().await);
            service.app.watch_next(&tenant, &lead).await.unwrap();
        }
        settle(&service).await;
        assert_eq!(alerts(&service).await, expected, "step {step}");
    }
}

#[tokio::test]
async fn a_process_that_ends_at_any_moment_leaves_the_same_alerts_once_each() {
    let expected = clean().await;
    for pieces in [1, 2, 5] {
        let mut service = service().await;
        let log = log();
        for part in log.chunks(log.len().div_ceil(pieces)) {
            deliver(&service, part).await;
            let document = service.tenant().policy().document().clone();
            // Why before and after it was looked at: either may be where a process ends.
            service = service.reopen(document.clone()).await;
            let (tenant, lead) = (service.tenant(), service.lead().await);
            service.app.watch_next(&tenant, &lead).await.unwrap();
            service = service.reopen(document).await;
        }
        settle(&service).await;
        assert_eq!(alerts(&service).await, expected, "{pieces} pieces");
    }
}

#[tokio::test]
async fn a_stream_that_stops_becomes_an_incident_though_nothing_is_delivered_any_more() {
    let service = TestApp::start(|_| {}).await;
    let began = service.clock.now();
    let (tenant, lead) = (service.tenant(), service.lead().await);
    // Fifty hours with one entry a minute.
    for hour in 0..50 {
        let entries: Vec<Value> = (0..60)
            .map(|minute| {
                let at = began.plus((hour * 60 + minute) * 60_000_000);
                json!({"log_id": format!("9{:015}", at.micros()), "type": "slo", "date": at.to_string(), "tenant_name": TENANT})
            })
            .collect();
        service.clock.advance(Duration::from_secs(3_600));
        deliver(&service, &entries).await;
        while service.app.watch_next(&tenant, &lead).await.unwrap().entries > 0 {}
    }
    let silence = |alerts: &BTreeMap<String, (String, u8, AlertBody)>| {
        alerts.values().filter(|(detector, ..)| detector == "sensor_tampering").count()
    };
    assert_eq!(silence(&alerts(&service).await), 0);
    for _ in 0..30 {
        service.clock.advance(Duration::from_secs(60));
        service.app.watch_next(&tenant, &lead).await.unwrap();
    }
    assert_eq!(silence(&alerts(&service).await), 1, "fifteen minutes of silence, and five behind");
    let incidents = service.get(&format!("/v1/incidents/{TENANT}")).await;
    let told = incidents.json.to_string();
    assert!(incidents.status == 200 && told.contains("puts out the eyes"), "{told}");
    service.clock.advance(Duration::from_secs(3_600));
    service.app.watch_next(&tenant, &lead).await.unwrap();
    assert_eq!(silence(&alerts(&service).await), 1, "it is told once");
}
