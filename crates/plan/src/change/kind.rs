//! What kinds of steps there are: what settings are given for, and what caps count.

words!(
    /// What a step does.
    Kind {
        /// Keeps a user from signing in.
        BlockUser = "block_user",
        /// Lets a user sign in again.
        UnblockUser = "unblock_user",
        /// Ends a user's sessions.
        RevokeSessions = "revoke_sessions",
        /// Ends a user's refresh tokens.
        RevokeRefreshTokens = "revoke_refresh_tokens",
        /// Ends a user's sessions and refresh tokens.
        RevokeAccess = "revoke_access",
        /// Sets a password that nobody learns.
        ResetPassword = "reset_password",
        /// Makes an address at which a user sets a password.
        MakeResetTicket = "make_reset_ticket",
        /// Removes all of a user's authentication methods.
        ResetMfa = "reset_mfa",
        /// Removes one of a user's authentication methods.
        RemoveFactor = "remove_factor",
        /// Makes users members of an organization.
        AddMembers = "add_members",
        /// Ends memberships of an organization.
        RemoveMembers = "remove_members",
        /// Gives a user roles at the tenant.
        AssignRoles = "assign_roles",
        /// Takes roles at the tenant from a user.
        RemoveRoles = "remove_roles",
        /// Gives a member roles in an organization.
        AssignMemberRoles = "assign_member_roles",
        /// Takes roles in an organization from a member.
        RemoveMemberRoles = "remove_member_roles",
        /// Makes an organization.
        CreateOrganization = "create_organization",
        /// Deletes an organization that a plan made.
        DeleteOrganization = "delete_organization",
        /// Gives an organization a connection.
        EnableConnection = "enable_connection",
        /// Takes a connection from an organization.
        DisableConnection = "disable_connection",
        /// Invites somebody to an organization.
        Invite = "invite",
        /// Takes an invitation back.
        WithdrawInvitation = "withdraw_invitation",
        /// Gives an organization a domain by which it is found.
        AddDiscoveryDomain = "add_discovery_domain",
        /// Takes such a domain from an organization.
        RemoveDiscoveryDomain = "remove_discovery_domain",
        /// Sets what applications know of a user.
        SetAppMetadata = "set_app_metadata",
        /// Sets what a user may see and change.
        SetUserMetadata = "set_user_metadata",
        /// Sets an organization's logo and colors.
        SetOrganizationBranding = "set_organization_branding",
        /// Sets texts of a page at which people sign in.
        SetPromptText = "set_prompt_text",
        /// Makes a list of networks that are kept out.
        AddNetworkBlock = "add_network_block",
        /// Sets which networks a list keeps out.
        SetNetworkBlock = "set_network_block",
        /// Deletes a list of networks that a plan made.
        RemoveNetworkBlock = "remove_network_block",
        /// Gives an application a new secret.
        RotateClientSecret = "rotate_client_secret",
        /// Tells a configured receiver.
        Notify = "notify",
        /// Calls a configured webhook.
        CallWebhook = "call_webhook",
    }
);

impl Kind {
    /// Whether it keeps somebody out, so that it goes before all other work at the tenant.
    #[must_use]
    pub const fn is_containment(self) -> bool {
        matches!(
            self,
            Self::BlockUser
                | Self::RevokeSessions
                | Self::RevokeRefreshTokens
                | Self::RevokeAccess
                | Self::ResetPassword
                | Self::ResetMfa
                | Self::RemoveFactor
                | Self::AddNetworkBlock
                | Self::SetNetworkBlock
                | Self::RotateClientSecret
        )
    }

    /// Whether a run goes on when nobody knows whether it was done, or when it was refused.
    #[must_use]
    pub const fn is_dispensable(self) -> bool {
        matches!(self, Self::Notify)
    }
}
