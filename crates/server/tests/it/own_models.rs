//! An operator's own model: taken in, tried as a challenger, attached, detached, and never in the way of a sign-in.

use countersign_app::access::Within;
use countersign_app::decide::{Replay, replay};
use countersign_core::Secret;
use countersign_ledger::{leaf::Kind, receipt::Receipt};
use countersign_policy::{Document, Snapshot};
use countersign_privacy::MasterKey;
use countersign_risk::{Model, own_model::OwnModel};
use countersign_store::{Commit, ModelAct, ModelActRow, Write};
use countersign_testkit::{Answer, TENANT, TestApp, fixtures};
use serde_json::{Value, json};

use crate::{
    models::{MODELS, act, enforcing, have, newest_leaf, settled},
    world::{abroad, at_home, check_problem, id_of, paths},
};

/// A file that always says the same log-odds, within two.
fn file(version: u32, log_odds: f64) -> Value {
    json!({
        "format": "countersign-own-model/1", "name": "night-shift", "version": version, "kind": "logistic",
        "inputs": [{ "name": "history" }],
        "logistic": { "intercept": log_odds, "coefficients": [0] },
        "weight_milli": 1000, "bound_micro": 2_000_000,
    })
}

fn tag(file: &Value) -> String {
    OwnModel::parse(file.to_string().as_bytes()).unwrap().id().to_string()
}

async fn take_in(service: &TestApp, file: &Value) -> Answer {
    service.operate("POST", &format!("{MODELS}/own"), &json!({ "actor": "mia", "own_model": file })).await
}

/// Takes a file in and attaches it; it must be version 1.
async fn attach(service: &TestApp, file: &Value) {
    let answer = take_in(service, file).await;
    assert_eq!((answer.status, &answer.json["version"]), (201, &json!(1)), "{}", answer.json);
    assert_eq!(answer.json["tag"], tag(file));
    let done = act(service, "attach", Some(1), 0).await;
    assert_eq!((done.status, &done.json["own"]), (200, &json!(1)), "{}", done.json);
}

/// What an answer says of the own model: its micro-logits and its sentence.
fn said(answer: &Answer) -> Option<(i64, &str)> {
    let reasons = answer.json["risk"]["reasons"].as_array().unwrap();
    let own = reasons.iter().find(|reason| reason["code"] == "own_model")?;
    Some((own["micro"].as_i64().unwrap(), own["text"].as_str().unwrap()))
}

fn logit(answer: &Answer) -> i64 {
    answer.json["risk"]["logit_micro"].as_i64().unwrap_or_else(|| panic!("{}", answer.json))
}

async fn replayed(service: &TestApp, answer: &Answer) -> Replay {
    service.app.replay(&service.tenant(), &id_of(answer).parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn an_attached_model_adds_its_bounded_contribution_and_is_a_reason_until_it_is_detached() {
    let service = TestApp::start(|_| {}).await;
    let before = service.decide(&at_home("auth0|anna")).await;
    let file = file(1, 50.0);
    attach(&service, &file).await;
    let leaf = newest_leaf(&service).await;
    assert_eq!((leaf.kind, leaf.facts["change"].as_str()), (Kind::Policy, "model_attach"));
    assert_eq!((leaf.facts["own_model"].as_str(), leaf.facts["champion"].as_str()), ("1", "0"));
    assert_eq!((&leaf.versions["own_model"], leaf.facts["by"].as_str()), (&tag(&file), "local"));
    let with = service.decide(&at_home("auth0|ben")).await;
    assert_eq!(said(&with), Some((2_000_000, "The operator's own model night-shift raises the risk.")));
    assert_eq!(logit(&with), logit(&before) + 2_000_000, "and no more, whatever the file says");
    assert!(with.json["risk"]["score"].as_f64() > before.json["risk"]["score"].as_f64());
    assert_eq!((&with.json["degraded"], said(&before)), (&json!([]), None));
    assert_eq!(newest_leaf(&service).await.versions["own_model"], tag(&file));
    assert_eq!(replayed(&service, &with).await, Replay::Same);
    assert_eq!(service.get(MODELS).await.json["own"], 1);
    let detached = act(&service, "detach", None, 1).await;
    assert_eq!((detached.status, &detached.json["own"]), (200, &Value::Null), "{}", detached.json);
    let after = service.decide(&at_home("auth0|cara")).await;
    assert_eq!((logit(&after), said(&after)), (logit(&before), None));
    assert!(!newest_leaf(&service).await.versions.contains_key("own_model"));
    for answer in [&before, &with, &after] {
        assert_eq!(replayed(&service, answer).await, Replay::Same, "whatever is attached now");
    }
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test]
async fn a_model_without_a_number_for_an_answer_degrades_the_decision_and_changes_nothing() {
    let (alone, beside) = (TestApp::start(enforcing).await, TestApp::start(enforcing).await);
    let mut endless = file(1, 1.7e308);
    endless["calibration"] = json!({ "scale": 10, "offset": 0 });
    attach(&beside, &endless).await;
    for event in [at_home("auth0|anna"), abroad("auth0|ben")] {
        let answer = beside.decide(&event).await;
        assert_eq!(answer.json["degraded"], json!(["own_model_failed"]));
        let mut rest = settled(&answer);
        rest["degraded"] = json!([]);
        assert_eq!(rest, settled(&alone.decide(&event).await));
        assert_eq!(replayed(&beside, &answer).await, Replay::Same);
        assert_eq!(newest_leaf(&beside).await.versions["own_model"], tag(&endless), "it was asked");
    }
}

#[tokio::test]
async fn a_model_is_tried_beside_the_champion_before_it_counts() {
    let (alone, beside) = (TestApp::start(enforcing).await, TestApp::start(enforcing).await);
    let file = file(1, 1.5);
    assert_eq!(take_in(&beside, &file).await.status, 201);
    assert_eq!(act(&beside, "challenge", Some(1), 0).await.status, 200);
    assert_eq!(newest_leaf(&beside).await.versions["challenger"], tag(&file));
    let mut scores = Vec::new();
    for event in [at_home("auth0|anna"), abroad("auth0|ben")] {
        let answer = beside.decide(&event).await;
        assert_eq!(settled(&answer), settled(&alone.decide(&event).await), "it changes no answer");
        let (_, record) = beside
            .app
            .decision(Within::all(&beside.tenant()), &id_of(&answer).parse().unwrap())
            .await
            .unwrap();
        let challenged = record.challenger.unwrap();
        assert_eq!(
            (challenged.model, challenged.own_model.unwrap().to_string()),
            (Model::default().id(), tag(&file))
        );
        assert_eq!(replayed(&beside, &answer).await, Replay::Same);
        scores.push(challenged.score);
    }
    // It does not speak of machines, which tells nothing about it.
    assert_eq!(beside.ask("credentials-exchange", &fixture("credentials-exchange")).await.status, 200);
    let told = beside.app.compare_models(&beside.tenant()).await.unwrap().unwrap();
    assert_eq!((told.decisions, told.unread), (2, 1));
    assert!(told.mean_difference.unwrap() > 0.05, "{told:?}");
    // What was compared is what then decides.
    assert_eq!(act(&beside, "attach", Some(1), 1).await.json["challenger"], Value::Null);
    let decided = beside.decide(&at_home("auth0|cara")).await;
    assert_eq!(decided.json["risk"]["score"], json!(scores[0]));
    assert_eq!(beside.app.compare_models(&beside.tenant()).await.unwrap(), None);
}

#[tokio::test]
async fn a_broken_challenger_of_ones_own_leaves_the_answer_as_it_is() {
    let service = TestApp::start(|_| {}).await;
    let mut endless = file(1, 1.7e308);
    endless["calibration"] = json!({ "scale": 10, "offset": 0 });
    take_in(&service, &endless).await;
    act(&service, "challenge", Some(1), 0).await;
    let answer = service.decide(&at_home("auth0|anna")).await;
    assert_eq!((&answer.json["degraded"], said(&answer)), (&json!(["challenger_failed"]), None));
    assert_eq!(replayed(&service, &answer).await, Replay::Same);
}

#[tokio::test]
async fn without_the_model_at_hand_a_replay_says_so() {
    let service = TestApp::start(enforcing).await;
    let file = file(1, 1.0);
    attach(&service, &file).await;
    let id = id_of(&service.decide(&at_home("auth0|anna")).await);
    let receipt = Receipt::from_json(&service.open_receipt(&id).await.bytes).unwrap();
    let body = receipt.openings[0].body.0.clone();
    let mut document = Document::default();
    enforcing(&mut document);
    let policy = Snapshot::new(document).unwrap();
    let keys = MasterKey::new(&Secret::new(vec![5; 32])).unwrap().tenant(&TENANT.parse().unwrap());
    let what = format!("own model {}", tag(&file));
    assert_eq!(replay(&body, &policy, &keys).unwrap(), Replay::NotAtHand { what });
}

fn fixture(named: &str) -> Value {
    let found = fixtures().into_iter().find(|(trigger, _)| *trigger == named);
    found.unwrap_or_else(|| panic!("no fixture of {named}")).1
}

#[tokio::test]
async fn it_speaks_of_the_triggers_that_its_file_names() {
    for (named, spoken) in
        [(None, &["post-login"][..]), (Some(json!(["credentials-exchange"])), &["credentials-exchange"])]
    {
        let service = TestApp::start(|_| {}).await;
        let mut file = file(1, -1.0);
        if let Some(named) = named {
            file["triggers"] = named;
        }
        attach(&service, &file).await;
        for trigger in ["post-login", "credentials-exchange", "pre-user-registration"] {
            let answer = service.ask(trigger, &fixture(trigger)).await;
            let expected = spoken.contains(&trigger).then_some(-1_000_000);
            assert_eq!(said(&answer).map(|(micro, _)| micro), expected, "{trigger}");
            assert_eq!(replayed(&service, &answer).await, Replay::Same, "{trigger}");
        }
    }
}

#[tokio::test]
async fn a_bad_file_is_refused_with_the_place_of_each_fault() {
    let service = TestApp::start(|_| {}).await;
    let mut bad = file(1, 0.0);
    bad["inputs"][0]["name"] = json!("own_model");
    bad["bound_micro"] = json!(2_000_001);
    bad["triggers"] = json!(["post-login", "post-login"]);
    let answer = take_in(&service, &bad).await;
    check_problem(&answer, 422, "model.faults");
    let expected = ["own_model.bound_micro", "own_model.triggers[1]", "own_model.inputs[0].name"];
    assert_eq!(paths(&answer), expected);
    let answer = take_in(&service, &json!({ "format": "countersign-own-model/1" })).await;
    check_problem(&answer, 422, "model.faults");
    assert_eq!(paths(&answer), ["own_model"]);
    let without = service.operate("POST", &format!("{MODELS}/own"), &json!({ "actor": "mia" })).await;
    check_problem(&without, 422, "body.shape");
    let long = json!({ "actor": "x".repeat(1 << 21), "own_model": file(1, 0.0) });
    let long = service.operate("POST", &format!("{MODELS}/own"), &long).await;
    check_problem(&long, 413, "body.too_large");
    assert_eq!(service.get(MODELS).await.json["versions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_is_kept_as_it_came_and_taken_in_once() {
    let service = TestApp::start(|_| {}).await;
    let mut file = file(1, 0.1);
    file["logistic"]["intercept"] = json!(0.1);
    assert_eq!(take_in(&service, &file).await.status, 201);
    let leaf = newest_leaf(&service).await;
    assert_eq!((leaf.kind, leaf.facts["change"].as_str()), (Kind::Administration, "model_imported"));
    assert_eq!((&leaf.versions["own_model"], leaf.hashes["own_model"].len()), (&tag(&file), 64));
    let shown = service.get(&format!("{MODELS}/versions/1")).await.json;
    assert_eq!((&shown["kind"], &shown["card"], &shown["model"]), (&json!("own"), &Value::Null, &file));
    let spaced = format!(r#"{{"actor":"mia","own_model":{}}}"#, serde_json::to_string_pretty(&file).unwrap());
    let spaced: Value = serde_json::from_str(&spaced).unwrap();
    let again = service.operate("POST", &format!("{MODELS}/own"), &spaced).await;
    check_problem(&again, 422, "model.known");
}

#[tokio::test]
async fn kinds_are_not_mixed_up_and_nothing_is_done_twice() {
    let service = TestApp::start(|_| {}).await;
    attach(&service, &file(1, 1.0)).await;
    have(&service, 2, 1).await;
    check_problem(&act(&service, "promote", Some(1), 1).await, 422, "model.kind");
    check_problem(&act(&service, "attach", Some(2), 1).await, 422, "model.kind");
    check_problem(&act(&service, "attach", Some(0), 1).await, 422, "model.kind");
    check_problem(&act(&service, "attach", Some(1), 1).await, 422, "model.holds");
    check_problem(&act(&service, "challenge", Some(1), 1).await, 422, "model.holds");
    check_problem(&act(&service, "attach", Some(3), 1).await, 404, "not_found");
    check_problem(&act(&service, "attach", None, 1).await, 422, "body.shape");
    check_problem(&act(&service, "detach", Some(1), 1).await, 422, "body.shape");
    check_problem(&act(&service, "detach", None, 0).await, 409, "model.changed");
    assert_eq!(act(&service, "detach", None, 1).await.status, 200);
    check_problem(&act(&service, "detach", None, 2).await, 422, "model.nothing_to_undo");
}

#[tokio::test]
async fn what_is_attached_outlives_a_promotion_and_a_restart_and_is_rolled_back() {
    let service = TestApp::start(|_| {}).await;
    let before = logit(&service.decide(&at_home("auth0|anna")).await);
    attach(&service, &file(1, 0.5)).await;
    have(&service, 2, 1).await;
    act(&service, "promote", Some(2), 1).await;
    let service = service.reopen(Document::default()).await;
    let decided = service.decide(&at_home("auth0|ben")).await;
    assert_eq!(logit(&decided) - before, logit_of_bias(&service, &decided).await + 500_000);
    assert_eq!(act(&service, "roll_back", None, 2).await.json["own"], 1);
    assert_eq!(logit(&service.decide(&at_home("auth0|cara")).await), before + 500_000);
    assert_eq!(act(&service, "roll_back", None, 3).await.json["own"], Value::Null);
    assert_eq!(logit(&service.decide(&at_home("auth0|dora")).await), before);
    assert_eq!(replayed(&service, &decided).await, Replay::Same);
}

/// By how much the constants of version 2 differ from the shipped ones at a sign-in: in no more than the bias.
async fn logit_of_bias(service: &TestApp, decided: &Answer) -> i64 {
    let id = id_of(decided).parse().unwrap();
    let (_, record) = service.app.decision(Within::all(&service.tenant()), &id).await.unwrap();
    let shipped = countersign_risk::assess(&record.features, record.profile.as_ref(), &Model::default());
    record.assessment.bias_micro - shipped.bias_micro
}

#[tokio::test]
async fn another_process_hears_what_is_attached() {
    let Some(one) = TestApp::start_on_postgres(|_| {}).await else { return };
    let other = one.beside().await;
    attach(&one, &file(1, 1.0)).await;
    other.app.refresh(&other.tenant()).await.unwrap();
    let said_there = said(&other.decide(&at_home("auth0|anna")).await).map(|(micro, _)| micro);
    assert_eq!(said_there, Some(1_000_000));
}

#[tokio::test]
async fn an_attached_version_that_can_not_be_used_leaves_what_held_before_in_force() {
    let service = TestApp::start(|_| {}).await;
    let (at, by) = (countersign_testkit::START, "mia".to_owned());
    let (number, act) = (1, ModelAct::Attach);
    let row = ModelActRow { number, act, champion: 0, challenger: None, own: Some(7), at, by };
    let tenant = service.tenant().id().clone();
    let writes = vec![Write::ModelAct(row)];
    service.store.commit(Commit { writes, ..Commit::background(tenant) }).await.unwrap();
    assert!(service.app.refresh(&service.tenant()).await.is_err());
    let answer = service.decide(&at_home("auth0|anna")).await;
    assert_eq!((answer.status, said(&answer)), (200, None));
}

#[tokio::test]
async fn an_attached_model_that_can_not_be_read_keeps_no_service_from_starting() {
    let service = TestApp::start(enforcing).await;
    let alone = settled(&service.decide(&at_home("auth0|anna")).await);
    attach(&service, &file(1, 2.0)).await;
    let raw = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
    raw.execute_batch("DROP TRIGGER models_are_not_updated").unwrap();
    let broken = "UPDATE models SET document = 'no JSON' WHERE version = 1";
    assert_eq!(raw.execute(broken, []).unwrap(), 1);
    drop(raw);
    let mut document = Document::default();
    enforcing(&mut document);
    let service = service.reopen(document).await;
    let answer = service.decide(&at_home("auth0|ben")).await;
    assert_eq!(answer.json["degraded"], json!(["own_model_failed"]));
    let mut rest = settled(&answer);
    rest["degraded"] = json!([]);
    assert_eq!(rest, alone, "it is decided as without it");
    assert!(service.tenant().is_own_model_lost(), "and the doctor says so");
    assert_eq!(replayed(&service, &answer).await, Replay::Same);
    // The way out of it: another in its place, or none.
    assert_eq!(act(&service, "detach", None, 1).await.status, 200);
    assert_eq!(service.decide(&at_home("auth0|cara")).await.json["degraded"], json!([]));
    assert!(!service.tenant().is_own_model_lost());
}

#[tokio::test]
async fn a_champion_is_taken_back_though_the_others_can_no_longer_be_read() {
    let service = TestApp::start(enforcing).await;
    attach(&service, &file(1, 2.0)).await;
    have(&service, 2, 1).await;
    have(&service, 3, 2).await;
    assert_eq!(act(&service, "promote", Some(2), 1).await.status, 200);
    assert_eq!(act(&service, "challenge", Some(3), 2).await.status, 200);
    let raw = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
    raw.execute_batch("DROP TRIGGER models_are_not_updated").unwrap();
    let broken = "UPDATE models SET document = 'no JSON' WHERE version IN (1, 3)";
    assert_eq!(raw.execute(broken, []).unwrap(), 2);
    drop(raw);
    let mut document = Document::default();
    enforcing(&mut document);
    let service = service.reopen(document).await;
    let model = async |user: &str| {
        let answer = service.decide(&at_home(user)).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        answer.json["risk"]["model"].as_str().unwrap().to_owned()
    };
    let before = model("auth0|anna").await;
    let taken_back = act(&service, "roll_back", None, 3).await;
    assert_eq!(taken_back.status, 200, "{}", taken_back.json);
    assert_ne!(model("auth0|ben").await, before);
    assert!(service.tenant().is_own_model_lost(), "what was lost is no less lost");
    // Each of the two can be let go while the other is lost.
    for (number, way_out) in [(4, "detach"), (5, "withdraw")] {
        assert_eq!(act(&service, way_out, None, number).await.status, 200, "{way_out}");
    }
    assert_eq!(service.decide(&at_home("auth0|cara")).await.json["degraded"], json!([]));
}

#[tokio::test]
async fn the_pages_show_own_models_and_attach_and_detach_them() {
    let service = TestApp::start(|_| {}).await;
    assert_eq!(take_in(&service, &file(1, 1.0)).await.status, 201);
    let post = async |form: &str| {
        let mut request = crate::world::with_token(crate::world::bare("POST", "/models/act"));
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        *request.body_mut() = axum::body::Body::from(format!("tenant={TENANT}&actor=mia&{form}"));
        service.send(request).await.status
    };
    assert_eq!(post("act=attach&version=1&expected=0").await, 303);
    assert!(said(&service.decide(&at_home("auth0|anna")).await).is_some());
    let page = service.get(&format!("/models?tenant={TENANT}")).await;
    let page = String::from_utf8_lossy(&page.bytes).into_owned();
    assert!(page.contains("attached</span>") && page.contains("Detach the own model"), "{page}");
    let shown = service.get(&format!("/models/1?tenant={TENANT}")).await;
    assert!(String::from_utf8_lossy(&shown.bytes).contains("countersign-own-model/1"));
    assert_eq!(post("act=detach&expected=1").await, 303);
    assert_eq!(said(&service.decide(&at_home("auth0|ben")).await), None);
    assert_eq!(post("act=attach&expected=2").await, 422);
}
