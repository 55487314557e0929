//! Hooks, which Actions took the place of: what a tenant still has, for a report on moving off them.

use serde_json::{Value, json};

use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{Rule, TEXT, may, need, text},
    operations::{delete, get, patch, post},
    page,
    state::Object,
};

/// The collection: ids are 26 digits and letters; secrets are hidden.
pub const HOOKS: &str = "hooks";

/// The alphabet of an id.
const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/hooks", "Get hooks", &["read:hooks"], list),
    post("/hooks", "Create a hook", &["create:hooks"], create).body(&CREATE),
    get("/hooks/{id}", "Get a hook", &["read:hooks"], read),
    patch("/hooks/{id}", "Update a hook", &["update:hooks"], update).body(&UPDATE),
    delete("/hooks/{id}", "Delete a hook", &["delete:hooks"], remove),
    get("/hooks/{id}/secrets", "Get hook secrets", &["read:hooks"], list_secrets),
    post("/hooks/{id}/secrets", "Add hook secrets", &["update:hooks"], put_secrets).body(&SECRETS),
    patch("/hooks/{id}/secrets", "Update hook secrets", &["update:hooks"], put_secrets).body(&SECRETS),
    delete("/hooks/{id}/secrets", "Delete hook secrets", &["delete:hooks"], remove_secrets).body(&NAMES),
];

static DEPENDENCIES: Rule = Rule::Map { each: &TEXT, max: usize::MAX };
static CREATE: Rule = Rule::Object(&[
    need("name", text(1, 100)),
    need("script", text(1, usize::MAX)),
    need(
        "triggerId",
        Rule::OneOf(&[
            "credentials-exchange",
            "pre-user-registration",
            "post-user-registration",
            "post-change-password",
            "send-phone-message",
        ]),
    ),
    may("enabled", Rule::Bool),
    may("dependencies", DEPENDENCIES),
]);
static UPDATE: Rule = Rule::Object(&[
    may("name", text(1, 100)),
    may("script", text(1, usize::MAX)),
    may("enabled", Rule::Bool),
    may("dependencies", DEPENDENCIES),
]);
static SECRETS: Rule = Rule::Map { each: &TEXT, max: usize::MAX };
static NAMES: Rule = Rule::List { each: &text(1, 128), min: 1, max: usize::MAX, unique: false };

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let hook = context.state.objects.find(HOOKS, context.parameter("id"));
    hook.ok_or_else(|| Fault::not_found("Error: Hook does not exist").code("HookDoesNotExist"))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (trigger, enabled) = (context.call.query("triggerId"), context.call.query("enabled"));
    let is_enabled = |hook: &Item| hook.shown.get("enabled") == Some(&Value::Bool(true));
    let all = context.state.objects.all(HOOKS);
    let shown: Vec<&Object> = all
        .filter(|hook| trigger.is_none_or(|trigger| hook.text("triggerId") == trigger))
        .filter(|hook| enabled.is_none_or(|wanted| is_enabled(hook) == (wanted == "true")))
        .map(|hook| &hook.shown)
        .collect();
    page::offset(context.call, "hooks", &shown)
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut shown = context.body();
    let id = format!("01{}", context.state.dice.text(ALPHABET, 24));
    shown.insert("id".to_owned(), id.as_str().into());
    shown.entry("enabled").or_insert(Value::Bool(false));
    shown.entry("dependencies").or_insert_with(|| json!({}));
    if shown.get("enabled") == Some(&Value::Bool(true)) {
        disable_others(context, &id, shown.get("triggerId"));
    }
    context.state.objects.insert(HOOKS, Item { id, shown: shown.clone(), hidden: Object::new() });
    Ok(Reply::created(shown))
}

/// Only one hook of a trigger runs.
fn disable_others(context: &mut Context<'_>, id: &str, trigger: Option<&Value>) {
    let hooks = context.state.objects.all(HOOKS).filter(|hook| hook.id != id);
    let others: Vec<String> =
        hooks.filter(|hook| hook.shown.get("triggerId") == trigger).map(|hook| hook.id.clone()).collect();
    for other in others {
        if let Some(hook) = context.state.objects.find_mut(HOOKS, &other) {
            hook.shown.insert("enabled".to_owned(), Value::Bool(false));
        }
    }
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(page::fields(context.call, &found(context)?.shown)))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let hook = found(context)?;
    let (id, trigger) = (hook.id.clone(), hook.shown.get("triggerId").cloned());
    let body = context.body();
    if body.get("enabled") == Some(&Value::Bool(true)) {
        disable_others(context, &id, trigger.as_ref());
    }
    let hook = context.state.objects.find_mut(HOOKS, &id);
    let shown = hook.map(|hook| {
        hook.shown.extend(body);
        hook.shown.clone()
    });
    Ok(Reply::ok(shown.unwrap_or_default()))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    context.state.objects.remove(HOOKS, &id);
    Ok(Reply::no_content())
}

/// The names of the secrets; their values are never shown.
fn list_secrets(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let names = found(context)?.hidden.keys();
    let shown: Object = names.map(|name| (name.clone(), "_VALUE_NOT_SHOWN_".into())).collect();
    Ok(Reply::ok(shown))
}

fn put_secrets(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let secrets = context.body();
    if let Some(hook) = context.state.objects.find_mut(HOOKS, &id) {
        hook.hidden.extend(secrets);
    }
    Ok(Reply::empty_object(201))
}

fn remove_secrets(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let names = context.call.json().and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(hook) = context.state.objects.find_mut(HOOKS, &id) {
        for name in names.iter().filter_map(Value::as_str) {
            hook.hidden.remove(name);
        }
    }
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    fn hook(api: &mut Api, enabled: bool) -> String {
        let body = json!({"name": "h", "script": "module.exports = 1", "triggerId": "credentials-exchange",
            "enabled": enabled});
        format!("/hooks/{}", api.post("/hooks", body, 201)["id"].as_str().unwrap())
    }

    #[test]
    fn a_hook_is_made_read_changed_and_removed() {
        let mut api = Api::new();
        let path = hook(&mut api, false);
        assert_eq!(api.get(&path, 200)["dependencies"], json!({}));
        assert_eq!(api.patch(&path, json!({"name": "other"}), 200)["name"], "other");
        assert_eq!(
            api.get("/hooks?fields=name&include_totals=true", 200)["hooks"],
            json!([{"name": "other"}])
        );
        api.patch(&path, json!({"triggerId": "send-phone-message"}), 400);
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 404)["errorCode"], "HookDoesNotExist");
    }

    #[test]
    fn one_hook_of_a_trigger_is_enabled() {
        let mut api = Api::new();
        let (first, second) = (hook(&mut api, true), hook(&mut api, true));
        assert_eq!(api.get(&first, 200)["enabled"], false);
        api.patch(&first, json!({"enabled": true}), 200);
        assert_eq!(api.get(&second, 200)["enabled"], false);
        assert_eq!(api.get("/hooks?enabled=true", 200).as_array().unwrap().len(), 1);
    }

    #[test]
    fn secrets_are_named_and_never_shown() {
        let mut api = Api::new();
        let path = format!("{}/secrets", hook(&mut api, false));
        api.post(&path, json!({"A": "hush", "B": "hush"}), 201);
        api.patch(&path, json!({"A": "hush"}), 201);
        api.delete(&path, Some(json!(["B"])), 204);
        assert_eq!(api.get(&path, 200), json!({"A": "_VALUE_NOT_SHOWN_"}));
        let logged = api.tenant.state().records.all().map(|record| Value::from(record.clone()).to_string());
        assert!(logged.into_iter().all(|record| !record.contains("hush")));
    }
}
