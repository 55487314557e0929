//! Going backwards.

use countersign_plan::{Look, Part, Restore, Step, Template, Undo};

use crate::management::Lane;

use super::{
    Error, Installer, Journal, Mark, State,
    abandon::gone,
    apply::{Way, has_answered},
};

/// A step that could not be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The step.
    pub step: String,
    /// Why.
    pub why: String,
}

impl Installer<'_> {
    /// Undoes the newest run, backwards, from wherever it stands. Returns what can't be undone.
    ///
    /// # Errors
    /// `Nothing`; [`Error`]: it can be called again, or the run abandoned.
    pub async fn roll_back(&self, journal: &mut Journal) -> Result<Vec<Left>, Error> {
        let is_there = |state| !matches!(state, State::RolledBack | State::Abandoned);
        let run = journal.newest().filter(|run| is_there(run.state)).ok_or(Error::Nothing)?;
        let steps = run.plan.steps.clone();
        if run.state != State::RollingBack {
            self.settle(journal).await?;
            self.set_state(journal, State::RollingBack)?;
        }
        let mut left = Vec::new();
        for step in steps.iter().rev() {
            let is_done =
                journal.newest().is_some_and(|run| run.entry(&step.name).done == Some(Mark::Result));
            if !is_done {
                continue;
            }
            match &step.undo {
                Undo::By(act) => self.take(journal, step, act, Way::Backwards).await?,
                Undo::Order(restore) => left.extend(self.restore(journal, step, restore).await?),
                Undo::With(_) => {}
                Undo::Irreversible(why) => left.push(Left { step: step.name.clone(), why: why.clone() }),
            }
        }
        self.set_state(journal, State::RolledBack)?;
        Ok(left)
    }

    /// Puts ours back to where they stood in the order as it is now. Returns what can't be put back, since it is gone.
    async fn restore(
        &self,
        journal: &mut Journal,
        step: &Step,
        restore: &Restore,
    ) -> Result<Option<Left>, Error> {
        let Some(run) = journal.newest() else { return Ok(None) };
        let answers = run.answers.clone();
        let fill = |error| Error::Fill { step: step.name.clone(), error };
        let mut missing: Vec<Part> = Vec::new();
        for id in restore.puts_back() {
            let look = Look::gone(Template::new("actions.get", vec![id.clone()]));
            if self.look_once(&step.name, &look, &answers).await?.is_ok() {
                missing.push(id.clone());
            }
        }
        let request = restore.read().map_err(fill)?;
        let told = |error| Error::Api { step: Some(step.name.clone()), error };
        let found = self.port.list(&request, Lane::Interactive).await.map_err(told)?;
        let act = restore.act(&found, &missing, &answers).map_err(fill)?;
        self.take(journal, step, &act, Way::Backwards).await?;
        let by = |step: &&str| journal.newest().is_some_and(|run| run.entry(step).done == Some(Mark::Result));
        let why = || gone(restore.deleted_by.as_deref().filter(by));
        Ok((!missing.is_empty()).then(|| Left { step: step.name.clone(), why: why() }))
    }

    /// Finds out of each write whose end nobody knows whether it was done.
    async fn settle(&self, journal: &mut Journal) -> Result<(), Error> {
        let Some(run) = journal.newest() else { return Ok(()) };
        let open = |name: &str| run.entry(name).done == Some(Mark::Intent);
        let steps: Vec<_> = run.plan.steps.iter().filter(|step| open(&step.name)).cloned().collect();
        for step in steps {
            let Some(run) = journal.newest() else { return Ok(()) };
            // Why: what was named in an answer was made, whatever became of it since.
            if has_answered(&run.answers, &step) {
                self.mark(journal, &step.name, Way::Forwards, Some(Mark::Result))?;
                continue;
            }
            let found = self.look_once(&step.name, &step.act.after, &run.answers.clone()).await?;
            let mark = match found {
                Ok(found) => {
                    // Why without secrets: what is about to be undone needs none.
                    for keep in step.act.keeps.iter().filter(|keep| !keep.is_secret) {
                        let value = found.as_ref().and_then(|found| keep.find(found)).cloned();
                        if let (Some(value), Some(run)) = (value, journal.run_mut()) {
                            run.answers
                                .entry(step.name.clone())
                                .or_default()
                                .insert(keep.name.clone(), value);
                        }
                    }
                    Some(Mark::Result)
                }
                Err(_) => None,
            };
            self.mark(journal, &step.name, Way::Forwards, mark)?;
        }
        Ok(())
    }
}
