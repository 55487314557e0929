//! Which Actions run at a trigger, and in which order.

use serde_json::{Map, Value, json};

use super::{ACTIONS, counted, picked, settle, summary, triggers};
use crate::tenant::{
    Context, Fault, Item, Reply,
    check::{Rule, TEXT, may, need, text},
    id,
    state::{Object, State},
};

/// The collection: one object a trigger, with the list.
const BINDINGS: &str = "action_bindings";

/// The most Actions at a trigger (Auth0: "Actions Limitations").
const MOST: usize = 20;

/// The most Actions at `password-reset-post-challenge` (Auth0: "Password reset triggers").
const MOST_AT_RESET: usize = 4;

static REF: Rule = Rule::Object(&[
    need("type", Rule::OneOf(&["binding_id", "action_id", "action_name"])),
    need("value", text(1, 255)),
]);
static BINDING: Rule = Rule::Open(&[need("ref", REF), may("display_name", TEXT)]);
pub static REPLACE: Rule = Rule::Object(&[need("bindings", LIST)]);
const LIST: Rule = Rule::List { each: &BINDING, min: 0, max: MOST, unique: false };

/// The bindings of a trigger in their order: ids, times, the Action's id and the name that is displayed.
pub fn of<'a>(state: &'a State, trigger: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
    let found = state.objects.find(BINDINGS, trigger);
    let list = found.and_then(|item| item.shown.get("bindings")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}

/// A text of a binding.
pub fn text_of<'a>(binding: &'a Object, name: &str) -> &'a str {
    binding.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn set(state: &mut State, trigger: &str, bindings: &[Value]) {
    let shown = json!({"bindings": bindings}).as_object().cloned().unwrap_or_default();
    state.objects.insert(BINDINGS, Item { id: trigger.to_owned(), shown, hidden: Map::new() });
}

pub fn is_bound(state: &State, action: &str) -> bool {
    let mut triggers = state.objects.all(BINDINGS);
    triggers.any(|trigger| of(state, &trigger.id).any(|binding| text_of(binding, "action_id") == action))
}

/// Unbinds an Action wherever it is bound.
pub fn forget(state: &mut State, action: &str) {
    let triggers: Vec<String> = state.objects.all(BINDINGS).map(|trigger| trigger.id.clone()).collect();
    for trigger in triggers {
        let left = of(state, &trigger).filter(|binding| text_of(binding, "action_id") != action);
        let left: Vec<Value> = left.cloned().map(Value::from).collect();
        set(state, &trigger, &left);
    }
}

/// A binding as the API shows it; `None` when its Action is gone.
fn shown(state: &State, trigger: &str, binding: &Object) -> Option<Object> {
    let action = state.objects.find(ACTIONS, text_of(binding, "action_id"))?;
    let mut short = summary(action);
    short.extend(picked(&action.shown, &["current_version", "deployed_version"]));
    let mut shown = picked(binding, &["id", "created_at", "updated_at", "display_name"]);
    shown.insert("trigger_id".to_owned(), trigger.into());
    shown.insert("action".to_owned(), short.into());
    Some(shown)
}

fn all_shown(state: &State, trigger: &str) -> Vec<Object> {
    of(state, trigger).filter_map(|binding| shown(state, trigger, binding)).collect()
}

fn is_bound_by_entity(trigger: &str) -> Result<bool, Fault> {
    triggers::is_bound_by_entity(trigger).ok_or_else(|| Fault::not_found("That trigger does not exist."))
}

pub fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    settle(context.state, context.now);
    let trigger = context.parameter("triggerId");
    is_bound_by_entity(trigger)?;
    counted(context, "bindings", &all_shown(context.state, trigger))
}

pub fn replace(context: &mut Context<'_>) -> Result<Reply, Fault> {
    settle(context.state, context.now);
    let trigger = context.parameter("triggerId").to_owned();
    if is_bound_by_entity(&trigger)? {
        return Err(Fault::invalid_body(format!("Actions of '{trigger}' can't be bound to the trigger.")));
    }
    let body = context.body();
    let wanted = body.get("bindings").and_then(Value::as_array).cloned().unwrap_or_default();
    if trigger == "password-reset-post-challenge" && wanted.len() > MOST_AT_RESET {
        return Err(Fault::invalid_body(format!("No more than {MOST_AT_RESET} actions can be bound.")));
    }
    let bindings = wanted.iter().map(|wanted| binding(context, &trigger, wanted));
    let bindings: Vec<Value> = bindings.collect::<Result<_, _>>()?;
    set(context.state, &trigger, &bindings);
    Ok(Reply::ok(json!({"bindings": all_shown(context.state, &trigger)})))
}

/// The binding that a body asks for: an old one by its id, or a new one of an Action that is deployed.
fn binding(context: &mut Context<'_>, trigger: &str, wanted: &Value) -> Result<Value, Fault> {
    let part =
        |name: &str| wanted.pointer(&format!("/ref/{name}")).and_then(Value::as_str).unwrap_or_default();
    let (kind, value) = (part("type"), part("value"));
    let display_name = wanted.get("display_name").and_then(Value::as_str);
    let state = &mut *context.state;
    if kind == "binding_id" {
        let old = of(state, trigger).find(|binding| text_of(binding, "id") == value);
        let missing = || Fault::new(400, format!("Binding '{value}' does not exist."));
        let mut binding = old.ok_or_else(missing)?.clone();
        if let Some(name) = display_name {
            binding.insert("display_name".to_owned(), name.into());
        }
        return Ok(binding.into());
    }
    let by_name = |action: &&Item| action.text("name") == value && triggers::of(action).0 == trigger;
    let action = match kind {
        "action_name" => state.objects.all(ACTIONS).find(by_name),
        _ => state.objects.find(ACTIONS, value),
    };
    let Some(action) = action else {
        return Err(Fault::new(400, "Trying to create a binding for an action that does not exist."));
    };
    if triggers::of(action).0 != trigger {
        return Err(Fault::new(
            400,
            format!("Action '{}' does not support '{trigger}'.", action.text("name")),
        ));
    }
    if !action.shown.contains_key("deployed_version") {
        return Err(Fault::new(400, "Trying to create a binding for an action that has not been deployed."));
    }
    let (action_id, name) =
        (action.id.clone(), display_name.unwrap_or_else(|| action.text("name")).to_owned());
    let time = id::iso(context.now);
    let id = id::uuid(&mut state.dice);
    Ok(
        json!({"id": id, "action_id": action_id, "display_name": name, "created_at": time, "updated_at": time}),
    )
}
