//! The plainest way to carry a plan of changes out: what it keeps survives its death at any moment.

use std::collections::BTreeMap;

use countersign_core::{Secret, TenantId};
use serde_json::Value;

use super::{Refused, World};
use crate::{
    Answers, Look, Miss,
    change::{Call, ChangePlan, Found, Order, Reads, Write},
    run::{Answer, Event, Halt, Kept, Next, Row, Run, Which},
};

/// How a way ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was carried out.
    Finished,
    /// It halted.
    Halted(Halt),
    /// It died.
    Died,
}

/// Reads what an order asks for.
pub fn read(world: &mut World, tenant: &TenantId, order: &Order) -> Reads {
    let mut reads = Reads::new(tenant.clone(), "acme.eu.auth0.com".to_owned());
    for request in order.reads() {
        let found = match world.call(&request) {
            Ok(value) => Found::Document(value),
            Err(Refused(403)) => Found::Denied,
            Err(_) => Found::Absent,
        };
        reads.insert(&request, found);
    }
    reads
}

/// Carries a plan out at a tenant in memory.
#[derive(Debug, Clone, Default)]
pub struct Carrier {
    /// The tenant.
    pub world: World,
    /// The rows that were kept; empty before the first way.
    pub rows: Vec<Row>,
    /// The answers that were kept.
    pub answers: Answers,
    /// Why it halted.
    pub halt: Option<Halt>,
    /// What was told to receivers.
    pub told: Vec<String>,
    /// Secrets that were kept, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Every write that was sent, with its body, in order.
    pub sent: Vec<String>,
    /// How many moments it lived.
    pub moments: usize,
    /// At which moment it dies.
    pub dies_at: Option<usize>,
    /// How often a call was done and its answer lost, so far; `loses` says which.
    pub calls: usize,
    /// The number of the call whose answer is lost.
    pub loses: Option<usize>,
}

struct Died;

impl Carrier {
    /// At a tenant.
    #[must_use]
    pub fn at(world: World) -> Self {
        Self { world, ..Self::default() }
    }

    /// The run as it was kept; `None` when it is of another plan.
    ///
    #[must_use]
    pub fn run(&self, plan: &ChangePlan) -> Option<Run> {
        if self.rows.is_empty() {
            return Some(Run::new(plan));
        }
        Run::load(plan, self.rows.clone(), self.answers.clone(), self.halt.clone()).ok()
    }

    /// Carries the plan on from where it stands.
    pub fn carry(&mut self, plan: &ChangePlan) -> End {
        let Some(mut run) = self.run(plan) else { return End::Died };
        loop {
            let event = match run.next(plan) {
                Next::Finished => {
                    self.keep(&run);
                    return End::Finished;
                }
                Next::Halt(halt) => {
                    self.keep(&run);
                    return End::Halted(halt);
                }
                next => match self.act(plan, &mut run, &next) {
                    Ok(event) => event,
                    Err(Died) => return End::Died,
                },
            };
            if run.apply(plan, event).is_err() || self.moment().is_err() {
                return End::Died;
            }
            self.keep(&run);
            if self.moment().is_err() {
                return End::Died;
            }
        }
    }

    /// A person says whether the step that it halted at was done.
    pub fn settle(&mut self, plan: &ChangePlan, is_done: bool) {
        let Some((mut run, halt)) = self.run(plan).zip(self.halt.clone()) else { return };
        let step = plan.steps.get(halt.step).filter(|step| is_done && step.write.makes());
        let kept = step.and_then(|step| self.look(&step.write, Which::After, run.answers()).ok());
        let kept = kept.unwrap_or_default();
        if run.apply(plan, Event::Settled { step: halt.step, is_done, kept }).is_ok() {
            self.keep(&run);
        }
    }

    fn keep(&mut self, run: &Run) {
        self.rows = run.rows().to_vec();
        self.answers = run.answers().clone();
        self.halt = run.halt().cloned();
    }

    fn moment(&mut self) -> Result<(), Died> {
        self.moments += 1;
        if self.dies_at == Some(self.moments) { Err(Died) } else { Ok(()) }
    }

    fn act(&mut self, plan: &ChangePlan, run: &mut Run, next: &Next) -> Result<Event, Died> {
        let write = |step: usize| plan.steps.get(step).map(|step| &step.write).ok_or(Died);
        Ok(match *next {
            Next::Look { step, which } => {
                let found = self.look(write(step)?, which, run.answers());
                Event::Looked { step, which, found }
            }
            Next::Observe { step } => {
                let mut found = self.look(write(step)?, Which::After, run.answers());
                for _ in 0..20 {
                    if found.is_err() {
                        found = self.look(write(step)?, Which::After, run.answers());
                    }
                }
                Event::Observed { step, found }
            }
            Next::Send { step } => {
                self.moment()?;
                run.apply(plan, Event::Intended { step }).map_err(|_| Died)?;
                self.keep(run);
                self.moment()?;
                let answer = self.send(write(step)?, run.answers());
                self.moment()?;
                match answer {
                    Some(answer) => Event::Answered { step, answer },
                    None => Event::Unfilled { step },
                }
            }
            Next::Halt(_) | Next::Finished => return Err(Died),
        })
    }

    fn look(&mut self, write: &Write, which: Which, answers: &Answers) -> Result<Kept, Miss> {
        let looks = match which {
            Which::Before => &write.before,
            Which::After => &write.after,
        };
        let mut kept = Kept::new();
        for look in looks {
            if let Some(found) = self.see(look, answers)? {
                kept.extend(write.kept(&found));
            }
        }
        Ok(kept)
    }

    fn see(&mut self, look: &Look, answers: &Answers) -> Result<Option<Value>, Miss> {
        let request = look.read.fill(answers, &BTreeMap::new())?;
        let found = self.world.call(&request).ok();
        look.check(found.as_ref(), answers).map(Option::<&Value>::cloned)
    }

    fn send(&mut self, write: &Write, answers: &Answers) -> Option<Answer> {
        self.calls += 1;
        let template = match &write.call {
            Call::Management(template) => template,
            Call::Notify { receiver, text } => {
                self.told.push(format!("{receiver}: {text}"));
                return Some(Answer::Done(Kept::new()));
            }
            Call::Webhook { receiver, body } => {
                self.told.push(format!("{receiver}: {body}"));
                return Some(Answer::Done(Kept::new()));
            }
        };
        let chance = format!("chance {}", self.calls).into_bytes();
        let named = write.secrets().into_iter().map(|name| (name.to_owned(), Secret::new(chance.clone())));
        let request = template.fill(answers, &named.collect()).ok()?;
        let shown = template.body.as_ref().map(crate::Part::shown).unwrap_or_default();
        self.sent.push(format!("{} {} {shown}", request.operation().name, request.path()));
        let answer = match self.world.call(&request) {
            Ok(answer) => {
                self.secrets.extend(write.kept_secrets(&answer));
                Answer::Done(write.kept(&answer))
            }
            Err(Refused(status)) => Answer::of_status(status),
        };
        Some(if self.loses == Some(self.calls) { Answer::Unknown } else { answer })
    }
}
