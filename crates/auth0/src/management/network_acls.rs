//! Lists of who may not reach the tenant: an emergency lever, because there are few of them.

use super::{Endpoint, NetworkAclId, Nothing, Operation, Page, Paging, Request};
use crate::{Dictionary, Json};

model! {
    /// A list.
    NetworkAcl {
        required {
            /// The id.
            id: NetworkAclId,
        }
        maybe {
            /// What it is for.
            description: String,
            /// Whether it acts.
            active: bool,
            /// Its place among the lists.
            priority: Json,
            /// Whom it matches, and what becomes of them.
            rule: Dictionary,
        }
    }
}
item!(NetworkAcl, "network_acls", id);

static LIST: Endpoint<Page<NetworkAcl>, 0> = Endpoint::get("network_acls.list", "/network-acls")
    .scopes(&["read:network_acls"])
    .query(&["page", "per_page", "include_totals"])
    .paging(Paging::Offset);
static GET: Endpoint<NetworkAcl, 1> =
    Endpoint::get("network_acls.get", "/network-acls/{id}").scopes(&["read:network_acls"]);
static CREATE: Endpoint<Option<Dictionary>, 0> = Endpoint::post("network_acls.create", "/network-acls")
    .scopes(&["create:network_acls"])
    .required(&["description", "active", "rule"]);
static UPDATE: Endpoint<Option<Dictionary>, 1> =
    Endpoint::patch("network_acls.update", "/network-acls/{id}").scopes(&["update:network_acls"]);
static DELETE: Endpoint<Nothing, 1> =
    Endpoint::delete("network_acls.delete", "/network-acls/{id}").scopes(&["delete:network_acls"]);

pub(super) static OPERATIONS: &[&Operation] =
    &[&LIST.operation, &GET.operation, &CREATE.operation, &UPDATE.operation, &DELETE.operation];

/// Lists the lists.
#[must_use]
pub fn list() -> Request<Page<NetworkAcl>> {
    Request::new(&LIST, [])
}

/// Reads a list.
#[must_use]
pub fn get(id: &NetworkAclId) -> Request<NetworkAcl> {
    Request::new(&GET, [id.as_str()])
}

/// Creates a list. The answer may say nothing of it: read it to be sure.
#[must_use]
pub fn create(fields: Dictionary) -> Request<Option<Dictionary>> {
    Request::new(&CREATE, []).fields(fields)
}

/// Sets fields of a list. The answer may say nothing of it: read it to be sure.
#[must_use]
pub fn update(id: &NetworkAclId, fields: Dictionary) -> Request<Option<Dictionary>> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes a list.
#[must_use]
pub fn delete(id: &NetworkAclId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}
