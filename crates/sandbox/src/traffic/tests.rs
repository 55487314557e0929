use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::LazyLock,
};

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{network::tests::is_documentation, story::Pace, story::Story};

/// A Thursday, 14:00 UTC.
pub(crate) fn until() -> Timestamp {
    "2026-08-20T14:00:00Z".parse().unwrap()
}

pub(crate) fn traffic(seed: u64) -> Traffic {
    Traffic::new(Population::new(seed), seed)
}

/// A month of history, and twenty minutes of a live run after it.
fn everything(seed: u64) -> Vec<SignIn> {
    let mut traffic = traffic(seed);
    let mut all = traffic.history(30, until());
    let mut story = Story::new(traffic, Pace::default(), seed, until());
    for second in 1..=1200 {
        all.extend(story.due(until().plus(second * 1_000_000)));
    }
    all
}

/// The same for a few seeds, made once.
static ALL: LazyLock<Vec<SignIn>> = LazyLock::new(|| (4..6).flat_map(everything).collect());

/// The text at a JSON pointer of the event.
pub(crate) fn text<'a>(sign_in: &'a SignIn, pointer: &str) -> &'a str {
    sign_in.event.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}"))
}

/// Calls `visit` with the path and value of everything inside, array items as `[]`.
fn walk(path: &str, value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, value);
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| walk(&format!("{path}.{key}"), value, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(&format!("{path}[]"), item, visit)),
        _ => {}
    }
}

#[test]
fn the_same_seed_gives_the_same_events() {
    let (one, two) = (everything(11), everything(11));
    assert!(one == two);
    assert!(one != everything(12));
}

#[test]
fn a_month_of_history_is_ordered_honest_and_about_two_thousand_sign_ins() {
    let history = traffic(3).history(30, until());
    assert!((1600..2600).contains(&history.len()), "{}", history.len());
    assert!(history.is_sorted_by_key(|sign_in| sign_in.at));
    assert!(history.iter().all(|s| s.label == Label::Honest && s.at < until()));
    assert!(history.iter().all(|s| s.at >= until().plus(-30 * 86_400_000_000)));
    assert!(traffic(3).history(0, until()).is_empty());
}

#[test]
fn events_carry_only_documentation_addresses_and_example_domains() {
    for sign_in in ALL.iter() {
        walk("event", &sign_in.event, &mut |path, value| {
            let Some(text) = value.as_str() else { return };
            let key = path.rsplit('.').next().unwrap_or_default();
            if ["ip", "initial_ip", "last_ip"].contains(&key) {
                let address: IpAddr = text.parse().unwrap();
                assert!(is_documentation(address), "{path}: {text}");
            } else if text.parse::<IpAddr>().is_ok() {
                panic!("an address at {path}");
            }
            if ["asn", "initial_asn", "last_asn"].contains(&key) {
                let asn: u32 = text.parse().unwrap();
                assert!((64496..=64511).contains(&asn) || (65536..=65551).contains(&asn), "{path}: {text}");
            }
            let host = text.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap());
            let host = host.or_else(|| text.split_once('@').map(|(_, domain)| domain));
            let host = host.or_else(|| ["hostname", "domain"].contains(&key).then_some(text));
            assert!(host.is_none_or(|host| host.ends_with(".example")), "{path}: {text}");
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn nine_in_ten_of_a_persons_honest_sign_ins_come_from_two_networks(seed: u64, day in 0_i64..400) {
        let until = until().plus(day * 86_400_000_000);
        let mut seen: HashMap<usize, HashMap<String, usize>> = HashMap::new();
        for sign_in in traffic(seed).history(30, until) {
            *seen.entry(sign_in.person).or_default().entry(text(&sign_in, "/request/asn").into()).or_default() += 1;
        }
        prop_assert_eq!(seen.len(), 36);
        for networks in seen.values() {
            let mut counts: Vec<usize> = networks.values().copied().collect();
            counts.sort_unstable_by(|a, b| b.cmp(a));
            let (usual, all): (usize, usize) = (counts.iter().take(2).sum(), counts.iter().sum());
            prop_assert!(usual * 10 >= all * 9, "{usual} of {all}");
        }
    }

    #[test]
    fn no_honest_journey_of_the_history_looks_impossible(seed: u64) {
        prop_assert!(fastest(&traffic(seed).history(30, until())) < 300.0);
    }
}

/// The fastest journey over 100 km between two sign-ins of a person, in km/h.
fn fastest(sign_ins: &[SignIn]) -> f64 {
    let place = |s: &SignIn| {
        let degrees = |pointer: &str| s.event.pointer(pointer).and_then(Value::as_f64).unwrap();
        let (latitude, longitude) = (degrees("/request/geoip/latitude"), degrees("/request/geoip/longitude"));
        City { latitude, longitude, ..crate::city::LYON }
    };
    let mut last: HashMap<usize, (Timestamp, City)> = HashMap::new();
    let mut fastest = 0.0_f64;
    for sign_in in sign_ins {
        let here = place(sign_in);
        if let Some((at, there)) = last.insert(sign_in.person, (sign_in.at, here)) {
            let km = there.distance_km(&here);
            let hours = f64::from(u32::try_from(sign_in.at.since(at) / 1_000_000).unwrap()) / 3600.0;
            fastest = fastest.max(if km < 100.0 { 0.0 } else { km / hours });
        }
    }
    fastest
}

#[test]
fn no_honest_journey_of_a_live_run_looks_impossible() {
    let mut traffic = traffic(1);
    let live: Vec<SignIn> =
        (0..40 * 24 * 12).map(|n| traffic.honest(until().plus(n * 300_000_000)).unwrap()).collect();
    let speed = fastest(&live);
    assert!(speed > 0.0 && speed < 300.0, "{speed} km/h");
}

#[test]
fn every_channel_occurs_and_most_sign_ins_are_interactive() {
    let mut count: HashMap<Channel, usize> = HashMap::new();
    let mut traffic = traffic(5);
    let corvelle = traffic.population().organizations()[1].clone();
    let legacy_id = corvelle.legacy_client.as_ref().unwrap().id.as_str();
    let history = traffic.history(30, until());
    for sign_in in &history {
        *count.entry(sign_in.channel).or_default() += 1;
        let legacy = text(sign_in, "/client/client_id") == legacy_id;
        assert_eq!(legacy, sign_in.channel == Channel::Password);
    }
    for channel in [Channel::Silent, Channel::Refresh, Channel::Password] {
        assert!(count[&channel] > 10, "{channel}");
    }
    assert!(count[&Channel::Interactive] * 2 > history.len());
}

#[test]
fn the_protocol_and_the_prompt_tell_the_channel() {
    for sign_in in ALL.iter() {
        let (protocol, prompt) = match sign_in.channel {
            Channel::Interactive => ("oidc-basic-profile", None),
            Channel::Silent => ("oidc-basic-profile", Some("none")),
            Channel::Refresh => ("oauth2-refresh-token", None),
            _ => ("oauth2-password", None),
        };
        assert_eq!(text(sign_in, "/transaction/protocol"), protocol);
        assert_eq!(sign_in.event.pointer("/request/query/prompt").and_then(Value::as_str), prompt);
        assert_eq!(sign_in.event.get("refresh_token").is_some(), sign_in.channel == Channel::Refresh);
        assert_eq!(sign_in.event.get("session").is_none(), sign_in.channel == Channel::Password);
    }
}

/// What the reference marks as not optional in a post-login event; a field below an optional one is demanded where its
/// parent is there.
const REQUIRED: &[&str] = &[
    "authentication.methods",
    "authorization.roles",
    "client",
    "client.client_id",
    "client.metadata",
    "client.name",
    "connection",
    "connection.id",
    "connection.name",
    "connection.strategy",
    "custom_domain.domain",
    "custom_domain.domain_metadata",
    "organization.id",
    "organization.display_name",
    "organization.metadata",
    "organization.name",
    "refresh_token.id",
    "refresh_token.created_at",
    "request",
    "request.body",
    "request.geoip",
    "request.ip",
    "request.method",
    "request.query",
    "resource_server.identifier",
    "secrets",
    "session.id",
    "session.cookie.mode",
    "stats",
    "stats.logins_count",
    "tenant",
    "tenant.id",
    "transaction.metadata",
    "user",
    "user.app_metadata",
    "user.created_at",
    "user.email_verified",
    "user.updated_at",
    "user.user_id",
    "user.user_metadata",
    "user.identities",
    "authentication.riskAssessment.assessments",
    "authentication.riskAssessment.confidence",
    "authentication.riskAssessment.version",
    "authentication.riskAssessment.assessments.NewDevice.code",
    "authentication.riskAssessment.assessments.NewDevice.confidence",
    "authentication.riskAssessment.assessments.ImpossibleTravel.code",
    "authentication.riskAssessment.assessments.ImpossibleTravel.confidence",
    "authentication.riskAssessment.assessments.UntrustedIP.code",
    "authentication.riskAssessment.assessments.UntrustedIP.confidence",
];

#[test]
fn every_event_has_the_documented_required_fields() {
    for sign_in in ALL.iter() {
        for path in REQUIRED {
            let pointer = format!("/{}", path.replace('.', "/"));
            let (parent, _) = pointer.rsplit_once('/').unwrap();
            if sign_in.event.pointer(parent).is_some() {
                assert!(sign_in.event.pointer(&pointer).is_some_and(|value| !value.is_null()), "{path}");
            }
        }
    }
}

#[test]
fn every_key_and_its_type_are_those_of_the_recorded_events() {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let mut known: BTreeSet<(String, &str)> =
        [("event.authentication.methods[].type".to_owned(), "string")].into();
    for fixture in [
        include_str!("../../../../fixtures/events/post-login.json"),
        include_str!("../../../../fixtures/events/post-login.refresh-token.json"),
        include_str!("../../../../fixtures/events/post-login.high-risk.json"),
    ] {
        let event: Value = serde_json::from_str(fixture).unwrap();
        walk("event", &event, &mut |path, value| {
            known.insert((path.to_owned(), kind(value)));
        });
    }
    for item in ["event.transaction.prompt[]", "event.user.multifactor[]"] {
        known.insert((item.to_owned(), "string"));
    }
    for sign_in in ALL.iter() {
        walk("event", &sign_in.event, &mut |path, value| {
            let is_free =
                ["event.request.body.", "event.request.query."].iter().any(|free| path.starts_with(free));
            assert!(is_free || known.contains(&(path.to_owned(), kind(value))), "{path}: {}", kind(value));
        });
    }
}

#[test]
fn instants_are_written_with_three_decimals() {
    let sign_in = traffic(9).honest(until().plus(123_456)).unwrap();
    let written = text(&sign_in, "/user/created_at");
    assert_eq!((written.len(), written.ends_with('Z')), ("2026-08-20T14:00:00.123Z".len(), true));
    assert_eq!(event::iso(until().plus(123_999)), "2026-08-20T14:00:00.123Z");
    assert_eq!(event::iso(until()), "2026-08-20T14:00:00.000Z");
}

#[test]
fn factors_in_the_event_are_those_of_the_person_and_decide_who_passes() {
    let population = Population::new(10);
    let mut passed = 0;
    for sign_in in everything(10) {
        let person = population.person(sign_in.person).unwrap();
        let enrolled: Vec<&str> = sign_in.event["user"]["enrolledFactors"]
            .as_array()
            .map(|factors| factors.iter().map(|factor| factor["type"].as_str().unwrap()).collect())
            .unwrap_or_default();
        assert_eq!(enrolled, person.factors.iter().map(|factor| factor.as_str()).collect::<Vec<_>>());
        assert_eq!(sign_in.event["user"].get("enrolledFactors").is_none(), person.is_federated());
        assert_eq!(text(&sign_in, "/user/user_id"), person.user_id);
        if let Some(factor) = sign_in.passes_challenge_with {
            assert!(person.factors.contains(&factor) && sign_in.label == Label::Honest);
            passed += 1;
        }
    }
    assert!(passed > 100);
}

#[test]
fn auth0s_own_assessment_is_there_for_one_organization_only_and_trusts_the_honest() {
    let (mut honest, mut trusted) = (0, 0);
    for sign_in in ALL.iter() {
        let risk = sign_in.event.pointer("/authentication/riskAssessment");
        let is_enterprise = text(sign_in, "/organization/name") == "larkspur-vane";
        assert_eq!(risk.is_some(), is_enterprise && sign_in.channel == Channel::Interactive);
        let Some(risk) = risk else { continue };
        if sign_in.label == Label::Honest {
            honest += 1;
            trusted += u32::from(risk["confidence"] == "high");
        } else {
            assert_eq!(risk["confidence"], "low");
        }
    }
    assert!(honest > 100 && trusted * 10 >= honest * 9, "{trusted} of {honest}");
}

#[test]
fn a_silent_sign_in_keeps_the_session_and_its_factor() {
    let mut sessions: HashMap<String, Value> = HashMap::new();
    let mut with_factor = 0;
    for sign_in in traffic(14).history(30, until()) {
        let Some(session) = sign_in.event.get("session") else { continue };
        let id = session["id"].as_str().unwrap().to_owned();
        if sign_in.channel == Channel::Interactive {
            assert!(sessions.insert(id, session["created_at"].clone()).is_none());
        } else {
            assert_eq!(sessions.get(&id), Some(&session["created_at"]));
            with_factor +=
                usize::from(sign_in.event["authentication"]["methods"].as_array().unwrap().len() == 2);
        }
    }
    assert!(with_factor > 10);
}

#[test]
fn unpaced_traffic_has_an_attack_now_and_then() {
    let mut traffic = traffic(15);
    let count = (0..3000)
        .map(|n| traffic.next(until().plus(n * 500_000)).unwrap())
        .filter(|s| s.label != Label::Honest)
        .count();
    assert!((25..80).contains(&count), "{count}");
}
