//! Carrying a plan out, one step after the other.

use countersign_plan::{
    review::{Act, Status},
    run::{Answer, Event, Halt, Next, StepState, Which, Why},
};
use countersign_store::Fence;

use super::{
    Hands,
    approach::{Approach, Way},
    beside::Beside,
    executor::Turn,
    kept::KeptPlan,
    look::{CantLook, look_at, watch_for},
    send::lane,
    steps::Course,
    told::Actor,
    wait::{Delay, Hindrance, Waits},
};
use crate::{App, Error, Tenant, management::Pass};

/// The lease of whoever carries plans out.
pub(super) const EXECUTOR: &str = "executor";

/// How often a halt is kept anew where somebody acts on the breaker meanwhile.
const TRIES: u32 = 5;

/// How often a message is tried that its receiver does not take; it never keeps a run for longer.
const MESSAGES: u32 = 4;

/// What becomes of a message then.
const NOT_TAKEN: u16 = 429;

/// Why a run does not go on now.
#[derive(Debug)]
pub(super) enum Wait {
    /// The tenant could not be asked.
    Tenant,
    /// It is time to stop.
    Over,
    /// It ended, or halted.
    Ended,
}

impl App {
    /// Begins a plan, or goes on with one; `None` where it came to its end without a run.
    pub(super) async fn begin_run(
        &self,
        tenant: &Tenant,
        turn: &Turn<'_>,
        kept: KeptPlan,
    ) -> Result<Option<Course>, Error> {
        let now = self.ports.clock.now();
        let is_open = matches!(kept.state.status, Status::Proposed | Status::Approved);
        if is_open && now >= kept.state.begin_by {
            self.step_on(tenant, &kept, (Act::Expire, &turn.fence)).await?;
            return Ok(None);
        }
        let kept = match kept.state.status {
            Status::Approved => {
                if !self.may_begin(tenant, turn, &kept).await? {
                    return Ok(None);
                }
                let hash = kept.state.hash.clone();
                self.step_on(tenant, &kept, (Act::Begin { hash }, &turn.fence)).await?;
                self.open_plan(tenant, &kept.row.id).await?
            }
            Status::Running => kept,
            _ => return Ok(None),
        };
        self.open_run(tenant, kept).await.map(Some)
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

    /// Does what is next until the run ends, halts, the tenant can't be asked, or it is time to stop.
    pub(super) async fn go_on(
        &self,
        tenant: &Tenant,
        turn: &Turn<'_>,
        course: &mut Course,
    ) -> Result<Wait, Error> {
        let (hands, fence) = (turn.hands, &turn.fence);
        if let Some(at) = self.locks_out(tenant, course).await? {
            return self.bar(tenant, turn, (course, Why::LockOut { at })).await;
        }
        let mut way = Way::default();
        loop {
            if (turn.is_over)() {
                return Ok(Wait::Over);
            }
            let next = course.run.next(course.kept.plan());
            let event = match next {
                Next::Finished => {
                    self.step_on(tenant, &course.kept, (Act::Finish, fence)).await?;
                    return Ok(Wait::Ended);
                }
                Next::Halt(halt) => {
                    self.halt(tenant, turn, (course, &halt)).await?;
                    return Ok(Wait::Ended);
                }
                Next::Look { step, which } => match look(hands, course, (step, which)).await? {
                    Ok(event) => event,
                    Err(error) => return self.cant_look(tenant, turn, (course, &error)).await,
                },
                Next::Observe { step } => {
                    let of = course.step(step)?;
                    match watch_for(hands.port.as_ref(), &of.write, (course.run.answers(), lane(of))).await {
                        Ok(found) => Event::Observed { step, found },
                        Err(error) => return self.cant_look(tenant, turn, (course, &error)).await,
                    }
                }
                Next::Send { step } => match self.approach(tenant, hands, (course, step), &mut way).await? {
                    Ok(Approach::Shut) => {
                        return self.bar(tenant, turn, (course, Why::LockOut { at: step })).await;
                    }
                    Ok(Approach::LookAgain) => {
                        course.look_again()?;
                        continue;
                    }
                    Ok(Approach::PutOff(delay)) => {
                        return self.wait_for_tenant(tenant, turn, (course, delay)).await;
                    }
                    Ok(Approach::Send(pass, _alone)) => {
                        let (event, delay) =
                            self.send_next(tenant, hands, (&mut *course, fence), (step, pass)).await?;
                        self.keep_event(tenant, (course, fence), event).await?;
                        if course.run.state(step) == StepState::Waiting {
                            return self.wait_for_tenant(tenant, turn, (course, delay)).await;
                        }
                        continue;
                    }
                    Err(error) => return self.cant_look(tenant, turn, (course, &error)).await,
                },
            };
            self.keep_event(tenant, (course, fence), event).await?;
        }
    }

    /// Takes in what came to be, and keeps it.
    async fn keep_event(
        &self,
        tenant: &Tenant,
        (course, fence): (&mut Course, &Fence),
        event: Event,
    ) -> Result<(), Error> {
        let step = number(&event);
        course.take(event).map_err(Error::internal)?;
        self.keep_step(tenant, course, step, fence).await
    }

    async fn cant_look(
        &self,
        tenant: &Tenant,
        turn: &Turn<'_>,
        (course, CantLook(error)): (&mut Course, &CantLook),
    ) -> Result<Wait, Error> {
        tracing::warn!(tenant.id = %tenant.id, %error, "the tenant can't be asked");
        self.wait_for_tenant(tenant, turn, (course, Delay::of(error))).await
    }

    /// Keeps the intent, sends, and says what came of it, and what keeps it where it was not sent.
    async fn send_next(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        (course, fence): (&mut Course, &Fence),
        (step, pass): (usize, Pass),
    ) -> Result<(Event, Delay), Error> {
        let of = course.step(step)?.clone();
        let Ok(ready) = self.ready((tenant, hands), (&course.kept.row.id, &course.run), &of)? else {
            return Ok((Event::Unfilled { step }, Delay::by(Hindrance::Unread)));
        };
        course.take(Event::Intended { step }).map_err(Error::internal)?;
        self.keep_step(tenant, course, step, fence).await?;
        let record = course.record(step).to_owned();
        let hash = &course.kept.state.hash;
        let (answer, delay) = self.send_step(hands, (&of, &ready, pass), (&record, hash)).await;
        let tries = Waits::of(&course.kept.row).map_or(0, |waits| waits.tries);
        let is_given_up = answer == Answer::NotSent && of.kind.is_dispensable() && tries >= MESSAGES;
        let answer = if is_given_up { Answer::Refused(NOT_TAKEN) } else { answer };
        Ok((Event::Answered { step, answer }, delay))
    }

    /// Says where and why the run halted and counts it, in one commit. Where the world moved, the turn that follows proposes a fresh plan.
    pub(super) async fn halt(
        &self,
        tenant: &Tenant,
        turn: &Turn<'_>,
        (course, halt): (&mut Course, &Halt),
    ) -> Result<(), Error> {
        self.keep_step(tenant, course, halt.step, &turn.fence).await?;
        let mut tries = TRIES;
        loop {
            let by = (EXECUTOR, Actor::Automation(EXECUTOR));
            let next = self.next_halted(tenant, (&course.kept, halt), by).await?;
            let beside = match halt.why {
                Why::Stopped => Beside::default(),
                _ => self.failure(tenant).await?,
            };
            tries -= 1;
            match self.keep_next_with(tenant, (next, beside), Some(turn.fence.clone())).await {
                // Why: a person acted on the breaker between the two.
                Err(Error::Stale) if tries > 0 => {}
                kept => break kept?,
            }
        }
        tracing::error!(tenant.id = %tenant.id, plan = course.kept.row.id, step = halt.step, why = halt.why.code(), "a plan halted");
        Ok(())
    }
}

/// Reads what must be so before a step, or is so after it.
pub(super) async fn look(
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

const fn number(event: &Event) -> usize {
    match event {
        Event::Looked { step, .. }
        | Event::Intended { step }
        | Event::Answered { step, .. }
        | Event::Observed { step, .. }
        | Event::Unfilled { step }
        | Event::Settled { step, .. } => *step,
        Event::Barred { .. } | Event::Stopped | Event::Resumed => 0,
    }
}
