//! `/tenants/settings`.

use serde_json::{Value, json};

use super::{
    OPEN,
    single::{self, Settings},
};
use crate::tenant::{
    Context, Fault, Operation, Reply,
    check::{Rule, TEXT, may, text},
    operations::{get, patch},
    page,
    state::Object,
};

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/tenants/settings", "Get tenant settings", &["read:tenant_settings"], read),
    patch(
        "/tenants/settings",
        "Update tenant settings",
        &["update:tenant_settings"],
        single::change::<Tenant>,
    )
    .body(&CHANGES),
];

static ANY_OBJECT: Rule = OPEN;
static ANY_TEXT: Rule = TEXT;
const OBJECT: Rule = Rule::Nullable(&ANY_OBJECT);
const TEXTS: Rule = Rule::List { each: &ANY_TEXT, min: 0, max: 1_000, unique: false };
static TEXTS_OR_NULL: Rule = TEXTS;
static FLAG: Rule = Rule::Bool;
const BOOL: Rule = Rule::Nullable(&FLAG);
static HOURS_RULE: Rule = Rule::Number;
const HOURS: Rule = Rule::Nullable(&HOURS_RULE);

static CHANGES: Rule = Rule::Object(&[
    may("acr_values_supported", Rule::Nullable(&TEXTS_OR_NULL)),
    may("allow_organization_name_in_authentication_api", BOOL),
    may("allowed_logout_urls", TEXTS),
    may("authorization_response_iss_parameter_supported", BOOL),
    may("change_password", OBJECT),
    may("client_id_metadata_document_supported", BOOL),
    may("country_codes", OBJECT),
    may("customize_mfa_in_postlogin_action", BOOL),
    may("default_audience", TEXT),
    may("default_directory", TEXT),
    may("default_redirection_uri", TEXT),
    may("default_token_quota", OBJECT),
    may("device_flow", OBJECT),
    may("dynamic_client_registration_security_mode", TEXT),
    may("enable_ai_guide", BOOL),
    may("enabled_locales", TEXTS),
    may("ephemeral_session_lifetime", HOURS),
    may("ephemeral_session_lifetime_in_minutes", HOURS),
    may("error_page", OBJECT),
    may("flags", OPEN),
    may("friendly_name", TEXT),
    may("guardian_mfa_page", OBJECT),
    may("idle_ephemeral_session_lifetime", HOURS),
    may("idle_ephemeral_session_lifetime_in_minutes", HOURS),
    may("idle_session_lifetime", HOURS),
    may("idle_session_lifetime_in_minutes", HOURS),
    may("mtls", OBJECT),
    may("oidc_logout", OBJECT),
    may("phone_consolidated_experience", BOOL),
    may("picture_url", TEXT),
    may("pushed_authorization_requests_supported", BOOL),
    may("resource_parameter_profile", TEXT),
    may("sandbox_version", text(1, 8)),
    may("session_cookie", OBJECT),
    may("session_lifetime", HOURS),
    may("session_lifetime_in_minutes", HOURS),
    may("sessions", OBJECT),
    may("skip_non_verifiable_callback_uri_confirmation_prompt", BOOL),
    may("support_email", TEXT),
    may("support_url", TEXT),
    may("universal_login", OBJECT),
]);

struct Tenant;

/// What Actions and scripts can run on, which only a read shows.
const SANDBOX_VERSIONS: &[&str] = &["22", "18"];

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut settings = Tenant::shown(single::find::<Tenant>(context).unwrap_or_default());
    settings.insert("sandbox_versions_available".to_owned(), json!(SANDBOX_VERSIONS));
    Ok(Reply::ok(page::fields(context.call, &settings)))
}

impl Settings for Tenant {
    fn start(context: &Context<'_>) -> Option<Value> {
        Some(json!({
            "allowed_logout_urls": [],
            "change_password": {"enabled": false, "html": ""},
            "default_audience": "",
            "default_directory": "",
            "enabled_locales": ["en"],
            "error_page": {"html": "", "show_log_link": false, "url": ""},
            "flags": {
                "allow_changing_enable_sso": false,
                "cannot_change_enforce_client_authentication_on_passwordless_start": true,
                "disable_impersonation": true,
                "enable_sso": true,
                "enforce_client_authentication_on_passwordless_start": true,
                "universal_login": true,
                "revoke_refresh_token_grant": false,
                "disable_clickjack_protection_headers": false,
            },
            "friendly_name": context.options().name,
            "guardian_mfa_page": {"enabled": false, "html": ""},
            "idle_session_lifetime": 72,
            "oidc_logout": {"rp_logout_end_session_endpoint_discovery": true},
            "picture_url": "",
            "sandbox_version": "22",
            "session_cookie": {"mode": "persistent"},
            "session_lifetime": 168,
            "sessions": {"oidc_logout_prompt_enabled": true},
            "support_email": "",
            "support_url": "",
            "universal_login": {"colors": {"page_background": "#000000", "primary": "#635dff"}},
        }))
    }

    /// Lifetimes in minutes are taken and not shown, as recorded.
    fn shown(mut settings: Object) -> Object {
        settings.retain(|name, _| !name.ends_with("_in_minutes"));
        settings
    }
}
