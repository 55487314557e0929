//! Names that an attacker invents must not push out what matters.

use std::collections::BTreeMap;

use countersign_auth0::log::LogEvent;
use countersign_core::Timestamp;
use countersign_detect::{Alert, Engine, EngineSettings, Event, Severity, detectors};
use countersign_privacy::Tagger;

fn take(engine: &mut Engine, tagger: &Tagger, n: u64, name: &str) -> Vec<Alert> {
    let date = Timestamp::from_micros(1_787_212_800_000_000 + i64::try_from(n).unwrap() * 10_000);
    let address = format!("10.{}.{}.{}", n % 251, n % 241, n % 239);
    let raw = format!(
        r#"{{"log_id":"{n}","type":"fp","date":"{date}","user_name":"{name}","ip":"{address}","tenant_name":"acme"}}"#
    );
    let log = LogEvent::parse(&raw, None).unwrap();
    engine.observe(&Event::new(n, log, tagger, |_| None))
}

#[test]
fn a_flood_of_invented_names_does_not_hide_a_running_attack() {
    let tagger = Tagger::new(&[5; 32]);
    let natives = detectors::make_all(&BTreeMap::new()).unwrap();
    let mut engine = Engine::new(tagger.clone(), EngineSettings::default(), natives);
    let mut found = Vec::new();
    for n in 0..200_000 {
        // Why every thousandth: 100 invented names a second, one guess at the account in ten seconds.
        let name = if n % 1_000 == 7 { "eve@example.com".to_owned() } else { format!("u{n}@example.com") };
        found.extend(take(&mut engine, &tagger, n, &name));
    }
    let guessed: Vec<&Alert> = found.iter().filter(|alert| alert.detector == "brute_force_account").collect();
    assert!(!guessed.is_empty());
    assert!(
        guessed.iter().all(|alert| alert.entity.name == "eve@example.com"),
        "invented names are no attack"
    );
    assert!(guessed.iter().all(|alert| alert.severity == Severity::Medium && alert.id == guessed[0].id));
    assert!(found.iter().any(|alert| alert.detector == "credential_stuffing" && alert.entity.name == "acme"));
    let evictions: BTreeMap<&str, u64> = engine.evictions().collect();
    assert!(evictions["typed_names"] > 150_000, "{evictions:?}");
    assert_eq!(evictions["brute_force_account"], 0, "what came once was not let in");
}
