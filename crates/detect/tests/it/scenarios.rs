//! The labeled sequences: what must be found is found, what must not is not, however the entries were delivered.

use std::{collections::BTreeSet, path::PathBuf};

use countersign_detect::{
    Audience, Severity, detectors,
    scenario::{Found, Scenario},
};

/// The sequences that `COUNTERSIGN_CONFORMANCE_DATA` has; empty where it is not set.
fn text() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "the data lie outside the repository; their place is named here"
    )]
    let (folder, is_ci) = (std::env::var("COUNTERSIGN_CONFORMANCE_DATA"), std::env::var("CI").is_ok());
    let Ok(folder) = folder else {
        assert!(!is_ci, "`COUNTERSIGN_CONFORMANCE_DATA` must be set where `CI` is");
        eprintln!("skipped: `COUNTERSIGN_CONFORMANCE_DATA` is not set");
        return String::new();
    };
    let file = PathBuf::from(folder).join("auth0/fixtures/detections/scenarios.jsonl");
    std::fs::read_to_string(file).unwrap()
}

fn faults(scenario: &Scenario<'_>, found: &[Found]) -> Vec<String> {
    let known: BTreeSet<_> = detectors::NATIVE.iter().map(|native| &*native.about.id).collect();
    let missing = scenario.expect.iter().filter(|expected| known.contains(&*expected.detector));
    let missing = missing.filter(|expected| !found.iter().any(|found| found.is(expected)));
    let missing = missing.map(|expected| format!("{}: not found: {expected:?}", scenario.id));
    let wrong = found.iter().filter(|found| {
        scenario.expect_none.contains(&found.alert.detector)
            && found.alert.severity >= Severity::Medium
            && found.alert.audience == Audience::Raised
    });
    let wrong = wrong.map(|found| format!("{}: found: {:?}", scenario.id, found.alert));
    missing.chain(wrong).collect()
}

#[test]
fn what_must_be_found_is_found_and_what_must_not_is_not() {
    let text = text();
    let mut all = Vec::new();
    for line in text.lines() {
        let scenario: Scenario<'_> = serde_json::from_str(line).unwrap();
        all.extend(faults(&scenario, &scenario.run().unwrap()));
    }
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}
