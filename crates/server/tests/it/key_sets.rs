//! Other keys and tokens than before are told, and nothing else of them is.

use std::sync::Arc;

use countersign_app::{Error, Found, KeySet, access::Settings};
use countersign_rights::{Grant, Place, Role};
use countersign_testkit::{OTHER_TENANT, Setup, TENANT, TestApp, Vouching, cookie_of};
use rusqlite::Connection;
use serde_json::{Value, json};

/// Tells of keys; the facts of all leaves of keys that the tenant's ledger has then.
async fn record(service: &TestApp, set: KeySet, keys: &[&str], found: Found) -> Vec<Value> {
    let keys: Vec<_> = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
    service.app.record_keys(&service.tenant(), set, &keys, found).await.unwrap();
    told(service, TENANT).await
}

async fn told(service: &TestApp, tenant: &str) -> Vec<Value> {
    let leaves = service.store.list_leaves(&tenant.parse().unwrap(), 0, 100).await.unwrap();
    let leaves = leaves.iter().map(|row| serde_json::from_slice::<Value>(&row.leaf).unwrap());
    leaves.map(|leaf| leaf["facts"].clone()).filter(|facts| !facts["found"].is_null()).collect()
}

#[tokio::test]
async fn keys_that_come_go_or_change_are_told_once_and_those_that_are_seen_first_are_no_change() {
    let service = TestApp::start(|_| {}).await;
    let set = KeySet::LogStream;
    for _ in 0..2 {
        assert_eq!(record(&service, set, &["a"], Found::AtStart).await, [] as [Value; 0]);
    }
    let mut expected = Vec::new();
    for (keys, found) in [
        (&["a", "b"][..], Found::AtStart),
        (&["b"], Found::Running),
        (&["c"], Found::AtStart),
        (&[], Found::AtStart),
        (&["ab"], Found::Running),
        (&["a", "b"], Found::AtStart),
    ] {
        let found_at = if found == Found::Running { "running" } else { "at_start" };
        let tokens = keys.len().to_string();
        expected.push(json!({ "change": "stream_tokens_changed", "stream": "log", "tokens": tokens, "found": found_at }));
        for _ in 0..2 {
            assert_eq!(record(&service, set, keys, found).await, expected, "{keys:?}");
        }
    }
    assert_eq!(told(&service, OTHER_TENANT).await, [] as [Value; 0], "it is one tenant's");
}

#[tokio::test]
async fn each_set_is_held_against_itself_and_what_changes_under_a_process_is_told_in_any_case() {
    let service = TestApp::start(|_| {}).await;
    for (at, set) in KeySet::ALL.into_iter().enumerate() {
        assert_eq!(record(&service, set, &["same"], Found::Running).await.len(), at + 1);
    }
    let changes = told(&service, TENANT).await;
    let changes: Vec<_> = changes.iter().map(|facts| facts["change"].as_str().unwrap()).collect();
    let streams = "stream_tokens_changed";
    assert_eq!(changes, ["action_keys_changed", streams, streams, "operator_token_changed"]);
}

#[tokio::test]
async fn what_a_ledger_does_not_take_is_told_by_the_next_try() {
    let service = TestApp::start(|_| {}).await;
    record(&service, KeySet::Actions, &["old"], Found::AtStart).await;
    let held = Connection::open(service.folder().join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let keys = [b"new".to_vec()];
    let refused = service.app.record_keys(&service.tenant(), KeySet::Actions, &keys, Found::AtStart).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    held.execute_batch("ROLLBACK").unwrap();
    assert_eq!(told(&service, TENANT).await, [] as [Value; 0]);
    let expected = [json!({ "change": "action_keys_changed", "keys": "1", "found": "at_start" })];
    for _ in 0..2 {
        assert_eq!(record(&service, KeySet::Actions, &["new"], Found::AtStart).await, expected);
    }
}

#[tokio::test]
async fn another_operators_token_ends_the_sessions_of_links_and_no_others() {
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    let here = Place::Tenant(TENANT.parse().unwrap());
    service.grant("mia", vec![Grant::new(Role::Viewer, here).unwrap()]).await;
    let mia = service.session_of("mia").await;
    let link = service.server.one_time_path().await.unwrap();
    let local = cookie_of(&service.browse("GET", &link, "").await, "countersign_session");
    let statuses = async || {
        let asked = async |cookie: &str| service.browse("GET", "/v1/access/me", cookie).await.status;
        (asked(&local).await, asked(&mia).await)
    };
    for token in ["first", "first"] {
        record(&service, KeySet::Operator, &[token], Found::AtStart).await;
        assert_eq!(statuses().await, (200, 200), "nothing changed");
    }
    let told = record(&service, KeySet::Operator, &["second"], Found::AtStart).await;
    assert_eq!(
        told,
        [json!({ "change": "operator_token_changed", "sessions": "ended", "found": "at_start" })]
    );
    assert_eq!(statuses().await, (401, 200));
}
