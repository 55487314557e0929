//! `/v1/tenant-writes/{tenant}`: what is written at the tenant is in the ledger, before it is sent and how it ended.

use countersign_testkit::TestApp;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::world::check_problem;

fn write(operation: &str) -> Value {
    json!({
        "operation": operation,
        "cause": {
            "correlation_id": "tenant_1", "actor": "operator", "reason": "our Action is not there",
            "authority": {"plan": "abc"},
        },
    })
}

fn newest(service: &TestApp) -> Value {
    let connection = Connection::open(service.folder().join("countersign.db")).unwrap();
    let last = "SELECT leaf FROM records WHERE ledger = (SELECT number FROM ledgers WHERE tenant_id = ?1) \
        ORDER BY place DESC LIMIT 1";
    let leaf: Vec<u8> = connection.query_row(last, ["example-tenant"], |row| row.get(0)).unwrap();
    serde_json::from_slice(&leaf).unwrap()
}

#[tokio::test]
async fn a_write_is_recorded_with_its_cause_and_its_end() {
    let service = TestApp::start(|_| {}).await;
    let began = service.operate("POST", "/v1/tenant-writes/example-tenant", &write("actions.deploy")).await;
    assert_eq!(began.status, 200, "{}", began.json);
    let record = began.json["record"].as_str().unwrap();
    let leaf = newest(&service);
    assert_eq!(leaf["kind"], "administration");
    let facts = json!({
        "change": "tenant_write", "operation": "actions.deploy", "correlation": "tenant_1", "plan": "abc",
        "by": "local", "how": "file",
    });
    assert_eq!(leaf["facts"], facts);
    assert_eq!(leaf["commitments"].as_array().map(Vec::len), Some(1), "{leaf}");
    let path = format!("/v1/tenant-writes/example-tenant/{record}");
    let ended = service.operate("PUT", &path, &json!({"end": "done", "status": 200})).await;
    assert_eq!(ended.status, 200, "{}", ended.json);
    let facts = json!({
        "change": "tenant_write_ended", "record": record, "end": "done", "status": "200", "by": "local", "how": "file",
    });
    assert_eq!(newest(&service)["facts"], facts);
}

#[tokio::test]
async fn what_somebody_wrote_of_a_write_stands_nowhere_in_the_clear() {
    let service = TestApp::start(|_| {}).await;
    let mut told = write("actions.deploy");
    told["cause"]["actor"] = json!("Mia Muster, Bern");
    told["cause"]["reason"] = json!("asked for by Max Muster on the phone");
    let path = "/v1/tenant-writes/example-tenant";
    assert_eq!(service.operate("POST", path, &told).await.status, 200);
    for file in std::fs::read_dir(service.folder()).unwrap() {
        let file = file.unwrap().path();
        if file.is_file() {
            let bytes = std::fs::read(&file).unwrap();
            assert!(!bytes.windows(6).any(|bytes| bytes == b"Muster"), "{}", file.display());
        }
    }
    let recorded = newest(&service);
    for (place, value) in [
        ("correlation_id", json!("Mia Muster")),
        ("correlation_id", json!("")),
        ("authority", json!({"plan": "mia@example.com"})),
        ("authority", json!({"decision": "a".repeat(201)})),
    ] {
        let mut named = write("actions.deploy");
        named["cause"][place] = value;
        check_problem(&service.operate("POST", path, &named).await, 422, "write.invalid");
    }
    assert_eq!(newest(&service), recorded);
}

#[tokio::test]
async fn what_is_no_operation_or_no_end_is_refused() {
    let service = TestApp::start(|_| {}).await;
    let made_up = service.operate("POST", "/v1/tenant-writes/example-tenant", &write("actions.paint")).await;
    check_problem(&made_up, 422, "operation.unknown");
    let elsewhere = service.operate("POST", "/v1/tenant-writes/nowhere", &write("actions.deploy")).await;
    check_problem(&elsewhere, 404, "tenant.unknown");
    for end in [json!({"end": "done"}), json!({"end": "unknown", "status": 200}), json!({"end": "maybe"})] {
        let answer = service.operate("PUT", "/v1/tenant-writes/example-tenant/rec_1", &end).await;
        check_problem(&answer, 422, "body.shape");
    }
}

#[tokio::test]
async fn the_end_of_a_write_that_nobody_began_is_refused() {
    let service = TestApp::start(|_| {}).await;
    for record in ["rec_1", "00", &"0".repeat(300)] {
        let path = format!("/v1/tenant-writes/example-tenant/{record}");
        let answer = service.operate("PUT", &path, &json!({"end": "done", "status": 200})).await;
        check_problem(&answer, 404, "not_found");
    }
}
