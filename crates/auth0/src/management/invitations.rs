//! Invitations to organizations.

use countersign_core::{ClientId, OrganizationId};

use super::{Endpoint, InvitationId, LimitGroup, Nothing, Operation, Page, Paging, Request, RoleId};
use crate::{Dictionary, Json};

model! {
    /// An invitation.
    Invitation {
        required {
            /// The id.
            id: InvitationId,
        }
        maybe {
            /// The application that it leads to.
            client_id: ClientId,
            /// Who is invited.
            invitee: Dictionary,
            /// Until when it is good.
            expires_at: Json,
            /// The roles that come with it.
            roles: Vec<RoleId>,
        }
    }
}
item!(Invitation, "invitations", id);

static LIST: Endpoint<Page<Invitation>, 1> =
    Endpoint::get("invitations.list", "/organizations/{id}/invitations")
        .scopes(&["read:organization_invitations"])
        .group(LimitGroup::Invitations)
        .query(&["page", "per_page", "include_totals"])
        .paging(Paging::Offset);
static GET: Endpoint<Invitation, 2> =
    Endpoint::get("invitations.get", "/organizations/{id}/invitations/{invitation_id}")
        .scopes(&["read:organization_invitations"])
        .group(LimitGroup::Invitations);
static CREATE: Endpoint<Invitation, 1> =
    Endpoint::post("invitations.create", "/organizations/{id}/invitations")
        .scopes(&["create:organization_invitations"])
        .group(LimitGroup::Invitations)
        .required(&["inviter", "invitee", "client_id"]);
static DELETE: Endpoint<Nothing, 2> =
    Endpoint::delete("invitations.delete", "/organizations/{id}/invitations/{invitation_id}")
        .scopes(&["delete:organization_invitations"])
        .group(LimitGroup::Invitations);

pub(super) static OPERATIONS: &[&Operation] =
    &[&LIST.operation, &GET.operation, &CREATE.operation, &DELETE.operation];

/// Lists invitations.
#[must_use]
pub fn list(organization: &OrganizationId) -> Request<Page<Invitation>> {
    Request::new(&LIST, [organization.as_str()])
}

/// Reads an invitation.
#[must_use]
pub fn get(organization: &OrganizationId, id: &InvitationId) -> Request<Invitation> {
    Request::new(&GET, [organization.as_str(), id.as_str()])
}

/// Invites somebody, by mail unless told otherwise.
#[must_use]
pub fn create(organization: &OrganizationId, fields: Dictionary) -> Request<Invitation> {
    Request::new(&CREATE, [organization.as_str()]).fields(fields)
}

/// Takes an invitation back.
#[must_use]
pub fn delete(organization: &OrganizationId, id: &InvitationId) -> Request<Nothing> {
    Request::new(&DELETE, [organization.as_str(), id.as_str()])
}
