//! Members of organizations, and their roles there.

use countersign_core::OrganizationId;
use serde_json::json;

use super::{Endpoint, LimitGroup, Nothing, Operation, Page, Paging, Request, RoleId, UserId, roles::Role};

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
            /// The roles in the organization, where they were asked for.
            roles: Vec<MemberRole>,
        }
    }
}
model! {
    /// A role, as it stands in a list of members.
    MemberRole {
        maybe {
            /// The id.
            id: RoleId,
            /// The name.
            name: String,
        }
    }
}
item!(Member, "members", user_id);

static LIST: Endpoint<Page<Member>, 1> = Endpoint::get("members.list", "/organizations/{id}/members")
    .scopes(&["read:organization_members"])
    .group(LimitGroup::MembersRead)
    .query(&["from", "take", "fields", "include_fields"])
    .paging(Paging::Checkpoint);
static ADD: Endpoint<Nothing, 1> = Endpoint::post("members.add", "/organizations/{id}/members")
    .scopes(&["create:organization_members"])
    .group(LimitGroup::MembersWrite)
    .required(&["members"])
    .repeatable();
static REMOVE: Endpoint<Nothing, 1> = Endpoint::delete("members.remove", "/organizations/{id}/members")
    .scopes(&["delete:organization_members"])
    .group(LimitGroup::MembersWrite)
    .required(&["members"]);
static ROLES: Endpoint<Page<Role>, 2> =
    Endpoint::get("members.roles", "/organizations/{id}/members/{user_id}/roles")
        .scopes(&["read:organization_member_roles"])
        .group(LimitGroup::MemberRoles)
        .query(&["page", "per_page", "include_totals"])
        .paging(Paging::Offset);
static ASSIGN_ROLES: Endpoint<Nothing, 2> =
    Endpoint::post("members.assign_roles", "/organizations/{id}/members/{user_id}/roles")
        .scopes(&["create:organization_member_roles"])
        .group(LimitGroup::MemberRoles)
        .required(&["roles"])
        .repeatable();
static REMOVE_ROLES: Endpoint<Nothing, 2> =
    Endpoint::delete("members.remove_roles", "/organizations/{id}/members/{user_id}/roles")
        .scopes(&["delete:organization_member_roles"])
        .group(LimitGroup::MemberRoles)
        .required(&["roles"]);

pub(super) static OPERATIONS: &[&Operation] = &[
    &LIST.operation,
    &ADD.operation,
    &REMOVE.operation,
    &ROLES.operation,
    &ASSIGN_ROLES.operation,
    &REMOVE_ROLES.operation,
];

/// Lists members, without their roles.
#[must_use]
pub fn list(organization: &OrganizationId) -> Request<Page<Member>> {
    Request::new(&LIST, [organization.as_str()])
}

/// Makes users members.
#[must_use]
pub fn add(organization: &OrganizationId, users: &[UserId]) -> Request<Nothing> {
    Request::new(&ADD, [organization.as_str()]).json(json!({ "members": users }))
}

/// Ends memberships.
#[must_use]
pub fn remove(organization: &OrganizationId, users: &[UserId]) -> Request<Nothing> {
    Request::new(&REMOVE, [organization.as_str()]).json(json!({ "members": users }))
}

/// Lists a member's roles.
#[must_use]
pub fn roles(organization: &OrganizationId, user: &UserId) -> Request<Page<Role>> {
    Request::new(&ROLES, [organization.as_str(), user.as_str()])
}

/// Gives a member roles.
#[must_use]
pub fn assign_roles(organization: &OrganizationId, user: &UserId, roles: &[RoleId]) -> Request<Nothing> {
    Request::new(&ASSIGN_ROLES, [organization.as_str(), user.as_str()]).json(json!({ "roles": roles }))
}

/// Takes roles from a member.
#[must_use]
pub fn remove_roles(organization: &OrganizationId, user: &UserId, roles: &[RoleId]) -> Request<Nothing> {
    Request::new(&REMOVE_ROLES, [organization.as_str(), user.as_str()]).json(json!({ "roles": roles }))
}
