//! `/v1/models/{tenant}`: versions of the model, their acts, and a challenger that changes nothing.

use countersign_app::access::Within;
use std::time::Duration;

use countersign_app::{
    Error,
    decide::Replay,
    models::{MAX_MODEL_BYTES, ModelBy, ModelChange},
};
use countersign_core::{Clock, Mode};
use countersign_ledger::leaf::{Kind, Leaf};
use countersign_policy::Document;
use countersign_rights::Action;
use countersign_risk::{Card, Model};
use countersign_store::{Commit, ModelAct, ModelActRow, ModelKind, ModelRow, Write};
use countersign_testkit::{Answer, TENANT, TestApp, fixtures};
use serde_json::{Value, json};

use crate::world::{abroad, at_home, check_problem, id_of, paths, score_of};

pub const MODELS: &str = "/v1/models/example-tenant";

/// A model that finds everything riskier by so many in log-odds, and its card.
fn riskier(version: u32, by: i64) -> (Model, Card) {
    let baseline = Model::default();
    let bias_micro = baseline.bias_micro + by * 1_000_000;
    let mut model = Model { name: "fitted".into(), version, bias_micro, ..baseline };
    for road in [&mut model.login.fresh, &mut model.login.session, &mut model.login.refresh] {
        road.bias_micro += by * 1_000_000;
    }
    let card = Card { name: model.name.clone(), version, ..Card::of_baseline() };
    (model, card)
}

async fn import(service: &TestApp, (model, card): &(Model, Card)) -> Answer {
    service.operate("POST", MODELS, &json!({ "actor": "mia", "model": model, "card": card })).await
}

pub async fn act(service: &TestApp, act: &str, version: Option<u64>, expected_act: u64) -> Answer {
    let mut body = json!({ "act": act, "actor": "mia", "expected_act": expected_act });
    if let Some(version) = version {
        body["version"] = json!(version);
    }
    service.operate("POST", &format!("{MODELS}/acts"), &body).await
}

/// Takes a model in; its version must be this.
pub async fn have(service: &TestApp, version: u64, by: i64) -> Model {
    let model = riskier(u32::try_from(version).unwrap(), by);
    let answer = import(service, &model).await;
    assert_eq!((answer.status, &answer.json["version"]), (201, &json!(version)), "{}", answer.json);
    model.0
}

fn tag_of(answer: &Answer) -> &str {
    answer.json["risk"]["model"].as_str().unwrap()
}

pub async fn newest_leaf(service: &TestApp) -> Leaf {
    let head = service.store.get_ledger_head(service.tenant().id()).await.unwrap();
    let last = head.frontier.size() - 1;
    let row = service.store.list_leaves(service.tenant().id(), last, 1).await.unwrap().remove(0);
    Leaf::decode(&row.leaf).unwrap()
}

pub fn enforcing(document: &mut Document) {
    document.tenant.mode = Some(Mode::Enforce);
}

#[tokio::test]
async fn a_model_is_taken_in_once_with_its_card_and_told_in_a_leaf() {
    let service = TestApp::start(|_| {}).await;
    let (model, card) = riskier(1, 1);
    have(&service, 1, 1).await;
    let leaf = newest_leaf(&service).await;
    assert_eq!((leaf.kind, leaf.facts["change"].as_str()), (Kind::Administration, "model_imported"));
    assert_eq!((leaf.facts["version"].as_str(), leaf.facts["by"].as_str()), ("1", "local"));
    assert_eq!(leaf.versions["model"], model.id().to_string());
    assert_eq!(leaf.hashes["model"].len(), 64);
    check_problem(&import(&service, &(model.clone(), card)).await, 422, "model.known");
    let listed = service.get(MODELS).await.json;
    assert_eq!(
        (&listed["champion"], &listed["challenger"], &listed["act"]),
        (&json!(0), &Value::Null, &json!(0))
    );
    assert_eq!(listed["versions"][0]["tag"], model.id().to_string());
    assert_eq!(listed["versions"][1]["version"], 0, "the shipped one is listed too");
    let shown = service.get(&format!("{MODELS}/versions/1")).await.json;
    assert_eq!(serde_json::from_value::<Model>(shown["model"].clone()).unwrap(), model);
    assert_eq!(shown["card"]["name"], "fitted");
    assert_eq!(service.get(&format!("{MODELS}/versions/0")).await.json["card"]["name"], "baseline");
    for version in ["2", "18446744073709551615", "x"] {
        check_problem(&service.get(&format!("{MODELS}/versions/{version}")).await, 404, "not_found");
    }
    let decided = service.decide(&at_home("auth0|anna")).await;
    assert_eq!(tag_of(&decided), Model::default().id().as_str(), "it holds nowhere yet");
}

#[tokio::test]
async fn a_faulty_model_is_refused_with_its_place() {
    let service = TestApp::start(|_| {}).await;
    let (model, card) = riskier(1, 1);
    let wild = Model { bias_micro: i64::MAX, ..model.clone() };
    let answer = import(&service, &(wild, card.clone())).await;
    check_problem(&answer, 422, "model.faults");
    assert_eq!(paths(&answer), ["model.bias_micro"]);
    let answer = import(&service, &(model.clone(), Card { version: 9, ..card.clone() })).await;
    check_problem(&answer, 422, "model.faults");
    assert_eq!(paths(&answer), ["card.version"]);
    let mut unknown = json!({ "actor": "mia", "model": model, "card": card });
    unknown["model"]["country"]["hue"] = json!(1);
    let answer = service.operate("POST", MODELS, &unknown).await;
    check_problem(&answer, 422, "body.shape");
    assert!(paths(&answer)[0].starts_with("model.country"), "{:?}", paths(&answer));
    let long = json!({ "actor": "x".repeat(2 * MAX_MODEL_BYTES + 1_024), "model": model, "card": card });
    check_problem(&service.operate("POST", MODELS, &long).await, 413, "body.too_large");
    let heavy = Card { limits: vec!["\u{1}".repeat(500); 32], ..card };
    let bounds =
        countersign_risk::ConstantBounds { constant: "\u{1}".repeat(64).as_str().into(), lo: 0, hi: 0 };
    let heavy = Card { bounds: vec![bounds; 512], ..heavy };
    check_problem(&import(&service, &(model, heavy)).await, 422, "model.too_large");
    assert_eq!(service.get(MODELS).await.json["versions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_promotion_is_a_leaf_and_a_roll_back_holds_from_the_next_sign_in_on() {
    let service = TestApp::start(|_| {}).await;
    let before = score_of(&service.decide(&at_home("auth0|anna")).await);
    let model = have(&service, 1, 2).await;
    check_problem(&act(&service, "promote", Some(2), 0).await, 404, "not_found");
    check_problem(&act(&service, "promote", Some(u64::MAX), 0).await, 404, "not_found");
    check_problem(&act(&service, "promote", None, 0).await, 422, "body.shape");
    check_problem(&act(&service, "roll_back", None, 0).await, 422, "model.nothing_to_undo");
    check_problem(&act(&service, "promote", Some(1), 3).await, 409, "model.changed");
    let promoted = act(&service, "promote", Some(1), 0).await;
    assert_eq!((promoted.status, &promoted.json["number"]), (200, &json!(1)), "{}", promoted.json);
    let leaf = newest_leaf(&service).await;
    assert_eq!((leaf.kind, leaf.facts["change"].as_str()), (Kind::Policy, "model_promote"));
    assert_eq!((leaf.facts["champion"].as_str(), leaf.facts["by"].as_str()), ("1", "local"));
    assert_eq!(leaf.versions["model"], model.id().to_string());
    let decided = service.decide(&at_home("auth0|ben")).await;
    assert_eq!(tag_of(&decided), model.id().as_str());
    assert!(score_of(&decided) > before);
    check_problem(&act(&service, "promote", Some(1), 1).await, 422, "model.holds");
    assert_eq!(act(&service, "roll_back", None, 1).await.json["champion"], 0);
    let leaf = newest_leaf(&service).await;
    assert_eq!((leaf.kind, leaf.facts["change"].as_str()), (Kind::Policy, "model_roll_back"));
    let after = service.decide(&at_home("auth0|cara")).await;
    assert_eq!((tag_of(&after), score_of(&after)), (Model::default().id().as_str(), before));
    // What the promoted one decided can be decided again, whichever holds.
    let id = id_of(&decided).parse().unwrap();
    assert_eq!(service.app.replay(&service.tenant(), &id).await.unwrap(), Replay::Same);
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test]
async fn what_was_promoted_holds_after_a_restart_and_for_its_tenant_alone() {
    let service = TestApp::start(|_| {}).await;
    let model = have(&service, 1, 2).await;
    act(&service, "promote", Some(1), 0).await;
    let service = service.reopen(Document::default()).await;
    assert_eq!(tag_of(&service.decide(&at_home("auth0|anna")).await), model.id().as_str());
    let other = crate::world::decide_as(&service, "other-tenant", at_home("auth0|anna")).await;
    assert_eq!(tag_of(&other), Model::default().id().as_str());
    assert_eq!(service.get("/v1/models/other-tenant").await.json["versions"].as_array().unwrap().len(), 1);
}

/// Everything of an answer but for what is new each time.
pub fn settled(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.json);
    let id = answer.json["decision_id"].as_str().unwrap_or("none");
    let text = answer.json.to_string().replace(id, "dec");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_challenger_is_recorded_beside_and_changes_no_answer() {
    let (alone, beside) = (TestApp::start(enforcing).await, TestApp::start(enforcing).await);
    let model = have(&beside, 1, 40).await;
    assert_eq!(act(&beside, "challenge", Some(1), 0).await.status, 200);
    let mut asked = 0;
    for (trigger, event) in fixtures().into_iter().chain([("post-login", abroad("auth0|anna"))]) {
        let answer = beside.ask(trigger, &event).await;
        assert_eq!(settled(&answer), settled(&alone.ask(trigger, &event).await), "{trigger}");
        let id = id_of(&answer).parse().unwrap();
        let (_, record) = beside.app.decision(Within::all(&beside.tenant()), &id).await.unwrap();
        let challenged = record.challenger.unwrap();
        assert_eq!(challenged.model, model.id());
        assert!(challenged.score > record.assessment.score, "{trigger}");
        assert_eq!(beside.app.replay(&beside.tenant(), &id).await.unwrap(), Replay::Same, "{trigger}");
        assert_eq!(newest_leaf(&beside).await.versions["challenger"], model.id().to_string());
        asked += 1;
    }
    assert!(asked > 10);
    assert_eq!(act(&beside, "withdraw", None, 1).await.status, 200);
    let id = id_of(&beside.decide(&at_home("auth0|ben")).await).parse().unwrap();
    let (_, record) = beside.app.decision(Within::all(&beside.tenant()), &id).await.unwrap();
    assert_eq!(record.challenger, None);
}

/// Writes what no use case would: a version with these constants, and an act.
async fn force(service: &TestApp, document: &str, champion: u64, challenger: Option<u64>) {
    let (at, by) = (countersign_testkit::START, "mia".to_owned());
    let (kind, tag, card) = (ModelKind::Constants, "odd@1:0".to_owned(), "{}".to_owned());
    let row = ModelRow { version: 1, kind, tag, card, at, by: by.clone() };
    let act = ModelActRow { number: 1, act: ModelAct::Challenge, champion, challenger, own: None, at, by };
    let writes = vec![Write::Model { row, document: document.to_owned() }, Write::ModelAct(act)];
    let tenant = service.tenant().id().clone();
    service.store.commit(Commit { writes, ..Commit::background(tenant) }).await.unwrap();
}

#[tokio::test]
async fn a_broken_challenger_fails_no_sign_in() {
    let wild = Model { bias_micro: i64::MAX, ..Model::default() };
    for document in ["{}", "no JSON", &serde_json::to_string(&wild).unwrap()] {
        let service = TestApp::start(|_| {}).await;
        let sound = settled(&service.decide(&at_home("auth0|anna")).await);
        force(&service, document, 0, Some(1)).await;
        service.app.refresh(&service.tenant()).await.unwrap();
        let answer = service.decide(&at_home("auth0|anna")).await;
        assert_eq!(answer.json["degraded"], json!(["challenger_failed"]), "{document}");
        assert_eq!(answer.json["risk"]["model"], sound["risk"]["model"]);
        let id = id_of(&answer).parse().unwrap();
        assert_eq!(service.app.replay(&service.tenant(), &id).await.unwrap(), Replay::Same);
        let comparison = service.get(&format!("{MODELS}/comparison")).await.json["comparison"].clone();
        assert_eq!((&comparison["decisions"], &comparison["level_agreement"]), (&json!(0), &Value::Null));
    }
}

#[tokio::test]
async fn a_champion_that_can_not_be_used_leaves_the_one_before_in_force() {
    let service = TestApp::start(|_| {}).await;
    force(&service, "{}", 1, None).await;
    let refused = service.app.refresh(&service.tenant()).await;
    assert!(matches!(refused, Err(Error::UnreadableModel { version: 1, .. })), "{refused:?}");
    assert_eq!(tag_of(&service.decide(&at_home("auth0|anna")).await), Model::default().id().as_str());
    // It is never promoted by a person either, and the way out of it is open.
    check_problem(&act(&service, "challenge", Some(0), 1).await, 500, "model.unreadable");
    have(&service, 2, 1).await;
    assert_eq!(act(&service, "promote", Some(2), 1).await.status, 200);
}

#[tokio::test]
async fn records_of_both_are_compared_by_level_distance_and_what_became_of_them() {
    let service = TestApp::start(|_| {}).await;
    assert_eq!(service.get(&format!("{MODELS}/comparison")).await.json, json!({ "comparison": null }));
    id_of(&service.decide(&at_home("auth0|before")).await);
    service.clock.advance(Duration::from_secs(1));
    have(&service, 1, 2).await;
    act(&service, "challenge", Some(1), 0).await;
    let (mut ids, mut differences, mut agreeing) = (Vec::new(), Vec::new(), 0_u32);
    for event in [at_home("auth0|anna"), abroad("auth0|ben"), at_home("auth0|cara"), at_home("auth0|dora")] {
        let id = id_of(&service.decide(&event).await);
        let (_, record) =
            service.app.decision(Within::all(&service.tenant()), &id.parse().unwrap()).await.unwrap();
        let challenged = record.challenger.unwrap();
        differences.push(challenged.score.as_f64() - record.assessment.score.as_f64());
        agreeing += u32::from(challenged.level == record.decision.level);
        ids.push((id, record.assessment.score.as_f64(), challenged.score.as_f64()));
    }
    for (decided, verdict) in [(&ids[0], "legitimate"), (&ids[1], "fraudulent")] {
        let verdict = json!({ "kind": "verdict", "decision_id": decided.0, "verdict": verdict });
        assert_eq!(service.operate("POST", "/v1/outcomes", &verdict).await.status, 200);
    }
    let told = service.app.compare_models(&service.tenant()).await.unwrap().unwrap();
    assert_eq!((told.decisions, told.unread), (4, 0), "the one before the challenge is not among them");
    assert_eq!(told.level_agreement, Some(f64::from(agreeing) / 4.0));
    let mean = differences.iter().sum::<f64>() / 4.0;
    assert!((told.mean_difference.unwrap() - mean).abs() < 1e-9 && mean > 0.05);
    for (outcome, (_, champion, challenger)) in [("legitimate", &ids[0]), ("fraudulent", &ids[1])] {
        let scored = told.outcomes[outcome];
        assert_eq!((scored.count, scored.champion, scored.challenger), (1, *champion, *challenger));
    }
    assert_eq!(told.outcomes["open"].count, 2);
    // A person who is erased is counted as one who can't be compared.
    let subject = countersign_app::App::subject(&service.tenant(), "auth0|cara");
    assert!(service.app.erase(&service.permit(Action::ErasePeople).await, &subject).await.unwrap());
    let told = service.app.compare_models(&service.tenant()).await.unwrap().unwrap();
    assert_eq!((told.decisions, told.unread), (3, 1));
}

#[tokio::test]
async fn a_record_that_can_not_be_read_is_told_and_the_others_are_compared() {
    let service = TestApp::start(|_| {}).await;
    have(&service, 1, 2).await;
    act(&service, "challenge", Some(1), 0).await;
    let mut ids = Vec::new();
    for person in ["auth0|anna", "auth0|ben", "auth0|cara"] {
        let id = id_of(&service.decide(&at_home(person)).await);
        let verdict = json!({ "kind": "verdict", "decision_id": id, "verdict": "legitimate" });
        assert_eq!(service.operate("POST", "/v1/outcomes", &verdict).await.status, 200);
        ids.push(id);
    }
    crate::degraded::corrupt_record(&service, &ids[1]);
    let told = service.app.compare_models(&service.tenant()).await.unwrap().unwrap();
    assert_eq!((told.decisions, told.unread, told.outcomes["legitimate"].count), (2, 1, 2));
    let page = service.get(&format!("/models?tenant={TENANT}")).await;
    let text = String::from_utf8_lossy(&page.bytes).into_owned();
    assert!(page.status == 200 && text.contains("Not comparable"), "{text}");
    let comparison = service.get(&format!("{MODELS}/comparison")).await.json["comparison"].clone();
    assert_eq!((&comparison["decisions"], &comparison["unread"]), (&json!(2), &json!(1)));
}

async fn judge(service: &TestApp, decision: &str, verdict: &str) {
    let told = json!({ "kind": "verdict", "decision_id": decision, "verdict": verdict });
    assert_eq!(service.operate("POST", "/v1/outcomes", &told).await.status, 200);
}

/// The parts at a threshold: count and number of the attacks, then of the honest.
fn parts(explored: &Value, threshold: f64) -> [u64; 4] {
    let rows = explored["thresholds"].as_array().unwrap();
    let at = rows.iter().find(|at| at["threshold"] == json!(threshold)).unwrap();
    let number = |part: &str, name: &str| at[part][name].as_u64().unwrap();
    [
        number("caught", "count"),
        number("caught", "of"),
        number("stepped_up", "count"),
        number("stepped_up", "of"),
    ]
}

#[tokio::test]
async fn thresholds_are_explored_by_what_labeled_decisions_scored_and_nothing_is_changed() {
    let service = TestApp::start(|document| {
        document.tenant.thresholds.replace(countersign_policy::Thresholds {
            medium: countersign_core::Score::from_percent(31),
            high: countersign_core::Score::from_percent(60),
            critical: countersign_core::Score::from_percent(90),
        });
    })
    .await;
    let path = format!("{MODELS}/thresholds");
    let nothing = service.get(&path).await.json;
    assert_eq!((&nothing["since"], &nothing["decisions"]), (&Value::Null, &json!(0)));
    assert_eq!(nothing["thresholds"][0]["caught"], json!({ "count": 0, "of": 0, "share": null }));

    let (mut attacks, mut honest) = (Vec::new(), Vec::new());
    for number in 0..20 {
        let attack = service.decide(&abroad(&format!("auth0|a{number}"))).await;
        judge(&service, &id_of(&attack), "fraudulent").await;
        attacks.push(score_of(&attack));
        let home = service.decide(&at_home(&format!("auth0|h{number}"))).await;
        let unjudged = service.get(&path).await.json;
        judge(&service, &id_of(&home), "legitimate").await;
        honest.push(score_of(&home));
        // Without a label a decision is counted as one and nowhere else, and of 19 a side nothing is suggested.
        assert_eq!((&unjudged["decisions"], &unjudged["suggested"]), (&json!(2 * number + 2), &Value::Null));
        let [_, attacks_told, _, honest_told] = parts(&unjudged, 0.05);
        assert_eq!((attacks_told, honest_told), (number + 1, number));
    }
    let version = service.get("/v1/policies/example-tenant").await.json["version"].clone();
    let explored = service.get(&path).await.json;
    let reached = |scores: &[f64], threshold: f64| {
        u64::try_from(scores.iter().filter(|score| **score >= threshold).count()).unwrap()
    };
    for at in explored["thresholds"].as_array().unwrap() {
        let threshold = at["threshold"].as_f64().unwrap();
        let expected = [reached(&attacks, threshold), 20, reached(&honest, threshold), 20];
        assert_eq!(parts(&explored, threshold), expected, "at {threshold}");
    }
    assert_eq!(parts(&explored, 0.31)[1], 20, "the threshold in force is among them");
    let split = |low: f64, high: f64| reached(&attacks, low) > reached(&attacks, high);
    assert!(
        split(0.05, 0.95) && reached(&honest, 0.05) + reached(&honest, 0.95) < 40,
        "{attacks:?} {honest:?}"
    );
    assert_eq!(explored["labels"]["verdict_fraudulent"], 20);
    assert_eq!(explored["labels"]["verdict_legitimate"], 20);
    assert_eq!(explored["in_force"]["medium"], json!(0.31));
    let suggested = explored["suggested"].as_f64().unwrap();
    assert_eq!(reached(&honest, suggested), 0);
    let all = service.get(&format!("{path}?at_most=1")).await.json;
    assert_eq!(all["suggested"], 0.05);
    assert_eq!(service.get("/v1/policies/example-tenant").await.json["version"], version);
}

#[tokio::test]
async fn labels_of_thresholds_are_those_of_training_and_stay_without_their_records() {
    let service = TestApp::start(|_| {}).await;
    let path = format!("{MODELS}/thresholds");
    let mut ids = Vec::new();
    for person in ["auth0|anna", "auth0|ben", "auth0|cara", "auth0|dora"] {
        ids.push(id_of(&service.decide(&at_home(person)).await));
    }
    crate::world::complete(&service, &ids[0]).await;
    for id in &ids[1..] {
        judge(&service, id, "fraudulent").await;
    }
    let young = service.get(&path).await.json;
    assert_eq!(young["labels"]["no_complaint"], 0, "three days have not passed");
    service.clock.advance(Duration::from_secs(3 * 86_400));
    let before = service.get(&path).await.json;
    let now = service.clock.now();
    let (_, trained) = service.app.labeled_sign_ins(&service.tenant(), now).await.unwrap();
    for fate in countersign_risk::train::Fate::ALL {
        let count = trained.iter().filter(|one| one.fate == fate).count();
        assert_eq!(before["labels"][fate.as_str()], count, "{}", fate.as_str());
    }
    let subject = countersign_app::App::subject(&service.tenant(), "auth0|cara");
    assert!(service.app.erase(&service.permit(Action::ErasePeople).await, &subject).await.unwrap());
    let explored = service.get(&path).await.json;
    assert_eq!(explored, before, "a label and a score stay");
    assert_eq!((&explored["decisions"], parts(&explored, 0.05)[1]), (&json!(4), 3));
    assert_eq!(explored["labels"]["no_complaint"], 1);
    // Others' decisions are none of this trigger's.
    let others = service.get(&format!("{path}?trigger=credentials-exchange")).await.json;
    assert_eq!((&others["trigger"], &others["decisions"]), (&json!("credentials-exchange"), &json!(0)));
    for wrong in
        ["at_most=1.01", "at_most=-0.1", "at_most=NaN", "trigger=login", "at_most=0.1&at_most=0.2", "x=1"]
    {
        check_problem(&service.get(&format!("{path}?{wrong}")).await, 422, "query.shape");
    }
}

#[tokio::test]
async fn of_two_acts_from_the_same_state_one_is_refused() {
    let service = TestApp::start(|_| {}).await;
    have(&service, 1, 1).await;
    have(&service, 2, 2).await;
    let tenant = service.permit(Action::ChangeModels).await;
    let by = ModelBy { actor: "mia", expected: 0 };
    let (one, other) = tokio::join!(
        service.app.change_models(&tenant, ModelChange::Promote(1), by),
        service.app.change_models(&tenant, ModelChange::Promote(2), by),
    );
    let refused = [&one, &other].into_iter().filter(|done| matches!(done, Err(Error::ModelsChanged))).count();
    assert_eq!((refused, one.is_ok() != other.is_ok()), (1, true));
    let winner = one.or(other).unwrap().champion;
    assert_eq!(service.get(MODELS).await.json["champion"], winner);
    let expected = riskier(u32::try_from(winner).unwrap(), i64::try_from(winner).unwrap()).0.id();
    assert_eq!(tag_of(&service.decide(&at_home("auth0|anna")).await), expected.as_str());
}

#[tokio::test]
async fn another_process_hears_of_a_promotion_and_of_a_roll_back_at_its_next_look() {
    let Some(one) = TestApp::start_on_postgres(|_| {}).await else { return };
    let other = one.beside().await;
    let model = have(&one, 1, 2).await;
    let tag = async |service: &TestApp| tag_of(&service.decide(&at_home("auth0|anna")).await).to_owned();
    let shipped = Model::default().id().to_string();
    let mut changes = other.app.changes();
    changes.mark_unchanged();
    act(&one, "promote", Some(1), 0).await;
    let heard = tokio::time::timeout(Duration::from_secs(10), changes.changed()).await;
    assert!(matches!(heard, Ok(Ok(()))), "a look is called for");
    assert_eq!((tag(&one).await, tag(&other).await), (model.id().to_string(), shipped.clone()));
    other.app.refresh(&other.tenant()).await.unwrap();
    assert_eq!(tag(&other).await, model.id().to_string());
    // Either may roll back, and the first hears of it likewise.
    assert_eq!(act(&other, "roll_back", None, 1).await.status, 200);
    assert_eq!((tag(&one).await, tag(&other).await), (model.id().to_string(), shipped.clone()));
    one.app.refresh(&one.tenant()).await.unwrap();
    assert_eq!(tag(&one).await, shipped);
    one.app.audit(&one.tenant()).await.unwrap();
}

#[tokio::test]
async fn the_pages_show_models_and_their_forms_change_what_holds() {
    let service = TestApp::start(|_| {}).await;
    let model = have(&service, 1, 2).await;
    let page = service.get(&format!("/models?tenant={TENANT}")).await;
    assert_eq!(page.status, 200);
    assert!(String::from_utf8_lossy(&page.bytes).contains(model.id().as_str()));
    let post = async |form: &str| {
        let mut request = crate::world::with_token(crate::world::bare("POST", "/models/act"));
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        *request.body_mut() = axum::body::Body::from(form.to_owned());
        service.send(request).await
    };
    let done = post("tenant=example-tenant&act=promote&version=1&expected=0&actor=mia").await;
    assert_eq!(done.status, 303, "{}", String::from_utf8_lossy(&done.bytes));
    assert_eq!(tag_of(&service.decide(&at_home("auth0|anna")).await), model.id().as_str());
    assert_eq!(post("tenant=example-tenant&act=promote&version=0&expected=0&actor=mia").await.status, 409);
    assert_eq!(post("tenant=example-tenant&act=roll_back&expected=1&actor=mia").await.status, 303);
    for wrong in ["act=promote&expected=2&actor=mia", "act=roll_back&version=1&expected=2&actor=mia"] {
        assert_eq!(post(&format!("tenant=example-tenant&{wrong}")).await.status, 422, "{wrong}");
    }
    for (path, status) in [("/models/1", 200), ("/models/0", 200), ("/models/9", 404), ("/models/x", 404)] {
        assert_eq!(service.get(&format!("{path}?tenant={TENANT}")).await.status, status, "{path}");
    }
}
