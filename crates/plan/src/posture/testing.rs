//! A tenant as it should be, and ways to disturb it.

use countersign_core::{Mode, Timestamp, Trigger};
use serde_json::{Value, json};

use super::{
    Area, Delivery, Expected, ExpectedAction, Local, LogSeen, Logins, Posture, Skew, check, shipped,
};
use crate::{
    install::{EVENT_STREAM_NAME, LOG_STREAM_NAME, Place},
    sha256,
};

/// 20 November 2026.
pub const NOW: Timestamp = Timestamp::from_seconds(1_795_132_800);

const LOGS: &str = "https://cs.example.com/v1/logs/acme";
const EVENTS: &str = "https://cs.example.com/events";
const CLIENT: &str = "ours";

pub fn at(seconds: i64) -> Timestamp {
    NOW.plus(seconds * 1_000_000)
}

pub fn log(kind: &str, seconds: i64) -> LogSeen {
    LogSeen { kind: kind.to_owned(), at: at(seconds) }
}

/// Code of ours, short.
pub fn our_code() -> String {
    "// Countersign for Auth0, trigger post-login. Built.\n'use strict';\n// --- config ---\nconst CONFIG = {\nenforce: \
     false,\ndeadline_ms: 800,\nfallback: {\ndefault: 'allow',\n},\n};\n// --- end ---\nexports.x = 1;\n"
        .to_owned()
}

fn action(code: &str) -> Value {
    let secret = |name: &str| json!({"name": name, "updated_at": "2026-11-01T00:00:00.000Z"});
    json!({
        "id": "act-1", "name": "Countersign post-login", "code": code, "runtime": "node22", "status": "built",
        "supported_triggers": [{"id": "post-login", "version": "v3"}], "all_changes_deployed": true,
        "dependencies": [], "secrets": [secret("COUNTERSIGN_URL"), secret("COUNTERSIGN_KEY")],
        "deployed_version": {"id": "v-1", "code": code, "deployed": true, "number": 1},
    })
}

fn binding(action: &Value) -> Value {
    let id = action["id"].as_str().unwrap();
    json!({"id": format!("b-{id}"), "trigger_id": "post-login", "display_name": action["name"],
        "action": {"id": id, "name": action["name"]}})
}

/// A tenant as it should be.
pub fn posture() -> Posture {
    let action = action(&our_code());
    let mut posture = Posture {
        read: Area::ALL.to_vec(),
        policies: vec!["all-applications".to_owned()],
        skew: Some(Skew { theirs: NOW, ours: NOW }),
        delivery: Some(Delivery { since: at(-3_600), newest: Some(at(-1)) }),
        logins: Some(Logins::Compared { succeeded: 3, decided: 3 }),
        ..Posture::default()
    };
    posture.factors = serde_json::from_value(json!([{"name": "otp", "enabled": true}])).unwrap();
    let installed = &mut posture.installed;
    installed.bindings.insert(Trigger::PostLogin, vec![serde_json::from_value(binding(&action)).unwrap()]);
    installed.actions = vec![serde_json::from_value(action).unwrap()];
    let stream = json!({"id": "lst_1", "name": LOG_STREAM_NAME, "type": "http", "status": "active",
        "sink": {"httpEndpoint": LOGS}});
    installed.log_streams = vec![serde_json::from_value(stream).unwrap()];
    let stream = json!({"id": "est_1", "name": EVENT_STREAM_NAME, "status": "enabled",
        "destination": {"type": "webhook", "configuration": {"webhook_endpoint": EVENTS}}});
    installed.event_streams = vec![serde_json::from_value(stream).unwrap()];
    grant(&mut posture, &["read:logs", "read:actions"]);
    posture
}

/// What should be so of it.
pub fn expected() -> Expected {
    let action = ExpectedAction {
        applied: [sha256(our_code().as_bytes())].into(),
        shipped: Some(shipped(&our_code())),
        place: Some(Place::First),
        secrets: vec!["COUNTERSIGN_URL".to_owned(), "COUNTERSIGN_KEY".to_owned()],
    };
    let mut expected = Expected {
        reads_tenant: true,
        owned: [("action.post-login", "act-1"), ("log_stream", "lst_1"), ("event_stream", "est_1")]
            .into_iter()
            .collect(),
        client_id: Some(CLIENT.to_owned()),
        actions: Some([(Trigger::PostLogin, action)].into()),
        log_endpoint: Some(LOGS.to_owned()),
        event_endpoint: Some(EVENTS.to_owned()),
        scopes: [("read:logs", "ingest"), ("read:actions", "decide")]
            .map(|(scope, capability)| (scope.to_owned(), capability.to_owned()))
            .into(),
        ..Expected::nothing("acme".parse().unwrap())
    };
    expected.policy.modes.insert(Trigger::PostLogin, Mode::Audit);
    expected.policy.challenges = true;
    expected.policy.factors = vec!["otp".to_owned(), "phone".to_owned()];
    expected
}

/// Where it runs, as it should be.
pub fn local() -> Local {
    Local {
        is_public: true,
        hosts: vec!["cs.example.com".to_owned()],
        directory_mode: Some(0o700),
        ..Local::default()
    }
}

/// The codes of what is found.
pub fn codes(posture: &Posture, expected: &Expected) -> Vec<&'static str> {
    let found = check(posture, expected, NOW);
    found.into_iter().map(|finding| finding.code).filter(|code| !code.starts_with("policy.")).collect()
}

/// The codes of what is found about the policy alone.
pub fn policy_codes(expected: &Expected) -> Vec<&'static str> {
    let found = check(&posture(), expected, NOW);
    found.into_iter().map(|finding| finding.code).filter(|code| code.starts_with("policy.")).collect()
}

/// Sets a place of an object, with its field made where it is not there.
fn set<T: serde::Serialize + serde::de::DeserializeOwned>(object: &T, at: &str, value: Value) -> T {
    let mut whole = serde_json::to_value(object).unwrap();
    let (parent, field) = at.rsplit_once('/').unwrap();
    whole.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(field.to_owned(), value);
    serde_json::from_value(whole).unwrap()
}

pub fn edit_action(posture: &mut Posture, at: &str, value: Value) {
    let action = &mut posture.installed.actions[0];
    *action = set(action, at, value);
}

/// Draft and deployed code at once.
pub fn deploy(posture: &mut Posture, code: &str) {
    edit_action(posture, "/code", code.into());
    edit_action(posture, "/deployed_version/code", code.into());
}

pub fn edit_log_stream(posture: &mut Posture, at: &str, value: Value) {
    let stream = &mut posture.installed.log_streams[0];
    *stream = set(stream, at, value);
}

pub fn edit_event_stream(posture: &mut Posture, at: &str, value: Value) {
    let stream = &mut posture.installed.event_streams[0];
    *stream = set(stream, at, value);
}

/// What our client may do.
pub fn grant(posture: &mut Posture, scopes: &[&str]) {
    let grant = json!({"id": "cgr_1", "client_id": CLIENT, "audience": "https://acme.eu.auth0.com/api/v2/", "scope": scopes});
    posture.installed.grants = vec![serde_json::from_value(grant).unwrap()];
}

/// Binds a foreign Action at a place.
pub fn bind_foreign(posture: &mut Posture, place: usize) {
    let id = format!("foreign-{place}");
    let foreign = json!({"id": id, "name": id, "code": "exports.x = 1;",
        "supported_triggers": [{"id": "post-login", "version": "v3"}]});
    let bound = serde_json::from_value(binding(&foreign)).unwrap();
    posture.installed.bindings.get_mut(&Trigger::PostLogin).unwrap().insert(place, bound);
    posture.installed.actions.push(serde_json::from_value(foreign).unwrap());
}
