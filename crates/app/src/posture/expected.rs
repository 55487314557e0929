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

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;
    use countersign_plan::{
        Plan,
        install::{ActionGoal, Autonomy, Capability, Goal, LogStreamGoal, Observed, plan, remove},
    };

    use super::*;
    use crate::tenant::{Entry, Mark};

    const CODE: &str = "// Countersign for Auth0, trigger post-login.\n";
    const LOGS: &str = "https://cs.example.com/v1/logs/acme";

    fn goal() -> Goal {
        let mut goal = Goal::nothing("acme".parse().unwrap(), "acme.eu.auth0.com");
        let action = ActionGoal { code: CODE.to_owned(), place: Place::First };
        goal.actions.insert(Trigger::PostLogin, action);
        goal.action_secrets = vec!["COUNTERSIGN_KEY".to_owned()];
        goal.log_stream = Some(LogStreamGoal { endpoint: LOGS.to_owned() });
        goal.capabilities =
            [(Capability::Decide, Autonomy::Report), (Capability::Ingest, Autonomy::Report)].into();
        goal
    }

    /// A run of which every step was done.
    fn run(plan: Plan, state: State) -> Run {
        let done = Entry { done: Some(Mark::Result), undone: None };
        let entries = plan.steps.iter().map(|step| (step.name.clone(), done)).collect();
        Run {
            at: Timestamp::from_seconds(1),
            actor: "operator".to_owned(),
            correlation_id: "c".to_owned(),
            entries,
            answers: countersign_plan::Answers::new(),
            plan,
            state,
        }
    }

    fn journal(runs: Vec<Run>) -> Journal {
        Journal { runs, ..Journal::new("acme".parse().unwrap()) }
    }

    #[test]
    fn what_was_applied_is_expected_with_its_place_and_its_scopes() {
        let plan = plan(&goal(), &Observed::default());
        let found = installed(&journal(vec![run(plan.clone(), State::Applied)])).unwrap();
        let action = &found.actions[&Trigger::PostLogin];
        assert_eq!(action.applied, [sha256(CODE.as_bytes())].into());
        assert_eq!(
            (action.place.as_ref(), &action.secrets[..]),
            (Some(&Place::First), &["COUNTERSIGN_KEY".to_owned()][..])
        );
        assert_eq!(found.log_endpoint.as_deref(), Some(LOGS));
        assert_eq!(found.scopes.get("read:logs").map(String::as_str), Some("ingest"));
        assert!(!found.scopes.contains_key("create:actions"), "whoever installs has that");
        assert_eq!(installed(&journal(vec![run(plan, State::RolledBack)])), None);
        assert_eq!(installed(&journal(vec![])), None);
    }

    #[test]
    fn after_a_removal_nothing_is_expected() {
        let first = plan(&goal(), &Observed::default());
        let action = serde_json::json!({"id": "a", "name": "Countersign post-login", "code": CODE,
            "supported_triggers": [{"id": "post-login", "version": "v3"}]});
        let stream = serde_json::json!({"id": "l", "name": "Countersign logs", "type": "http", "sink": {"httpEndpoint": LOGS}});
        let observed = Observed {
            actions: vec![serde_json::from_value(action).unwrap()],
            log_streams: vec![serde_json::from_value(stream).unwrap()],
            ..Observed::default()
        };
        let last = remove(&"acme".parse().unwrap(), "acme.eu.auth0.com", &observed);
        let runs = vec![run(first, State::Applied), run(last, State::Applied)];
        assert_eq!(installed(&journal(runs)), Some(Installed::default()));
    }
}
