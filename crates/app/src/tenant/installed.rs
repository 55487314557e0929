//! What stands at a tenant by what was done there, folded from the runs so that it outlives them.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use countersign_core::Trigger;
use countersign_plan::{
    Part, Phase, Purpose, Says, Step, Undo,
    install::{Owned, Place, TRIGGERS},
    posture::ExpectedAction,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Mark, Run, State};

/// What was installed, and what it needs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    /// The ids of what was made or taken over.
    pub owned: Owned,
    /// Our Actions.
    pub actions: BTreeMap<Trigger, ExpectedAction>,
    /// Where our log stream leads.
    pub log_endpoint: Option<String>,
    /// Where our event stream leads.
    pub event_endpoint: Option<String>,
    /// The scopes that capabilities need, and which it is.
    pub scopes: BTreeMap<String, String>,
}

impl Run {
    /// Whether what a step did still stands: it was done, or its answer says so, and it was not undone.
    fn stands(&self, step: &Step) -> bool {
        let entry = self.entry(&step.name);
        let is_done = match entry.done {
            Some(Mark::Result) => true,
            Some(Mark::Intent) => self.answers.contains_key(&step.name),
            None => false,
        };
        is_done && self.undone(step) != Some(Mark::Result)
    }

    /// How far a step was undone, by itself or with another.
    fn undone(&self, step: &Step) -> Option<Mark> {
        match &step.undo {
            Undo::With(other) => self.entry(other).undone,
            Undo::By(_) | Undo::Order(_) | Undo::Irreversible(_) => self.entry(&step.name).undone,
        }
    }

    /// Whether nobody knows if a step was done, or undone.
    fn is_open(&self, step: &Step) -> bool {
        match self.undone(step) {
            None => self.entry(&step.name).done == Some(Mark::Intent) && !self.stands(step),
            Some(undone) => undone == Mark::Intent,
        }
    }

    /// Whether it left anything: what was rolled back to its beginning did not.
    pub(super) fn is_of_account(&self) -> bool {
        self.state != State::RolledBack || self.plan.steps.iter().any(|step| self.stands(step))
    }
}

impl Installed {
    /// Takes in what a run did, as far as it stands.
    pub(super) fn fold(&mut self, run: &Run) {
        if run.state != State::RolledBack {
            run.plan.adopts.iter().for_each(|(what, id)| self.owned.add(what, id));
        }
        for step in &run.plan.steps {
            if run.stands(step) {
                self.owned.take(step, &run.answers);
                self.take(step);
            }
            self.deployed(run, step);
        }
        self.placed(run);
        self.granted(run);
    }

    fn take(&mut self, step: &Step) {
        let body = step.act.request.body.as_ref().map(Part::shown).unwrap_or_default();
        let text = |at: &str| body.pointer(at).and_then(Value::as_str).map(str::to_owned);
        match step.name.as_str() {
            // Why not without one: an address that does not change is not sent.
            "log_stream.create" | "log_stream.update" => {
                self.log_endpoint = text("/sink/httpEndpoint").or(self.log_endpoint.take());
            }
            "log_stream.delete" => self.log_endpoint = None,
            "event_stream.create" | "event_stream.update" => {
                let sent = text("/destination/configuration/webhook_endpoint");
                self.event_endpoint = sent.or(self.event_endpoint.take());
            }
            "event_stream.delete" => self.event_endpoint = None,
            name => {
                let (parts, trigger) = about(name);
                match (parts.as_slice(), trigger) {
                    (["action", _, "create" | "update"], Some(trigger)) => self.written(trigger, &body),
                    (["action", _, "delete"], Some(trigger)) => drop(self.actions.remove(&trigger)),
                    (["bindings", _], Some(trigger)) => self.bound(trigger, &body),
                    _ => {}
                }
            }
        }
    }

    /// The code that a step deployed takes the place of what ran before; while nobody knows whether it did, either may run.
    fn deployed(&mut self, run: &Run, step: &Step) {
        let (parts, Some(trigger)) = about(&step.name) else { return };
        if !matches!(parts.as_slice(), ["action", _, "deploy"]) {
            return;
        }
        let (is_open, stands) = (run.is_open(step), run.stands(step));
        let mut claims = step.act.after.claims.iter().flatten();
        let code = claims.find_map(|claim| match &claim.says {
            Says::Hash(hash) if claim.at == "/code" => Some(hash.clone()),
            _ => None,
        });
        let Some(code) = code.filter(|_| is_open || stands) else { return };
        let action = self.actions.entry(trigger).or_default();
        if !is_open {
            action.applied.clear();
        }
        action.applied.insert(code);
    }

    fn written(&mut self, trigger: Trigger, body: &Value) {
        let action = self.actions.entry(trigger).or_default();
        let secrets = body.get("secrets").and_then(Value::as_array).into_iter().flatten();
        let names: Vec<String> =
            secrets.filter_map(|secret| Some(secret.get("name")?.as_str()?.to_owned())).collect();
        if !names.is_empty() {
            action.secrets = names;
        }
    }

    /// The places that were wanted, where the order is so by the run, or was before.
    fn placed(&mut self, run: &Run) {
        let is_over = matches!(run.state, State::RollingBack | State::RolledBack);
        for (trigger, place) in &run.plan.places {
            let name = format!("bindings.{trigger}");
            let step = run.plan.steps.iter().find(|step| step.name == name);
            let is_so = step.map_or(!is_over, |step| run.stands(step));
            if is_so && self.owned.id(&format!("action.{trigger}")).is_some() {
                self.actions.entry(*trigger).or_default().place = Some(place.clone());
            }
        }
    }

    /// What the service's client is for: by a run that was carried out, else by its steps about the grant that stand.
    fn granted(&mut self, run: &Run) {
        if run.state == State::Applied {
            self.scopes = scopes(run);
            return;
        }
        let is_grant = |step: &&Step| step.name.starts_with("client_grant.") || step.name == "client.delete";
        let mut grants = run.plan.steps.iter().filter(is_grant).peekable();
        if grants.peek().is_none() && run.state == State::Applying {
            self.scopes = scopes(run);
        }
        for step in grants.filter(|step| run.stands(step)) {
            self.scopes = if step.name.ends_with(".delete") { BTreeMap::new() } else { scopes(run) };
        }
    }

    /// The place of ours in an order that was written, told by who stands beside it: the plans of before do not say it.
    fn bound(&mut self, trigger: Trigger, body: &Value) {
        let Some(action) = self.actions.get_mut(&trigger) else { return };
        let bindings = body.get("bindings").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let called: Vec<&str> = bindings
            .iter()
            .map(|binding| binding.get("display_name").and_then(Value::as_str).unwrap_or_default())
            .collect();
        let what = format!("action.{trigger}");
        let made = Part::answer(&format!("{what}.create"), "id").shown();
        let is_ours = |binding: &Value| {
            let id = binding.pointer("/ref/value").filter(|id| !id.is_null());
            id.is_some_and(|id| *id == made || id.as_str() == self.owned.id(&what))
        };
        let at = bindings.iter().position(is_ours);
        action.place = at.and_then(|at| match at.checked_sub(1) {
            None => Some(Place::First),
            Some(_) if at + 1 == called.len() => Some(Place::Last),
            Some(before) => called.get(before).map(|name| Place::After((*name).to_owned())),
        });
    }
}

/// The parts of a step's name, and the trigger that it is about.
fn about(name: &str) -> (Vec<&str>, Option<Trigger>) {
    let parts: Vec<&str> = name.split('.').collect();
    let trigger = parts.get(1).and_then(|word| word.parse().ok());
    (parts, trigger.filter(|trigger| TRIGGERS.contains(trigger)))
}

/// What the service's client is for after a run.
fn scopes(run: &Run) -> BTreeMap<String, String> {
    if run.plan.purpose == Purpose::Remove {
        return BTreeMap::new();
    }
    let needs = run.plan.needs.iter().filter(|need| need.phase == Phase::Serve);
    needs.map(|need| (need.scope.clone(), need.capability.clone())).collect()
}
