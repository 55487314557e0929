//! The resources of the Management API, a file each.

pub(super) mod actions;
mod authentication_methods;
mod client_credentials;
mod client_form;
mod client_grants;
pub(super) mod clients;
mod connection_directory;
mod connection_form;
mod connection_scim;
mod connection_users;
mod connections;
mod documents;
mod effective;
pub(super) mod event_streams;
mod hooks;
mod jobs;
mod keys;
pub(super) mod log_streams;
mod logs;
mod organization_access;
mod organization_connections;
mod organization_domains;
mod organization_invitations;
mod organization_members;
mod organizations;
mod permissions;
mod refresh_tokens;
mod resource_servers;
mod roles;
mod rules;
mod sessions;
mod tickets;
pub(super) mod token_exchange_profiles;
mod user_blocks;
mod user_creation;
mod user_factors;
mod user_identities;
mod user_imports;
mod user_profile;
mod user_roles;
mod user_search;
mod users;

use serde_json::Value;

use super::{Operation, state::Object};
pub(super) use connections::furnish as furnish_database;
pub(super) use jobs::content as export;
pub(super) use organization_members::MEMBER_ROLES;
pub(super) use user_identities::password;
pub(super) use users::PASSWORD;

/// The tables of all resources.
pub(super) const TABLES: &[&[Operation]] = &[
    actions::OPERATIONS,
    client_credentials::OPERATIONS,
    client_grants::OPERATIONS,
    clients::OPERATIONS,
    connection_directory::OPERATIONS,
    connection_scim::OPERATIONS,
    connection_users::OPERATIONS,
    connections::OPERATIONS,
    hooks::OPERATIONS,
    authentication_methods::OPERATIONS,
    documents::ATTACK_PROTECTION,
    documents::BRANDING,
    documents::CUSTOM_DOMAINS,
    documents::EMAILS,
    documents::GUARDIAN,
    documents::GUARDIAN_PROVIDERS,
    documents::NETWORK_ACLS,
    documents::PHONE,
    documents::PROMPTS,
    documents::RISK,
    documents::SELF_SERVICE,
    documents::STATS,
    documents::TENANTS,
    event_streams::OPERATIONS,
    log_streams::OPERATIONS,
    logs::OPERATIONS,
    organization_access::OPERATIONS,
    organization_connections::OPERATIONS,
    organization_domains::OPERATIONS,
    organization_invitations::OPERATIONS,
    organization_members::OPERATIONS,
    organizations::OPERATIONS,
    resource_servers::OPERATIONS,
    roles::OPERATIONS,
    rules::OPERATIONS,
    refresh_tokens::OPERATIONS,
    sessions::OPERATIONS,
    tickets::OPERATIONS,
    token_exchange_profiles::OPERATIONS,
    user_blocks::OPERATIONS,
    user_factors::OPERATIONS,
    user_identities::OPERATIONS,
    user_imports::OPERATIONS,
    user_roles::OPERATIONS,
    user_search::OPERATIONS,
    users::OPERATIONS,
    effective::OPERATIONS,
    jobs::OPERATIONS,
    keys::OPERATIONS,
];

/// Replaces what is named; `null` removes.
fn merge(shown: &mut Object, changes: Object) {
    for (name, value) in changes {
        if value.is_null() {
            shown.remove(&name);
        } else {
            shown.insert(name, value);
        }
    }
}

/// The properties of a value that was written out as an object.
fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
