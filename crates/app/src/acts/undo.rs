//! Taking back what a run did, and what people do with a run that halted.

use std::collections::BTreeSet;

use countersign_plan::{
    change::{Frame, Origin, undo},
    review::{Act, Status},
    run::{Event, Halt, Kept, Misfit, Which, Why},
};
use countersign_rights::Action;

use super::{PlanHead, PlanRefusal, admit::Candidate, look::CantLook, run::look, steps::Course, told::Actor};
use crate::{App, Error, access::Permit};

impl App {
    /// Proposes the plan that takes back what a run did: all of it, or the chosen steps by name.
    ///
    /// # Errors
    /// `Plan` where nothing was done, where a person has to say first whether a step was, or where it is not taken; `NotFound`,
    /// `Denied`, `Erased`, `Stale`, `Unavailable`.
    pub async fn undo_plan(
        &self,
        permit: &Permit,
        id: &str,
        chosen: Option<&BTreeSet<String>>,
    ) -> Result<PlanHead, Error> {
        self.may_execute(permit).await?;
        let hands = permit.hands()?;
        let kept = self.open_plan(permit, id).await?;
        let is_over =
            matches!(kept.state.status, Status::Done | Status::Halted | Status::Failed | Status::Erased)
                && kept.row.begun.is_some();
        if !is_over {
            return Err(Error::Plan(PlanRefusal::Misfit));
        }
        let caller = permit.caller();
        // Why not of a plan that took back another: that would do again, without anybody else, what was taken back.
        let may_be_own = kept.row.proposer == caller.id() && kept.row.undoes.is_none();
        let (incident, title) = (kept.row.incident.clone(), title(&kept.plan().title));
        let audience = kept.row.audience.clone();
        let person = self.answerable(caller).await?;
        let origin = Origin::Undo { plan: kept.state.hash.clone(), person, is_own: false, workflow: None };
        let good_for = hands.settings.rules(None, None).waits_for();
        let frame = Frame { at: self.ports.clock.now(), good_for, receivers: hands.receivers() };
        let course = self.open_run(permit, kept).await?;
        let mut plan = undo(course.kept.plan(), &course.run, chosen, &title, origin, &frame)
            .map_err(|faults| Error::Plan(PlanRefusal::Faults(faults)))?;
        let run = (&course.kept.row, course.kept.plan());
        if may_be_own
            && self.is_last_word(permit, run, &plan).await?
            && let Origin::Undo { is_own, .. } = &mut plan.origin
        {
            *is_own = true;
        }
        let candidate = Candidate {
            plan,
            order: None,
            actor: Actor::Person(caller.id()),
            incident,
            undoes: Some(id.to_owned()),
            asks_people: false,
            audience: Some(audience),
        };
        let (row, _) = self.admit(permit, hands, candidate).await?;
        Ok(PlanHead::from(row))
    }

    /// A permit for something else takes nothing back, and settles nothing.
    async fn may_execute(&self, permit: &Permit) -> Result<(), Error> {
        self.permit(permit.caller(), Action::ExecutePlans, &permit.id).await.map(drop)
    }

    /// A person says whether the step that a run halted at was done. A run that halted for it goes on; one that was stopped, or could not
    /// go on, stays halted.
    ///
    /// # Errors
    /// `Plan` where the run did not halt there, or where what the step should have made is not there; `NotFound`, `Erased`, `Stale`,
    /// `Unavailable`.
    pub async fn settle_step(
        &self,
        permit: &Permit,
        id: &str,
        (step, is_done): (usize, bool),
    ) -> Result<PlanHead, Error> {
        self.resume_by(permit, id, Event::Settled { step, is_done, kept: Kept::new() }).await
    }

    /// A person stops a run before its next step.
    ///
    /// # Errors
    /// As `settle_step`.
    pub async fn stop_plan(&self, permit: &Permit, id: &str) -> Result<PlanHead, Error> {
        self.may_execute(permit).await?;
        let kept = self.open_plan(permit, id).await?;
        let mut course = self.open_run(permit, kept).await?;
        course.take(Event::Stopped).map_err(misfit)?;
        let actor = Actor::Person(permit.caller().id());
        let by = permit.caller().name().to_owned();
        let at = course.run.halt().ok_or_else(|| Error::internal("a run that was stopped goes on"))?.step;
        // Why stopped, whatever is not known yet: the call that is on its way may still be answered, and else it is seen when it goes on.
        let halt = Halt { step: at, why: Why::Stopped };
        let next = self.next_halted(permit, (&course.kept, &halt), (&by, actor)).await?;
        let row = next.row.clone();
        self.keep_next(permit, next, None).await?;
        Ok(PlanHead::from(row))
    }

    /// A person lets a run go on that was stopped, or that could not go on.
    ///
    /// # Errors
    /// As `settle_step`.
    pub async fn resume_plan(&self, permit: &Permit, id: &str) -> Result<PlanHead, Error> {
        self.resume_by(permit, id, Event::Resumed).await
    }

    async fn resume_by(&self, permit: &Permit, id: &str, mut event: Event) -> Result<PlanHead, Error> {
        self.may_execute(permit).await?;
        let kept = self.open_plan(permit, id).await?;
        let mut course = self.open_run(permit, kept).await?;
        let settled = match &mut event {
            Event::Settled { step, is_done, kept } => {
                if *is_done {
                    *kept = self.made(permit, &course, *step).await?;
                }
                Some(*step)
            }
            _ => None,
        };
        course.take(event).map_err(misfit)?;
        let actor = Actor::Person(permit.caller().id());
        let by = permit.caller().name().to_owned();
        // Why only then: what nobody knows of a run that goes on holds it again, as the executor finds and tells.
        let stays = course.run.halt().filter(|_| settled.is_some());
        let act = if stays.is_some() { Act::Settle } else { Act::Resume };
        let mut next = self.next(permit, &course.kept, (act, &by), actor).await?;
        next.row.halt = stays.map(serde_json::to_string).transpose().map_err(Error::internal)?;
        let row = next.row.clone();
        // Why without the lease: nobody carries out a run that halted, and the plan's version says whether it still is.
        let kept = match settled {
            Some(step) => self.step_now(permit, (&course, step), (actor, 0)).await?,
            None => None,
        };
        let beside = kept.map(|(_, beside)| beside).unwrap_or_default();
        self.keep_next_with(permit, (next, beside), None).await?;
        Ok(PlanHead::from(row))
    }

    /// What is kept of what a step made, as it stands at the tenant; nothing where it made nothing or is not there.
    async fn made(&self, permit: &Permit, course: &Course, step: usize) -> Result<Kept, Error> {
        let of = course.kept.plan().steps.get(step);
        let is_known = |name: &String| course.run.answers().contains_key(name);
        if of.is_none_or(|of| !of.write.makes() || is_known(&of.name)) {
            return Ok(Kept::new());
        }
        match look(permit.hands()?, course, (step, Which::After)).await? {
            Ok(Event::Looked { found, .. }) => Ok(found.unwrap_or_default()),
            Ok(_) => Ok(Kept::new()),
            Err(CantLook(error)) => Err(Error::Plan(PlanRefusal::Read(error.to_string()))),
        }
    }
}

const fn misfit(_: Misfit) -> Error {
    Error::Plan(PlanRefusal::Misfit)
}

/// What the way back is called.
pub(super) fn title(of: &str) -> String {
    format!("Undo: {of}").chars().take(countersign_plan::change::MAX_TITLE).collect()
}
