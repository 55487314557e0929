//! Users, and what a user has: roles and organizations.

use serde_json::json;

use super::{
    Endpoint, LimitGroup, Nothing, Operation, Page, Paging, Request, RoleId, UserId,
    organizations::Organization, roles::Role,
};
use crate::Dictionary;

model! {
    /// A user.
    User {
        required {
            /// The id.
            user_id: UserId,
        }
        maybe {
            /// The e-mail address.
            email: String,
            /// Whether the e-mail address was verified.
            email_verified: bool,
            /// Whether an administrator blocked the user.
            blocked: bool,
            /// The full name.
            name: String,
            /// Metadata that applications may not show to the user.
            app_metadata: Dictionary,
            /// Metadata that the user may see and change.
            user_metadata: Dictionary,
            /// The accounts behind the profile.
            identities: Vec<Identity>,
            /// When the account was made; JSON on purpose, because the API also documents an object.
            created_at: crate::Json,
            /// When the user last logged in.
            last_login: crate::Json,
            /// How often the user logged in.
            logins_count: u64,
            /// When the profile last changed; JSON on purpose, because the API also documents an object.
            updated_at: crate::Json,
        }
    }
}
item!(User, "users", user_id);

model! {
    /// An account behind a profile.
    Identity {
        maybe {
            /// The connection's name.
            connection: String,
            /// The provider.
            provider: String,
            /// The user's id at the provider; JSON on purpose, because some providers count in numbers.
            user_id: crate::Json,
        }
    }
}

static GET: Endpoint<User, 1> = Endpoint::get("users.get", "/users/{id}")
    .scopes(&["read:users", "read:current_user", "read:user_idp_tokens"])
    .group(LimitGroup::UsersRead);
static LIST: Endpoint<Page<User>, 0> = Endpoint::get("users.list", "/users")
    .scopes(&["read:users", "read:user_idp_tokens"])
    .group(LimitGroup::UsersRead)
    .query(&["q", "search_engine", "sort", "page", "per_page", "include_totals"])
    .paging(Paging::Offset);
static BY_EMAIL: Endpoint<Vec<User>, 0> = Endpoint::get("users.by_email", "/users-by-email")
    .scopes(&["read:users"])
    .group(LimitGroup::UsersRead)
    .query(&["email"]);
static CREATE: Endpoint<User, 0> = Endpoint::post("users.create", "/users")
    .scopes(&["create:users"])
    .group(LimitGroup::UsersWrite)
    .required(&["connection"]);
static UPDATE: Endpoint<User, 1> = Endpoint::patch("users.update", "/users/{id}")
    .scopes(&["update:users", "update:users_app_metadata", "update:current_user_metadata"])
    .group(LimitGroup::UsersWrite);
static DELETE: Endpoint<Nothing, 1> = Endpoint::delete("users.delete", "/users/{id}")
    .scopes(&["delete:users", "delete:current_user"])
    .group(LimitGroup::UsersWrite);
static ROLES: Endpoint<Page<Role>, 1> = Endpoint::get("users.roles", "/users/{id}/roles")
    .scopes(&["read:users", "read:roles", "read:role_members"])
    .group(LimitGroup::UsersRead)
    .query(&["page", "per_page", "include_totals"])
    .paging(Paging::Offset);
static ASSIGN_ROLES: Endpoint<Nothing, 1> = Endpoint::post("users.assign_roles", "/users/{id}/roles")
    .scopes(&["update:users", "create:role_members"])
    .group(LimitGroup::UsersWrite)
    .required(&["roles"])
    .repeatable();
static REMOVE_ROLES: Endpoint<Nothing, 1> = Endpoint::delete("users.remove_roles", "/users/{id}/roles")
    .scopes(&["update:users", "delete:role_members"])
    .group(LimitGroup::UsersWrite)
    .required(&["roles"]);
static ORGANIZATIONS: Endpoint<Page<Organization>, 1> =
    Endpoint::get("users.organizations", "/users/{id}/organizations")
        .scopes(&["read:organizations"])
        .group(LimitGroup::UserOrganizations)
        .query(&["page", "per_page", "include_totals"])
        .paging(Paging::Offset);

pub(super) static OPERATIONS: &[&Operation] = &[
    &GET.operation,
    &LIST.operation,
    &BY_EMAIL.operation,
    &CREATE.operation,
    &UPDATE.operation,
    &DELETE.operation,
    &ROLES.operation,
    &ASSIGN_ROLES.operation,
    &REMOVE_ROLES.operation,
    &ORGANIZATIONS.operation,
];

/// Reads a user.
#[must_use]
pub fn get(id: &UserId) -> Request<User> {
    Request::new(&GET, [id.as_str()])
}

/// Lists users, in no promised order; at most 1,000.
#[must_use]
pub fn list() -> Request<Page<User>> {
    Request::new(&LIST, [])
}

/// Lists the users that a query in Lucene's syntax finds, the eldest first; at most 1,000, and not the newest.
#[must_use]
pub fn search(q: &str) -> Request<Page<User>> {
    list().with("q", q).with("search_engine", "v3").with("sort", "created_at:1")
}

/// Lists the users of that address, in every connection.
#[must_use]
pub fn by_email(email: &str) -> Request<Vec<User>> {
    Request::new(&BY_EMAIL, []).with("email", email)
}

/// Creates a user.
#[must_use]
pub fn create(user: Dictionary) -> Request<User> {
    Request::new(&CREATE, []).fields(user)
}

/// Sets fields of a user; metadata is merged at its first level, where null removes a key.
#[must_use]
pub fn update(id: &UserId, fields: Dictionary) -> Request<User> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Blocks a user, or lifts an administrator's block; sessions go on.
#[must_use]
pub fn block(id: &UserId, is_blocked: bool) -> Request<User> {
    Request::new(&UPDATE, [id.as_str()]).json(json!({ "blocked": is_blocked }))
}

/// Deletes a user for good.
#[must_use]
pub fn delete(id: &UserId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}

/// Lists a user's roles.
#[must_use]
pub fn roles(id: &UserId) -> Request<Page<Role>> {
    Request::new(&ROLES, [id.as_str()])
}

/// Gives a user roles.
#[must_use]
pub fn assign_roles(id: &UserId, roles: &[RoleId]) -> Request<Nothing> {
    Request::new(&ASSIGN_ROLES, [id.as_str()]).json(json!({ "roles": roles }))
}

/// Takes roles from a user.
#[must_use]
pub fn remove_roles(id: &UserId, roles: &[RoleId]) -> Request<Nothing> {
    Request::new(&REMOVE_ROLES, [id.as_str()]).json(json!({ "roles": roles }))
}

/// Lists the organizations that a user is a member of.
#[must_use]
pub fn organizations(id: &UserId) -> Request<Page<Organization>> {
    Request::new(&ORGANIZATIONS, [id.as_str()])
}
