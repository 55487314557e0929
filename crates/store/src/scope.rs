//! How far a read of decisions reaches.

use countersign_core::{OrganizationId, TenantId};

/// Whose decisions a read may find. What lies outside is not there: it is neither found nor listed, and the query says so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// All of a tenant.
    Tenant(&'a TenantId),
    /// Decisions about sign-ins to one organization of a tenant, and nothing else of it.
    Organization(&'a TenantId, &'a OrganizationId),
}

impl<'a> Scope<'a> {
    /// The tenant.
    #[must_use]
    pub const fn tenant(self) -> &'a TenantId {
        match self {
            Self::Tenant(tenant) | Self::Organization(tenant, _) => tenant,
        }
    }

    /// The organization; `None`: the scope is all of the tenant.
    #[must_use]
    pub const fn organization(self) -> Option<&'a OrganizationId> {
        match self {
            Self::Tenant(_) => None,
            Self::Organization(_, organization) => Some(organization),
        }
    }
}
