//! APIs that tokens are given out for.

use super::{Endpoint, Nothing, Operation, Page, Paging, Request, ResourceServerId};
use crate::Dictionary;

model! {
    /// An API.
    ResourceServer {
        required {
            /// The id.
            id: ResourceServerId,
        }
        maybe {
            /// The name.
            name: String,
            /// The audience of its tokens.
            identifier: String,
            /// Whether it is the Management API.
            is_system: bool,
            /// What can be done there.
            scopes: Vec<Dictionary>,
        }
    }
}
item!(ResourceServer, "resource_servers", id);

static LIST: Endpoint<Page<ResourceServer>, 0> = Endpoint::get("resource_servers.list", "/resource-servers")
    .scopes(&["read:resource_servers"])
    .query(&["page", "per_page", "include_totals"])
    .paging(Paging::Offset);
static GET: Endpoint<ResourceServer, 1> =
    Endpoint::get("resource_servers.get", "/resource-servers/{id}").scopes(&["read:resource_servers"]);
static CREATE: Endpoint<ResourceServer, 0> = Endpoint::post("resource_servers.create", "/resource-servers")
    .scopes(&["create:resource_servers"])
    .required(&["identifier"]);
static UPDATE: Endpoint<ResourceServer, 1> =
    Endpoint::patch("resource_servers.update", "/resource-servers/{id}").scopes(&["update:resource_servers"]);
static DELETE: Endpoint<Nothing, 1> = Endpoint::delete("resource_servers.delete", "/resource-servers/{id}")
    .scopes(&["delete:resource_servers"]);

pub(super) static OPERATIONS: &[&Operation] =
    &[&LIST.operation, &GET.operation, &CREATE.operation, &UPDATE.operation, &DELETE.operation];

/// Lists APIs.
#[must_use]
pub fn list() -> Request<Page<ResourceServer>> {
    Request::new(&LIST, [])
}

/// Reads an API, by its id or its identifier.
#[must_use]
pub fn get(id: &ResourceServerId) -> Request<ResourceServer> {
    Request::new(&GET, [id.as_str()])
}

/// Creates an API.
#[must_use]
pub fn create(fields: Dictionary) -> Request<ResourceServer> {
    Request::new(&CREATE, []).fields(fields)
}

/// Sets fields of an API.
#[must_use]
pub fn update(id: &ResourceServerId, fields: Dictionary) -> Request<ResourceServer> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes an API.
#[must_use]
pub fn delete(id: &ResourceServerId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}
