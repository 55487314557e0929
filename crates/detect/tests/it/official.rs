//! The rules that the vendor publishes: which are loaded, why others are refused, and what they say of plain entries.
//!
//! They are not part of the repository; `COUNTERSIGN_CONFORMANCE_DATA` names the folder that holds them.

use std::{collections::BTreeSet, fs};

use countersign_auth0::log::LogEvent;
use countersign_detect::{
    Engine, EngineSettings, Event,
    sigma::{Values, check, load},
};
use countersign_privacy::Tagger;
use serde_json::{Value, json};

use crate::outside::folder;

/// What becomes of a file, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// Loaded, with nothing to say.
    Plain,
    /// Loaded, with a warning that holds this text.
    Warned(&'static str),
    /// Refused with an error that holds this text.
    Refused(&'static str),
}
use Outcome::{Plain, Refused, Warned};

const FIRST: &str = "the first entry meets this threshold";
const UNFILLED: &str = "is not filled";

const OUTCOMES: &[(&str, Outcome)] = &[
    ("attack_protection_features_turned_off", Plain),
    ("bot_detection_turned_off", Plain),
    ("breached_password_detection_settings_manipulated", Plain),
    ("brute_force_critical_settings_manipulated", Plain),
    // `{global_client_id}`, unquoted.
    ("client_with_overpermissive_granted_scopes", Refused(UNFILLED)),
    ("credential_stuffing_signals", Plain),
    ("cross_origin_authentication_enabled", Plain),
    // `{your-tenant-domain}` inside a text, `{trusted-client_id-1}` as one.
    ("grant_mgn_api_scopes", Refused(UNFILLED)),
    ("insecure_grants_enabled_for_applications", Plain),
    ("liquidjs_xss_vulnerability", Refused("look-around")),
    ("logins_from_suspicious_tls_fingerprints", Plain),
    // The types of its main selection are all commented out, so that the field has no value.
    ("logins_or_signups_from_suspicious_ips", Refused("nothing stands where a value should")),
    ("many_failed_authorization_requests", Plain),
    // `lte: 1` is fulfilled before anything happened.
    ("many_unverified_accounts_created", Refused("met before anything happened")),
    ("mfa_donwgrade_risk_assessment_disabled", Plain),
    ("mfa_downgrade_detect_disable_factors", Plain),
    ("mfa_downgrade_disable_mfa_policies", Plain),
    ("multiple_phone_numbers_are_registered_as_mfa", Plain),
    ("rapid_creation_of_clients_with_dynamic_registration", Plain),
    ("refresh_token_from_multiple_user_agent", Warned(FIRST)),
    ("refresh_token_from_too_many_locations", Warned(FIRST)),
    ("refresh_token_reuse", Warned(FIRST)),
    ("risk_for_mfa_push_fatigue", Plain),
    ("risk_of_copying_client_credentials", Plain),
    ("risk_of_copying_the_most_powerful_token", Refused(UNFILLED)),
    ("risk_of_signup_fraud_by_disposable_domains", Warned(FIRST)),
    ("risk_of_signup_fraud_by_volume", Warned(FIRST)),
    ("risk_of_tenant_takeover", Plain),
    ("same_guardian_app_is_registered_for_mfa_in_multiple_users", Plain),
    ("sms_bombarding", Plain),
    // `or` where `and` was meant.
    ("suspicious_ip_throttling_critical_settings_manipulated", Warned("entries of any type")),
    // The path lacks `details`.
    ("unrecognized_ip_in_allowlist", Warned("`details.request.body.allowlist`")),
    ("use_of_auth0_tenant_name_url", Refused(UNFILLED)),
];

/// Name and text of each file; `None`, said aloud, where there is no folder.
fn files() -> Option<Vec<(String, String)>> {
    let folder = folder()?.join("auth0/sigma/detections");
    let read = |(stem, _): &(&str, Outcome)| {
        let name = format!("{stem}.yml");
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        (name, text)
    };
    assert_eq!(fs::read_dir(&folder).unwrap().count(), OUTCOMES.len(), "a file without a line in the table");
    Some(OUTCOMES.iter().map(read).collect())
}

#[test]
fn each_file_is_loaded_or_refused_for_the_right_reason() {
    let Some(files) = files() else { return };
    for ((name, text), (_, expected)) in files.iter().zip(OUTCOMES) {
        let report = check(&[(name, text)], &Values::new());
        let said: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
        let has = |what: &str| said.iter().any(|fault| fault.starts_with(name) && fault.contains(what));
        let is_as_expected = match expected {
            // Why: that a catalog misspells a key for people is no matter of the rule.
            Plain => report.is_loaded() && said.iter().all(|fault| fault.contains("is not read")),
            Warned(what) => report.is_loaded() && has(what),
            Refused(what) => !report.is_loaded() && has(what),
        };
        assert!(is_as_expected, "{name} should be {expected:?}: {said:#?}");
    }
}

/// All that can be loaded, in one engine.
fn engine(files: &[(String, String)]) -> Engine {
    let loaded: Vec<(&str, &str)> = (files.iter().zip(OUTCOMES))
        .filter(|(_, (_, outcome))| !matches!(outcome, Refused(_)))
        .map(|((name, text), _)| (&**name, &**text))
        .collect();
    let detectors = load(&loaded, &Values::new()).ok().unwrap();
    Engine::new(Tagger::new(&[1; 32]), EngineSettings::default(), detectors)
}

/// The rules that speak at entries, each of which comes a second after the one before.
fn speaking(files: &[(String, String)], entries: &[Value]) -> BTreeSet<String> {
    let mut engine = engine(files);
    let mut speaking = BTreeSet::new();
    for (seq, entry) in (1_u64..).zip(entries) {
        let mut entry = entry.clone();
        entry["log_id"] = seq.to_string().into();
        entry["date"] = format!("2026-08-20T08:00:{seq:02}.000Z").into();
        let raw = entry.to_string();
        let log = LogEvent::parse(&raw, None).unwrap();
        let event = Event::new(seq, log, &Tagger::new(&[1; 32]), |_| None);
        speaking.extend(engine.observe(&event).into_iter().map(|alert| alert.detector));
    }
    speaking
}

fn setting(description: &str, body: &Value) -> Value {
    json!({"type": "sapi", "description": description, "user_id": "auth0|admin", "ip": "192.0.2.1",
        "details": {"request": {"method": "patch", "body": body}, "response": {"statusCode": 200, "body": body}}})
}

fn person(kind: &str) -> Value {
    json!({"type": kind, "description": "", "user_id": "auth0|1", "user_name": "a@example.test", "ip": "192.0.2.7",
        "client_id": "c", "hostname": "login.example.test", "details": {"error": {"message": "x"}}})
}

#[test]
fn what_is_loaded_speaks_as_its_text_says() {
    let Some(files) = files() else { return };
    let on = json!({"enabled": true, "shields": ["admin_notification", "block"], "allowlist": ["192.0.2.0/24"],
        "stage": {"pre-user-registration": {"shields": ["block"]}}});
    let off = json!({"enabled": false, "shields": []});
    let or_for_and = "suspicious_ip_throttling_critical_settings_manipulated";
    let wrong_path = "unrecognized_ip_in_allowlist";
    let fires_at_any_sign_up = "risk_of_signup_fraud_by_volume";
    let probes: &[(&str, Value, &[&str])] = &[
        ("an ordinary login", person("s"), &["logins_from_suspicious_tls_fingerprints"]),
        ("an ordinary sign-up", person("ss"), &[fires_at_any_sign_up]),
        ("breached-password detection on", setting("Update Breached Password Detection settings", &on), &[]),
        ("brute-force protection on", setting("Update Brute-force settings", &on), &[wrong_path]),
        (
            "throttling on",
            setting("Update Suspicious IP Throttling settings", &on),
            &[or_for_and, wrong_path],
        ),
        (
            "brute-force protection off",
            setting("Update Brute-force settings", &off),
            // The request says `false` as a truth value, and the rule as a text.
            &[
                "attack_protection_features_turned_off",
                "brute_force_critical_settings_manipulated",
                or_for_and,
                wrong_path,
            ],
        ),
        ("no MFA policy", setting("Update multi-factor authentication policies", &json!([])), &[]),
        (
            "MFA for all, which its rule takes for none",
            setting("Update multi-factor authentication policies", &json!(["all-applications"])),
            &["mfa_downgrade_disable_mfa_policies"],
        ),
        (
            "a client may exchange passwords",
            setting("Update a client", &json!({"grant_types": ["password", "refresh_token"]})),
            &["insecure_grants_enabled_for_applications"],
        ),
        (
            "an owner invited",
            setting("Create tenant invitations for a given client", &json!({"roles": ["owner"]})),
            &["risk_of_tenant_takeover"],
        ),
        (
            "bot detection off",
            setting("Create or update the anomaly detection captcha", &json!({"policy": "off"})),
            &["bot_detection_turned_off", wrong_path],
        ),
        (
            "a client renamed",
            setting("Update a client", &json!({"name": "x", "grant_types": ["authorization_code"]})),
            &[],
        ),
    ];
    for (what, probe, expected) in probes {
        let expected: BTreeSet<String> = expected.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(speaking(&files, std::slice::from_ref(probe)), expected, "{what}");
    }
}

#[test]
fn names_that_files_share_are_their_own() {
    let Some(files) = files() else { return };
    let failures = vec![person("fp"), person("fp"), person("fp")];
    assert_eq!(speaking(&files, &failures), BTreeSet::from(["credential_stuffing_signals".to_owned()]));
}
