//! Erasure: nothing about the person can be read any more, and every proof still holds.

use std::time::Duration;

use countersign_app::App;
use countersign_ledger::receipt::Receipt;
use countersign_rights::Action;
use countersign_testkit::{TENANT, TestApp};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::world::{at_home, check_problem, complete, id_of, risk_of_nobody, show};

const ANNA: &str = "auth0|anna-who-is-erased";

async fn erase(service: &TestApp, user_id: &str) -> bool {
    let tenant = service.tenant();
    service
        .app
        .erase(&service.permit(Action::ErasePeople).await, &App::subject(&tenant, user_id))
        .await
        .unwrap()
}

/// A person with a history; the ids of their decisions.
async fn live(service: &TestApp, user_id: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..5 {
        let id = id_of(&service.decide(&at_home(user_id)).await);
        complete(service, &id).await;
        ids.push(id);
    }
    service.outcome(&json!({ "kind": "login_failed", "user_id": user_id })).await;
    ids
}

/// Whether any file of the service holds these bytes.
fn files_hold(service: &TestApp, bytes: &[u8]) -> bool {
    service.files().iter().any(|file| {
        let content = std::fs::read(file).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

fn wrapped_keys(service: &TestApp, user_id: &str) -> Vec<Vec<u8>> {
    let subject = App::subject(&service.tenant(), user_id);
    let connection = Connection::open(service.folder().join("subject-keys.db")).unwrap();
    let mut statement = connection.prepare("SELECT wrapped FROM subject_keys WHERE subject_id = ?1").unwrap();
    let rows = statement.query_map([subject.as_str()], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn an_erased_person_s_decisions_are_gone_and_their_proofs_hold() {
    let service = TestApp::start(|_| {}).await;
    let ids = live(&service, ANNA).await;
    service.app.sign_checkpoint(&service.tenant()).await.unwrap();
    assert!(erase(&service, ANNA).await);
    let verifier = service.tenant().verifier();
    let mut service = service;
    for is_reopened in [false, true] {
        if is_reopened {
            service = service.reopen(countersign_policy::Document::default()).await;
        }
        for id in &ids {
            let path = format!("/v1/decisions/{id}");
            check_problem(&service.get(&format!("{path}?tenant={TENANT}")).await, 410, "subject.erased");
            let opened = service.open_receipt(id).await;
            check_problem(&opened, 410, "subject.erased");
            let receipt = service.get(&format!("{path}/receipt?tenant={TENANT}")).await;
            assert_eq!(receipt.status, 200);
            let verified = Receipt::from_json(&receipt.bytes).unwrap().verify(&verifier).unwrap();
            assert_eq!(&verified.leaf.id, id);
            let late = json!({ "kind": "challenge_failed", "decision_id": id });
            check_problem(&service.outcome(&late).await, 410, "subject.erased");
            let page = service.get(&format!("/decisions/{id}?tenant={TENANT}")).await;
            assert_eq!(page.status, 200, "the console says what is left");
            let page = String::from_utf8(page.bytes).unwrap();
            assert!(page.contains("erased") && !page.contains("203.0.113"), "{page}");
        }
        let listed = service.get(&format!("/v1/decisions?tenant={TENANT}")).await;
        for row in listed.json["decisions"].as_array().unwrap() {
            assert_eq!(row["subject"], Value::Null);
        }
        service.app.audit(&service.tenant()).await.unwrap();
    }
}

#[tokio::test]
async fn the_erasure_is_a_leaf_that_names_nobody() {
    let service = TestApp::start(|_| {}).await;
    live(&service, ANNA).await;
    let before = service.app.audit(&service.tenant()).await.unwrap().size;
    assert!(erase(&service, ANNA).await);
    assert_eq!(service.app.audit(&service.tenant()).await.unwrap().size, before + 1);
    let connection = Connection::open(service.folder().join("countersign.db")).unwrap();
    let last = "SELECT leaf FROM records JOIN ledgers ON number = ledger WHERE tenant_id = ?1 ORDER BY place DESC LIMIT 1";
    let leaf: Vec<u8> = connection.query_row(last, [TENANT], |row| row.get(0)).unwrap();
    let leaf = String::from_utf8(leaf).unwrap();
    assert!(leaf.contains("\"erasure\"") && !leaf.contains("sub_") && !leaf.contains("anna"), "{leaf}");
    assert!(!erase(&service, ANNA).await, "there is nothing left to erase");
    assert!(!erase(&service, "auth0|never-seen").await);
}

#[tokio::test]
async fn no_file_holds_the_key_or_a_word_about_the_person() {
    let service = TestApp::start(|_| {}).await;
    live(&service, ANNA).await;
    let keys = wrapped_keys(&service, ANNA);
    assert_eq!(keys.len(), 1);
    assert!(files_hold(&service, &keys[0]), "the key is there before");
    assert!(erase(&service, ANNA).await);
    let event = at_home(ANNA);
    let words = [&event["user"]["email"], &event["user"]["name"], &event["request"]["ip"]];
    for word in words.map(|word| word.as_str().unwrap()).into_iter().chain([ANNA]) {
        assert!(!files_hold(&service, word.as_bytes()), "{word}");
    }
    assert!(!files_hold(&service, &keys[0]), "the key is overwritten, in the log too");
    assert_eq!(wrapped_keys(&service, ANNA), Vec::<Vec<u8>>::new());
}

#[tokio::test]
async fn the_person_begins_afresh_and_nobody_else_is_touched() {
    let service = TestApp::start(|_| {}).await;
    let ben = live(&service, "auth0|ben").await;
    live(&service, ANNA).await;
    let (nobody, warm) =
        (risk_of_nobody(&service, &at_home(ANNA)).await, service.decide(&at_home(ANNA)).await);
    assert_ne!(warm.json["risk"], nobody);
    assert!(erase(&service, ANNA).await);
    let answer = service.decide(&at_home(ANNA)).await;
    let nobody = risk_of_nobody(&service, &at_home(ANNA)).await;
    assert_eq!(answer.json["risk"], nobody, "nothing is known of them, not even failures");
    let id = id_of(&answer);
    assert_eq!(show(&service, &id).await["decision_id"], id.as_str(), "and a new record opens");
    complete(&service, &id).await;
    let nobody = risk_of_nobody(&service, &at_home(ANNA)).await;
    assert_ne!(service.decide(&at_home(ANNA)).await.json["risk"], nobody, "and is learned from");
    assert_ne!(
        service.decide(&at_home("auth0|ben")).await.json["risk"],
        nobody,
        "others are known as before"
    );
    for id in ben {
        assert_eq!(show(&service, &id).await["standing"], "completed");
    }
}

#[tokio::test]
async fn silence_is_counted_past_an_erased_person() {
    let service = TestApp::start(|_| {}).await;
    service.decide(&at_home(ANNA)).await;
    let cold = service.decide(&at_home("auth0|ben")).await.json["risk"].clone();
    assert!(erase(&service, ANNA).await);
    service.decide(&at_home(ANNA)).await;
    service.clock.advance(Duration::from_secs(86_400));
    while service.app.count_silence(&service.tenant(), &service.lead().await).await.unwrap() > 0 {}
    assert_ne!(service.decide(&at_home("auth0|ben")).await.json["risk"], cold);
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test]
async fn an_operator_erases_while_the_service_runs() {
    let service = TestApp::start(|_| {}).await;
    let ids = live(&service, ANNA).await;
    let subject = App::subject(&service.tenant(), ANNA).to_string();
    let path = format!("/v1/erasures/{TENANT}");
    let answer = service.operate("POST", &path, &json!({ "user_id": ANNA })).await;
    assert_eq!((answer.status, &answer.json), (200, &json!({ "subject": subject, "erased": true })));
    let shown = service.get(&format!("/v1/decisions/{}?tenant={TENANT}", ids[0])).await;
    check_problem(&shown, 410, "subject.erased");
    let again = service.operate("POST", &path, &json!({ "subject": subject })).await;
    assert_eq!((again.status, &again.json), (200, &json!({ "subject": subject, "erased": false })));
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test]
async fn an_erasure_names_one_person_of_a_known_tenant() {
    let service = TestApp::start(|_| {}).await;
    live(&service, ANNA).await;
    let subject = App::subject(&service.tenant(), ANNA).to_string();
    let path = format!("/v1/erasures/{TENANT}");
    for body in [
        json!({}),
        json!({ "user_id": "" }),
        json!({ "user_id": ANNA, "subject": subject }),
        json!({ "subject": "auth0|someone" }),
        json!({ "user_id": ANNA, "reason": "asked" }),
    ] {
        check_problem(&service.operate("POST", &path, &body).await, 422, "body.shape");
    }
    let elsewhere = service.operate("POST", "/v1/erasures/nowhere", &json!({ "user_id": ANNA })).await;
    check_problem(&elsewhere, 404, "tenant.unknown");
    assert_eq!(wrapped_keys(&service, ANNA).len(), 1, "nobody was erased");
}

#[tokio::test]
async fn an_old_copy_of_the_keys_brings_nobody_back() {
    let mut service = TestApp::start(|_| {}).await;
    let ids = live(&service, ANNA).await;
    let ben = id_of(&service.decide(&at_home("auth0|ben")).await);
    let keys = |service: &TestApp| service.folder().join("subject-keys.db");
    // Beside the service's folder, where nothing of the service looks.
    let copy = service.folder().with_extension("old-keys");
    let raw = Connection::open(keys(&service)).unwrap();
    raw.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    drop(raw);
    assert!(erase(&service, ANNA).await);
    service = service.reopen(countersign_policy::Document::default()).await;
    let raw = Connection::open(keys(&service)).unwrap();
    raw.execute("ATTACH ?1 AS old", [copy.to_str().unwrap()]).unwrap();
    raw.execute("INSERT OR IGNORE INTO subject_keys SELECT * FROM old.subject_keys", []).unwrap();
    drop(raw);
    std::fs::remove_file(&copy).unwrap();
    assert_eq!(wrapped_keys(&service, ANNA).len(), 1, "the key is back");
    service = service.reopen(countersign_policy::Document::default()).await;
    assert_eq!(wrapped_keys(&service, ANNA).len(), 0);
    let path = format!("/v1/decisions/{}?tenant={TENANT}", ids[0]);
    check_problem(&service.get(&path).await, 410, "subject.erased");
    assert_eq!(show(&service, &ben).await["decision_id"], ben.as_str(), "and nobody else is touched");
}

#[tokio::test]
async fn an_erasure_that_could_not_be_finished_is_finished_at_the_next_start() {
    let service = TestApp::start(|_| {}).await;
    let ids = live(&service, ANNA).await;
    let held = Connection::open(service.folder().join("subject-keys.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tenant = service.tenant();
    assert!(
        service
            .app
            .erase(&service.permit(Action::ErasePeople).await, &App::subject(&tenant, ANNA))
            .await
            .is_err()
    );
    drop(held);
    assert_eq!(wrapped_keys(&service, ANNA).len(), 1);
    drop(tenant);
    let service = service.reopen(countersign_policy::Document::default()).await;
    assert_eq!(wrapped_keys(&service, ANNA).len(), 0);
    let path = format!("/v1/decisions/{}?tenant={TENANT}", ids[0]);
    check_problem(&service.get(&path).await, 410, "subject.erased");
}

#[tokio::test]
async fn a_key_whose_log_could_not_be_emptied_is_forgotten_all_the_same() {
    let service = TestApp::start(|_| {}).await;
    let ids = live(&service, ANNA).await;
    let reader = Connection::open(service.folder().join("subject-keys.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM subject_keys;").unwrap();
    let tenant = service.tenant();
    assert!(
        service
            .app
            .erase(&service.permit(Action::ErasePeople).await, &App::subject(&tenant, ANNA))
            .await
            .is_err()
    );
    assert_eq!(wrapped_keys(&service, ANNA).len(), 0);
    drop(reader);
    // Whoever signs in now gets a key that is on disk: what is recorded opens.
    let id = id_of(&service.decide(&at_home(ANNA)).await);
    assert_eq!(show(&service, &id).await["decision_id"], id.as_str());
    let path = format!("/v1/decisions/{}?tenant={TENANT}", ids[0]);
    check_problem(&service.get(&path).await, 410, "subject.erased");
}

/// Rows of the person's profile that their key of now does not open would degrade their next sign-in.
#[tokio::test]
async fn what_is_told_while_a_person_is_erased_writes_nothing_under_the_dead_key() {
    let service = TestApp::start(|_| {}).await;
    for _ in 0..10 {
        let ids = live(&service, ANNA).await;
        let tenant = service.permit(Action::ErasePeople).await;
        let subject = App::subject(&tenant, ANNA);
        let failed = json!({ "kind": "login_failed", "user_id": ANNA });
        let verdict = json!({ "kind": "verdict", "decision_id": ids[0], "verdict": "legitimate" });
        let (first, second, erased, third) = tokio::join!(
            service.outcome(&failed),
            service.operate("POST", "/v1/outcomes", &verdict),
            service.app.erase(&tenant, &subject),
            service.outcome(&failed),
        );
        assert!(erased.unwrap());
        assert_eq!((first.status, third.status), (200, 200));
        assert!([200, 410].contains(&second.status));
        assert_eq!(service.decide(&at_home(ANNA)).await.json["degraded"], json!([]));
    }
}

#[tokio::test]
async fn an_erasure_empties_the_crowd_and_does_not_wait_until_it_is_built_again() {
    let service = TestApp::start(|_| {}).await;
    let empty = risk_of_nobody(&service, &at_home(ANNA)).await;
    live(&service, "auth0|ben").await;
    let of_ben = risk_of_nobody(&service, &at_home(ANNA)).await;
    live(&service, ANNA).await;
    assert!(empty != of_ben && risk_of_nobody(&service, &at_home(ANNA)).await != of_ben);
    let tenant = service.tenant();
    assert!(erase(&service, ANNA).await);
    assert_eq!(risk_of_nobody(&service, &at_home(ANNA)).await, empty, "of anybody");
    tokio::time::timeout(Duration::from_secs(30), service.app.crowd_emptied(&tenant)).await.unwrap();
    assert_eq!(service.app.build_crowd(&tenant).await.unwrap(), 5, "the records of the other one");
    let built = risk_of_nobody(&service, &at_home(ANNA)).await;
    // Weights are rounded by when they were added first.
    let micro = |risk: &Value| risk["logit_micro"].as_i64().unwrap();
    assert!(micro(&built).abs_diff(micro(&of_ben)) < 5_000, "{built} {of_ben}");
    assert!(!erase(&service, ANNA).await);
    assert_eq!(risk_of_nobody(&service, &at_home(ANNA)).await, built, "nobody was erased");
}
