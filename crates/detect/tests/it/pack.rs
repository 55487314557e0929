//! The rules that come with the product: each is loaded without a word, and holds the tests inside it.

use std::{collections::BTreeSet, fs, path::Path};

use countersign_auth0::log::LogEvent;
use countersign_detect::{
    Alert, Engine, EngineSettings, Event, Severity,
    labeled::{Judge, Judged, Labeled},
    pack::PACK,
    sigma::{Values, check, load, test},
};
use countersign_privacy::Tagger;
use serde_json::{Value, json};

use crate::outside::folder;

/// Name and text of each rule.
fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut files: Vec<(String, String)> = (fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .map(|path| {
            (format!("rules/{}", path.file_name().unwrap().display()), fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (&**name, &**text)).collect()
}

#[test]
fn nothing_is_wrong_with_any_rule() {
    let files = files();
    let report = check(&borrowed(&files), &Values::new());
    let said: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert_eq!(report.detectors.len(), files.len(), "a rule a file");
}

#[test]
fn every_rule_holds_its_tests_and_has_one_of_each_kind() {
    let files = files();
    let outcomes = test(&borrowed(&files), &Values::new()).unwrap();
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.is_passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    for (name, _) in &files {
        let of_it = || outcomes.iter().filter(|outcome| outcome.file == *name);
        assert!(of_it().any(|outcome| outcome.found != Ok(0)), "{name} has no test that alerts");
        assert!(of_it().any(|outcome| outcome.found == Ok(0)), "{name} has no test that is silent");
    }
}

#[test]
fn no_rule_goes_by_a_description() {
    for (name, text) in files() {
        let is_by_description =
            text.lines().any(|line| line.trim_start().starts_with("description:") && line.starts_with(' '));
        assert!(!is_by_description, "{name}: the same change is described differently by different sources");
    }
}

#[test]
fn what_is_built_in_is_the_folder() {
    let files = files();
    assert_eq!(PACK, borrowed(&files));
}

/// What the rules alert of entries, numbered from 1, with what an operator set.
fn alerts(values: &Values, entries: &[Value]) -> Vec<Alert> {
    let tagger = Tagger::new(&[1; 32]);
    let mut engine = Engine::new(tagger.clone(), EngineSettings::default(), load(PACK, values).ok().unwrap());
    let mut alerts = Vec::new();
    for (seq, entry) in (1_u64..).zip(entries) {
        let raw = entry.to_string();
        let log = LogEvent::parse(&raw, None).unwrap();
        alerts.extend(engine.observe(&Event::new(seq, log, &tagger, |_| None)));
    }
    alerts
}

/// The rules that speak at entries, each of which comes a second after the one before.
fn speaking(values: &Values, entries: &[Value]) -> BTreeSet<String> {
    let mut entries = entries.to_vec();
    for (seq, entry) in (1_u64..).zip(&mut entries) {
        entry["log_id"] = seq.to_string().into();
        entry["date"] = format!("2026-08-20T08:00:{seq:02}.000Z").into();
    }
    alerts(values, &entries).into_iter().map(|alert| alert.detector).collect()
}

#[test]
fn networks_that_an_operator_knows_are_let_pass() {
    let allow = |list: Value| {
        json!({"type": "sapi", "details": {"request": {"method": "patch", "body": {"allowlist": list},
            "path": "/api/v2/attack-protection/suspicious-ip-throttling"}, "response": {"statusCode": 200}}})
    };
    let networks = [("networks".to_owned(), json!(["192.0.2.0/24", "2001:db8::/32"]))];
    let set: Values = [("allowlist_unrecognized".to_owned(), networks.into())].into();
    for (list, is_told) in [
        (json!(["192.0.2.7", "192.0.2.128/25", "2001:db8::1"]), false),
        (json!(["192.0.2.7", "203.0.113.9"]), true),
        (json!(["0.0.0.0/0"]), true),
    ] {
        let told = speaking(&set, &[allow(list.clone())]);
        assert_eq!(told.contains("allowlist_unrecognized"), is_told, "{list}");
        assert!(speaking(&Values::new(), &[allow(list)]).is_empty(), "until it is set, all are known");
    }
}

#[test]
fn clients_that_an_operator_trusts_are_let_pass() {
    let call = json!({"type": "sapi", "client_id": "terraform", "details": {"request": {"method": "patch",
        "path": "/api/v2/clients/app", "auth": {"credentials": {"scopes": ["update:tenant_settings"]}}},
        "response": {"statusCode": 200}}});
    let trusted = [("trusted_clients".to_owned(), json!(["terraform"]))];
    let set: Values = [("client_overpermissive".to_owned(), trusted.into())].into();
    let told = speaking(&Values::new(), std::slice::from_ref(&call));
    assert_eq!(told, BTreeSet::from(["client_overpermissive".to_owned()]));
    assert!(speaking(&set, &[call]).is_empty());
}

#[test]
fn what_is_ordinary_fires_nothing() {
    let Some(folder) = folder() else { return };
    let mut judge = Judge::new().unwrap();
    let mut entries = Vec::new();
    for name in ["s", "ss", "sertft", "sapi"] {
        let text = fs::read_to_string(folder.join(format!("auth0/fixtures/logs/{name}.json"))).unwrap();
        let line = format!("{{\"id\":\"{name}\",\"log\":{text}}}");
        let judged = judge.judge(&serde_json::from_str::<Labeled<'_>>(&line).unwrap()).unwrap();
        let Judged::Entry(found) = judged else { panic!("{name} is no entry") };
        assert!(found.is_empty(), "{name}: {found:?}");
        entries.push(serde_json::from_str::<Value>(&text).unwrap());
    }
    let together: Vec<Value> = entries.iter().cycle().take(40).cloned().collect();
    assert_eq!(speaking(&Values::new(), &together), BTreeSet::new());
}

#[test]
fn sequences_in_which_nothing_is_wrong_are_traces_at_most() {
    let Some(folder) = folder() else { return };
    let text = fs::read_to_string(folder.join("auth0/fixtures/detections/scenarios.jsonl")).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut compared = 0;
    for row in rows.filter(|row| row["expect"].as_array().is_none_or(Vec::is_empty)) {
        let entry = |wire: &Value| {
            let mut entry = wire["data"].clone();
            entry["log_id"] = wire["log_id"].clone();
            entry
        };
        let entries: Vec<Value> = row["events"].as_array().unwrap().iter().map(entry).collect();
        let loud: Vec<Alert> = (alerts(&Values::new(), &entries).into_iter())
            .filter(|a| a.severity >= Severity::Medium)
            .collect();
        assert!(loud.is_empty(), "{}: {loud:?}", row["id"]);
        compared += 1;
    }
    assert!(compared >= 20, "{compared} sequences");
}

/// A severity as files name it.
pub fn severity(severity: Severity) -> String {
    serde_json::to_value(severity).unwrap().as_str().unwrap().to_owned()
}
