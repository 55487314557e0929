//! What is the service's own at a tenant.

use std::collections::BTreeSet;

use countersign_auth0::management::{UserId, users};
use countersign_plan::{
    change::{Kind, Own, lock_out, may_lock_out},
    run::StepState,
};
use countersign_rights::Role;
use tokio::sync::MutexGuard;

use super::{
    Hands,
    look::{CantLook, fetch},
    steps::Course,
};
use crate::{App, Error, Tenant, management::Lane};

/// What is known of a step before it is sent.
pub(super) enum Door<'a> {
    /// It would lock out.
    Shut,
    /// It may be sent. Of somebody who administers the service: while this is held, so that two runs don't each shut out one of the
    /// last two.
    Open(Option<MutexGuard<'a, ()>>),
}

impl App {
    /// What no plan for a tenant may lock out.
    pub(super) async fn own(&self, tenant: &Tenant) -> Result<Own, Error> {
        let clients = tenant.own_clients.get().cloned().unwrap_or_default();
        Ok(Own { clients, administrators: self.administrators_at(tenant).await? })
    }

    /// The first step of a run that is still to come and would lock out the service or the last who administers it, by what is known
    /// here now: who does may have changed since the plan was made.
    pub(super) async fn locks_out(&self, tenant: &Tenant, course: &Course) -> Result<Option<usize>, Error> {
        let plan = course.kept.plan();
        if course.run.halt().is_some() || !plan.steps.iter().any(may_lock_out) {
            return Ok(None);
        }
        // Why: what was sent already is seen first, or nobody could say of it any more whether it was done. Each step is looked at again
        // before it is sent.
        if (0..plan.steps.len()).any(|step| course.run.is_open(step)) {
            return Ok(None);
        }
        let is_to_come =
            |step: usize| matches!(course.run.state(step), StepState::Pending | StepState::Waiting);
        Ok(lock_out(plan, is_to_come, &self.own(tenant).await?))
    }

    /// Whether a step that is about to be sent would: of somebody who administers the service, also by whether any other of them can
    /// sign in at the tenant.
    pub(super) async fn keeps_out<'a>(
        &self,
        tenant: &'a Tenant,
        hands: &Hands,
        (course, number): (&Course, usize),
    ) -> Result<Result<Door<'a>, CantLook>, Error> {
        let step = course.step(number)?;
        if !may_lock_out(step) {
            return Ok(Ok(Door::Open(None)));
        }
        let own = self.own(tenant).await?;
        if step.kind == Kind::RotateClientSecret {
            let is_ours = step.scope.clients.iter().any(|client| own.clients.contains(client));
            return Ok(Ok(if is_ours { Door::Shut } else { Door::Open(None) }));
        }
        if !step.scope.users.iter().any(|user| own.administrators.contains(user)) {
            return Ok(Ok(Door::Open(None)));
        }
        let alone = tenant.bell.locking.lock().await;
        for other in own.administrators.iter().filter(|user| !step.scope.users.contains(user)) {
            match is_let_in(hands, other).await {
                Ok(false) => {}
                Ok(true) => return Ok(Ok(Door::Open(Some(alone)))),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(Door::Shut))
    }

    /// Everybody who administers the tenant here and signs in by it; nobody where somebody else does too, who is not locked out by it.
    async fn administrators_at(&self, tenant: &Tenant) -> Result<BTreeSet<UserId>, Error> {
        let mut found = BTreeSet::new();
        let (Some(provider), Some(_)) = (&self.access.provider, &tenant.console_client) else {
            return Ok(found);
        };
        let store = &self.ports.store;
        for grant in store.list_grants(None).await? {
            let is_here =
                grant.tenant.as_ref().is_none_or(|at| *at == tenant.id) && grant.organization.is_none();
            if grant.ended_at.is_some() || grant.role != Role::Administrator.as_str() || !is_here {
                continue;
            }
            let Some(person) = store.get_person(&grant.principal).await? else { continue };
            if person.disabled_at.is_some() {
                continue;
            }
            match person.subject.parse() {
                Ok(user) if person.issuer == provider.issuer() => {
                    found.insert(user);
                }
                _ => return Ok(BTreeSet::new()),
            }
        }
        Ok(found)
    }
}

/// Whether somebody is at the tenant, and not blocked there.
async fn is_let_in(hands: &Hands, user: &UserId) -> Result<bool, CantLook> {
    let found =
        fetch(hands.port.as_ref(), users::get(user).any(), Lane::Containment).await.map_err(CantLook)?;
    Ok(found.is_some_and(|user| user.get("blocked").and_then(serde_json::Value::as_bool) != Some(true)))
}
