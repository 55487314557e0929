//! The resources of the Management API, a file each.

pub(super) mod actions;
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
    log_streams::OPERATIONS,
    logs::OPERATIONS,
    resource_servers::OPERATIONS,
    roles::OPERATIONS,
    users::OPERATIONS,
];
