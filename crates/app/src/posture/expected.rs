//! What should be at a tenant, by the journal of what was applied.

use std::collections::BTreeMap;

use countersign_core::Trigger;
use countersign_plan::{
    Phase, Purpose, Step,
    install::{Place, TRIGGERS, action_name},
    posture::ExpectedAction,
    sha256,
};
use serde_json::Value;

use crate::tenant::{Journal, Run, State};

/// What was installed, and what it needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Installed {
    /// Our Actions.
    pub actions: BTreeMap<Trigger, ExpectedAction>,
    /// Where our log stream leads.
    pub log_endpoint: Option<String>,
    /// Where our event stream leads.
    pub event_endpoint: Option<String>,
    /// The scopes that capabilities need, and which it is.
    pub scopes: BTreeMap<String, String>,
}

/// What was installed; `None` where nothing ever was.
#[must_use]
pub fn installed(journal: &Journal) -> Option<Installed> {
    let is_in_force = |run: &&Run| matches!(run.state, State::Applied | State::Applying);
    let mut runs = journal.runs.iter().filter(is_in_force).peekable();
    runs.peek()?;
    let mut installed = Installed::default();
    for run in runs {
        for step in run.done() {
            installed.take(step);
        }
        installed.scopes = match run.plan.purpose {
            Purpose::Remove => BTreeMap::new(),
            Purpose::Install => run
                .plan
                .needs
                .iter()
                .filter(|need| need.phase == Phase::Serve)
                .map(|need| (need.scope.clone(), need.capability.clone()))
                .collect(),
        };
    }
    Some(installed)
}

impl Installed {
    fn take(&mut self, step: &Step) {
        let body = step.act.request.body.as_ref().map(countersign_plan::Part::shown).unwrap_or_default();
        let text = |at: &str| body.pointer(at).and_then(Value::as_str).map(str::to_owned);
        match step.name.as_str() {
            "log_stream.create" | "log_stream.update" => self.log_endpoint = text("/sink/httpEndpoint"),
            "log_stream.delete" => self.log_endpoint = None,
            "event_stream.create" | "event_stream.update" => {
                self.event_endpoint = text("/destination/configuration/webhook_endpoint");
            }
            "event_stream.delete" => self.event_endpoint = None,
            name => {
                let parts: Vec<&str> = name.split('.').collect();
                let trigger = parts.get(1).and_then(|word| word.parse().ok());
                let trigger = trigger.filter(|trigger| TRIGGERS.contains(trigger));
                match (parts.as_slice(), trigger) {
                    (["action", _, "create" | "update"], Some(trigger)) => self.deployed(trigger, &body),
                    (["action", _, "delete"], Some(trigger)) => drop(self.actions.remove(&trigger)),
                    (["bindings", _], Some(trigger)) => self.bound(trigger, &body),
                    _ => {}
                }
            }
        }
    }

    fn deployed(&mut self, trigger: Trigger, body: &Value) {
        let action = self.actions.entry(trigger).or_default();
        if let Some(code) = body.get("code").and_then(Value::as_str) {
            action.applied.insert(sha256(code.as_bytes()));
        }
        let secrets = body.get("secrets").and_then(Value::as_array).into_iter().flatten();
        let names: Vec<String> =
            secrets.filter_map(|secret| Some(secret.get("name")?.as_str()?.to_owned())).collect();
        if !names.is_empty() {
            action.secrets = names;
        }
    }

    /// The place of ours in an order that was written, told by who stands beside it.
    fn bound(&mut self, trigger: Trigger, body: &Value) {
        let Some(action) = self.actions.get_mut(&trigger) else { return };
        let bindings = body.get("bindings").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let called: Vec<&str> = bindings
            .iter()
            .map(|binding| binding.get("display_name").and_then(Value::as_str).unwrap_or_default())
            .collect();
        let ours = action_name(trigger);
        let at = called.iter().position(|name| *name == ours);
        action.place = at.and_then(|at| match at.checked_sub(1) {
            None => Some(Place::First),
            Some(_) if at + 1 == called.len() => Some(Place::Last),
            Some(before) => called.get(before).map(|name| Place::After((*name).to_owned())),
        });
    }
}
