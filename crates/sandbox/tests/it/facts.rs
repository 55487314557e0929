//! Somebody who does something, Actions to run, and a host to run them in.

use std::{collections::BTreeMap, path::PathBuf};

use countersign_sandbox::{
    Action, Dice, Host, Launch,
    flow::{BUDGET_MS, Bound, Facts, Stage, Visit},
    materialize,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The vendor's data.
pub fn reference() -> Option<PathBuf> {
    Some(crate::data::folder()?.join("auth0"))
}

/// A host in a folder of its own.
pub struct World {
    pub host: Host,
    pub dice: Dice,
    _folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let script = materialize(folder.path()).unwrap();
        Self { host: Host::start(Launch::new(script)).await.unwrap(), dice: Dice::new(7), _folder: folder }
    }

    pub fn stage(&mut self) -> Stage<'_> {
        let at = "2026-08-20T08:00:00Z".parse().unwrap();
        Stage { host: Some(&self.host), at, dice: &mut self.dice, budget_ms: BUDGET_MS }
    }
}

pub fn bound(name: &str, code: &str) -> Bound {
    // Why the code in the key: a key stands for exactly one code.
    Bound {
        action: Action { key: format!("{name}/{code}"), code: code.into() },
        secrets: BTreeMap::new(),
        action_id: format!("action-{name}"),
        name: name.to_owned(),
        version_id: format!("version-{name}"),
        binding_id: format!("binding-{name}"),
    }
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    let Value::Object(object) = value else { panic!("no object") };
    object
}

pub fn visit() -> Visit {
    Visit {
        ip: "203.0.113.24".to_owned(),
        geoip: object(json!({
            "cityName": "Springfield", "continentCode": "NA", "countryCode": "US", "countryCode3": "USA",
            "countryName": "United States", "latitude": 39.8, "longitude": -89.65, "subdivisionCode": "IL",
            "subdivisionName": "Illinois", "timeZone": "America/Chicago", "undocumented": true,
        })),
        asn: Some("64500".to_owned()),
        user_agent: Some(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36".to_owned(),
        ),
        ja3: Some("a1ffa339ba0853d979d34a96ac9e4b6b".to_owned()),
        ja4: Some("t13d1516h2_8daaf6152771_d8a2da3f94cd".to_owned()),
        hostname: Some("login.example.com".to_owned()),
        language: Some("en".to_owned()),
        method: "POST".to_owned(),
        query: object(json!({ "state": "abc" })),
        body: object(json!({})),
    }
}

/// Somebody with everything, and with fields that no event documents.
pub fn facts() -> Facts {
    let device = json!({ "initial_ip": "203.0.113.24", "last_ip": "203.0.113.24", "last_user_agent": "x", "secret": 1 });
    Facts {
        tenant: "example-tenant".to_owned(),
        environment: "prod-us-1".to_owned(),
        visit: visit(),
        client: json!({ "client_id": "q3f", "name": "Portal", "client_metadata": { "tier": "1" }, "client_secret": "hidden" }),
        connection: json!({ "id": "con_1", "name": "Username-Password-Authentication", "strategy": "auth0", "options": {} }),
        user: json!({
            "user_id": "auth0|65f0c0ffee0000000000a001", "email": "pat@example.com", "email_verified": true,
            "name": "Pat", "nickname": "pat", "created_at": "2025-03-02T09:14:11.120Z",
            "updated_at": "2026-08-19T07:55:02.301Z", "logins_count": 41, "last_ip": "203.0.113.9", "blocked": false,
            "app_metadata": { "tier": "gold", "old": 1 }, "user_metadata": {}, "password_hash": "hidden",
            "identities": [{ "connection": "db", "provider": "auth0", "user_id": "65f0", "isSocial": false }],
        }),
        organization: json!({ "id": "org_1", "name": "acme", "display_name": "Acme", "branding": {} }),
        roles: vec!["member".to_owned()],
        session: json!({
            "id": "sess_1", "user_id": "auth0|1", "created_at": "2026-08-20T08:00:01.000Z", "device": device,
            "cookie": { "mode": "persistent", "more": 1 }, "clients": [], "token": "hidden",
        }),
        custom_domain: json!({ "domain": "login.example.com", "custom_domain_id": "cd_1" }),
        transaction: object(json!({
            "id": "tx_1", "protocol": "oidc-basic-profile", "requested_scopes": ["openid", "profile"],
            "acr_values": [], "locale": "en", "ui_locales": [], "prompt": [], "redirect_uri": "https://app.example.com/",
            "state": "abc", "correlation_id": "cid-1", "password": "hidden",
        })),
        methods: vec![json!({ "name": "pwd", "timestamp": "2026-08-20T08:00:00.000Z" })],
        risk: json!({
            "confidence": "low", "version": "1",
            "assessments": {
                "UntrustedIP": { "confidence": "high", "code": "not_found_on_deny_list" },
                "NewDevice": { "confidence": "low", "code": "no_match", "details": { "device": "unknown", "useragent": "unknown" } },
                "ImpossibleTravel": { "confidence": "high", "code": "minimal_travel_from_last_login" },
                "PhoneNumber": { "confidence": "neutral", "code": "phone_number_not_provided" },
            },
        }),
        factors: Some(vec![json!({ "type": "otp" })]),
        audience: Some("https://api.example.com/".to_owned()),
        message: json!({ "action": "second-factor-authentication", "code": "000000", "message_type": "sms", "recipient": "+12025550143", "text": "Your code" }),
        ..Facts::default()
    }
}

/// The types of records, in order.
pub fn types(logs: &[Value]) -> Vec<&str> {
    logs.iter().map(|log| log["type"].as_str().unwrap()).collect()
}
