//! The tests that stand inside of rules.

use countersign_auth0::log::LogEvent;
use countersign_core::Timestamp;
use countersign_privacy::Tagger;
use serde_json::Value;

use super::{
    compile::Compiled,
    detector::RuleDetector,
    extension::{Case, Expect},
    located::Spot,
};
use crate::{AlertId, Engine, EngineSettings, Event};

/// How a test inside a rule came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The file.
    pub file: String,
    /// The detector, or the part of one.
    pub detector: String,
    /// The test's name.
    pub name: String,
    /// Where it stands.
    pub spot: Spot,
    /// What it expects, in words.
    pub expected: String,
    /// How many alerts there were; why not, where an entry could not be read.
    pub found: Result<usize, String>,
    /// Whether that is what it expects.
    pub is_passed: bool,
}

/// When the first entry of a test happens, unless it says so: 1 January 2026.
const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// Runs a test over what was compiled of the document that it stands in.
pub(super) fn run(case: &Case, compiled: &Compiled<'_>) -> Outcome {
    let (file, detector) = (compiled.file.faults.name().to_owned(), compiled.id.clone());
    let found = alerts(case, RuleDetector::new(compiled));
    let (expected, is_passed) = match case.expect {
        Expect::Any(true) => ("an alert".to_owned(), found.as_ref().is_ok_and(|found| *found > 0)),
        Expect::Any(false) => ("no alert".to_owned(), found == Ok(0)),
        Expect::Alerts(wanted) => (format!("{wanted} alerts"), found == Ok(wanted)),
    };
    Outcome { file, detector, name: case.name.clone(), spot: case.spot, expected, found, is_passed }
}

fn alerts(case: &Case, detector: RuleDetector) -> Result<usize, String> {
    let tagger = Tagger::new(&[0; 32]);
    let mut engine = Engine::new(tagger.clone(), EngineSettings::default(), vec![Box::new(detector)]);
    let mut alerts: Vec<AlertId> = Vec::new();
    let mut at = START;
    let mut seq = 0;
    for told in &case.events {
        for n in 1..=told.times {
            seq += 1;
            at = at.plus(if n == 1 { told.after } else { told.every });
            let raw = entry(&told.event, at, seq, n).to_string();
            let log = LogEvent::parse(&raw, None).map_err(|error| format!("entry {seq}: {error}"))?;
            at = log.date;
            let found = engine.observe(&Event::new(seq, log, &tagger, |_| None));
            alerts.extend(found.into_iter().map(|alert| alert.id));
        }
    }
    alerts.sort_unstable();
    alerts.dedup();
    Ok(alerts.len())
}

/// The entry of a test, bare or in its envelope, with what it does not say of id and date; `{n}` counts its repetitions.
fn entry(event: &Value, at: Timestamp, seq: u64, n: u32) -> Value {
    let bare = event.get("data").filter(|data| data.is_object()).unwrap_or(event);
    let mut entry = bare.clone();
    number(&mut entry, &n.to_string());
    if let Value::Object(fields) = &mut entry {
        fields.entry("log_id").or_insert_with(|| Value::String(format!("{seq:04}")));
        fields.entry("date").or_insert_with(|| Value::String(at.to_string()));
    }
    entry
}

fn number(value: &mut Value, n: &str) {
    match value {
        Value::String(text) if text.contains("{n}") => *text = text.replace("{n}", n),
        Value::Array(items) => items.iter_mut().for_each(|item| number(item, n)),
        Value::Object(fields) => fields.values_mut().for_each(|field| number(field, n)),
        _ => {}
    }
}
