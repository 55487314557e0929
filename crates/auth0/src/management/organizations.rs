//! Organizations.

use countersign_core::OrganizationId;
use serde_json::json;

use super::{
    Endpoint, GrantId, LimitGroup, Nothing, Operation, OrganizationName, Page, Paging, Request,
    client_grants::ClientGrant,
};
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
static GRANTS: Endpoint<Page<ClientGrant>, 1> =
    Endpoint::get("organizations.grants", "/organizations/{id}/client-grants")
        .scopes(&["read:organization_client_grants"])
        .group(LimitGroup::OrganizationGrantsRead)
        .query(&["page", "per_page", "include_totals"])
        .paging(Paging::Offset);
static ADD_GRANT: Endpoint<Dictionary, 1> =
    Endpoint::post("organizations.add_grant", "/organizations/{id}/client-grants")
        .scopes(&["create:organization_client_grants"])
        .group(LimitGroup::OrganizationGrantsWrite)
        .required(&["grant_id"]);
static REMOVE_GRANT: Endpoint<Nothing, 2> =
    Endpoint::delete("organizations.remove_grant", "/organizations/{id}/client-grants/{grant_id}")
        .scopes(&["delete:organization_client_grants"])
        .group(LimitGroup::OrganizationGrantsWrite);

pub(super) static OPERATIONS: &[&Operation] = &[
    &GET.operation,
    &BY_NAME.operation,
    &LIST.operation,
    &CREATE.operation,
    &UPDATE.operation,
    &DELETE.operation,
    &GRANTS.operation,
    &ADD_GRANT.operation,
    &REMOVE_GRANT.operation,
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
pub fn create(fields: Dictionary) -> Request<Organization> {
    Request::new(&CREATE, []).fields(fields)
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

/// Lists an organization's client grants.
#[must_use]
pub fn grants(id: &OrganizationId) -> Request<Page<ClientGrant>> {
    Request::new(&GRANTS, [id.as_str()])
}

/// Gives an organization a client grant. The answer calls its id `grant_id`.
#[must_use]
pub fn add_grant(id: &OrganizationId, grant: &GrantId) -> Request<Dictionary> {
    Request::new(&ADD_GRANT, [id.as_str()]).json(json!({ "grant_id": grant }))
}

/// Takes a client grant from an organization.
#[must_use]
pub fn remove_grant(id: &OrganizationId, grant: &GrantId) -> Request<Nothing> {
    Request::new(&REMOVE_GRANT, [id.as_str(), grant.as_str()])
}
