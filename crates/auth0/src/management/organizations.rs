//! Organizations.

use countersign_core::OrganizationId;
use serde_json::json;

use super::{Endpoint, LimitGroup, Nothing, Operation, OrganizationName, Page, Paging, Request, UserId};
use crate::Dictionary;

model! {
    /// An organization.
    Organization {
        required {
            /// The id.
            id: OrganizationId,
        }
        maybe {
            /// The name, unique in the tenant.
            name: String,
            /// The name that people read.
            display_name: String,
            /// At most 25 pairs of text.
            metadata: Dictionary,
            /// Logo and colors.
            branding: Dictionary,
        }
    }
}
item!(Organization, "organizations", id);

model! {
    /// A member of an organization.
    Member {
        required {
            /// The user's id.
            user_id: UserId,
        }
        maybe {
            /// The e-mail address.
            email: String,
            /// The full name.
            name: String,
        }
    }
}
item!(Member, "members", user_id);

static GET: Endpoint<Organization, 1> = Endpoint::get("organizations.get", "/organizations/{id}")
    .scopes(&["read:organizations", "read:organizations_summary"])
    .group(LimitGroup::OrganizationRead);
static BY_NAME: Endpoint<Organization, 1> =
    Endpoint::get("organizations.by_name", "/organizations/name/{name}")
        .scopes(&["read:organizations"])
        .group(LimitGroup::OrganizationRead);
static LIST: Endpoint<Page<Organization>, 0> = Endpoint::get("organizations.list", "/organizations")
    .scopes(&["read:organizations", "read:organizations_summary"])
    .group(LimitGroup::OrganizationsRead)
    .query(&["from", "take"])
    .paging(Paging::Checkpoint);
static CREATE: Endpoint<Organization, 0> = Endpoint::post("organizations.create", "/organizations")
    .scopes(&["create:organizations", "create:organization_connections"])
    .group(LimitGroup::OrganizationsWrite)
    .required(&["name"]);
static UPDATE: Endpoint<Organization, 1> = Endpoint::patch("organizations.update", "/organizations/{id}")
    .scopes(&["update:organizations"])
    .group(LimitGroup::OrganizationsWrite);
static DELETE: Endpoint<Nothing, 1> = Endpoint::delete("organizations.delete", "/organizations/{id}")
    .scopes(&["delete:organizations"])
    .group(LimitGroup::OrganizationsWrite);
static MEMBERS: Endpoint<Page<Member>, 1> =
    Endpoint::get("organizations.members", "/organizations/{id}/members")
        .scopes(&["read:organization_members"])
        .group(LimitGroup::MembersRead)
        .query(&["from", "take"])
        .paging(Paging::Checkpoint);
static ADD_MEMBERS: Endpoint<Nothing, 1> =
    Endpoint::post("organizations.add_members", "/organizations/{id}/members")
        .scopes(&["create:organization_members"])
        .group(LimitGroup::MembersWrite)
        .required(&["members"])
        .repeatable();
static REMOVE_MEMBERS: Endpoint<Nothing, 1> =
    Endpoint::delete("organizations.remove_members", "/organizations/{id}/members")
        .scopes(&["delete:organization_members"])
        .group(LimitGroup::MembersWrite)
        .required(&["members"]);

pub(super) static OPERATIONS: &[&Operation] = &[
    &GET.operation,
    &BY_NAME.operation,
    &LIST.operation,
    &CREATE.operation,
    &UPDATE.operation,
    &DELETE.operation,
    &MEMBERS.operation,
    &ADD_MEMBERS.operation,
    &REMOVE_MEMBERS.operation,
];

/// Reads an organization.
#[must_use]
pub fn get(id: &OrganizationId) -> Request<Organization> {
    Request::new(&GET, [id.as_str()])
}

/// Reads the organization of that name.
#[must_use]
pub fn by_name(name: &OrganizationName) -> Request<Organization> {
    Request::new(&BY_NAME, [name.as_str()])
}

/// Lists organizations.
#[must_use]
pub fn list() -> Request<Page<Organization>> {
    Request::new(&LIST, [])
}

/// Creates an organization.
#[must_use]
pub fn create(organization: Dictionary) -> Request<Organization> {
    Request::new(&CREATE, []).fields(organization)
}

/// Sets fields of an organization; metadata is replaced as given.
#[must_use]
pub fn update(id: &OrganizationId, fields: Dictionary) -> Request<Organization> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes an organization for good.
#[must_use]
pub fn delete(id: &OrganizationId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}

/// Lists members, without their roles.
#[must_use]
pub fn members(id: &OrganizationId) -> Request<Page<Member>> {
    Request::new(&MEMBERS, [id.as_str()])
}

/// Makes users members.
#[must_use]
pub fn add_members(id: &OrganizationId, users: &[UserId]) -> Request<Nothing> {
    Request::new(&ADD_MEMBERS, [id.as_str()]).json(json!({ "members": users }))
}

/// Ends memberships.
#[must_use]
pub fn remove_members(id: &OrganizationId, users: &[UserId]) -> Request<Nothing> {
    Request::new(&REMOVE_MEMBERS, [id.as_str()]).json(json!({ "members": users }))
}
