//! Roles.

use super::{Endpoint, Operation, Page, Paging, Request, RoleId};
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
    .query(&["page", "per_page", "include_totals"])
    .paging(Paging::Offset);
static CREATE: Endpoint<Role, 0> =
    Endpoint::post("roles.create", "/roles").scopes(&["create:roles"]).required(&["name"]);

pub(super) static OPERATIONS: &[&Operation] = &[&LIST.operation, &CREATE.operation];

/// Lists roles.
#[must_use]
pub fn list() -> Request<Page<Role>> {
    Request::new(&LIST, [])
}

/// Creates a role.
#[must_use]
pub fn create(role: Dictionary) -> Request<Role> {
    Request::new(&CREATE, []).fields(role)
}
