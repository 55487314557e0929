//! The connections of an organization, under both of their paths: `/enabled_connections` and the newer `/connections`,
//! which shows also those that are turned off.

use serde_json::{Value, json};

use super::{connections::CONNECTIONS, organizations::found};
use crate::tenant::{
    Context, Fault, Group, Operation, Reply,
    check::{Rule, may, need, text},
    operations::{delete, get, patch, post},
    page,
    state::{Object, State},
};

/// Organizations to their connections: left is the organization's id, right the connection's; the settings are said about
/// the link.
pub const ORGANIZATION_CONNECTIONS: &str = "organization_connections";

/// The most connections of an organization (Auth0: "Entity limit policy").
pub const MOST: usize = 10;

const READ: &[&str] = &["read:organization_connections"];
const ADD: &[&str] = &["create:organization_connections"];
const CHANGE: &[&str] = &["update:organization_connections"];
const REMOVE: &[&str] = &["delete:organization_connections"];
const LIST_GROUP: Group = Group::OrganizationConnectionsRead;
const WRITE_GROUP: Group = Group::OrganizationConnectionsWrite;

pub(crate) const OPERATIONS: &[Operation] = &[
    get(
        "/organizations/{id}/enabled_connections",
        "Get connections enabled for an organization",
        READ,
        list_enabled,
    )
    .group(LIST_GROUP),
    post("/organizations/{id}/enabled_connections", "Add connections to an organization", ADD, add_enabled)
        .body(&ENABLED)
        .group(WRITE_GROUP),
    get(
        "/organizations/{id}/enabled_connections/{connectionId}",
        "Get an enabled connection for an organization",
        READ,
        read_enabled,
    )
    .group(LIST_GROUP),
    patch(
        "/organizations/{id}/enabled_connections/{connectionId}",
        "Update the Connection of an Organization",
        CHANGE,
        update_enabled,
    )
    .body(&ENABLED_CHANGE)
    .group(WRITE_GROUP),
    delete(
        "/organizations/{id}/enabled_connections/{connectionId}",
        "Delete connections from an organization",
        REMOVE,
        remove,
    )
    .group(WRITE_GROUP),
    get("/organizations/{id}/connections", "Get connections of an organization", READ, list)
        .group(LIST_GROUP),
    post("/organizations/{id}/connections", "Add a connection to an organization", ADD, add)
        .body(&CONNECTION)
        .group(WRITE_GROUP),
    get("/organizations/{id}/connections/{connection_id}", "Get a connection of an organization", READ, read)
        .group(LIST_GROUP),
    patch(
        "/organizations/{id}/connections/{connection_id}",
        "Update a connection of an organization",
        CHANGE,
        update,
    )
    .body(&CONNECTION_CHANGE)
    .group(WRITE_GROUP),
    delete(
        "/organizations/{id}/connections/{connection_id}",
        "Remove a connection from an organization",
        REMOVE,
        remove,
    )
    .group(WRITE_GROUP),
];

macro_rules! settings {
    ($($more:expr),*) => {
        Rule::Object(&[
            may("assign_membership_on_login", Rule::Bool),
            may("show_as_button", Rule::Bool),
            may("is_signup_enabled", Rule::Bool),
            $($more,)*
        ])
    };
}

static LEVEL: Rule = Rule::OneOf(&["none", "readonly", "limited", "full"]);

/// The body that enables a connection.
pub static ENABLED: Rule = settings!(need("connection_id", text(1, 50)));
static ENABLED_CHANGE: Rule = settings!();
static CONNECTION: Rule = settings!(
    need("connection_id", text(1, 50)),
    may("organization_connection_name", text(1, 50)),
    may("organization_access_level", LEVEL),
    may("is_enabled", Rule::Bool)
);
static CONNECTION_CHANGE: Rule = settings!(
    may("organization_connection_name", Rule::Nullable(&text(1, 50))),
    may("organization_access_level", Rule::Nullable(&LEVEL)),
    may("is_enabled", Rule::Nullable(&Rule::Bool))
);

/// A connection's id and its settings in an organization.
type Entry = (String, Object);

fn of_organization(state: &State, organization: &str) -> Vec<Entry> {
    let links = state.links.rights(ORGANIZATION_CONNECTIONS, organization);
    links.map(|(id, settings)| (id.to_owned(), settings.as_object().cloned().unwrap_or_default())).collect()
}

fn entry(state: &State, organization: &str, connection: &str) -> Option<Entry> {
    of_organization(state, organization).into_iter().find(|(id, _)| id == connection)
}

fn is_on((_, settings): &Entry) -> bool {
    settings.get("is_enabled") == Some(&Value::Bool(true))
}

/// Whether an organization lets its people in through a connection.
pub fn is_enabled(state: &State, organization: &str, connection: &str) -> bool {
    entry(state, organization, connection).is_some_and(|entry| is_on(&entry))
}

/// A connection as the newer path shows it.
fn whole(state: &State, (id, settings): &Entry) -> Object {
    let mut shown = settings.clone();
    shown.insert("connection_id".to_owned(), id.as_str().into());
    if let Some(connection) = state.objects.find(CONNECTIONS, id) {
        let brief = json!({"name": connection.text("name"), "strategy": connection.text("strategy")});
        shown.insert("connection".to_owned(), brief);
    }
    shown
}

/// A connection as the older path shows it.
fn older(state: &State, entry: &Entry) -> Object {
    let mut shown = whole(state, entry);
    for name in ["is_enabled", "organization_access_level", "organization_connection_name"] {
        shown.remove(name);
    }
    shown
}

/// Refuses sign-up where the connection has none, or whoever signs up would be no member.
fn check_signup(shown: &Object, strategy: &str) -> Result<(), Fault> {
    let is = |name: &str| shown.get(name) == Some(&Value::Bool(true));
    if is("is_signup_enabled") && (strategy != "auth0" || !is("assign_membership_on_login")) {
        let message = "Only database connections with assign_membership_on_login = true support is_signup_enabled = true.";
        return Err(Fault::invalid_body(message));
    }
    Ok(())
}

fn missing() -> Fault {
    Fault::not_found("No connection found by that id")
}

/// Gives a connection to an organization.
///
/// # Errors
/// 404 for a connection that isn't there, 409 for one that the organization has, 400 for one too many and for sign-up
/// that can't be.
pub fn enable(context: &mut Context<'_>, organization: &str, body: &Object) -> Result<Option<Object>, Fault> {
    let Some(connection) = body.get("connection_id").and_then(Value::as_str) else { return Ok(None) };
    let found = context.state.objects.find(CONNECTIONS, connection).ok_or_else(missing)?;
    let strategy = found.text("strategy");
    let mut settings = body.clone();
    settings.remove("connection_id");
    for (name, default) in [
        ("assign_membership_on_login", json!(false)),
        ("show_as_button", json!(true)),
        ("is_enabled", json!(true)),
        ("organization_access_level", json!("none")),
    ] {
        settings.entry(name).or_insert(default);
    }
    if strategy == "auth0" {
        settings.entry("is_signup_enabled").or_insert(Value::Bool(false));
    }
    check_signup(&settings, strategy)?;
    let there = of_organization(context.state, organization);
    if there.iter().any(|(id, _)| id == connection) {
        return Err(Fault::conflict("The connection is already enabled for this organization"));
    }
    if there.len() >= MOST {
        return Err(Fault::invalid_body(format!("An organization can't have more than {MOST} connections")));
    }
    let entry = (connection.to_owned(), settings);
    keep(context.state, organization, &entry);
    Ok(Some(older(context.state, &entry)))
}

fn keep(state: &mut State, organization: &str, (id, settings): &Entry) {
    state.links.remove(ORGANIZATION_CONNECTIONS, organization, id);
    state.links.add(ORGANIZATION_CONNECTIONS, organization, id, settings.clone().into());
}

/// Takes all connections from an organization, or a connection from all organizations.
pub fn forget(state: &mut State, id: &str) {
    state.links.forget(ORGANIZATION_CONNECTIONS, id);
}

/// The organization and its connection that the path names.
fn named(context: &Context<'_>) -> Result<(String, Entry), Fault> {
    let organization = found(context)?.id.clone();
    // Why: the two paths name the same thing differently.
    let connection = [context.parameter("connectionId"), context.parameter("connection_id")].concat();
    let entry = entry(context.state, &organization, &connection).ok_or_else(missing)?;
    Ok((organization, entry))
}

fn list_enabled(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let entries = of_organization(context.state, &found(context)?.id);
    let shown: Vec<Object> =
        entries.iter().filter(|entry| is_on(entry)).map(|entry| older(context.state, entry)).collect();
    page::offset(context.call, "enabled_connections", &shown)
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let wanted = context.call.query("is_enabled").map(|value| value == "true");
    let entries = of_organization(context.state, &found(context)?.id);
    let entries = entries.iter().filter(|entry| wanted.is_none_or(|wanted| is_on(entry) == wanted));
    let shown: Vec<Object> = entries.map(|entry| whole(context.state, entry)).collect();
    page::offset(context.call, "connections", &shown)
}

fn add_enabled(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (id, body) = (found(context)?.id.clone(), context.body());
    Ok(Reply::created(enable(context, &id, &body)?.unwrap_or_default()))
}

fn add(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (id, body) = (found(context)?.id.clone(), context.body());
    enable(context, &id, &body)?;
    let connection = body.get("connection_id").and_then(Value::as_str).unwrap_or_default();
    let entry = entry(context.state, &id, connection).ok_or_else(missing)?;
    Ok(Reply::created(whole(context.state, &entry)))
}

fn read_enabled(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (_, entry) = named(context)?;
    if is_on(&entry) { Ok(Reply::ok(older(context.state, &entry))) } else { Err(missing()) }
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (_, entry) = named(context)?;
    Ok(Reply::ok(whole(context.state, &entry)))
}

/// Writes the changes of the body down.
fn change(context: &mut Context<'_>) -> Result<Entry, Fault> {
    let (organization, mut entry) = named(context)?;
    super::merge(&mut entry.1, context.body());
    let connection = context.state.objects.find(CONNECTIONS, &entry.0);
    check_signup(&entry.1, connection.map_or("", |connection| connection.text("strategy")))?;
    keep(context.state, &organization, &entry);
    Ok(entry)
}

fn update_enabled(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let entry = change(context)?;
    Ok(Reply::ok(older(context.state, &entry)))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let entry = change(context)?;
    Ok(Reply::ok(whole(context.state, &entry)))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    found(context)?;
    if let Ok((organization, (connection, _))) = named(context) {
        context.state.links.remove(ORGANIZATION_CONNECTIONS, &organization, &connection);
    }
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    fn organization(api: &mut Api) -> String {
        let made = api.post("/organizations", json!({"name": "acme"}), 201);
        format!("/organizations/{}", made["id"].as_str().unwrap())
    }

    fn connection(api: &mut Api, name: &str, strategy: &str) -> String {
        let made = api.post("/connections", json!({"name": name, "strategy": strategy}), 201);
        made["id"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_connection_is_enabled_changed_and_taken_away() {
        let mut api = Api::new();
        let (list, id) =
            (format!("{}/enabled_connections", organization(&mut api)), connection(&mut api, "db", "auth0"));
        let body = json!({"connection_id": id, "assign_membership_on_login": true});
        let made = api.post(&list, body.clone(), 201);
        let brief = json!({"name": "db", "strategy": "auth0"});
        assert_eq!(
            made,
            json!({"connection_id": id, "assign_membership_on_login": true, "show_as_button": true,
                "is_signup_enabled": false, "connection": brief})
        );
        api.post(&list, body, 409);
        let path = format!("{list}/{id}");
        assert_eq!((api.get(&path, 200), api.get(&list, 200)), (made.clone(), json!([made])));
        assert_eq!(api.patch(&path, json!({"show_as_button": false}), 200)["show_as_button"], false);
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 404)["message"], "No connection found by that id");
    }

    #[test]
    fn sign_up_needs_a_database_whose_users_become_members() {
        let mut api = Api::new();
        let list = format!("{}/enabled_connections", organization(&mut api));
        let (database, corporate) =
            (connection(&mut api, "db", "auth0"), connection(&mut api, "corp", "oidc"));
        let wish = |id: &str, assign: bool| json!({"connection_id": id, "assign_membership_on_login": assign, "is_signup_enabled": true});
        assert_eq!(api.post(&list, wish(&corporate, true), 400)["errorCode"], "invalid_body");
        api.post(&list, wish(&database, false), 400);
        api.post(&list, wish(&database, true), 201);
        api.patch(&format!("{list}/{database}"), json!({"assign_membership_on_login": false}), 400);
        assert!(api.post(&list, json!({"connection_id": corporate}), 201).get("is_signup_enabled").is_none());
    }

    #[test]
    fn a_connection_that_is_turned_off_is_seen_on_the_newer_path_alone() {
        let mut api = Api::new();
        let (organization, id) = (organization(&mut api), connection(&mut api, "db", "auth0"));
        let list = format!("{organization}/connections");
        let made = api.post(&list, json!({"connection_id": id, "is_enabled": false}), 201);
        assert_eq!(
            (&made["is_enabled"], &made["organization_access_level"]),
            (&json!(false), &json!("none"))
        );
        assert_eq!(api.get(&format!("{organization}/enabled_connections"), 200), json!([]));
        assert_eq!(api.get(&format!("{list}?is_enabled=true"), 200), json!([]));
        let path = format!("{list}/{id}");
        assert_eq!(api.get(&path, 200), made);
        assert_eq!(api.patch(&path, json!({"is_enabled": true}), 200)["is_enabled"], true);
        assert_eq!(api.get(&list, 200).as_array().unwrap().len(), 1);
        api.delete(&path, None, 204);
        api.get(&path, 404);
    }

    #[test]
    fn an_organization_has_no_more_than_ten_connections() {
        let mut api = Api::new();
        let list = format!("{}/enabled_connections", organization(&mut api));
        for n in 0..10 {
            let id = connection(&mut api, &format!("c{n}"), "oidc");
            api.post(&list, json!({"connection_id": id}), 201);
        }
        let id = connection(&mut api, "more", "oidc");
        api.post(&list, json!({"connection_id": id}), 400);
        let gone = api.get(&list, 200)[0]["connection_id"].as_str().unwrap().to_owned();
        api.delete(&format!("/connections/{gone}"), None, 202);
        api.post(&list, json!({"connection_id": id}), 201);
    }
}
