//! Leaving a run as it stands: the way out that needs nothing of the tenant.

use countersign_plan::Undo;

use super::{Journal, Left, Mark, Run, State};

impl Run {
    /// What going back would leave as it is, as far as the journal tells. The tenant may add to it: what somebody else
    /// deleted can't be put back either.
    #[must_use]
    pub fn stays(&self) -> Vec<Left> {
        let deleted = |step: &str| self.entry(step).done == Some(Mark::Result);
        let why = |undo: &Undo| match undo {
            Undo::Irreversible(why) => Some(why.clone()),
            Undo::Order(restore) => {
                let by = restore.deleted_by.as_deref().filter(|by| deleted(by))?;
                restore.puts_back().next()?;
                Some(gone(Some(by)))
            }
            Undo::By(_) | Undo::With(_) => None,
        };
        self.done().filter_map(|step| Some(Left { step: step.name.clone(), why: why(&step.undo)? })).collect()
    }
}

/// Why ours does not go back into an order.
pub(super) fn gone(by: Option<&str>) -> String {
    match by {
        Some(step) => format!("the Action that would be put back was deleted by `{step}`"),
        None => "the Action that would be put back is not there any more".to_owned(),
    }
}

impl Journal {
    /// Leaves the newest run as it stands, if it did not come to its end: what is there at the tenant stays, nothing goes on
    /// with it, and the next plan is made from what is read. Returns what may be there of it; `None` where every run came to
    /// its end. The journal has to be kept then.
    pub fn abandon(&mut self) -> Option<Vec<Left>> {
        self.unfinished()?;
        let run = self.run_mut()?;
        let why = |name: &str| {
            let entry = run.entry(name);
            match (entry.done, entry.undone) {
                (None, _) | (_, Some(Mark::Result)) => None,
                (Some(Mark::Intent), _) => Some("nobody knows whether it was done"),
                (_, Some(Mark::Intent)) => Some("it was done, and nobody knows whether it was undone"),
                (Some(Mark::Result), None) => Some("it was done"),
            }
        };
        let left = run
            .plan
            .steps
            .iter()
            .filter_map(|step| Some(Left { step: step.name.clone(), why: why(&step.name)?.to_owned() }));
        let left = left.collect();
        run.state = State::Abandoned;
        Some(left)
    }
}
