//! Services beside each other over one PostgreSQL, each as a process of its own, and the other tests over it.

use std::{process::Command, time::Duration};

use axum::{body::Body, http::Request};
use countersign_app::{App, Kept};
use countersign_policy::{Document, Snapshot};
use countersign_rights::Action;
use countersign_testkit::{
    Answer, Databases, HOST, Signing, TENANT, TestApp, post_login,
    postgres::{STORE_VARIABLE, shared, start},
};
use serde_json::{Value, json};

use crate::world::{at_home, check_problem, complete, id_of};

/// What is asked of a service whatever holds its data.
const SUITES: &[&str] = &[
    "decide::",
    "outcomes::",
    "learning::",
    "erasure::",
    "policies::",
    "models::",
    "short_form::",
    "retention::",
    "receipts::",
];

/// Of these, the ones that look into SQLite's files, or demand an answer sooner than another process gives it.
const OF_FILES: &[&str] = &[
    "the_short_form_never_feeds_a_history",
    "a_record_that_can_not_be_read_is_told_and_the_others_are_compared",
    "an_attached_model_that_can_not_be_read_keeps_no_service_from_starting",
    "a_champion_is_taken_back_though_the_others_can_no_longer_be_read",
    "a_key_whose_log_could_not_be_emptied_is_forgotten_all_the_same",
    "an_erasure_names_one_person_of_a_known_tenant",
    "an_erasure_that_could_not_be_finished_is_finished_at_the_next_start",
    "an_old_copy_of_the_keys_brings_nobody_back",
    "no_file_holds_the_key_or_a_word_about_the_person",
    "sign_ins_from_while_the_clock_ran_ahead_hold_up_no_silence_and_teach_none",
    "the_erasure_is_a_leaf_that_names_nobody",
    "the_short_form_never_feeds_a_history",
    "the_shortest_deadline_that_is_taken_can_be_met",
];

/// How many tests there are to be done at least: a filter that finds none would prove nothing.
const LEAST: u32 = 45;

/// Two services over the same databases; `None` when PostgreSQL is not installed.
async fn two() -> Option<(TestApp, TestApp)> {
    let one = TestApp::start_on_postgres(|_| {}).await?;
    let other = one.beside().await;
    Some((one, other))
}

#[test]
fn the_other_tests_hold_over_postgres() {
    if shared().is_none() {
        return;
    }
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(SUITES).env(STORE_VARIABLE, "postgres").env("RUST_BACKTRACE", "0");
    for name in OF_FILES {
        tests.args(["--skip", name]);
    }
    let output = tests.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    let passed = told.lines().find_map(|line| line.strip_prefix("test result: ok. ")).unwrap();
    let passed: u32 = passed.split_once(' ').unwrap().0.parse().unwrap();
    assert!(passed >= LEAST, "only {passed} were done");
}

#[tokio::test]
async fn a_request_that_one_answered_is_refused_by_the_other_and_after_a_restart() {
    let Some((one, other)) = two().await else { return };
    let question = TestApp::question(&post_login()).to_string().into_bytes();
    let again = |id: &str| Signing { id: id.to_owned(), ..one.signing() };
    assert_eq!(one.signed("/v1/decisions", question.clone(), again("msg_1")).await.status, 200);
    check_problem(
        &other.signed("/v1/decisions", question.clone(), again("msg_1")).await,
        409,
        "request.replayed",
    );
    assert_eq!(other.signed("/v1/decisions", question.clone(), again("msg_2")).await.status, 200);
    let third = one.beside().await;
    for id in ["msg_1", "msg_2"] {
        let answer = third.signed("/v1/decisions", question.clone(), again(id)).await;
        check_problem(&answer, 409, "request.replayed");
    }
    one.app.audit(&one.tenant()).await.unwrap();
}

#[tokio::test]
async fn decisions_say_when_nobody_looked_at_what_holds_for_five_seconds() {
    let Some((one, other)) = two().await else { return };
    let degraded = async |service: &TestApp| service.decide(&post_login()).await.json["degraded"].clone();
    assert_eq!(degraded(&one).await, json!([]));
    one.clock.advance(Duration::from_millis(5_001));
    assert_eq!(degraded(&one).await, json!(["policy_stale"]));
    one.app.refresh(&one.tenant()).await.unwrap();
    assert_eq!((degraded(&one).await, degraded(&other).await), (json!([]), json!(["policy_stale"])));
    // A look that failed half-way confirms nothing.
    other.databases().records("ALTER TABLE countersign.policies RENAME TO elsewhere");
    assert!(other.app.refresh(&other.tenant()).await.is_err());
    assert_eq!(degraded(&other).await, json!(["policy_stale"]));
    other.databases().records("ALTER TABLE countersign.elsewhere RENAME TO policies");
    other.app.refresh(&other.tenant()).await.unwrap();
    assert_eq!(degraded(&other).await, json!([]));
}

async fn quick(service: &TestApp, path: &str) -> Answer {
    let form = json!({ "email": "sales@example.com", "ip": "203.0.113.24", "user_agent": "Mozilla/5.0" });
    let request = Request::post(path).header("host", HOST).body(Body::from(form.to_string())).unwrap();
    service.send(request).await
}

#[tokio::test]
async fn a_policy_that_can_not_be_read_hides_no_switch_token_or_erasure() {
    let Some((one, other)) = two().await else { return };
    let made = one.operate("POST", "/v1/risk-tokens/example-tenant", &json!({})).await.json;
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let tenant = other.tenant();
    other.app.refresh(&tenant).await.unwrap();
    assert_eq!(quick(&other, &text("path")).await.status, 200);
    id_of(&other.decide(&at_home("auth0|anna")).await);
    let revoked =
        one.operate("DELETE", &format!("/v1/risk-tokens/example-tenant/{}", text("id")), &json!({})).await;
    assert_eq!(revoked.status, 200);
    one.app
        .switch(&one.permit(Action::SetSwitches).await, countersign_core::Trigger::PostChangePassword, true)
        .await
        .unwrap();
    assert!(
        one.app
            .erase(&one.permit(Action::ErasePeople).await, &App::subject(&tenant, "auth0|anna"))
            .await
            .unwrap()
    );
    // As a newer version may have written it.
    let newer = "INSERT INTO countersign.policies SELECT tenant_id, 1 + max(version), 'e', '{\"of\": \"tomorrow\"}', 0
                 FROM countersign.policies WHERE tenant_id = 'example-tenant' GROUP BY tenant_id";
    other.databases().records(newer);
    let refused = other.app.refresh(&tenant).await.unwrap_err();
    assert_eq!(refused.code(), "policy.unreadable");
    check_problem(&quick(&other, &text("path")).await, 401, "token.unknown");
    assert!(tenant.is_off(countersign_core::Trigger::PostChangePassword));
    // The text of a token that was made is told this once.
    let made = other.operate("POST", "/v1/risk-tokens/example-tenant", &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.json);
    assert_eq!(quick(&other, made.json["path"].as_str().unwrap()).await.status, 200);
    let anew = id_of(&other.decide(&at_home("auth0|anna")).await);
    assert_eq!(one.get(&format!("/v1/decisions/{anew}?tenant={TENANT}")).await.status, 200);
}

#[tokio::test]
async fn whose_change_came_second_has_what_holds_at_once() {
    let Some((one, other)) = two().await else { return };
    let there = other.tenant();
    let mut document = Document::default();
    document.tenant.mode = Some(countersign_core::Mode::Advisory);
    let policy = Snapshot::new(document).unwrap();
    assert_eq!(
        one.app.apply_policy(&one.permit(Action::ApplyPolicies).await, policy.clone(), 1).await.unwrap(),
        2
    );
    assert_eq!(there.policy_version(), 1, "nobody looked");
    let refused =
        other.app.apply_policy(&other.permit(Action::ApplyPolicies).await, policy, 1).await.unwrap_err();
    assert_eq!((refused.code(), there.policy_version()), ("policy.changed", 2));
    let (id, path) = {
        let made = one.app.make_risk_token(&one.permit(Action::ChangeTokens).await).await.unwrap();
        (made.0, format!("/risk/{}", made.1.expose()))
    };
    other.app.refresh(&there).await.unwrap();
    assert_eq!(quick(&other, &path).await.status, 200);
    one.app.revoke_risk_token(&one.permit(Action::ChangeTokens).await, &id).await.unwrap();
    assert_eq!(quick(&other, &path).await.status, 200, "nobody looked");
    assert_eq!(
        other.app.revoke_risk_token(&other.permit(Action::ChangeTokens).await, &id).await.unwrap_err().code(),
        "not_found"
    );
    check_problem(&quick(&other, &path).await, 401, "token.unknown");
}

#[tokio::test]
async fn a_person_erased_elsewhere_is_met_anew_however_long_nobody_looked() {
    let Some((one, other)) = two().await else { return };
    let event = at_home("auth0|anna");
    let path = |id: &str| format!("/v1/decisions/{id}?tenant={TENANT}");
    let before = id_of(&other.decide(&event).await);
    complete(&other, &before).await;
    let subject = App::subject(&one.tenant(), "auth0|anna");
    assert!(one.app.erase(&one.permit(Action::ErasePeople).await, &subject).await.unwrap());
    // Whatever is sealed until the other looks is under a key that nobody has: it opens nowhere.
    let between = id_of(&other.decide(&event).await);
    one.clock.advance(Duration::from_secs(45 * 60));
    for service in [&one, &other] {
        service.app.refresh(&service.tenant()).await.unwrap();
    }
    let answer = other.decide(&event).await;
    assert_eq!(answer.json["degraded"], json!([]));
    let after = id_of(&answer);
    for service in [&one, &other] {
        for (id, status) in [(&before, 410), (&between, 410), (&after, 200)] {
            assert_eq!(service.get(&path(id)).await.status, status, "{id}");
        }
    }
    complete(&other, &after).await;
    complete(&one, &id_of(&one.decide(&event).await)).await;
    assert_eq!(one.decide(&event).await.json["degraded"], json!([]));
    one.app.audit(&one.tenant()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_that_is_held_up_costs_a_decision_its_history_and_no_more() {
    let Some((service, other)) = two().await else { return };
    complete(&service, &id_of(&service.decide(&post_login()).await)).await;
    let held = std::thread::spawn(move || {
        let hold = "BEGIN; LOCK TABLE countersign.profiles IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3)";
        other.databases().records(hold)
    });
    let held_up = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let answer =
                tokio::time::timeout(Duration::from_millis(900), service.decide(&post_login())).await;
            let answer = answer.expect("a look at the lock would take a second");
            if answer.json["degraded"] == json!(["history_unavailable"]) {
                return answer;
            }
        }
    });
    id_of(&held_up.await.unwrap());
    held.join().unwrap();
    assert_eq!(service.decide(&post_login()).await.json["degraded"], json!([]));
}

#[tokio::test]
async fn who_lost_the_lead_does_none_of_its_jobs() {
    let Some((one, other)) = two().await else { return };
    let (here, there) = (one.tenant(), other.tenant());
    let lost = one.lead().await;
    assert!(other.app.lead(&there).await.unwrap().is_none());
    let old = id_of(&one.decide(&post_login()).await);
    one.clock.advance(Duration::from_secs(10 * 86_400));
    // One is held up for so long that its lease ends, which it can't know, between its look and what it does.
    one.databases().records("UPDATE countersign.leases SET expires_at = 0");
    let lead = other.lead().await;
    let heads = "SELECT tenant_id, encode(frontier, 'hex') FROM countersign.ledgers ORDER BY tenant_id";
    let before = one.databases().records(heads);
    for is_known in [false, true] {
        if is_known {
            assert!(one.app.lead(&here).await.unwrap().is_none());
        }
        one.app.sign_next_checkpoint(&here, &lost).await.unwrap();
        assert_eq!(one.app.count_silence(&here, &lost).await.unwrap(), 0);
        for kept in Kept::ALL {
            assert_eq!(one.app.retain(&here, &lost, kept, 7).await.unwrap(), 0);
        }
        one.app.forget_requests(&here, &lost).await.unwrap();
    }
    let signed = "SELECT count(*) FROM countersign.checkpoints WHERE tenant_id = 'example-tenant'";
    let requests = "SELECT count(*) FROM countersign.requests";
    assert_eq!(
        (one.databases().records(signed).as_str(), one.databases().records(requests).as_str()),
        ("0", "1")
    );
    assert_eq!(one.databases().records(heads), before, "no leaf was written");
    assert!(!one.folder().join("example-tenant.checkpoint").exists());
    other.app.sign_next_checkpoint(&there, &lead).await.unwrap();
    assert_eq!(one.databases().records(signed), "1");
    assert!(other.app.count_silence(&there, &lead).await.unwrap() > 0);
    assert!(other.app.retain(&there, &lead, Kept::Decisions, 7).await.unwrap() > 0);
    assert_eq!(one.get(&format!("/v1/decisions/{old}?tenant={TENANT}")).await.status, 410);
    other.app.resign(&there).await.unwrap();
    assert!(one.app.lead(&here).await.unwrap().is_some(), "given back, it is taken at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_whose_commit_was_never_answered_is_a_leaf_or_a_gap_and_never_both() {
    // Leaked, as the server of the other tests is: it ends with this process.
    let Some(server) = start().map(|server| &*Box::leak(Box::new(server))) else { return };
    let service = TestApp::start_over(Databases::on(server), |_| {}).await;
    let (tenant, databases) = (service.tenant(), service.databases());
    id_of(&service.decide(&post_login()).await);
    // A commit is done and then waits for a standby that is not there; its connection ends before it is answered.
    databases.records("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    databases.records("SELECT pg_reload_conf()");
    let mut answered = 1;
    while service.decide(&post_login()).await.status == 200 {
        answered += 1;
    }
    assert!(!service.app.is_recording());
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    while databases.records(end) != "1" {}
    databases.records("ALTER SYSTEM RESET synchronous_standby_names");
    databases.records("SELECT pg_reload_conf()");
    let settled = tokio::time::timeout(Duration::from_secs(30), async {
        while !service.app.is_recording() {
            // It may be that the connection's end is not heard of yet.
            drop(service.app.record_gap(&tenant).await);
            tokio::task::yield_now().await;
        }
    });
    settled.await.unwrap();
    let count = |sql: &str| databases.records(sql).parse::<u32>().unwrap();
    assert_eq!(count("SELECT count(*) FROM countersign.records WHERE verdict IS NOT NULL"), answered + 1);
    assert_eq!(count("SELECT count(*) FROM countersign.standings WHERE is_unanswered = 1"), 1);
    let gaps =
        "SELECT count(*) FROM countersign.records WHERE convert_from(leaf, 'UTF8')::json ->> 'kind' = 'gap'";
    assert_eq!(count(gaps), 0, "what is on record was not lost");
    let report: Value = json!(service.app.audit(&tenant).await.unwrap().size);
    assert!(report.as_u64().unwrap() > u64::from(answered));
}
