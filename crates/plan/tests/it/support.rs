//! Tenants, goals, and the plainest way to carry a plan out.

use std::collections::BTreeMap;

use countersign_core::{Secret, Trigger};
use countersign_plan::{
    Act, Answers, Look, Miss, Plan, Undo, fingerprint,
    install::{
        ActionGoal, ApiGoal, Autonomy, Capability, ClientGoal, EVENT_TOKEN, EVENT_TYPES, EventStreamGoal,
        Goal, LOG_TOKEN, LogStreamGoal, Observed, Owned, Place, TRIGGERS, secret_key,
    },
    testing::{Refused, World},
};
use serde_json::{Value, json};

pub const DOMAIN: &str = "acme.eu.auth0.com";

/// Code of ours for a trigger.
pub fn code(trigger: Trigger, version: u8) -> String {
    format!(
        "// Countersign for Auth0, trigger {trigger}. Built.\n'use strict';\nconst VERSION = {version};\n"
    )
}

/// All that can be wanted.
pub fn everything(version: u8) -> Goal {
    let tenant: countersign_core::TenantId = "acme".parse().unwrap();
    let action =
        |trigger: Trigger| (trigger, ActionGoal { code: code(trigger, version), place: Place::First });
    let print = |of: &str, value: &str| (secret_key(of, &tenant), fingerprint([(of, value.as_bytes())]));
    Goal {
        capabilities: Capability::ALL.iter().map(|capability| (*capability, Autonomy::Report)).collect(),
        actions: TRIGGERS.into_iter().map(action).collect(),
        log_stream: Some(LogStreamGoal { endpoint: "https://cs.example.com/logs".to_owned() }),
        event_stream: Some(EventStreamGoal {
            endpoint: "https://cs.example.com/events".to_owned(),
            types: EVENT_TYPES.map(str::to_owned).to_vec(),
        }),
        api: Some(ApiGoal { identifier: "https://cs.example.com/".to_owned() }),
        client: Some(ClientGoal::Secret),
        fingerprints: [print("actions", "a"), print("log_stream", "b"), print("event_stream", "c")].into(),
        action_secrets: vec!["COUNTERSIGN_URL".to_owned(), "COUNTERSIGN_KEY".to_owned()],
        ..Goal::nothing(tenant.clone(), DOMAIN)
    }
}

pub fn secrets() -> BTreeMap<String, Secret> {
    ["COUNTERSIGN_URL", "COUNTERSIGN_KEY", LOG_TOKEN, EVENT_TOKEN]
        .map(|name| (name.to_owned(), Secret::new(format!("value of {name}").into_bytes())))
        .into()
}

/// A foreign Action, deployed and bound last.
pub fn add_foreign(world: &mut World, trigger: Trigger, name: &str, code: &str) -> String {
    let id = format!("foreign-{}", name.replace(char::is_control, "_"));
    let triggers = json!([{"id": trigger.as_str(), "version": "v3"}]);
    world.collections.entry("actions".to_owned()).or_default().push(json!({
        "id": id, "name": name, "code": code, "status": "built", "all_changes_deployed": true,
        "supported_triggers": triggers, "runtime": "node22",
        "deployed_version": {"id": format!("v-{id}"), "code": code},
    }));
    let order = world.bindings.entry(trigger.as_str().to_owned()).or_default();
    order.push((id.clone(), format!("{name} bound")));
    id
}

fn list(world: &World, name: &str) -> Value {
    world.collections.get(name).cloned().unwrap_or_default().into()
}

/// Reads a tenant.
pub fn observe(world: &World, fingerprints: &BTreeMap<String, String>) -> Observed {
    let mut world = world.clone();
    let bindings = TRIGGERS.map(|trigger| {
        let read = countersign_plan::Template::new(
            "actions.bindings",
            vec![countersign_plan::Part::text(trigger.as_str())],
        );
        let request = read.fill(&Answers::new(), &BTreeMap::new()).unwrap();
        (trigger, serde_json::from_value(world.call(&request).unwrap()).unwrap())
    });
    let typed = |name| list(&world, name);
    Observed {
        actions: serde_json::from_value(typed("actions")).unwrap(),
        bindings: bindings.into(),
        log_streams: serde_json::from_value(typed("log_streams")).unwrap(),
        event_streams: serde_json::from_value(typed("event_streams")).unwrap(),
        apis: serde_json::from_value(typed("resource_servers")).unwrap(),
        clients: serde_json::from_value(typed("clients")).unwrap(),
        grants: serde_json::from_value(typed("client_grants")).unwrap(),
        fingerprints: fingerprints.clone(),
        owned: Owned::default(),
    }
}

/// A tenant, what is kept of answers, and what is remembered of secrets.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub world: World,
    pub answers: Answers,
    pub fingerprints: BTreeMap<String, String>,
    pub owned: Owned,
}

impl Run {
    pub fn observe(&self) -> Observed {
        Observed { owned: self.owned.clone(), ..observe(&self.world, &self.fingerprints) }
    }

    pub fn look(&mut self, look: &Look) -> Result<Option<Value>, Miss> {
        let request = look.read.fill(&self.answers, &BTreeMap::new())?;
        let found = match self.world.call(&request) {
            Ok(found) => Some(found),
            Err(Refused(404)) => None,
            Err(refused) => panic!("{request:?}: {refused:?}"),
        };
        look.check(found.as_ref(), &self.answers).map(Option::<&Value>::cloned)
    }

    pub fn act(&mut self, name: &str, act: &Act) {
        self.look(&act.before).unwrap_or_else(|miss| panic!("before {name}: {miss}"));
        let request = act.request.fill(&self.answers, &secrets()).unwrap();
        let answer = self.world.call(&request).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
        for keep in &act.keeps {
            let found = keep.find(&answer).unwrap_or_else(|| panic!("{name} answers no {}", keep.name));
            self.answers.entry(name.to_owned()).or_default().insert(keep.name.clone(), found.clone());
        }
        self.look(&act.after).unwrap_or_else(|miss| panic!("after {name}: {miss}"));
    }

    pub fn apply(&mut self, plan: &Plan) {
        assert_eq!(plan.blocks().count(), 0, "{:?}", plan.findings);
        plan.adopts.iter().for_each(|(what, id)| self.owned.add(what, id));
        for step in &plan.steps {
            self.act(&step.name, &step.act);
            self.owned.take(step, &self.answers);
            if let Some(remember) = &step.remember {
                self.fingerprints.remove(&remember.key);
                let fingerprint = remember.fingerprint.iter().cloned();
                self.fingerprints.extend(fingerprint.map(|fingerprint| (remember.key.clone(), fingerprint)));
            }
        }
    }

    /// Undoes the steps, backwards; what is undone already is left.
    pub fn roll_back(&mut self, plan: &Plan) {
        for step in plan.steps.iter().rev() {
            let act = match &step.undo {
                Undo::By(act) => (**act).clone(),
                Undo::Order(restore) => {
                    let found = self.world.call(&restore.read().unwrap()).unwrap();
                    restore.act(found.as_array().unwrap(), &[], &self.answers).unwrap()
                }
                Undo::With(_) | Undo::Irreversible(_) => continue,
            };
            if self.look(&act.after).is_err() {
                self.act(&step.name, &act);
            }
        }
    }
}

type State = (BTreeMap<String, Vec<Value>>, BTreeMap<String, Vec<(String, String)>>);

/// What a tenant holds, without counters and versions.
pub fn state(world: &World) -> State {
    let mut collections = world.collections.clone();
    collections.remove("versions");
    for action in collections.get_mut("actions").into_iter().flatten() {
        // Why: a version that is deployed again has another id.
        if let Some(version) = action.pointer_mut("/deployed_version").and_then(Value::as_object_mut) {
            version.remove("id");
        }
    }
    (collections, world.bindings.clone())
}
