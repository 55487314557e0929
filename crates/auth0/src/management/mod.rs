//! The Management API: what can be asked of it as values, and what it answers as types.
//!
//! A new resource is a file with its endpoints and plain functions that make requests, and a line in [`OPERATIONS`].
//!
//! ```
//! use countersign_auth0::management::users;
//!
//! let request = users::get(&"auth0|1".parse()?);
//! assert_eq!(request.any().path(), "/users/auth0%7C1");
//! assert_eq!(request.any().operation().scopes[0], "read:users");
//! # Ok::<(), countersign_auth0::management::IdError>(())
//! ```

#[macro_use]
mod model;

pub mod actions;
pub mod attack_protection;
pub mod authentication_methods;
pub mod blocks;
pub mod client_grants;
pub mod clients;
pub mod connections;
pub mod discovery_domains;
pub mod enabled_connections;
pub mod event_streams;
mod group;
pub mod guardian;
pub mod hooks;
mod id;
pub mod invitations;
pub mod jobs;
pub mod log_streams;
pub mod logs;
pub mod members;
pub mod network_acls;
mod operation;
pub mod organizations;
mod page;
mod path;
pub mod permissions;
pub mod prompts;
pub mod refresh_tokens;
mod request;
pub mod resource_servers;
pub mod roles;
pub mod rules;
pub mod sessions;
pub mod tenant;
pub mod tickets;
pub mod users;

pub use group::LimitGroup;
pub use id::*;
pub use operation::{Endpoint, Method, Operation, Paging};
pub use page::{Item, Nothing, Page};
pub use request::{AnyRequest, Request};

/// Every operation, a slice a resource.
pub static OPERATIONS: &[&[&Operation]] = &[
    actions::OPERATIONS,
    attack_protection::OPERATIONS,
    authentication_methods::OPERATIONS,
    blocks::OPERATIONS,
    client_grants::OPERATIONS,
    clients::OPERATIONS,
    connections::OPERATIONS,
    discovery_domains::OPERATIONS,
    enabled_connections::OPERATIONS,
    event_streams::OPERATIONS,
    guardian::OPERATIONS,
    hooks::OPERATIONS,
    invitations::OPERATIONS,
    jobs::OPERATIONS,
    log_streams::OPERATIONS,
    logs::OPERATIONS,
    members::OPERATIONS,
    network_acls::OPERATIONS,
    organizations::OPERATIONS,
    prompts::OPERATIONS,
    refresh_tokens::OPERATIONS,
    resource_servers::OPERATIONS,
    roles::OPERATIONS,
    rules::OPERATIONS,
    sessions::OPERATIONS,
    tenant::OPERATIONS,
    tickets::OPERATIONS,
    users::OPERATIONS,
];

/// Every operation.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().copied().flatten().copied()
}

/// The operation of that name.
#[must_use]
pub fn operation_named(name: &str) -> Option<&'static Operation> {
    operations().find(|operation| operation.name == name)
}
