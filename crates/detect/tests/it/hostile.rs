//! Entries of any shape: they break no detector, and what they leave behind is a state that can be saved and taken again.

use std::collections::BTreeMap;

use countersign_auth0::log::LogEvent;
use countersign_detect::{Engine, EngineSettings, Event, detectors};
use countersign_privacy::Tagger;
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "request",
        "response",
        "body",
        "method",
        "path",
        "statusCode",
        "auth",
        "user",
        "authenticator",
        "enabled",
        "shields",
        "grant_types",
        "bindings",
        "action",
        "filters",
        "sink",
        "status",
        "scope",
        "stage",
        "allowlist",
        "roles",
        "owners",
        "phone_number",
        "device_id",
        "familyId",
        "0",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "block",
            "never",
            "owner",
            "paused",
            "0.0.0.0/0",
            "::/999",
            "%ff%",
            "{",
            "[1"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..6).prop_map(|object| {
                object
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    })
}

/// A call whose outside is as Auth0 writes it and whose bodies are anything.
fn any_call() -> impl Strategy<Value = Value> {
    let paths = prop::sample::select(vec![
        "/api/v2/guardian/policies",
        "/v2/guardian/factors/otp",
        "/v2/attack-protection/brute-force-protection",
        "/api/v2/clients/a",
        "/api/v2/clients",
        "/api/v2/log-streams/l",
        "/api/v2/log-streams",
        "/v2/client-grants/g",
        "/api/v2/actions/triggers/post-login/bindings",
        "/api/v2/tenants/invitations",
        "/api/v2/tenants/members/m",
        "/api/v2/users/u/authentication-methods",
        "/api/v2/organizations/org_1/enabled_connections/c",
        "/api/v2/connections/c",
        "/v2/risk-assessments/settings",
        "/v2/network-acls/n",
        "/",
        "",
    ]);
    let methods = prop::sample::select(vec!["get", "post", "PUT", "patch", "delete", "?"]);
    (methods, paths, any_json(), any_json()).prop_map(|(method, path, asked, answered)| {
        json!({"request": {"method": method, "path": path, "body": asked}, "response": {"statusCode": 200, "body": answered}})
    })
}

fn any_entry() -> impl Strategy<Value = Value> {
    let kinds: Vec<&str> = detectors::NATIVE
        .iter()
        .flat_map(|native| native.about.kinds.iter().copied())
        .chain(["sapi", "zz"])
        .collect();
    let text = || prop_oneof![any_json(), "[ -~]{0,16}".prop_map(Value::from), Just(json!("auth0|1"))];
    let details = prop_oneof![any_json(), any_call()];
    let second = prop_oneof![0_i64..200_000, -60_000_000_000..200_000_000_000_i64];
    (prop::sample::select(kinds), second, text(), text(), text(), details).prop_map(
        |(kind, second, user_id, user_name, organization_id, details)| {
            let date = countersign_core::Timestamp::from_seconds(1_787_212_800 + second).to_string();
            json!({"type": kind, "date": date, "user_id": user_id, "user_name": user_name, "ip": "192.0.2.1", "client_id": "c",
                "organization_id": organization_id, "details": details})
        },
    )
}

fn engine() -> Engine {
    let detectors = detectors::make_all(&BTreeMap::new()).unwrap();
    Engine::new(Tagger::new(&[0; 32]), EngineSettings::default(), detectors)
}

proptest! {
    #[test]
    fn no_entry_breaks_a_detector(entries in prop::collection::vec(any_entry(), 1..40)) {
        let tagger = Tagger::new(&[0; 32]);
        let mut engine = engine();
        for (seq, entry) in (0..).zip(&entries) {
            let text = entry.to_string();
            let id = std::borrow::Cow::Owned(seq.to_string());
            let Ok(log) = LogEvent::parse(&text, Some(id)) else { continue };
            engine.observe(&Event::new(seq, log, &tagger, |_| None));
        }
        let saved = engine.save();
        let mut restored = self::engine();
        prop_assert_eq!(restored.restore(&saved), Ok(vec![]));
    }
}
