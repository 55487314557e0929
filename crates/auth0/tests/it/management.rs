//! Every operation is as documented, and what was documented and recorded of its answers survives being read.
//!
//! The tables, examples and recordings are not part of the repository; `COUNTERSIGN_CONFORMANCE_DATA` names their folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use countersign_auth0::management::{Operation, Paging, operations};
use serde_json::{Value, json};

fn folder() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the data lie outside the repository; their place is named here"
    )]
    let (folder, is_ci) = (std::env::var("COUNTERSIGN_CONFORMANCE_DATA"), std::env::var("CI").is_ok());
    if folder.is_err() {
        assert!(!is_ci, "`COUNTERSIGN_CONFORMANCE_DATA` must be set where `CI` is");
        eprintln!("skipped: `COUNTERSIGN_CONFORMANCE_DATA` is not set");
    }
    folder.ok().map(PathBuf::from)
}

fn read_json(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

/// The operation that a method and a path, filled or not, belong to: of several, the one with fewer parameters.
fn operation_of(method: &str, path: &str) -> Option<&'static Operation> {
    let fits = |operation: &&Operation| {
        let (wanted, given) = (operation.path.split('/'), path.split('/'));
        wanted.clone().count() == given.clone().count()
            && wanted.zip(given).all(|(wanted, given)| wanted == given || is_parameter(wanted))
    };
    operations()
        .filter(|operation| operation.method.as_str() == method)
        .filter(fits)
        .min_by_key(|operation| operation.path.matches('{').count())
}

/// Reads an answer into the operation's type, and demands that it comes back as it was.
fn assert_kept(operation: &Operation, answer: &Value, what: &str) {
    let body = match answer {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        other => serde_json::to_vec(other).unwrap(),
    };
    let kept = operation.reread(&body).unwrap_or_else(|error| panic!("{operation:?}, {what}: {error}"));
    // Nothing is read of these: `{}` says nothing, when a connection will be gone is no promise, and a status is in the head.
    let is_passed_over = body.is_empty()
        || *answer == json!({})
        || matches!(operation.name, "connections.delete" | "network_acls.delete");
    assert!(
        (kept.is_null() && is_passed_over) || kept == *answer,
        "{operation:?}, {what}: {kept} is not {answer}"
    );
}

#[test]
fn names_are_unique_and_say_the_resource() {
    let names: BTreeSet<&str> = operations().map(|operation| operation.name).collect();
    assert_eq!(names.len(), operations().count());
    assert!(names.iter().all(|name| {
        name.split_once('.').is_some_and(|(resource, act)| !resource.is_empty() && !act.is_empty())
    }));
}

#[test]
fn what_is_sent_twice_by_itself_creates_nothing() {
    let again = operations().filter(|operation| operation.method.as_str() == "POST" && operation.may_repeat);
    let names: Vec<&str> = again.map(|operation| operation.name).collect();
    assert_eq!(
        names,
        [
            "members.add",
            "members.assign_roles",
            "roles.add_permissions",
            "roles.assign",
            "sessions.revoke",
            "sessions.revoke_access",
            "users.assign_roles"
        ]
    );
}

#[test]
fn a_list_that_is_read_page_by_page_takes_what_pages_need() {
    for operation in operations() {
        let needed: &[&str] = match operation.paging {
            Paging::Whole => &[],
            Paging::Offset => &["page", "per_page"],
            Paging::Checkpoint | Paging::Link => &["from", "take"],
        };
        assert!(needed.iter().all(|name| operation.query.contains(name)), "{operation:?}");
    }
}

#[test]
fn every_operation_is_in_the_published_table_with_these_scopes() {
    let Some(folder) = folder() else { return };
    let table = fs::read_to_string(folder.join("auth0/management-endpoints.tsv")).unwrap();
    let rows: BTreeMap<(&str, &str), &str> = table
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|cells| ((cells[0], cells[1]), cells[2]))
        .collect();
    for operation in operations() {
        let path = format!("/api/v2{}", operation.path);
        let scopes = rows.get(&(operation.method.as_str(), path.as_str()));
        assert_eq!(scopes.copied(), Some(operation.scopes.join(",").as_str()), "{operation:?}");
    }
}

/// What the examples of the SDKs leave out and the documentation has ("Retrieve log events": `q`, `from`, `take`).
fn is_known_besides(operation: &Operation, name: &str) -> bool {
    operation.name == "logs.list" && matches!(name, "q" | "from" | "take")
}

#[test]
fn every_operation_agrees_with_the_official_examples() {
    let Some(folder) = folder() else { return };
    let examples = read_json(folder.join("wire/wire.json"));
    let mut seen = BTreeSet::new();
    for example in list(&examples) {
        let (method, path) = (example["method"].as_str().unwrap(), example["path"].as_str().unwrap());
        let Some(operation) = operation_of(method, path).filter(|operation| {
            let parameters = |path: &str| path.split('/').map(is_parameter).collect::<Vec<_>>();
            parameters(operation.path) == parameters(path)
        }) else {
            continue;
        };
        seen.insert(operation.name);
        let documented: Vec<&str> = list(&example["query"]).iter().filter_map(Value::as_str).collect();
        for name in operation.query {
            assert!(documented.contains(name) || is_known_besides(operation, name), "{operation:?}: {name}");
        }
        let mut required: Vec<&str> = match &example["request"] {
            // A dictionary of the tenant's own keys, which the examples fill with one pair.
            fields if *fields == json!({"key": "value"}) => vec![],
            Value::Object(fields) => fields.keys().map(String::as_str).collect(),
            _ => vec![],
        };
        let mut known = operation.required.to_vec();
        required.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, required, "{operation:?}");
        assert!((200..300).contains(&example["status"].as_u64().unwrap()), "{operation:?}");
        let failures = list(&example["errors"]).iter().filter_map(Value::as_u64);
        // What the client is tested to tell apart; a new one must be thought about.
        for status in failures {
            assert!(
                matches!(status, 400..=404 | 409 | 410 | 412 | 413 | 429 | 500 | 503),
                "{operation:?}: {status}"
            );
        }
        assert_kept(operation, &example["response"], "example");
    }
    let without: Vec<&str> =
        operations().map(|operation| operation.name).filter(|name| !seen.contains(name)).collect();
    assert_eq!(
        without,
        ["hooks.list", "hooks.get", "rules.list", "rules.get"],
        "they are older than the examples"
    );
}

#[test]
fn recorded_answers_survive_being_read() {
    let Some(folder) = folder() else { return };
    let mut count = 0;
    for entry in fs::read_dir(folder.join("auth0/fixtures/management")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file = read_json(path.clone());
        for step in list(&file["recorded"]) {
            let (method, path) =
                step["operation"].as_str().unwrap().split_once(" /api/v2").unwrap_or_default();
            let is_success = step["status"].as_u64().is_some_and(|status| status < 300);
            let Some(operation) = operation_of(method, path).filter(|_| is_success) else { continue };
            assert_kept(operation, &step["response"], step["source"].as_str().unwrap_or_default());
            count += 1;
        }
    }
    assert!(count > 150, "{count} answers");
}

#[test]
fn recorded_traffic_survives_being_read() {
    let Some(folder) = folder() else { return };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for recording in list(&read_json(folder.join("wire/recordings.json"))) {
        for step in list(&recording["steps"]) {
            let is_success = step["s"].as_u64().is_some_and(|status| status < 300);
            let operation = operation_of(step["m"].as_str().unwrap(), step["p"].as_str().unwrap());
            // A success that is no 204 and has no body here is one whose body was not recorded.
            let is_recorded = step.get("r").is_some() || step["s"] == 204;
            let Some(operation) = operation.filter(|_| is_success && is_recorded) else { continue };
            assert_kept(operation, &step["r"], recording["name"].as_str().unwrap());
            *seen.entry(operation.name).or_default() += 1;
        }
    }
    assert!(seen.len() > 60 && seen.values().sum::<usize>() > 1_000, "{seen:?}");
}
