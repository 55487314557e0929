//! The shipped model against the baselines of a published bench, on sign-ins that it was not fitted to.
//!
//! The bench is not part of the repository; `COUNTERSIGN_CONFORMANCE_DATA` names the folder that holds it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::world::run;

const BASELINES: [&str; 4] = ["rules", "freeman", "freeman-no-user-term", "logodds"];

fn folder() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the bench lies outside the repository; its place is named here"
    )]
    let (folder, is_ci) = (std::env::var("COUNTERSIGN_CONFORMANCE_DATA"), std::env::var("CI").is_ok());
    let Ok(folder) = folder else {
        assert!(!is_ci, "`COUNTERSIGN_CONFORMANCE_DATA` must be set where `CI` is");
        eprintln!("skipped: `COUNTERSIGN_CONFORMANCE_DATA` is not set");
        return None;
    };
    Some(PathBuf::from(folder).join("riskbench"))
}

fn python(script: &Path, arguments: &[&str]) {
    let output = Command::new("python3").arg("-B").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a model came to: each figure such that more is better.
fn figures(result: &Value) -> [(&'static str, f64); 5] {
    let number = |pointer: &str| result.pointer(pointer).and_then(Value::as_f64).unwrap();
    [
        ("area under the curve", number("/roc_auc")),
        ("attacks found at 1 % of the honest challenged", number("/tpr_at_fpr_1pct")),
        (
            "honest sign-ins left in peace where 95 % of the attacks are found",
            1.0 - number("/by_attacker/all/operating_points/0.95/fpr"),
        ),
        ("Brier skill", number("/calibration/brier_skill")),
        ("agreement of score and share", 1.0 - number("/calibration/ece_width")),
    ]
}

#[test]
fn the_shipped_model_beats_every_baseline_in_every_figure() {
    let Some(riskbench) = folder() else { return };
    let home = tempfile::tempdir().unwrap();
    let corpus = home.path().join("corpus");
    let (data, place) = (corpus.to_str().unwrap(), home.path().to_str().unwrap());
    python(&riskbench.join("generate.py"), &["--users", "800", "--days", "40", "--seed", "7", "--out", data]);
    let output = run(home.path(), &["bench", "risk", "--data", data, "--out", "ours.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (ours, report) = (format!("ours={place}/ours.jsonl"), format!("{place}/report.json"));
    python(&riskbench.join("bench.py"), &["--data", data, "--decisions", &ours, "--json", &report]);
    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let ours = figures(&report["ours"]);
    for baseline in BASELINES {
        for ((name, ours), (_, theirs)) in ours.iter().zip(figures(&report[baseline])) {
            assert!(*ours > theirs, "{name}: {ours} of ours, {theirs} of {baseline}");
        }
    }
}
