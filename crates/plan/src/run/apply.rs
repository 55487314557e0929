//! What becomes of a run by what came to be.

use super::{Answer, Event, Kept, Misfit, Phase, Row, Run, StepState, Which, Why};
use crate::{
    Keep, Miss,
    change::{ChangePlan, ChangeStep, Write},
};

/// The status of what is there already.
const CONFLICT: u16 = 409;

impl Run {
    /// Takes in what came to be. Only the row of the event's step changes.
    ///
    /// # Errors
    /// [`Misfit`]; then nothing changed.
    pub fn apply(&mut self, plan: &ChangePlan, event: Event) -> Result<(), Misfit> {
        let in_hand = |step: usize| {
            plan.steps.get(step).filter(|_| step == self.at && step < self.rows.len()).ok_or(Misfit)
        };
        match event {
            Event::Looked { step, which, found } => {
                let of = in_hand(step)?;
                self.looked(plan, of, which, found)
            }
            Event::Intended { step } => {
                in_hand(step)?;
                self.intended(plan)
            }
            Event::Answered { step, answer } => {
                let of = in_hand(step)?;
                self.answered(plan, of, answer)
            }
            Event::Observed { step, found } => {
                let of = in_hand(step)?;
                self.observed(plan, of, found)
            }
            Event::Unfilled { step } => {
                in_hand(step)?;
                self.unfilled()
            }
            Event::Settled { step, is_done, kept } => {
                let of = in_hand(step)?;
                self.settled(plan, of, (is_done, kept))
            }
            Event::Stopped if self.is_finished() => Err(Misfit),
            Event::Stopped => {
                self.stop(Why::Stopped);
                Ok(())
            }
            Event::Barred { why } if self.halt.is_none() && !self.is_finished() => {
                self.stop(why);
                Ok(())
            }
            Event::Barred { .. } => Err(Misfit),
            Event::Resumed if self.halt.as_ref().is_some_and(|halt| halt.why.may_resume()) => {
                self.halt = None;
                self.hold();
                Ok(())
            }
            Event::Resumed => Err(Misfit),
        }
    }

    fn set(&mut self, state: StepState) {
        if let Some(row) = self.rows.get_mut(self.at) {
            row.state = state;
        }
    }

    fn looked(
        &mut self,
        plan: &ChangePlan,
        step: &ChangeStep,
        which: Which,
        found: Result<Kept, Miss>,
    ) -> Result<(), Misfit> {
        let phase = self.phase.clone();
        match (self.stands(self.at), phase, which) {
            (StepState::Pending, Phase::Start, Which::Before) => self.before(step, found),
            (StepState::Pending, Phase::Missed(what), Which::After) => match found {
                Ok(_) => {
                    self.set(StepState::Already);
                    self.advance(plan);
                }
                Err(_) => self.stop(Why::Moved { what }),
            },
            (StepState::Intended, Phase::Start, Which::After) => match found {
                Ok(kept) => self.seen(plan, step, kept),
                Err(_) if step.write.before.is_empty() => self.send_again(plan),
                Err(_) => self.phase = Phase::NotSeen,
            },
            (StepState::Intended, Phase::NotSeen, Which::Before) => match found {
                Ok(_) => self.send_again(plan),
                Err(_) => self.give_up(plan),
            },
            _ => return Err(Misfit),
        }
        Ok(())
    }

    fn before(&mut self, step: &ChangeStep, found: Result<Kept, Miss>) {
        let write = &step.write;
        match found {
            Ok(_) => self.phase = Phase::Ready,
            // Why not what it makes: what is there by somebody else's hand is theirs.
            Err(miss) if write.is_blind || write.makes() || write.after.is_empty() => {
                self.stop(Why::Moved { what: miss.to_string() });
            }
            Err(miss) => self.phase = Phase::Missed(miss.to_string()),
        }
    }

    fn intended(&mut self, plan: &ChangePlan) -> Result<(), Misfit> {
        let is_first = self.stands(self.at) == StepState::Pending
            && self.phase == Phase::Start
            && plan.steps.get(self.at).is_some_and(|step| step.write.before.is_empty());
        if self.halt.is_some() || !(is_first || self.phase == Phase::Ready) {
            return Err(Misfit);
        }
        if let Some(row) = self.rows.get_mut(self.at) {
            row.state = StepState::Intended;
            row.sent = row.sent.saturating_add(1);
        }
        self.phase = Phase::Sending;
        Ok(())
    }

    /// Also after a halt: what was on its way when a person stopped the run counts.
    fn answered(&mut self, plan: &ChangePlan, step: &ChangeStep, answer: Answer) -> Result<(), Misfit> {
        if self.phase != Phase::Sending {
            return Err(Misfit);
        }
        self.phase = Phase::Start;
        match answer {
            Answer::Done(kept) => {
                self.keep(step, kept);
                let is_seen = step.write.after.is_empty();
                if let Some(row) = self.rows.get_mut(self.at) {
                    row.state = StepState::Done;
                    row.is_seen = is_seen;
                }
                self.advance(plan);
            }
            Answer::Refused(status) => {
                if let Some(row) = self.rows.get_mut(self.at) {
                    row.state = StepState::Refused;
                    row.status = Some(status);
                }
                if !step.kind.is_dispensable() {
                    self.stop(Why::Refused { status });
                }
                self.advance(plan);
            }
            Answer::Unknown => self.reconsider(plan, step),
            Answer::Clash => self.clashed(plan, step),
            Answer::NotSent => {
                if let Some(row) = self.rows.get_mut(self.at) {
                    row.state = StepState::Waiting;
                    row.sent = row.sent.saturating_sub(1);
                }
                // Why: of an earlier sending nobody knows.
                if self.stands(self.at) == StepState::Intended {
                    self.reconsider(plan, step);
                }
            }
        }
        Ok(())
    }

    /// What it wants is there. By the first sending it can't be ours: what it makes is somebody else's, and what it sets was set by them.
    fn clashed(&mut self, plan: &ChangePlan, step: &ChangeStep) {
        let Write { is_blind, after, .. } = &step.write;
        let is_first = self.rows.get(self.at).is_some_and(|row| row.sent <= 1);
        if !is_first || *is_blind || after.is_empty() {
            return self.reconsider(plan, step);
        }
        let what = "the tenant says that it is there already".to_owned();
        if !step.write.makes() {
            if let Some(row) = self.rows.get_mut(self.at) {
                *row = Row::default();
            }
            self.phase = Phase::Missed(what);
            return;
        }
        if let Some(row) = self.rows.get_mut(self.at) {
            (row.state, row.status) = (StepState::Refused, Some(CONFLICT));
        }
        self.stop(Why::Moved { what });
    }

    fn observed(
        &mut self,
        plan: &ChangePlan,
        step: &ChangeStep,
        found: Result<Kept, Miss>,
    ) -> Result<(), Misfit> {
        if self.state(self.at) != StepState::Done || self.halt.is_some() {
            return Err(Misfit);
        }
        match found {
            Ok(kept) => self.seen(plan, step, kept),
            Err(miss) => self.stop(Why::NotSeen { what: miss.to_string() }),
        }
        Ok(())
    }

    /// It was done, and is seen. What the answer named counts before what is seen.
    fn seen(&mut self, plan: &ChangePlan, step: &ChangeStep, kept: Kept) {
        let known = self.answers.get(&step.name).cloned().unwrap_or_default();
        self.keep(step, kept.into_iter().chain(known).collect());
        if let Some(row) = self.rows.get_mut(self.at) {
            row.state = StepState::Done;
            row.is_seen = true;
        }
        let is_known = |name: &str| self.answers.get(&step.name).is_some_and(|kept| kept.contains_key(name));
        let mut keeps = step.write.keeps.iter().filter(|keep| !keep.is_secret);
        if keeps.any(|keep| !is_known(&keep.name)) {
            self.stop(Why::Unknown);
        }
        self.advance(plan);
    }

    fn keep(&mut self, step: &ChangeStep, kept: Kept) {
        let is_wanted =
            |name: &String| step.write.keeps.iter().any(|keep| !keep.is_secret && keep.name == *name);
        let kept: Kept = kept.into_iter().filter(|(name, _)| is_wanted(name)).collect();
        if !kept.is_empty() {
            self.answers.insert(step.name.clone(), kept);
        }
    }

    fn unfilled(&mut self) -> Result<(), Misfit> {
        if self.phase != Phase::Ready && self.phase != Phase::Start {
            return Err(Misfit);
        }
        self.stop(Why::Unknown);
        Ok(())
    }

    /// A run that halted at what nobody knew goes on; one that a person may let go on in any case stays where it is until they do.
    fn settled(
        &mut self,
        plan: &ChangePlan,
        step: &ChangeStep,
        (is_done, kept): (bool, Kept),
    ) -> Result<(), Misfit> {
        let stays = self.halt.as_ref().filter(|halt| halt.why.may_resume()).map(|halt| halt.why.clone());
        let is_open = match self.state(self.at) {
            StepState::Uncertain => true,
            StepState::Done => self.halt.is_some(),
            _ => stays.is_some() && self.is_open(self.at),
        };
        let is_known = |keep: &Keep| {
            let answered = self.answers.get(&step.name).is_some_and(|known| known.contains_key(&keep.name));
            keep.is_secret || answered || kept.contains_key(&keep.name)
        };
        // Why: what was made is taken back by its id.
        if !is_open || is_done && !step.write.keeps.iter().all(is_known) {
            return Err(Misfit);
        }
        if is_done {
            let known = self.answers.get(&step.name).cloned().unwrap_or_default();
            self.keep(step, kept.into_iter().chain(known).collect());
        }
        self.halt = None;
        if let Some(row) = self.rows.get_mut(self.at) {
            row.state = if is_done { StepState::Done } else { StepState::Pending };
            row.is_seen = is_done;
            row.sent = 0;
        }
        self.advance(plan);
        if let Some(why) = stays {
            self.stop(why);
        }
        Ok(())
    }
}
