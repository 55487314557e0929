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

#[test]
fn another_state_is_refused_and_leaves_the_engine_as_it_was() {
    let mut engine = engine();
    take(&mut engine, 1, &failure(1, 1));
    let saved = engine.save();
    assert_eq!(engine.restore(b"nonsense"), Err(crate::StateError));
    assert_eq!(engine.save(), saved);
}
