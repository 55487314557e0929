//! Thirty days of a generated tenant with labeled attacks: found however they are delivered, and little beside them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, OnceLock},
};

use axum::{body::Body, http::Request};
use countersign_app::AlertFilter;
use countersign_auth0::log::LogEvent;
use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_detect::{
    Alert, Audience, Engine, EngineSettings, Event, Severity, detectors, pack::PACK, sigma,
};
use countersign_privacy::Tagger;
use countersign_sandbox::{
    AttackKind, Label, Scenario,
    tenant::{Options, Plan, Tenant, http::Shell},
};
use countersign_testkit::{HOST, START, TENANT, TestApp, log_token};
use serde_json::{Value, json};

use crate::dice::Dice;

/// How long after the one before a labeled entry belongs to the same attack, in microseconds.
const ATTACK: i64 = 10 * 60 * 1_000_000;

/// The latest that an entry comes, in microseconds: what is a day behind is put in its place, what is later is not.
const LATE: u64 = 23 * 3_600 * 1_000_000;

/// An entry, when it happened, and which attacker left it.
struct Labeled {
    at: Timestamp,
    log_id: String,
    entry: Value,
    attack: Option<AttackKind>,
}

/// What a scenario leaves until the clock of the tests, in event time.
fn generate(text: &str) -> Vec<Labeled> {
    let options = Options {
        name: "corpus".to_owned(),
        base_url: "https://corpus.example".to_owned(),
        plan: Plan::Enterprise,
        seed: 42,
        client_id: "first".to_owned(),
        client_secret: String::new(),
    };
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(START));
    let shell = Shell::new(Tenant::new(options).unwrap(), clock, "https")
        .with_scenario(Scenario::parse(text).unwrap());
    let mut all = Vec::new();
    let exported = shell.export_scenario(START, |record, label| {
        let entry = record["data"].clone();
        let attack = match label {
            Label::Attack(kind) => Some(kind),
            Label::Honest => None,
        };
        let log_id = record["log_id"].as_str().unwrap().to_owned();
        all.push(Labeled { at: entry["date"].as_str().unwrap().parse().unwrap(), log_id, entry, attack });
        Ok(())
    });
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(exported).unwrap();
    all.sort_by(|one, other| (one.at, &one.log_id).cmp(&(other.at, &other.log_id)));
    all
}

/// `under-attack.toml`, made once.
fn corpus() -> &'static [Labeled] {
    static CORPUS: OnceLock<Vec<Labeled>> = OnceLock::new();
    CORPUS.get_or_init(|| generate(include_str!("../../../../scenarios/under-attack.toml")))
}

/// What the detectors and rules tell people of a log that comes in order, with the places of the entries that show it.
fn told(log: &[Labeled]) -> Vec<Alert> {
    let tagger = Tagger::new(&[0; 32]);
    let mut all = detectors::make_all(&BTreeMap::new()).unwrap();
    all.extend(sigma::load(PACK, &sigma::Values::new()).unwrap());
    let mut engine = Engine::new(tagger.clone(), EngineSettings::default(), all);
    let mut found = BTreeMap::new();
    for (seq, one) in (0..).zip(log) {
        let raw = one.entry.to_string();
        let entry = LogEvent::parse(&raw, Some(one.log_id.as_str().into())).unwrap();
        let event = Event::new(seq, entry, &tagger, |_| None);
        found.extend(engine.observe(&event).into_iter().map(|alert| (alert.id, alert)));
    }
    found.into_values().filter(|alert| alert.audience == Audience::Raised).collect()
}

/// The attacks of a kind: places of entries that follow each other closely.
fn attacks(log: &[Labeled]) -> BTreeMap<&'static str, Vec<Vec<u64>>> {
    let mut attacks: BTreeMap<&'static str, Vec<Vec<u64>>> = BTreeMap::new();
    let mut last: HashMap<&'static str, Timestamp> = HashMap::new();
    for (seq, one) in (0..).zip(log) {
        let Some(kind) = one.attack.map(AttackKind::as_str) else { continue };
        let of = attacks.entry(kind).or_default();
        if last.insert(kind, one.at).is_none_or(|before| one.at.since(before) > ATTACK) {
            of.push(Vec::new());
        }
        of.last_mut().unwrap().push(seq);
    }
    attacks
}

#[test]
fn every_kind_of_attack_is_found_and_few_alerts_are_about_nothing() {
    let log = corpus();
    let told: Vec<Alert> = told(log).into_iter().filter(|alert| alert.severity >= Severity::Medium).collect();
    let shown: BTreeSet<u64> = told.iter().flat_map(|alert| alert.evidence.iter().copied()).collect();
    let mut figures = Vec::new();
    for (kind, of) in attacks(log) {
        let found = of.iter().filter(|attack| attack.iter().any(|seq| shown.contains(seq))).count();
        figures.push((kind, found, of.len()));
    }
    let is_true = |alert: &&Alert| {
        alert.evidence.iter().any(|seq| log[usize::try_from(*seq).unwrap()].attack.is_some())
    };
    let (right, wrong): (Vec<&Alert>, Vec<&Alert>) = told.iter().partition(is_true);
    let mut by_detector: BTreeMap<&str, u32> = BTreeMap::new();
    wrong.iter().for_each(|alert| *by_detector.entry(&alert.detector).or_default() += 1);
    let told = format!("attacks found: {figures:?}, {} alerts right, wrong: {by_detector:?}", right.len());
    assert_eq!(figures.len(), AttackKind::ALL.len(), "{told}");
    for (kind, found, all) in figures {
        // Why not the replayed tokens: no entry of an exchange names its token's family, and a session that wanders is not looked for.
        let most_missed = match kind {
            "token_replay" => all,
            "stolen_password" => 1,
            _ => 0,
        };
        assert!(all > 2 && found + most_missed >= all, "{kind}: {told}");
    }
    assert!(wrong.len() * 20 <= right.len(), "one in twenty may be about nothing: {told}");
}

#[test]
fn a_tenant_in_which_nothing_is_wrong_is_not_told_of_more_than_traces() {
    let log = generate(include_str!("../../../../scenarios/quiet.toml"));
    assert!(log.len() > 150, "{}", log.len());
    let worse: Vec<Alert> = told(&log).into_iter().filter(|alert| alert.severity > Severity::Low).collect();
    assert!(worse.is_empty(), "{worse:?}");
}

async fn deliver(service: &TestApp, entries: &[&Labeled]) {
    let entries: Vec<Value> =
        entries.iter().map(|one| json!({"log_id": one.log_id, "data": one.entry})).collect();
    let request = Request::post(format!("/v1/logs/{TENANT}"))
        .header("host", HOST)
        .header("authorization", format!("Bearer {}", log_token(TENANT).expose()))
        .body(Body::from(json!(entries).to_string()))
        .unwrap();
    assert_eq!(service.send(request).await.status, 200);
}

/// Works on the log: to its end and with replays, or a turn alone.
async fn work(service: &TestApp, to_the_end: bool) {
    let (tenant, lead) = (service.tenant(), service.lead().await);
    while service.app.watch_next(&tenant, &lead).await.unwrap().is_busy && to_the_end {}
    if to_the_end {
        service.app.replay_late(&tenant, &lead).await.unwrap();
    }
}

/// The alerts that stand, with what shows them.
async fn alerts(service: &TestApp) -> BTreeMap<String, (u8, String, Vec<String>)> {
    let tenant = service.tenant();
    let (mut all, mut filter) = (BTreeMap::new(), AlertFilter::default());
    loop {
        let rows = service.app.alerts(&tenant, filter.clone(), 100).await.unwrap();
        let Some(last) = rows.last() else { return all };
        filter.before = Some((last.last, last.id.clone()));
        for row in rows {
            let body = service.app.open_alert(&tenant, &row).await.unwrap().unwrap();
            all.insert(row.id, (row.severity, row.audience, body.log_ids));
        }
    }
}

#[tokio::test]
async fn thirty_days_give_the_same_alerts_in_any_order_repeated_and_over_restarts() {
    let log: Vec<&Labeled> = tokio::task::spawn_blocking(corpus).await.unwrap().iter().collect();
    let service = TestApp::start(|_| {}).await;
    for part in log.chunks(250) {
        deliver(&service, part).await;
        work(&service, false).await;
    }
    work(&service, true).await;
    let expected = alerts(&service).await;
    assert!(expected.len() > 20, "{expected:?}");

    let mut dice = Dice(5);
    let mut late: Vec<(i64, &Labeled)> =
        log.iter().map(|one| (one.at.micros() + i64::try_from(dice.below(LATE)).unwrap(), *one)).collect();
    late.sort_by_key(|(arrives, _)| *arrives);
    let late: Vec<&Labeled> = late.into_iter().map(|(_, one)| one).collect();
    let mut service = TestApp::start(|_| {}).await;
    for part in late.chunks(250) {
        deliver(&service, part).await;
        match dice.below(8) {
            0 => deliver(&service, part).await,
            1 => {
                let document = service.tenant().policy().document().clone();
                service = service.reopen(document).await;
            }
            2 => continue,
            3 => {
                // A replay that is cut off anywhere begins anew.
                let (tenant, lead) = (service.tenant(), service.lead().await);
                service.app.replay_next(&tenant, &lead).await.unwrap();
            }
            _ => {}
        }
        work(&service, false).await;
    }
    work(&service, true).await;
    assert_eq!(alerts(&service).await, expected);
}
