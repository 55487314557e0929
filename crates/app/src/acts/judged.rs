//! A plan is judged once more when it is begun, by what holds then: settings that were made stricter meanwhile reach it.

use countersign_plan::{change::ChangePlan, review::Act};

use super::{
    PlanRefusal, admit::Candidate, executor::Turn, kept::KeptPlan, review::Next, run::EXECUTOR, told::Actor,
};
use crate::{App, Error, Tenant};

impl App {
    /// Whether a plan that was approved may be begun by what the gate says of it now. Where not, one that asks anew takes its place, or
    /// none where nothing may.
    pub(super) async fn may_begin(
        &self,
        tenant: &Tenant,
        turn: &Turn<'_>,
        kept: &KeptPlan,
    ) -> Result<bool, Error> {
        let (plan, now) = (self.as_of_now(tenant, kept).await?, self.ports.clock.now());
        let verdict = self.judge_plan(tenant, turn.hands, (&plan, false)).await?;
        if kept.state.holds_by(&verdict, plan.made_at, now) {
            return Ok(true);
        }
        // Why later: it is another plan, also where no time went by.
        let made_at = now.max(plan.made_at.plus(1));
        let good_for = plan.begin_by.since(plan.made_at);
        let candidate = Candidate {
            plan: ChangePlan { made_at, begin_by: made_at.plus(good_for), ..plan },
            order: kept.body.order.clone(),
            actor: Actor::Automation(EXECUTOR),
            incident: kept.row.incident.clone(),
            undoes: kept.row.undoes.clone(),
            asks_people: true,
            audience: Some(kept.row.audience.clone()),
        };
        let by = async |act| -> Result<Next, Error> {
            self.next(tenant, kept, (act, EXECUTOR), Actor::Automation(EXECUTOR)).await
        };
        let fence = Some(turn.fence.clone());
        match self.let_in_later(tenant, turn.hands, candidate).await {
            Ok((_, state, fresh)) => {
                let next = by(Act::Supersede { hash: state.hash }).await?;
                self.keep_next_with(tenant, (next, fresh), fence).await?;
            }
            Err(Error::Plan(PlanRefusal::Gate(_))) => {
                let next = by(Act::Recall).await?;
                self.keep_next(tenant, next, fence).await?;
            }
            Err(error) => return Err(error),
        }
        tracing::warn!(tenant.id = %tenant.id, plan = kept.row.id, "a plan that was approved may not be begun by what holds now");
        Ok(false)
    }
}
