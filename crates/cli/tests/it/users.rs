//! `countersign user`: who is at user risk, beside a service and without one.

use serde_json::Value;

use crate::world::{Service, TENANT, complained, run, told};

#[test]
fn who_is_marked_as_compromised_is_listed_by_pseudonym_until_marked_as_safe() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let user = |arguments: &[&str]| {
        let output = run(home, &[&["user"], arguments, &["--data", "data", "--tenant", TENANT]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", complained(&output));
        told(&output)
    };
    let service = Service::start(home);
    let url = format!("http://{}", service.host);
    assert_eq!(user(&["list", "--url", &url]), "");
    for who in ["auth0|anna", "auth0|ben"] {
        user(&["mark-compromised", who, "--reason", "phone stolen", "--url", &url]);
    }
    let listed = user(&["list", "--url", &url]);
    assert_eq!(listed.matches("  high   0.95  until ").count(), 2, "{listed}");
    assert_eq!(user(&["list"]), listed, "without the service's help, too");
    assert_eq!(user(&["list", "--at-least", "medium"]).lines().count(), 2);
    assert!(!listed.contains("auth0|"), "{listed}");
    user(&["mark-safe", "auth0|anna", "--reason", "called back", "--url", &url]);
    service.stop();
    let left: Value = serde_json::from_str(&user(&["list", "--json"])).unwrap();
    let ben: Value = serde_json::from_str(&user(&["risk", "auth0|ben", "--json"])).unwrap();
    assert_eq!(left["subject"], ben["subject"]);
    let undecayed = |user: &Value| {
        let signals = user["signals"].as_array().unwrap();
        signals.iter().map(|each| (each["kind"].clone(), each["at"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(undecayed(&left), undecayed(&ben), "weights fade between two looks");
    assert_eq!(undecayed(&left).len(), 1);
    let place = left["until"].as_str().unwrap().parse::<countersign_core::Timestamp>().unwrap();
    let before = format!("{}~{}", place.micros(), left["subject"].as_str().unwrap());
    assert_eq!(user(&["list", "--before", &before]), "", "nobody is after the last one");
}
