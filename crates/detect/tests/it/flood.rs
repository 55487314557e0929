//! Names that an attacker invents must not push out what matters.

use std::collections::BTreeMap;

use countersign_auth0::log::LogEvent;
use countersign_core::Timestamp;
use countersign_detect::{Alert, Engine, EngineSettings, Event, Severity, detectors, pack::PACK, sigma};
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
    let mut other = Engine::new(
        tagger.clone(),
        EngineSettings::default(),
        detectors::make_all(&BTreeMap::new()).unwrap(),
    );
    let (mut found, mut elsewhere) = (Vec::new(), Vec::new());
    for n in 0..200_000 {
        // Why every thousandth: 100 invented names a second, one guess at the account in ten seconds.
        let name = if n % 1_000 == 7 { "eve@example.com".to_owned() } else { format!("u{n}@example.com") };
        if n % 1_000 == 7 {
            elsewhere.extend(take(&mut other, &tagger, n, &name));
        }
        found.extend(take(&mut engine, &tagger, n, &name));
    }
    assert!(elsewhere.iter().any(|alert| alert.detector == "brute_force_account"), "of another tenant");
    assert!(other.evictions().all(|(_, count)| count == 0), "a flood of one tenant takes nothing of another");
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

#[test]
fn what_is_over_takes_no_memory() {
    let tagger = Tagger::new(&[5; 32]);
    let mut all = detectors::make_all(&BTreeMap::new()).unwrap();
    all.extend(sigma::load(PACK, &sigma::Values::new()).ok().unwrap());
    let mut engine = Engine::new(tagger.clone(), EngineSettings::default(), all);
    let empty = engine.save().len();
    let start = Timestamp::from_micros(1_787_212_800_000_000);
    for n in 0..40_000_i64 {
        let (date, user) = (start.plus(n * 50_000), n % 20);
        let raw = format!(
            r#"{{"log_id":"{n}","type":"fp","date":"{date}","user_id":"auth0|{user}","ip":"10.{}.{}.7","tenant_name":"acme"}}"#,
            n % 100,
            n / 20 % 100
        );
        let event =
            Event::new(u64::try_from(n).unwrap(), LogEvent::parse(&raw, None).unwrap(), &tagger, |_| None);
        engine.observe(&event);
    }
    let busy = engine.save().len() - empty;
    engine.reach(start.plus(3 * countersign_detect::DAY));
    let quiet = engine.save().len() - empty;
    assert!(quiet * 20 < busy, "{quiet} of {busy} bytes are left after three days");
}
