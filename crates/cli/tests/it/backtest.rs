//! `countersign backtest` and `countersign rules backtest`: beside a running service, over what it stored, and over files.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    log_stream::{LogStream, failures},
    world::{Service, TENANT, complained, run, told, until},
};

/// A rule that finds every wrong password.
const RULE: &str = "title: A wrong password\nlogsource:\n  product: auth0\ndetection:\n  wrong:\n    type: fp\n  condition: wrong\nlevel: low\n";

fn backtest(home: &Path, further: &[&str]) -> Value {
    let output = run(home, &[&["backtest", "--data", "data", "--json"], further].concat());
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn standings(backtest: &Value, detector: &str) -> Value {
    backtest["detectors"][detector].clone()
}

#[test]
fn beside_a_running_service_it_finds_what_that_found() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let mut stream = LogStream::of(&service);
    let log = failures("192.0.2.1", 0, 30);
    assert_eq!(stream.deliver(&log), Some(200));
    until("the alerts", || stream.alerts().iter().any(|alert| alert["detector"] == "password_spray"));
    let found = backtest(home.path(), &[]);
    assert_eq!(found["entries"], 30);
    assert_eq!(
        standings(&found, "password_spray"),
        json!({"new": 0, "same": 1, "gone": 0, "unknown": 0}),
        "{found}"
    );
    let none = backtest(home.path(), &["--tenant", TENANT, "--until", "2020-01-01"]);
    assert_eq!((&none["entries"], &none["alerts"]), (&json!(0), &json!([])));

    fs::create_dir(home.path().join("mine")).unwrap();
    fs::write(home.path().join("mine/every_failure.yml"), RULE).unwrap();
    let beside = backtest(home.path(), &["--rules", "mine"]);
    assert_eq!(standings(&beside, "password_spray")["same"], 1);
    assert!(standings(&beside, "every_failure")["new"].as_u64().unwrap() > 0, "{beside}");
    let words = run(home.path(), &["rules", "backtest", "mine", "--data", "data"]);
    let said = told(&words);
    assert_eq!(words.status.code(), Some(0), "{}", complained(&words));
    assert!(
        said.contains("30 entries, 1 detectors and rules,") && !said.contains("password_spray"),
        "{said}"
    );
    assert!(!said.contains("user0@") && !said.contains("192.0.2.1"), "nobody is named: {said}");
    service.stop();
    assert_eq!(backtest(home.path(), &[]), found, "without the service, too");
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let home = tempfile::tempdir().unwrap();
    Service::start(home.path()).stop();
    fs::write(home.path().join("wrong.yml"), RULE.replace("type: fp", "type|re: '(?!x)'")).unwrap();
    for (arguments, code, complaint) in [
        (&["backtest", "--since", "yesterday"][..], 2, "a day such as `2026-11-01`"),
        (&["backtest", "--since", "2026-11-02", "--until", "2026-11-01"], 1, "is after `--until"),
        (&["backtest", "--tenant", "nobody"], 1, "holds no ledger of `nobody`"),
        (&["backtest", "--rules", "nowhere"], 1, "can't find `nowhere`"),
        (&["backtest", "--rules", "wrong.yml"], 3, "wrong.yml:6:14: error: "),
        (&["rules", "backtest", "wrong.yml"], 3, "wrong.yml:6:14: error: "),
    ] {
        let output = run(home.path(), &[arguments, &["--data", "data"]].concat());
        let said = told(&output) + &complained(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
    let output = run(home.path(), &["backtest", "--data", "elsewhere"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
}

#[test]
fn rules_are_tried_over_a_file_in_event_time_each_entry_once() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine.yml"), RULE).unwrap();
    let mut lines: Vec<String> = failures("192.0.2.1", 0, 3)
        .iter()
        .map(|entry| json!({"log_id": entry["log_id"], "data": entry}).to_string())
        .collect();
    lines.push(lines[0].clone());
    lines.reverse();
    lines.push(String::new());
    fs::write(home.path().join("log.jsonl"), lines.join("\n")).unwrap();
    let arguments = ["rules", "backtest", "mine.yml", "--events", "log.jsonl", "--json"];
    let output = run(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["entries"], 3);
    let alerts = found["alerts"].as_array().unwrap();
    assert!(!alerts.is_empty());
    let ids: Vec<&Value> = alerts.iter().flat_map(|alert| alert["log_ids"].as_array().unwrap()).collect();
    assert_eq!(ids.len(), 3, "{found}");
    fs::write(home.path().join("log.jsonl"), format!("{}\n{{\"log_id\":\"x\"\n", lines[0])).unwrap();
    let output = run(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        complained(&output).contains("log.jsonl, line 2: an entry is a JSON object"),
        "{}",
        complained(&output)
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["entries"], &found["unreadable"]), (&json!(1), &json!(1)));
}
