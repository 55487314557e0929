//! The demo's month: what is found in it is what was planted.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use countersign_auth0::log;
use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_detect::{Alert, Engine, EngineSettings, Event, Severity, detectors, pack::PACK, sigma};
use countersign_privacy::Tagger;
use countersign_sandbox::{
    Scenario,
    tenant::{Options, Plan, Tenant, http::Shell},
};

/// A Thursday and a Sunday.
const NOWS: [&str; 2] = ["2026-08-20T14:00:00Z", "2026-11-29T05:00:00Z"];

/// What is found above `low` in the past of a scenario that ends at an instant.
async fn found(scenario: &str, now: Timestamp) -> Vec<Alert> {
    let options = Options {
        name: countersign_sandbox::TENANT.to_owned(),
        base_url: "http://127.0.0.1:1".to_owned(),
        plan: Plan::Unlimited,
        seed: 20_260_820,
        client_id: "first".to_owned(),
        client_secret: "sesame".to_owned(),
    };
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(now));
    let shell = Shell::new(Tenant::new(options).unwrap(), clock, "http")
        .with_scenario(Scenario::parse(scenario).unwrap());
    let (past, _) = shell.tell_scenario().await.unwrap().unwrap();
    let tagger = Tagger::new(&[0; 32]);
    let mut all = detectors::make_all(&BTreeMap::new()).unwrap();
    all.extend(sigma::load(PACK, &sigma::Values::new()).unwrap());
    let mut engine = Engine::new(tagger.clone(), EngineSettings::default(), all);
    let texts: Vec<String> =
        past.iter().flat_map(|moment| &moment.entries).map(ToString::to_string).collect();
    assert!(texts.len() > 1_000, "{}", texts.len());
    let mut alerts = Vec::new();
    for (seq, text) in (0..).zip(&texts) {
        for entry in log::entries(text).unwrap() {
            let event = Event::new(seq, entry.unwrap(), &tagger, |_| None);
            alerts.extend(engine.observe(&event));
        }
    }
    alerts.retain(|alert| alert.severity > Severity::Low);
    alerts
}

#[tokio::test]
async fn honest_people_of_the_demo_raise_nothing_above_low_and_each_planted_attack_is_found() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/demo.toml");
    let whole = std::fs::read_to_string(file).unwrap();
    let (honest, _) = whole.split_once("[[attacks]]").unwrap();
    for now in NOWS.map(|now| now.parse().unwrap()) {
        assert_eq!(found(honest, now).await, [], "{now}");
        let found: BTreeSet<String> =
            found(&whole, now).await.iter().map(|alert| alert.detector.clone()).collect();
        for detector in ["success_after_failures", "password_spray", "impossible_travel"] {
            assert!(found.contains(detector), "{now}: {detector} is not among {found:?}");
        }
    }
}
