//! What stands at a tenant by what was done there, folded from the runs so that it outlives them.

use std::collections::BTreeMap;

use countersign_core::Trigger;
use countersign_plan::{
    Part, Phase, Purpose, Step, Undo,
    install::{Owned, Place, TRIGGERS, action_name},
    posture::ExpectedAction,
    sha256,
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
        let is_undone = match &step.undo {
            Undo::With(other) => self.entry(other).undone,
            Undo::By(_) | Undo::Order(_) | Undo::Irreversible(_) => entry.undone,
        };
        is_done && is_undone != Some(Mark::Result)
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
        for step in run.plan.steps.iter().filter(|step| run.stands(step)) {
            self.owned.take(step, &run.answers);
            self.take(step);
        }
        if matches!(run.state, State::Applied | State::Applying) {
            self.scopes = scopes(run);
        }
    }

    fn take(&mut self, step: &Step) {
        let body = step.act.request.body.as_ref().map(Part::shown).unwrap_or_default();
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

/// What the service's client is for after a run.
fn scopes(run: &Run) -> BTreeMap<String, String> {
    if run.plan.purpose == Purpose::Remove {
        return BTreeMap::new();
    }
    let needs = run.plan.needs.iter().filter(|need| need.phase == Phase::Serve);
    needs.map(|need| (need.scope.clone(), need.capability.clone())).collect()
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;
    use countersign_plan::{
        Plan,
        install::{ActionGoal, Autonomy, Capability, Goal, LogStreamGoal, Observed, plan, remove},
        posture::{Expected, Posture, check},
    };

    use super::*;
    use crate::tenant::{Entry, Journal};

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

    /// A run of which every step was done, and undone where it was rolled back; what it made has its step's name as id.
    fn run(plan: Plan, state: State) -> Run {
        let undone = (state == State::RolledBack).then_some(Mark::Result);
        let entry = |step: &Step| {
            let is_left = matches!(step.undo, Undo::Irreversible(_));
            Entry { done: Some(Mark::Result), undone: undone.filter(|_| !is_left) }
        };
        let entries = plan.steps.iter().map(|step| (step.name.clone(), entry(step))).collect();
        let answer = |step: &Step| {
            let kept =
                step.act.keeps.iter().map(|keep| (keep.name.clone(), step.name.clone().into())).collect();
            (step.name.clone(), kept)
        };
        Run {
            at: Timestamp::from_seconds(1),
            actor: "operator".to_owned(),
            correlation_id: "c".to_owned(),
            entries,
            answers: plan.steps.iter().map(answer).collect(),
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
        let found = journal(vec![run(plan.clone(), State::Applied)]).installed().unwrap();
        let action = &found.actions[&Trigger::PostLogin];
        assert_eq!(action.applied, [sha256(CODE.as_bytes())].into());
        assert_eq!(
            (action.place.as_ref(), &action.secrets[..]),
            (Some(&Place::First), &["COUNTERSIGN_KEY".to_owned()][..])
        );
        assert_eq!(found.log_endpoint.as_deref(), Some(LOGS));
        assert_eq!(found.scopes.get("read:logs").map(String::as_str), Some("ingest"));
        assert!(!found.scopes.contains_key("create:actions"), "whoever installs has that");
        assert_eq!(found.owned.id("log_stream"), Some("log_stream.create"));
        assert_eq!(found.owned.id("action.post-login"), Some("action.post-login.create"));
        assert_eq!(journal(vec![run(plan, State::RolledBack)]).installed(), None);
        assert_eq!(journal(vec![]).installed(), None);
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
            owned: [("action.post-login", "a"), ("log_stream", "l")].into_iter().collect(),
            ..Observed::default()
        };
        let last = remove(&"acme".parse().unwrap(), "acme.eu.auth0.com", &observed);
        let runs = vec![run(first, State::Applied), run(last, State::Applied)];
        assert_eq!(journal(runs).installed(), Some(Installed::default()));
    }

    /// A change that does nothing but to say which code runs.
    fn change(version: u8) -> Plan {
        let mut goal = goal();
        goal.log_stream = None;
        goal.actions.get_mut(&Trigger::PostLogin).unwrap().code = format!("{CODE}const VERSION = {version};");
        plan(&goal, &Observed::default())
    }

    #[test]
    fn what_the_first_run_left_is_expected_after_any_number_of_runs_and_its_loss_found() {
        let mut journal = journal(vec![run(plan(&goal(), &Observed::default()), State::Applied)]);
        let first = journal.installed().unwrap();
        for version in 0..40 {
            journal.begin(run(change(version), State::Applied));
        }
        assert_eq!(journal.runs.len(), 8);
        let now = journal.installed().unwrap();
        assert_eq!((now.log_endpoint.as_deref(), now.owned), (Some(LOGS), first.owned));
        assert_eq!(now.actions[&Trigger::PostLogin].applied.len(), 41);
        let text = serde_json::to_string(&journal).unwrap();
        assert_eq!(serde_json::from_str::<Journal>(&text).unwrap(), journal);
        let expected =
            Expected { log_endpoint: now.log_endpoint, ..Expected::nothing("acme".parse().unwrap()) };
        let posture = Posture { read: countersign_plan::posture::Area::ALL.to_vec(), ..Posture::default() };
        let found = check(&posture, &expected, Timestamp::from_seconds(1));
        assert!(found.iter().any(|finding| finding.code == "log_stream.missing"));
    }

    #[test]
    fn what_was_rolled_back_falls_to_what_was_there_before_and_what_can_t_be_undone_stays() {
        let mut journal = journal(vec![run(plan(&goal(), &Observed::default()), State::Applied)]);
        let before = journal.installed();
        journal.begin(run(change(1), State::RolledBack));
        assert_eq!(journal.installed(), before);
        let observed = Observed {
            log_streams: vec![
                serde_json::from_value(
                    serde_json::json!({"id": "log_stream.create", "name": "x", "type": "http"}),
                )
                .unwrap(),
            ],
            owned: before.unwrap().owned,
            ..Observed::default()
        };
        let removal = remove(&"acme".parse().unwrap(), "acme.eu.auth0.com", &observed);
        journal.begin(run(removal, State::RolledBack));
        let after = journal.installed().unwrap();
        assert_eq!((after.log_endpoint, after.owned.id("log_stream")), (None, None));
        assert!(after.owned.id("action.post-login").is_some());
    }

    #[test]
    fn a_journal_of_before_is_read_and_what_it_kept_is_folded() {
        let journal = journal(vec![run(plan(&goal(), &Observed::default()), State::Applied)]);
        let mut text = serde_json::to_value(&journal).unwrap();
        text["runs"][0]["plan"].as_object_mut().unwrap().remove("adopts");
        assert!(text.get("folded").is_none());
        let mut old: Journal = serde_json::from_value(text).unwrap();
        assert_eq!(old.installed(), journal.installed());
        for version in 0..8 {
            old.begin(run(change(version), State::Applied));
        }
        assert_eq!(old.folded.unwrap().owned.id("log_stream"), Some("log_stream.create"));
    }

    #[test]
    fn what_was_taken_over_is_ours_until_that_is_rolled_back() {
        let mut adopting = plan(&goal(), &Observed::default());
        adopting.steps.clear();
        adopting.adopts = [("api".to_owned(), "rs_1".to_owned())].into();
        let owned = |state| journal(vec![run(adopting.clone(), state)]).installed().unwrap_or_default().owned;
        assert_eq!(owned(State::Applied).id("api"), Some("rs_1"));
        assert_eq!(owned(State::RolledBack).id("api"), None);
    }
}
