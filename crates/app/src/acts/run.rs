//! Carrying plans out: one process at a time for each tenant, one step after the other.

use std::time::Duration;

use countersign_plan::{
    change::ChangePlan,
    gate::Outcome,
    review::{Act, Status},
    run::{Answer, Event, Next, Which, Why},
};
use countersign_store::{Fence, PlanFilter, PlanRow};

use super::{
    Hands,
    admit::Candidate,
    kept::KeptPlan,
    look::{CantLook, look_at, watch_for},
    propose::Asked,
    send::lane,
    steps::Course,
    told::Actor,
};
use crate::{App, Error, Tenant};

/// The lease of whoever carries plans out.
pub(super) const EXECUTOR: &str = "executor";

/// How long the lease holds; it is renewed each third of it.
pub(super) const HELD: Duration = Duration::from_secs(15);

/// Plans that are looked at in one turn.
const PLANS: u32 = 100;

/// How often a step that was not sent is tried again in one turn, and the first pause before.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

/// What one turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ran {
    /// Plans that came to an end, or halted.
    pub ended: usize,
    /// Plans that go on in the next turn, since the tenant could not be asked.
    pub waiting: usize,
}

/// Why a run does not go on now.
#[derive(Debug)]
pub enum Wait {
    /// The tenant could not be asked.
    Tenant,
    /// It ended, or halted.
    Ended,
}

impl App {
    /// Carries out what may be begun, and goes on with what was: containment first. Nothing where another process does.
    ///
    /// # Errors
    /// `Unavailable`; what was under way is taken up in the next turn.
    pub async fn run_plans(&self, tenant: &Tenant) -> Result<Ran, Error> {
        let Ok(hands) = tenant.hands() else { return Ok(Ran::default()) };
        let store = &self.ports.store;
        let Some(lease) = store.acquire_lease(&tenant.id, EXECUTOR, &self.ports.process, HELD).await? else {
            return Ok(Ran::default());
        };
        let fence = Fence { name: EXECUTOR, epoch: lease.epoch };
        let work = self.run_all(tenant, hands, &fence);
        let mut ticks = tokio::time::interval(HELD / 3);
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = ticks.tick() => {
                    let lease = store.acquire_lease(&tenant.id, EXECUTOR, &self.ports.process, HELD).await;
                    // Why dropped: whoever has the lease now takes it up; what was on its way is observed first.
                    if !matches!(lease, Ok(Some(held)) if held.epoch == fence.epoch) {
                        return Ok(Ran::default());
                    }
                }
            }
        }
    }

    async fn run_all(&self, tenant: &Tenant, hands: &Hands, fence: &Fence) -> Result<Ran, Error> {
        let mut ran = Ran::default();
        for row in self.due_plans(tenant).await? {
            match self.run_one(tenant, hands, (row, fence)).await {
                Ok(Wait::Ended) => ran.ended += 1,
                Ok(Wait::Tenant) => ran.waiting += 1,
                // Why on: one plan that can't be opened, or that somebody acts on now, holds up no other.
                Err(Error::Stale | Error::Erased | Error::Internal { .. }) => ran.waiting += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(ran)
    }

    /// Plans that wait for the executor or whose time is over: containment first, then the oldest.
    async fn due_plans(&self, tenant: &Tenant) -> Result<Vec<PlanRow>, Error> {
        let now = self.ports.clock.now();
        let mut rows = Vec::new();
        // Why apart: what waits for people must not hide what may go on. Whatever is over is overdue as well.
        for (status, overdue_at) in
            [(Status::Running, None), (Status::Approved, None), (Status::Proposed, Some(now))]
        {
            let states = vec![status.as_str().to_owned()];
            let filter = PlanFilter { states, overdue_at, ..PlanFilter::default() };
            rows.extend(self.ports.store.list_plans(&tenant.id, filter, PLANS).await?);
        }
        rows.retain(|row| row.state != Status::Proposed.as_str() || row.expires <= now);
        rows.sort_by(|one, other| other.priority.cmp(&one.priority).then_with(|| one.id.cmp(&other.id)));
        Ok(rows)
    }

    async fn run_one(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        (row, fence): (PlanRow, &Fence),
    ) -> Result<Wait, Error> {
        let kept = self.open_plan_row(tenant, row).await?;
        let now = self.ports.clock.now();
        let is_open = matches!(kept.state.status, Status::Proposed | Status::Approved);
        if is_open && now >= kept.state.begin_by {
            self.step_on(tenant, &kept, (Act::Expire, fence)).await?;
            return Ok(Wait::Ended);
        }
        let kept = match kept.state.status {
            Status::Approved => {
                if kept.row.is_by_policy && self.must_ask(tenant, hands, &kept, fence).await? {
                    return Ok(Wait::Ended);
                }
                let hash = kept.state.hash.clone();
                self.step_on(tenant, &kept, (Act::Begin { hash }, fence)).await?;
                self.open_plan(tenant, &kept.row.id).await?
            }
            Status::Running => kept,
            _ => return Ok(Wait::Ended),
        };
        let mut course = self.open_run(tenant, kept).await?;
        self.go_on(tenant, hands, (&mut course, fence)).await
    }

    /// Whether a plan that a policy countersigned is beyond what may go by itself by now: then one that asks people takes its place.
    async fn must_ask(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        kept: &KeptPlan,
        fence: &Fence,
    ) -> Result<bool, Error> {
        let verdict = self.judge_plan(tenant, hands, (kept.plan(), false)).await?;
        if verdict.outcome == Outcome::Auto {
            return Ok(false);
        }
        // Why later: it is another plan, also where no time went by.
        let now = self.ports.clock.now().max(kept.plan().made_at.plus(1));
        let good_for = kept.plan().begin_by.since(kept.plan().made_at);
        let plan = ChangePlan { made_at: now, begin_by: now.plus(good_for), ..kept.plan().clone() };
        let candidate = Candidate {
            plan,
            order: kept.body.order.clone(),
            actor: Actor::Automation("executor"),
            incident: kept.row.incident.clone(),
            undoes: kept.row.undoes.clone(),
            asks_people: true,
            audience: Some(kept.row.audience.clone()),
        };
        let (_, state) = self.admit(tenant, hands, candidate).await?;
        self.step_on(tenant, kept, (Act::Supersede { hash: state.hash }, fence)).await?;
        Ok(true)
    }

    /// An act of the executor.
    async fn step_on(
        &self,
        tenant: &Tenant,
        kept: &KeptPlan,
        (act, fence): (Act, &Fence),
    ) -> Result<(), Error> {
        let next = self.next(tenant, kept, (act, EXECUTOR), Actor::Automation(EXECUTOR)).await?;
        self.keep_next(tenant, next, Some(fence.clone())).await
    }

    /// Does what is next until the run ends, halts, or the tenant can't be asked.
    async fn go_on(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        (course, fence): (&mut Course, &Fence),
    ) -> Result<Wait, Error> {
        let mut unsent = 0;
        loop {
            let next = course.run.next(course.kept.plan());
            let event = match next {
                Next::Finished => {
                    self.step_on(tenant, &course.kept, (Act::Finish, fence)).await?;
                    return Ok(Wait::Ended);
                }
                Next::Halt(halt) => {
                    self.halt(tenant, (course, fence), &halt).await?;
                    return Ok(Wait::Ended);
                }
                Next::Look { step, which } => match look(hands, course, (step, which)).await? {
                    Ok(event) => event,
                    Err(CantLook(error)) => return Ok(cant_look(tenant, &error)),
                },
                Next::Observe { step } => {
                    let of = course.step(step)?;
                    match watch_for(hands.port.as_ref(), &of.write, (course.run.answers(), lane(of))).await {
                        Ok(found) => Event::Observed { step, found },
                        Err(CantLook(error)) => return Ok(cant_look(tenant, &error)),
                    }
                }
                Next::Send { step } => self.send_next(tenant, hands, (&mut *course, fence), step).await?,
            };
            let was_not_sent = matches!(event, Event::Answered { answer: Answer::NotSent, .. });
            let step = number(&event);
            course.take(event).map_err(Error::internal)?;
            self.keep_step(tenant, course, step, fence).await?;
            if was_not_sent {
                unsent += 1;
                if unsent >= TRIES {
                    return Ok(Wait::Tenant);
                }
                hands.port.wait(PAUSE * 2_u32.saturating_pow(unsent)).await;
            }
        }
    }

    /// Keeps the intent, sends, and says what came of it.
    async fn send_next(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        (course, fence): (&mut Course, &Fence),
        step: usize,
    ) -> Result<Event, Error> {
        let of = course.step(step)?.clone();
        let Ok(ready) = self.ready(hands, &course.run, &of)? else { return Ok(Event::Unfilled { step }) };
        course.take(Event::Intended { step }).map_err(Error::internal)?;
        self.keep_step(tenant, course, step, fence).await?;
        let record = course.record(step).to_owned();
        let answer = self.send_step(hands, (&of, &ready), (&record, &course.kept.state.hash)).await;
        Ok(Event::Answered { step, answer })
    }

    /// Says where and why the run halted, counts it, and proposes a fresh plan where the world moved.
    async fn halt(
        &self,
        tenant: &Tenant,
        (course, fence): (&mut Course, &Fence),
        halt: &countersign_plan::run::Halt,
    ) -> Result<(), Error> {
        self.keep_step(tenant, course, halt.step, fence).await?;
        let mut next =
            self.next(tenant, &course.kept, (Act::Halt, EXECUTOR), Actor::Automation(EXECUTOR)).await?;
        next.row.halt = Some(serde_json::to_string(halt).map_err(Error::internal)?);
        self.keep_next(tenant, next, Some(fence.clone())).await?;
        tracing::error!(tenant.id = %tenant.id, plan = course.kept.row.id, step = halt.step, why = halt.why.code(), "a plan halted");
        if halt.why == Why::Stopped {
            return Ok(());
        }
        self.count_failure(tenant).await?;
        let (Why::Moved { .. }, Some(order)) = (&halt.why, course.kept.body.order.clone()) else {
            return Ok(());
        };
        let incident = course.kept.row.incident.clone();
        let audience = Some(course.kept.row.audience.clone());
        let asked = Asked { order, by: EXECUTOR, incident, asks_people: true, audience };
        if let Err(error) = self.propose_order(tenant, asked).await {
            tracing::warn!(tenant.id = %tenant.id, plan = course.kept.row.id, code = error.code(), "no fresh plan could be made");
        }
        Ok(())
    }
}

/// Reads what must be so before a step, or is so after it.
async fn look(
    hands: &Hands,
    course: &Course,
    (step, which): (usize, Which),
) -> Result<Result<Event, CantLook>, Error> {
    let of = course.step(step)?;
    let looks = match which {
        Which::Before => &of.write.before,
        Which::After => &of.write.after,
    };
    let found = look_at(hands.port.as_ref(), &of.write, looks, (course.run.answers(), lane(of))).await;
    Ok(found.map(|found| Event::Looked { step, which, found }))
}

fn cant_look(tenant: &Tenant, error: &crate::management::Error) -> Wait {
    tracing::warn!(tenant.id = %tenant.id, %error, "a plan waits, since the tenant can't be asked");
    Wait::Tenant
}

const fn number(event: &Event) -> usize {
    match event {
        Event::Looked { step, .. }
        | Event::Intended { step }
        | Event::Answered { step, .. }
        | Event::Observed { step, .. }
        | Event::Unfilled { step }
        | Event::Settled { step, .. } => *step,
        Event::Stopped | Event::Resumed => 0,
    }
}
