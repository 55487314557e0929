//! Going backwards.

use countersign_plan::Undo;

use super::{Error, Installer, Journal, Mark, State, apply::Way};

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
    /// `Nothing`; [`Error`]: it can be called again.
    pub async fn roll_back(&self, journal: &mut Journal) -> Result<Vec<Left>, Error> {
        let run = journal.newest().filter(|run| run.state != State::RolledBack).ok_or(Error::Nothing)?;
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
                Undo::With(_) => {}
                Undo::Irreversible(why) => left.push(Left { step: step.name.clone(), why: why.clone() }),
            }
        }
        self.set_state(journal, State::RolledBack)?;
        Ok(left)
    }

    /// Finds out of each write whose end nobody knows whether it was done.
    async fn settle(&self, journal: &mut Journal) -> Result<(), Error> {
        let Some(run) = journal.newest() else { return Ok(()) };
        let open = |name: &str| run.entry(name).done == Some(Mark::Intent);
        let steps: Vec<_> = run.plan.steps.iter().filter(|step| open(&step.name)).cloned().collect();
        for step in steps {
            let Some(run) = journal.newest() else { return Ok(()) };
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
