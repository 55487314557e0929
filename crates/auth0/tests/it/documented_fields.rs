//! Every documented field of every trigger we answer is typed, and every documented word is known.
//!
//! The table of the documentation is not part of the repository; `COUNTERSIGN_CONFORMANCE_DATA` names the folder
//! that holds `auth0/action-event-fields.tsv`.

use std::{collections::BTreeSet, fs, path::PathBuf};

use countersign_auth0::{Maybe, trigger::Event};
use countersign_core::Trigger;
use serde_json::{Value, json};

use crate::{
    fixtures::{KEPT_BACK, read, sent, triggers},
    json::{Step, get_mut, parse, remove, show},
};

/// What an object that is there can't do without, by its path.
fn needed(trigger: Trigger, path: &str) -> Option<Value> {
    match path {
        "event.client" => Some(json!({"client_id": "q3f"})),
        "event.connection" => Some(json!({"id": "con_1", "name": "db", "strategy": "auth0"})),
        "event.request" => Some(json!({"ip": "203.0.113.24"})),
        "event.message" => Some(json!({"type": "user.created", "source": "urn:auth0:acme.us"})),
        "event.tenant" => Some(json!({"id": "acme"})),
        "event.user" => match trigger {
            Trigger::PreUserRegistration | Trigger::PostChangePassword => Some(json!({})),
            _ => Some(json!({"user_id": "auth0|1"})),
        },
        "event.transaction.actor_token_user" => Some(json!({"user_id": "auth0|1"})),
        _ => None,
    }
}

/// The objects that a decision can't live without; nothing else may make an event invalid by its absence.
const fn required(trigger: Trigger) -> &'static [&'static str] {
    match trigger {
        Trigger::PostLogin => &["client", "connection", "request", "tenant", "user"],
        Trigger::PreUserRegistration
        | Trigger::PasswordResetPostChallenge
        | Trigger::PostChangePassword
        | Trigger::SendPhoneMessage => &["request", "tenant", "user"],
        Trigger::PostUserRegistration => &["tenant", "user"],
        Trigger::EventStream => &["message"],
        Trigger::CredentialsExchange | Trigger::CustomTokenExchange => &["client", "request", "tenant"],
        Trigger::ShortForm => &[],
    }
}

fn smallest(trigger: Trigger) -> Value {
    let fields = required(trigger)
        .iter()
        .map(|name| ((*name).to_owned(), needed(trigger, &format!("event.{name}")).unwrap()));
    Value::Object(fields.collect())
}

/// Whether the event, or an object of it that is there, can't do without the field.
fn is_required(trigger: Trigger, path: &str) -> bool {
    let (parent, name) = path.rsplit_once('.').unwrap();
    match parent {
        "event" => required(trigger).contains(&name),
        _ => needed(trigger, parent).is_some_and(|fields| fields.get(name).is_some()),
    }
}

/// One row of the documentation's table.
struct Row {
    path: String,
    kind: String,
    is_optional: bool,
    words: Vec<String>,
}

fn rows(trigger: Trigger) -> Option<Vec<Row>> {
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
        (cells[0] == trigger.as_str()).then(|| Row {
            path: cells[1].to_owned(),
            kind: cells[2].to_owned(),
            is_optional: cells[3] == "yes",
            words: cells[5].split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        })
    });
    Some(rows.collect())
}

/// The smallest event that holds `value` at `path`.
fn event_with(trigger: Trigger, path: &[Step], value: Value) -> Value {
    let mut event = smallest(trigger);
    let mut target = &mut event;
    for (index, step) in path.iter().enumerate() {
        let at = show(&path[..=index]);
        let Step::Key(key) = step else { panic!("the table has no indices") };
        let fields = target.as_object_mut().unwrap();
        target = fields.entry(key).or_insert_with(|| needed(trigger, &at).unwrap_or_else(|| json!({})));
    }
    *target = value;
    event
}

fn assert_kept(trigger: Trigger, event: &Value, row: &Row) -> Event {
    let parsed = read(trigger, event)
        .unwrap_or_else(|error| panic!("{} as {} is refused: {error}", row.path, row.kind));
    assert_eq!(&serde_json::to_value(&parsed).unwrap(), event, "{}", row.path);
    parsed
}

/// Samples of the documented type, and values of other types with the path that must be refused. Since `extra`
/// takes any type, only a typed field refuses.
fn samples(trigger: Trigger, row: &Row) -> (Vec<Value>, Vec<(Value, &'static str)>) {
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
        "object" | "dictionary" | "secrets" => {
            let right = match needed(trigger, &row.path) {
                Some(fields) => vec![fields],
                None => vec![json!({}), json!({"a": {"b": [1]}})],
            };
            (right, vec![(json!("a"), ""), (json!([]), "")])
        }
        other => panic!("{} has the unknown type `{other}`", row.path),
    }
}

fn is_kept_back(trigger: Trigger, row: &Row) -> bool {
    KEPT_BACK.contains(&(trigger, row.path.as_str()))
}

#[test]
fn every_documented_field_is_typed_and_kept_or_must_stay_in_the_action() {
    let mut count = 0;
    for trigger in triggers() {
        let Some(rows) = rows(trigger) else { return };
        count += rows.len();
        for row in &rows {
            let path = parse(&row.path);
            let (right, wrong) = samples(trigger, row);
            if is_kept_back(trigger, row) {
                for value in right.into_iter().chain([Value::Null]) {
                    assert_eq!(read(trigger, &event_with(trigger, &path, value)).unwrap_err().path, row.path);
                }
                continue;
            }
            for value in right {
                assert_kept(trigger, &event_with(trigger, &path, value), row);
            }
            for (value, suffix) in wrong {
                let Err(error) = read(trigger, &event_with(trigger, &path, value.clone())) else {
                    panic!("{} of {trigger} takes {value}, so it is not typed", row.path)
                };
                assert_eq!(error.path, format!("{}{suffix}", show(&path)));
            }
        }
    }
    assert_eq!(count, 719, "rows of the documentation");
}

#[test]
fn only_what_a_decision_needs_is_required() {
    for trigger in triggers() {
        let Some(rows) = rows(trigger) else { return };
        for row in rows.iter().filter(|row| !is_kept_back(trigger, row)) {
            let path = parse(&row.path);
            let is_required = is_required(trigger, &row.path);
            assert!(!(is_required && row.is_optional), "{} is optional in the documentation", row.path);
            let mut event = event_with(trigger, &path, samples(trigger, row).0.remove(0));
            *get_mut(&mut event, &path).unwrap() = Value::Null;
            if is_required {
                assert_eq!(read(trigger, &event).unwrap_err().path, row.path, "{trigger}");
                remove(&mut event, &path);
                assert_eq!(read(trigger, &event).unwrap_err().path, row.path, "{trigger}");
            } else {
                assert_kept(trigger, &event, row);
                remove(&mut event, &path);
                assert_kept(trigger, &event, row);
            }
        }
        let documented: BTreeSet<&str> = rows.iter().map(|row| row.path.as_str()).collect();
        for name in required(trigger) {
            assert!(documented.contains(format!("event.{name}").as_str()), "{name} of {trigger}");
        }
    }
}

/// The path of every field of `value`, without what lies in arrays and below `open`.
fn fields(value: &Value, at: &str, open: &BTreeSet<&str>) -> Vec<String> {
    let Value::Object(map) = value else { return vec![] };
    let children = map.iter().flat_map(|(key, value)| {
        let path = format!("{at}.{key}");
        let below = if open.contains(path.as_str()) { vec![] } else { fields(value, &path, open) };
        [vec![path], below].concat()
    });
    children.collect()
}

#[test]
fn examples_hold_nothing_undocumented() {
    for (trigger, event) in sent() {
        let Some(rows) = rows(*trigger) else { return };
        let documented: BTreeSet<&str> = rows.iter().map(|row| row.path.as_str()).collect();
        let is_open = |path: &str| !documented.iter().any(|other| other.starts_with(&format!("{path}.")));
        let open: BTreeSet<&str> = documented.iter().copied().filter(|path| is_open(path)).collect();
        for path in fields(event, "event", &open) {
            assert!(documented.contains(path.as_str()), "{path} of {trigger}");
        }
    }
}

/// Whether the word at a field is a documented one; `None` when the field is not there.
type IsKnown = fn(&Event) -> Option<bool>;

macro_rules! known {
    ($trigger:ident, $($field:ident).+) => {
        |event: &Event| match event {
            Event::$trigger(event) => Some(known!(@ event, $($field),+).is_documented()),
            _ => None,
        }
    };
    (@ $value:expr, $last:ident) => { $value.$last.as_option()? };
    (@ $value:expr, $first:ident, $($rest:ident),+) => { known!(@ Maybe::as_option(&$value.$first)?, $($rest),+) };
}

/// Every field whose words the documentation lists.
const WORD_FIELDS: [(Trigger, &str, IsKnown); 20] = [
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.confidence",
        known!(PostLogin, authentication.risk_assessment.confidence),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.AgentDetection.code",
        known!(PostLogin, authentication.risk_assessment.assessments.agent_detection.code),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.AgentDetection.confidence",
        known!(PostLogin, authentication.risk_assessment.assessments.agent_detection.confidence),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.ImpossibleTravel.code",
        known!(PostLogin, authentication.risk_assessment.assessments.impossible_travel.code),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.ImpossibleTravel.confidence",
        known!(PostLogin, authentication.risk_assessment.assessments.impossible_travel.confidence),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.NewDevice.code",
        known!(PostLogin, authentication.risk_assessment.assessments.new_device.code),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.NewDevice.confidence",
        known!(PostLogin, authentication.risk_assessment.assessments.new_device.confidence),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.NewDevice.details.device",
        known!(PostLogin, authentication.risk_assessment.assessments.new_device.details.device),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.NewDevice.details.useragent",
        known!(PostLogin, authentication.risk_assessment.assessments.new_device.details.useragent),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.UntrustedIP.code",
        known!(PostLogin, authentication.risk_assessment.assessments.untrusted_ip.code),
    ),
    (
        Trigger::PostLogin,
        "event.authentication.riskAssessment.assessments.UntrustedIP.confidence",
        known!(PostLogin, authentication.risk_assessment.assessments.untrusted_ip.confidence),
    ),
    (Trigger::PostLogin, "event.session.cookie.mode", known!(PostLogin, session.cookie.mode)),
    (Trigger::PostLogin, "event.transaction.protocol", known!(PostLogin, transaction.protocol)),
    (Trigger::PostLogin, "event.transaction.response_mode", known!(PostLogin, transaction.response_mode)),
    (
        Trigger::PreUserRegistration,
        "event.transaction.protocol",
        known!(PreUserRegistration, transaction.protocol),
    ),
    (
        Trigger::PreUserRegistration,
        "event.transaction.response_mode",
        known!(PreUserRegistration, transaction.response_mode),
    ),
    (
        Trigger::PostUserRegistration,
        "event.transaction.protocol",
        known!(PostUserRegistration, transaction.protocol),
    ),
    (
        Trigger::PostUserRegistration,
        "event.transaction.response_mode",
        known!(PostUserRegistration, transaction.response_mode),
    ),
    (
        Trigger::SendPhoneMessage,
        "event.message_options.action",
        known!(SendPhoneMessage, message_options.action),
    ),
    (
        Trigger::SendPhoneMessage,
        "event.message_options.message_type",
        known!(SendPhoneMessage, message_options.message_type),
    ),
];

#[test]
fn every_documented_word_is_known() {
    let mut count = 0;
    for trigger in triggers() {
        let Some(rows) = rows(trigger) else { return };
        for row in rows.iter().filter(|row| !row.words.is_empty()) {
            count += 1;
            let (_, _, is_known) = WORD_FIELDS
                .iter()
                .find(|(known, path, _)| *known == trigger && row.path == *path)
                .unwrap_or_else(|| panic!("{} of {trigger} has words and no entry here", row.path));
            for word in row.words.iter().map(String::as_str).chain(["a word of 2030"]) {
                let event = event_with(trigger, &parse(&row.path), json!(word));
                let parsed = assert_kept(trigger, &event, row);
                assert_eq!(is_known(&parsed), Some(word != "a word of 2030"), "{}: {word}", row.path);
            }
        }
    }
    assert_eq!(count, WORD_FIELDS.len());
}
