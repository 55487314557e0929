//! What is one person's, organization's or tenant's stays where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use countersign_auth0::log::LogEvent;
use countersign_core::Timestamp;
use countersign_detect::{Alert, Engine, EngineSettings, EntityKind, Event, detectors, pack::PACK, sigma};
use countersign_privacy::Tagger;
use proptest::prelude::*;
use serde_json::{Value, json};

const START: Timestamp = Timestamp::from_seconds(1_787_212_800);

/// The detectors and rules of one tenant, under its own key.
struct Watched {
    tagger: Tagger,
    engine: Engine,
    seq: u64,
    alerts: Vec<Alert>,
}

impl Watched {
    fn new(key: u8) -> Self {
        let tagger = Tagger::new(&[key; 32]);
        let mut all = detectors::make_all(&BTreeMap::new()).unwrap();
        all.extend(sigma::load(PACK, &sigma::Values::new()).ok().unwrap());
        let engine = Engine::new(tagger.clone(), EngineSettings::default(), all);
        Self { tagger, engine, seq: 0, alerts: Vec::new() }
    }

    fn take(&mut self, second: i64, mut entry: Value) {
        self.seq += 1;
        entry["log_id"] = self.seq.to_string().into();
        entry["date"] = START.plus(second * 1_000_000).to_string().into();
        let raw = entry.to_string();
        let log = LogEvent::parse(&raw, None).unwrap();
        self.alerts.extend(self.engine.observe(&Event::new(self.seq, log, &self.tagger, |_| None)));
    }

    fn of(&self, detector: &str) -> Vec<&Alert> {
        self.alerts.iter().filter(|alert| alert.detector == detector).collect()
    }
}

/// A wrong password for account `n` of organization `org`, all of whose texts can be told from those of every other.
fn failure(org: usize, n: usize, address: &str) -> Value {
    json!({"type": "fp", "user_id": format!("auth0|canary-id-{org}-{n}"), "user_name": format!("canary.name.{org}.{n}@canary.example"),
        "ip": address, "user_agent": format!("CanaryAgent/{org}.{n} Chrome/140.0.0.0 Windows"), "tenant_name": "acme",
        "organization_id": format!("org_canary{org}"), "organization_name": format!("canary-organization-{org}"),
        "client_id": format!("canary-client-{org}"), "client_name": format!("Canary Client {org}"), "session_id": "canary-session",
        "description": "Wrong email or password.", "security_context": {"ja4": format!("t13dcanary{org}")},
        "details": {"email": format!("canary.{n}@canary.example"), "error": {"message": "canary-message"}}})
}

/// An attack on three organizations from one network, one on a single account, and ordinary days of a fourth organization.
fn day(watched: &mut Watched) {
    for n in 0..40 {
        let mut login = failure(9, n % 7, &format!("198.51.100.{}", n % 7));
        login["type"] = "s".into();
        watched.take(i64::try_from(n).unwrap() * 60, login);
    }
    for n in 0..45 {
        watched.take(3_000 + i64::try_from(n).unwrap() * 10, failure(n % 3, n, "203.0.113.77"));
    }
    for n in 0..12 {
        watched.take(4_000 + n, failure(0, 99, "192.0.2.33"));
    }
    for kind in
        ["fu", "ss", "scp", "gd_unenroll", "gd_enrollment_complete", "sertft", "seccft", "fepft", "pwd_leak"]
    {
        let mut entry = failure(2, 88, "192.0.2.34");
        entry["type"] = kind.into();
        watched.take(4_100, entry);
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn saved_state_names_nobody() {
    let mut watched = Watched::new(7);
    day(&mut watched);
    assert!(watched.alerts.iter().any(|alert| alert.entity.name == "auth0|canary-id-0-99"));
    let saved = watched.engine.save();
    // Why in any letters: names are folded before they are compared.
    let saved = saved.to_ascii_lowercase();
    for text in ["canary", "203.0.113", "192.0.2", "198.51.100"] {
        assert!(!contains(&saved, text), "{text}");
    }
    let mut again = Watched::new(7);
    again.engine.restore(&watched.engine.save()).unwrap();
    again.seq = watched.seq;
    again.take(4_110, failure(0, 99, "192.0.2.33"));
    let grown = again.of("brute_force_account")[0];
    assert_eq!(grown.id, watched.of("brute_force_account")[0].id, "without names it knows the alert again");
}

#[test]
fn what_spans_organizations_is_about_its_source_and_names_none_of_them() {
    let mut watched = Watched::new(7);
    day(&mut watched);
    let spanning = watched.of("cross_org_coordinated");
    assert!(!spanning.is_empty());
    for alert in spanning {
        assert!(matches!(alert.entity.kind, EntityKind::Address | EntityKind::Network), "{alert:?}");
        assert!(alert.entity.name.starts_with("203.0.113."), "{alert:?}");
        assert!(!format!("{:?}", alert.measures).contains("canary"), "{alert:?}");
    }
    // Nothing of an alert about one account or organization speaks of another.
    for alert in &watched.alerts {
        let text = format!("{alert:?}");
        for org in 0..10 {
            let own =
                [format!("canary-id-{org}-"), format!("org_canary{org}"), format!("canary.name.{org}.")];
            let is_named = own.iter().any(|own| alert.entity.name.contains(own.as_str()));
            let is_told = own.iter().any(|own| text.contains(own.as_str()));
            assert_eq!(is_named, is_told, "{text}");
        }
        assert!(!text.contains("canary-organization") && !text.contains("CanaryAgent"), "{text}");
    }
}

#[test]
fn two_tenants_with_the_same_log_share_no_tag_and_no_id() {
    let [mut one, mut two] = [Watched::new(7), Watched::new(8)];
    day(&mut one);
    day(&mut two);
    let ids = |watched: &Watched| watched.alerts.iter().map(|alert| alert.id).collect::<BTreeSet<_>>();
    assert_eq!(ids(&one).len(), ids(&two).len());
    assert!(!ids(&one).is_empty() && ids(&one).is_disjoint(&ids(&two)));
    let tags = |tagger: &Tagger| {
        let mut all = BTreeSet::new();
        for sort in ["user", "name", "address", "network", "fingerprint", "device", "organization", "client"]
        {
            all.extend((0..2_000_u32).map(|n| tagger.tag(sort, &n.to_be_bytes())));
        }
        all
    };
    assert_eq!(tags(&one.tagger).len(), 16_000);
    assert!(tags(&one.tagger).is_disjoint(&tags(&two.tagger)));
}

#[test]
fn the_state_of_one_tenant_is_of_no_use_to_another() {
    let mut one = Watched::new(7);
    day(&mut one);
    let mut two = Watched::new(8);
    two.engine.restore(&one.engine.save()).unwrap();
    two.seq = one.seq;
    two.take(4_110, failure(0, 99, "192.0.2.33"));
    assert!(two.alerts.is_empty(), "under another key it is a first failure: {:?}", two.alerts);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn fewer_organizations_than_the_least_are_never_told_of_as_coordinated(
        least in 2..6_usize,
        tries in prop::collection::vec((0..8_usize, 0..30_usize, 0..1_200_i64), 1..120),
    ) {
        let set = [("min_orgs".to_owned(), f64::from(u8::try_from(least).unwrap())), ("min_users".to_owned(), 5.0)];
        let thresholds = [("cross_org_coordinated".to_owned(), set.into())].into();
        let mut watched = Watched::new(7);
        watched.engine =
            Engine::new(watched.tagger.clone(), EngineSettings::default(), detectors::make_all(&thresholds).unwrap());
        let mut tries = tries;
        tries.sort_by_key(|(.., second)| *second);
        for (org, n, second) in &tries {
            watched.take(*second, failure(*org, *n, "203.0.113.77"));
        }
        let organizations: BTreeSet<usize> = tries.iter().map(|(org, ..)| *org).collect();
        let told = watched.of("cross_org_coordinated");
        prop_assert!(told.is_empty() || organizations.len() >= least);
        for alert in told {
            let counted = alert.measures.iter().find(|measure| measure.name == "min_orgs").unwrap();
            prop_assert!(counted.value >= counted.threshold, "{alert:?}");
        }
    }
}
