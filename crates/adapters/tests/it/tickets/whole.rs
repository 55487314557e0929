//! From failed sign-ins in the log to a ticket of the whole service's, over a start.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use countersign_adapters::messages::Guarded;
use countersign_app::{
    hooks::{Hears, Hook},
    incidents::Severity,
};
use countersign_core::{Timestamp, testing::HeldClock};
use countersign_policy::Document;
use countersign_testkit::{HOST, Setup, TENANT, TestApp, log_token};
use serde_json::{Value, json};

use super::{
    servicenow::{self, only},
    vendor::Vendor,
};

/// Fourteen wrong passwords for one account, each from another address, then its sign-in.
fn log() -> Vec<Value> {
    let entry = |kind: &str, n: u32| {
        json!({"log_id": format!("9{n:05}{kind}"), "type": kind, "tenant_name": TENANT,
            "date": format!("2026-08-20T00:{:02}:{:02}.000Z", n / 6, n % 6 * 10), "user_id": "auth0|7",
            "user_name": "user7@example.com", "ip": format!("192.0.2.{n}"), "user_agent": "Mozilla/5.0 Chrome/140.0.0.0"})
    };
    (0..14).map(|n| entry("fp", n)).chain([entry("s", 14)]).collect()
}

fn setup(vendor: &Vendor) -> Setup {
    let clock = Arc::new(HeldClock::at(Timestamp::default()));
    let sender = Guarded::new(servicenow::receiver(vendor), clock);
    let hook = Hook {
        name: "desk".to_owned(),
        least: Severity::Low,
        with_names: false,
        hears: Hears::default(),
        sender: Arc::new(sender),
    };
    Setup { hooks: vec![hook], ..Setup::default() }
}

async fn send(service: &TestApp) {
    let lead = service.lead().await;
    service.app.send_hooks(&service.tenant(), &lead).await.unwrap();
}

#[tokio::test]
async fn failed_sign_ins_become_a_ticket_with_context_and_it_is_resolved_after_a_start() {
    let vendor = Vendor::new(servicenow::manner).await;
    let service = TestApp::start_with(|_| {}, setup(&vendor)).await;
    service.clock.advance(Duration::from_secs(3_600));
    let request = Request::post(format!("/v1/logs/{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {}", log_token(TENANT).expose()))
        .body(Body::from(json!(log()).to_string()))
        .unwrap();
    assert_eq!(service.send(request).await.status, 200);
    let lead = service.lead().await;
    while service.app.watch_next(&service.tenant(), &lead).await.unwrap().is_busy {}
    send(&service).await;
    let (id, record) = only(&vendor);
    let description = record["description"].as_str().unwrap();
    for part in [
        "Failed sign ins: 14",
        "Failures: fp ×14",
        "Accounts: 1",
        "Account aliases: als_",
        "Why:\n- ",
        "Next steps:\n- ",
    ] {
        assert!(description.contains(part), "{part}\n{description}");
    }
    for name in ["auth0|7", "user7", "192.0.2."] {
        assert!(!record.to_string().contains(name), "{name}: {record}");
    }
    vendor.asked();
    let service = service.reopen_with(Document::default(), setup(&vendor)).await;
    let listed = service.get(&format!("/v1/incidents/{TENANT}")).await.json;
    let incident = &listed["incidents"][0];
    assert_eq!(record["correlation_id"], format!("countersign-{}", incident["id"].as_str().unwrap()));
    let path = format!("/v1/incidents/{TENANT}/{}/close", incident["id"].as_str().unwrap());
    let body = json!({"actor": "noa", "version": incident["version"], "disposition": "true_positive", "reason": "an attack"});
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(service.operate("POST", &path, &body).await.status, 200);
    send(&service).await;
    let asked = vendor.asked();
    assert!(asked[0].path.starts_with(&format!("/api/now/table/incident/{id}?")), "by its id: {asked:?}");
    let (_, record) = only(&vendor);
    assert_eq!((&record["state"], &record["close_code"]), (&json!("6"), &json!("Solution provided")));
    assert!(record["close_notes"].as_str().unwrap().contains("true_positive"), "{record}");
}
