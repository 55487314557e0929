//! Every documented field of every trigger we answer is typed, and every documented word is known.
//!
//! The table of the documentation is not part of the repository; `COUNTERSIGN_CONFORMANCE_DATA` names the folder
//! that holds `auth0/action-event-fields.tsv`.

use std::{collections::BTreeSet, fs, path::PathBuf};

use countersign_auth0::{Maybe, ShapeError, decode, trigger::post_login::PostLogin};
use serde_json::{Value, json};

use crate::json::{Step, get_mut, parse, remove, show};

/// What a decision can't live without; nothing else may make an event invalid by its absence.
const REQUIRED: [&str; 12] = [
    "event.client",
    "event.client.client_id",
    "event.connection",
    "event.connection.id",
    "event.connection.name",
    "event.connection.strategy",
    "event.request",
    "event.request.ip",
    "event.tenant",
    "event.tenant.id",
    "event.user",
    "event.user.user_id",
];

/// One row of the documentation's table.
struct Row {
    path: String,
    kind: String,
    is_optional: bool,
    words: Vec<String>,
}

fn rows(trigger: &str) -> Option<Vec<Row>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the table lies outside the repository; its place is named here"
    )]
    let (folder, is_ci) = (std::env::var("COUNTERSIGN_CONFORMANCE_DATA"), std::env::var("CI").is_ok());
    let Ok(folder) = folder else {
        assert!(!is_ci, "`COUNTERSIGN_CONFORMANCE_DATA` must be set where `CI` is");
        eprintln!("skipped: `COUNTERSIGN_CONFORMANCE_DATA` is not set");
        return None;
    };
    let table = fs::read_to_string(PathBuf::from(folder).join("auth0/action-event-fields.tsv")).unwrap();
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        (cells[0] == trigger).then(|| Row {
            path: cells[1].to_owned(),
            kind: cells[2].to_owned(),
            is_optional: cells[3] == "yes",
            words: cells[5].split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        })
    });
    Some(rows.collect())
}

fn smallest() -> Value {
    json!({
        "tenant": {"id": "acme"},
        "request": {"ip": "203.0.113.24"},
        "user": {"user_id": "auth0|1"},
        "client": {"client_id": "q3f"},
        "connection": {"id": "con_1", "name": "db", "strategy": "auth0"},
    })
}

/// The smallest event that holds `value` at `path`.
fn event_with(path: &[Step], value: Value) -> Value {
    let mut event = smallest();
    let mut target = &mut event;
    for step in path {
        let Step::Key(key) = step else { panic!("the table has no indices") };
        target = target.as_object_mut().unwrap().entry(key).or_insert_with(|| json!({}));
    }
    *target = value;
    event
}

fn read(event: &Value) -> Result<PostLogin, ShapeError> {
    decode(&serde_json::to_vec(event).unwrap(), "event")
}

fn assert_kept(event: &Value, row: &Row) -> PostLogin {
    let parsed =
        read(event).unwrap_or_else(|error| panic!("{} as {} is refused: {error}", row.path, row.kind));
    assert_eq!(&serde_json::to_value(&parsed).unwrap(), event, "{}", row.path);
    parsed
}

/// Samples of the documented type, and values of other types with the path that must be refused. Since `extra`
/// takes any type, only a typed field refuses.
fn samples(row: &Row) -> (Vec<Value>, Vec<(Value, &'static str)>) {
    match row.kind.as_str() {
        "string" if row.words.is_empty() => (vec![json!("sample")], vec![(json!(7), "")]),
        "string" => (row.words.iter().map(|word| json!(word)).collect(), vec![(json!(7), "")]),
        "number" => (vec![json!(0), json!(42)], vec![(json!("7"), "")]),
        "boolean" => (vec![json!(true), json!(false)], vec![(json!("true"), "")]),
        "array of string" => (
            vec![json!([]), json!(["a", "b"])],
            vec![(json!("a"), ""), (json!(["a", 7]), "[1]"), (json!({}), "")],
        ),
        "array of objects" => (
            vec![json!([]), json!([{}, {"a": 1}])],
            vec![(json!("a"), ""), (json!([{}, 7]), "[1]"), (json!({}), "")],
        ),
        "object" | "dictionary" | "secrets" if REQUIRED.contains(&row.path.as_str()) => {
            (vec![smallest()[&row.path["event.".len()..]].clone()], vec![(json!("a"), ""), (json!([]), "")])
        }
        "object" | "dictionary" | "secrets" => {
            (vec![json!({}), json!({"a": {"b": [1]}})], vec![(json!("a"), ""), (json!([]), "")])
        }
        other => panic!("{} has the unknown type `{other}`", row.path),
    }
}

#[test]
fn every_documented_field_is_typed_and_kept() {
    let Some(rows) = rows("post-login") else { return };
    assert!(rows.len() > 180, "{} rows", rows.len());
    for row in &rows {
        let path = parse(&row.path);
        let (right, wrong) = samples(row);
        for value in right {
            assert_kept(&event_with(&path, value), row);
        }
        for (value, suffix) in wrong {
            let Err(error) = read(&event_with(&path, value.clone())) else {
                panic!("{} takes {value}, so it is not typed", row.path)
            };
            assert_eq!(error.path, format!("{}{suffix}", show(&path)));
        }
    }
}

#[test]
fn only_what_a_decision_needs_is_required() {
    let Some(rows) = rows("post-login") else { return };
    for row in &rows {
        let path = parse(&row.path);
        let is_required = REQUIRED.contains(&row.path.as_str());
        assert!(!(is_required && row.is_optional), "{} is optional in the documentation", row.path);
        let mut event = event_with(&path, samples(row).0.remove(0));
        if is_required {
            *get_mut(&mut event, &path).unwrap() = Value::Null;
            assert_eq!(read(&event).unwrap_err().path, row.path);
            remove(&mut event, &path);
            assert_eq!(read(&event).unwrap_err().path, row.path);
        } else {
            *get_mut(&mut event, &path).unwrap() = Value::Null;
            assert_kept(&event, row);
            remove(&mut event, &path);
            assert_kept(&event, row);
        }
    }
    let documented: BTreeSet<&str> = rows.iter().map(|row| row.path.as_str()).collect();
    assert!(REQUIRED.iter().all(|path| documented.contains(path)));
}

/// Whether the word at a field is a documented one; `None` when the field is not there.
type IsKnown = fn(&PostLogin) -> Option<bool>;

macro_rules! known {
    ($($field:ident).+) => {
        |event: &PostLogin| Some(known!(@ event, $($field),+).is_documented())
    };
    (@ $value:expr, $last:ident) => { $value.$last.as_option()? };
    (@ $value:expr, $first:ident, $($rest:ident),+) => { known!(@ Maybe::as_option(&$value.$first)?, $($rest),+) };
}

/// Every field whose words the documentation lists.
const WORD_FIELDS: [(&str, IsKnown); 14] = [
    ("authentication.riskAssessment.confidence", known!(authentication.risk_assessment.confidence)),
    (
        "authentication.riskAssessment.assessments.AgentDetection.code",
        known!(authentication.risk_assessment.assessments.agent_detection.code),
    ),
    (
        "authentication.riskAssessment.assessments.AgentDetection.confidence",
        known!(authentication.risk_assessment.assessments.agent_detection.confidence),
    ),
    (
        "authentication.riskAssessment.assessments.ImpossibleTravel.code",
        known!(authentication.risk_assessment.assessments.impossible_travel.code),
    ),
    (
        "authentication.riskAssessment.assessments.ImpossibleTravel.confidence",
        known!(authentication.risk_assessment.assessments.impossible_travel.confidence),
    ),
    (
        "authentication.riskAssessment.assessments.NewDevice.code",
        known!(authentication.risk_assessment.assessments.new_device.code),
    ),
    (
        "authentication.riskAssessment.assessments.NewDevice.confidence",
        known!(authentication.risk_assessment.assessments.new_device.confidence),
    ),
    (
        "authentication.riskAssessment.assessments.NewDevice.details.device",
        known!(authentication.risk_assessment.assessments.new_device.details.device),
    ),
    (
        "authentication.riskAssessment.assessments.NewDevice.details.useragent",
        known!(authentication.risk_assessment.assessments.new_device.details.useragent),
    ),
    (
        "authentication.riskAssessment.assessments.UntrustedIP.code",
        known!(authentication.risk_assessment.assessments.untrusted_ip.code),
    ),
    (
        "authentication.riskAssessment.assessments.UntrustedIP.confidence",
        known!(authentication.risk_assessment.assessments.untrusted_ip.confidence),
    ),
    ("session.cookie.mode", known!(session.cookie.mode)),
    ("transaction.protocol", known!(transaction.protocol)),
    ("transaction.response_mode", known!(transaction.response_mode)),
];

#[test]
fn every_documented_word_is_known() {
    let Some(rows) = rows("post-login") else { return };
    let listed: Vec<&Row> = rows.iter().filter(|row| !row.words.is_empty()).collect();
    assert_eq!(listed.len(), WORD_FIELDS.len());
    for row in listed {
        let (_, is_known) = WORD_FIELDS
            .iter()
            .find(|(path, _)| row.path.strip_prefix("event.") == Some(path))
            .unwrap_or_else(|| panic!("{} has words and no entry here", row.path));
        for word in row.words.iter().map(String::as_str).chain(["a word of 2030"]) {
            let parsed = assert_kept(&event_with(&parse(&row.path), json!(word)), row);
            assert_eq!(is_known(&parsed), Some(word != "a word of 2030"), "{}: {word}", row.path);
        }
    }
}
