//! What a request does, told by the request alone.

use serde_json::Value;

use super::{Call, Kind};
use crate::{Part, Template};

/// What a call does, told by the call alone; `None`: no plan of ours sends such a one.
#[must_use]
pub fn kind_of(call: &Call) -> Option<Kind> {
    match call {
        Call::Notify { .. } => Some(Kind::Notify),
        Call::Webhook { .. } => Some(Kind::CallWebhook),
        Call::Management(template) => of_template(template),
    }
}

/// All kinds that a call counts as: its own, and those of what its body does beside it. How far it goes by itself is what the strictest of
/// them says.
#[must_use]
pub fn kinds_of(call: &Call) -> Vec<Kind> {
    let Some(kind) = kind_of(call) else { return Vec::new() };
    let body = match call {
        Call::Management(template) => body(template),
        Call::Notify { .. } | Call::Webhook { .. } => Value::Null,
    };
    let mut kinds = vec![kind];
    match kind {
        Kind::Invite if body.get("roles").is_some() => kinds.push(Kind::AssignMemberRoles),
        // Why: whoever signs in through it becomes a member, one after the other.
        Kind::EnableConnection if body.get("assign_membership_on_login") == Some(&Value::Bool(true)) => {
            kinds.push(Kind::AddMembers);
        }
        _ => {}
    }
    kinds
}

/// The first-level keys of a body, with what they are as it may be shown.
pub(super) fn body(template: &Template) -> Value {
    template.body.as_ref().map(Part::shown).unwrap_or_default()
}

fn of_template(template: &Template) -> Option<Kind> {
    Some(match template.operation.as_str() {
        "users.update" => return of_user(&body(template)),
        "organizations.update" => {
            return (keys(&body(template)) == ["branding"]).then_some(Kind::SetOrganizationBranding);
        }
        "network_acls.update" => {
            return (keys(&body(template)) == ["rule"]).then_some(Kind::SetNetworkBlock);
        }
        "sessions.delete_all" => Kind::RevokeSessions,
        "refresh_tokens.delete_all" => Kind::RevokeRefreshTokens,
        "sessions.revoke_access" => Kind::RevokeAccess,
        "tickets.change_password" => Kind::MakeResetTicket,
        "authentication_methods.delete_all" => Kind::ResetMfa,
        "authentication_methods.delete" => Kind::RemoveFactor,
        "members.add" => Kind::AddMembers,
        "members.remove" => Kind::RemoveMembers,
        "members.assign_roles" => Kind::AssignMemberRoles,
        "members.remove_roles" => Kind::RemoveMemberRoles,
        "users.assign_roles" => Kind::AssignRoles,
        "users.remove_roles" => Kind::RemoveRoles,
        "organizations.create" => {
            let known = ["name", "display_name", "metadata", "branding"];
            return has_only(&body(template), &known).then_some(Kind::CreateOrganization);
        }
        "organizations.delete" => Kind::DeleteOrganization,
        "enabled_connections.add" => Kind::EnableConnection,
        "enabled_connections.remove" => Kind::DisableConnection,
        "invitations.create" => {
            let known = [
                "inviter",
                "invitee",
                "client_id",
                "connection_id",
                "roles",
                "ttl_sec",
                "send_invitation_email",
            ];
            return has_only(&body(template), &known).then_some(Kind::Invite);
        }
        "invitations.delete" => Kind::WithdrawInvitation,
        "discovery_domains.create" => Kind::AddDiscoveryDomain,
        "discovery_domains.delete" => Kind::RemoveDiscoveryDomain,
        "prompts.set_custom_text" => Kind::SetPromptText,
        "network_acls.create" => Kind::AddNetworkBlock,
        "network_acls.delete" => Kind::RemoveNetworkBlock,
        "clients.rotate_secret" => Kind::RotateClientSecret,
        _ => return None,
    })
}

fn keys(body: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        body.as_object().into_iter().flat_map(|fields| fields.keys().map(String::as_str)).collect();
    keys.sort_unstable();
    keys
}

/// Whether a body has no key but these: others may enable connections, or set what an account begins with.
fn has_only(body: &Value, known: &[&str]) -> bool {
    keys(body).iter().all(|key| known.contains(key))
}

/// One sensitive change a call: a body that does more than one is no kind at all.
fn of_user(body: &Value) -> Option<Kind> {
    match keys(body).as_slice() {
        ["blocked"] => match body.get("blocked") {
            Some(Value::Bool(true)) => Some(Kind::BlockUser),
            Some(Value::Bool(false)) => Some(Kind::UnblockUser),
            _ => None,
        },
        ["connection", "password"] => Some(Kind::ResetPassword),
        ["app_metadata"] => Some(Kind::SetAppMetadata),
        ["user_metadata"] => Some(Kind::SetUserMetadata),
        _ => None,
    }
}
