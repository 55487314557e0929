//! What the tenant's log tells of sign-ins reaches the counters that later decisions read.

use std::time::Duration;

use axum::http::Request;
use countersign_core::Clock;
use countersign_testkit::{HOST, TENANT, TestApp, event_of, log_token, post_login};
use serde_json::{Value, json};

use crate::world::{id_of, show};

const CLIENT: &str = "t13d1516h2_8daaf6152771_02713d6af862";

/// A sign-in of the log, so many seconds ago.
fn entry(service: &TestApp, kind: &str, number: u32, ago: i64) -> Value {
    json!({"log_id": format!("90020260820{number:09}"), "type": kind, "tenant_name": TENANT,
        "date": service.clock.now().plus(-ago * 1_000_000), "ip": format!("203.0.113.{}", number % 200),
        "user_id": if kind == "fu" { json!("") } else { json!(format!("auth0|{number}")) },
        "user_name": format!("person{number}@example.com"), "security_context": {"ja4": CLIENT}})
}

async fn deliver(service: &TestApp, entries: &[Value]) {
    let request = Request::post(format!("/v1/logs/{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {}", log_token(TENANT).expose()))
        .body(axum::body::Body::from(json!(entries).to_string()))
        .unwrap();
    assert_eq!(service.send(request).await.status, 200);
}

/// The readings of somebody who signs up from an address.
async fn readings(service: &TestApp, ip: &str) -> Value {
    let mut event = event_of("pre-user-registration");
    event["request"]["ip"] = json!(ip);
    event["request"].as_object_mut().unwrap().remove("asn");
    event["security_context"] = json!({"ja4": CLIENT});
    event["user"]["email"] = json!("someone.new@example.com");
    let id = id_of(&service.ask("pre-user-registration", &event).await);
    show(service, &id).await["features"]["sign_up"]["readings"].clone()
}

/// Signs in from an address, which tells its network.
async fn sign_in(service: &TestApp, ip: &str, asn: &str) {
    let mut event = post_login();
    event["request"]["ip"] = json!(ip);
    event["request"]["asn"] = json!(asn);
    id_of(&service.decide(&event).await);
}

#[tokio::test]
async fn failures_that_the_log_tells_reach_a_later_decision() {
    let service = TestApp::start(|_| {}).await;
    sign_in(&service, "203.0.113.7", "64500").await;
    sign_in(&service, "198.51.100.7", "64500").await;
    let mut entries = vec![
        entry(&service, "fp", 1, 1),
        entry(&service, "fu", 2, 1),
        entry(&service, "fp", 3, 2 * 3_600),
        entry(&service, "fp", 4, 25 * 3_600),
        entry(&service, "s", 5, 1),
        entry(&service, "ssa", 6, 1),
        entry(&service, "f", 7, 1),
    ];
    entries[6]["description"] = json!("Access denied by an Action");
    deliver(&service, &entries).await;
    deliver(&service, &entries).await;
    let here = readings(&service, "::ffff:203.0.113.99").await;
    let expected = [
        ("failures_day", 3),
        ("block_failures_hour", 2),
        ("network_failures_day", 3),
        ("ja4_failures_day", 3),
        ("block_successes_day", 1),
        ("ja4_successes_day", 1),
        ("resets_day", 0),
    ];
    for (name, count) in expected {
        assert_eq!(here[name], count, "{name} in {here}");
    }
    let there = readings(&service, "198.51.100.8").await;
    assert_eq!((&there["failures_day"], &there["network_failures_day"]), (&json!(0), &json!(3)), "{there}");
    service.clock.advance(Duration::from_secs(23 * 3_600));
    assert_eq!(readings(&service, "203.0.113.99").await["failures_day"], 2, "by when it happened");
}
