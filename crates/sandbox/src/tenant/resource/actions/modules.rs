//! Modules that Actions share: drafts and the versions that were published.

use serde_json::{Map, Value, json};

use super::{
    ACTIONS, counted, fully_counted, keep_secrets, picked,
    run::{BoundModule, packages, text as text_of, values},
};
use crate::tenant::{
    Context, Fault, Item, Reply,
    check::{Rule, may, need, text},
    id,
    state::{Object, State},
};

/// The collections: ids are UUIDs.
const MODULES: &str = "action_modules";
const VERSIONS: &str = "action_module_versions";

/// The most modules of a tenant, and versions of a module (Auth0: "Actions Modules").
const MOST: usize = 100;
const MOST_VERSIONS: usize = 50;

/// What a version takes over from the draft.
const CONTENT: &[&str] = &["code", "dependencies", "secrets"];

pub static NEW: Rule = Rule::Object(&[
    need("name", text(1, 255)),
    need("code", super::CODE),
    may("dependencies", super::DEPENDENCIES),
    may("secrets", super::SECRETS),
    may("api_version", text(1, 20)),
]);
pub static CHANGES: Rule = Rule::Object(&[
    may("code", super::CODE),
    may("dependencies", super::DEPENDENCIES),
    may("secrets", super::SECRETS),
]);
pub static ROLL_BACK: Rule = Rule::Object(&[need("module_version_id", text(1, 64))]);

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let module = context.state.objects.find(MODULES, context.parameter("id"));
    module.ok_or_else(|| Fault::not_found("That module does not exist."))
}

fn no_version() -> Fault {
    Fault::not_found("That module version does not exist.")
}

/// The versions of a module, oldest first.
fn of<'a>(state: &'a State, module: &'a str) -> impl DoubleEndedIterator<Item = &'a Item> {
    state.objects.all(VERSIONS).filter(move |version| version.text("module_id") == module)
}

/// The entries of Actions' drafts that name a module, each with its Action.
fn uses<'a>(state: &'a State, module: &'a str) -> impl Iterator<Item = (&'a Item, &'a Object)> {
    state.objects.all(ACTIONS).flat_map(move |action| {
        let named = action.shown.get("modules").and_then(Value::as_array).into_iter().flatten();
        let named =
            named.filter_map(Value::as_object).filter(move |named| text_of(named, "module_id") == module);
        named.map(move |named| (action, named))
    })
}

fn shown(state: &State, module: &Item) -> Object {
    let mut shown = module.shown.clone();
    let latest = of(state, &module.id).next_back();
    let published = latest.is_some_and(|version| {
        CONTENT.iter().all(|name| module.shown.get(*name) == version.shown.get(*name))
    });
    shown.insert("all_changes_published".to_owned(), published.into());
    shown.insert("actions_using_module_total".to_owned(), uses(state, &module.id).count().into());
    if let Some(version) = latest {
        let latest = picked(&version.shown, &["id", "version_number", "code", "dependencies", "secrets"]);
        shown.insert("latest_version".to_owned(), latest.into());
    }
    shown
}

pub fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let modules: Vec<Object> =
        context.state.objects.all(MODULES).map(|module| shown(context.state, module)).collect();
    Ok(Reply::ok(fully_counted(context, "modules", &modules)?))
}

pub fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.body();
    let has_name = |module: &Item| module.shown.get("name") == body.get("name");
    if context.state.objects.all(MODULES).any(has_name) {
        return Err(Fault::conflict("A module with the same name already exists."));
    }
    if context.state.objects.count(MODULES) >= MOST {
        return Err(Fault::new(403, format!("You reached the limit of {MOST} modules")));
    }
    let (id, time) = (id::uuid(&mut context.state.dice), context.iso());
    let start = json!({"id": id, "dependencies": [], "secrets": [], "created_at": time});
    let mut module = Item { id, shown: start.as_object().cloned().unwrap_or_default(), hidden: Map::new() };
    change(&mut module, body, &time)?;
    let reply = Reply::created(shown(context.state, &module));
    context.state.objects.insert(MODULES, module);
    Ok(reply)
}

fn change(module: &mut Item, mut changes: Object, time: &str) -> Result<(), Fault> {
    if let Some(secrets) = changes.remove("secrets") {
        let (listed, values) = keep_secrets(&secrets, module, time)?;
        module.shown.insert("secrets".to_owned(), listed);
        module.hidden.insert("secrets".to_owned(), values.into());
    }
    module.shown.extend(changes);
    module.shown.insert("updated_at".to_owned(), time.into());
    Ok(())
}

pub fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(shown(context.state, found(context)?)))
}

pub fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut module = found(context)?.clone();
    change(&mut module, context.body(), &context.iso())?;
    let reply = Reply::ok(shown(context.state, &module));
    context.state.objects.insert(MODULES, module);
    Ok(reply)
}

pub fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    if uses(context.state, &id).next().is_some() {
        return Err(Fault::new(412, "The module is used by an action."));
    }
    let versions: Vec<String> = of(context.state, &id).map(|version| version.id.clone()).collect();
    for version in versions {
        context.state.objects.remove(VERSIONS, &version);
    }
    context.state.objects.remove(MODULES, &id);
    Ok(Reply::no_content())
}

pub fn users(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = &found(context)?.id;
    let users: Vec<Object> = uses(context.state, id)
        .map(|(action, named)| {
            let mut shown = picked(named, &["module_version_id", "module_version_number"]);
            shown.insert("action_id".to_owned(), action.id.clone().into());
            shown.insert("action_name".to_owned(), action.text("name").into());
            shown.extend(picked(&action.shown, &["supported_triggers"]));
            shown
        })
        .collect();
    counted(context, "actions", &users)
}

pub fn versions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = &found(context)?.id;
    let newest_first: Vec<Object> =
        of(context.state, id).rev().map(|version| version.shown.clone()).collect();
    Ok(Reply::ok(fully_counted(context, "versions", &newest_first)?))
}

pub fn version(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = &found(context)?.id;
    let version = context.state.objects.find(VERSIONS, context.parameter("versionId"));
    let version = version.filter(|version| version.text("module_id") == id).ok_or_else(no_version)?;
    Ok(Reply::ok(version.shown.clone()))
}

pub fn publish(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let module = found(context)?.clone();
    let numbers =
        of(context.state, &module.id).filter_map(|version| version.shown.get("version_number")?.as_u64());
    let number = numbers.max().unwrap_or(0).saturating_add(1);
    if of(context.state, &module.id).count() >= MOST_VERSIONS {
        let oldest = of(context.state, &module.id).next().map(|oldest| oldest.id.clone());
        oldest.and_then(|oldest| context.state.objects.remove(VERSIONS, &oldest));
    }
    let id = id::uuid(&mut context.state.dice);
    let mut shown = picked(&module.shown, CONTENT);
    shown.insert("id".to_owned(), id.clone().into());
    shown.insert("module_id".to_owned(), module.id.clone().into());
    shown.insert("version_number".to_owned(), number.into());
    shown.insert("created_at".to_owned(), context.iso().into());
    let reply = Reply::ok(shown.clone());
    let hidden = picked(&module.hidden, &["secrets"]);
    context.state.objects.insert(VERSIONS, Item { id, shown, hidden });
    Ok(reply)
}

/// Makes the draft what a version is.
pub fn roll_back(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut module = found(context)?.clone();
    let body = context.body();
    let version = context.state.objects.find(VERSIONS, text_of(&body, "module_version_id"));
    let version = version.filter(|version| version.text("module_id") == module.id).ok_or_else(no_version)?;
    module.shown.extend(picked(&version.shown, CONTENT));
    module.hidden.extend(picked(&version.hidden, &["secrets"]));
    module.shown.insert("updated_at".to_owned(), context.iso().into());
    let reply = Reply::ok(shown(context.state, &module));
    context.state.objects.insert(MODULES, module);
    Ok(reply)
}

/// The modules that a body names, with names and numbers.
pub fn resolve(state: &State, named: &Value) -> Result<Value, Fault> {
    let named = named.as_array().into_iter().flatten().filter_map(Value::as_object);
    let known = named.map(|named| {
        let (module, version) = (text_of(named, "module_id"), text_of(named, "module_version_id"));
        let version = state.objects.find(VERSIONS, version).filter(|found| found.text("module_id") == module);
        let pair = state.objects.find(MODULES, module).zip(version);
        let (module, version) = pair.ok_or_else(|| Fault::new(400, "That module version does not exist."))?;
        Ok(json!({
            "module_id": module.id,
            "module_name": module.text("name"),
            "module_version_id": version.id,
            "module_version_number": version.shown.get("version_number"),
        }))
    });
    known.collect::<Result<Vec<Value>, Fault>>().map(Value::from)
}

/// A module as an Action that names it loads it; `None` when the version is gone.
pub fn bound(state: &State, named: &Value) -> Option<BoundModule> {
    let named = named.as_object()?;
    let version = state.objects.find(VERSIONS, text_of(named, "module_version_id"))?;
    Some(BoundModule {
        name: text_of(named, "module_name").to_owned(),
        code: version.text("code").to_owned(),
        dependencies: packages(&version.shown),
        secrets: values(version.hidden.get("secrets")),
    })
}
