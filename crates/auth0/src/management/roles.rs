//! Roles, their permissions and who has them.

use serde_json::json;

use super::{
    Endpoint, Nothing, Operation, Page, Paging, Request, RoleId, UserId, permissions::Permission, users::User,
};
use crate::Dictionary;

model! {
    /// A role.
    Role {
        required {
            /// The id.
            id: RoleId,
        }
        maybe {
            /// The name, unique in the tenant.
            name: String,
            /// What it is for.
            description: String,
        }
    }
}
item!(Role, "roles", id);

static LIST: Endpoint<Page<Role>, 0> = Endpoint::get("roles.list", "/roles")
    .scopes(&["read:roles"])
    .query(&["page", "per_page", "include_totals", "name_filter"])
    .paging(Paging::Offset);
static GET: Endpoint<Role, 1> = Endpoint::get("roles.get", "/roles/{id}").scopes(&["read:roles"]);
static CREATE: Endpoint<Role, 0> =
    Endpoint::post("roles.create", "/roles").scopes(&["create:roles"]).required(&["name"]);
static UPDATE: Endpoint<Role, 1> = Endpoint::patch("roles.update", "/roles/{id}").scopes(&["update:roles"]);
static DELETE: Endpoint<Nothing, 1> =
    Endpoint::delete("roles.delete", "/roles/{id}").scopes(&["delete:roles"]);
static PERMISSIONS: Endpoint<Page<Permission>, 1> =
    Endpoint::get("roles.permissions", "/roles/{id}/permissions")
        .scopes(&["read:roles"])
        .query(&["page", "per_page", "include_totals"])
        .paging(Paging::Offset);
static ADD_PERMISSIONS: Endpoint<Nothing, 1> =
    Endpoint::post("roles.add_permissions", "/roles/{id}/permissions")
        .scopes(&["update:roles"])
        .required(&["permissions"])
        .repeatable();
static REMOVE_PERMISSIONS: Endpoint<Nothing, 1> =
    Endpoint::delete("roles.remove_permissions", "/roles/{id}/permissions")
        .scopes(&["update:roles"])
        .required(&["permissions"]);
static USERS: Endpoint<Page<User>, 1> = Endpoint::get("roles.users", "/roles/{id}/users")
    .scopes(&["read:users", "read:roles", "read:role_members"])
    .query(&["from", "take"])
    .paging(Paging::Checkpoint);
static ASSIGN: Endpoint<Nothing, 1> = Endpoint::post("roles.assign", "/roles/{id}/users")
    .scopes(&["update:roles", "create:role_members"])
    .required(&["users"])
    .repeatable();

pub(super) static OPERATIONS: &[&Operation] = &[
    &LIST.operation,
    &GET.operation,
    &CREATE.operation,
    &UPDATE.operation,
    &DELETE.operation,
    &PERMISSIONS.operation,
    &ADD_PERMISSIONS.operation,
    &REMOVE_PERMISSIONS.operation,
    &USERS.operation,
    &ASSIGN.operation,
];

/// Lists roles.
#[must_use]
pub fn list() -> Request<Page<Role>> {
    Request::new(&LIST, [])
}

/// Reads a role.
#[must_use]
pub fn get(id: &RoleId) -> Request<Role> {
    Request::new(&GET, [id.as_str()])
}

/// Creates a role.
#[must_use]
pub fn create(fields: Dictionary) -> Request<Role> {
    Request::new(&CREATE, []).fields(fields)
}

/// Sets fields of a role.
#[must_use]
pub fn update(id: &RoleId, fields: Dictionary) -> Request<Role> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes a role.
#[must_use]
pub fn delete(id: &RoleId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}

/// Lists what a role permits.
#[must_use]
pub fn permissions(id: &RoleId) -> Request<Page<Permission>> {
    Request::new(&PERMISSIONS, [id.as_str()])
}

/// Lets a role permit more.
#[must_use]
pub fn add_permissions(id: &RoleId, permissions: &[Permission]) -> Request<Nothing> {
    Request::new(&ADD_PERMISSIONS, [id.as_str()]).json(json!({ "permissions": permissions }))
}

/// Takes permissions from a role.
#[must_use]
pub fn remove_permissions(id: &RoleId, permissions: &[Permission]) -> Request<Nothing> {
    Request::new(&REMOVE_PERMISSIONS, [id.as_str()]).json(json!({ "permissions": permissions }))
}

/// Lists the users that have a role.
#[must_use]
pub fn users(id: &RoleId) -> Request<Page<User>> {
    Request::new(&USERS, [id.as_str()])
}

/// Gives a role to users.
#[must_use]
pub fn assign(id: &RoleId, users: &[UserId]) -> Request<Nothing> {
    Request::new(&ASSIGN, [id.as_str()]).json(json!({ "users": users }))
}
