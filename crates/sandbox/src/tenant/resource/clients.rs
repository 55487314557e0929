//! Clients, also called applications.

use serde_json::{Value, json};

use super::{
    client_credentials,
    client_form::{ADDED_TO, CREATE, UPDATE, defaults},
};
use crate::tenant::{
    Context, Fault, Group, Item, Operation, Options, Reply, certificate, id,
    operations::{delete, get, patch, post},
    page,
    state::{Object, State},
    token::{CLIENTS, GRANTS},
};

/// Connections to the clients that may use them: left is the connection's id.
pub const CONNECTION_CLIENTS: &str = "connection_clients";

const READ: &[&str] = &["read:clients", "read:client_keys", "read:client_credentials", "read:client_summary"];
const CHANGE: &[&str] = &[
    "update:clients",
    "update:client_keys",
    "update:client_credentials",
    "update:client_token_vault_privileged_access",
];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/clients", "Get clients", READ, list).group(Group::Clients),
    post("/clients", "Create a client", &["create:clients"], create).body(&CREATE).group(Group::Clients),
    get("/clients/{id}", "Get client by ID", READ, read).group(Group::Clients),
    patch("/clients/{id}", "Update a client", CHANGE, update).body(&UPDATE).group(Group::Clients),
    delete("/clients/{id}", "Delete a client", &["delete:clients"], remove).group(Group::Clients),
    post("/clients/{id}/rotate-secret", "Rotate a client secret", &["update:client_keys"], rotate)
        .group(Group::Clients),
    get(
        "/clients/{id}/connections",
        "Get enabled connections for a client",
        &["read:connections", "read:clients", "read:client_summary"],
        list_connections,
    )
    .group(Group::Clients),
];

/// What anyone with any scope of clients sees.
const SUMMARY: &[&str] = &["client_id", "name", "app_type", "description", "tenant"];

/// What only those see who may read keys.
const KEYS: &[&str] = &["client_secret", "encryption_key", "client_authentication_methods", "signing_keys"];

/// The client that stands for all of a tenant's applications, which each tenant has from its start.
pub fn furnish(state: &mut State, options: &Options) {
    let mut shown = defaults(&Object::new(), &options.name);
    let client_id = id::client(&mut state.dice);
    for (name, value) in [
        ("client_id", json!(client_id)),
        ("name", json!("All Applications")),
        ("global", json!(true)),
        ("oidc_conformant", json!(true)),
        ("sso", json!(false)),
        ("callbacks", json!([])),
        ("jwt_configuration", json!({"alg": "RS256"})),
    ] {
        shown.insert(name.to_owned(), value);
    }
    let secret = id::client_secret(&mut state.dice);
    state.objects.insert(CLIENTS, Item { id: client_id, shown, hidden: secret_of(secret) });
}

fn secret_of(secret: String) -> Object {
    [("client_secret".to_owned(), secret.into())].into_iter().collect()
}

/// The fault for a client that isn't there.
pub fn missing() -> Fault {
    Fault::not_found("The client does not exist").code("inexistent_client")
}

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    context.state.objects.find(CLIENTS, context.parameter("id")).ok_or_else(missing)
}

/// A client with its keys.
fn whole(context: &mut Context<'_>, client: &Item) -> Object {
    let mut shown = client.shown.clone();
    // Why: a client that signs has no secret to show, though its old one is kept.
    if !shown.contains_key("client_authentication_methods")
        && let Some(secret) = client.hidden.get("client_secret")
    {
        shown.insert("client_secret".to_owned(), secret.clone());
    }
    if !shown.contains_key("signing_keys") {
        let host = context.options().base_url.split_once("://").map_or("", |(_, host)| host).to_owned();
        let keys = certificate::signing_keys(context.state, &host, context.now);
        shown.insert("signing_keys".to_owned(), keys);
    }
    shown
}

/// What of a client the caller may read.
fn readable(context: &mut Context<'_>, client: &Item) -> Object {
    let shown = whole(context, client);
    let caller = context.caller;
    let keys = caller.has("read:client_keys") || caller.has("read:client_credentials");
    let settings = caller.has("read:clients") || caller.has("read:client_keys");
    let kept = shown.into_iter().filter(|(name, _)| {
        let name = name.as_str();
        SUMMARY.contains(&name) || if KEYS.contains(&name) { keys } else { settings }
    });
    kept.collect()
}

/// The reply to a write, with the secret.
fn written(context: &mut Context<'_>, status: u16, client_id: &str) -> Result<Reply, Fault> {
    let client = context.state.objects.find(CLIENTS, client_id).cloned().ok_or_else(missing)?;
    Ok(Reply::new(status, whole(context, &client)))
}

fn flag(shown: &Object, name: &str) -> bool {
    shown.get(name) == Some(&Value::Bool(true))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let call = context.call;
    let wanted = |name: &str| call.query(name).map(|value| value == "true");
    let (global, first_party) = (wanted("is_global"), wanted("is_first_party"));
    let types: Vec<&str> = call.query("app_type").into_iter().flat_map(|types| types.split(',')).collect();
    let clients: Vec<Item> = context
        .state
        .objects
        .all(CLIENTS)
        .filter(|client| global.is_none_or(|wanted| flag(&client.shown, "global") == wanted))
        .filter(|client| first_party.is_none_or(|wanted| flag(&client.shown, "is_first_party") == wanted))
        .filter(|client| types.is_empty() || types.contains(&client.text("app_type")))
        .cloned()
        .collect();
    let shown: Vec<Object> = clients.iter().map(|client| readable(context, client)).collect();
    let mut reply = page::offset(context.call, "clients", &shown)?;
    // Why: a list shows each client's tenant whatever fields were asked for.
    if let Some(body) = &mut reply.body {
        let items = if body.is_array() { body.as_array_mut() } else { body["clients"].as_array_mut() };
        for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
            item.entry("tenant").or_insert_with(|| context.options.name.as_str().into());
        }
    }
    Ok(reply)
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut body = context.body();
    check_organization(context, &body)?;
    let client_id = id::client(&mut context.state.dice);
    let secret = match body.remove("client_secret") {
        Some(Value::String(secret)) => Some(secret),
        _ if body.get("app_type").and_then(Value::as_str) == Some("express_configuration") => None,
        _ => Some(id::client_secret(&mut context.state.dice)),
    };
    if let Err(fault) = client_credentials::take_in(context, &client_id, &mut body) {
        client_credentials::forget(context.state, &client_id);
        return Err(fault);
    }
    mirror_logout(&mut body);
    let mut shown = defaults(&body, &context.options.name);
    merge(&mut shown, body);
    shown.insert("client_id".to_owned(), client_id.as_str().into());
    let hidden = secret.map(secret_of).unwrap_or_default();
    context.state.objects.insert(CLIENTS, Item { id: client_id.clone(), shown, hidden });
    written(context, 201, &client_id)
}

/// Replaces what is named, adds to what is added to; `null` removes, and so does an empty login address.
fn merge(shown: &mut Object, changes: Object) {
    for (name, value) in changes {
        if value.is_null() || (name == "initiate_login_uri" && value == "") {
            shown.remove(&name);
            continue;
        }
        let old = shown.get_mut(&name).and_then(Value::as_object_mut);
        match (old, value) {
            (Some(old), Value::Object(new)) if ADDED_TO.contains(&name.as_str()) => {
                for (name, value) in new {
                    if value.is_null() {
                        old.remove(&name);
                    } else {
                        old.insert(name, value);
                    }
                }
            }
            (_, Value::Object(mut new)) => {
                new.retain(|_, value| !value.is_null());
                shown.insert(name, new.into());
            }
            (_, value) => {
                shown.insert(name, value);
            }
        }
    }
}

/// Keeps the newer `oidc_logout` and the older `oidc_backchannel_logout`, which name the same, alike.
fn mirror_logout(body: &mut Object) {
    let named = |body: &Object, name: &str| body.get(name).cloned();
    match (named(body, "oidc_logout"), named(body, "oidc_backchannel_logout")) {
        (Some(logout), None) => {
            let urls = logout.get("backchannel_logout_urls").cloned();
            let older = urls.map_or(Value::Null, |urls| json!({"backchannel_logout_urls": urls}));
            body.insert("oidc_backchannel_logout".to_owned(), older);
        }
        (None, Some(older)) => {
            body.insert("oidc_logout".to_owned(), older);
        }
        _ => {}
    }
}

fn check_organization(context: &Context<'_>, body: &Object) -> Result<(), Fault> {
    let wanted = body.get("default_organization").and_then(|wanted| wanted.get("organization_id"));
    let Some(id) = wanted.and_then(Value::as_str) else { return Ok(()) };
    let found = context.state.objects.find(super::organizations::ORGANIZATIONS, id);
    found.map(|_| ()).ok_or_else(|| Fault::invalid_body("The default organization does not exist"))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let client = found(context)?.clone();
    let shown = readable(context, &client);
    Ok(Reply::ok(page::fields(context.call, &shown)))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let client_id = found(context)?.id.clone();
    let mut body = context.body();
    check_organization(context, &body)?;
    client_credentials::check(context, &client_id, &body)?;
    mirror_logout(&mut body);
    let secret = body.remove("client_secret");
    if let Some(client) = context.state.objects.find_mut(CLIENTS, &client_id) {
        merge(&mut client.shown, body);
        if let Some(secret) = secret {
            client.hidden.insert("client_secret".to_owned(), secret);
        }
    }
    written(context, 200, &client_id)
}

fn rotate(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let client_id = found(context)?.id.clone();
    let secret = id::client_secret(&mut context.state.dice);
    if let Some(client) = context.state.objects.find_mut(CLIENTS, &client_id) {
        client.hidden.insert("client_secret".to_owned(), secret.into());
    }
    written(context, 200, &client_id)
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = context.parameter("id").to_owned();
    let Some(client) = context.state.objects.find(CLIENTS, &id) else { return Ok(Reply::no_content()) };
    if flag(&client.shown, "global") {
        return Err(Fault::invalid_body("The global client can't be deleted"));
    }
    context.state.objects.remove(CLIENTS, &id);
    context.state.links.forget(CONNECTION_CLIENTS, &id);
    super::organization_access::forget_client(context.state, &id);
    let grants = context.state.objects.all(GRANTS).filter(|grant| grant.text("client_id") == id);
    for grant in grants.map(|grant| grant.id.clone()).collect::<Vec<_>>() {
        super::client_grants::forget(context.state, &grant);
    }
    client_credentials::forget(context.state, &id);
    Ok(Reply::no_content())
}

fn list_connections(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let strategies: Vec<&str> = context.call.queries("strategy").collect();
    let connections: Vec<Object> = context
        .state
        .links
        .lefts(CONNECTION_CLIENTS, &id)
        .filter_map(|connection| context.state.objects.find(super::connections::CONNECTIONS, connection))
        .filter(|connection| strategies.is_empty() || strategies.contains(&connection.text("strategy")))
        .map(|connection| connection.shown.clone())
        .collect();
    page::checkpoint(context.call, "connections", "id", &connections)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{
        Call, Method, Plan,
        testing::{Api, BASE, NOW, request, tenant},
    };

    fn client(api: &mut Api, body: Value) -> (String, Value) {
        let made = api.post("/clients", body, 201);
        (format!("/clients/{}", made["client_id"].as_str().unwrap()), made)
    }

    #[test]
    fn a_client_is_made_with_a_secret_that_rotates() {
        let mut api = Api::new();
        let (path, made) =
            client(&mut api, json!({"name": "Portal", "client_metadata": {"a": "1", "b": "2"}}));
        assert_eq!(made["client_secret"].as_str().unwrap().len(), 64);
        assert_eq!(api.get(&path, 200), made);
        let changes = json!({"client_metadata": {"a": null}, "jwt_configuration": {"alg": "RS256"}, "description": "x"});
        let changed = api.patch(&path, changes, 200);
        assert_eq!(changed["client_metadata"], json!({"b": "2"}));
        let jwt = json!({"alg": "RS256", "lifetime_in_seconds": 36_000, "secret_encoded": false});
        assert_eq!(changed["jwt_configuration"], jwt);
        let rotated = api.send(Method::Post, &format!("{path}/rotate-secret"), None);
        assert_ne!(rotated.json()["client_secret"], made["client_secret"]);
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 404)["errorCode"], "inexistent_client");
    }

    #[test]
    fn a_body_that_breaks_a_rule_is_refused() {
        let mut api = Api::new();
        for body in [
            json!({}),
            json!({"name": "<b>"}),
            json!({"name": "x", "app_type": "toaster"}),
            json!({"name": "x", "tenant": "other"}),
            json!({"name": "x", "default_organization": {"flows": ["client_credentials"]}}),
        ] {
            assert_eq!(api.post("/clients", body, 400)["errorCode"], "invalid_body");
        }
    }

    #[test]
    fn a_new_tenant_has_a_client_for_all_applications() {
        let mut api = Api::new();
        let all = api.get("/clients?is_global=true&fields=name,client_id", 200);
        assert_eq!((&all[0]["name"], all.as_array().unwrap().len()), (&json!("All Applications"), 1));
        let path = format!("/clients/{}", all[0]["client_id"].as_str().unwrap());
        api.delete(&path, None, 400);
        let others = api.get("/clients?is_global=false", 200);
        assert!(others.as_array().unwrap().iter().all(|client| client["global"] == false));
    }

    #[test]
    fn secrets_are_shown_only_to_those_who_may_read_keys() {
        let mut tenant = tenant(Plan::Unlimited);
        let audience = tenant.options().audience();
        let mut shown_to = |scope: &str| {
            let parameters = [
                ("grant_type", "client_credentials"),
                ("client_id", "first"),
                ("client_secret", "sesame"),
                ("audience", &audience),
                ("scope", scope),
            ];
            let token = tenant.token(&request(&parameters), NOW);
            let token = token.json()["access_token"].as_str().unwrap();
            let call = Call::new(Method::Get, BASE, "/clients/first").with_bearer(token);
            tenant.call(&call, NOW).json().clone()
        };
        assert_eq!(shown_to("read:clients read:client_keys")["client_secret"], "sesame");
        let without = shown_to("read:clients");
        assert!(without.get("client_secret").is_none() && without.get("grant_types").is_some());
        let summary = shown_to("read:client_summary");
        assert!(summary.get("grant_types").is_none() && summary["name"] == "Sandbox");
    }

    #[test]
    fn a_list_of_clients_is_narrowed_down() {
        let mut api = Api::new();
        client(&mut api, json!({"name": "A", "app_type": "spa"}));
        client(&mut api, json!({"name": "B", "app_type": "native", "is_first_party": false}));
        let names = |list: Value| -> Vec<String> {
            list.as_array()
                .unwrap()
                .iter()
                .map(|client| client["name"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(api.get("/clients?app_type=spa,native", 200)), ["A", "B"]);
        assert_eq!(names(api.get("/clients?is_first_party=false", 200)), ["B"]);
    }

    #[test]
    fn the_connections_of_a_client_are_listed() {
        let mut api = Api::new();
        let (path, made) = client(&mut api, json!({"name": "A"}));
        let connection = api.post("/connections", json!({"name": "db", "strategy": "auth0"}), 201);
        let enabled = json!([{"client_id": made["client_id"], "status": true}]);
        api.patch(&format!("/connections/{}/clients", connection["id"].as_str().unwrap()), enabled, 204);
        let listed = api.get(&format!("{path}/connections"), 200);
        assert_eq!(listed["connections"][0]["id"], connection["id"]);
        assert_eq!(api.get(&format!("{path}/connections?strategy=oidc"), 200), json!({"connections": []}));
    }
}
