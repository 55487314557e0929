//! One order being carried out.

use std::sync::Arc;

use countersign_core::Timestamp;
use parking_lot::Mutex;

use crate::{
    Dice, Host, HostError,
    flow::{BUDGET_MS, Bound, Stage},
    tenant::{BoundAction, Fault, Tenant, http::Shell},
};

/// What carrying out an order needs.
pub(super) struct Play<'a> {
    shell: &'a Shell,
    host: Result<&'a Host, HostError>,
    dice: Dice,
    /// The address under which the tenant is reached.
    pub(super) base_url: &'a str,
    /// When it happens.
    pub(super) at: Timestamp,
}

impl<'a> Play<'a> {
    /// Begins; Node is started only where an Action is bound.
    pub(super) async fn begin(shell: &'a Shell, base_url: &'a str, at: Timestamp) -> Self {
        let (word, is_bound) = {
            let tenant = shell.tenant();
            let mut tenant = tenant.lock();
            (tenant.state_mut().dice.word(), tenant.state().objects.count("action_bindings") > 0)
        };
        let host = if is_bound { shell.actions().host().await } else { Err(HostError::Gone) };
        Self { shell, host, dice: Dice::new(word), base_url, at }
    }

    /// The tenant, for what must not borrow this.
    pub(super) fn tenant(&self) -> Arc<Mutex<Tenant>> {
        self.shell.tenant()
    }

    /// Works on the tenant.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Tenant) -> T) -> T {
        work(&mut self.shell.tenant().lock())
    }

    /// Where a flow takes place.
    pub(super) fn stage(&mut self) -> Stage<'_> {
        Stage {
            host: self.host.as_ref().ok().copied(),
            at: self.at,
            dice: &mut self.dice,
            budget_ms: BUDGET_MS,
        }
    }

    /// Chance that is the order's own.
    pub(super) const fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// The Actions of a trigger, in order; what says why they can't run where they can't.
    pub(super) fn bound(&self, trigger: &str) -> Result<Vec<Bound>, Fault> {
        let found = self.with(|tenant| tenant.state().bound_actions(trigger));
        self.runnable(found)
    }

    /// An Action that something names.
    pub(super) fn named(&self, id: &str) -> Result<Option<Bound>, Fault> {
        let found = self.with(|tenant| tenant.state().deployed_action(id));
        Ok(self.runnable(found.into_iter().collect())?.pop())
    }

    fn runnable(&self, found: Vec<BoundAction>) -> Result<Vec<Bound>, Fault> {
        match self.host {
            Err(_) if self.shell.actions().are_passed_over() => Ok(Vec::new()),
            Err(why) if !found.is_empty() => Err(Fault::new(503, format!("Actions can't run: {why}."))),
            _ => Ok(found.into_iter().map(bound).collect()),
        }
    }
}

fn bound(action: BoundAction) -> Bound {
    let BoundAction { action_id, name, binding_id, version_id, code, secrets, .. } = action;
    Bound {
        action: crate::Action { key: format!("{action_id}/{version_id}"), code: code.into() },
        secrets,
        action_id,
        name,
        version_id,
        binding_id: binding_id.unwrap_or_default(),
    }
}
