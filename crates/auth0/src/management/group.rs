//! The limits that operations count against.

/// A group of operations that share a limit (Auth0 docs, "Management API Endpoint Rate Limits"); which plans limit
/// a group apart from all others differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LimitGroup {
    /// All that has no limit of its own.
    Other,
    /// Reads of users.
    UsersRead,
    /// Writes of users; Actions' own metadata writes count here too.
    UsersWrite,
    /// The organizations of one user.
    UserOrganizations,
    /// Lists of organizations.
    OrganizationsRead,
    /// One organization, by id or name.
    OrganizationRead,
    /// Writes of organizations.
    OrganizationsWrite,
    /// Lists of an organization's members.
    MembersRead,
    /// Adding and removing members.
    MembersWrite,
    /// The roles of members.
    MemberRoles,
    /// An organization's invitations.
    Invitations,
    /// Reads of an organization's connections.
    OrganizationConnectionsRead,
    /// Writes of an organization's connections.
    OrganizationConnectionsWrite,
    /// Reads of an organization's client grants.
    OrganizationGrantsRead,
    /// Writes of an organization's client grants.
    OrganizationGrantsWrite,
    /// Reads of logs.
    LogsRead,
    /// Applications.
    Clients,
    /// Connections.
    Connections,
}

impl LimitGroup {
    /// Every group.
    pub const ALL: [Self; 18] = [
        Self::Other,
        Self::UsersRead,
        Self::UsersWrite,
        Self::UserOrganizations,
        Self::OrganizationsRead,
        Self::OrganizationRead,
        Self::OrganizationsWrite,
        Self::MembersRead,
        Self::MembersWrite,
        Self::MemberRoles,
        Self::Invitations,
        Self::OrganizationConnectionsRead,
        Self::OrganizationConnectionsWrite,
        Self::OrganizationGrantsRead,
        Self::OrganizationGrantsWrite,
        Self::LogsRead,
        Self::Clients,
        Self::Connections,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::UsersRead => "users_read",
            Self::UsersWrite => "users_write",
            Self::UserOrganizations => "user_organizations",
            Self::OrganizationsRead => "organizations_read",
            Self::OrganizationRead => "organization_read",
            Self::OrganizationsWrite => "organizations_write",
            Self::MembersRead => "members_read",
            Self::MembersWrite => "members_write",
            Self::MemberRoles => "member_roles",
            Self::Invitations => "invitations",
            Self::OrganizationConnectionsRead => "organization_connections_read",
            Self::OrganizationConnectionsWrite => "organization_connections_write",
            Self::OrganizationGrantsRead => "organization_grants_read",
            Self::OrganizationGrantsWrite => "organization_grants_write",
            Self::LogsRead => "logs_read",
            Self::Clients => "clients",
            Self::Connections => "connections",
        }
    }
}
