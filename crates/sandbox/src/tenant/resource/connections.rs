//! Connections: where users come from.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    clients::CONNECTION_CLIENTS,
    connection_form::{CREATE, UPDATE, complete, defaults, wrong_options},
    connection_users, organization_connections,
};
use crate::tenant::{
    Context, Fault, Group, Item, Operation, Reply,
    check::{Rule, need, text},
    id,
    operations::{delete, get, patch, post},
    page,
    state::{Object, State},
    token::CLIENTS,
};

/// The collection: ids are `con_` and 16 characters.
pub const CONNECTIONS: &str = "connections";

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/connections", "Get all connections", &["read:connections"], list).group(Group::Connections),
    post("/connections", "Create a connection", &["create:connections"], create)
        .body(&CREATE)
        .group(Group::Connections),
    get("/connections/{id}", "Get a connection", &["read:connections"], read).group(Group::Connections),
    patch("/connections/{id}", "Update a connection", &["update:connections"], update)
        .body(&UPDATE)
        .group(Group::Connections),
    delete("/connections/{id}", "Delete a connection", &["delete:connections"], remove)
        .group(Group::Connections),
    get(
        "/connections/{id}/clients",
        "Get enabled clients for a connection",
        &["read:connections"],
        list_clients,
    )
    .group(Group::Connections),
    patch(
        "/connections/{id}/clients",
        "Update enabled clients for a connection",
        &["update:connections"],
        change_clients,
    )
    .body(&CLIENT_CHANGES)
    .group(Group::Connections),
    get("/connections/{id}/status", "Check connection status", &["read:connections"], status)
        .group(Group::ConnectionStatus),
];

static CLIENT_CHANGE: Rule = Rule::Object(&[need("client_id", text(1, 512)), need("status", Rule::Bool)]);
static CLIENT_CHANGES: Rule = Rule::List { each: &CLIENT_CHANGE, min: 1, max: 50, unique: false };

/// What a connection shows whatever fields were asked for.
const ALWAYS: &[&str] =
    &["id", "strategy", "name", "is_domain_connection", "authentication", "connected_accounts"];

/// The connection that the path names.
///
/// # Errors
/// 404 when there is none.
pub fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let connection = context.state.objects.find(CONNECTIONS, context.parameter("id"));
    let message = "The connection does not exist";
    connection.ok_or_else(|| Fault::not_found(message).code("inexistent_connection"))
}

/// A connection with the clients that may use it.
fn whole(context: &Context<'_>, connection: &Item) -> Object {
    let mut shown = connection.shown.clone();
    let clients = context.state.links.rights(CONNECTION_CLIENTS, &connection.id);
    let clients: Vec<Value> = clients.map(|(client, _)| client.into()).collect();
    shown.entry("enabled_clients").or_insert_with(|| clients.into());
    shown
}

/// What the caller may read of a connection: its options need a scope of their own.
fn readable(context: &Context<'_>, connection: &Item) -> Object {
    let mut shown = whole(context, connection);
    if !context.caller.has("read:connections_options") {
        shown.remove("options");
    }
    shown
}

/// The chosen fields of a connection, and those that always come.
fn chosen(context: &Context<'_>, whole: Object) -> Object {
    let mut shown = page::fields(context.call, &whole);
    if context.call.query("include_fields") != Some("false") {
        shown.extend(whole.into_iter().filter(|(name, _)| ALWAYS.contains(&name.as_str())));
    }
    shown
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let call = context.call;
    let strategies: Vec<&str> = call.queries("strategy").collect();
    let (name, domain) = (call.query("name"), call.query("domain_alias"));
    let aliases = |connection: &Item| {
        let list = connection.shown.get("options").and_then(|options| options.get("domain_aliases")).cloned();
        list.and_then(|list| list.as_array().cloned()).unwrap_or_default()
    };
    let shown: Vec<Object> = context
        .state
        .objects
        .all(CONNECTIONS)
        .filter(|connection| strategies.is_empty() || strategies.contains(&connection.text("strategy")))
        .filter(|connection| name.is_none_or(|name| connection.text("name") == name))
        .filter(|connection| {
            domain.is_none_or(|domain| aliases(connection).iter().any(|alias| alias == domain))
        })
        .map(|connection| readable(context, connection))
        .collect();
    page::either(call, "connections", "id", &shown)
}

/// The options of a body, completed; what a script is configured with is kept and shown enciphered.
fn options(context: &mut Context<'_>, strategy: &str, sent: Value, new: bool) -> Result<Value, Fault> {
    let mut options = if sent.is_object() { sent } else { json!({}) };
    if let Some(what) = wrong_options(&options).filter(|_| strategy == "auth0") {
        return Err(Fault::invalid_body(what));
    }
    complete(strategy, &mut options, new);
    for value in options
        .get_mut("configuration")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(Object::values_mut)
    {
        let length = value.as_str().map_or(0, str::len).saturating_add(76);
        *value = STANDARD.encode(context.state.dice.alphanumeric(length)).into();
    }
    Ok(options)
}

/// The database that each tenant has from its start.
pub fn furnish(state: &mut State) {
    let name = "Username-Password-Authentication";
    let id = id::prefixed("con", &mut state.dice);
    let mut options = json!({});
    complete("auth0", &mut options, true);
    let mut shown = defaults("auth0", name);
    for (field, value) in
        [("id", json!(id)), ("name", json!(name)), ("strategy", json!("auth0")), ("options", options)]
    {
        shown.insert(field.to_owned(), value);
    }
    state.objects.insert(CONNECTIONS, Item { id, shown, hidden: Object::new() });
}

/// Takes `enabled_clients` out of a body and makes them the clients that may use the connection.
fn enable(context: &mut Context<'_>, id: &str, body: &mut Object) {
    let Some(Value::Array(clients)) = body.remove("enabled_clients") else { return };
    let before: Vec<String> =
        context.state.links.rights(CONNECTION_CLIENTS, id).map(|(client, _)| client.to_owned()).collect();
    for client in before {
        context.state.links.remove(CONNECTION_CLIENTS, id, &client);
    }
    for client in clients.iter().filter_map(Value::as_str) {
        context.state.links.add(CONNECTION_CLIENTS, id, client, Value::Null);
    }
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut body = context.body();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, strategy) = (text("name"), text("strategy"));
    if context.state.objects.all(CONNECTIONS).any(|connection| connection.text("name") == name) {
        return Err(Fault::conflict("A connection with the same name already exists"));
    }
    let id = id::prefixed("con", &mut context.state.dice);
    let sent = body.remove("options").unwrap_or_default();
    let options = options(context, &strategy, sent, true)?;
    enable(context, &id, &mut body);
    let mut shown = defaults(&strategy, &name);
    if matches!(strategy.as_str(), "ad" | "google-apps") {
        let ticket = context.state.dice.alphanumeric(32);
        let base = &context.options.base_url;
        shown.insert("provisioning_ticket_url".to_owned(), format!("{base}/p/{strategy}/{ticket}").into());
    }
    shown.extend(body);
    shown.insert("id".to_owned(), id.as_str().into());
    shown.insert("options".to_owned(), options);
    let item = Item { id, shown, hidden: Object::new() };
    let reply = whole(context, &item);
    context.state.objects.insert(CONNECTIONS, item);
    Ok(Reply::created(reply))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let shown = readable(context, found(context)?);
    Ok(Reply::ok(chosen(context, shown)))
}

/// Options are replaced whole; metadata is added to.
fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let connection = found(context)?;
    let (id, strategy) = (connection.id.clone(), connection.text("strategy").to_owned());
    let mut body = context.body();
    if let Some(sent) = body.remove("options") {
        let options = options(context, &strategy, sent, false)?;
        body.insert("options".to_owned(), options);
    }
    enable(context, &id, &mut body);
    if let Some(connection) = context.state.objects.find_mut(CONNECTIONS, &id) {
        if let Some(Value::Object(metadata)) = body.remove("metadata") {
            let kept = connection.shown.entry("metadata").or_insert_with(|| json!({}));
            if let Some(kept) = kept.as_object_mut() {
                super::merge(kept, metadata);
            }
        }
        connection.shown.extend(body);
    }
    Ok(Reply::ok(whole(context, found(context)?)))
}

/// Removes a connection, and with a database the users in it. What was gone is gone without an answer.
fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let Ok(connection) = found(context) else { return Ok(Reply::no_content()) };
    let (id, name) = (connection.id.clone(), connection.text("name").to_owned());
    if connection.text("strategy") == "auth0" {
        connection_users::forget(context.state, &name, None);
    }
    context.state.objects.remove(CONNECTIONS, &id);
    context.state.links.forget(CONNECTION_CLIENTS, &id);
    organization_connections::forget(context.state, &id);
    super::connection_scim::forget(context.state, &id);
    super::connection_directory::forget(context.state, &id);
    Ok(Reply::new(202, json!({"deleted_at": context.iso()})))
}

fn list_clients(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let clients = context.state.links.rights(CONNECTION_CLIENTS, &id);
    let shown: Vec<Object> =
        clients.map(|(client, _)| [("client_id".to_owned(), client.into())].into_iter().collect()).collect();
    page::checkpoint(context.call, "clients", "client_id", &shown)
}

fn change_clients(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let changes = context.call.json().and_then(Value::as_array).cloned().unwrap_or_default();
    let pairs: Vec<(&str, bool)> = changes
        .iter()
        .filter_map(|change| Some((change.get("client_id")?.as_str()?, change.get("status")?.as_bool()?)))
        .collect();
    for (client, status) in &pairs {
        if *status && context.state.objects.find(CLIENTS, client).is_none() {
            return Err(super::clients::missing());
        }
    }
    for (client, status) in pairs {
        if status {
            context.state.links.add(CONNECTION_CLIENTS, &id, client, Value::Null);
        } else {
            context.state.links.remove(CONNECTION_CLIENTS, &id, client);
        }
    }
    Ok(Reply::no_content())
}

/// A directory on the customer's own machines is offline: nothing here connects it.
fn status(context: &mut Context<'_>) -> Result<Reply, Fault> {
    match found(context)?.text("strategy") {
        "ad" => Err(Fault::not_found("The connector of the connection is offline.")),
        _ => Ok(Reply::empty_object(200)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{
        Call, Method, Plan,
        testing::{Api, BASE, NOW, request, tenant},
    };

    fn connection(api: &mut Api, name: &str, strategy: &str) -> String {
        let made = api.post("/connections", json!({"name": name, "strategy": strategy}), 201);
        format!("/connections/{}", made["id"].as_str().unwrap())
    }

    #[test]
    fn a_connection_is_made_read_changed_and_removed() {
        let mut api = Api::new();
        let path = connection(&mut api, "db", "auth0");
        api.post("/connections", json!({"name": "db", "strategy": "oidc"}), 409);
        api.post("/connections", json!({"name": "a b", "strategy": "oidc"}), 400);
        assert_eq!(api.get(&path, 200)["options"]["passwordPolicy"], "good");
        let changed =
            api.patch(&path, json!({"options": {"import_mode": false}, "metadata": {"a": "1"}}), 200);
        assert_eq!(
            (&changed["options"]["import_mode"], changed["options"].get("mfa")),
            (&json!(false), None)
        );
        assert_eq!(changed["options"]["brute_force_protection"], true);
        assert!(api.delete(&path, None, 202)["deleted_at"].is_string());
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 404)["errorCode"], "inexistent_connection");
    }

    #[test]
    fn connections_are_found_by_name_and_strategy() {
        let mut api = Api::new();
        connection(&mut api, "db", "auth0");
        connection(&mut api, "corp", "oidc");
        let names = |list: Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(api.get("/connections?name=corp", 200)), ["corp"]);
        assert_eq!(
            names(api.get("/connections?strategy=auth0&strategy=oidc", 200)),
            ["Username-Password-Authentication", "db", "corp"]
        );
        assert_eq!(
            names(api.get("/connections?take=1", 200)["connections"].clone()),
            ["Username-Password-Authentication"]
        );
    }

    #[test]
    fn options_need_a_scope_of_their_own_and_some_fields_always_come() {
        let mut tenant = tenant(Plan::Unlimited);
        let audience = tenant.options().audience();
        let parameters = [
            ("grant_type", "client_credentials"),
            ("client_id", "first"),
            ("client_secret", "sesame"),
            ("audience", &audience),
            ("scope", "create:connections read:connections"),
        ];
        let token =
            tenant.token(&request(&parameters), NOW).json()["access_token"].as_str().unwrap().to_owned();
        let body = json!({"name": "db", "strategy": "auth0"});
        let made = tenant
            .call(&Call::new(Method::Post, BASE, "/connections").with_bearer(&token).with_json(body), NOW);
        let path = format!("/connections/{}?fields=options,realms", made.json()["id"].as_str().unwrap());
        let read = tenant.call(&Call::new(Method::Get, BASE, &path).with_bearer(&token), NOW);
        assert!(read.json().get("options").is_none());
        assert_eq!((&read.json()["realms"], &read.json()["name"]), (&json!(["db"]), &json!("db")));
    }

    #[test]
    fn clients_are_enabled_and_disabled() {
        let mut api = Api::new();
        let path = connection(&mut api, "db", "auth0");
        let clients = format!("{path}/clients");
        api.patch(&clients, json!([{"client_id": "first", "status": true}]), 204);
        api.patch(&clients, json!([{"client_id": "nobody", "status": true}]), 404);
        assert_eq!(api.get(&clients, 200), json!({"clients": [{"client_id": "first"}]}));
        assert_eq!(api.get(&path, 200)["enabled_clients"], json!(["first"]));
        api.patch(&clients, json!([{"client_id": "first", "status": false}]), 204);
        assert_eq!(api.get(&clients, 200), json!({"clients": []}));
        api.patch(&path, json!({"enabled_clients": ["first"]}), 200);
        assert_eq!(api.get(&clients, 200), json!({"clients": [{"client_id": "first"}]}));
    }

    #[test]
    fn what_a_script_is_configured_with_is_not_shown() {
        let mut api = Api::new();
        let body = json!({"name": "db", "strategy": "auth0", "options": {"configuration": {"key": "hush"}}});
        let made = api.post("/connections", body, 201);
        assert!(
            made["options"]["configuration"]["key"].as_str().is_some_and(|shown| !shown.contains("hush"))
        );
    }

    #[test]
    fn attributes_that_contradict_each_other_are_refused() {
        let mut api = Api::new();
        let attribute = json!({"identifier": {"active": true}, "profile_required": true, "signup": {"status": "inactive"}});
        for options in [
            json!({"attributes": {"phone_number": attribute}}),
            json!({"attributes": {}, "requires_username": true}),
        ] {
            let refused =
                api.post("/connections", json!({"name": "db", "strategy": "auth0", "options": options}), 400);
            assert_eq!(refused["errorCode"], "invalid_body");
        }
    }

    #[test]
    fn a_directory_that_nothing_connects_is_offline() {
        let mut api = Api::new();
        let (ad, oidc) = (connection(&mut api, "ad", "ad"), connection(&mut api, "oidc", "oidc"));
        api.get(&format!("{ad}/status"), 404);
        api.get(&format!("{oidc}/status"), 200);
    }
}
