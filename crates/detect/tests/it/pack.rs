//! The rules that come with the product: each is loaded without a word, and holds the tests inside it.

use std::{collections::BTreeSet, fs, path::Path};

use countersign_auth0::log::LogEvent;
use countersign_detect::{
    Engine, EngineSettings, Event,
    sigma::{Values, check, load, test},
};
use countersign_privacy::Tagger;
use serde_json::Value;

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

/// A file of the folder that `COUNTERSIGN_CONFORMANCE_DATA` names; `None`, said aloud, where there is none.
fn outside(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the data lie outside the repository; their place is named here"
    )]
    let (folder, is_ci) = (std::env::var("COUNTERSIGN_CONFORMANCE_DATA"), std::env::var("CI").is_ok());
    let Ok(folder) = folder else {
        assert!(!is_ci, "`COUNTERSIGN_CONFORMANCE_DATA` must be set where `CI` is");
        eprintln!("skipped: `COUNTERSIGN_CONFORMANCE_DATA` is not set");
        return None;
    };
    Some(fs::read_to_string(Path::new(&folder).join(name)).unwrap())
}

#[test]
fn rules_cover_what_there_is() {
    let files = files();
    for (covered, rule) in check(&borrowed(&files), &Values::new()).covers {
        let Some(text) = outside(&format!("auth0/sigma/detections/{covered}.yml")) else { return };
        assert!(text.contains("detection:"), "{rule} covers {covered}");
    }
}

/// The rules that speak at one entry.
fn speaking(files: &[(String, String)], entry: &Value) -> BTreeSet<String> {
    let detectors = load(&borrowed(files), &Values::new()).ok().unwrap();
    let mut engine = Engine::new(Tagger::new(&[1; 32]), EngineSettings::default(), detectors);
    let raw = entry.get("data").unwrap_or(entry).to_string();
    let log = LogEvent::parse(&raw, None).unwrap();
    let event = Event::new(1, log, &Tagger::new(&[1; 32]), |_| None);
    engine.observe(&event).into_iter().map(|alert| alert.detector).collect()
}

/// Which rule of ours finds what a rule of the other catalog does.
const LABELED: &[(&str, &[&str])] = &[
    (
        "Auth0.AttackProtection.Disabled",
        &[
            "brute_force_protection_weakened",
            "breached_password_detection_weakened",
            "suspicious_ip_throttling_weakened",
        ],
    ),
    ("Auth0.BotDetection.Disabled", &["bot_detection_off"]),
    ("Auth0.MFA.Policy.Disabled", &["mfa_policy_removed"]),
    ("Auth0.MFA.Risk.Assessment.Disabled", &["risk_assessment_off"]),
];

#[test]
fn labeled_entries_of_another_catalog_are_found() {
    let Some(text) = outside("auth0/fixtures/detections/panther.jsonl") else { return };
    let files = files();
    let mut compared = 0;
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let Some((_, ours)) = LABELED.iter().find(|(rule, _)| row["rule"] == *rule) else { continue };
        let found = speaking(&files, &row["log"]);
        let is_found = ours.iter().any(|rule| found.contains(*rule));
        assert_eq!(is_found, row["expected_match"] == true, "{}: {found:?}", row["test"]);
        compared += 1;
    }
    assert!(compared >= 10, "{compared} labeled entries");
}
