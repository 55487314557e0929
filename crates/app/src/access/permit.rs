//! The one check: a permit, or a denial that is a leaf.

use std::{fmt, ops::Deref, sync::Arc};

use countersign_core::TenantId;
use countersign_rights::{Action, How, Place, PrincipalKind, Verdict};

use super::{Caller, Within, denials::What, policy_set::hex};
use crate::{App, Error, Tenant};

/// The longest name of who acts, in bytes.
const MAX_ACTOR_BYTES: usize = 200;

/// What a caller may do at all of a tenant. Only [`App::permit`] makes one.
#[derive(Clone)]
pub struct Permit {
    tenant: Arc<Tenant>,
    caller: Caller,
}

/// What a caller may do with what belongs to no tenant. Only [`App::permit_here`] makes one.
pub struct InstallationPermit {
    pub(super) caller: Caller,
}

/// A caller who is known may not do this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// What was asked for.
    pub action: Action,
    /// What the caller is.
    pub kind: PrincipalKind,
    /// The policies that decided, for those who may know; empty where none permits it, `None` for everybody else.
    pub policies: Option<Vec<String>>,
}

impl Deref for Permit {
    type Target = Arc<Tenant>;

    fn deref(&self) -> &Arc<Tenant> {
        &self.tenant
    }
}

impl Permit {
    /// Why for this module alone: whoever has one may.
    pub(super) const fn new(tenant: Arc<Tenant>, caller: Caller) -> Self {
        Self { tenant, caller }
    }

    /// What reads are held to.
    #[must_use]
    pub fn within(&self) -> Within<'_> {
        Within::all(&self.tenant)
    }

    /// Who acts.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Who acts, in words for what is sealed and for the database; leaves have the caller's id. It is who signed in, or whom a caller `named` that speaks for several people.
    ///
    /// # Errors
    /// `Actor` where somebody is named by a caller who is known by name; `Text` where nobody is by one who is not, and for a name that
    /// is empty or too long.
    pub fn actor(&self, named: Option<&str>) -> Result<String, Error> {
        actor(&self.caller, named)
    }
}

impl InstallationPermit {
    /// Who acts.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }
}

fn actor(caller: &Caller, named: Option<&str>) -> Result<String, Error> {
    match named {
        Some(_) if !caller.is_shared() => Err(Error::Actor),
        Some(name) if name.trim().is_empty() || name.len() > MAX_ACTOR_BYTES => {
            Err(Error::Text("actor", MAX_ACTOR_BYTES))
        }
        Some(name) => Ok(name.to_owned()),
        None if caller.is_shared() => Err(Error::Text("actor", MAX_ACTOR_BYTES)),
        None => Ok(shown(caller)),
    }
}

/// Name and id of a caller. Why cut: names are the provider's, and one that is long must not keep its owner from acting.
fn shown(caller: &Caller) -> String {
    let id = format!(" ({})", caller.id());
    let room = MAX_ACTOR_BYTES.saturating_sub(id.len());
    let name: String = caller
        .name()
        .char_indices()
        .take_while(|(at, char)| at + char.len_utf8() <= room)
        .map(|(_, char)| char)
        .collect();
    name + &id
}

impl App {
    /// Lets a caller do something at all of a tenant. Whoever administers organizations of it alone, or came with a token of one, may
    /// nothing here, whatever a policy says of their organizations: [`App::permit_within`] is for them.
    ///
    /// # Errors
    /// `UnknownTenant` for one that is not there, and for who has no role at it; `Denied`; `StaleSignIn`. A denial is a leaf.
    pub async fn permit(&self, caller: &Caller, action: Action, tenant: &TenantId) -> Result<Permit, Error> {
        let tenant = self.asked_for(caller, action, tenant).await?;
        let verdict = self.verdict(caller, action, &Place::Tenant(tenant.id.clone()));
        if verdict.is_permitted {
            self.demand_fresh(std::slice::from_ref(&tenant), caller, action).await?;
            return Ok(Permit::new(tenant, caller.clone()));
        }
        Err(self.refuse(&tenant, caller, action, verdict).await)
    }

    /// The tenant that a caller names. That there is none is told as a denial, but of who may do this wherever it is.
    pub(super) async fn asked_for(
        &self,
        caller: &Caller,
        action: Action,
        tenant: &TenantId,
    ) -> Result<Arc<Tenant>, Error> {
        let found = self.tenant(tenant);
        if found.is_err() && !self.verdict(caller, action, &Place::Installation).is_permitted {
            self.tell_elsewhere(caller, action, None).await;
        }
        found
    }

    /// Tells the ledgers of a caller's own tenants of a denial at another one, without its name; the one that `knows` it was told.
    async fn tell_elsewhere(&self, caller: &Caller, action: Action, knows: Option<&TenantId>) {
        for tenant in &self.home_of(caller) {
            if Some(&tenant.id) != knows {
                self.tell_refused_caller(tenant, caller, What::Elsewhere(action)).await;
            }
        }
    }

    /// What the policies say; those that failed are told in the log.
    pub(super) fn verdict(&self, caller: &Caller, action: Action, at: &Place) -> Verdict {
        let verdict = self.access.rights.check(caller.principal(), action, at);
        report(&verdict);
        verdict
    }

    /// Tells the ledger that somebody was denied something at a tenant; the error that they get.
    pub(super) async fn refuse(
        &self,
        tenant: &Tenant,
        caller: &Caller,
        action: Action,
        verdict: Verdict,
    ) -> Error {
        let principal = caller.principal();
        self.tell_refused_caller(tenant, caller, What::Here(action)).await;
        if !principal.has_any_role_at(&tenant.id) && principal.tenant.as_ref() != Some(&tenant.id) {
            self.tell_elsewhere(caller, action, Some(&tenant.id)).await;
            return Error::UnknownTenant;
        }
        let at = Place::Tenant(tenant.id.clone());
        Error::Denied(self.denied(caller, action, verdict, &at))
    }

    /// Lets a caller do something that belongs to no tenant.
    ///
    /// # Errors
    /// `Denied`, `StaleSignIn`.
    pub async fn permit_here(&self, caller: &Caller, action: Action) -> Result<InstallationPermit, Error> {
        let verdict = self.verdict(caller, action, &Place::Installation);
        if verdict.is_permitted {
            self.demand_fresh(&self.home_of(caller), caller, action).await?;
            return Ok(InstallationPermit { caller: caller.clone() });
        }
        for tenant in &self.home_of(caller) {
            self.tell_refused_caller(tenant, caller, What::Here(action)).await;
        }
        Err(Error::Denied(self.denied(caller, action, verdict, &Place::Installation)))
    }

    /// Whether a caller may, without a leaf: for what a page offers.
    #[must_use]
    pub fn may(&self, caller: &Caller, action: Action, tenant: &TenantId) -> bool {
        self.access.rights.check(caller.principal(), action, &Place::Tenant(tenant.clone())).is_permitted
    }

    /// Whether a caller may do something that belongs to no tenant, without a leaf: for what a page offers.
    #[must_use]
    pub fn may_here(&self, caller: &Caller, action: Action) -> bool {
        self.access.rights.check(caller.principal(), action, &Place::Installation).is_permitted
    }

    /// Demands a young sign-in of a person who changes who may do what, or approves: a browser that was left open must not be enough.
    /// Links and the data directory's token have short lives and uses of their own.
    fn check_fresh(&self, caller: &Caller, action: Action) -> Result<(), Error> {
        let is_grave = matches!(action, Action::ChangeAccess | Action::ApprovePlans);
        let is_person = caller.principal().how == How::Oidc;
        if !is_grave || !is_person || caller.is_fresh_person(self.ports.clock.now(), self.access.fresh) {
            return Ok(());
        }
        Err(Error::StaleSignIn(self.access.fresh.as_secs().div_ceil(3_600)))
    }

    /// As [`Self::check_fresh`]; a refusal is told as a denial.
    pub(super) async fn demand_fresh(
        &self,
        tenants: &[Arc<Tenant>],
        caller: &Caller,
        action: Action,
    ) -> Result<(), Error> {
        let Err(stale) = self.check_fresh(caller, action) else { return Ok(()) };
        for tenant in tenants {
            self.tell_refused_caller(tenant, caller, What::Here(action)).await;
        }
        Err(stale)
    }

    /// The tenants whose ledgers are told of what a caller was denied that belongs to no tenant: those at which they have a role.
    pub(super) fn home_of(&self, caller: &Caller) -> Vec<Arc<Tenant>> {
        let principal = caller.principal();
        match principal.tenant.as_ref().map(|own| self.tenant(own)) {
            Some(own) => own.into_iter().collect(),
            None => self.concerned(&principal.grants),
        }
    }

    /// The tenants at which a caller may do something, at all or at an organization of it.
    #[must_use]
    pub fn tenants_of(&self, caller: &Caller) -> Vec<TenantId> {
        let principal = caller.principal();
        let is_theirs = |id: &TenantId| {
            principal.has_any_role_at(id)
                || principal.tenant.as_ref() == Some(id)
                || !principal.organizations_at(id).is_empty()
        };
        self.tenants.iter().map(|tenant| tenant.id.clone()).filter(is_theirs).collect()
    }

    /// The ids of the policies in force, and a hash over all of them.
    #[must_use]
    pub fn access_policies(&self, _: &InstallationPermit) -> (Vec<String>, String) {
        (self.access.rights.policy_ids(), hex(&self.access.rights.digest()))
    }

    /// The files of policies in force, the shipped ones first, each with the SHA-256 of its text.
    #[must_use]
    pub fn access_policy_files(&self, _: &InstallationPermit) -> Vec<(String, String)> {
        self.access.rights.files().iter().map(|(name, digest)| (name.clone(), hex(digest))).collect()
    }

    fn denied(&self, caller: &Caller, action: Action, verdict: Verdict, at: &Place) -> Denied {
        let may_know = self.access.rights.check(caller.principal(), Action::ReadAccess, at).is_permitted;
        Denied { action, kind: caller.principal().kind, policies: may_know.then_some(verdict.policies) }
    }
}

fn report(verdict: &Verdict) {
    for policy in &verdict.failed {
        tracing::error!(
            policy,
            "a policy of access failed while it was evaluated: a permit counts for nothing, a forbid forbids"
        );
    }
}

/// In words, for whoever was denied.
impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.action.as_str();
        let who = match self.kind {
            PrincipalKind::Person => "your roles do not permit it; an administrator can grant one that does",
            PrincipalKind::ServiceAccount => {
                "this service account's roles and its token's scopes do not permit it"
            }
            PrincipalKind::Application => "this access token's scopes do not permit it",
            PrincipalKind::Local | PrincipalKind::Job => "no policy permits it",
        };
        let forbidden = self.policies.as_deref().filter(|policies| !policies.is_empty());
        if self.action == Action::ApprovePlans {
            let by = forbidden.map_or_else(
                || "not permitted here".to_owned(),
                |policies| format!("forbidden here by {}", listed(policies)),
            );
            return write!(
                f,
                "`{what}` is {by}: it takes the role `approver`, and a person who signed in at the identity provider; a token, a \
                 link or a command beside the data approves nothing"
            );
        }
        if let Some(policies) = forbidden {
            return write!(f, "`{what}` is forbidden here by {}", listed(policies));
        }
        match &self.policies {
            None => write!(f, "`{what}` is not permitted here: {who}"),
            Some(_) => write!(f, "no policy permits `{what}` here"),
        }
    }
}

fn listed(policies: &[String]) -> String {
    policies.iter().map(|policy| format!("`{policy}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(action: Action, policies: Option<&[&str]>) -> String {
        let policies = policies.map(|policies| policies.iter().map(|policy| (*policy).to_owned()).collect());
        Denied { action, kind: PrincipalKind::Person, policies }.to_string()
    }

    #[test]
    fn a_policy_that_forbids_is_named_whatever_was_asked_for() {
        for action in [Action::ApprovePlans, Action::ErasePeople] {
            let forbidden = told(action, Some(&["ours", "theirs"]));
            assert!(forbidden.contains("is forbidden here by `ours`, `theirs`"), "{forbidden}");
        }
        for policies in [None, Some(&[][..]), Some(&["ours"][..])] {
            let denied = told(Action::ApprovePlans, policies);
            assert!(denied.contains("it takes the role `approver`"), "{denied}");
        }
        assert!(told(Action::ErasePeople, Some(&[])).starts_with("no policy permits"));
        assert!(told(Action::ErasePeople, None).contains("your roles do not permit it"));
    }
}
