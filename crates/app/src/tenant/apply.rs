//! Going forwards.

use std::time::Duration;

use countersign_plan::{Act, Answers, Plan, Step};
use serde_json::Value;

use countersign_core::{Secret, Timestamp};

use super::{Entry, Error, Installer, Journal, Mark, Run, State};
use crate::management::{Authority, Cause, Error as ApiError, Lane};

/// How often a step is taken anew that the tenant had no room for.
const AGAIN: u32 = 3;

/// The pause before that where the tenant names none, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Which way a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forwards,
    Backwards,
}

impl Way {
    fn mark(self, entry: &mut Entry) -> &mut Option<Mark> {
        match self {
            Self::Forwards => &mut entry.done,
            Self::Backwards => &mut entry.undone,
        }
    }
}

impl Installer<'_> {
    /// Begins a plan and carries it out. What keeps it from being applied, and scopes, are the caller's to check before.
    ///
    /// # Errors
    /// `Unfinished` when another run is, `Blocked`, and as [`Self::resume`].
    pub async fn apply(
        &self,
        journal: &mut Journal,
        plan: Plan,
        at: Timestamp,
        correlation_id: String,
    ) -> Result<(), Error> {
        if let Some(run) = journal.unfinished() {
            return Err(Error::Unfinished(run.plan.id()));
        }
        let blocks: Vec<&str> = plan.blocks().map(|finding| finding.text.as_str()).collect();
        if !blocks.is_empty() {
            return Err(Error::Blocked(blocks.join("; ")));
        }
        journal.begin(Run {
            at,
            actor: self.actor.clone(),
            correlation_id,
            plan,
            state: State::Applying,
            entries: Default::default(),
            answers: Default::default(),
        });
        self.keeper.keep(journal)?;
        self.resume(journal).await
    }

    /// Carries the newest run on to its end, from wherever it stands. Nothing is done when it came to its end.
    ///
    /// # Errors
    /// [`Error`]; the run can be taken up again, or rolled back.
    pub async fn resume(&self, journal: &mut Journal) -> Result<(), Error> {
        let Some(run) = journal.newest().filter(|run| run.state == State::Applying) else { return Ok(()) };
        for step in run.plan.steps.clone() {
            self.take(journal, &step, &step.act, Way::Forwards).await?;
        }
        self.set_state(journal, State::Applied)
    }

    pub(super) fn set_state(&self, journal: &mut Journal, state: State) -> Result<(), Error> {
        if let Some(run) = journal.run_mut() {
            run.state = state;
        }
        Ok(self.keeper.keep(journal)?)
    }

    pub(super) fn mark(
        &self,
        journal: &mut Journal,
        step: &str,
        way: Way,
        mark: Option<Mark>,
    ) -> Result<(), Error> {
        if let Some(run) = journal.run_mut() {
            *way.mark(run.entries.entry(step.to_owned()).or_default()) = mark;
        }
        Ok(self.keeper.keep(journal)?)
    }

    /// Takes one step in one direction, unless it was taken; anew, looks and all, where the tenant had no room for what it writes.
    pub(super) async fn take(
        &self,
        journal: &mut Journal,
        step: &Step,
        act: &Act,
        way: Way,
    ) -> Result<(), Error> {
        for _ in 0..AGAIN {
            let taken = self.take_once(journal, step, act, way).await;
            match &taken {
                Err(Error::Api { error: ApiError::Limited { operation, after }, .. })
                    if !operation.is_read() && after.is_none_or(|after| after <= LONGEST) =>
                {
                    self.port.wait(after.unwrap_or(PAUSE)).await;
                }
                _ => return taken,
            }
        }
        self.take_once(journal, step, act, way).await
    }

    /// What was made and named in an answer is never made again, not even where it can't be seen.
    async fn take_once(&self, journal: &mut Journal, step: &Step, act: &Act, way: Way) -> Result<(), Error> {
        let name = &step.name;
        let Some(run) = journal.newest() else { return Ok(()) };
        let (answers, mut entry) = (run.answers.clone(), run.entry(name));
        let known = *way.mark(&mut entry);
        if known == Some(Mark::Result) {
            return Ok(());
        }
        let is_second = known == Some(Mark::Intent);
        // Why: what was undone by hand is undone; what was done by hand is somebody else's.
        if is_second || way == Way::Backwards {
            let after = self.look_once(name, &act.after, &answers).await?;
            match after {
                Ok(found) if !act.is_blind => {
                    self.keep_answers(journal, step, act, way, found.as_ref())?;
                    if way == Way::Forwards {
                        journal.remember(step);
                    }
                    return self.mark(journal, name, way, Some(Mark::Result));
                }
                // Why: it can be sent again, and whether it was done can't be seen.
                Ok(_) => {}
                Err(_) if way == Way::Forwards && has_answered(&answers, step) => {
                    return self.must_be_seen(journal, step, act, way).await;
                }
                Err(_) => self.must_be_so(name, act, journal).await?,
            }
        } else {
            self.must_be_so(name, act, journal).await?;
        }
        self.send(journal, step, act, way).await
    }

    /// That what must be so before a write is so.
    async fn must_be_so(&self, step: &str, act: &Act, journal: &Journal) -> Result<(), Error> {
        let Some(run) = journal.newest() else { return Ok(()) };
        let found = self.look(step, &act.before, &run.answers).await?;
        found.map(drop).map_err(|miss| Error::Changed { step: step.to_owned(), miss })
    }

    async fn send(&self, journal: &mut Journal, step: &Step, act: &Act, way: Way) -> Result<(), Error> {
        let name = &step.name;
        let Some(run) = journal.newest() else { return Ok(()) };
        let fill = |error| Error::Fill { step: name.clone(), error };
        let request = act.request.fill(&run.answers, self.secrets).map_err(fill)?;
        let reason = match way {
            Way::Forwards => step.reason.clone(),
            Way::Backwards => format!("undoes `{name}`"),
        };
        let cause = Cause {
            correlation_id: run.correlation_id.clone(),
            actor: self.actor.clone(),
            reason,
            authority: Authority::Plan(run.plan.id()),
        };
        self.mark(journal, name, way, Some(Mark::Intent))?;
        let told = |error| Error::Api { step: Some(name.clone()), error };
        let answer = match self.port.api().change(&request, Lane::Interactive, &cause).await {
            Ok(reply) => {
                let shape = |shape| told(ApiError::Shape { operation: request.operation(), shape });
                Some(reply.read::<countersign_auth0::Json>().map_err(shape)?.0)
            }
            // Why: nobody knows whether it was done, so that the look afterwards decides.
            Err(ApiError::Unknown { .. }) if !act.is_blind => None,
            Err(error) => {
                if was_not_done(&error) {
                    self.mark(journal, name, way, None)?;
                }
                return Err(told(error));
            }
        };
        let Some(run) = journal.newest() else { return Ok(()) };
        // Why before the look: the answer names what was made, and the look may go by it.
        if answer.is_some() {
            self.keep_answers(journal, step, act, way, answer.as_ref())?;
        } else if let Ok(found) = self.look(name, &act.after, &run.answers).await? {
            self.keep_answers(journal, step, act, way, found.as_ref())?;
        }
        self.must_be_seen(journal, step, act, way).await
    }

    /// That what was done shows; then it is done.
    async fn must_be_seen(
        &self,
        journal: &mut Journal,
        step: &Step,
        act: &Act,
        way: Way,
    ) -> Result<(), Error> {
        let Some(run) = journal.newest() else { return Ok(()) };
        let seen = self.look(&step.name, &act.after, &run.answers.clone()).await?;
        seen.map_err(|miss| Error::NotSeen { step: step.name.clone(), miss })?;
        if way == Way::Forwards {
            journal.remember(step);
        }
        self.mark(journal, &step.name, way, Some(Mark::Result))
    }

    /// Keeps what later steps need of an answer, and secrets where secrets are kept.
    fn keep_answers(
        &self,
        journal: &mut Journal,
        step: &Step,
        act: &Act,
        way: Way,
        answer: Option<&Value>,
    ) -> Result<(), Error> {
        for keep in &act.keeps {
            let found = answer.and_then(|answer| keep.find(answer));
            let found =
                found.ok_or_else(|| Error::Answer { step: step.name.clone(), what: keep.name.clone() })?;
            if keep.is_secret {
                let secret = Secret::new(found.as_str().unwrap_or_default().as_bytes().to_vec());
                self.keeper.keep_secret(&keep.name, &secret)?;
            } else if let Some(run) = journal.run_mut() {
                run.answers.entry(step.name.clone()).or_default().insert(keep.name.clone(), found.clone());
            }
        }
        if way == Way::Forwards && !act.keeps.is_empty() {
            self.keeper.keep(journal)?;
        }
        Ok(())
    }
}

/// Whether the answer of what a step makes is known, and so that it was made.
pub(super) fn has_answered(answers: &Answers, step: &Step) -> bool {
    let mut keeps = step.act.keeps.iter().filter(|keep| !keep.is_secret).peekable();
    let known = answers.get(&step.name);
    keeps.peek().is_some() && keeps.all(|keep| known.is_some_and(|known| known.contains_key(&keep.name)))
}

/// Whether an error says that nothing was done at the tenant.
const fn was_not_done(error: &ApiError) -> bool {
    !matches!(error, ApiError::Unknown { .. } | ApiError::Unavailable { .. } | ApiError::Shape { .. })
}
