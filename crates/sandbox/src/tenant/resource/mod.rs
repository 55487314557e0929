//! The resources of the Management API, a file each.

mod logs;
mod permissions;
mod resource_servers;
mod roles;

use super::Operation;

/// The tables of all resources.
pub(super) const TABLES: &[&[Operation]] =
    &[logs::OPERATIONS, resource_servers::OPERATIONS, roles::OPERATIONS];
