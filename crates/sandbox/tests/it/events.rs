//! Each trigger's event has what the documentation lists, and nothing else.

use std::{collections::BTreeMap, fs};

use countersign_sandbox::{
    Handler,
    flow::{Facts, event},
};
use serde_json::{Value, json};

use crate::facts::{facts, reference};

const TRIGGERS: [Handler; 9] = [
    Handler::ExecutePostLogin,
    Handler::ExecutePreUserRegistration,
    Handler::ExecutePostUserRegistration,
    Handler::ExecuteCredentialsExchange,
    Handler::ExecutePostChallenge,
    Handler::ExecutePostChangePassword,
    Handler::ExecuteSendPhoneMessage,
    Handler::ExecuteCustomTokenExchange,
    Handler::ExecuteEventStream,
];

struct Field {
    kind: String,
    optional: bool,
    allowed: Vec<String>,
}

type Fields = BTreeMap<String, Field>;

fn documented(table: &str, trigger: &str) -> Fields {
    let rows = table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[0] == trigger)
        .map(|row| {
            let words = row.get(5).unwrap_or(&"").split([',', '|', ' ']);
            let allowed = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
            (row[1].to_owned(), Field { kind: row[2].to_owned(), optional: row[3] == "yes", allowed })
        })
        .collect()
}

fn has_children(fields: &Fields, path: &str) -> bool {
    let prefix = format!("{path}.");
    fields.keys().any(|other| other.starts_with(&prefix))
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" | "integer" => value.is_number(),
        "boolean" => value.is_boolean(),
        kind if kind.starts_with("array") => value.is_array(),
        _ => value.is_object(),
    }
}

/// What is wrong with an object of an event.
fn faults(fields: &Fields, path: &str, value: &Value, found: &mut Vec<String>) {
    let Some(object) = value.as_object() else { return };
    for (name, inner) in object {
        let path = format!("{path}.{name}");
        let Some(field) = fields.get(&path) else {
            found.push(format!("{path} is not documented"));
            continue;
        };
        if !is_of(&field.kind, inner) {
            found.push(format!("{path} is no {}", field.kind));
        }
        let word = inner.as_str().filter(|_| !field.allowed.is_empty());
        if word.is_some_and(|word| !field.allowed.iter().any(|one| one == word)) {
            found.push(format!("{path} is none of {:?}", field.allowed));
        }
        if has_children(fields, &path) {
            faults(fields, &path, inner, found);
        }
    }
    for (other, field) in fields {
        let name = other.strip_prefix(path).and_then(|rest| rest.strip_prefix('.'));
        if name.is_some_and(|name| !name.contains('.') && !field.optional && !object.contains_key(name)) {
            found.push(format!("{other} is missing"));
        }
    }
}

/// The same person with as little as can be known.
fn bare() -> Facts {
    let full = facts();
    Facts {
        tenant: full.tenant,
        client: json!({ "client_id": "q3f" }),
        connection: json!({ "id": "con_1" }),
        user: json!({ "user_id": "auth0|1" }),
        message: full.message,
        ..Facts::default()
    }
}

fn of_stream(facts: Facts) -> Facts {
    let message = json!({ "id": "evt_1", "type": "user.created", "source": "urn:auth0:t.us", "specversion": "1.0", "data": { "object": {} } });
    Facts { message, ..facts }
}

#[test]
fn each_event_has_what_is_documented_for_its_trigger_and_nothing_else() {
    let Some(folder) = reference() else { return };
    let table = fs::read_to_string(folder.join("action-event-fields.tsv")).unwrap();
    for handler in TRIGGERS {
        let fields = documented(&table, handler.trigger());
        assert!(fields.len() > 5, "{}", handler.trigger());
        for (name, facts) in [("full", facts()), ("bare", bare())] {
            let facts = if handler == Handler::ExecuteEventStream { of_stream(facts) } else { facts };
            let event = event(handler, &facts).unwrap();
            let mut found = Vec::new();
            faults(&fields, "event", &event, &mut found);
            assert_eq!(found, Vec::<String>::new(), "{} {name}", handler.trigger());
        }
    }
}

#[test]
fn the_check_finds_what_is_too_much_missing_and_of_another_type() {
    let Some(folder) = reference() else { return };
    let table = fs::read_to_string(folder.join("action-event-fields.tsv")).unwrap();
    let fields = documented(&table, "post-login");
    let mut event = event(Handler::ExecutePostLogin, &facts()).unwrap();
    event["user"]["password_hash"] = json!("x");
    event["request"].as_object_mut().unwrap().remove("ip");
    event["stats"]["logins_count"] = json!("41");
    let mut found = Vec::new();
    faults(&fields, "event", &event, &mut found);
    found.sort();
    let wanted = [
        "event.request.ip is missing",
        "event.stats.logins_count is no number",
        "event.user.password_hash is not documented",
    ];
    assert_eq!(found, wanted);
}

/// All paths of an event, lists as one.
fn paths(path: &str, value: &Value, found: &mut Vec<String>) {
    found.push(path.to_owned());
    if let Some(object) = value.as_object() {
        for (name, inner) in object {
            paths(&format!("{path}.{name}"), inner, found);
        }
    }
}

#[test]
fn the_published_examples_have_no_object_that_the_events_lack() {
    let Some(folder) = reference() else { return };
    // What the example has by its own choice: early access, another plan, free-form contents.
    let by_choice =
        ["metadata", "authentication", "query", "body", "device", "session", "user.", "transaction."];
    for handler in TRIGGERS {
        let facts = if handler == Handler::ExecuteEventStream { of_stream(facts()) } else { facts() };
        let ours = event(handler, &facts).unwrap();
        let example =
            fs::read_to_string(folder.join(format!("fixtures/events/{}.json", handler.trigger()))).unwrap();
        let (mut had, mut wanted) = (Vec::new(), Vec::new());
        paths("event", &ours, &mut had);
        paths("event", &serde_json::from_str(&example).unwrap(), &mut wanted);
        wanted.retain(|path| !had.contains(path) && !by_choice.iter().any(|part| path.contains(part)));
        wanted.retain(|path| !path.starts_with("event.message"));
        assert_eq!(wanted, Vec::<String>::new(), "{}", handler.trigger());
    }
}
