//! What each plan allows (Auth0 docs, "Rate Limit Configurations", as gathered in May 2026; a tenant's own figures correct them).

use std::{fmt, str::FromStr, time::Duration};

use countersign_auth0::management::LimitGroup;

use super::bucket::Limit;

/// A plan, by what the Management API allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Free.
    Free,
    /// B2B Essentials.
    Essentials,
    /// B2B Professional.
    Professional,
    /// Enterprise, production.
    Enterprise,
    /// Enterprise, any other environment.
    EnterpriseDevelopment,
    /// A private cloud of 100 requests a second.
    PrivateCloud,
    /// No limit of ours: for a tenant on this machine.
    Unlimited,
}

/// No plan has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a plan is one of `free`, `essentials`, `professional`, `enterprise`, `enterprise_development`, `private_cloud`, `unlimited`"
)]
pub struct UnknownPlan;

impl Plan {
    const ALL: [Self; 7] = [
        Self::Free,
        Self::Essentials,
        Self::Professional,
        Self::Enterprise,
        Self::EnterpriseDevelopment,
        Self::PrivateCloud,
        Self::Unlimited,
    ];

    /// The word in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Essentials => "essentials",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
            Self::EnterpriseDevelopment => "enterprise_development",
            Self::PrivateCloud => "private_cloud",
            Self::Unlimited => "unlimited",
        }
    }

    /// The limit of what counts against no group of its own, or against all together.
    pub(super) const fn shared(self) -> Limit {
        match self {
            Self::Free => Limit { burst: 2, interval: Duration::from_millis(500) },
            Self::Essentials | Self::Professional => Limit::per_minute(10, 150),
            Self::Enterprise => Limit { burst: 50, interval: Duration::from_nanos(62_500_000) },
            Self::EnterpriseDevelopment => Limit { burst: 10, interval: Duration::from_millis(500) },
            Self::PrivateCloud => Limit { burst: 50, interval: Duration::from_millis(20) },
            Self::Unlimited => Limit::NONE,
        }
    }

    /// Whether a request of a group with a limit of its own counts against the shared one as well.
    pub(super) const fn counts_twice(self) -> bool {
        !matches!(self, Self::Essentials | Self::Professional)
    }

    /// The limit of a group of its own, where the plan has one.
    pub(super) const fn own(self, group: LimitGroup) -> Option<Limit> {
        match self {
            Self::Essentials | Self::Professional => self_service(group),
            Self::Enterprise => enterprise(group),
            Self::Free | Self::EnterpriseDevelopment | Self::PrivateCloud | Self::Unlimited => None,
        }
    }
}

const fn self_service(group: LimitGroup) -> Option<Limit> {
    Some(match group {
        LimitGroup::UsersRead | LimitGroup::MembersRead => Limit::per_minute(40, 500),
        LimitGroup::UsersWrite
        | LimitGroup::OrganizationRead
        | LimitGroup::MembersWrite
        | LimitGroup::MemberRoles => Limit::per_minute(20, 200),
        LimitGroup::OrganizationsRead | LimitGroup::OrganizationConnectionsRead | LimitGroup::Connections => {
            Limit::per_minute(5, 50)
        }
        LimitGroup::OrganizationsWrite | LimitGroup::OrganizationConnectionsWrite => Limit::per_minute(5, 25),
        LimitGroup::LogsRead | LimitGroup::OrganizationGrantsRead => Limit::per_minute(10, 100),
        LimitGroup::OrganizationGrantsWrite => Limit::per_minute(5, 150),
        LimitGroup::Clients => Limit::per_minute(5, 100),
        LimitGroup::Other | LimitGroup::UserOrganizations | LimitGroup::Invitations => return None,
    })
}

const fn enterprise(group: LimitGroup) -> Option<Limit> {
    Some(match group {
        LimitGroup::UserOrganizations | LimitGroup::MembersRead => Limit::per_minute(40, 500),
        LimitGroup::MembersWrite | LimitGroup::Invitations => Limit::per_minute(20, 200),
        LimitGroup::OrganizationsRead | LimitGroup::OrganizationConnectionsRead => Limit::per_minute(10, 100),
        LimitGroup::OrganizationsWrite | LimitGroup::OrganizationConnectionsWrite => {
            Limit::per_minute(5, 150)
        }
        LimitGroup::Other
        | LimitGroup::UsersRead
        | LimitGroup::UsersWrite
        | LimitGroup::OrganizationRead
        | LimitGroup::MemberRoles
        | LimitGroup::OrganizationGrantsRead
        | LimitGroup::OrganizationGrantsWrite
        | LimitGroup::LogsRead
        | LimitGroup::Clients
        | LimitGroup::Connections => return None,
    })
}

impl FromStr for Plan {
    type Err = UnknownPlan;

    fn from_str(text: &str) -> Result<Self, UnknownPlan> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == text).ok_or(UnknownPlan)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
