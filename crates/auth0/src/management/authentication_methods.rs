//! What users authenticate with besides a password.

use super::{
    AuthenticationMethodId, Endpoint, LimitGroup, Nothing, Operation, Page, Paging, Request, UserId,
};
use crate::Json;

model! {
    /// An authentication method.
    AuthenticationMethod {
        required {
            /// The id.
            id: AuthenticationMethodId,
        }
        maybe {
            /// Its kind, such as `totp` or `passkey`.
            #[serde(rename = "type")]
            kind: String,
            /// Whether its enrollment was completed.
            confirmed: bool,
            /// What the user calls it.
            name: String,
            /// When it was enrolled.
            created_at: Json,
            /// When it was last used.
            last_auth_at: Json,
        }
    }
}
item!(AuthenticationMethod, "authenticators", id);

static LIST: Endpoint<Page<AuthenticationMethod>, 1> =
    Endpoint::get("authentication_methods.list", "/users/{id}/authentication-methods")
        .scopes(&["read:authentication_methods"])
        .group(LimitGroup::UsersRead)
        .query(&["page", "per_page", "include_totals"])
        .paging(Paging::Offset);
static GET: Endpoint<AuthenticationMethod, 2> = Endpoint::get(
    "authentication_methods.get",
    "/users/{id}/authentication-methods/{authentication_method_id}",
)
.scopes(&["read:authentication_methods"])
.group(LimitGroup::UsersRead);
static DELETE_ALL: Endpoint<Nothing, 1> =
    Endpoint::delete("authentication_methods.delete_all", "/users/{id}/authentication-methods")
        .scopes(&["delete:authentication_methods"])
        .group(LimitGroup::UsersWrite);
static DELETE: Endpoint<Nothing, 2> = Endpoint::delete(
    "authentication_methods.delete",
    "/users/{id}/authentication-methods/{authentication_method_id}",
)
.scopes(&["delete:authentication_methods"])
.group(LimitGroup::UsersWrite);
static DELETE_AUTHENTICATORS: Endpoint<Nothing, 1> =
    Endpoint::delete("authentication_methods.delete_authenticators", "/users/{id}/authenticators")
        .scopes(&["delete:guardian_enrollments"])
        .group(LimitGroup::UsersWrite);

pub(super) static OPERATIONS: &[&Operation] = &[
    &LIST.operation,
    &GET.operation,
    &DELETE_ALL.operation,
    &DELETE.operation,
    &DELETE_AUTHENTICATORS.operation,
];

/// Lists a user's methods.
#[must_use]
pub fn list(user: &UserId) -> Request<Page<AuthenticationMethod>> {
    Request::new(&LIST, [user.as_str()])
}

/// Reads a method.
#[must_use]
pub fn get(user: &UserId, id: &AuthenticationMethodId) -> Request<AuthenticationMethod> {
    Request::new(&GET, [user.as_str(), id.as_str()])
}

/// Removes all of a user's methods.
#[must_use]
pub fn delete_all(user: &UserId) -> Request<Nothing> {
    Request::new(&DELETE_ALL, [user.as_str()])
}

/// Removes a method.
#[must_use]
pub fn delete(user: &UserId, id: &AuthenticationMethodId) -> Request<Nothing> {
    Request::new(&DELETE, [user.as_str(), id.as_str()])
}

/// Removes all that a user enrolled with Guardian.
#[must_use]
pub fn delete_authenticators(user: &UserId) -> Request<Nothing> {
    Request::new(&DELETE_AUTHENTICATORS, [user.as_str()])
}
