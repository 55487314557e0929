//! Places at the whole service: alerts that only they make possible, and decisions about events that do not tell them.

use countersign_app::access::Within;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use countersign_adapters::places::PlaceFiles;
use countersign_app::{
    AlertFilter, Scope,
    decide::Replay,
    places::{NetworkKind, Places},
};
use countersign_auth0::log::LogEvent;
use countersign_core::DecisionId;
use countersign_testkit::{Setup, TENANT, TestApp, event_of, post_login};
use serde_json::{Value, json};

use super::{Files, asns, cities, city, mmdb::Mmdb};

async fn service(places: &Arc<PlaceFiles>) -> TestApp {
    let places = Arc::clone(places) as Arc<dyn Places>;
    let service = TestApp::start_with(|_| {}, Setup { places: Some(places), ..Setup::default() }).await;
    service.clock.advance(Duration::from_secs(86_400));
    service
}

/// Delivers a sign-in of one person from Berlin, and one from Sydney half an hour later; neither entry tells a place.
async fn sign_in_twice(service: &TestApp, day: u8) {
    let entry = |minute: u8, address: &str| {
        json!({"log_id": format!("9{day:02}{minute:02}"), "type": "s", "tenant_name": TENANT, "user_id": "auth0|1",
            "date": format!("2026-08-{day:02}T10:{minute:02}:00.000Z"), "ip": address, "user_agent": "Mozilla/5.0 Chrome/140.0.0.0"})
        .to_string()
    };
    let entries = [entry(0, "198.51.100.7"), entry(30, "::ffff:203.0.113.7")];
    let read = entries.iter().map(|raw| Ok(LogEvent::parse(raw, None).unwrap())).collect();
    assert_eq!(service.app.take_logs(&service.tenant(), read).await.unwrap().taken, 2);
    let (tenant, lead) = (service.tenant(), service.lead().await);
    while service.app.watch_next(&tenant, &lead).await.unwrap().entries > 0 {}
}

/// The severities of the alerts of impossible travel, by id.
async fn travels(service: &TestApp) -> BTreeMap<String, u8> {
    let rows = service.app.alerts(&service.tenant(), AlertFilter::default(), 100).await.unwrap();
    let travels = rows.into_iter().filter(|row| row.detector == "impossible_travel");
    travels.map(|row| (row.id, row.severity)).collect()
}

const LOW: u8 = 1;

#[tokio::test]
async fn a_journey_that_only_the_files_show_is_found_and_through_an_anonymizer_it_is_a_trace() {
    let silent = TestApp::start(|_| {}).await;
    silent.clock.advance(Duration::from_secs(86_400));
    sign_in_twice(&silent, 20).await;
    assert!(travels(&silent).await.is_empty(), "without files nobody knows");

    let files = Files::new().city(&cities());
    let known = service(&Arc::new(files.open())).await;
    sign_in_twice(&known, 20).await;
    let found: Vec<u8> = travels(&known).await.into_values().collect();
    assert!(matches!(found[..], [severity] if severity > LOW), "{found:?}");

    let files = files.list("vpn", NetworkKind::Anonymizer, "203.0.113.0/24\n");
    let hidden = service(&Arc::new(files.open())).await;
    sign_in_twice(&hidden, 20).await;
    assert_eq!(travels(&hidden).await.into_values().collect::<Vec<_>>(), [LOW]);
}

#[tokio::test]
async fn a_file_that_is_replaced_changes_what_comes_and_breaks_nothing_that_was() {
    let files = Files::new().city(&cities());
    let places = Arc::new(files.open());
    let service = service(&places).await;
    sign_in_twice(&service, 19).await;
    let before = travels(&service).await;
    assert_eq!(before.len(), 1);
    let one = Mmdb::new("Test-City")
        .with("0.0.0.0/1", &city("DE", 52.5, 13.4, 20))
        .with("128.0.0.0/1", &city("DE", 52.5, 13.4, 20));
    files.write("city", one.bytes());
    assert!(places.look_again().unwrap());
    sign_in_twice(&service, 20).await;
    assert_eq!(travels(&service).await, before, "both are in Berlin now, and what was found stands");
}

/// What a decision's record says of the place: country, whether there is a point, network. The record comes out the same when it is
/// decided again, with other files too.
async fn recorded(service: &TestApp, trigger: &str, event: &Value) -> (Option<String>, bool, Option<String>) {
    let answer = service.ask(trigger, event).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let id: DecisionId = answer.json["decision_id"].as_str().unwrap().parse().unwrap();
    let tenant = service.tenant();
    assert_eq!(service.app.replay(&tenant, &id).await.unwrap(), Replay::Same);
    let (_, record) = service.app.decision(Within::all(&tenant), &id).await.unwrap();
    let text = |short: Option<countersign_risk::Short>| short.map(|short| short.as_str().to_owned());
    let leaf =
        service.store.find_leaf(Scope::Tenant(&TENANT.parse().unwrap()), id.as_str()).await.unwrap().unwrap();
    let leaf: Value = serde_json::from_slice(&leaf.leaf).unwrap();
    let named = leaf["versions"]["reference"].as_str().unwrap();
    assert!(named.starts_with("places.city:") && named.contains(" places.networks:"), "{named}");
    let features = record.features;
    assert_eq!(features.local_hour.is_some(), features.place.is_some());
    (text(features.country), features.place.is_some(), text(features.network))
}

fn from(trigger: &str, address: &str) -> Value {
    let mut event = if trigger == "post-login" { post_login() } else { event_of(trigger) };
    let request = event["request"].as_object_mut().unwrap();
    request.remove("asn");
    request.insert("geoip".to_owned(), json!({}));
    request.insert("ip".to_owned(), json!(address));
    event
}

fn known(country: &str, has_point: bool, network: &str) -> (Option<String>, bool, Option<String>) {
    (Some(country.to_owned()), has_point, Some(network.to_owned()))
}

#[tokio::test]
async fn a_decision_takes_what_the_event_does_not_tell_and_is_decided_again_without_the_files() {
    let cities = cities().with("192.0.2.0/24", &city("BR", -10.0, -55.0, 1_000));
    let files =
        Files::new().city(&cities).asn(&asns()).list("vpn", NetworkKind::Anonymizer, "203.0.113.128/25\n");
    let service = service(&Arc::new(files.open())).await;
    let login = "post-login";
    assert_eq!(recorded(&service, login, &from(login, "198.51.100.7")).await, known("DE", true, "as64500"));
    let told = post_login();
    assert_eq!(recorded(&service, login, &told).await, known("US", true, "as64500"), "what Auth0 told stays");
    assert_eq!(
        recorded(&service, login, &from(login, "203.0.113.200")).await,
        known("AU", false, "as64501"),
        "a VPN's point is not the person's"
    );
    assert_eq!(
        recorded(&service, login, &from(login, "192.0.2.1")).await,
        known("BR", false, "192.0.2.0/24"),
        "the middle of a country is no place"
    );
    let machine = "credentials-exchange";
    assert_eq!(
        recorded(&service, machine, &from(machine, "198.51.100.7")).await,
        known("DE", true, "198.51.100.0/24")
    );
    let mut elsewhere = from(login, "198.51.100.7");
    elsewhere["request"]["geoip"] = json!({ "countryCode": "FR" });
    assert_eq!(
        recorded(&service, login, &elsewhere).await,
        known("FR", false, "as64500"),
        "a point in another country is none"
    );
}

/// What the kind of a sign-up's network counts, by the code of the reason; the record has the kind, and comes out the same with other
/// files.
async fn weighed(
    service: &TestApp,
    files: (&Files, &PlaceFiles),
    trigger: &str,
    address: &str,
) -> Option<(String, i64)> {
    let answer = service.ask(trigger, &from(trigger, address)).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let id: DecisionId = answer.json["decision_id"].as_str().unwrap().parse().unwrap();
    let tenant = service.tenant();
    let (files, places) = files;
    let lists = ["hosting", "gateway", "homes"];
    let listed = [0, 1, 2].map(|list| std::fs::read(&files.settings.networks[list].file).unwrap());
    for list in lists {
        files.write(list, "192.0.2.0/24\n");
    }
    assert!(places.look_again().unwrap());
    assert_eq!(service.app.replay(&tenant, &id).await.unwrap(), Replay::Same, "{trigger} {address}");
    for (list, listed) in lists.into_iter().zip(listed) {
        files.write(list, listed);
    }
    assert!(places.look_again().unwrap());
    let (_, record) = service.app.decision(Within::all(&tenant), &id).await.unwrap();
    let kind = record.features.sign_up.and_then(|sign_up| sign_up.network);
    let reasons = answer.json["risk"]["reasons"].as_array().unwrap().iter();
    let mut found = reasons.filter_map(|reason| {
        let code = reason["code"].as_str().unwrap();
        assert!(!reason["text"].as_str().unwrap().contains(address), "{reason}");
        let is_kind = code == "suspect_network" || code == "access_network";
        is_kind.then(|| (code.to_owned(), reason["micro"].as_i64().unwrap()))
    });
    let first = found.next();
    assert_eq!((first.is_some(), found.next()), (kind.is_some(), None), "{}", answer.json);
    first
}

#[tokio::test]
async fn a_sign_up_s_network_counts_by_the_lists_and_the_record_replays_without_them() {
    let files = Files::new()
        .list("hosting", NetworkKind::Hosting, "203.0.113.0/25\n")
        .list("gateway", NetworkKind::Gateway, "203.0.113.128/25\n")
        .list("homes", NetworkKind::Residential, "AS64501\n")
        .asn(&asns().with("198.18.0.0/15", &json!({ "autonomous_system_number": 64_501 })));
    let places = Arc::new(files.open());
    let service = service(&places).await;
    for trigger in ["pre-user-registration", "post-user-registration"] {
        let of = async |address| weighed(&service, (&files, &places), trigger, address).await;
        let suspect = |micro| Some(("suspect_network".to_owned(), micro));
        assert_eq!(of("203.0.113.7").await, suspect(1_200_000), "{trigger}: rented machines");
        assert_eq!(of("203.0.113.200").await, suspect(200_000), "{trigger}: a gateway in the same system");
        let homes = Some(("access_network".to_owned(), -150_000));
        assert_eq!(of("198.18.0.7").await, homes, "{trigger}: by the system's number");
        assert_eq!(of("198.51.100.7").await, None, "{trigger}: on no list");
    }
}
