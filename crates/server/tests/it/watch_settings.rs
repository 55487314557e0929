//! What a policy and rule files set of the watching holds for the next entries, and changes nothing of what was told.

use std::time::Duration;

use axum::http::Request;
use countersign_app::{AlertFilter, AlertRow, RuleFiles};
use countersign_policy::{Document, Setting, Snapshot};
use countersign_rights::Action;
use countersign_testkit::{HOST, TENANT, TestApp, log_token};
use serde_json::{Value, json};

use crate::world::check_problem;

const POLICY: &str = "/v1/policies/example-tenant";

/// A wrong password for one account, `second` seconds after 2026-08-20T00:00:00Z.
fn failure(second: u32) -> Value {
    entry("fp", second, &json!({"user_id": "auth0|7", "ip": format!("192.0.2.{}", second % 200)}))
}

/// A call of the Management API that succeeded, by the client `installer`.
fn call(second: u32, method: &str, path: &str, token: &str) -> Value {
    let request = json!({"method": method, "path": path, "auth": {"credentials": {"jti": token}}});
    let details = json!({"request": request, "response": {"statusCode": 204, "body": {}}});
    entry("sapi", second, &json!({"client_id": "installer", "details": details}))
}

fn entry(kind: &str, second: u32, more: &Value) -> Value {
    let (hour, minute, rest) = (second / 3_600, second / 60 % 60, second % 60);
    let mut entry = json!({"log_id": format!("9{second:05}{kind}"), "type": kind, "tenant_name": TENANT,
        "date": format!("2026-08-20T{hour:02}:{minute:02}:{rest:02}.000Z")});
    for (name, value) in more.as_object().unwrap() {
        entry[name] = value.clone();
    }
    entry
}

async fn service() -> TestApp {
    let service = TestApp::start(|_| {}).await;
    service.clock.advance(Duration::from_secs(86_400));
    service
}

/// Delivers and looks until nothing is left to do, replays included.
async fn take(service: &TestApp, entries: &[Value]) {
    if entries.is_empty() {
        let (tenant, lead) = (service.tenant(), service.lead().await);
        service.app.watch_next(&tenant, &lead).await.unwrap();
        return;
    }
    let request = Request::post(format!("/v1/logs/{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {}", log_token(TENANT).expose()))
        .body(axum::body::Body::from(json!(entries).to_string()))
        .unwrap();
    let answer = service.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let (tenant, lead) = (service.tenant(), service.lead().await);
    while service.app.watch_next(&tenant, &lead).await.unwrap().entries > 0 {}
    service.app.replay_late(&tenant, &lead).await.unwrap();
}

async fn alerts(service: &TestApp, detector: &str) -> Vec<AlertRow> {
    let rows = service.app.alerts(&service.tenant(), AlertFilter::default(), 500).await.unwrap();
    rows.into_iter().filter(|row| row.detector == detector).collect()
}

async fn ids(service: &TestApp, detector: &str) -> Vec<String> {
    alerts(service, detector).await.into_iter().map(|row| row.id).collect()
}

/// Puts a policy in force that says this of the watching.
async fn set(service: &TestApp, watch: &Value) {
    let before = service.get(POLICY).await.json;
    let mut document = before["document"].clone();
    document["watch"] = watch.clone();
    let change = json!({ "expected_version": before["version"], "document": document });
    let applied = service.operate("PUT", POLICY, &change).await;
    assert_eq!(applied.status, 200, "{}", applied.json);
}

fn failures(least: u32) -> Value {
    json!({"detectors": {"brute_force_account": {"failures": least}}})
}

#[tokio::test]
async fn another_threshold_holds_for_the_next_entries_with_what_is_known_and_repeats_no_alert() {
    let service = service().await;
    let all: Vec<Value> = (0..30).map(|n| failure(1_000 + n * 10)).collect();
    take(&service, &all[..9]).await;
    assert_eq!(ids(&service, "brute_force_account").await, [""; 0]);
    set(&service, &failures(5)).await;
    take(&service, &[]).await;
    assert_eq!(ids(&service, "brute_force_account").await, [""; 0], "what was judged is not judged anew");
    take(&service, &all[9..10]).await;
    let found = ids(&service, "brute_force_account").await;
    assert_eq!(found.len(), 1, "the nine before count");
    for (least, entries) in [(60, &all[10..15]), (3, &all[15..20]), (10, &all[20..25])] {
        set(&service, &failures(least)).await;
        take(&service, entries).await;
        assert_eq!(ids(&service, "brute_force_account").await, found, "{least}");
    }
    set(&service, &json!({"detectors": {"brute_force_account": {"is_off": true}}})).await;
    take(&service, &all[25..]).await;
    assert_eq!(ids(&service, "brute_force_account").await, found);
}

#[tokio::test]
async fn a_change_that_a_process_did_not_live_to_see_repeats_and_loses_nothing() {
    let mut service = service().await;
    let all: Vec<Value> = (0..30).map(|n| failure(1_000 + n * 10)).collect();
    take(&service, &all[..12]).await;
    let found = ids(&service, "brute_force_account").await;
    assert_eq!(found.len(), 1);
    for (least, entries) in [(3, &all[12..15]), (60, &all[15..20])] {
        set(&service, &failures(least)).await;
        service = service.reopen(Document::default()).await;
        take(&service, entries).await;
        assert_eq!(ids(&service, "brute_force_account").await, found, "{least}");
    }
}

#[tokio::test]
async fn what_comes_late_after_a_change_leaves_what_was_judged_before_as_it_was() {
    let service = service().await;
    let all: Vec<Value> = (0..12).map(|n| failure(1_000 + n * 10)).collect();
    take(&service, &all).await;
    let found = ids(&service, "brute_force_account").await;
    assert_eq!(found.len(), 1);
    set(&service, &failures(60)).await;
    take(&service, &[failure(9_000)]).await;
    take(&service, &[failure(1_005)]).await;
    assert_eq!(ids(&service, "brute_force_account").await, found, "it was right by what held then");
    set(&service, &failures(3)).await;
    take(&service, &[failure(20_000)]).await;
    take(&service, &[failure(1_007)]).await;
    assert_eq!(ids(&service, "brute_force_account").await, found, "and nothing of before is told anew");
}

#[tokio::test]
async fn a_policy_that_sets_what_there_is_not_is_refused_where_it_stands() {
    let service = service().await;
    let before = service.get(POLICY).await.json;
    let mut document = before["document"].clone();
    document["watch"] = json!({"learning_days": 91, "detectors": {"brute_force_account": {"failures": 0}},
        "rules": {"nothing": {"is_off": true}}});
    let change = json!({ "expected_version": 1, "document": document });
    let refused = service.operate("PUT", POLICY, &change).await;
    check_problem(&refused, 422, "policy.faults");
    let text = refused.json.to_string();
    for path in ["watch.learning_days", "watch.detectors.brute_force_account.failures", "watch.rules.nothing"]
    {
        assert!(text.contains(&format!("document.{path}")), "{path}: {text}");
    }
    assert_eq!(service.get(POLICY).await.json["version"], 1);
}

#[tokio::test]
async fn a_stored_policy_that_no_longer_fits_stops_nothing_and_is_told() {
    let service = service().await;
    let tenant = service.tenant();
    let mut document = tenant.policy().document().clone();
    let setting = |name: &str, number| [(name.to_owned(), Setting::Number(number))].into();
    document.watch.detectors.insert("gone_since".to_owned(), setting("x", 1.0));
    document.watch.detectors.insert("brute_force_account".to_owned(), setting("failures", 5.0));
    service
        .app
        .apply_policy(&service.permit(Action::ApplyPolicies).await, Snapshot::new(document).unwrap(), 1)
        .await
        .unwrap();
    drop(tenant);
    let service = service.reopen(Document::default()).await;
    let all: Vec<Value> = (0..5).map(|n| failure(1_000 + n * 10)).collect();
    take(&service, &all).await;
    assert_eq!(ids(&service, "brute_force_account").await.len(), 1, "the rest of it holds");
    let told = service.app.unfit(&service.tenant()).settings;
    assert!(told.len() == 1 && told[0].contains("watch.detectors.gone_since"), "{told:?}");
    set(&service, &failures(5)).await;
    take(&service, &[failure(2_000)]).await;
    assert_eq!(service.app.unfit(&service.tenant()).settings, [""; 0]);
}

#[tokio::test]
async fn budgets_and_the_time_until_an_incident_is_due_follow_the_policy() {
    let service = service().await;
    let watch =
        json!({"due_hours": {"medium": 3}, "detectors": {"brute_force_account": {"daily_alerts": 2}}});
    set(&service, &watch).await;
    take(&service, &(0..10).map(|n| failure(1_000 + n * 10)).collect::<Vec<_>>()).await;
    let listed = service.get("/v1/incidents/example-tenant").await.json;
    let incident = &listed["incidents"][0];
    let [opened, due] = ["opened", "due"].map(|name| incident[name].as_str().unwrap().to_owned());
    let hour = |text: &str| text[11..13].parse::<i64>().unwrap();
    assert_eq!((hour(&due) - hour(&opened)).rem_euclid(24), 3, "{listed}");
    for (user, second) in [("auth0|8", 9_000), ("auth0|9", 20_000)] {
        let of = |n: u32| {
            let more = json!({"user_id": user, "ip": format!("192.0.2.{n}")});
            entry("fp", second + n * 10, &more)
        };
        take(&service, &(0..10).map(of).collect::<Vec<_>>()).await;
    }
    let told: Vec<String> =
        alerts(&service, "brute_force_account").await.into_iter().map(|row| row.audience).collect();
    assert_eq!(told, ["over_budget", "raised", "raised"], "the newest first");
}

const RULE: &str = "title: A user was blocked
logsource:
  product: auth0
detection:
  blocked:
    type: sapi
    details.request.method: delete
    details.request.path: '{path}'
  condition: blocked
level: low
countersign:
  params:
    path: /api/v2/users/x
";

#[tokio::test]
async fn changed_rule_files_hold_from_the_next_turn_and_faulty_ones_change_nothing() {
    let service = service().await;
    let tenant = service.tenant();
    let files = |text: &str| Ok(RuleFiles::new(vec![("rules/blocked.yml".to_owned(), text.to_owned())]));
    take(&service, &[call(1_000, "delete", "/api/v2/users/x", "t1")]).await;
    assert_eq!(ids(&service, "blocked").await, [""; 0]);
    assert!(service.app.take_rules(&tenant, files(RULE)));
    take(&service, &[call(2_000, "delete", "/api/v2/users/x", "t1")]).await;
    assert_eq!(ids(&service, "blocked").await.len(), 1);
    assert!(!service.app.take_rules(&tenant, files("title: x\nlevel: loud\n")));
    let told = service.app.unfit(&tenant).rules;
    assert!(told.iter().any(|fault| fault.starts_with("rules/blocked.yml:")), "{told:?}");
    take(&service, &[call(9_000, "delete", "/api/v2/users/x", "t1")]).await;
    assert_eq!(ids(&service, "blocked").await.len(), 2, "the files before hold on");
    set(&service, &json!({"rules": {"blocked": {"path": "/api/v2/users/y"}}})).await;
    let two =
        [call(20_000, "delete", "/api/v2/users/x", "t1"), call(20_001, "delete", "/api/v2/users/y", "t1")];
    take(&service, &two).await;
    assert_eq!(ids(&service, "blocked").await.len(), 3, "the policy's value fills the rule");
    assert!(!service.app.take_rules(&tenant, files("nothing")));
    assert!(service.app.take_rules(&tenant, files(&format!("{RULE}# edited\n"))));
    assert_eq!(service.app.unfit(&tenant).rules, [""; 0]);
}

#[tokio::test]
async fn what_we_wrote_with_a_token_of_ours_is_low_and_a_stolen_secret_is_not() {
    let service = service().await;
    let cause = json!({"correlation_id": "tenant_1", "actor": "operator", "reason": "installed", "authority": {"plan": "abc"}});
    let maker = |token: &str| json!({"client_id": "installer", "token_id": token});
    let write =
        |token: &str| json!({"operation": "log_streams.delete", "cause": cause, "maker": maker(token)});
    let path = "/v1/tenant-writes/example-tenant";
    let recorded = service.operate("POST", path, &write("t1")).await;
    assert_eq!(recorded.status, 200, "{}", recorded.json);
    check_problem(&service.operate("POST", path, &write("")).await, 422, "body.shape");
    let delete = |second, token| call(second, "delete", "/api/v2/log-streams/lst_1", token);
    take(&service, &[delete(1_000, "t1"), delete(20_000, "t2")]).await;
    let severities: Vec<u8> =
        alerts(&service, "sensor_tampering").await.iter().map(|row| row.severity).collect();
    assert_eq!(severities, [3, 1], "the newest first");
    for n in 2..258 {
        assert_eq!(service.operate("POST", path, &write(&format!("t{n}"))).await.status, 200);
    }
    let service = service.reopen(Document::default()).await;
    take(&service, &[delete(40_000, "t1"), delete(60_000, "t257")]).await;
    let severities: Vec<u8> =
        alerts(&service, "sensor_tampering").await.iter().map(|row| row.severity).collect();
    assert_eq!(severities[..2], [1, 3], "256 are remembered, across a restart");
}

#[tokio::test]
async fn what_is_done_to_an_action_of_ours_is_told_and_to_one_that_the_policy_names() {
    let service = service().await;
    service.app.guard_actions(&service.tenant(), ["act_1".to_owned()].into());
    set(&service, &json!({"context": {"guarded_actions": ["act_2"]}})).await;
    let delete = |second, id: &str| call(second, "delete", &format!("/api/v2/actions/actions/{id}"), "t9");
    take(&service, &[delete(1_000, "act_1"), delete(20_000, "act_2"), delete(40_000, "act_3")]).await;
    let severities: Vec<u8> =
        alerts(&service, "sensor_tampering").await.iter().map(|row| row.severity).collect();
    assert_eq!(severities, [3, 3]);
}

#[tokio::test]
async fn what_nobody_is_to_be_told_of_stays_so_over_a_change() {
    let service = TestApp::start(|_| {}).await;
    take(&service, &(0..10).map(|n| failure(20_000 + n * 10)).collect::<Vec<_>>()).await;
    let listed = service.get("/v1/incidents/example-tenant").await.json;
    let incident = &listed["incidents"][0];
    let path = format!("/v1/incidents/example-tenant/{}/close", incident["id"].as_str().unwrap());
    let close = json!({"actor": "noa", "version": incident["version"], "disposition": "false_positive", "reason": "a test", "suppress": true});
    let closed = service.operate("POST", &path, &close).await;
    assert_eq!(closed.status, 200, "{}", closed.json);
    set(&service, &failures(3)).await;
    let later: Vec<Value> = (0..10).map(|n| failure(29_000 + n * 10)).collect();
    take(&service, &later).await;
    let newest = alerts(&service, "brute_force_account").await.remove(0);
    assert_eq!(newest.audience, "suppressed");
}
