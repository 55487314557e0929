//! The resources of the Management API, a file each.

pub(super) mod actions;
mod documents;
pub(super) mod event_streams;
pub(super) mod log_streams;
mod logs;
mod permissions;
mod resource_servers;
mod roles;
mod users;

use super::Operation;
pub(super) use users::PASSWORD;

/// The tables of all resources.
pub(super) const TABLES: &[&[Operation]] = &[
    actions::OPERATIONS,
    documents::BRANDING,
    documents::CUSTOM_DOMAINS,
    documents::EMAILS,
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
    resource_servers::OPERATIONS,
    roles::OPERATIONS,
    users::OPERATIONS,
];
