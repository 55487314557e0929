//! The rules that come with the product, as the files of `rules/` say them. `docs/rules.md` tells what each finds and covers.

macro_rules! rule {
    ($name:literal) => {
        (
            concat!("rules/", $name, ".yml"),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules/", $name, ".yml")),
        )
    };
}

/// Name and text of each, in the order of names; what [`crate::sigma::load`] takes. A new rule is a file and a line here.
pub static PACK: &[(&str, &str)] = &[
    rule!("action_deployed"),
    rule!("allowlist_unrecognized"),
    rule!("api_explorer_token"),
    rule!("authorization_requests_malformed"),
    rule!("client_credential_changed"),
    rule!("client_grant_widened"),
    rule!("client_overpermissive"),
    rule!("client_secret_read"),
    rule!("clients_registered_in_bulk"),
    rule!("connection_created"),
    rule!("connection_trust_changed"),
    rule!("cross_origin_authentication_enabled"),
    rule!("custom_database_script_changed"),
    rule!("custom_domain_changed"),
    rule!("custom_role_created"),
    rule!("error_page_unescaped"),
    rule!("factors_removed_by_calls"),
    rule!("factors_removed_in_bulk"),
    rule!("integration_installed"),
    rule!("leaked_password_used"),
    rule!("limit_reached"),
    rule!("log_stream_created"),
    rule!("login_flow_changed"),
    rule!("login_from_flagged_address"),
    rule!("message_provider_changed"),
    rule!("message_template_changed"),
    rule!("organization_connection_enabled"),
    rule!("organization_domain_verified"),
    rule!("refresh_family_agents"),
    rule!("secrets_read_in_bulk"),
    rule!("signing_key_changed"),
    rule!("sso_ticket_created"),
    rule!("tenant_host_used"),
    rule!("tenant_member_invited"),
    rule!("tenant_member_joined"),
    rule!("token_exchange_profile_changed"),
    rule!("users_exported"),
];
