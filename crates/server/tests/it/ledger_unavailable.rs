//! A ledger that can't be written: no decision, no effects, and a gap that is told afterwards.

use countersign_app::access::Within;
use std::time::Duration;

use countersign_app::DecisionFilter;
use countersign_core::Mode;
use countersign_rights::Action;
use countersign_testkit::{Answer, Signing, TENANT, TestApp, high_risk, post_login};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::world::{bare, check_problem, complete, count_decisions, id_of};

/// Takes the write lock of a database file and holds it.
fn lock(service: &TestApp, file: &str) -> Connection {
    let connection = Connection::open(service.folder().join(file)).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

async fn health(service: &TestApp) -> (u16, Value) {
    let answer = service.send(bare("GET", "/health")).await;
    (answer.status, answer.json["status"].clone())
}

fn check_refused(answer: &Answer) {
    check_problem(answer, 503, "ledger_unavailable");
    assert!(answer.json.get("effects").is_none() && answer.json.get("decision_id").is_none());
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(answer.headers.contains_key("countersign-signature"));
}

/// Leaves of the ledger, as text.
fn leaves(service: &TestApp) -> Vec<Value> {
    let connection = Connection::open(service.folder().join("countersign.db")).unwrap();
    let all = "SELECT leaf FROM records WHERE ledger = (SELECT number FROM ledgers WHERE tenant_id = ?1) ORDER BY place";
    let mut statement = connection.prepare(all).unwrap();
    let rows = statement.query_map([TENANT], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    rows.map(|leaf| serde_json::from_slice(&leaf.unwrap()).unwrap()).collect()
}

fn of_kind(service: &TestApp, kind: &str) -> Vec<Value> {
    leaves(service).into_iter().filter(|leaf| leaf["kind"] == kind).collect()
}

#[tokio::test]
async fn without_a_leaf_there_is_no_decision_and_the_gap_is_told_once() {
    let service = TestApp::start(|document| document.tenant.mode = Some(Mode::Enforce)).await;
    id_of(&service.decide(&high_risk()).await);
    let held = lock(&service, "countersign.db");
    let budget = Duration::from_millis(400);
    let answer = tokio::time::timeout(budget, service.decide(&high_risk())).await;
    check_refused(&answer.expect("answered within the ledger's budget and some time to spare"));
    assert_eq!(health(&service).await, (503, json!("ledger_unavailable")));
    let first = service.signing().timestamp;
    service.clock.advance(Duration::from_secs(5));
    check_refused(&service.decide(&post_login()).await);
    check_refused(&service.decide(&post_login()).await);
    let tenant = service.tenant();
    assert!(service.app.record_gap(&tenant).await.is_err(), "it can't be told yet");
    assert_eq!(health(&service).await.0, 503);
    drop(held);
    service.app.record_gap(&tenant).await.unwrap();
    service.app.record_gap(&tenant).await.unwrap();
    assert_eq!(health(&service).await, (200, json!("ok")));
    let gaps = of_kind(&service, "gap");
    assert_eq!(gaps.len(), 1);
    let at = countersign_core::Timestamp::from_seconds;
    assert_eq!(
        gaps[0]["facts"],
        json!({ "count": "3", "first": at(first).to_string(), "last": at(first + 5).to_string() })
    );
    id_of(&service.decide(&high_risk()).await);
    assert_eq!(count_decisions(&service, TENANT).await, 2);
    service.app.audit(&tenant).await.unwrap();
}

#[tokio::test]
async fn without_the_keys_of_people_there_is_no_decision_about_a_new_one() {
    let service = TestApp::start(|_| {}).await;
    id_of(&service.decide(&post_login()).await);
    let held = lock(&service, "subject-keys.db");
    let mut stranger = post_login();
    stranger["user"]["user_id"] = json!("auth0|never-seen");
    check_refused(&service.decide(&stranger).await);
    id_of(&service.decide(&post_login()).await);
    drop(held);
    id_of(&service.decide(&stranger).await);
    assert_eq!(count_decisions(&service, TENANT).await, 3);
}

#[tokio::test]
async fn an_outcome_that_can_not_be_recorded_is_refused_and_may_be_told_again() {
    let service = TestApp::start(|_| {}).await;
    let id = id_of(&service.decide(&post_login()).await);
    let held = lock(&service, "countersign.db");
    let outcome = json!({ "kind": "completed", "decision_id": id });
    check_problem(&service.outcome(&outcome).await, 503, "unavailable");
    drop(held);
    complete(&service, &id).await;
}

#[tokio::test]
async fn the_kill_switch_acts_even_when_it_can_not_be_recorded() {
    let service = TestApp::start(|document| document.tenant.mode = Some(Mode::Enforce)).await;
    let held = lock(&service, "countersign.db");
    let path = "/v1/switches/example-tenant/post-login";
    check_problem(&service.operate("PUT", path, &json!({ "off": true })).await, 503, "unavailable");
    let answer = service.decide(&high_risk()).await;
    assert_eq!((answer.status, &answer.json["mode"]), (200, &json!("off")));
    drop(held);
}

/// A deadline whose budget ends while the writer still waits for the lock.
async fn decide_in_a_hurry(service: &TestApp, id: &str) -> Answer {
    let mut body = TestApp::question(&post_login());
    body["deadline_ms"] = json!(60);
    let signing = Signing { id: id.to_owned(), ..service.signing() };
    service.signed("/v1/decisions", body.to_string().into_bytes(), signing).await
}

/// Polls until the writer has nothing in hand: its next commit is answered.
async fn settle(service: &TestApp) {
    let outcome = json!({ "kind": "login_failed", "user_id": "auth0|somebody-else" });
    while service.outcome(&outcome).await.status != 200 {}
}

/// Tells of all gaps, those too that the writer has yet to own up to.
async fn record_gaps(service: &TestApp) {
    while !service.app.is_recording() {
        service.app.record_gap(&service.tenant()).await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_commit_after_the_budget_is_one_leaf_and_never_two() {
    let service = TestApp::start(|_| {}).await;
    // The lock must go before the writer gives up on it; on a machine that stalls that long, try again.
    for attempt in 0..20 {
        let known = count_decisions(&service, TENANT).await;
        record_gaps(&service).await;
        let told = of_kind(&service, "gap").len();
        let id = format!("msg_late_{attempt}");
        let held = lock(&service, "countersign.db");
        check_refused(&decide_in_a_hurry(&service, &id).await);
        drop(held);
        settle(&service).await;
        let recorded = count_decisions(&service, TENANT).await - known;
        if recorded == 0 {
            continue;
        }
        assert_eq!(recorded, 1);
        // It is a leaf and so no gap, and as nobody was told of it, silence must teach nothing.
        record_gaps(&service).await;
        assert_eq!(of_kind(&service, "gap").len(), told);
        let rows = service
            .app
            .decisions(Within::all(&service.tenant()), DecisionFilter::default(), 1)
            .await
            .unwrap();
        assert!(rows[0].decision.is_censored);
        let again = decide_in_a_hurry(&service, &id).await;
        check_problem(&again, 409, "request.replayed");
        // Nor after a restart, when only the database remembers.
        let service = service.reopen(countersign_policy::Document::default()).await;
        check_problem(&decide_in_a_hurry(&service, &id).await, 409, "request.replayed");
        assert_eq!(count_decisions(&service, TENANT).await, known + 1);
        let rows = service
            .app
            .decisions(Within::all(&service.tenant()), DecisionFilter::default(), 100)
            .await
            .unwrap();
        assert_eq!(of_kind(&service, "decision").len(), rows.len());
        service.app.audit(&service.tenant()).await.unwrap();
        return;
    }
    panic!("the writer gave up on the lock each time");
}

#[tokio::test]
async fn a_commit_that_was_not_begun_in_its_time_is_never_begun() {
    let service = TestApp::start(|_| {}).await;
    let held = lock(&service, "countersign.db");
    let (refused, ()) = tokio::join!(decide_in_a_hurry(&service, "msg_late"), async {
        service.clock.advance(Duration::from_millis(500));
    });
    check_refused(&refused);
    drop(held);
    settle(&service).await;
    assert_eq!(count_decisions(&service, TENANT).await, 0);
    record_gaps(&service).await;
    assert_eq!(of_kind(&service, "gap")[0]["facts"]["count"], "1");
}

#[tokio::test]
async fn the_key_of_a_new_person_is_made_within_the_budget_too() {
    let service = TestApp::start(|_| {}).await;
    // The writer waits for the lock longer than this; on a machine that stalls, try again.
    for attempt in 0..20 {
        let held = lock(&service, "subject-keys.db");
        let mut stranger = TestApp::question(&post_login());
        stranger["event"]["user"]["user_id"] = json!(format!("auth0|never-seen-{attempt}"));
        stranger["deadline_ms"] = json!(60);
        let body = stranger.to_string().into_bytes();
        let asked = service.signed("/v1/decisions", body, service.signing());
        let answer = tokio::time::timeout(Duration::from_millis(90), asked).await;
        drop(held);
        if let Ok(answer) = answer {
            check_refused(&answer);
            record_gaps(&service).await;
            assert_eq!(of_kind(&service, "gap").len(), 1);
            return;
        }
    }
    panic!("the answer took as long as the lock each time");
}

#[tokio::test]
async fn silence_about_a_decision_that_nobody_was_told_of_teaches_nothing() {
    let service = TestApp::start(|_| {}).await;
    service.decide(&post_login()).await;
    let tenant = service.tenant();
    let rows = service.app.decisions(Within::all(&tenant), DecisionFilter::default(), 1).await.unwrap();
    assert!(!rows[0].decision.is_censored);
    let raw = Connection::open(service.folder().join("countersign.db")).unwrap();
    raw.execute_batch("DROP TRIGGER records_are_not_updated").unwrap();
    let censor = "UPDATE records SET is_censored = 1 WHERE is_censored = 0";
    assert_eq!(raw.execute(censor, []).unwrap(), 1);
    service.clock.advance(Duration::from_secs(86_400));
    while service.app.count_silence(&tenant, &service.lead().await).await.unwrap() > 0 {}
    let nobody = crate::world::risk_of_nobody(&service, &post_login()).await;
    assert_eq!(service.decide(&post_login()).await.json["risk"], nobody);
}

#[tokio::test]
async fn of_two_opposite_switches_the_last_here_is_the_last_on_disk() {
    let service = TestApp::start(|_| {}).await;
    let (app, tenant) = (&service.app, service.permit(Action::SetSwitches).await);
    let trigger = countersign_core::Trigger::PostLogin;
    let held = lock(&service, "countersign.db");
    let (off, on, ()) =
        tokio::join!(app.switch(&tenant, trigger, true), app.switch(&tenant, trigger, false), async {
            assert!(tenant.is_off(trigger), "the second waits until the first is on disk");
        },);
    drop((off, on, held));
    app.switch(&tenant, trigger, true).await.unwrap();
    assert!(tenant.is_off(trigger));
}
