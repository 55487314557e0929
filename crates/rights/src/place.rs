//! Where a grant holds, and what a check is about.

use countersign_core::{OrganizationId, TenantId};
use serde::{Deserialize, Serialize};

use crate::Role;

/// The whole installation, one tenant, or one organization of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Everything that this installation guards.
    Installation,
    /// One tenant, with its organizations.
    Tenant(TenantId),
    /// One organization of one tenant.
    Organization(TenantId, OrganizationId),
}

impl Place {
    /// The tenant that it is, or is in; none for the installation.
    #[must_use]
    pub const fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Installation => None,
            Self::Tenant(tenant) | Self::Organization(tenant, _) => Some(tenant),
        }
    }

    /// The organization that it is; none for a tenant and the installation.
    #[must_use]
    pub const fn organization(&self) -> Option<&OrganizationId> {
        match self {
            Self::Organization(_, organization) => Some(organization),
            Self::Installation | Self::Tenant(_) => None,
        }
    }

    /// Whether `other` is this place or lies in it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        match self {
            Self::Installation => true,
            Self::Tenant(tenant) => other.tenant() == Some(tenant),
            Self::Organization(..) => self == other,
        }
    }
}

/// A role that somebody has at a place. As JSON: `{"role", "tenant"?, "organization"?}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where it holds.
    pub at: Place,
}

/// A role at a place where it can't be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// `tenant_admin` at the installation or at a whole tenant.
    #[error("`tenant_admin` is given at one organization: name the tenant and the organization")]
    NeedsOrganization,
    /// Another role at an organization.
    #[error(
        "`{0}` is given at a tenant or at the installation; at an organization only `tenant_admin` can be"
    )]
    NotAtOrganization(Role),
    /// An organization without its tenant.
    #[error("an organization is named together with its tenant")]
    NoTenant,
}

impl Grant {
    /// `role` at `at`.
    ///
    /// # Errors
    /// When the role can't be given there: `tenant_admin` only at an organization, the others never at one.
    pub fn new(role: Role, at: Place) -> Result<Self, GrantError> {
        match (role, &at) {
            (Role::TenantAdmin, Place::Organization(..)) => Ok(Self { role, at }),
            (Role::TenantAdmin, _) => Err(GrantError::NeedsOrganization),
            (_, Place::Organization(..)) => Err(GrantError::NotAtOrganization(role)),
            _ => Ok(Self { role, at }),
        }
    }

    /// Whether it gives its role at `target`. One that [`Grant::new`] would refuse gives nothing anywhere.
    #[must_use]
    pub fn holds_at(&self, target: &Place) -> bool {
        let is_limited = self.role == Role::TenantAdmin;
        is_limited == matches!(self.at, Place::Organization(..)) && self.at.contains(target)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization: Option<OrganizationId>,
}

impl TryFrom<Written> for Grant {
    type Error = GrantError;

    fn try_from(Written { role, tenant, organization }: Written) -> Result<Self, GrantError> {
        let at = match (tenant, organization) {
            (None, None) => Place::Installation,
            (Some(tenant), None) => Place::Tenant(tenant),
            (Some(tenant), Some(organization)) => Place::Organization(tenant, organization),
            (None, Some(_)) => return Err(GrantError::NoTenant),
        };
        Self::new(role, at)
    }
}

impl From<Grant> for Written {
    fn from(Grant { role, at }: Grant) -> Self {
        Self { role, tenant: at.tenant().cloned(), organization: at.organization().cloned() }
    }
}
