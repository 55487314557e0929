//! For whoever runs Actions: what is bound to a trigger with everything it needs, and the way to a test run.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{ACTIONS, bindings, found, modules, triggers};
use crate::tenant::{
    Context, Fault, Item, Reply,
    check::{Rule, need},
    state::{Object, State},
};

/// Runs a draft with an event, for `POST /actions/actions/{id}/test`; what it gives is the answer's `payload`.
pub type Tester = Arc<dyn Fn(&BoundAction, &Value) -> Value + Send + Sync>;

/// An Action as it is to be run. It holds secrets, and so has no `Debug`.
#[derive(Clone, PartialEq)]
pub struct BoundAction {
    /// The Action's id.
    pub action_id: String,
    /// Its name.
    pub name: String,
    /// The binding by which it runs; `None` when it is bound by an entity or tested.
    pub binding_id: Option<String>,
    /// The deployed version's id; empty for a draft.
    pub version_id: String,
    /// The trigger's version that the code is written for, such as `v3`.
    pub trigger_version: String,
    /// The source.
    pub code: String,
    /// Such as `node22`.
    pub runtime: String,
    /// Names and versions of the packages that it may load.
    pub dependencies: Vec<(String, String)>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, String>,
    /// The modules of the tenant that it may load.
    pub modules: Vec<BoundModule>,
}

/// A module of the tenant, in the version that an Action asks for. It holds secrets, and so has no `Debug`.
#[derive(Clone, PartialEq)]
pub struct BoundModule {
    /// The name to load it by, below `actions:`.
    pub name: String,
    /// The source.
    pub code: String,
    /// Names and versions of the packages that it may load.
    pub dependencies: Vec<(String, String)>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, String>,
}

impl State {
    /// The Actions bound to a trigger, in their order, each as it is deployed.
    #[must_use]
    pub fn bound_actions(&self, trigger: &str) -> Vec<BoundAction> {
        let bound = bindings::of(self, trigger).filter_map(|binding| {
            let mut action = self.deployed_action(bindings::text_of(binding, "action_id"))?;
            action.binding_id = Some(bindings::text_of(binding, "id").to_owned());
            Some(action)
        });
        bound.collect()
    }

    /// An Action as it is deployed, for entities that name one; `None` when there is none or it isn't deployed.
    #[must_use]
    pub fn deployed_action(&self, id: &str) -> Option<BoundAction> {
        let action = self.objects.find(ACTIONS, id)?;
        let version = action.shown.get("deployed_version").and_then(Value::as_object)?;
        let mut bound = self.runnable(action, version, "deployed_secrets");
        bound.version_id = text(version, "id").to_owned();
        Some(bound)
    }

    fn runnable(&self, action: &Item, content: &Object, secrets: &str) -> BoundAction {
        let named = content.get("modules").and_then(Value::as_array).into_iter().flatten();
        BoundAction {
            action_id: action.id.clone(),
            name: action.text("name").to_owned(),
            binding_id: None,
            version_id: String::new(),
            trigger_version: triggers::of(action).1.to_owned(),
            code: text(content, "code").to_owned(),
            runtime: text(content, "runtime").to_owned(),
            dependencies: packages(content),
            secrets: values(action.hidden.get(secrets)),
            modules: named.filter_map(|module| modules::bound(self, module)).collect(),
        }
    }
}

pub(super) fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Names and versions of a list of dependencies.
pub(super) fn packages(content: &Object) -> Vec<(String, String)> {
    let list = content.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    let objects = list.filter_map(Value::as_object);
    objects.map(|package| (text(package, "name").to_owned(), text(package, "version").to_owned())).collect()
}

/// Secrets by name.
pub(super) fn values(secrets: Option<&Value>) -> BTreeMap<String, String> {
    let pairs = secrets.and_then(Value::as_object).into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

static PAYLOAD: Rule = Rule::Open(&[]);
pub static TEST: Rule = Rule::Object(&[need("payload", PAYLOAD)]);

pub fn test(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let action = found(context.state, context.parameter("id"))?;
    let draft = context.state.runnable(action, &action.shown, "secrets");
    let Some(tester) = context.tester else {
        return Err(Fault::new(503, "This tenant has nothing that runs Actions."));
    };
    let event = context.call.json().and_then(|body| body.pointer("/payload/event")).cloned();
    let payload = tester(&draft, &event.unwrap_or_else(|| json!({})));
    Ok(Reply::ok(json!({"payload": payload})))
}
