//! Provisioning by SCIM: how a connection maps users, and the tokens of the customer's directory.

use countersign_core::Micros;
use serde_json::{Value, json};

use super::{connections::found, object};
use crate::tenant::{
    Context, Fault, Group, Item, Operation, Reply,
    check::{Rule, TEXT, list as list_of, may, text},
    id,
    operations::{delete, get, patch, post},
    page,
    state::{Object, State},
};

/// The configurations: the id is the connection's.
pub const CONFIGURATIONS: &str = "scim_configurations";

/// The tokens: `token` and `connection_id` are hidden.
pub const TOKENS: &str = "scim_tokens";

/// The most tokens of a connection.
const MOST_TOKENS: usize = 2;

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/connections-scim-configurations", "Get SCIM configurations", &["read:scim_config"], list)
        .group(Group::Connections),
    get(
        "/connections/{id}/scim-configuration",
        "Get a connection's SCIM configuration",
        &["read:scim_config"],
        read,
    )
    .group(Group::Connections),
    post(
        "/connections/{id}/scim-configuration",
        "Create a SCIM configuration",
        &["create:scim_config"],
        create,
    )
    .body(&CONFIGURATION)
    .group(Group::Connections),
    patch(
        "/connections/{id}/scim-configuration",
        "Patch a connection's SCIM configuration",
        &["update:scim_config"],
        update,
    )
    .body(&CONFIGURATION)
    .group(Group::Connections),
    delete(
        "/connections/{id}/scim-configuration",
        "Delete a connection's SCIM configuration",
        &["delete:scim_config"],
        remove,
    )
    .group(Group::Connections),
    get(
        "/connections/{id}/scim-configuration/default-mapping",
        "Get a connection's default SCIM mapping",
        &["read:scim_config"],
        default_mapping,
    )
    .group(Group::Connections),
    get(
        "/connections/{id}/scim-configuration/tokens",
        "Get a connection's SCIM tokens",
        &["read:scim_token"],
        list_tokens,
    )
    .group(Group::Connections),
    post(
        "/connections/{id}/scim-configuration/tokens",
        "Create a SCIM Token",
        &["create:scim_token"],
        create_token,
    )
    .body(&TOKEN)
    .group(Group::Connections),
    delete(
        "/connections/{id}/scim-configuration/tokens/{tokenId}",
        "Delete a connection's SCIM token",
        &["delete:scim_token"],
        remove_token,
    )
    .group(Group::Connections),
];

static PAIR: Rule = Rule::Object(&[may("auth0", TEXT), may("scim", TEXT)]);
static CONFIGURATION: Rule =
    Rule::Object(&[may("user_id_attribute", text(1, 128)), may("mapping", list_of(&PAIR, usize::MAX))]);
static TOKEN: Rule = Rule::Object(&[
    may("scopes", list_of(&TEXT, 20)),
    may("token_lifetime", Rule::Nullable(&Rule::Integer { min: 900, max: i64::MAX })),
]);

/// How users are mapped unless the customer says otherwise: by the name that the strategy gives them.
fn mapping(strategy: &str) -> Value {
    let name = match strategy {
        "waad" => "upn",
        "samlp" => "username",
        _ => "preferred_username",
    };
    let email =
        if strategy == "waad" { "emails[type eq \"work\"].value" } else { "emails[primary eq true].value" };
    let pairs = [
        ("userName", name),
        (email, "email"),
        ("externalId", "app_metadata.external_id"),
        ("active", "blocked"),
        ("displayName", "name"),
        ("name.givenName", "given_name"),
        ("name.familyName", "family_name"),
    ];
    pairs.into_iter().map(|(scim, auth0)| json!({"scim": scim, "auth0": auth0})).collect()
}

fn configuration(context: &Context<'_>) -> Result<Item, Fault> {
    let id = &found(context)?.id;
    context.state.objects.find(CONFIGURATIONS, id).cloned().ok_or_else(|| Fault::not_found("Not Found"))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let shown: Vec<&Object> =
        context.state.objects.all(CONFIGURATIONS).map(|configuration| &configuration.shown).collect();
    page::checkpoint(context.call, "scim_configurations", "connection_id", &shown)
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(configuration(context)?.shown))
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let connection = found(context)?.clone();
    let strategy = connection.text("strategy");
    if !matches!(strategy, "oidc" | "okta" | "samlp" | "waad") {
        let message = format!("SCIM is not supported for connections of the strategy {strategy}");
        return Err(Fault::invalid_body(message));
    }
    if context.state.objects.find(CONFIGURATIONS, &connection.id).is_some() {
        return Err(Fault::conflict("The connection already has a SCIM configuration"));
    }
    let now = context.iso();
    let key = if matches!(strategy, "waad" | "okta" | "oidc") { "externalId" } else { "userName" };
    let shown = json!({
        "tenant_name": context.options().name,
        "connection_id": connection.id,
        "connection_name": connection.text("name"),
        "strategy": strategy,
        "mapping": mapping(strategy),
        "user_id_attribute": key,
        "created_at": now,
        "updated_on": now,
    });
    let mut shown = object(shown);
    shown.extend(context.body());
    let item = Item { id: connection.id, shown: shown.clone(), hidden: Object::new() };
    context.state.objects.insert(CONFIGURATIONS, item);
    Ok(Reply::created(shown))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut item = configuration(context)?;
    item.shown.extend(context.body());
    item.shown.insert("updated_on".to_owned(), context.iso().into());
    let shown = item.shown.clone();
    context.state.objects.insert(CONFIGURATIONS, item);
    Ok(Reply::ok(shown))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = configuration(context)?.id;
    forget(context.state, &id);
    Ok(Reply::no_content())
}

/// Removes a connection's configuration and tokens.
pub fn forget(state: &mut State, connection: &str) {
    state.objects.remove(CONFIGURATIONS, connection);
    let tokens = state.objects.all(TOKENS).filter(|token| token.hidden_text("connection_id") == connection);
    for token in tokens.map(|token| token.id.clone()).collect::<Vec<_>>() {
        state.objects.remove(TOKENS, &token);
    }
}

fn default_mapping(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(json!({"mapping": mapping(found(context)?.text("strategy"))})))
}

fn tokens<'a>(context: &'a Context<'_>, connection: &str) -> impl Iterator<Item = &'a Item> {
    context.state.objects.all(TOKENS).filter(move |token| token.hidden_text("connection_id") == connection)
}

fn list_tokens(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let connection = found(context)?.id.clone();
    let shown: Vec<Value> = tokens(context, &connection).map(|token| token.shown.clone().into()).collect();
    Ok(Reply::ok(shown))
}

fn create_token(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let connection = configuration(context)?.id;
    if tokens(context, &connection).count() >= MOST_TOKENS {
        return Err(Fault::conflict(format!("A connection can't have more than {MOST_TOKENS} SCIM tokens")));
    }
    let body = context.body();
    let id = id::prefixed("tok", &mut context.state.dice);
    let token = format!("{id}.{}", context.state.dice.alphanumeric(43));
    let all = json!(["get:users", "post:users", "put:users", "patch:users", "delete:users"]);
    let mut shown = Object::new();
    shown.insert("token_id".to_owned(), id.as_str().into());
    shown.insert("scopes".to_owned(), body.get("scopes").cloned().unwrap_or(all));
    shown.insert("created_at".to_owned(), context.iso().into());
    if let Some(seconds) = body.get("token_lifetime").and_then(Value::as_i64) {
        let lifetime: Micros = seconds.saturating_mul(1_000_000);
        shown.insert("valid_until".to_owned(), id::iso(context.now.plus(lifetime)).into());
    }
    let hidden = object(json!({"connection_id": connection, "token": token}));
    context.state.objects.insert(TOKENS, Item { id, shown: shown.clone(), hidden });
    shown.insert("token".to_owned(), token.into());
    Ok(Reply::created(shown))
}

fn remove_token(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let connection = found(context)?.id.clone();
    let token = context.parameter("tokenId").to_owned();
    if !tokens(context, &connection).any(|known| known.id == token) {
        return Err(Fault::not_found("Not Found"));
    }
    context.state.objects.remove(TOKENS, &token);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{Method, testing::Api};

    fn connection(api: &mut Api, strategy: &str) -> String {
        let made = api.post("/connections", json!({"name": strategy, "strategy": strategy}), 201);
        format!("/connections/{}/scim-configuration", made["id"].as_str().unwrap())
    }

    #[test]
    fn a_configuration_is_made_read_changed_and_removed() {
        let mut api = Api::new();
        let path = connection(&mut api, "okta");
        api.get(&path, 404);
        let made = api.send(Method::Post, &path, None);
        assert_eq!((made.status, &made.json()["user_id_attribute"]), (201, &json!("externalId")));
        let default = api.get(&format!("{path}/default-mapping"), 200);
        assert_eq!(api.get(&path, 200)["mapping"], default["mapping"]);
        let mapping = json!([{"auth0": "email", "scim": "userName"}]);
        let body = json!({"user_id_attribute": "userName", "mapping": mapping});
        assert_eq!(api.patch(&path, body, 200)["mapping"], mapping);
        let listed = api.get("/connections-scim-configurations", 200);
        assert_eq!(listed["scim_configurations"][0]["strategy"], "okta");
        api.post(&path, json!({}), 409);
        api.delete(&path, None, 204);
        api.get(&path, 404);
    }

    #[test]
    fn databases_are_not_provisioned() {
        let mut api = Api::new();
        let path = connection(&mut api, "auth0");
        api.post(&path, json!({}), 400);
    }

    #[test]
    fn a_token_is_shown_once() {
        let mut api = Api::new();
        let path = connection(&mut api, "okta");
        api.post(&path, json!({}), 201);
        let tokens = format!("{path}/tokens");
        api.post(&tokens, json!({"token_lifetime": 10}), 400);
        let made = api.post(&tokens, json!({"scopes": ["get:users"], "token_lifetime": 900}), 201);
        assert!(made["token"].is_string() && made["valid_until"].is_string());
        assert!(api.get(&tokens, 200)[0].get("token").is_none());
        api.post(&tokens, json!({}), 201);
        api.post(&tokens, json!({}), 409);
        let one = format!("{tokens}/{}", made["token_id"].as_str().unwrap());
        api.delete(&one, None, 204);
        api.delete(&one, None, 404);
    }
}
