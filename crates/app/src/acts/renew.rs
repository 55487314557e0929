//! After a run that halted since the world moved: what is left of it is proposed anew, once for each halt, also where the process ended in
//! between or the tenant could not be read at once.

use std::collections::BTreeSet;

use countersign_core::{Micros, Timestamp};
use countersign_plan::{
    again,
    change::{Change, Order},
    review::{Act, PlanState},
    run::{Halt, Why},
};
use countersign_store::{Commit, PlanRow, PlanWrite, StoreError, Write};

use super::{
    PlanRefusal, beside::Beside, executor::Turn, propose::Asked, review::Fact, run::EXECUTOR, steps::Course,
    told::Actor,
};
use crate::{App, Error, Tenant};

/// When a plan is tried again that is not.
pub(super) const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);

/// Between two tries while the tenant can't be read.
const PAUSE: Micros = 60 * 1_000_000;

/// For how long after the halt it is tried at the least.
const TRIED_FOR: Micros = 24 * 60 * 60 * 1_000_000;

/// How often what can't be planned is left out, and the rest tried, at the most.
const TRIES: u32 = 5;

/// What is left of an order as a plan.
enum Fresh {
    Plan(Box<(PlanRow, PlanState, Beside)>),
    /// Nothing of it can be planned, or all of it is so already.
    Nothing,
    /// The tenant can't be read.
    Later,
}

/// Whether a run that halted so leads to a fresh plan of the order that it was made from.
pub(super) const fn leads_to_a_fresh_plan(why: &Why) -> bool {
    matches!(why, Why::Moved { .. })
}

impl App {
    /// Proposes what is left of a plan that halted, and says what is not in it.
    pub(super) async fn renew(&self, tenant: &Tenant, turn: &Turn<'_>, row: PlanRow) -> Result<(), Error> {
        let halt: Option<Halt> = row.halt.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let is_due = row.try_at.is_some() && halt.is_some_and(|halt| leads_to_a_fresh_plan(&halt.why));
        if !is_due {
            return self.try_again_at(tenant, turn, (&row, NEVER)).await;
        }
        let kept = self.open_plan_row(tenant, row).await?;
        let Some(order) = kept.body.order.clone() else {
            return self.try_again_at(tenant, turn, (&kept.row, NEVER)).await;
        };
        let course = self.open_run(tenant, kept).await?;
        let left = again(&order, course.kept.plan(), &course.run);
        let mut dropped = left.begun;
        let fresh = match left.order {
            Some(order) => self.fresh_plan(tenant, (order, &course), &mut dropped).await?,
            None => Fresh::Nothing,
        };
        let (row, state, beside) = match fresh {
            Fresh::Plan(fresh) => {
                let (row, state, beside) = *fresh;
                (Some(row), Some(state), beside)
            }
            Fresh::Nothing => (None, None, Beside::default()),
            Fresh::Later => {
                let now = self.ports.clock.now();
                let end = course.kept.state.begin_by.max(course.kept.row.changed.plus(TRIED_FOR));
                if now < end {
                    return self.try_again_at(tenant, turn, (&course.kept.row, now.plus(PAUSE))).await;
                }
                dropped = order.wanted.len().saturating_sub(left.done);
                (None, None, Beside::default())
            }
        };
        let act = Act::Renew { hash: state.map(|state| state.hash), done: left.done, dropped };
        let fresh = row.map(|row| row.id);
        let counts: [Fact<'_>; 2] = [("done", &left.done), ("dropped", &dropped)];
        let named = fresh.iter().map(|fresh| -> Fact<'_> { ("fresh", fresh) });
        let facts: Vec<Fact<'_>> = counts.into_iter().chain(named).collect();
        let actor = Actor::Automation(EXECUTOR);
        let next = self.next_telling(tenant, &course.kept, (act, EXECUTOR), (actor, &facts)).await?;
        self.keep_next_with(tenant, (next, beside), Some(turn.fence.clone())).await?;
        tracing::warn!(tenant.id = %tenant.id, plan = course.kept.row.id, fresh, done = left.done, dropped, "what is left of a plan that halted was looked at");
        Ok(())
    }

    /// What is left as a plan, without what can't be planned any more: of that the number grows.
    async fn fresh_plan(
        &self,
        tenant: &Tenant,
        (mut order, course): (Order, &Course),
        dropped: &mut usize,
    ) -> Result<Fresh, Error> {
        for _ in 0..TRIES {
            let asked = Asked {
                order: order.clone(),
                by: EXECUTOR,
                incident: course.kept.row.incident.clone(),
                asks_people: true,
                audience: Some(course.kept.row.audience.clone()),
            };
            let faults = match self.let_in_order(tenant, asked).await {
                Ok(fresh) => return Ok(Fresh::Plan(Box::new(fresh))),
                Err(Error::Plan(PlanRefusal::Faults(faults))) => faults,
                Err(Error::Plan(PlanRefusal::Gate(_))) => return Ok(Fresh::Nothing),
                Err(Error::Plan(PlanRefusal::Read(_))) => return Ok(Fresh::Later),
                Err(error) => return Err(error),
            };
            let amiss: BTreeSet<usize> = faults.iter().filter_map(|fault| fault.wanted).collect();
            let before = order.wanted.len();
            let mut number = 0..;
            order.wanted.retain(|_| number.next().is_none_or(|number| !amiss.contains(&number)));
            *dropped += before - order.wanted.len();
            let only_tells = order.wanted.iter().all(|wanted| matches!(wanted.change, Change::Notify(_)));
            if amiss.is_empty() || only_tells {
                break;
            }
        }
        *dropped += order.wanted.len();
        Ok(Fresh::Nothing)
    }

    /// Says when what is left of a plan that halted is looked at again.
    async fn try_again_at(
        &self,
        tenant: &Tenant,
        turn: &Turn<'_>,
        (row, at): (&PlanRow, Timestamp),
    ) -> Result<(), Error> {
        let write = PlanWrite::Waits {
            plan: row.id.clone(),
            version: Some(row.version),
            waits: None,
            try_at: Some(at),
        };
        let commit = Commit {
            fence: Some(turn.fence.clone()),
            writes: vec![Write::Plan(write)],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale) => Err(Error::Stale),
            Err(error) => Err(error.into()),
        }
    }
}
