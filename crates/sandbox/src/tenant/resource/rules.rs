//! Rules and their settings, which Actions took the place of: what a tenant still has, for a report on moving off them.

use serde_json::{Value, json};

use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{Rule, may, need, text},
    id,
    operations::{delete, get, patch, post, put},
    page,
    state::Object,
};

/// The collection: ids are `rul_` and 16 characters.
pub const RULES: &str = "rules";

/// The settings that rules read: the id is the key, the value is hidden.
pub const CONFIGS: &str = "rules_configs";

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/rules", "Get rules", &["read:rules"], list),
    post("/rules", "Create a rule", &["create:rules"], create).body(&CREATE),
    get("/rules/{id}", "Get a rule", &["read:rules"], read),
    patch("/rules/{id}", "Update a rule", &["update:rules"], update).body(&UPDATE),
    delete("/rules/{id}", "Delete a rule", &["delete:rules"], remove),
    get("/rules-configs", "Retrieve config variable keys for rules", &["read:rules_configs"], list_configs),
    put("/rules-configs/{key}", "Set rules config for a given key", &["update:rules_configs"], put_config)
        .body(&CONFIG),
    delete(
        "/rules-configs/{key}",
        "Delete rules config for a given key",
        &["delete:rules_configs"],
        remove_config,
    ),
];

static CREATE: Rule = Rule::Object(&[
    need("name", text(1, 255)),
    need("script", text(1, usize::MAX)),
    may("order", Rule::Integer { min: 0, max: i64::MAX }),
    may("enabled", Rule::Bool),
]);
static UPDATE: Rule = Rule::Object(&[
    may("name", text(1, 255)),
    may("script", text(1, usize::MAX)),
    may("order", Rule::Integer { min: 0, max: i64::MAX }),
    may("enabled", Rule::Bool),
]);
static CONFIG: Rule = Rule::Object(&[need("value", text(1, 6_144))]);

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let rule = context.state.objects.find(RULES, context.parameter("id"));
    rule.ok_or_else(|| Fault::not_found("The rule does not exist.").code("inexistent_rule"))
}

fn order(rule: &Item) -> i64 {
    rule.shown.get("order").and_then(Value::as_i64).unwrap_or_default()
}

/// Refuses a name and a place that another rule has.
fn check_unique(context: &Context<'_>, own: &str, body: &Object) -> Result<(), Fault> {
    for (name, message) in [
        ("name", "A rule with the same name already exists"),
        ("order", "A rule with the same order already exists"),
    ] {
        let mut others = context.state.objects.all(RULES).filter(|rule| rule.id != own);
        if body.contains_key(name) && others.any(|rule| rule.shown.get(name) == body.get(name)) {
            return Err(Fault::conflict(message));
        }
    }
    Ok(())
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let enabled = context.call.query("enabled").map(|value| value == "true");
    let all = context.state.objects.all(RULES);
    let mut rules: Vec<&Item> = all
        .filter(|rule| enabled.is_none_or(|wanted| rule.shown.get("enabled") == Some(&Value::Bool(wanted))))
        .collect();
    rules.sort_by_key(|rule| order(rule));
    let shown: Vec<&Object> = rules.into_iter().map(|rule| &rule.shown).collect();
    page::offset(context.call, "rules", &shown)
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut shown = context.body();
    check_unique(context, "", &shown)?;
    let id = id::prefixed("rul", &mut context.state.dice);
    let last = context.state.objects.all(RULES).map(order).max().unwrap_or_default();
    shown.insert("id".to_owned(), id.as_str().into());
    shown.entry("order").or_insert_with(|| last.saturating_add(1).into());
    shown.entry("enabled").or_insert(Value::Bool(true));
    shown.entry("stage").or_insert_with(|| "login_success".into());
    context.state.objects.insert(RULES, Item { id, shown: shown.clone(), hidden: Object::new() });
    Ok(Reply::created(shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(page::fields(context.call, &found(context)?.shown)))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let body = context.body();
    check_unique(context, &id, &body)?;
    let rule = context.state.objects.find_mut(RULES, &id);
    let shown = rule.map(|rule| {
        rule.shown.extend(body);
        rule.shown.clone()
    });
    Ok(Reply::ok(shown.unwrap_or_default()))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = context.parameter("id").to_owned();
    context.state.objects.remove(RULES, &id);
    Ok(Reply::no_content())
}

fn list_configs(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let keys: Vec<Value> =
        context.state.objects.all(CONFIGS).map(|config| config.shown.clone().into()).collect();
    Ok(Reply::ok(keys))
}

fn put_config(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let key = context.parameter("key").to_owned();
    let hidden = context.body();
    let shown: Object = [("key".to_owned(), key.as_str().into())].into_iter().collect();
    let reply = json!({"key": key, "value": hidden.get("value")});
    context.state.objects.insert(CONFIGS, Item { id: key, shown, hidden });
    Ok(Reply::ok(reply))
}

fn remove_config(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let key = context.parameter("key").to_owned();
    context.state.objects.remove(CONFIGS, &key);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{Method, testing::Api};

    #[test]
    fn rules_stand_in_their_order() {
        let mut api = Api::new();
        let script = "function (user, context, callback) { callback(null, user, context); }";
        let first = api.post("/rules", json!({"name": "a", "script": script}), 201);
        api.post("/rules", json!({"name": "b", "script": script, "enabled": false}), 201);
        api.post("/rules", json!({"name": "a", "script": script}), 409);
        let path = format!("/rules/{}", first["id"].as_str().unwrap());
        api.patch(&path, json!({"order": 9}), 200);
        assert_eq!(api.get("/rules?fields=name", 200), json!([{"name": "b"}, {"name": "a"}]));
        assert_eq!(api.get("/rules?fields=name&enabled=true", 200), json!([{"name": "a"}]));
        assert_eq!(api.get(&path, 200)["stage"], "login_success");
        api.delete(&path, None, 204);
        api.get(&path, 404);
    }

    #[test]
    fn settings_are_named_and_neither_shown_nor_logged() {
        let mut api = Api::new();
        let put = api.send(Method::Put, "/rules-configs/KEY", Some(json!({"value": "hush"})));
        assert_eq!(put.json(), &json!({"key": "KEY", "value": "hush"}));
        assert_eq!(api.get("/rules-configs", 200), json!([{"key": "KEY"}]));
        api.delete("/rules-configs/KEY", None, 204);
        assert_eq!(api.get("/rules-configs", 200), json!([]));
        let logged = api.tenant.state().records.all().map(|record| Value::from(record.clone()).to_string());
        assert!(logged.into_iter().all(|record| !record.contains("hush")));
    }
}
