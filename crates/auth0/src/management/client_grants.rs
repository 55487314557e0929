//! What applications may do at APIs.

use countersign_core::ClientId;

use super::{Endpoint, GrantId, Nothing, Operation, Page, Paging, Request};
use crate::Dictionary;

model! {
    /// A client grant.
    ClientGrant {
        required {
            /// The id.
            id: GrantId,
        }
        maybe {
            /// The application.
            client_id: ClientId,
            /// The API's identifier.
            audience: String,
            /// What it may do there.
            scope: Vec<String>,
        }
    }
}
item!(ClientGrant, "client_grants", id);

static LIST: Endpoint<Page<ClientGrant>, 0> = Endpoint::get("client_grants.list", "/client-grants")
    .scopes(&["read:client_grants"])
    .query(&["from", "take", "client_id", "audience"])
    .paging(Paging::Checkpoint);
static GET: Endpoint<ClientGrant, 1> =
    Endpoint::get("client_grants.get", "/client-grants/{id}").scopes(&["read:client_grants"]);
static CREATE: Endpoint<ClientGrant, 0> = Endpoint::post("client_grants.create", "/client-grants")
    .scopes(&["create:client_grants"])
    .required(&["audience"]);
static UPDATE: Endpoint<ClientGrant, 1> =
    Endpoint::patch("client_grants.update", "/client-grants/{id}").scopes(&["update:client_grants"]);
static DELETE: Endpoint<Nothing, 1> =
    Endpoint::delete("client_grants.delete", "/client-grants/{id}").scopes(&["delete:client_grants"]);

pub(super) static OPERATIONS: &[&Operation] =
    &[&LIST.operation, &GET.operation, &CREATE.operation, &UPDATE.operation, &DELETE.operation];

/// Lists client grants.
#[must_use]
pub fn list() -> Request<Page<ClientGrant>> {
    Request::new(&LIST, [])
}

/// Reads a client grant.
#[must_use]
pub fn get(id: &GrantId) -> Request<ClientGrant> {
    Request::new(&GET, [id.as_str()])
}

/// Creates a client grant.
#[must_use]
pub fn create(fields: Dictionary) -> Request<ClientGrant> {
    Request::new(&CREATE, []).fields(fields)
}

/// Sets fields of a client grant.
#[must_use]
pub fn update(id: &GrantId, fields: Dictionary) -> Request<ClientGrant> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes a client grant.
#[must_use]
pub fn delete(id: &GrantId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}
