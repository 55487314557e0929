//! A plan being carried out, as a state machine: what is next, and what becomes of what came of it.
//!
//! Whoever carries it out asks [`Run::next`], does that, tells [`Run::apply`] what came of it, and keeps the rows that
//! changed before going on. A run that is taken up after a crash is made of its rows by [`Run::load`]; no choice is made
//! anywhere else. Nothing here sends, reads a clock or draws a random number.
//!
//! ```
//! use countersign_plan::{change::ChangePlan, run::{Event, Next, Run, Which}};
//!
//! fn carry_out(plan: &ChangePlan, run: &mut Run) -> Result<(), countersign_plan::run::Misfit> {
//!     loop {
//!         let event = match run.next(plan) {
//!             Next::Finished | Next::Halt(_) => return Ok(()),
//!             // Reads every look of the step's `before` or `after`; the first that does not hold counts.
//!             Next::Look { step, which } => Event::Looked { step, which, found: Ok(Default::default()) },
//!             // Keeps the intent, calls, and tells what came of it.
//!             Next::Send { step } => {
//!                 run.apply(plan, Event::Intended { step })?;
//!                 Event::Answered { step, answer: countersign_plan::run::Answer::of_status(204) }
//!             }
//!             // As a look at `after`, until it holds or its time is over.
//!             Next::Observe { step } => Event::Observed { step, found: Ok(Default::default()) },
//!         };
//!         run.apply(plan, event)?;
//!     }
//! }
//! ```

mod apply;
mod event;
mod row;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::{
    event::{Answer, Event, Kept, Misfit, Which},
    row::{Halt, Row, StepState, Why},
};
use crate::{
    Answers,
    change::{ChangePlan, ChangeStep, Write},
};

/// How often a step is sent at the most while nobody knows what came of it.
pub const MOST_SENT: u8 = 3;

/// Where the step in hand stands between two rows; begins anew when a run is taken up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Phase {
    /// Nothing was looked at yet.
    #[default]
    Start,
    /// `before` does not hold, and why.
    Missed(String),
    /// It may be sent.
    Ready,
    /// The intent is kept, and it is being sent.
    Sending,
    /// It was perhaps done, and `after` does not hold.
    NotSeen,
}

/// What is next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// To read what must be so before, or is so after, without waiting.
    Look {
        /// The step's number, from 0.
        step: usize,
        /// Which of both.
        which: Which,
    },
    /// To keep the intent ([`Event::Intended`]), then to send.
    Send {
        /// The step's number.
        step: usize,
    },
    /// To read what is so after it until it is, or its time is over.
    Observe {
        /// The step's number.
        step: usize,
    },
    /// Nothing, and why. A fresh plan is made, or a person settles it.
    Halt(Halt),
    /// Nothing: it is done.
    Finished,
}

/// One run of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The plan's hash.
    hash: String,
    rows: Vec<Row>,
    answers: Answers,
    halt: Option<Halt>,
    /// All steps before this one are through.
    #[serde(skip)]
    at: usize,
    #[serde(skip)]
    phase: Phase,
}

impl Run {
    /// A run of which nothing was done yet.
    #[must_use]
    pub fn new(plan: &ChangePlan) -> Self {
        let rows = vec![Row::default(); plan.steps.len()];
        Self { hash: plan.hash(), rows, answers: Answers::new(), halt: None, at: 0, phase: Phase::Start }
    }

    /// A run as its rows say, taken up by somebody else or after a crash. What was in hand is looked at again; what can't be
    /// seen becomes [`StepState::Uncertain`].
    ///
    /// # Errors
    /// [`Misfit`] when it is none of this plan.
    pub fn load(
        plan: &ChangePlan,
        rows: Vec<Row>,
        answers: Answers,
        halt: Option<Halt>,
    ) -> Result<Self, Misfit> {
        if rows.len() != plan.steps.len() {
            return Err(Misfit);
        }
        let mut run = Self { hash: plan.hash(), rows, answers, halt, at: 0, phase: Phase::Start };
        run.advance(plan);
        if let Some(step) = plan.steps.get(run.at).filter(|_| run.stands(run.at) == StepState::Intended) {
            run.reconsider(plan, step);
        }
        run.hold();
        Ok(run)
    }

    /// The plan's hash.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Where a step stands.
    #[must_use]
    pub fn state(&self, step: usize) -> StepState {
        self.rows.get(step).map_or(StepState::Pending, |row| row.state)
    }

    /// Whether nobody knows of a step whether it was done.
    #[must_use]
    pub fn is_open(&self, step: usize) -> bool {
        matches!(self.stands(step), StepState::Intended | StepState::Uncertain)
    }

    /// A step's row, to be kept.
    #[must_use]
    pub fn row(&self, step: usize) -> Option<&Row> {
        self.rows.get(step)
    }

    /// All rows, in the steps' order.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What is kept of answers, without secrets.
    #[must_use]
    pub const fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Why it halted, if it did.
    #[must_use]
    pub const fn halt(&self) -> Option<&Halt> {
        self.halt.as_ref()
    }

    /// Whether every step is through.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.halt.is_none() && self.at >= self.rows.len()
    }

    /// What is next.
    #[must_use]
    pub fn next(&self, plan: &ChangePlan) -> Next {
        if let Some(halt) = &self.halt {
            return Next::Halt(halt.clone());
        }
        let (step, Some(of)) = (self.at, plan.steps.get(self.at)) else { return Next::Finished };
        let (before, after) =
            (Next::Look { step, which: Which::Before }, Next::Look { step, which: Which::After });
        match (self.stands(step), &self.phase) {
            (StepState::Done, _) => Next::Observe { step },
            (_, Phase::Ready | Phase::Sending) => Next::Send { step },
            (StepState::Intended, Phase::NotSeen) => before,
            (StepState::Intended, _) | (_, Phase::Missed(_)) => after,
            _ if of.write.before.is_empty() => Next::Send { step },
            _ => before,
        }
    }

    /// Where a step stands for what is next: one that waits stands where it stood before it was about to be sent the last time.
    fn stands(&self, step: usize) -> StepState {
        match self.rows.get(step) {
            Some(Row { state: StepState::Waiting, sent: 0, .. }) => StepState::Pending,
            Some(Row { state: StepState::Waiting, .. }) => StepState::Intended,
            _ => self.state(step),
        }
    }

    /// What nobody settled holds the run, also where something else stopped it first.
    fn hold(&mut self) {
        let Some(row) = self.rows.get(self.at) else { return };
        match (row.state, row.status) {
            (StepState::Uncertain, _) => self.stop(Why::Uncertain),
            (StepState::Refused, Some(status)) => self.stop(Why::Refused { status }),
            _ => {}
        }
    }

    /// Goes on to the first step that is not through.
    fn advance(&mut self, plan: &ChangePlan) {
        self.phase = Phase::Start;
        while let (Some(row), Some(step)) = (self.rows.get(self.at), plan.steps.get(self.at)) {
            if !row.is_through(step.kind.is_dispensable()) {
                return;
            }
            self.at += 1;
        }
    }

    /// Nobody knows whether the step in hand was done: whether that can be seen, or it can be sent again.
    fn reconsider(&mut self, plan: &ChangePlan, step: &ChangeStep) {
        let Write { is_blind, may_repeat, after, .. } = &step.write;
        if !is_blind && !after.is_empty() {
            self.phase = Phase::Start;
        } else if *may_repeat {
            self.send_again(plan);
        } else {
            self.give_up(plan);
        }
    }

    fn send_again(&mut self, plan: &ChangePlan) {
        if self.rows.get(self.at).is_some_and(|row| row.sent >= MOST_SENT) {
            self.give_up(plan);
        } else {
            self.phase = Phase::Ready;
        }
    }

    /// Nobody will know.
    fn give_up(&mut self, plan: &ChangePlan) {
        let is_dispensable = plan.steps.get(self.at).is_some_and(|step| step.kind.is_dispensable());
        if let Some(row) = self.rows.get_mut(self.at) {
            row.state = StepState::Uncertain;
        }
        if !is_dispensable {
            self.stop(Why::Uncertain);
        }
        self.advance(plan);
    }

    fn stop(&mut self, why: Why) {
        if self.halt.is_none() {
            self.halt = Some(Halt { step: self.at, why });
        }
    }
}
