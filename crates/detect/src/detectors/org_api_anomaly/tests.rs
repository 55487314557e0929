use serde_json::{Value, json};

use super::*;
use crate::detectors::{
    calls::call,
    trial::{Line, Trial, told},
};

const AN_HOUR: i64 = 3_600;

fn grant(second: i64) -> Line {
    Line::new("seccft", second).into("org_1").with("client_id", "sync")
}

/// Three to five grants in each hour.
fn usual(hours: i64) -> Vec<Line> {
    (0..hours).flat_map(|hour| (0..3 + hour % 3).map(move |n| grant(hour * AN_HOUR + n * 700))).collect()
}

fn burst(second: i64, count: i64) -> Vec<Line> {
    (0..count).map(|n| grant(second + n * 10)).collect()
}

#[test]
fn a_jump_is_found_wherever_in_the_hour_it_begins() {
    let trial = Trial::of(&[NATIVE]);
    for minute in [0, 20, 50] {
        let alerts = trial.run(&[usual(48), burst(48 * AN_HOUR + minute * 60, 150)].concat());
        assert_eq!(told(&alerts), [("org_1", Severity::High)], "{minute}");
        assert_eq!(alerts[0].evidence.len(), MAX_EVIDENCE);
    }
    assert_eq!(trial.run(&[usual(48), burst(48 * AN_HOUR, 94)].concat()), []);
    assert_eq!(trial.run(&usual(100)), []);
}

#[test]
fn what_is_usual_must_be_known_first() {
    let trial = Trial::of(&[NATIVE]);
    assert_eq!(trial.run(&[usual(40), burst(40 * AN_HOUR, 200)].concat()), []);
    let many = (0..600).map(|n| grant(40 * AN_HOUR + n * 5)).collect();
    assert_eq!(trial.run(&[usual(40), many].concat()).len(), 1);
    assert_eq!(trial.run(&burst(0, 700)), []);
}

#[test]
fn a_nightly_job_is_learned_by_its_hour() {
    let nights = (0..6).flat_map(|day| burst(day * 24 * AN_HOUR + 2 * AN_HOUR, 200));
    let lines = [usual(144), nights.collect()].concat();
    assert_eq!(Trial::of(&[NATIVE]).run(&lines), []);
}

#[test]
fn a_client_of_today_is_medium_and_calls_on_the_organization_count() {
    let trial = Trial::of(&[NATIVE]);
    let made = call(47 * AN_HOUR, "post", "/api/v2/clients", &json!({}), &json!({"client_id": "sync"}));
    let lines = [usual(48), vec![made], burst(48 * AN_HOUR, 150)].concat();
    assert_eq!(told(&trial.run(&lines)), [("org_1", Severity::Medium)]);
    let calls = (0..150).map(|n| {
        call(48 * AN_HOUR + n, "delete", "/api/v2/organizations/org_1/members", &Value::Null, &Value::Null)
    });
    assert_eq!(trial.run(&[usual(48), calls.collect()].concat()).len(), 1);
    let others = (0..150).map(|n| grant(48 * AN_HOUR + n).into("org_2"));
    assert_eq!(trial.run(&[usual(48), others.collect()].concat()), []);
}

#[test]
fn slow_growth_is_held_against_28_days() {
    let trial = Trial::of(&[NATIVE]);
    // Doubles each week, so that no hour stands far above the same hour of the week before.
    let lines: Vec<_> = (0..6 * 168)
        .flat_map(|hour| (0..2_i64 << (hour / 168)).map(move |n| grant(hour * AN_HOUR + n * 30)))
        .collect();
    let alerts = trial.deliver(&lines, None);
    assert!(alerts.iter().any(|alert| alert.measures[0].name == RAMP.name), "{alerts:?}");
}
