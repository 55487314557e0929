//! What the body of a client may hold, and what a client has that nobody set.

use serde_json::{Value, json};

use super::object;
use crate::tenant::{
    check::{Rule, TEXT, list, may, need, text},
    state::Object,
};

static ANY_OBJECT: Rule = Rule::Open(&[]);
static TEXTS: Rule = list(&TEXT, usize::MAX);
static METADATA_VALUE: Rule = Rule::Nullable(&text(0, 255));
static BOOL: Rule = Rule::Bool;

/// Whether a name has no angle brackets, which Auth0 refuses.
fn plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['<', '>'])
}

static NAME: Rule = Rule::Pattern("^[^<>]+$", plain);

static APP_TYPE: Rule = Rule::OneOf(&[
    "native",
    "spa",
    "regular_web",
    "non_interactive",
    "resource_server",
    "express_configuration",
    "rms",
    "box",
    "cloudbees",
    "concur",
    "dropbox",
    "mscrm",
    "echosign",
    "egnyte",
    "newrelic",
    "office365",
    "salesforce",
    "sentry",
    "sharepoint",
    "slack",
    "springcm",
    "zendesk",
    "zoom",
    "sso_integration",
    "oag",
]);

static AUTH_METHOD: Rule = Rule::OneOf(&["none", "client_secret_post", "client_secret_basic"]);
static USAGE: Rule = Rule::OneOf(&["deny", "allow", "require"]);
static BEHAVIOR: Rule = Rule::OneOf(&["no_prompt", "pre_login_prompt", "post_login_prompt"]);
static JWT: Rule = Rule::Object(&[
    may("lifetime_in_seconds", Rule::Integer { min: 0, max: 2_592_000 }),
    may("secret_encoded", Rule::Bool),
    may("scopes", ANY_OBJECT),
    may("alg", Rule::OneOf(&["HS256", "RS256", "RS512", "PS256"])),
]);
static REFRESH_TOKEN: Rule = Rule::Object(&[
    may("rotation_type", Rule::OneOf(&["rotating", "non-rotating"])),
    may("expiration_type", Rule::OneOf(&["expiring", "non-expiring"])),
    may("leeway", Rule::Integer { min: 0, max: i64::MAX }),
    may("token_lifetime", Rule::Integer { min: 1, max: 157_788_000 }),
    may("infinite_token_lifetime", Rule::Bool),
    may("idle_token_lifetime", Rule::Integer { min: 1, max: 157_788_000 }),
    may("infinite_idle_token_lifetime", Rule::Bool),
    may("policies", Rule::Nullable(&list(&ANY_OBJECT, usize::MAX))),
]);
static DEFAULT_ORGANIZATION: Rule = Rule::Object(&[
    need("organization_id", text(1, 50)),
    need("flows", Rule::List { each: &Rule::OneOf(&["client_credentials"]), min: 1, max: 1, unique: true }),
]);
static QUOTA: Rule = Rule::Object(&[need("client_credentials", ANY_OBJECT)]);
static CREDENTIALS: Rule = Rule::Open(&[need("credentials", list(&ANY_OBJECT, usize::MAX))]);
static AUTHENTICATION: Rule = Rule::Object(&[
    may("private_key_jwt", CREDENTIALS),
    may("tls_client_auth", CREDENTIALS),
    may("self_signed_tls_client_auth", CREDENTIALS),
]);

macro_rules! settings {
    ($($first:expr),*) => {
        Rule::Object(&[
            $($first,)*
            may("description", text(0, 140)),
            may("client_secret", text(1, 512)),
            may("app_type", APP_TYPE),
            may("logo_uri", TEXT),
            may("is_first_party", Rule::Bool),
            may("oidc_conformant", Rule::Bool),
            may("callbacks", TEXTS),
            may("allowed_origins", TEXTS),
            may("web_origins", TEXTS),
            may("client_aliases", TEXTS),
            may("allowed_clients", TEXTS),
            may("allowed_logout_urls", TEXTS),
            may("session_transfer", Rule::Nullable(&ANY_OBJECT)),
            may("oidc_logout", Rule::Nullable(&ANY_OBJECT)),
            may("oidc_backchannel_logout", Rule::Nullable(&ANY_OBJECT)),
            may("grant_types", TEXTS),
            may("jwt_configuration", Rule::Nullable(&JWT)),
            may("encryption_key", Rule::Nullable(&ANY_OBJECT)),
            may("sso", Rule::Bool),
            may("sso_disabled", Rule::Bool),
            may("cross_origin_authentication", Rule::Bool),
            may("cross_origin_auth", Rule::Bool),
            may("cross_origin_loc", Rule::Nullable(&TEXT)),
            may("custom_login_page_on", Rule::Bool),
            may("custom_login_page", TEXT),
            may("custom_login_page_preview", TEXT),
            may("form_template", TEXT),
            may("addons", Rule::Nullable(&ANY_OBJECT)),
            may("token_endpoint_auth_method", Rule::Nullable(&AUTH_METHOD)),
            may("is_token_endpoint_ip_header_trusted", Rule::Bool),
            may("client_metadata", Rule::Map { each: &METADATA_VALUE, max: 10 }),
            may("mobile", Rule::Nullable(&ANY_OBJECT)),
            may("initiate_login_uri", TEXT),
            may("native_social_login", Rule::Nullable(&ANY_OBJECT)),
            may("fedcm_login", Rule::Nullable(&ANY_OBJECT)),
            may("refresh_token", Rule::Nullable(&REFRESH_TOKEN)),
            may("default_organization", Rule::Nullable(&DEFAULT_ORGANIZATION)),
            may("organization_usage", Rule::Nullable(&USAGE)),
            may("organization_require_behavior", Rule::Nullable(&BEHAVIOR)),
            may("organization_discovery_methods", Rule::Nullable(&TEXTS)),
            may("client_authentication_methods", Rule::Nullable(&AUTHENTICATION)),
            may("require_pushed_authorization_requests", Rule::Bool),
            may("require_proof_of_possession", Rule::Bool),
            may("signed_request_object", Rule::Nullable(&ANY_OBJECT)),
            may("token_vault_privileged_access", Rule::Nullable(&ANY_OBJECT)),
            may("compliance_level", Rule::Nullable(&TEXT)),
            may("skip_non_verifiable_callback_uri_confirmation_prompt", Rule::Nullable(&BOOL)),
            may("token_exchange", Rule::Nullable(&ANY_OBJECT)),
            may("par_request_expiry", Rule::Nullable(&Rule::Integer { min: 10, max: 600 })),
            may("token_quota", Rule::Nullable(&QUOTA)),
            may("express_configuration", Rule::Nullable(&ANY_OBJECT)),
            may("my_organization_configuration", Rule::Nullable(&ANY_OBJECT)),
            may("identity_assertion_authorization_grant", Rule::Nullable(&ANY_OBJECT)),
            may("third_party_security_mode", Rule::OneOf(&["strict", "permissive"])),
            may("redirection_policy", Rule::OneOf(&["allow_always", "open_redirect_protection"])),
            may("resource_server_identifier", text(1, 600)),
            may("async_approval_notification_channels", Rule::Nullable(&TEXTS)),
        ])
    };
}

/// The body of a creation.
pub static CREATE: Rule = settings!(need("name", NAME));

/// The body of a change.
pub static UPDATE: Rule = settings!(may("name", NAME));

/// Properties that a change adds to, where others are replaced.
pub const ADDED_TO: &[&str] =
    &["jwt_configuration", "refresh_token", "signed_request_object", "client_metadata"];

fn is(body: &Object, name: &str, value: &str) -> bool {
    body.get(name).and_then(Value::as_str) == Some(value)
}

/// Lifetimes of refresh tokens are longer where the client keeps a secret.
fn refresh_token(body: &Object) -> Value {
    let confidential = body
        .get("token_endpoint_auth_method")
        .and_then(Value::as_str)
        .is_some_and(|method| method.starts_with("client_secret"));
    let (lifetime, idle) = if confidential { (31_557_600, 2_592_000) } else { (2_592_000, 1_296_000) };
    let third_party = body.get("is_first_party") == Some(&Value::Bool(false));
    json!({
        "rotation_type": if third_party { "rotating" } else { "non-rotating" },
        "expiration_type": if third_party { "expiring" } else { "non-expiring" },
        "leeway": 0,
        "token_lifetime": lifetime,
        "infinite_token_lifetime": !third_party,
        "infinite_idle_token_lifetime": !third_party,
        "idle_token_lifetime": idle,
    })
}

/// What a new client has, by what its body says; read off recordings.
pub fn defaults(body: &Object, tenant: &str) -> Object {
    let express = is(body, "app_type", "express_configuration");
    let modern = express || is(body, "app_type", "resource_server");
    let public = is(body, "app_type", "spa") || is(body, "app_type", "native");
    let third_party = body.get("is_first_party") == Some(&Value::Bool(false));
    let grants: &[&str] = if express {
        &["authorization_code", "client_credentials"]
    } else if modern {
        &[]
    } else if public {
        &["authorization_code", "implicit", "refresh_token"]
    } else {
        &["authorization_code", "implicit", "refresh_token", "client_credentials"]
    };
    let jwt = match body.get("jwt_configuration").and_then(Value::as_object) {
        Some(_) => json!({"secret_encoded": false}),
        None if modern => json!({"secret_encoded": false, "alg": "RS256"}),
        None => json!({"secret_encoded": false, "lifetime_in_seconds": 36_000}),
    };
    let mut shown = object(json!({
        "tenant": tenant,
        "global": false,
        "is_first_party": true,
        "is_token_endpoint_ip_header_trusted": false,
        "oidc_conformant": modern || third_party,
        "sso_disabled": false,
        "cross_origin_auth": false,
        "cross_origin_authentication": false,
        "custom_login_page_on": true,
        "callback_url_template": false,
        "grant_types": grants,
        "jwt_configuration": jwt,
        "refresh_token": refresh_token(body),
    }));
    if express {
        shown.extend(object(json!({
            "callbacks": ["https://system-admin.okta.com/admin/app/generic/oauth20redirect"],
            "organization_usage": "require",
            "organization_require_behavior": "pre_login_prompt",
            "client_authentication_methods": {"private_key_jwt": {"credentials": []}},
        })));
    }
    if third_party {
        shown.insert("third_party_security_mode".to_owned(), "permissive".into());
    }
    shown
}
