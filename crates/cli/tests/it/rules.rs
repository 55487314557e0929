//! `countersign rules`, and `countersign bench detections --events`.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::world::{complained, run, told};

/// A good rule with a test of each kind.
const GOOD: &str = "title: A user was blocked
logsource:
  product: auth0
detection:
  blocked:
    type: sapi
    details.request.body.blocked: true
  quiet:
    client_id: '{quiet}'
  condition: blocked and not quiet
level: low
countersign:
  params:
    quiet: []
  tests:
    - name: blocked
      events:
        - {type: sapi, details: {request: {body: {blocked: true}}}}
      expect: true
    - name: set free
      events:
        - {type: sapi, details: {request: {body: {blocked: false}}}}
      expect: false
";

/// A rule whose selection is the given line, and a test that wants an alert of what has no such field.
fn rule(line: &str) -> String {
    format!(
        "title: x\nlogsource:\n  product: auth0\ndetection:\n  one:\n    type: sapi\n    {line}\n  condition: one\n"
    )
}

fn write(home: &Path, name: &str, text: &str) {
    let path = home.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn the_rules_that_are_built_in_are_good_and_hold_their_tests() {
    let home = tempfile::tempdir().unwrap();
    let checked = run(home.path(), &["rules", "check"]);
    assert_eq!(checked.status.code(), Some(0));
    assert!(told(&checked).contains(" files: 0 errors, 0 warnings, "), "{}", told(&checked));
    let tested = run(home.path(), &["rules", "test"]);
    assert_eq!(tested.status.code(), Some(0));
    assert!(told(&tested).ends_with(" files: 0 failed.\n"), "{}", told(&tested));
}

#[test]
fn what_is_wrong_is_told_by_file_line_and_column() {
    let home = tempfile::tempdir().unwrap();
    for (name, text, place, what) in [
        ("syntax.yml", "title: [x\nlogsource: {\n".to_owned(), "syntax.yml:", "error: "),
        (
            "bomb.yml",
            rule("user_agent|re: '(a{1,900}){1,900}'"),
            "bomb.yml:7:",
            "the regular expression is too large",
        ),
        ("look.yml", rule("user_agent|re: '(?!x)'"), "look.yml:7:", "look-around"),
        ("unfilled.yml", rule("client_id: '{clients}'"), "unfilled.yml:7:", "`{clients}` is not filled"),
        ("empty.yml", rule("client_id: []"), "empty.yml:7:", "an empty list"),
        ("unlisted.yml", rule("client_id:"), "unlisted.yml:7:", "nothing stands where a value should"),
    ] {
        write(home.path(), name, &text);
        let output = run(home.path(), &["rules", "check", name]);
        let said = told(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        let line = said.lines().find(|line| line.starts_with(place) && line.contains(what));
        let line = line.unwrap_or_else(|| panic!("{name}: {said}"));
        let spot: Vec<&str> = line.split(':').skip(1).take(2).collect();
        assert!(spot.iter().all(|number| number.parse::<u32>().is_ok()), "{line}");
        assert!(said.contains("1 file: "), "{said}");
        // Such a file has no tests that could be run.
        let tested = run(home.path(), &["rules", "test", name]);
        assert_eq!((tested.status.code(), told(&tested).ends_with("No test was run.\n")), (Some(3), true));
    }
    fs::write(home.path().join("bytes.yml"), [0xff, 0xfe, 0x00]).unwrap();
    let output = run(home.path(), &["rules", "check", "bytes.yml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).starts_with("bytes.yml:1:1: error: this is not text"), "{}", told(&output));
}

#[test]
fn a_folder_is_gone_through_and_warnings_pass() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "mine/good.yml", GOOD);
    write(home.path(), "mine/deeper/odd.yaml", &rule("request.path: x"));
    write(home.path(), "mine/notes.txt", "no rule");
    let output = run(home.path(), &["rules", "check", "mine"]);
    let said = told(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("mine/deeper/odd.yaml:7:5: warning: entries have no `request` at the top"),
        "{said}"
    );
    assert!(said.ends_with("2 files: 0 errors, 1 warning, 2 rules.\n"), "{said}");
    for (path, complaint) in [("nowhere", "can't find `nowhere`"), ("none", "`none` holds no rule file")] {
        fs::create_dir_all(home.path().join("none")).unwrap();
        let output = run(home.path(), &["rules", "check", path]);
        assert_eq!(output.status.code(), Some(1));
        assert!(complained(&output).contains(complaint), "{}", complained(&output));
    }
}

#[test]
fn tests_inside_of_rules_are_run_and_failures_are_located() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "good.yml", GOOD);
    write(home.path(), "bare.yml", &rule("client_id: x"));
    let output = run(home.path(), &["rules", "test", "good.yml", "bare.yml"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(told(&output), "bare.yml: there are no tests\n2 tests in 2 files: 0 failed.\n");
    write(home.path(), "wrong.yml", &GOOD.replace("expect: false", "expect: true"));
    let output = run(home.path(), &["rules", "test", "good.yml", "wrong.yml"]);
    assert_eq!(output.status.code(), Some(3));
    let said = told(&output);
    assert!(
        said.starts_with("wrong.yml:20:7: `set free` of `wrong`: an alert expected; there were 0 alerts\n"),
        "{said}"
    );
    assert!(said.ends_with("4 tests in 2 files: 1 failed.\n"), "{said}");
}

#[test]
fn why_a_rule_holds_is_told_by_selection_and_line() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "mine.yml", GOOD);
    write(home.path(), "values.toml", "[mine]\nquiet = [\"job\"]\n");
    let details = json!({"request": {"body": {"blocked": true}}});
    let entry = json!({"log_id": "1", "data": {"type": "sapi", "client_id": "job", "details": details}});
    write(home.path(), "entry.json", &entry.to_string());
    let holds = told(&run(home.path(), &["rules", "explain", "mine.yml", "entry.json"]));
    assert!(holds.starts_with("mine: holds\n  condition: blocked and not quiet\n"), "{holds}");
    assert!(holds.contains("    + details.request.body.blocked: wants `true`; found true\n"), "{holds}");
    let silent = run(home.path(), &["rules", "explain", "mine.yml", "entry.json", "--values", "values.toml"]);
    assert_eq!(silent.status.code(), Some(0));
    let silent = told(&silent);
    assert!(silent.starts_with("mine: does not hold\n"), "{silent}");
    assert!(silent.contains("  quiet: holds\n    + client_id: wants `job`; found job\n"), "{silent}");
    let built_in = told(&run(home.path(), &["rules", "explain", "users_exported", "entry.json"]));
    assert!(built_in.contains("    - details.request.method: wants `post`; found nothing\n"), "{built_in}");
    let unknown = run(home.path(), &["rules", "explain", "no_such", "entry.json"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(complained(&unknown).contains("no built-in rule of that name"), "{}", complained(&unknown));
}

#[test]
fn values_for_what_there_is_not_are_refused() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "good.yml", GOOD);
    write(home.path(), "values.toml", "[other]\nquiet = [\"job\"]\n");
    let output = run(home.path(), &["rules", "check", "good.yml", "--values", "values.toml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).contains("values are set for `other`"), "{}", told(&output));
    write(home.path(), "values.toml", "quiet = 1\n");
    let output = run(home.path(), &["rules", "check", "good.yml", "--values", "values.toml"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn single_entries_are_run_through_rules_and_detectors() {
    let home = tempfile::tempdir().unwrap();
    let call = |id: &str, method: &str, path: &str, body: Value| {
        let details = json!({"request": {"method": method, "path": path, "body": body}, "response": {"statusCode": 200}});
        json!({"log_id": id, "type": "sapi", "date": "2026-08-20T08:00:00.000Z", "tenant_name": "acme", "details": details})
    };
    let lines = [
        json!({"id": "rule", "log": {"data": call("1", "post", "/api/v2/jobs/users-exports", json!({}))}}),
        json!({"id": "native", "log": call("2", "put", "/api/v2/guardian/policies", json!([]))}),
        json!({"id": "again", "log": call("3", "put", "/api/v2/guardian/policies", json!([]))}),
        json!({"id": "quiet", "log": call("4", "patch", "/api/v2/users/auth0%7C1", json!({"blocked": true}))}),
        json!({"id": "hits", "sequence": [{"rule": "x"}]}),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    write(home.path(), "in.jsonl", &lines.join("\n"));
    let arguments = ["bench", "detections", "--events", "in.jsonl"];
    let output = run(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        complained(&output),
        "countersign: in.jsonl, line 5 is passed over: a sequence of findings is no entry\n"
    );
    let alerts: Vec<(Value, Vec<Value>)> = (told(&output).lines())
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| {
            (
                line["id"].clone(),
                line["alerts"].as_array().unwrap().iter().map(|alert| alert["detector"].clone()).collect(),
            )
        })
        .collect();
    let one = |id: &str, detectors: &[&str]| {
        (json!(id), detectors.iter().map(|name| json!(name)).collect::<Vec<_>>())
    };
    // Each is judged alone: the second of two alike is as new as the first.
    let expected = [
        one("rule", &["users_exported"]),
        one("native", &["mfa_downgrade"]),
        one("again", &["mfa_downgrade"]),
        one("quiet", &[]),
    ];
    assert_eq!(alerts, expected);

    write(home.path(), "in.jsonl", "{\"id\":\"x\"}\n{\"id\":\"y\",\"log\":{\"type\":\"s\"}}\n");
    let output = run(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(3));
    let complaints = complained(&output);
    assert!(complaints.contains("line 1: `log`: expected a log entry"), "{complaints}");
    assert!(complaints.contains("line 2: entry 0 of `y`"), "{complaints}");
    let neither = run(home.path(), &["bench", "detections"]);
    assert_eq!(neither.status.code(), Some(2));
}
