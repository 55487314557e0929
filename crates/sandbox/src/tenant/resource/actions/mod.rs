//! Actions: drafts, their builds, what is deployed, and the secrets that nobody gets back.
//!
//! A draft stands in the Action itself, each deployment in a version of its own. Values of secrets stand on the hidden side
//! of either. `versions` deploys, `bindings` orders what runs at a trigger, `run` is for whoever runs it.

mod bindings;
mod executions;
mod modules;
mod run;
mod triggers;
mod versions;

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

pub use executions::Execution;
pub use run::{BoundAction, BoundModule, Tester};

use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{Rule, TEXT, may, need, text},
    id,
    operations::{delete, get, patch, post},
    page,
    state::{Object, State},
};

/// The collection of Actions: ids are UUIDs.
pub const ACTIONS: &str = "actions";

/// The most Actions of a tenant (Auth0: "Actions Limitations").
const MOST: usize = 100;

/// How long a draft stays `pending`, and how long it then is `building`. Recordings show 0.1 s to 10 s in all.
const PENDING_MICROS: i64 = 200_000;
const BUILDING_MICROS: i64 = 800_000;

/// What a version takes over from the draft.
const CONTENT: &[&str] = &["code", "dependencies", "runtime", "secrets", "supported_triggers", "modules"];

const READ: &[&str] = &["read:actions"];
const CREATE: &[&str] = &["create:actions"];
const UPDATE: &[&str] = &["update:actions"];
const DELETE: &[&str] = &["delete:actions"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/actions/actions", "Get actions", READ, list),
    post("/actions/actions", "Create an action", CREATE, create).body(&NEW),
    get("/actions/actions/{id}", "Get an action", READ, read),
    patch("/actions/actions/{id}", "Update an action", UPDATE, update).body(&CHANGES),
    delete("/actions/actions/{id}", "Delete an action", DELETE, remove),
    post("/actions/actions/{id}/deploy", "Deploy an action", CREATE, versions::deploy),
    post("/actions/actions/{id}/test", "Test an Action", CREATE, run::test).body(&run::TEST),
    get("/actions/actions/{actionId}/versions", "Get an action's versions", READ, versions::list),
    get(
        "/actions/actions/{actionId}/versions/{id}",
        "Get a specific version of an action",
        READ,
        versions::read,
    ),
    post(
        "/actions/actions/{actionId}/versions/{id}/deploy",
        "Roll back to a previous action version",
        CREATE,
        versions::roll_back,
    ),
    get("/actions/executions/{id}", "Get an execution", READ, executions::read),
    get("/actions/triggers", "Get triggers", READ, triggers::list),
    get("/actions/triggers/{triggerId}/bindings", "Get trigger bindings", READ, bindings::list),
    patch("/actions/triggers/{triggerId}/bindings", "Update trigger bindings", UPDATE, bindings::replace)
        .body(&bindings::REPLACE),
    get("/actions/modules", "Get Action Modules", READ, modules::list),
    post("/actions/modules", "Create a new Action Module", CREATE, modules::create).body(&modules::NEW),
    get("/actions/modules/{id}", "Get a specific Action Module by ID", READ, modules::read),
    patch("/actions/modules/{id}", "Update a specific Action Module", UPDATE, modules::update)
        .body(&modules::CHANGES),
    delete("/actions/modules/{id}", "Delete a specific Action Module by ID", DELETE, modules::remove),
    get("/actions/modules/{id}/actions", "List all actions using an Action Module", READ, modules::users),
    post(
        "/actions/modules/{id}/rollback",
        "Rollback an Action Module to a previous version",
        UPDATE,
        modules::roll_back,
    )
    .body(&modules::ROLL_BACK),
    get("/actions/modules/{id}/versions", "List all versions of an Action Module", READ, modules::versions),
    post(
        "/actions/modules/{id}/versions",
        "Creates a new version of an Action Module",
        UPDATE,
        modules::publish,
    ),
    get(
        "/actions/modules/{id}/versions/{versionId}",
        "Get a specific version of an Action Module",
        READ,
        modules::version,
    ),
];

static TRIGGER: Rule = Rule::Open(&[need("id", text(1, 100)), may("version", text(1, 20))]);
static DEPENDENCY: Rule = Rule::Open(&[need("name", text(1, 214)), need("version", text(1, 100))]);
static SECRET: Rule =
    Rule::Object(&[need("name", text(1, 128)), may("value", text(0, 4_096)), may("updated_at", TEXT)]);
static MODULE: Rule = Rule::Open(&[need("module_id", text(1, 64)), need("module_version_id", text(1, 64))]);
const RUNTIME: Rule = Rule::OneOf(&["node12", "node16", "node18", "node18-actions", "node22"]);
/// 100 kB without npm modules (Auth0: "Actions Limitations").
const CODE: Rule = text(0, 100_000);
const DEPENDENCIES: Rule = Rule::List { each: &DEPENDENCY, min: 0, max: 10, unique: false };
const SECRETS: Rule = Rule::List { each: &SECRET, min: 0, max: 30, unique: false };
const MODULES: Rule = Rule::List { each: &MODULE, min: 0, max: 3, unique: false };
const TRIGGERS: Rule = Rule::List { each: &TRIGGER, min: 1, max: 1, unique: false };

static NEW: Rule = Rule::Object(&[
    need("name", text(1, 255)),
    need("supported_triggers", TRIGGERS),
    may("code", CODE),
    may("dependencies", DEPENDENCIES),
    may("runtime", RUNTIME),
    may("secrets", SECRETS),
    may("modules", MODULES),
    may("deploy", Rule::Bool),
]);
static CHANGES: Rule = Rule::Object(&[
    may("name", text(1, 255)),
    may("supported_triggers", TRIGGERS),
    may("code", CODE),
    may("dependencies", DEPENDENCIES),
    may("runtime", RUNTIME),
    may("secrets", SECRETS),
    may("modules", MODULES),
]);

/// The trigger of an Action.
pub fn trigger_of(action: &Item) -> &str {
    triggers::of(action).0
}

fn missing() -> Fault {
    Fault::not_found("That action does not exist.")
}

fn found<'a>(state: &'a State, id: &str) -> Result<&'a Item, Fault> {
    state.objects.find(ACTIONS, id).ok_or_else(missing)
}

/// Lets builds that were begun long enough ago come to their end.
fn settle(state: &mut State, now: Timestamp) {
    let waiting = state.objects.all(ACTIONS).filter(|action| action.text("status") != "built");
    let ids: Vec<String> = waiting.map(|action| action.id.clone()).collect();
    for id in ids {
        let Some(action) = state.objects.find_mut(ACTIONS, &id) else { continue };
        let Some(changed) = action.hidden.get("changed").and_then(Value::as_i64) else { continue };
        let passed = now.micros().saturating_sub(changed);
        if passed < PENDING_MICROS.saturating_add(BUILDING_MICROS) {
            let status = if passed < PENDING_MICROS { "pending" } else { "building" };
            action.shown.insert("status".to_owned(), status.into());
        } else {
            action.shown.insert("status".to_owned(), "built".into());
            versions::built(state, &id, now);
        }
    }
}

/// The Action as the API shows it.
fn shown(action: &Item) -> Object {
    let mut shown = action.shown.clone();
    shown.insert("all_changes_deployed".to_owned(), is_deployed(action).into());
    shown
}

fn is_deployed(action: &Item) -> bool {
    let deployed = action.shown.get("deployed_version").and_then(Value::as_object);
    deployed.is_some_and(|version| CONTENT.iter().all(|name| action.shown.get(*name) == version.get(*name)))
}

/// The Action as versions and bindings show it.
fn summary(action: &Item) -> Object {
    let names = ["id", "name", "supported_triggers", "created_at"];
    let mut shown = picked(&action.shown, &names);
    shown.insert("updated_at".to_owned(), action.text("created_at").into());
    shown.insert("all_changes_deployed".to_owned(), false.into());
    shown
}

fn picked(object: &Object, names: &[&str]) -> Object {
    names.iter().filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone()))).collect()
}

/// A page as the Actions' lists have it: numbers that are nought are left out.
fn counted(context: &Context<'_>, key: &str, items: &[Object]) -> Result<Reply, Fault> {
    let mut body = fully_counted(context, key, items)?;
    body.retain(|name, value| name == key || value.as_u64() != Some(0));
    Ok(Reply::ok(body))
}

fn fully_counted(context: &Context<'_>, key: &str, items: &[Object]) -> Result<Object, Fault> {
    let per_page = page::number(context.call, "per_page", 50, 1, 100)?;
    let number = page::number(context.call, "page", 0, 0, usize::MAX)?;
    let on_page: Vec<&Object> = items.iter().skip(number.saturating_mul(per_page)).take(per_page).collect();
    let total = if on_page.is_empty() { 0 } else { items.len() };
    let body = json!({key: on_page, "total": total, "page": number, "per_page": per_page});
    Ok(body.as_object().cloned().unwrap_or_default())
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    settle(context.state, context.now);
    let call = context.call;
    let (trigger, name, deployed) =
        (call.query("triggerId"), call.query("actionName"), call.query("deployed"));
    let all = context.state.objects.all(ACTIONS);
    let items: Vec<Object> = all
        .filter(|action| trigger.is_none_or(|trigger| triggers::of(action).0 == trigger))
        .filter(|action| name.is_none_or(|name| action.text("name") == name))
        .filter(|action| {
            deployed.is_none_or(|wanted| action.shown.contains_key("deployed_version") == (wanted == "true"))
        })
        // Why: what comes from the marketplace is installed; nothing here does.
        .filter(|_| call.query("installed") != Some("true"))
        .map(shown)
        .collect();
    counted(context, "actions", &items)
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    if context.state.objects.count(ACTIONS) >= MOST {
        return Err(Fault::new(403, format!("You reached the limit of {MOST} actions")));
    }
    let mut body = context.body();
    let deploy = body.remove("deploy") == Some(Value::Bool(true));
    let (id, now) = (id::uuid(&mut context.state.dice), context.iso());
    let empty = || Value::Array(Vec::new());
    let mut draft = Object::new();
    draft.insert("id".to_owned(), id.clone().into());
    draft.insert("created_at".to_owned(), now.into());
    draft.insert("code".to_owned(), "".into());
    draft.insert("dependencies".to_owned(), empty());
    draft.insert("secrets".to_owned(), empty());
    let mut action = Item { id: id.clone(), shown: draft, hidden: Map::new() };
    change(context, &mut action, body)?;
    context.state.objects.insert(ACTIONS, action);
    if deploy {
        versions::publish(context.state, &id, "pending", context.now);
    }
    let action = found(context.state, &id)?;
    Ok(Reply::created(shown(action)))
}

/// Writes changes into a draft, whose build begins anew.
fn change(context: &mut Context<'_>, action: &mut Item, mut changes: Object) -> Result<(), Fault> {
    if let Some(triggers) = changes.get_mut("supported_triggers") {
        let (known, runtime) = triggers::resolve(triggers)?;
        *triggers = known;
        action.shown.entry("runtime").or_insert_with(|| runtime.into());
    }
    if let Some(secrets) = changes.remove("secrets") {
        let (listed, values) = keep_secrets(&secrets, action, &context.iso())?;
        action.shown.insert("secrets".to_owned(), listed);
        action.hidden.insert("secrets".to_owned(), values.into());
    }
    if let Some(modules) = changes.get_mut("modules") {
        *modules = modules::resolve(context.state, modules)?;
    }
    action.shown.extend(changes);
    action.shown.insert("updated_at".to_owned(), context.iso().into());
    action.shown.insert("status".to_owned(), "pending".into());
    action.hidden.insert("changed".to_owned(), context.now.micros().into());
    Ok(())
}

/// What is shown of a list of secrets, and their values. One without a value keeps the value that its name has.
fn keep_secrets(secrets: &Value, before: &Item, now: &str) -> Result<(Value, Object), Fault> {
    let old = before.hidden.get("secrets").and_then(Value::as_object);
    let old_list = before.shown.get("secrets").and_then(Value::as_array);
    let (mut listed, mut values) = (Vec::new(), Object::new());
    for secret in secrets.as_array().into_iter().flatten() {
        let name = secret.get("name").and_then(Value::as_str).unwrap_or_default();
        let sent = secret.get("value").cloned();
        let kept = || old.and_then(|old| old.get(name)).cloned();
        let is_new = sent.is_some();
        let Some(value) = sent.or_else(kept) else {
            return Err(Fault::invalid_body(format!("Secret '{name}' has no value.")));
        };
        if values.insert(name.to_owned(), value).is_some() {
            return Err(Fault::invalid_body(format!("Secret '{name}' is there twice.")));
        }
        let mut times = old_list.into_iter().flatten().filter(|old| old.get("name") == secret.get("name"));
        let time = times.next().and_then(|old| old.get("updated_at")).filter(|_| !is_new).cloned();
        listed.push(json!({"name": name, "updated_at": time.unwrap_or_else(|| now.into())}));
    }
    Ok((listed.into(), values))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    settle(context.state, context.now);
    Ok(Reply::ok(shown(found(context.state, context.parameter("id"))?)))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    settle(context.state, context.now);
    let mut action = found(context.state, context.parameter("id"))?.clone();
    let changes = context.body();
    change(context, &mut action, changes)?;
    let reply = Reply::ok(shown(&action));
    context.state.objects.insert(ACTIONS, action);
    Ok(reply)
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context.state, context.parameter("id"))?.id.clone();
    let force = context.call.query("force") == Some("true");
    if !force && bindings::is_bound(context.state, &id) {
        let message = "The action is bound to a trigger. Remove its bindings first, or delete it with force.";
        return Err(Fault::new(400, message));
    }
    forget(context.state, &id);
    Ok(Reply::no_content())
}

/// Takes an Action out with everything that hangs on it.
pub fn forget(state: &mut State, id: &str) {
    state.objects.remove(ACTIONS, id);
    versions::forget(state, id);
    bindings::forget(state, id);
}

#[cfg(test)]
mod tests;
