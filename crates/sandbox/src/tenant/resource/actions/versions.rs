//! Versions of an Action: what was deployed, and what is.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use super::{ACTIONS, CONTENT, counted, found, missing, picked, settle, summary};
use crate::tenant::{
    Context, Fault, Item, Reply, id,
    state::{Object, State},
};

/// The collection of versions: ids are UUIDs.
const VERSIONS: &str = "action_versions";

/// The most versions of an Action; then the oldest that isn't deployed goes (Auth0: "Actions Limitations").
const MOST: usize = 50;

/// The versions of an Action, oldest first.
fn of<'a>(state: &'a State, action: &'a str) -> impl DoubleEndedIterator<Item = &'a Item> {
    state.objects.all(VERSIONS).filter(move |version| version.hidden_text("action_id") == action)
}

fn version<'a>(state: &'a State, action: &str, id: &str) -> Result<&'a Item, Fault> {
    let version =
        state.objects.find(VERSIONS, id).filter(|version| version.hidden_text("action_id") == action);
    version.ok_or_else(|| Fault::not_found("That action version does not exist."))
}

/// Makes the draft of an Action a version and deploys it. `status` is how far its build is.
pub fn publish(state: &mut State, action_id: &str, status: &str, now: Timestamp) -> Option<Object> {
    let action = state.objects.find(ACTIONS, action_id)?;
    let number_of = |version: &Object| version.get("number").and_then(Value::as_u64).unwrap_or(0);
    let current = action.shown.get("current_version").and_then(Value::as_object).map_or(0, number_of);
    let number =
        of(state, action_id).map(|version| number_of(&version.shown)).max().unwrap_or(0).max(current);
    let mut shown = picked(&action.shown, CONTENT);
    let secrets = action.hidden.get("secrets").cloned().unwrap_or_else(|| json!({}));
    let (id, time) = (id::uuid(&mut state.dice), id::iso(now));
    shown.insert("id".to_owned(), id.clone().into());
    shown.insert("number".to_owned(), number.saturating_add(1).into());
    shown.insert("status".to_owned(), status.into());
    shown.insert("deployed".to_owned(), true.into());
    shown.insert("created_at".to_owned(), time.clone().into());
    shown.insert("updated_at".to_owned(), time.clone().into());
    if status == "built" {
        shown.insert("built_at".to_owned(), time.into());
    }
    let mut hidden = Map::new();
    hidden.insert("action_id".to_owned(), action_id.into());
    hidden.insert("secrets".to_owned(), secrets);
    take_place(state, action_id, &id);
    state.objects.insert(VERSIONS, Item { id, shown: shown.clone(), hidden });
    stand_in(state, action_id, &shown);
    Some(shown)
}

/// Makes room for a version: the ones before it are deployed no more, and too old ones go.
fn take_place(state: &mut State, action: &str, new: &str) {
    let before: Vec<String> = of(state, action).map(|version| version.id.clone()).collect();
    let too_many = before.len().saturating_add(1).saturating_sub(MOST);
    for (place, id) in before.iter().enumerate() {
        if place < too_many && id != new {
            state.objects.remove(VERSIONS, id);
        } else if let Some(version) = state.objects.find_mut(VERSIONS, id) {
            version.shown.insert("deployed".to_owned(), false.into());
        }
    }
}

/// Shows a version in its Action as the current and the deployed one.
fn stand_in(state: &mut State, action_id: &str, version: &Object) {
    let secrets = version.get("id").and_then(Value::as_str).and_then(|id| state.objects.find(VERSIONS, id));
    let secrets = secrets.and_then(|version| version.hidden.get("secrets")).cloned();
    let Some(action) = state.objects.find_mut(ACTIONS, action_id) else { return };
    let mut current = picked(version, &["id", "code", "runtime", "number", "created_at", "updated_at"]);
    let status = version.get("status").and_then(Value::as_str).unwrap_or_default();
    current.insert("status".to_owned(), status.to_uppercase().into());
    if let Some(time) = version.get("built_at") {
        current.insert("build_time".to_owned(), time.clone());
    }
    action.shown.insert("current_version".to_owned(), current.into());
    action.shown.insert("deployed_version".to_owned(), version.clone().into());
    action.hidden.insert("deployed_secrets".to_owned(), secrets.unwrap_or_else(|| json!({})));
}

/// The build of an Action has ended, and with it that of a version that waited for it.
pub fn built(state: &mut State, action_id: &str, now: Timestamp) {
    let waiting = of(state, action_id).find(|version| version.text("status") != "built");
    let Some(id) = waiting.map(|version| version.id.clone()) else { return };
    let Some(version) = state.objects.find_mut(VERSIONS, &id) else { return };
    version.shown.insert("status".to_owned(), "built".into());
    version.shown.insert("built_at".to_owned(), id::iso(now).into());
    let shown = version.shown.clone();
    if shown.get("deployed") == Some(&Value::Bool(true)) {
        stand_in(state, action_id, &shown);
    }
}

pub fn forget(state: &mut State, action: &str) {
    let ids: Vec<String> = of(state, action).map(|version| version.id.clone()).collect();
    for id in ids {
        state.objects.remove(VERSIONS, &id);
    }
}

/// The answer to a deployment: it shows the version as it was before.
fn deployed(state: &State, action_id: &str, version: Option<Object>) -> Result<Reply, Fault> {
    let mut version = version.ok_or_else(missing)?;
    version.remove("built_at");
    version.insert("deployed".to_owned(), false.into());
    version.insert("action".to_owned(), summary(found(state, action_id)?).into());
    Ok(Reply::ok(version))
}

pub fn deploy(context: &mut Context<'_>) -> Result<Reply, Fault> {
    settle(context.state, context.now);
    let action = found(context.state, context.parameter("id"))?;
    if action.text("status") != "built" {
        return Err(Fault::new(400, "A draft must be in the 'built' state before it can be deployed."));
    }
    let id = action.id.clone();
    let version = publish(context.state, &id, "built", context.now);
    deployed(context.state, &id, version)
}

pub fn roll_back(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let action_id = found(context.state, context.parameter("actionId"))?.id.clone();
    let old = version(context.state, &action_id, context.parameter("id"))?.clone();
    let time = context.iso();
    if let Some(action) = context.state.objects.find_mut(ACTIONS, &action_id) {
        action.shown.remove("modules");
        action.shown.extend(picked(&old.shown, CONTENT));
        action.shown.insert("updated_at".to_owned(), time.into());
        action.shown.insert("status".to_owned(), "built".into());
        action
            .hidden
            .insert("secrets".to_owned(), old.hidden.get("secrets").cloned().unwrap_or_else(|| json!({})));
    }
    let version = publish(context.state, &action_id, "built", context.now);
    deployed(context.state, &action_id, version)
}

fn with_action(version: &Item, action: &Item) -> Object {
    let mut shown = version.shown.clone();
    shown.insert("action".to_owned(), summary(action).into());
    shown
}

pub fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    settle(context.state, context.now);
    let action = found(context.state, context.parameter("actionId"))?;
    let newest_first = of(context.state, &action.id).rev();
    let versions: Vec<Object> = newest_first.map(|version| with_action(version, action)).collect();
    counted(context, "versions", &versions)
}

pub fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    settle(context.state, context.now);
    let action = found(context.state, context.parameter("actionId"))?;
    let version = version(context.state, &action.id, context.parameter("id"))?;
    Ok(Reply::ok(with_action(version, action)))
}
