//! The same installation as configuration, for those who manage their tenant that way.
//!
//! Secrets are variables; our place among a trigger's Actions is written out, since both tools replace the order as a whole.

mod deploy_cli;
mod terraform;

use countersign_core::Trigger;

pub use self::{deploy_cli::deploy_cli, terraform::terraform};
use crate::install::{Goal, Observed, Slot, TRIGGERS, action_name, name, order};

/// A file of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, relative.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Where the code of an Action is put.
fn code_path(trigger: Trigger) -> String {
    format!("countersign/{trigger}.js")
}

/// The files of the Actions' code.
fn code_files(goal: &Goal) -> Vec<File> {
    goal.actions
        .iter()
        .map(|(trigger, action)| File { path: code_path(*trigger), text: action.code.clone() })
        .collect()
}

/// The name of our Action: the one that it has, else the one it gets.
fn our_name(observed: &Observed, trigger: Trigger) -> String {
    observed.our_action(trigger).map_or_else(|| action_name(trigger), |action| name(action).to_owned())
}

/// The orders of the triggers that our Actions are bound to; one whose place is not there is left out.
fn orders(goal: &Goal, observed: &Observed) -> Vec<(Trigger, Vec<Slot>)> {
    let wanted = TRIGGERS.into_iter().filter(|trigger| goal.actions.contains_key(trigger));
    wanted.filter_map(|trigger| Some((trigger, order(goal, observed, trigger)?))).collect()
}

/// What is said of the triggers whose order is left out; without it nobody would see that our Action does not run there.
fn left_out(goal: &Goal, observed: &Observed) -> String {
    let without = TRIGGERS
        .into_iter()
        .filter(|trigger| goal.actions.contains_key(trigger) && order(goal, observed, *trigger).is_none());
    without
        .map(|trigger| {
            format!(
                "# Left out: the order of {trigger}. What our Action is to stand beside is not bound there.\n"
            )
        })
        .collect()
}

/// A text in quotes, as JSON and YAML have it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
