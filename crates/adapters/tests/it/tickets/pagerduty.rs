use std::{collections::BTreeMap, sync::Arc};

use axum::http::Method;
use countersign_adapters::messages::pagerduty::{BuildError, PagerDuty};
use countersign_app::hooks::{HookError, KINDS, SendHook, Taken};
use countersign_core::{Secret, Timestamp, testing::HeldClock};
use serde_json::{Value, json};

use super::vendor::{Asked, Reply, Vendor, hold, refuses, tell, words};

const FORMAT: &str = include_str!("formats/pagerduty.json");
const KEY: &str = "CANARY00112233445566778899aabbcc";

/// Events as PagerDuty takes them: one alert for each `dedup_key`.
fn manner(alerts: &mut BTreeMap<String, Value>, asked: &Asked) -> Reply {
    let (key, action) = (asked.body["dedup_key"].as_str().unwrap(), asked.body["event_action"].clone());
    if action == "trigger" || alerts.contains_key(key) {
        alerts.insert(key.to_owned(), action);
    }
    (202, None, json!({"status": "success", "message": "Event processed", "dedup_key": key}))
}

fn receiver(vendor: &Vendor, key: &str) -> Result<PagerDuty, BuildError> {
    let api = format!("{}v2/enqueue", vendor.base).parse().unwrap();
    let clock = Arc::new(HeldClock::at(Timestamp::default()));
    PagerDuty::new((&api, Secret::new(key.as_bytes().to_vec())), words(), clock)
}

fn at(place: &str) -> Result<Taken, HookError> {
    Ok(Taken { place: Some(place.to_owned()) })
}

#[tokio::test]
async fn a_matter_is_one_alert_that_is_triggered_taken_up_and_resolved() {
    let vendor = Vendor::new(manner).await;
    let pagerduty = receiver(&vendor, KEY).unwrap();
    let place = "countersign-inc_1";
    assert_eq!(tell(&pagerduty, "plan.proposed", None).await, at(place));
    // As after a restart: by what was kept of the first.
    let pagerduty = receiver(&vendor, KEY).unwrap();
    // One of two who have to agree: the other has to look still.
    tell(&pagerduty, "plan.approved", Some(place)).await.unwrap();
    for kind in ["plan.begun", "plan.halted", "plan.done"] {
        assert_eq!(tell(&pagerduty, kind, Some(place)).await, at(place), "{kind}");
    }
    let asked = vendor.asked();
    let actions: Vec<_> = asked.iter().map(|asked| asked.body["event_action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["trigger", "trigger", "acknowledge", "trigger", "resolve"]);
    for asked in &asked {
        hold(FORMAT, asked);
        assert_eq!((&asked.method, asked.path.as_str()), (&Method::POST, "/v2/enqueue"));
        assert_eq!((&asked.credential, &asked.body["routing_key"]), (&None, &json!(KEY)));
    }
    assert_eq!(vendor.tickets(), BTreeMap::from([(place.to_owned(), json!("resolve"))]));
}

#[tokio::test]
async fn an_alert_tells_what_is_known_of_an_incident_and_names_nobody() {
    let vendor = Vendor::new(manner).await;
    tell(&receiver(&vendor, KEY).unwrap(), "incident.opened", None).await.unwrap();
    let [asked] = &vendor.asked()[..] else { panic!() };
    let payload = &asked.body["payload"];
    assert_eq!((&payload["severity"], &payload["class"]), (&json!("error"), &json!("incident.opened")));
    assert_eq!((&payload["source"], &payload["group"]), (&json!("acme"), &json!("incident")));
    assert_eq!(payload["timestamp"], "2026-11-29T20:10:07.000000Z");
    let details = &payload["custom_details"];
    for (name, value) in [
        ("failures", "fp ×37\nfu ×2"),
        ("failed_sign_ins", "39"),
        ("failed_first", "2026-11-29 20:00 UTC"),
        ("account_aliases", "als_30d690_a"),
        ("why", "the worst alert is high\nan attempt went through after others had failed"),
        ("next_steps", "reset the password\nend its sessions, all of them"),
    ] {
        assert_eq!(details[name], value, "{name}");
    }
    assert_eq!(asked.body["links"][0]["href"], "https://cs.example.com/incidents/inc_1?tenant=acme");
}

#[tokio::test]
async fn an_answer_that_got_lost_opens_no_second_alert() {
    let vendor = Vendor::new(manner).await;
    let pagerduty = receiver(&vendor, KEY).unwrap();
    vendor.lose(1);
    assert_eq!(tell(&pagerduty, "incident.opened", None).await, Err(HookError::Status(502)));
    assert_eq!(tell(&pagerduty, "incident.opened", None).await, at("countersign-inc_1"));
    assert_eq!((vendor.asked().len(), vendor.tickets().len()), (2, 1));
}

#[tokio::test]
async fn what_pagerduty_says_is_told_with_what_to_mend() {
    let vendor = Vendor::new(manner).await;
    let pagerduty = receiver(&vendor, KEY).unwrap();
    refuses(&vendor, &pagerduty).await;
    for (reply, told) in [
        ((404, None, json!({})), "check `api`"),
        ((400, None, json!({"status": "invalid event"})), "check where `routing_key` leads"),
        ((202, None, json!({"status": "invalid event"})), "check where `routing_key` leads"),
    ] {
        vendor.answer([Some(reply)].into_iter());
        let said = tell(&pagerduty, "incident.opened", None).await.unwrap_err();
        assert!(said.to_string().contains(told), "{said}");
    }
    assert_eq!(pagerduty.look().await, Ok(()), "it can't be asked without an event");
    for key in ["CANARY", &format!("{}-", &KEY[1..])] {
        let said = receiver(&vendor, key).err().unwrap();
        assert!(!said.to_string().contains("CANARY"), "{said}");
    }
}

#[tokio::test]
async fn every_kind_is_an_event_that_pagerduty_takes_and_a_trial_leaves_nothing_open() {
    let vendor = Vendor::new(manner).await;
    let pagerduty = receiver(&vendor, KEY).unwrap();
    for kind in KINDS {
        tell(&pagerduty, kind.name, None).await.unwrap();
    }
    let asked = vendor.asked();
    assert_eq!(asked.len(), KINDS.len() + 1, "a trial is resolved at once");
    asked.iter().for_each(|asked| hold(FORMAT, asked));
    assert_eq!(vendor.tickets().values().collect::<Vec<_>>(), [&json!("resolve")]);
}
