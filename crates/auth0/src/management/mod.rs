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

mod group;
pub mod guardian;
mod id;
mod operation;
pub mod organizations;
mod page;
mod path;
mod request;
pub mod roles;
pub mod users;

pub use group::LimitGroup;
pub use id::*;
pub use operation::{Endpoint, Method, Operation, Paging};
pub use page::{Item, Nothing, Page};
pub use request::{AnyRequest, Request};

/// Every operation, a slice a resource.
pub static OPERATIONS: &[&[&Operation]] =
    &[guardian::OPERATIONS, organizations::OPERATIONS, roles::OPERATIONS, users::OPERATIONS];

/// Every operation.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().copied().flatten().copied()
}

/// The operation of that name.
#[must_use]
pub fn operation_named(name: &str) -> Option<&'static Operation> {
    operations().find(|operation| operation.name == name)
}
