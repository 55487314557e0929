//! `countersign bench detections`.

use std::fs;

use serde_json::{Value, json};

use crate::world::{run, told};

/// An entry by which the tenant's MFA policy is set, `minute` minutes after eight.
fn policy(id: &str, minute: u32, policies: &Value) -> Value {
    let details = json!({"request": {"method": "put", "path": "/api/v2/guardian/policies", "body": policies},
        "response": {"statusCode": 200, "body": policies}});
    json!({"log_id": id, "data": {"log_id": id, "type": "sapi", "date": format!("2026-08-20T08:{minute:02}:00.000Z"),
        "tenant_name": "acme", "details": details}})
}

fn bench(lines: &[String], flags: &[&str]) -> (Option<i32>, String, Vec<Value>) {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("in.jsonl"), lines.join("\n")).unwrap();
    let arguments = ["bench", "detections", "--scenarios", "in.jsonl", "--out", "out.jsonl"];
    let output = run(home.path(), &[&arguments[..], flags].concat());
    let alerts = fs::read_to_string(home.path().join("out.jsonl")).unwrap();
    let alerts = alerts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), String::from_utf8(output.stderr).unwrap(), alerts)
}

#[test]
fn each_sequence_is_a_line_of_alerts() {
    let never = json!({"id": "off", "events": [policy("1", 0, &json!([]))]});
    let always = json!({"id": "on", "events": [policy("1", 0, &json!(["all-applications"]))]});
    let (code, complaints, lines) = bench(&[never.to_string(), String::new(), always.to_string()], &[]);
    assert_eq!((code, &*complaints), (Some(0), ""));
    let alert = json!({"detector": "mfa_downgrade", "entity": "acme", "severity": "high", "log_ids": ["1"]});
    assert_eq!(lines, [json!({"id": "off", "alerts": [alert]}), json!({"id": "on", "alerts": []})]);
}

#[test]
fn the_order_of_delivery_is_another_than_that_of_events() {
    // For all at first, then by risk: delivered the other way round, nobody knows what was before, and the fall is a trace.
    let events = [policy("2", 9, &json!(["confidence-score"])), policy("1", 0, &json!(["all-applications"]))];
    let line = [json!({"id": "x", "events": events}).to_string()];
    let severities = |flags| {
        let alerts = bench(&line, flags).2[0]["alerts"].as_array().unwrap().clone();
        alerts.into_iter().map(|alert| alert["severity"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (severities(&[]), severities(&["--delivered"])),
        (vec!["medium".to_owned()], vec!["low".to_owned()])
    );
}

#[test]
fn a_bad_line_is_located_and_loses_no_other() {
    let good = json!({"id": "good", "events": [policy("1", 0, &json!([]))]}).to_string();
    let undated = json!({"id": "undated", "events": [{"data": {"log_id": "1", "type": "s"}}]}).to_string();
    let shape = json!({"id": "shape", "events": "pat@example.com"}).to_string();
    let range = json!({"id": "range", "params": {"pushes": 1_000}, "events": []}).to_string();
    let unnamed = json!({"events": []}).to_string();
    let lines = [good.clone(), "{".to_owned(), undated, shape, range, unnamed, format!("{good} x"), good];
    let (code, complaints, alerts) = bench(&lines, &[]);
    assert_eq!((code, alerts.len()), (Some(3), 2));
    let complaints: Vec<&str> = complaints.lines().collect();
    for (complaint, parts) in complaints.iter().zip([
        ["line 2:", "EOF"],
        ["line 3:", "an entry has a `date` such as"],
        ["line 4:", "`events`: expected a sequence"],
        ["line 5:", "`pushes` of `mfa_fatigue` is `1000`, and must be from 3 to 50"],
        ["line 6:", "missing field `id`"],
        ["line 7:", "trailing characters"],
    ]) {
        assert!(parts.iter().all(|part| complaint.contains(part)), "{complaint}");
    }
    assert_eq!(complaints.len(), 6);
    assert!(!complaints.concat().contains("pat@"));
}

#[test]
fn without_a_place_alerts_go_to_standard_output_and_a_missing_file_is_named() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["bench", "detections", "--scenarios", "in.jsonl"];
    let output = run(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("can't open `in.jsonl`"));
    fs::write(home.path().join("in.jsonl"), json!({"id": "x", "events": []}).to_string()).unwrap();
    assert_eq!(told(&run(home.path(), &arguments)), "{\"id\":\"x\",\"alerts\":[]}\n");
}
