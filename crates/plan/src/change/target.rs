//! What a change is about.

use countersign_auth0::management::{OrganizationName, UserId};
use countersign_core::{ClientId, OrganizationId};
use serde::{Deserialize, Serialize};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Organization {
    /// One that is there.
    Id(OrganizationId),
    /// One that the same order makes, by its name.
    Made(OrganizationName),
}

impl Organization {
    /// Its id, where it is known before anything is done.
    #[must_use]
    pub const fn id(&self) -> Option<&OrganizationId> {
        match self {
            Self::Id(id) => Some(id),
            Self::Made(_) => None,
        }
    }

    /// Its id or its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::Made(name) => name.as_str(),
        }
    }
}

/// Whom a step touches: what caps count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserId>,
    /// Organizations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<Organization>,
    /// Applications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientId>,
    /// Whether everybody at the tenant is touched, as by a list of networks or a page's texts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_everybody: bool,
}

impl Scope {
    /// One user.
    #[must_use]
    pub fn user(user: &UserId) -> Self {
        Self { users: vec![user.clone()], ..Self::default() }
    }

    /// One organization.
    #[must_use]
    pub fn organization(organization: &Organization) -> Self {
        Self { organizations: vec![organization.clone()], ..Self::default() }
    }

    /// Users of an organization.
    #[must_use]
    pub fn members(organization: &Organization, users: &[UserId]) -> Self {
        Self { users: users.to_vec(), ..Self::organization(organization) }
    }

    /// Everybody at the tenant.
    #[must_use]
    pub fn everybody() -> Self {
        Self { is_everybody: true, ..Self::default() }
    }
}
