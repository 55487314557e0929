//! The same installation as configuration, for those who manage their tenant that way.
//!
//! Secrets are variables; our place among a trigger's Actions is written out, since both tools replace the order as a whole.

mod deploy_cli;
mod terraform;

use countersign_core::Trigger;

pub use self::{deploy_cli::deploy_cli, terraform::terraform};
use crate::install::{
    CLIENT_NAME, ClientGoal, Goal, Observed, Slot, TRIGGERS, action_name, client_scopes, name, order,
};

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

/// How the service's client proves who it is, where it gets one.
fn client_goal(goal: &Goal) -> Option<&ClientGoal> {
    goal.client.as_ref().filter(|_| !client_scopes(goal).is_empty())
}

/// The way from what another tool made to an installation of ours, as comments.
fn way_onward(goal: &Goal) -> String {
    let (client, shown) = match client_goal(goal) {
        None => (String::new(), ""),
        Some(ClientGoal::Secret) => (
            format!(
                "# - Write the secret of the application `{CLIENT_NAME}` from the tenant into `{}.management-secret` in the data directory, which\n\
                 #   its owner alone may read: by that it is known as ours.\n",
                goal.tenant
            ),
            "",
        ),
        Some(ClientGoal::PublicKey(_)) => (
            format!(
                "# - Delete the application `{CLIENT_NAME}`: which keys it has can't be seen, so it can't be taken over, and `apply` makes it anew.\n"
            ),
            " but the client",
        ),
    };
    format!(
        "# What was made this way is not ours by Countersign's journal: `countersign tenant plan` and `apply` are blocked by it, and\n\
         # `countersign tenant remove` leaves it, until it is taken over:\n\
         {client}\
         # - `countersign tenant plan` names what can be taken over in one line, `--adopt ID --adopt ID …`. With that line added it shows secrets\n\
         #   and tokens as still to be set, which can't be read back, and no other difference{shown}.\n\
         # - `countersign tenant apply` with that line takes it over, and sets them to the same values once. From then on it is ours: `plan`\n\
         #   shows nothing, and `remove` takes it out. `countersign tenant rollback` never undoes what was made this way.\n"
    )
}

/// A text in quotes, as JSON and YAML have it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
