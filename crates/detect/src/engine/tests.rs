use countersign_auth0::log::LogEvent;
use countersign_privacy::Tagger;

use super::*;
use crate::{Severity, detectors};

mod audience;

fn engine() -> Engine {
    set(EngineSettings::default())
}

fn set(settings: EngineSettings) -> Engine {
    let detectors = detectors::make_all(&BTreeMap::new()).unwrap();
    Engine::new(Tagger::new(&[7; 32]), settings, detectors)
}

fn failure(n: u64, second: u64) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(
        r#"{{"log_id":"{n}","type":"fp","date":"2026-08-20T08:{minute:02}:{second:02}.000Z","user_id":"auth0|1","ip":"192.0.2.{n}"}}"#
    )
}

fn take(engine: &mut Engine, seq: u64, raw: &str) -> Vec<Alert> {
    let log = LogEvent::parse(raw, None).unwrap();
    let event = Event::new(seq, log, &Tagger::new(&[7; 32]), |_| None);
    engine.observe(&event)
}

#[test]
fn findings_about_one_entity_join_into_one_alert_and_a_restart_changes_nothing() {
    let mut engine = engine();
    let before: Vec<_> = (1..=9).flat_map(|n| take(&mut engine, n, &failure(n, n * 7))).collect();
    assert!(before.is_empty());
    let saved = engine.save();
    let mut restored = self::engine();
    assert_eq!(restored.restore(&saved), Ok(vec![]));
    for engine in [&mut engine, &mut restored] {
        let [alert] = &take(engine, 10, &failure(10, 70))[..] else { panic!() };
        assert_eq!((alert.severity, alert.findings, alert.evidence.len()), (Severity::Medium, 1, 10));
        assert!(alert.id.to_string().starts_with("alr_"));
        let [grown] = &take(engine, 11, &failure(11, 77))[..] else { panic!() };
        assert_eq!((grown.id, grown.findings, grown.evidence.len()), (alert.id, 2, 11));
    }
    assert_eq!(engine.save(), restored.save());
}

fn login(n: u64, second: u64) -> String {
    failure(n, second).replace(r#""fp""#, r#""s""#).replace("192.0.2.1\"", "192.0.2.7\"")
}

#[test]
fn a_confirmed_source_counts_in_its_time_and_after_a_restart() {
    let at = |raw: &str| LogEvent::parse(raw, None).unwrap().date;
    let source = Entity::new(crate::EntityKind::Address, "192.0.2.7");
    let source = source.source_tag(&Tagger::new(&[7; 32])).unwrap();
    let (before, within, after) = (login(1, 10), login(1, 20), login(1, 30));
    let confirmed = ConfirmedSource { source, from: at(&within), until: at(&after) };
    let found = |raw: &str| {
        let mut first = engine();
        first.confirm_sources(vec![confirmed]);
        let saved = first.save();
        assert_eq!(saved, engine().save(), "it is no state of the detectors");
        let mut again = engine();
        again.confirm_sources(vec![confirmed]);
        again.restore(&saved).unwrap();
        let found = [first, again].map(|mut engine| {
            take(&mut engine, 1, raw).iter().any(|alert| alert.detector == "login_from_attacker_tls")
        });
        assert_eq!(found[0], found[1]);
        found[0]
    };
    assert_eq!([&before, &within, &after].map(|raw| found(raw)), [false, true, false]);
}

#[test]
fn what_watches_the_sensors_is_suppressed_by_its_name_alone() {
    let audience = |detector: Option<&str>, id: &'static str| {
        let suppression = Suppression {
            detector: detector.map(str::to_owned),
            entity: None,
            from: Timestamp::from_seconds(0),
            until: Timestamp::from_seconds(9),
            reason: "a test".to_owned(),
        };
        let settings = EngineSettings { suppressions: vec![suppression], ..EngineSettings::default() };
        let about = detectors::NATIVE.iter().find(|native| native.about.id == id).unwrap().about;
        let entity = Entity::new(crate::EntityKind::Tenant, "acme");
        let finding = Finding::new(Severity::High, entity, Timestamp::from_seconds(5));
        Episodes::default().take(&Tagger::new(&[7; 32]), &settings, about, finding).audience
    };
    assert_eq!(audience(None, SENSORS), crate::Audience::Raised);
    assert_eq!(audience(Some(SENSORS), SENSORS), crate::Audience::Suppressed);
    assert_eq!(audience(None, "mfa_fatigue"), crate::Audience::Suppressed);
}

#[test]
fn another_state_is_refused_and_leaves_the_engine_as_it_was() {
    let mut engine = engine();
    take(&mut engine, 1, &failure(1, 1));
    let saved = engine.save();
    assert_eq!(engine.restore(b"nonsense"), Err(crate::StateError));
    assert_eq!(engine.save(), saved);
}
