//! The connections of organizations.

use countersign_core::OrganizationId;

use super::{ConnectionId, Endpoint, LimitGroup, Nothing, Operation, Page, Paging, Request};
use crate::Dictionary;

model! {
    /// A connection that an organization has.
    EnabledConnection {
        required {
            /// The connection.
            connection_id: ConnectionId,
        }
        maybe {
            /// Whether who logs in through it becomes a member.
            assign_membership_on_login: bool,
            /// Whether it is offered.
            show_as_button: bool,
            /// Whether users may sign up through it.
            is_signup_enabled: bool,
        }
    }
}
item!(EnabledConnection, "enabled_connections", connection_id);

static LIST: Endpoint<Page<EnabledConnection>, 1> =
    Endpoint::get("enabled_connections.list", "/organizations/{id}/enabled_connections")
        .scopes(&["read:organization_connections"])
        .group(LimitGroup::OrganizationConnectionsRead)
        .query(&["page", "per_page", "include_totals"])
        .paging(Paging::Offset);
static GET: Endpoint<EnabledConnection, 2> =
    Endpoint::get("enabled_connections.get", "/organizations/{id}/enabled_connections/{connectionId}")
        .scopes(&["read:organization_connections"])
        .group(LimitGroup::OrganizationConnectionsRead);
static ADD: Endpoint<EnabledConnection, 1> =
    Endpoint::post("enabled_connections.add", "/organizations/{id}/enabled_connections")
        .scopes(&["create:organization_connections"])
        .group(LimitGroup::OrganizationConnectionsWrite)
        .required(&["connection_id"]);
static UPDATE: Endpoint<EnabledConnection, 2> =
    Endpoint::patch("enabled_connections.update", "/organizations/{id}/enabled_connections/{connectionId}")
        .scopes(&["update:organization_connections"])
        .group(LimitGroup::OrganizationConnectionsWrite);
static REMOVE: Endpoint<Nothing, 2> =
    Endpoint::delete("enabled_connections.remove", "/organizations/{id}/enabled_connections/{connectionId}")
        .scopes(&["delete:organization_connections"])
        .group(LimitGroup::OrganizationConnectionsWrite);

pub(super) static OPERATIONS: &[&Operation] =
    &[&LIST.operation, &GET.operation, &ADD.operation, &UPDATE.operation, &REMOVE.operation];

/// Lists an organization's connections.
#[must_use]
pub fn list(organization: &OrganizationId) -> Request<Page<EnabledConnection>> {
    Request::new(&LIST, [organization.as_str()])
}

/// Reads one of an organization's connections.
#[must_use]
pub fn get(organization: &OrganizationId, id: &ConnectionId) -> Request<EnabledConnection> {
    Request::new(&GET, [organization.as_str(), id.as_str()])
}

/// Gives an organization a connection.
#[must_use]
pub fn add(organization: &OrganizationId, fields: Dictionary) -> Request<EnabledConnection> {
    Request::new(&ADD, [organization.as_str()]).fields(fields)
}

/// Sets how an organization uses a connection.
#[must_use]
pub fn update(
    organization: &OrganizationId,
    id: &ConnectionId,
    fields: Dictionary,
) -> Request<EnabledConnection> {
    Request::new(&UPDATE, [organization.as_str(), id.as_str()]).fields(fields)
}

/// Takes a connection from an organization.
#[must_use]
pub fn remove(organization: &OrganizationId, id: &ConnectionId) -> Request<Nothing> {
    Request::new(&REMOVE, [organization.as_str(), id.as_str()])
}
