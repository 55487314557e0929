//! What operators do at the desk: events, suppressions, dispositions, and the console's forms.

use std::time::Duration;

use axum::{body::Body, http::Request};
use countersign_core::Timestamp;
use countersign_testkit::{Answer, HOST, TENANT, TOKEN, TestApp, log_token};
use serde_json::{Value, json};

use crate::world::check_problem;

const DAY: u64 = 86_400;

/// An entry of the log, so many seconds after the start of the held clock.
fn entry(service: &TestApp, kind: &str, second: i64, user: u32, address: &str) -> Value {
    let at = service.app.clock().now().plus(second * 1_000_000);
    json!({"log_id": format!("9{}{user:03}{kind}", at.micros()), "type": kind, "tenant_name": TENANT, "date": at.to_string(),
        "user_id": format!("auth0|{user}"), "user_name": format!("user{user}@example.com"), "ip": address,
        "user_agent": "Mozilla/5.0 Chrome/140.0.0.0"})
}

async fn deliver(service: &TestApp, entries: &[Value]) {
    let request = Request::post(format!("/v1/logs/{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {}", log_token(TENANT).expose()))
        .body(Body::from(json!(entries).to_string()))
        .unwrap();
    let answer = service.send(request).await;
    assert_eq!(answer.json["taken"], json!(entries.len()), "{}", answer.json);
    let (tenant, lead) = (service.tenant(), service.lead().await);
    while service.app.watch_next(&tenant, &lead).await.unwrap().entries > 0 {}
}

/// One account that is tried again and again in the last three minutes.
async fn attack(service: &TestApp, user: u32) {
    let entries: Vec<_> = (0..14).map(|n| entry(service, "fp", n * 11 - 180, user, "203.0.113.50")).collect();
    deliver(service, &entries).await;
}

async fn alerts(service: &TestApp, query: &str) -> Vec<Value> {
    let page = service.get(&format!("/v1/alerts/{TENANT}{query}")).await.json;
    page["alerts"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

async fn incidents(service: &TestApp, query: &str) -> Vec<Value> {
    let page = service.get(&format!("/v1/incidents/{TENANT}{query}")).await.json;
    page["incidents"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

async fn tag(service: &TestApp, kind: &str, name: &str) -> Value {
    service
        .operate("POST", &format!("/v1/entities/{TENANT}"), &json!({ "kind": kind, "name": name }))
        .await
        .json
}

async fn form(service: &TestApp, path: &str, fields: &str) -> Answer {
    let request = Request::post(path)
        .header("host", HOST)
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(fields.to_owned()))
        .unwrap();
    service.send(request).await
}

async fn page(service: &TestApp, path: &str) -> String {
    let answer = service.get(path).await;
    assert_eq!(answer.status, 200, "{path}");
    String::from_utf8(answer.bytes).unwrap()
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.bytes));
    answer.headers["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn entries_are_listed_without_names_and_opened_by_a_leaf() {
    let service = TestApp::start(|_| {}).await;
    let other = entry(&service, "s", -500, 8, "198.51.100.1");
    deliver(&service, std::slice::from_ref(&other)).await;
    attack(&service, 7).await;
    let path = format!("/v1/logs/{TENANT}");
    let all = service.get(&path).await.json;
    let list = all["entries"].as_array().unwrap();
    assert_eq!((list.len(), &list[14]["log_id"], &all["next"]), (15, &other["log_id"], &Value::Null));
    assert!(!all.to_string().contains("auth0|") && !all.to_string().contains("203.0.113"), "{all}");
    let count = async |query: &str| {
        let page = service.get(&format!("{path}?{query}")).await.json;
        page["entries"].as_array().unwrap_or_else(|| panic!("{query}: {page}")).len()
    };
    let account = tag(&service, "user", "auth0|8").await["account"].as_str().unwrap().to_owned();
    let nobody = tag(&service, "user", "auth0|9").await["account"].as_str().unwrap().to_owned();
    let since: Timestamp = list[2]["at"].as_str().unwrap().parse().unwrap();
    for (query, found) in [
        ("kind=s".to_owned(), 1),
        (format!("account={account}"), 1),
        (format!("account={nobody}"), 0),
        (format!("since={since}"), 3),
        (format!("until={since}"), 12),
        ("before=1".to_owned(), 1),
        (format!("log_ids={},none", other["log_id"].as_str().unwrap()), 1),
    ] {
        assert_eq!(count(&query).await, found, "{query}");
    }
    for query in ["kind=s&log_ids=1", "account=auth0%7C8", "before=x", "page=1"] {
        check_problem(&service.get(&format!("{path}?{query}")).await, 422, "query.shape");
    }
    let leaves = service.app.audit(&service.tenant()).await.unwrap().size;
    let one = format!("{path}/{}", other["log_id"].as_str().unwrap());
    let why = json!({ "actor": "mia", "reason": "case 4711" });
    assert_eq!(service.operate("POST", &one, &why).await.json["entry"], other);
    assert_eq!(service.app.audit(&service.tenant()).await.unwrap().size, leaves + 1);
    let redacted = service.get(&one).await.json;
    let (entry, text) = (&redacted["entry"], redacted.to_string());
    assert_eq!(
        (&entry["type"], &entry["ip"], &redacted["is_redacted"]),
        (&json!("s"), &json!("[network]"), &json!(true))
    );
    assert!(entry["user_id"].as_str().unwrap().starts_with("als_"), "{text}");
    assert!(!text.contains("auth0|") && !text.contains("198.51.100") && !text.contains('@'), "{text}");
    assert_eq!(service.app.audit(&service.tenant()).await.unwrap().size, leaves + 1, "it names nobody");
    check_problem(&service.get(&format!("{path}/none")).await, 404, "not_found");
    check_problem(&service.get("/v1/logs/other-tenant/none").await, 404, "not_found");
}

#[tokio::test]
async fn incidents_and_alerts_are_found_by_whom_they_are_about_and_no_address_names_anybody() {
    let service = TestApp::start(|_| {}).await;
    attack(&service, 7).await;
    let about = tag(&service, "user", "auth0|7").await["entity"].as_str().unwrap().to_owned();
    let address = tag(&service, "address", "203.0.113.50").await;
    let other = tag(&service, "user", "auth0|8").await["entity"].as_str().unwrap().to_owned();
    assert_eq!(address["account"], Value::Null);
    let address = address["entity"].as_str().unwrap();
    for (query, is_found) in [
        (format!("?entity={about}"), true),
        (format!("?entity={address}"), true),
        (format!("?entity={other}"), false),
        ("?detector=brute_force_account".to_owned(), true),
        ("?detector=mfa_fatigue".to_owned(), false),
        ("?overdue=true".to_owned(), false),
        ("?until=2026-01-01T00:00:00Z".to_owned(), false),
    ] {
        assert_eq!(!incidents(&service, &query).await.is_empty(), is_found, "{query}");
    }
    service.clock.advance(Duration::from_secs(4 * DAY));
    assert!(!incidents(&service, "?overdue=true").await.is_empty());
    assert!(!alerts(&service, &format!("?entity={about}")).await.is_empty());
    assert!(alerts(&service, &format!("?entity={other}")).await.is_empty());
    for path in ["incidents", "alerts"] {
        let answer = service.get(&format!("/v1/{path}/{TENANT}?entity=auth0%7C7")).await;
        check_problem(&answer, 422, "query.shape");
    }
    let alert = alerts(&service, "?detector=brute_force_account").await[0]["id"].as_str().unwrap().to_owned();
    let opened = service.get(&format!("/v1/alerts/{TENANT}/{alert}")).await.json;
    assert_eq!((&opened["entity"]["kind"], &opened["entity"]["entity"]), (&json!("user"), &json!(about)));
    assert!(!opened.to_string().contains("auth0|"), "{opened}");
    assert!(opened["log_ids"].as_array().unwrap().len() >= 10, "{opened}");
}

#[tokio::test]
async fn a_suppression_holds_from_the_next_turn_until_it_is_lifted() {
    let service = TestApp::start(|_| {}).await;
    let path = format!("/v1/suppressions/{TENANT}");
    let until = service.app.clock().now().plus(9 * 86_400 * 1_000_000);
    let body = json!({ "actor": "mia", "entity": { "kind": "user", "name": "auth0|7" }, "until": until, "reason": "a test" });
    let everything = json!({ "actor": "mia", "until": until, "reason": "a test" });
    check_problem(&service.operate("POST", &path, &everything).await, 422, "suppression.invalid");
    let id = service.operate("POST", &path, &body).await.json["id"].as_str().unwrap().to_owned();
    let listed = service.get(&path).await.json;
    assert_eq!(
        (&listed["suppressions"][0]["id"], &listed["suppressions"][0]["by"]),
        (&json!(id), &json!("mia"))
    );
    service.clock.advance(Duration::from_secs(600));
    attack(&service, 7).await;
    assert_eq!(alerts(&service, "?audience=suppressed").await.len(), 1);
    assert!(incidents(&service, "").await.iter().all(|row| row["accounts"] != 1), "nobody is told");
    let lift = format!("{path}/{id}/lift");
    assert_eq!(service.operate("POST", &lift, &json!({ "actor": "noa" })).await.status, 200);
    check_problem(&service.operate("POST", &lift, &json!({ "actor": "noa" })).await, 404, "not_found");
    service.clock.advance(Duration::from_secs(2 * DAY));
    attack(&service, 7).await;
    assert_eq!(alerts(&service, "?audience=raised&detector=brute_force_account").await.len(), 1);
}

#[tokio::test]
async fn a_login_from_where_a_confirmed_attack_came_from_is_found_also_after_a_restart() {
    for mark in [false, true] {
        let service = TestApp::start(|_| {}).await;
        attack(&service, 7).await;
        let id = incidents(&service, "").await[0]["id"].as_str().unwrap().to_owned();
        let close = json!({ "actor": "mia", "version": 1, "disposition": "true_positive", "reason": "an attack", "mark": mark });
        let closed =
            service.operate("POST", &format!("/v1/incidents/{TENANT}/{id}/close"), &close).await.json;
        assert_eq!(closed["marked"], json!(usize::from(mark)), "{closed}");
        // Longer than what a detector found counts.
        service.clock.advance(Duration::from_secs(3 * DAY));
        let service = service.reopen(countersign_policy::Document::default()).await;
        deliver(&service, &[entry(&service, "s", -60, 40, "203.0.113.50")]).await;
        let found = alerts(&service, "?detector=login_from_attacker_tls").await;
        assert_eq!(found.len(), usize::from(mark), "{found:?}");
        service.clock.advance(Duration::from_secs(5 * DAY));
        deliver(&service, &[entry(&service, "s", -60, 41, "203.0.113.50")]).await;
        assert_eq!(alerts(&service, "?detector=login_from_attacker_tls").await.len(), usize::from(mark));
    }
}

#[tokio::test]
async fn the_console_acts_on_an_incident_by_version() {
    let service = TestApp::start(|_| {}).await;
    attack(&service, 7).await;
    let id = incidents(&service, "").await[0]["id"].as_str().unwrap().to_owned();
    let act = |act: &str| format!("/incidents/{id}/{act}");
    let of = |version: u64| format!("tenant={TENANT}&version={version}&actor=mia");
    let taken = form(&service, &act("acknowledge"), &of(1)).await;
    assert_eq!(location(&taken), format!("/incidents/{id}?tenant={TENANT}&told=taken"));
    let stale = form(&service, &act("assign"), &format!("{}&assignee=noa", of(1))).await;
    assert_eq!(stale.status, 409);
    assert!(String::from_utf8_lossy(&stale.bytes).contains("Changed meanwhile"));
    location(&form(&service, &act("assign"), &format!("{}&assignee=noa", of(2))).await);
    location(&form(&service, &act("note"), &format!("{}&text=one%0D%0Atwo", of(3))).await);
    let shown = page(&service, &format!("/incidents/{id}?tenant={TENANT}&told=noted")).await;
    for part in ["Your comment was added", "[free_text]", "noa", "name=\"version\" value=\"3\""] {
        assert!(shown.contains(part), "{part}");
    }
    assert!(!shown.contains("one\ntwo") && !shown.contains("203.0.113.50"), "{shown}");
    let why = format!("tenant={TENANT}&actor=mia&reason=case+4711&field=texts&field=sources");
    let opened = String::from_utf8(form(&service, &act("reveal"), &why).await.bytes).unwrap();
    assert!(opened.contains("one\ntwo") && opened.contains("203.0.113.50"), "{opened}");
    for fields in [
        "&reason=x",
        "&disposition=nothing&reason=x",
        "&disposition=benign",
        "&disposition=duplicate&reason=x",
    ] {
        let refused = form(&service, &act("close"), &format!("{}{fields}", of(3))).await;
        assert_eq!(refused.status, 422, "{fields}");
    }
    let nameless = format!("tenant={TENANT}&version=3&disposition=benign&reason=x");
    assert_eq!(form(&service, &act("close"), &nameless).await.status, 422);
    let fields = format!("{}&disposition=false_positive&reason=on+a+trip&suppress=yes", of(3));
    location(&form(&service, &act("close"), &fields).await);
    assert_eq!(incidents(&service, "?disposition=false_positive").await.len(), 1);
    let suppressions = page(&service, &format!("/suppressions?tenant={TENANT}")).await;
    assert!(
        suppressions.contains("brute_force_account") && !suppressions.contains("on a trip"),
        "{suppressions}"
    );
}

#[tokio::test]
async fn the_console_suppresses_and_finds_by_name_without_naming() {
    let service = TestApp::start(|_| {}).await;
    attack(&service, 7).await;
    let fields = format!("tenant={TENANT}&kind=user&name=auth0%7C7");
    let found = location(&form(&service, "/incidents/find", &fields).await);
    assert!(found.contains("entity=ent_") && !found.contains("auth0"), "{found}");
    assert!(page(&service, &found).await.contains("/incidents/inc_"));
    let other = location(&form(&service, "/incidents/find", &fields.replace("C7", "C8")).await);
    assert!(page(&service, &other).await.contains("No incident fits"));
    let add = format!("{fields}&days=7&reason=a+test&actor=mia");
    let told = location(&form(&service, "/suppressions", &add).await);
    let listed = page(&service, &told).await;
    assert!(!listed.contains("auth0|7") && listed.contains("It is suppressed from now on"), "{listed}");
    assert!(listed.contains(">als_"), "{listed}");
    for (name, wrong) in [("days=7", "days=400"), ("kind=user", "kind=x"), ("actor=mia", "actor=")] {
        assert_eq!(form(&service, "/suppressions", &add.replace(name, wrong)).await.status, 422, "{wrong}");
    }
    let alerts = page(&service, &format!("/alerts?tenant={TENANT}")).await;
    assert!(alerts.contains("brute_force_account") && !alerts.contains("auth0|7"));
}
