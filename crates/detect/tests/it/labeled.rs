//! What others labeled, held by the rules and the native detectors together.
//!
//! A label is about a rule of theirs; what counts here is whether ours for the same thing speaks. Labels that their collector marked as
//! weak are passed over.

use std::{collections::BTreeSet, fs};

use countersign_detect::{
    Audience,
    labeled::{Judge, Judged, Labeled},
    scenario::Scenario,
};
use serde_json::{Value, json};

use crate::outside::folder;

/// Which of ours finds what a rule of theirs does; none where it tells of something that became stronger.
const OURS: &[(&str, &[&str])] = &[
    ("Auth0.AttackProtection.Disabled", &["attack_protection_weakened"]),
    ("Auth0.BotDetection.Disabled", &["attack_protection_weakened"]),
    ("Auth0.CIC.Credential.Stuffing", &["credential_stuffing", "password_spray"]),
    ("Auth0.Custom.Role.Created", &["custom_role_created"]),
    ("Auth0.FraudRisk.Volume", &["signup_fraud"]),
    ("Auth0.Integration.Installed", &["integration_installed"]),
    ("Auth0.Limits", &["limit_reached"]),
    ("Auth0.MFA.Factor.Setting.Enabled", &[]),
    ("Auth0.MFA.Policy.Disabled", &["mfa_downgrade"]),
    ("Auth0.MFA.Policy.Enabled", &[]),
    ("Auth0.MFA.Risk.Assessment.Disabled", &["mfa_downgrade"]),
    ("Auth0.MFA.Risk.Assessment.Enabled", &[]),
    ("Auth0.Post.Login.Action.Flow", &["login_flow_changed", "mfa_downgrade"]),
    ("Auth0.PushNotification.Fatigue", &["mfa_fatigue"]),
    ("Auth0.Rapid.DynamicClient.Creation", &["clients_registered_in_bulk"]),
    ("Auth0.SamePhone.MultipleUsers.MFA", &["shared_authenticator"]),
    ("Auth0.User.Invitation.Created", &["tenant_member_invited"]),
    ("Auth0.User.Joined.Tenant", &["tenant_member_joined"]),
];

const STRONGER: &str = "a notice that something became stronger is no finding of ours";
const ALONE: &str = "theirs counts too, and one entry does not reach the count";
const ANOTHER: &str = "the entry's method and path are another call's, and ours go by those";

/// Labels that we mean otherwise, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("panther-010", "one failed login across origins is no attack; it takes many"),
    ("panther-012", ANOTHER),
    ("panther-014", ANOTHER),
    ("panther-017", ALONE),
    ("panther-023", STRONGER),
    ("panther-025", "risk assessment is turned off, which is found by the same detector as a policy that is"),
    ("panther-028", STRONGER),
    ("panther-033", STRONGER),
    ("panther-042", ANOTHER),
    ("panther-044", ALONE),
    ("panther-049", "to invite members to an organization is what tenants with organizations do all day"),
];

#[test]
fn labels_hold_but_for_those_that_we_mean_otherwise() {
    let Some(folder) = folder() else { return };
    let text = fs::read_to_string(folder.join("auth0/fixtures/detections/panther.jsonl")).unwrap();
    let mut judge = Judge::new().unwrap();
    let (mut held, mut otherwise) = (0, BTreeSet::new());
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        if !row["label_note"].is_null() || row.get("log").is_none() {
            continue;
        }
        let id = row["id"].as_str().unwrap();
        let (_, ours) = OURS.iter().find(|(theirs, _)| row["rule"] == *theirs).expect(id);
        let judged = judge.judge(&serde_json::from_str::<Labeled<'_>>(line).unwrap()).unwrap();
        let Judged::Entry(found) = judged else { panic!("{id} is no entry") };
        let found: Vec<_> = (found.iter())
            .filter(|found| found.alert.audience == Audience::Raised)
            .map(|found| &*found.alert.detector)
            .collect();
        let is_found = ours.iter().any(|name| found.contains(name));
        let is_held = is_found == (row["expected_match"] == true);
        let is_otherwise = OTHERWISE.iter().any(|(other, _)| *other == id);
        assert_ne!(is_held, is_otherwise, "{id} {}: {found:?}", row["test"]);
        held += usize::from(is_held);
        otherwise.extend(is_otherwise.then(|| id.to_owned()));
    }
    assert_eq!(otherwise.len(), OTHERWISE.len(), "{otherwise:?}");
    assert!(held >= 20, "{held} labels hold");
}

/// An entry for a hit of their rule, by an actor and at a minute.
fn hit(index: usize, hit: &Value) -> Value {
    let (method, path, body) = match hit["rule"].as_str().unwrap() {
        "Auth0.NewAdmin.Invitation" => ("post", "/api/v2/tenants/invitations", json!({"roles": ["owner"]})),
        "Auth0.Delete.TenantMember" => ("delete", "/api/v2/tenants/members/auth0%7C1", Value::Null),
        other => panic!("no entry for {other}"),
    };
    let details = json!({"request": {"method": method, "path": path, "body": body,
        "auth": {"user": {"user_id": hit["actor"], "email": hit["actor"]}}},
        "response": {"statusCode": 200, "body": {}}});
    json!({"data": {"log_id": index.to_string(), "type": "sapi", "tenant_name": "acme", "details": details,
        "date": format!("2026-08-20T08:{:02}:00.000Z", hit["minute"].as_u64().unwrap())}})
}

#[test]
fn sequences_of_findings_hold_too() {
    let Some(folder) = folder() else { return };
    let text = fs::read_to_string(folder.join("auth0/fixtures/detections/panther.jsonl")).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut compared = 0;
    for row in rows.filter(|row| row["kind"] == "sequence" && row["label_note"].is_null()) {
        let events: Vec<Value> =
            row["sequence"].as_array().unwrap().iter().enumerate().map(|(i, told)| hit(i, told)).collect();
        let line = json!({"id": row["id"], "events": events}).to_string();
        let found = serde_json::from_str::<Scenario<'_>>(&line).unwrap().run().unwrap();
        let is_found = found.iter().any(|found| found.alert.detector == "tenant_takeover");
        assert_eq!(is_found, row["expected_match"] == true, "{}", row["test"]);
        compared += 1;
    }
    assert_eq!(compared, 2);
}
