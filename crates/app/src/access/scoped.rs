//! What a caller may do at a tenant, or at the organizations of it that are theirs.

use std::sync::Arc;

use countersign_core::{ClientId, OrganizationId, SubjectId, TenantId, Timestamp, Trigger};
use countersign_ledger::note::Verifier;
use countersign_policy::Thresholds;
use countersign_privacy::{Alias, Aliases};
use countersign_rights::{Action, Place, PrincipalKind};

use super::{Caller, Permit, Within};
use crate::{
    App, Error,
    decide::record::Record,
    outcomes::{Outcome, Taken},
    reveal::MaskedField,
};

/// What a caller may do with decisions of a tenant: all of them, or those of some organizations alone. Only [`App::permit_within`] makes
/// one.
///
/// Unlike a [`Permit`] it is no way to the tenant: what is read by it goes through [`Self::within`], or is one of the few things below
/// that tell of nobody.
#[derive(Clone)]
pub struct ScopedPermit {
    permit: Permit,
    organizations: Option<Vec<OrganizationId>>,
}

impl ScopedPermit {
    /// What reads are held to.
    #[must_use]
    pub fn within(&self) -> Within<'_> {
        Within::new(&self.permit, self.organizations.as_deref())
    }

    /// The organizations that the caller is held to, in order; `None`: all of the tenant.
    #[must_use]
    pub fn organizations(&self) -> Option<&[OrganizationId]> {
        self.organizations.as_deref()
    }

    /// The same permit where it is for all of the tenant.
    #[must_use]
    pub const fn whole(&self) -> Option<&Permit> {
        if self.organizations.is_none() { Some(&self.permit) } else { None }
    }

    /// The tenant with the caller, for a use case that held what it does to [`Self::within`] already.
    pub(crate) const fn unscoped(&self) -> &Permit {
        &self.permit
    }

    /// Whether what is of this organization, or of none, is the caller's to see.
    #[must_use]
    pub fn covers(&self, organization: Option<&OrganizationId>) -> bool {
        let is_own =
            |own: &[OrganizationId]| organization.is_some_and(|organization| own.contains(organization));
        self.organizations().is_none_or(is_own)
    }

    /// Who acts.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        self.permit.caller()
    }

    /// The tenant's id.
    #[must_use]
    pub fn id(&self) -> &TenantId {
        &self.permit.id
    }

    /// What people go by.
    #[must_use]
    pub fn aliases(&self) -> Aliases {
        App::inner_aliases(&self.permit)
    }

    /// What a person goes by in what leaves at that time.
    #[must_use]
    pub fn alias(&self, subject: &SubjectId, at: Timestamp) -> Alias {
        App::alias(&self.permit, subject, at)
    }

    /// The fields of a decision's event that tell of somebody, masked.
    ///
    /// # Errors
    /// `Internal` for an event that is no JSON, which must not be.
    pub fn masked_event(&self, record: &Record) -> Result<Vec<MaskedField>, Error> {
        crate::reveal::masked_event(&self.permit, record)
    }

    /// The key that receipts are held to.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.permit.verifier()
    }

    /// The name of the policy that holds now.
    #[must_use]
    pub fn policy_etag(&self) -> String {
        self.permit.policy().etag().to_owned()
    }

    /// Where the levels begin by the policy that holds now.
    #[must_use]
    pub fn thresholds(
        &self,
        trigger: Trigger,
        organization: Option<&OrganizationId>,
        client: Option<&ClientId>,
    ) -> Thresholds {
        self.permit.policy().document().settings(trigger, organization, client).thresholds
    }
}

impl App {
    /// Lets a caller do something with decisions of a tenant, or with those of the organizations at which they may: the ones that a
    /// person administers, the one of an application's token.
    ///
    /// # Errors
    /// As [`App::permit`].
    pub async fn permit_within(
        &self,
        caller: &Caller,
        action: Action,
        tenant: &TenantId,
    ) -> Result<ScopedPermit, Error> {
        let tenant = self.asked_for(caller, action, tenant).await?;
        let verdict = self.verdict(caller, action, &Place::Tenant(tenant.id.clone()));
        let organizations = if verdict.is_permitted {
            None
        } else {
            let mut own = own_organizations(caller, &tenant.id);
            own.retain(|own| {
                self.verdict(caller, action, &Place::Organization(tenant.id.clone(), own.clone()))
                    .is_permitted
            });
            if own.is_empty() {
                return Err(self.refuse(&tenant, caller, action, verdict).await);
            }
            Some(own)
        };
        self.demand_fresh(std::slice::from_ref(&tenant), caller, action).await?;
        Ok(ScopedPermit { permit: Permit::new(Arc::clone(&tenant), caller.clone()), organizations })
    }

    /// Lets a caller ask for a decision of a tenant about an event of this organization, or of none.
    ///
    /// # Errors
    /// As [`App::permit`].
    pub async fn permit_decision(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        organization: Option<&OrganizationId>,
    ) -> Result<(), Error> {
        let tenant = self.asked_for(caller, Action::Decide, tenant).await?;
        let at = match organization {
            Some(organization) => Place::Organization(tenant.id.clone(), organization.clone()),
            None => Place::Tenant(tenant.id.clone()),
        };
        let verdict = self.verdict(caller, Action::Decide, &at);
        if verdict.is_permitted {
            return Ok(());
        }
        Err(self.refuse(&tenant, caller, Action::Decide, verdict).await)
    }

    /// As [`App::report`], of what somebody tells who may be held to some organizations: then it is about a decision of theirs, and what
    /// they say of it counts for its person and its organization alone.
    ///
    /// # Errors
    /// As there; `NotFound` also for another organization's decision, and for what is about no decision.
    pub async fn report_within(&self, permit: &ScopedPermit, outcome: &Outcome) -> Result<Taken, Error> {
        if let Some(whole) = permit.whole() {
            return self.report(whole, outcome).await;
        }
        let decision = outcome.decision().ok_or(Error::NotFound("decision"))?;
        self.find_decision(permit, decision).await?;
        self.report_scoped(permit.unscoped(), outcome).await
    }

    /// Whether whoever has a permit may do something else wherever it holds, without a leaf: for what a page offers.
    #[must_use]
    pub fn may_within(&self, permit: &ScopedPermit, action: Action) -> bool {
        let (caller, tenant) = (permit.caller(), permit.id());
        let may = |at: Place| self.access.rights.check(caller.principal(), action, &at).is_permitted;
        match permit.organizations() {
            None => may(Place::Tenant(tenant.clone())),
            Some(own) => own.iter().all(|own| may(Place::Organization(tenant.clone(), own.clone()))),
        }
    }
}

/// The organizations of a tenant that are somebody's, in order.
fn own_organizations(caller: &Caller, tenant: &TenantId) -> Vec<OrganizationId> {
    let principal = caller.principal();
    if principal.kind == PrincipalKind::Application {
        let own = principal.organization.clone().filter(|_| principal.tenant.as_ref() == Some(tenant));
        return own.into_iter().collect();
    }
    principal.organizations_at(tenant)
}
