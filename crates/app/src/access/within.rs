//! How far a read of decisions reaches.

use countersign_core::OrganizationId;
use countersign_store::Scope;

use super::Permit;
use crate::Tenant;

/// A tenant, or one organization of it.
#[derive(Clone, Copy)]
pub struct Within<'a> {
    pub(crate) tenant: &'a Tenant,
    organization: Option<&'a OrganizationId>,
}

impl<'a> Within<'a> {
    /// All of a tenant: for jobs and commands. What somebody asks for goes by their permit.
    #[must_use]
    pub const fn all(tenant: &'a Tenant) -> Self {
        Self::new(tenant, None)
    }

    pub(super) const fn new(tenant: &'a Tenant, organization: Option<&'a OrganizationId>) -> Self {
        Self { tenant, organization }
    }

    /// The same, as the store is told it.
    pub(crate) const fn scope(self) -> Scope<'a> {
        match self.organization {
            Some(organization) => Scope::Organization(&self.tenant.id, organization),
            None => Scope::Tenant(&self.tenant.id),
        }
    }
}

impl<'a> From<&'a Permit> for Within<'a> {
    fn from(permit: &'a Permit) -> Self {
        permit.within()
    }
}
