//! All that can be wanted.

use serde::{Deserialize, Serialize};

use super::{
    AddDomain, AddNetworks, EnableConnection, Factor, FillGroup, Invite, Members, Message, NewOrganization,
    OneClient, OneUser, Roles, SetBranding, SetMetadata, SetPromptText, WebhookCall, draft::Draft,
    metadata::Which, wants::Wants,
};

/// A change that can be wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Keeps a user from signing in.
    BlockUser(OneUser),
    /// Lets a user sign in again.
    UnblockUser(OneUser),
    /// Ends a user's sessions.
    RevokeSessions(OneUser),
    /// Ends a user's refresh tokens.
    RevokeRefreshTokens(OneUser),
    /// Ends a user's sessions and refresh tokens.
    RevokeAccess(OneUser),
    /// Makes a user of a database set a new password.
    ForcePasswordReset(OneUser),
    /// Removes all of a user's factors.
    ResetMfa(OneUser),
    /// Removes one of a user's factors.
    RemoveFactor(Factor),
    /// Makes users members of an organization.
    AddMembers(Members),
    /// Ends memberships of an organization.
    RemoveMembers(Members),
    /// Gives a user roles, at the tenant or in an organization.
    AssignRoles(Roles),
    /// Takes roles from a user, at the tenant or in an organization.
    RemoveRoles(Roles),
    /// Makes an organization.
    CreateOrganization(NewOrganization),
    /// Gives an organization a connection.
    EnableConnection(EnableConnection),
    /// Invites somebody to an organization.
    Invite(Invite),
    /// Gives an organization a domain by which it is found.
    AddDiscoveryDomain(AddDomain),
    /// Sets what applications know of a user.
    SetAppMetadata(SetMetadata),
    /// Sets what a user may see and change.
    SetUserMetadata(SetMetadata),
    /// Sets an organization's logo and colors.
    SetOrganizationBranding(SetBranding),
    /// Sets texts of a page at which people sign in.
    SetPromptText(SetPromptText),
    /// Keeps networks out.
    AddNetworkBlock(AddNetworks),
    /// Gives an application a new secret.
    RotateClientSecret(OneClient),
    /// Tells a configured receiver.
    Notify(Message),
    /// Calls a configured webhook.
    CallWebhook(WebhookCall),
    /// Puts users into a group, which no plan can do: it is told what can be done in its place.
    FillGroup(FillGroup),
}

impl Change {
    /// Collects what has to be read to plan it.
    pub(super) fn reads(&self, wants: &mut Wants) {
        match self {
            Self::BlockUser(of) | Self::UnblockUser(of) | Self::ForcePasswordReset(of) => {
                of.reads_block(wants);
            }
            Self::RevokeSessions(of) | Self::RevokeRefreshTokens(of) | Self::RevokeAccess(of) => {
                of.reads_revoke(wants);
            }
            Self::ResetMfa(of) => of.reads_methods(wants),
            Self::RemoveFactor(of) => of.reads(wants),
            Self::AddMembers(of) => of.reads(wants, false),
            Self::RemoveMembers(of) => of.reads(wants, true),
            Self::AssignRoles(of) | Self::RemoveRoles(of) => of.reads(wants),
            Self::CreateOrganization(of) => of.reads(wants),
            Self::EnableConnection(of) => of.reads(wants),
            Self::Invite(of) => of.reads(wants),
            Self::AddDiscoveryDomain(of) => of.reads(wants),
            Self::SetAppMetadata(of) | Self::SetUserMetadata(of) => of.reads(wants),
            Self::SetOrganizationBranding(of) => of.reads(wants),
            Self::SetPromptText(of) => of.reads(wants),
            Self::AddNetworkBlock(of) => of.reads(wants),
            Self::RotateClientSecret(of) => of.reads(wants),
            Self::Notify(_) | Self::CallWebhook(_) | Self::FillGroup(_) => {}
        }
    }

    /// Adds its steps, or tells what is wrong with it.
    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        match self {
            Self::BlockUser(of) => of.plan_block(draft, true),
            Self::UnblockUser(of) => of.plan_block(draft, false),
            Self::RevokeSessions(of) => of.plan_revoke_sessions(draft),
            Self::RevokeRefreshTokens(of) => of.plan_revoke_refresh_tokens(draft),
            Self::RevokeAccess(of) => of.plan_revoke_access(draft),
            Self::ForcePasswordReset(of) => of.plan_password_reset(draft),
            Self::ResetMfa(of) => of.plan_reset_mfa(draft),
            Self::RemoveFactor(of) => of.plan(draft),
            Self::AddMembers(of) => of.plan_add(draft),
            Self::RemoveMembers(of) => of.plan_remove(draft),
            Self::AssignRoles(of) => of.plan(draft, true),
            Self::RemoveRoles(of) => of.plan(draft, false),
            Self::CreateOrganization(of) => of.plan(draft),
            Self::EnableConnection(of) => of.plan(draft),
            Self::Invite(of) => of.plan(draft),
            Self::AddDiscoveryDomain(of) => of.plan(draft),
            Self::SetAppMetadata(of) => of.plan(draft, Which::App),
            Self::SetUserMetadata(of) => of.plan(draft, Which::User),
            Self::SetOrganizationBranding(of) => of.plan(draft),
            Self::SetPromptText(of) => of.plan(draft),
            Self::AddNetworkBlock(of) => of.plan(draft),
            Self::RotateClientSecret(of) => of.plan_rotate(draft),
            Self::Notify(of) => of.plan(draft),
            Self::CallWebhook(of) => of.plan(draft),
            Self::FillGroup(_) => FillGroup::plan(draft),
        }
    }

    /// The user whose access it is about, and its place among such changes of the same user: what lifts a block comes before
    /// the block, and what ends sessions after it, so that nobody signs in between.
    pub(super) fn access(&self) -> Option<(&str, u8)> {
        let (of, place) = match self {
            Self::UnblockUser(of) => (of, 0),
            Self::ForcePasswordReset(of) => (of, 1),
            Self::BlockUser(of) => (of, 2),
            Self::RevokeSessions(of) | Self::RevokeRefreshTokens(of) | Self::RevokeAccess(of) => (of, 3),
            _ => return None,
        };
        Some((of.user.as_str(), place))
    }
}
