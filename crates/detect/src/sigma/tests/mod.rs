mod correlating;
mod loading;
mod matching;
mod properties;
mod trials;

use countersign_auth0::log::LogEvent;
use countersign_privacy::Tagger;
use serde_json::{Value, json};

use super::*;
use crate::{Alert, Detector, Engine, EngineSettings};

fn tagger() -> Tagger {
    Tagger::new(&[7; 32])
}

/// A rule of the given `detection`, indented by two spaces.
fn rule(detection: &str) -> String {
    let indented: String = detection.lines().map(|line| format!("  {line}\n")).collect();
    format!("title: a\nlogsource:\n  product: auth0\ndetection:\n{indented}")
}

/// An entry with what it needs.
fn entry(mut fields: Value) -> String {
    let defaults = json!({"log_id": "1", "type": "sapi", "date": "2026-08-20T08:00:00.000Z"});
    for (key, value) in defaults.as_object().unwrap() {
        fields.as_object_mut().unwrap().entry(key).or_insert_with(|| value.clone());
    }
    fields.to_string()
}

/// An entry of the given type at a second, with further fields.
fn at(second: u64, kind: &str, fields: &Value) -> String {
    let (minute, second) = (second / 60, second % 60);
    let (hour, minute) = (8 + minute / 60, minute % 60);
    let mut entry = json!({"log_id": "1", "type": kind, "date": format!("2026-08-20T{hour:02}:{minute:02}:{second:02}.000Z")});
    for (key, value) in fields.as_object().unwrap() {
        entry[key] = value.clone();
    }
    entry.to_string()
}

fn detectors(text: &str) -> Vec<Box<dyn Detector>> {
    load(&[("rules/r.yml", text)], &Values::new()).unwrap_or_else(|faults| panic!("{}", told(&faults)))
}

fn engine(text: &str) -> Engine {
    Engine::new(tagger(), EngineSettings::default(), detectors(text))
}

fn take(engine: &mut Engine, seq: u64, raw: &str) -> Vec<Alert> {
    let log = LogEvent::parse(raw, None).unwrap();
    engine.observe(&Event::new(seq, log, &tagger(), |_| None))
}

/// How many alerts the entries give, each in its place.
fn alerts(text: &str, entries: &[String]) -> Vec<usize> {
    let mut engine = engine(text);
    entries.iter().zip(1..).map(|(raw, seq)| take(&mut engine, seq, raw).len()).collect()
}

fn told(faults: &[Located]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What is wrong with one file.
fn faults(text: &str) -> Vec<String> {
    check(&[("rules/r.yml", text)], &Values::new()).faults.iter().map(ToString::to_string).collect()
}
