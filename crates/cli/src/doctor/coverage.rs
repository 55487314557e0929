//! Every code is found at a sandbox tenant, or is here with the reason why it is not.

use std::collections::BTreeSet;

const DOCS: &str = include_str!("../../../../docs/doctor.md");
const SANDBOX: [&str; 2] = [include_str!("tests.rs"), include_str!("disturbed.rs")];

const OURS: &str =
    "of our own side, which no call to a tenant changes; tested where it is checked, in `posture`";

/// What is not found at a sandbox tenant, and why.
const ELSEWHERE: [(&str, &str); 16] = [
    (
        "installation.unknown",
        "of our own side: it is found only where neither a journal nor `triggers` is there",
    ),
    ("key.mode", OURS),
    ("key.old", OURS),
    ("certificate.expired", OURS),
    ("certificate.expiring", OURS),
    ("certificate.unreadable", OURS),
    ("host.none", OURS),
    ("host.endpoint", OURS),
    ("storage.open", OURS),
    ("storage.absent", OURS),
    ("watch.faulty_rules", OURS),
    ("watch.unfit_settings", OURS),
    ("model.own_unusable", OURS),
    ("notifications.deaf", OURS),
    ("reference.faulty", OURS),
    ("action.break_glass", OURS),
];

#[test]
fn every_documented_code_is_found_at_a_sandbox_tenant_or_has_a_reason() {
    let codes: BTreeSet<&str> = DOCS
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.split_once('`'))
        .map(|(code, _)| code)
        .collect();
    let is_named = |code: &&str| SANDBOX.iter().any(|text| text.contains(&format!("\"{code}\"")));
    let unnamed: BTreeSet<&str> = codes.iter().copied().filter(|code| !is_named(code)).collect();
    assert_eq!(unnamed, ELSEWHERE.map(|(code, _)| code).into(), "left: not found at a sandbox tenant");
}
