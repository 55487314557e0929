//! Who asks.

use std::collections::BTreeSet;

use countersign_core::{OrganizationId, TenantId};

use crate::{Grant, How, Place, PrincipalKind, Role};

/// Somebody whose credential was verified, with what they were granted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its id among its kind: `per_…`, `sva_…`, a `client_id`, `local`, or the name of a job.
    pub id: String,
    /// What it was granted. Applications and jobs have no roles: grants of theirs give none.
    pub grants: Vec<Grant>,
    /// Of a service account: the actions to which its token is narrowed, `*` for all; of an application: the
    /// scopes of its token. Says nothing of the others.
    pub scopes: BTreeSet<String>,
    /// By which credential it came.
    pub how: How,
    /// Of an application: the tenant whose token it brought.
    pub tenant: Option<TenantId>,
    /// Of an application: the organization (`org_id`) of its token, of that tenant.
    pub organization: Option<OrganizationId>,
}

impl Principal {
    /// Whoever can read the data directory: an administrator everywhere, who approves nothing.
    #[must_use]
    pub fn local(how: How) -> Self {
        let grants = vec![Grant { role: Role::Administrator, at: Place::Installation }];
        Self { grants, ..Self::bare(PrincipalKind::Local, "local".to_owned(), how) }
    }

    /// The job `name` of the service; it may do what policies name for it.
    #[must_use]
    pub fn job(name: &'static str) -> Self {
        Self::bare(PrincipalKind::Job, name.to_owned(), How::Process)
    }

    /// Somebody who was granted nothing.
    fn bare(kind: PrincipalKind, id: String, how: How) -> Self {
        Self { kind, id, grants: Vec::new(), scopes: BTreeSet::new(), how, tenant: None, organization: None }
    }

    /// The roles that it has at `target`: of grants there, at its tenant, and at the installation.
    #[must_use]
    pub fn roles_at(&self, target: &Place) -> BTreeSet<Role> {
        self.grants().filter(|grant| grant.holds_at(target)).map(|grant| grant.role).collect()
    }

    /// The organizations of `tenant` that it administers (`tenant_admin`), in order, each once.
    #[must_use]
    pub fn organizations_at(&self, tenant: &TenantId) -> Vec<OrganizationId> {
        let held =
            self.grants().filter(|grant| grant.at.tenant() == Some(tenant) && grant.holds_at(&grant.at));
        held.filter_map(|grant| grant.at.organization())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect()
    }

    /// Whether it has any role at `tenant`, at an organization of it, or at the installation; of an application:
    /// whether it brought that tenant's token. Whoever has not is not told that the tenant is there.
    #[must_use]
    pub fn has_any_role_at(&self, tenant: &TenantId) -> bool {
        if self.kind == PrincipalKind::Application {
            return self.tenant.as_ref() == Some(tenant);
        }
        !self.roles_at(&Place::Tenant(tenant.clone())).is_empty() || !self.organizations_at(tenant).is_empty()
    }

    /// The grants that count.
    fn grants(&self) -> impl Iterator<Item = &Grant> {
        let has_roles = !matches!(self.kind, PrincipalKind::Application | PrincipalKind::Job);
        self.grants.iter().filter(move |_| has_roles)
    }
}
