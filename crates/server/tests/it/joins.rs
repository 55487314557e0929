//! What the log tells of decisions: profiles learn from it, and a sign-in that nobody decided about is noticed.

use countersign_app::access::Within;
use std::time::Duration;

use axum::http::Request;
use countersign_app::{AlertFilter, DecisionFilter, Joined};
use countersign_core::{Clock, Mode, Trigger, Verdict};
use countersign_policy::Verdicts;
use countersign_rights::Action;
use countersign_testkit::{HOST, TENANT, TestApp, log_token};
use serde_json::{Value, json};

use crate::world::{abroad, at_home, id_of, score_of, show};

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// An entry about the sign-in that `event` tells of, now; `number` makes its id.
pub fn entry(service: &TestApp, kind: &str, number: u32, event: &Value) -> Value {
    json!({"log_id": format!("90020260820{number:09}"), "type": kind, "tenant_name": TENANT, "date": service.clock.now(),
        "user_id": event["user"]["user_id"], "user_name": "pat@example.com", "ip": "203.0.113.24",
        "client_id": event["client"]["client_id"],
        "details": {"session_id": event["session"]["id"], "transaction_id": event["transaction"]["id"]}})
}

/// The same, of an entry about a second factor: it names neither client nor transaction nor session.
fn factor(service: &TestApp, kind: &str, number: u32, event: &Value) -> Value {
    let mut entry = entry(service, kind, number, event);
    entry.as_object_mut().unwrap().remove("client_id");
    entry["details"] = json!({"authenticator": {"id": "dev_1", "type": "otp"}});
    entry
}

pub async fn deliver(service: &TestApp, entries: &[Value]) {
    let request = Request::post(format!("/v1/logs/{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {}", log_token(TENANT).expose()))
        .body(axum::body::Body::from(json!(entries).to_string()))
        .unwrap();
    assert_eq!(service.send(request).await.status, 200);
}

/// Joins until nothing is left to do; what all turns came to.
pub async fn join(service: &TestApp) -> Joined {
    let mut all = Joined::default();
    loop {
        let one = service.app.join_next(&service.tenant(), &service.lead().await).await.unwrap();
        all = Joined {
            entries: all.entries + one.entries,
            joined: all.joined + one.joined,
            bypassed: all.bypassed + one.bypassed,
        };
        if one.entries == 0 {
            return all;
        }
    }
}

async fn granted(service: &TestApp, id: &str) -> u32 {
    let rows = service
        .app
        .decisions(Within::all(&service.tenant()), DecisionFilter::default(), 10_000)
        .await
        .unwrap();
    rows.iter().find(|row| row.decision.id.as_str() == id).unwrap().granted
}

async fn leaves(service: &TestApp) -> u64 {
    service.app.audit(&service.tenant()).await.unwrap().size
}

/// Signs in a minute later; nothing names the sign-in but its own transaction.
async fn sign_in(service: &TestApp, event: &mut Value, number: u32) -> String {
    event["transaction"]["id"] = json!(format!("tx_{number}"));
    event["session"]["id"] = json!(format!("se_{number}"));
    let id = id_of(&service.decide(event).await);
    service.clock.advance(Duration::from_secs(2));
    id
}

/// The same person in another transaction.
fn at_another_time(event: &Value) -> Value {
    let mut event = event.clone();
    event["transaction"]["id"] = json!("tx_another");
    event
}

#[tokio::test]
async fn a_person_s_profile_learns_from_the_log() {
    let service = TestApp::start(|_| {}).await;
    let mut home = at_home("auth0|anna");
    let cold = score_of(&service.decide(&home).await);
    let mut ids = Vec::new();
    for number in 0..12 {
        ids.push(sign_in(&service, &mut home, number).await);
        deliver(&service, &[entry(&service, "s", number, &home)]).await;
        assert_eq!(join(&service).await, Joined { entries: 1, joined: 1, bypassed: 0 });
        service.clock.advance(DAY);
    }
    assert!(score_of(&service.decide(&home).await) < cold);
    for (number, id) in ids.iter().enumerate() {
        let shown = show(&service, id).await;
        assert_eq!(shown["standing"], "completed");
        assert_eq!(shown["log_ids"], json!([format!("90020260820{number:09}")]));
    }
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains(r#"countersign_log_joins_total{how="transaction"} 12"#), "{metrics}");
}

#[tokio::test]
async fn another_person_s_entry_and_a_correlation_id_join_nothing() {
    let service = TestApp::start(|_| {}).await;
    let mut home = at_home("auth0|anna");
    home["transaction"]["correlation_id"] = json!("chosen");
    let id = sign_in(&service, &mut home, 1).await;
    let mut stranger = entry(&service, "s", 1, &home);
    stranger["user_id"] = json!("auth0|ben");
    let mut correlated = entry(&service, "s", 2, &home);
    correlated["details"] = json!({});
    correlated["client_id"] = json!(null);
    correlated["references"] = json!({"correlation_id": "chosen"});
    let mut nobody = entry(&service, "s", 3, &home);
    nobody["user_id"] = json!("");
    deliver(&service, &[stranger, correlated, nobody]).await;
    assert_eq!(join(&service).await, Joined { entries: 3, joined: 0, bypassed: 0 });
    assert_eq!(show(&service, &id).await["standing"], "open");
    assert_eq!(show(&service, &id).await["log_ids"], json!([]));
}

#[tokio::test]
async fn a_decision_has_one_sign_in() {
    let service = TestApp::start(|_| {}).await;
    let mut home = at_home("auth0|anna");
    let id = sign_in(&service, &mut home, 1).await;
    deliver(&service, &[entry(&service, "s", 1, &home), entry(&service, "s", 2, &home)]).await;
    assert_eq!(join(&service).await.joined, 1);
    assert_eq!(show(&service, &id).await["log_ids"], json!(["90020260820000000001"]));
}

#[tokio::test]
async fn our_own_denial_is_no_label() {
    let service = TestApp::start(|document| {
        document.tenant.mode = Some(Mode::Enforce);
        let (low, medium, high, critical) = (Verdict::Deny, Verdict::Deny, Verdict::Deny, Verdict::Deny);
        document.tenant.verdicts = Some(Verdicts { low, medium, high, critical });
    })
    .await;
    let mut home = at_home("auth0|anna");
    let id = sign_in(&service, &mut home, 1).await;
    assert_eq!(show(&service, &id).await["verdict"], "deny");
    let size = leaves(&service).await;
    deliver(&service, &[entry(&service, "f", 1, &home)]).await;
    assert_eq!(join(&service).await.joined, 1);
    deliver(&service, &[entry(&service, "s", 2, &home)]).await;
    assert_eq!(join(&service).await.joined, 1, "its own transaction went through: around us");
    assert_eq!((leaves(&service).await, granted(&service, &id).await), (size, 0));
    let shown = show(&service, &id).await;
    assert_eq!((&shown["standing"], shown["log_ids"].as_array().unwrap().len()), (&json!("open"), 2));
}

#[tokio::test]
async fn a_factor_that_was_there_before_vouches_in_whichever_order_the_log_comes() {
    for order in [[0, 1], [1, 0]] {
        let service = TestApp::start(|_| {}).await;
        let mut strange = abroad("auth0|anna");
        let id = sign_in(&service, &mut strange, 1).await;
        let mut login = entry(&service, "s", 2, &strange);
        login["details"]["prompts"] = json!([{"name": "mfa", "performed_amr": ["mfa"]}]);
        let entries = [factor(&service, "gd_auth_succeed", 1, &strange), login];
        for at in order {
            deliver(&service, &entries[at..=at]).await;
            join(&service).await;
        }
        assert_eq!(
            (granted(&service, &id).await, show(&service, &id).await["standing"].clone()),
            (1_000, json!("passed"))
        );
        assert_eq!(show(&service, &id).await["log_ids"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_factor_passed_elsewhere_vouches_for_nothing() {
    let service = TestApp::start(|_| {}).await;
    let mut strange = abroad("auth0|anna");
    let id = sign_in(&service, &mut strange, 1).await;
    let passed = factor(&service, "gd_auth_succeed", 1, &strange);
    deliver(&service, &[passed, entry(&service, "s", 2, &strange)]).await;
    join(&service).await;
    assert_eq!(granted(&service, &id).await, 150, "the sign-in itself shows no second factor");
    let mut in_session = factor(&service, "gd_auth_succeed", 3, &strange);
    in_session["details"]["session_id"] = strange["session"]["id"].clone();
    deliver(&service, &[in_session]).await;
    join(&service).await;
    assert_eq!(granted(&service, &id).await, 1_000, "this one is of the same session");
}

#[tokio::test]
async fn a_factor_that_the_log_says_was_enrolled_is_new_again() {
    for (is_told, expected) in [(false, 1_000), (true, 150)] {
        let service = TestApp::start(|_| {}).await;
        let mut home = at_home("auth0|anna");
        for number in 1..=12 {
            sign_in(&service, &mut home, number).await;
            deliver(&service, &[entry(&service, "s", number, &home)]).await;
            join(&service).await;
            service.clock.advance(DAY);
        }
        if is_told {
            deliver(&service, &[factor(&service, "gd_enrollment_complete", 20, &home)]).await;
            join(&service).await;
            service.clock.advance(MINUTE);
        }
        let mut strange = abroad("auth0|anna");
        let id = sign_in(&service, &mut strange, 21).await;
        let mut passed = factor(&service, "gd_auth_succeed", 22, &strange);
        passed["details"]["session_id"] = strange["session"]["id"].clone();
        deliver(&service, &[passed]).await;
        join(&service).await;
        assert_eq!(granted(&service, &id).await, expected);
    }
}

#[tokio::test]
async fn a_rejected_push_counts_against_the_sign_in() {
    let service = TestApp::start(|_| {}).await;
    let mut home = at_home("auth0|anna");
    let id = sign_in(&service, &mut home, 1).await;
    let mut rejected = factor(&service, "gd_auth_rejected", 1, &home);
    rejected["details"]["session_id"] = home["session"]["id"].clone();
    deliver(&service, &[rejected, entry(&service, "s", 2, &home)]).await;
    join(&service).await;
    assert_eq!(granted(&service, &id).await, 0);
    assert_eq!(show(&service, &id).await["standing"], "failed");
}

#[tokio::test]
async fn what_was_joined_counts_once_after_a_restart_and_a_second_run() {
    let service = TestApp::start(|_| {}).await;
    let mut home = at_home("auth0|anna");
    let id = sign_in(&service, &mut home, 1).await;
    let entries = [entry(&service, "fp", 1, &home), entry(&service, "s", 2, &home)];
    deliver(&service, &entries).await;
    assert_eq!(join(&service).await.joined, 1);
    let risk = service.decide(&at_another_time(&home)).await.json["risk"].clone();
    let size = leaves(&service).await;
    let document = service.tenant().policy().document().clone();
    let service = service.reopen(document).await;
    deliver(&service, &entries).await;
    assert_eq!(join(&service).await, Joined::default());
    assert_eq!((leaves(&service).await, granted(&service, &id).await), (size, 1_000));
    // As if the outcomes had been told and the process had ended before it could note so.
    if !service.store.is_shared() {
        let raw = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
        raw.execute_batch("UPDATE join_states SET seq = 1; DELETE FROM joins").unwrap();
        assert_eq!(join(&service).await.joined, 1);
        assert_eq!(leaves(&service).await, size);
    }
    service.app.build_crowd(&service.tenant()).await.unwrap();
    assert_eq!(service.decide(&at_another_time(&home)).await.json["risk"], risk);
}

#[tokio::test]
async fn what_happened_before_the_first_decision_teaches_nothing() {
    let service = TestApp::start(|_| {}).await;
    let mut home = at_home("auth0|anna");
    let old = [entry(&service, "fp", 1, &home), entry(&service, "s", 2, &home)];
    deliver(&service, &old).await;
    assert_eq!(join(&service).await, Joined { entries: 2, joined: 0, bypassed: 0 });
    service.clock.advance(MINUTE);
    sign_in(&service, &mut home, 1).await;
    let mut late = entry(&service, "fp", 3, &home);
    late["date"] = old[0]["date"].clone();
    let size = leaves(&service).await;
    deliver(&service, &[late]).await;
    join(&service).await;
    assert_eq!(leaves(&service).await, size);
}

#[tokio::test]
async fn what_comes_days_late_is_passed_over_and_is_no_way_around_us() {
    let service = TestApp::start(|_| {}).await;
    let mut home = at_home("auth0|anna");
    let ids = [sign_in(&service, &mut home, 1).await, sign_in(&service, &mut home.clone(), 2).await];
    let late = entry(&service, "s", 1, &home);
    service.clock.advance(3 * DAY);
    sign_in(&service, &mut at_home("auth0|ben"), 3).await;
    deliver(&service, &[late]).await;
    assert_eq!(join(&service).await, Joined { entries: 1, joined: 0, bypassed: 0 });
    for id in ids {
        assert_eq!(show(&service, &id).await["standing"], "open");
    }
}

#[tokio::test]
async fn wrong_passwords_do_what_they_do_when_an_action_tells_of_them_and_are_bounded() {
    let (by_log, told) = (TestApp::start(|_| {}).await, TestApp::start(|_| {}).await);
    let mut home = at_home("auth0|anna");
    for service in [&by_log, &told] {
        sign_in(service, &mut home, 1).await;
    }
    let failures: Vec<Value> = (0..100).map(|n| entry(&by_log, "fp", n, &home)).collect();
    let size = leaves(&by_log).await;
    deliver(&by_log, &failures).await;
    join(&by_log).await;
    assert_eq!(leaves(&by_log).await, size + 16);
    for _ in 0..16 {
        told.outcome(&json!({"kind": "login_failed", "user_id": "auth0|anna"})).await;
    }
    let risk = by_log.decide(&home).await.json["risk"].clone();
    assert_eq!(risk, told.decide(&home).await.json["risk"]);
}

/// Alerts of sign-ins without a decision: how many findings each has, and its incident.
async fn alerts(service: &TestApp) -> Vec<(u32, Option<String>)> {
    let filter =
        AlertFilter { detector: Some("login_without_decision".to_owned()), ..AlertFilter::default() };
    let mut all = Vec::new();
    for row in service.app.alerts(&service.tenant(), filter, 100).await.unwrap() {
        let body = service.app.open_alert(&service.tenant(), &row).await.unwrap().unwrap();
        assert_eq!(body.entity.name, TENANT);
        all.push((body.findings, row.incident));
    }
    all
}

/// Signs in `decided` people with a decision and `around` without, all in the log.
async fn mixed(service: &TestApp, from: u32, (decided, around): (u32, u32)) {
    let mut entries = Vec::new();
    for number in from..from + decided {
        let mut event = at_home(&format!("auth0|{number}"));
        sign_in(service, &mut event, number).await;
        entries.push(entry(service, "s", number, &event));
    }
    for number in from + decided..from + decided + around {
        entries.push(entry(service, "s", number, &at_home(&format!("auth0|{number}"))));
    }
    deliver(service, &entries).await;
    join(service).await;
}

#[tokio::test]
async fn sign_ins_that_go_around_us_are_counted_and_raised_after_a_grace_of_ten_minutes() {
    let service = TestApp::start(|_| {}).await;
    mixed(&service, 0, (20, 6)).await;
    service.clock.advance(9 * MINUTE);
    assert_eq!(join(&service).await.bypassed, 0, "their decisions may be on their way");
    service.clock.advance(2 * MINUTE);
    assert_eq!(join(&service).await.bypassed, 6);
    let first = alerts(&service).await;
    let [(6, Some(incident))] = first.as_slice() else { panic!("{first:?}") };
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains(r#"countersign_log_joins_total{how="none"} 6"#), "{metrics}");
    let shown = service.get(&format!("/v1/incidents/{TENANT}/{incident}")).await.json;
    assert_eq!(shown["members"][0]["title"], "Sign-ins that nobody decided about", "{shown}");
    service.clock.advance(60 * MINUTE);
    mixed(&service, 100, (20, 7)).await;
    service.clock.advance(11 * MINUTE);
    assert_eq!(join(&service).await.bypassed, 7);
    assert_eq!(
        alerts(&service).await,
        [(7, Some(incident.clone()))],
        "the next hour makes the same one grow"
    );
    service.clock.advance(DAY);
    mixed(&service, 200, (20, 8)).await;
    service.clock.advance(11 * MINUTE);
    join(&service).await;
    assert_eq!(alerts(&service).await.len(), 2, "the next day is another one");
}

#[tokio::test]
async fn a_replay_takes_no_alert_about_sign_ins_without_a_decision_back() {
    let service = TestApp::start(|_| {}).await;
    mixed(&service, 0, (20, 6)).await;
    service.clock.advance(11 * MINUTE);
    join(&service).await;
    let found = alerts(&service).await;
    let (tenant, lead) = (service.tenant(), service.lead().await);
    while service.app.watch_next(&tenant, &lead).await.unwrap().entries > 0 {}
    let mut late = entry(&service, "s", 900, &at_home("auth0|late"));
    late["date"] = json!("2026-08-20T00:00:00Z");
    deliver(&service, &[late]).await;
    assert!(service.app.watch_next(&tenant, &lead).await.unwrap().is_late);
    service.app.replay_late(&tenant, &lead).await.unwrap();
    assert_eq!((alerts(&service).await, found.len()), (found, 1));
}

#[tokio::test]
async fn a_few_among_many_are_a_norm_and_where_nothing_is_decided_none_are_due() {
    let service = TestApp::start(|_| {}).await;
    mixed(&service, 0, (20, 4)).await;
    service.clock.advance(11 * MINUTE);
    assert_eq!(join(&service).await.bypassed, 4);
    assert_eq!(alerts(&service).await, []);
    service.app.switch(&service.permit(Action::SetSwitches).await, Trigger::PostLogin, true).await.unwrap();
    service.clock.advance(60 * MINUTE);
    mixed(&service, 100, (0, 20)).await;
    service.clock.advance(11 * MINUTE);
    assert_eq!(join(&service).await.bypassed, 0);
    assert_eq!(alerts(&service).await, []);
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains(r#"countersign_log_joins_total{how="exempt"} 20"#), "{metrics}");
}
