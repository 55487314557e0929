//! What holds for every detector: the order of delivery, repeats and restarts change nothing, and no entry breaks anything.

use std::collections::{BTreeMap, BTreeSet};

use countersign_auth0::log::LogEvent;
use countersign_core::Timestamp;
use countersign_detect::{
    Alert, AlertId, Country, Engine, EngineSettings, Event, NetworkKind, Place, StateError, detectors,
};
use countersign_privacy::Tagger;
use countersign_risk::Place as Point;
use proptest::{prelude::*, strategy::ValueTree};
use serde_json::{Value, json};

const KINDS: &[&str] = &[
    "s",
    "s",
    "s",
    "fp",
    "fp",
    "fp",
    "fu",
    "f",
    "fepft",
    "fepotpft",
    "pwd_leak",
    "limit_mu",
    "limit_wc",
    "sertft",
    "sertft",
    "ferrt",
    "seacft",
    "seccft",
    "feccft",
    "ssa",
    "ss",
    "fs",
    "scpr",
    "fcpr",
    "gd_send_pn",
    "gd_send_sms",
    "gd_auth_rejected",
    "gd_auth_succeed",
    "gd_enrollment_complete",
    "gd_unenroll",
    "mfar",
    "sapi",
    "api_limit",
    "odd",
];

/// A line of a log: its id, its time in seconds, and the object.
#[derive(Debug, Clone)]
struct Line {
    id: usize,
    second: i64,
    fields: Value,
}

impl Line {
    fn text(&self) -> String {
        let mut fields = self.fields.clone();
        fields["log_id"] = json!(format!("{:06}", self.id));
        if fields.get("date").is_none() {
            fields["date"] = json!(Timestamp::from_seconds(1_787_212_800 + self.second).to_string());
        }
        fields.to_string()
    }
}

fn ordinary() -> impl Strategy<Value = Value> {
    let who = (0..KINDS.len(), 0..5_u8, 0..6_u8, 0..5_u8, 0..3_u8);
    (who, 0..4_u8, any::<bool>()).prop_map(|((kind, user, address, organization, ja4), family, is_phone)| {
        let agent = if is_phone { "Safari 18.0.0 / iOS 18.0.0" } else { "Chrome 142.0.0 / Windows 10.0.0" };
        let details = json!({
            "familyId": format!("family{family}"), "session_id": format!("session{family}"),
            "prompts": [{"performed_amr": [if is_phone { "pwd" } else { "hwk" }]}],
            "request": {"method": "patch", "path": "/api/v2/guardian/policies", "body": []},
            "response": {"statusCode": 200, "body": []},
        });
        json!({
            "type": KINDS[kind], "tenant_name": "acme", "user_agent": agent, "client_id": format!("client{family}"),
            "user_id": if user == 0 { String::new() } else { format!("auth0|{user}") },
            "user_name": format!("user{user}@mailinator.com"), "ip": format!("203.0.{}.{address}", address % 3),
            "organization_id": format!("org_{organization}"), "security_context": {"ja4": format!("t13d{ja4}")},
            "description": "Wrong email or password.", "details": details,
        })
    })
}

/// Few seconds, so that thresholds are met and times are shared.
fn lines(most: usize) -> impl Strategy<Value = Vec<Line>> {
    let line = (prop_oneof![9 => 0..600_i64, 1 => 0..9_000_000_i64], ordinary());
    prop::collection::vec(line, 1..most).prop_map(|lines| {
        let line = |(id, (second, fields))| Line { id, second, fields };
        lines.into_iter().enumerate().map(line).collect()
    })
}

/// Every threshold at its least, so that few entries are enough.
fn engine(tagger: &Tagger) -> Engine {
    let least = |native: &detectors::Native| {
        let params = native.about.params.iter().map(|param| (param.name.to_owned(), param.least));
        (native.about.id.to_string(), params.collect())
    };
    let thresholds = detectors::NATIVE.iter().map(least).collect();
    Engine::new(tagger.clone(), EngineSettings::default(), detectors::make_all(&thresholds).unwrap())
}

fn place(address: std::net::IpAddr) -> Option<Place> {
    let std::net::IpAddr::V4(address) = address else { return None };
    let [.., near, n] = address.octets();
    let (country, lat, lon) =
        [("DE", 52.5, 13.4), ("AU", -33.9, 151.2), ("US", 42.4, -71.1)][usize::from(near % 3)];
    Some(Place {
        country: Country::new(country),
        point: Point::from_degrees(lat, lon),
        accuracy_km: 10,
        asn: Some(64_500 + u32::from(n)),
        network: if n == 5 { NetworkKind::Anonymizer } else { NetworkKind::Residential },
    })
}

type Told = BTreeMap<AlertId, (Alert, Vec<usize>)>;

/// Journals the lines as they are delivered, then replays them in event time, with a restart before entry `stop`.
fn replay(delivered: &[Line], stop: usize) -> Told {
    let tagger = Tagger::new(&[9; 32]);
    let mut known = BTreeSet::new();
    let journal: Vec<&Line> = delivered.iter().filter(|line| known.insert(line.id)).collect();
    let mut ordered: Vec<(usize, &Line)> = journal.iter().copied().enumerate().collect();
    ordered.sort_by_key(|(_, line)| (line.second, line.id));
    let mut engine = engine(&tagger);
    let mut alerts = BTreeMap::new();
    for (n, (seq, line)) in ordered.into_iter().enumerate() {
        if n == stop {
            let saved = engine.save();
            engine = self::engine(&tagger);
            assert_eq!(engine.restore(&saved), Ok(vec![]));
        }
        let text = line.text();
        let log = LogEvent::parse(&text, None).unwrap();
        let event = Event::new(seq.try_into().unwrap(), log, &tagger, place);
        alerts.extend(engine.observe(&event).into_iter().map(|alert| (alert.id, alert)));
    }
    let last = engine.frontier().plus(countersign_detect::DAY);
    alerts.extend(engine.reach(last).into_iter().map(|alert| (alert.id, alert)));
    let shown = |mut alert: Alert| {
        // Why: where an entry stands in the journal is what may differ.
        let ids = std::mem::take(&mut alert.evidence).into_iter();
        let ids = ids.map(|seq| journal[usize::try_from(seq).unwrap()].id).collect();
        (alert.id, (alert, ids))
    };
    alerts.into_values().map(shown).collect()
}

fn hostile() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "[*@.]{0,9}",
        Just("\u{202e}\u{0}é".repeat(300)),
        Just("auth0|1".to_owned()),
        Just("::ffff:203.0.113.9".to_owned()),
    ];
    let value = prop_oneof![
        6 => text.prop_map(Value::from),
        1 => any::<f64>().prop_map(|n| json!(n)),
        1 => any::<i64>().prop_map(|n| json!([n, {"a": n}])),
        1 => Just(json!({"ja4": "\u{0}", "latitude": 1e308, "longitude": -1e308, "country_code": "éé"})),
        1 => Just(json!({"prompts": [{"performed_amr": [7, null]}], "familyId": {}, "error": 3, "request": []})),
    ];
    let names = prop::sample::select(vec![
        "user_id",
        "user_name",
        "ip",
        "client_ip",
        "user_agent",
        "client_id",
        "organization_id",
        "session_id",
        "security_context",
        "location_info",
        "details",
        "description",
        "tenant_name",
        "hostname",
        "connection",
    ]);
    let dates = prop::sample::select(vec![
        "-009999-01-02T01:59:59Z",
        "9999-12-30T22:00:00.999999999Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2026-08-20T08:00:00Z",
        "2026-08-20T08:00:01Z",
        "2026-11-20T08:00:01Z",
    ]);
    let fields = prop::collection::btree_map(names, value, 0..9);
    (0..KINDS.len(), dates, fields, ordinary(), any::<bool>()).prop_map(
        |(kind, date, odd, base, is_based)| {
            let mut fields = if is_based { base } else { json!({}) };
            odd.into_iter().for_each(|(name, value)| fields[name] = value);
            fields["type"] = json!(KINDS[kind]);
            fields["date"] = json!(date);
            fields
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn order_repeats_and_restarts_change_nothing(
        (lines, shuffled) in lines(90).prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        again in prop::collection::vec(0..90_usize, 0..9),
        stop in 0..90_usize,
    ) {
        let truth = replay(&lines, usize::MAX);
        let mut delivered = shuffled;
        let repeats: Vec<Line> = again.iter().filter_map(|n| lines.get(*n).cloned()).collect();
        delivered.extend(repeats);
        prop_assert_eq!(&replay(&delivered, usize::MAX), &truth);
        prop_assert_eq!(&replay(&lines, stop), &truth);
    }

    #[test]
    fn no_entry_in_any_order_breaks_anything(entries in prop::collection::vec(hostile(), 1..60), cut in any::<prop::sample::Index>()) {
        let tagger = Tagger::new(&[9; 32]);
        let mut engine = engine(&tagger);
        for (id, fields) in entries.into_iter().enumerate() {
            let text = Line { id, second: 0, fields }.text();
            let Ok(log) = LogEvent::parse(&text, None) else { continue };
            let told = |address| place(address);
            for alert in engine.observe(&Event::new(id.try_into().unwrap(), log, &tagger, told)) {
                prop_assert!(alert.entity.name.len() <= 256 && alert.first <= alert.last);
            }
        }
        let saved = engine.save();
        let cut = &saved[..cut.index(saved.len())];
        prop_assert_eq!(self::engine(&tagger).restore(cut), Err(StateError));
        prop_assert_eq!(self::engine(&tagger).restore(&saved), Ok(vec![]));
    }
}

#[test]
fn the_lines_of_these_tests_make_alerts_of_most_detectors() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut found = BTreeSet::new();
    for _ in 0..20 {
        let lines = lines(90).new_tree(&mut runner).unwrap().current();
        found.extend(replay(&lines, usize::MAX).into_values().map(|(alert, _)| alert.detector));
    }
    assert!(found.len() >= 10, "{found:?}");
}
