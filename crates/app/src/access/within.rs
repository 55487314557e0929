//! How far a read of decisions reaches.

use countersign_core::OrganizationId;
use countersign_store::Scope;

use super::{Permit, ScopedPermit};
use crate::Tenant;

/// A tenant, or some organizations of it.
#[derive(Clone, Copy)]
pub struct Within<'a> {
    pub(crate) tenant: &'a Tenant,
    organizations: Option<&'a [OrganizationId]>,
}

impl<'a> Within<'a> {
    /// All of a tenant: for jobs and commands. What somebody asks for goes by their permit.
    #[must_use]
    pub const fn all(tenant: &'a Tenant) -> Self {
        Self::new(tenant, None)
    }

    pub(super) const fn new(tenant: &'a Tenant, organizations: Option<&'a [OrganizationId]>) -> Self {
        Self { tenant, organizations }
    }

    /// The same, as the store is told it: what any of them finds is within.
    pub(crate) fn scopes(self) -> Vec<Scope<'a>> {
        let tenant = &self.tenant.id;
        match self.organizations {
            Some(own) => own.iter().map(|own| Scope::Organization(tenant, own)).collect(),
            None => vec![Scope::Tenant(tenant)],
        }
    }
}

impl<'a> From<&'a Permit> for Within<'a> {
    fn from(permit: &'a Permit) -> Self {
        permit.within()
    }
}

impl<'a> From<&'a ScopedPermit> for Within<'a> {
    fn from(permit: &'a ScopedPermit) -> Self {
        permit.within()
    }
}
