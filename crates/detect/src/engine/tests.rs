use countersign_auth0::log::LogEvent;
use countersign_privacy::Tagger;

use super::*;
use crate::{Audience, DAY, Severity, detectors};

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
    assert_eq!(audience(None, SENSORS), Audience::Raised);
    assert_eq!(audience(Some(SENSORS), SENSORS), Audience::Suppressed);
    assert_eq!(audience(None, "mfa_fatigue"), Audience::Suppressed);
}

#[test]
fn another_state_is_refused_and_leaves_the_engine_as_it_was() {
    let mut engine = engine();
    take(&mut engine, 1, &failure(1, 1));
    let saved = engine.save();
    assert_eq!(engine.restore(b"nonsense"), Err(crate::StateError));
    assert_eq!(engine.save(), saved);
}

#[test]
fn other_thresholds_keep_what_was_learned_and_no_alert_comes_twice() {
    let mut engine = engine();
    let first: Vec<_> = (1..=10).flat_map(|n| take(&mut engine, n, &failure(n, n * 7))).collect();
    assert_eq!(first.len(), 1);
    let bounds: [fn(&crate::Param) -> f64; 2] = [|param| param.least, |param| param.most];
    for bound in bounds {
        let set = |native: &detectors::Native| {
            let params = native.about.params.iter().map(|param| (param.name.to_owned(), bound(param)));
            (native.about.id.to_string(), params.collect())
        };
        let thresholds = detectors::NATIVE.iter().map(set).collect();
        let made = detectors::make_all(&thresholds).unwrap();
        let mut other = Engine::new(Tagger::new(&[7; 32]), EngineSettings::default(), made);
        assert_eq!(other.restore(&engine.save()), Ok(vec![]));
        for alert in take(&mut other, 11, &failure(11, 77)) {
            let is_known = alert.detector != "brute_force_account" || alert.id == first[0].id;
            assert!(is_known, "it grows and does not begin anew: {alert:?}");
        }
    }
}

#[test]
fn in_a_persons_first_days_what_is_new_is_recorded_only_and_attacks_are_told() {
    let login = |n: u64, day: u64, agent: &str| {
        format!(
            r#"{{"log_id":"{n}","type":"s","date":"2026-08-{day:02}T08:00:00.000Z","user_id":"auth0|1","ip":"192.0.2.{n}","user_agent":"{agent}"}}"#
        )
    };
    let (laptop, phone) = ("Chrome 142.0.0 / Windows 10.0.0", "Safari 18.0.0 / iOS 18.0.0");
    let audience = |days: i64, second: u64| {
        let no_period = [("learning_days".to_owned(), 0.0)];
        let thresholds = [("new_country_or_device".to_owned(), no_period.into())].into();
        let learning = [("new_country_or_device".to_owned(), days * DAY)].into();
        let settings = EngineSettings { learning, ..EngineSettings::default() };
        let made = detectors::make_all(&thresholds).unwrap();
        let mut engine = Engine::new(Tagger::new(&[7; 32]), settings, made);
        take(&mut engine, 1, &login(1, 1, laptop));
        let alerts = take(&mut engine, 2, &login(2, second, phone));
        let told: Vec<_> = alerts.iter().map(|alert| alert.audience).collect();
        let attack = (3..=12).flat_map(|n| take(&mut engine, n, &failure(n, n * 7))).next();
        assert_eq!(attack.map(|alert| alert.audience), Some(Audience::Raised));
        told
    };
    assert_eq!(audience(14, 14), [Audience::Learning]);
    assert_eq!(audience(14, 15), [Audience::Raised]);
    assert_eq!(audience(3, 5), [Audience::Raised]);
    assert_eq!(audience(0, 2), [Audience::Raised]);
}

#[test]
fn a_detector_may_have_a_budget_of_its_own() {
    let of = |budgets: &[(&str, u32)]| {
        let budgets = budgets.iter().map(|(id, most)| ((*id).to_owned(), *most)).collect();
        let settings = EngineSettings { daily_alerts: 1, budgets, ..EngineSettings::default() };
        let made = detectors::make_all(&BTreeMap::new()).unwrap();
        let mut engine = Engine::new(Tagger::new(&[7; 32]), settings, made);
        let user = |n: u64, raw: String| raw.replace("auth0|1", &format!("auth0|{n}"));
        let found = (0..3).flat_map(|person| (1..=10).map(move |n| (person, n)).collect::<Vec<_>>());
        let mut audiences = Vec::new();
        for (person, n) in found {
            let seq = person * 100 + n;
            let raw = user(person, failure(n, person * 100 + n * 7))
                .replace("\"log_id\":\"", &format!("\"log_id\":\"{person}"));
            let alerts = take(&mut engine, seq, &raw);
            let own = alerts.into_iter().filter(|alert| alert.detector == "brute_force_account");
            audiences.extend(own.map(|alert| alert.audience));
        }
        audiences.into_iter().filter(|audience| *audience == Audience::Raised).count()
    };
    assert_eq!((of(&[]), of(&[("brute_force_account", 2)])), (1, 2));
}
