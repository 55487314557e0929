//! Connections.

use countersign_core::ClientId;
use serde_json::json;

use super::{ConnectionId, Endpoint, LimitGroup, Nothing, Operation, Page, Paging, Request};
use crate::Dictionary;

model! {
    /// A connection.
    Connection {
        required {
            /// The id.
            id: ConnectionId,
        }
        maybe {
            /// The name, unique in the tenant.
            name: String,
            /// What it connects to, such as `auth0` or `samlp`.
            strategy: String,
            /// How it is set up; differs by strategy, and may hold secrets.
            options: Dictionary,
        }
    }
}
item!(Connection, "connections", id);

model! {
    /// Whether an application has a connection.
    EnabledClient {
        required {
            /// The application.
            client_id: ClientId,
        }
        maybe {
            /// Whether it has it.
            status: bool,
        }
    }
}
item!(EnabledClient, "clients", client_id);

static LIST: Endpoint<Page<Connection>, 0> = Endpoint::get("connections.list", "/connections")
    .scopes(&["read:connections"])
    .group(LimitGroup::Connections)
    .query(&["from", "take", "strategy", "name"])
    .paging(Paging::Checkpoint);
static GET: Endpoint<Connection, 1> = Endpoint::get("connections.get", "/connections/{id}")
    .scopes(&["read:connections"])
    .group(LimitGroup::Connections);
static CREATE: Endpoint<Connection, 0> = Endpoint::post("connections.create", "/connections")
    .scopes(&["create:connections"])
    .group(LimitGroup::Connections)
    .required(&["name", "strategy"]);
static UPDATE: Endpoint<Connection, 1> = Endpoint::patch("connections.update", "/connections/{id}")
    .scopes(&["update:connections"])
    .group(LimitGroup::Connections);
static DELETE: Endpoint<Nothing, 1> = Endpoint::delete("connections.delete", "/connections/{id}")
    .scopes(&["delete:connections"])
    .group(LimitGroup::Connections);
static CLIENTS: Endpoint<Page<EnabledClient>, 1> =
    Endpoint::get("connections.clients", "/connections/{id}/clients")
        .scopes(&["read:connections"])
        .group(LimitGroup::Connections)
        .query(&["from", "take"])
        .paging(Paging::Checkpoint);
static SET_CLIENTS: Endpoint<Nothing, 1> =
    Endpoint::patch("connections.set_clients", "/connections/{id}/clients")
        .scopes(&["update:connections"])
        .group(LimitGroup::Connections);

pub(super) static OPERATIONS: &[&Operation] = &[
    &LIST.operation,
    &GET.operation,
    &CREATE.operation,
    &UPDATE.operation,
    &DELETE.operation,
    &CLIENTS.operation,
    &SET_CLIENTS.operation,
];

/// Lists connections.
#[must_use]
pub fn list() -> Request<Page<Connection>> {
    Request::new(&LIST, [])
}

/// Reads a connection.
#[must_use]
pub fn get(id: &ConnectionId) -> Request<Connection> {
    Request::new(&GET, [id.as_str()])
}

/// Creates a connection.
#[must_use]
pub fn create(fields: Dictionary) -> Request<Connection> {
    Request::new(&CREATE, []).fields(fields)
}

/// Sets fields of a connection; `options` are replaced whole.
#[must_use]
pub fn update(id: &ConnectionId, fields: Dictionary) -> Request<Connection> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes a connection for good, a database with its users.
#[must_use]
pub fn delete(id: &ConnectionId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}

/// Lists the applications that have a connection.
#[must_use]
pub fn clients(id: &ConnectionId) -> Request<Page<EnabledClient>> {
    Request::new(&CLIENTS, [id.as_str()])
}

/// Says which applications have a connection; the others stay as they are.
#[must_use]
pub fn set_clients(id: &ConnectionId, clients: &[EnabledClient]) -> Request<Nothing> {
    Request::new(&SET_CLIENTS, [id.as_str()]).json(json!(clients))
}
