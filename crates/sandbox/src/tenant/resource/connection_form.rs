//! What the body of a connection may hold, and what a connection of each strategy has that nobody set.

use serde_json::{Value, json};

use super::object;
use crate::tenant::{
    check::{Rule, TEXT, list, may, need, text},
    state::Object,
};

static ANY_OBJECT: Rule = Rule::Open(&[]);
static TEXTS: Rule = list(&TEXT, usize::MAX);
static METADATA_VALUE: Rule = Rule::Nullable(&text(0, 255));

/// Letters, digits and hyphens, with neither end a hyphen.
fn is_name(name: &str) -> bool {
    let parts = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    parts && !name.is_empty() && name.len() <= 128 && !name.starts_with('-') && !name.ends_with('-')
}

static STRATEGY: Rule = Rule::OneOf(&[
    "ad",
    "adfs",
    "amazon",
    "apple",
    "dropbox",
    "bitbucket",
    "auth0-oidc",
    "auth0",
    "auth0-samlp",
    "baidu",
    "bitly",
    "box",
    "custom",
    "daccount",
    "dwolla",
    "email",
    "evernote-sandbox",
    "evernote",
    "exact",
    "facebook",
    "fitbit",
    "github",
    "google-apps",
    "google-oauth2",
    "instagram",
    "ip",
    "keycloak-samlp",
    "line",
    "linkedin",
    "oauth1",
    "oauth2",
    "office365",
    "oidc",
    "okta",
    "okta-samlp",
    "paypal",
    "paypal-sandbox",
    "pingfederate",
    "planningcenter",
    "salesforce-community",
    "salesforce-sandbox",
    "salesforce",
    "samlp",
    "sharepoint",
    "shopify",
    "shop",
    "sms",
    "soundcloud",
    "thirtysevensignals",
    "twitter",
    "untappd",
    "vkontakte",
    "waad",
    "weibo",
    "windowslive",
    "wordpress",
    "yahoo",
    "yandex",
]);

macro_rules! settings {
    ($($first:expr),*) => {
        Rule::Object(&[
            $($first,)*
            may("display_name", text(1, 128)),
            may("options", Rule::Nullable(&ANY_OBJECT)),
            may("enabled_clients", TEXTS),
            may("is_domain_connection", Rule::Bool),
            may("show_as_button", Rule::Bool),
            may("realms", TEXTS),
            may("metadata", Rule::Map { each: &METADATA_VALUE, max: 10 }),
            may("authentication", ANY_OBJECT),
            may("connected_accounts", ANY_OBJECT),
            may("cross_app_access_requesting_app", ANY_OBJECT),
            may("cross_app_access_resource_app", ANY_OBJECT),
        ])
    };
}

/// The body of a creation.
pub static CREATE: Rule = settings!(
    need("name", Rule::Pattern("^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$", is_name)),
    need("strategy", STRATEGY)
);

/// The body of a change.
pub static UPDATE: Rule = settings!();

/// Whether an organization brings the users of this strategy along.
pub fn is_enterprise(strategy: &str) -> bool {
    matches!(
        strategy,
        "ad" | "adfs"
            | "auth0-oidc"
            | "auth0-samlp"
            | "google-apps"
            | "ip"
            | "keycloak-samlp"
            | "office365"
            | "oidc"
            | "okta"
            | "okta-samlp"
            | "pingfederate"
            | "samlp"
            | "sharepoint"
            | "waad"
    )
}

/// Fills in what is missing, at any depth.
pub fn fill(value: &mut Value, defaults: &Value) {
    if let (Value::Object(value), Value::Object(defaults)) = (value, defaults) {
        for (name, default) in defaults {
            match value.get_mut(name) {
                Some(own) => fill(own, default),
                None => {
                    value.insert(name.clone(), default.clone());
                }
            }
        }
    }
}

/// What a connection has beside its options.
pub fn defaults(strategy: &str, name: &str) -> Object {
    let mut shown = object(json!({
        "is_domain_connection": false,
        "realms": [name],
        "authentication": {"active": true},
        "connected_accounts": {"active": false},
    }));
    if is_enterprise(strategy) {
        shown.insert("show_as_button".to_owned(), Value::Bool(false));
    }
    if strategy == "waad" {
        shown.insert("display_name".to_owned(), name.into());
    }
    shown
}

/// Options of a database connection that come back when a change leaves them out.
fn lasting_of_database() -> Value {
    json!({
        "authentication_methods": {
            "password": {"enabled": true, "api_behavior": "required", "signup_behavior": "allow"},
            "passkey": {"enabled": false},
        },
        "passkey_options": {
            "challenge_ui": "both",
            "progressive_enrollment_enabled": true,
            "local_enrollment_enabled": true,
        },
        "brute_force_protection": true,
    })
}

fn of_new_database() -> Value {
    json!({
        "mfa": {"active": true, "return_enroll_settings": true},
        "passwordPolicy": "good",
        "strategy_version": 2,
        "password_options": {
            "complexity": {
                "character_type_rule": "all",
                "identical_characters": "allow",
                "sequential_characters": "allow",
                "max_length_exceeded": "error",
                "min_length": 15,
                "character_types": [],
            },
            "profile_data": {"active": false, "blocked_fields": ["name", "username", "nickname"]},
            "history": {"active": false, "size": 3},
            "dictionary": {"active": false, "custom": [], "default": "en_100k"},
        },
    })
}

/// Completes the options of a connection: of a new one, or after a change that replaced them.
pub fn complete(strategy: &str, options: &mut Value, new: bool) {
    let flag = |name: &str| options.get(name) == Some(&Value::Bool(true));
    let chosen = |pairs: &[(&str, &'static str)]| -> Vec<&'static str> {
        pairs.iter().filter(|(flagged, _)| flag(flagged)).map(|(_, scope)| *scope).collect()
    };
    let defaults = match strategy {
        "auth0" => {
            let mut defaults = lasting_of_database();
            if new {
                fill(&mut defaults, &of_new_database());
            }
            defaults
        }
        "apple" => json!({"scope": chosen(&[("name", "name"), ("email", "email")]).join(" ")}),
        "github" => json!({"scope": chosen(GITHUB)}),
        "google-apps" => json!({
            "email": true,
            "profile": true,
            "scope": ["email", "profile"],
            "handle_login_from_social": true,
            "map_user_id_to_id": true,
        }),
        "google-oauth2" => json!({"email": true, "profile": true, "scope": ["email", "profile"]}),
        "line" => json!({"profile": true}),
        "oidc" | "okta" => json!({
            "type": "back_channel",
            "schema_version": "oidc-V4",
            "attribute_map": {"mapping_mode": if strategy == "okta" { "basic_profile" } else { "bind_all" }},
            "connection_settings": {"pkce": if new { "auto" } else { "disabled" }},
        }),
        "salesforce" | "salesforce-community" | "salesforce-sandbox" => json!({"scope": []}),
        "waad" => json!({"waad_common_endpoint": false}),
        _ => json!({}),
    };
    fill(options, &defaults);
}

const GITHUB: &[(&str, &str)] = &[
    ("email", "user:email"),
    ("read_user", "read:user"),
    ("follow", "user:follow"),
    ("public_repo", "public_repo"),
    ("repo", "repo"),
    ("repo_deployment", "repo_deployment"),
    ("repo_status", "repo:status"),
    ("delete_repo", "delete_repo"),
    ("notifications", "notifications"),
    ("gist", "gist"),
    ("read_repo_hook", "read:repo_hook"),
    ("write_repo_hook", "write:repo_hook"),
    ("admin_repo_hook", "admin:repo_hook"),
    ("read_org", "read:org"),
    ("write_org", "write:org"),
    ("admin_org", "admin:org"),
    ("read_public_key", "read:public_key"),
    ("write_public_key", "write:public_key"),
    ("admin_public_key", "admin:public_key"),
];

/// What is wrong with the options of a database connection; `None` when nothing is.
pub fn wrong_options(options: &Value) -> Option<String> {
    let attributes = options.get("attributes").and_then(Value::as_object)?;
    if options.get("requires_username") == Some(&Value::Bool(true)) {
        return Some("Cannot set both options.attributes and options.requires_username".to_owned());
    }
    attributes.iter().find_map(|(name, attribute)| {
        let identifies = attribute.pointer("/identifier/active") == Some(&Value::Bool(true));
        let required = attribute.get("profile_required") == Some(&Value::Bool(true));
        let inactive = attribute.pointer("/signup/status").and_then(Value::as_str) == Some("inactive");
        (identifies && required && inactive)
            .then(|| format!("attribute {name} must also be required on signup"))
    })
}
