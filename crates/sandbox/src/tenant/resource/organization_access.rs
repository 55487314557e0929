//! Which machines may act for an organization (client grants), and which applications its people may use (clients).

use serde_json::Value;

use super::{client_grants, clients, organizations::found};
use crate::tenant::{
    Context, Fault, Group, Item, Operation, Reply,
    check::{IDS, Rule, may, need, text},
    operations::{delete, get, patch, post},
    page,
    state::{Object, State},
    token::{CLIENTS, GRANTS},
};

/// Organizations to the client grants that hold for them: left is the organization's id.
pub const ORGANIZATION_GRANTS: &str = "organization_client_grants";

/// The clients of organizations: ids are the organization's and the client's, with a slash between.
pub const ORGANIZATION_CLIENTS: &str = "organization_clients";

/// The most client grants of an organization (Auth0: "Entity limit policy").
const MOST_GRANTS: usize = 100;

pub(crate) const OPERATIONS: &[Operation] = &[
    get(
        "/organizations/{id}/client-grants",
        "Get client grants associated to an organization",
        &["read:organization_client_grants"],
        list_grants,
    )
    .group(Group::OrganizationGrantsRead),
    post(
        "/organizations/{id}/client-grants",
        "Associate a client grant with an organization",
        &["create:organization_client_grants"],
        add_grant,
    )
    .body(&GRANT)
    .group(Group::OrganizationGrantsWrite),
    delete(
        "/organizations/{id}/client-grants/{grant_id}",
        "Remove a client grant from an organization",
        &["delete:organization_client_grants"],
        remove_grant,
    )
    .group(Group::OrganizationGrantsWrite),
    get(
        "/organizations/{id}/clients",
        "Get clients of an organization",
        &["read:organization_clients"],
        list_clients,
    ),
    post(
        "/organizations/{id}/clients",
        "Add clients to an organization",
        &["create:organization_clients"],
        add_clients,
    )
    .body(&NEW_CLIENTS),
    delete(
        "/organizations/{id}/clients",
        "Remove clients from an organization",
        &["delete:organization_clients"],
        remove_clients,
    )
    .body(&CLIENT_IDS),
    get(
        "/organizations/{id}/clients/{client_id}",
        "Get a client of an organization",
        &["read:organization_clients"],
        read_client,
    ),
    patch(
        "/organizations/{id}/clients/{client_id}",
        "Update a client of an organization",
        &["update:organization_clients"],
        update_client,
    )
    .body(&CLIENT_CHANGE),
];

static GRANT: Rule = Rule::Object(&[need("grant_id", text(1, 50))]);
static NEW_CLIENT: Rule =
    Rule::Object(&[need("client_id", text(1, 512)), may("use_for_member_access", Rule::Bool)]);
static NEW_CLIENTS: Rule =
    Rule::Object(&[need("clients", Rule::List { each: &NEW_CLIENT, min: 1, max: 50, unique: false })]);
static CLIENT_IDS: Rule = Rule::Object(&[need("clients", IDS)]);
static CLIENT_CHANGE: Rule = Rule::Object(&[need("use_for_member_access", Rule::Bool)]);

/// Takes all grants and clients from an organization.
pub fn forget(state: &mut State, organization: &str) {
    state.links.forget(ORGANIZATION_GRANTS, organization);
    let ids: Vec<String> = of_organization(state, organization).map(|item| item.id.clone()).collect();
    for id in ids {
        state.objects.remove(ORGANIZATION_CLIENTS, &id);
    }
}

/// Takes a client from all organizations.
pub fn forget_client(state: &mut State, client: &str) {
    let all = state.objects.all(ORGANIZATION_CLIENTS).filter(|item| item.text("client_id") == client);
    for id in all.map(|item| item.id.clone()).collect::<Vec<_>>() {
        state.objects.remove(ORGANIZATION_CLIENTS, &id);
    }
}

/// A grant without what only the list of all grants shows.
fn brief(grant: &Item) -> Object {
    let named = ["id", "client_id", "audience", "scope", "organization_usage", "allow_any_organization"];
    named.into_iter().filter_map(|name| Some((name.to_owned(), grant.shown.get(name)?.clone()))).collect()
}

fn list_grants(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let call = context.call;
    let (audience, client) = (call.query("audience"), call.query("client_id"));
    let wanted: Vec<&str> = call.queries("grant_ids").collect();
    let ids = context.state.links.rights(ORGANIZATION_GRANTS, &id);
    let shown: Vec<Object> = ids
        .filter_map(|(grant, _)| context.state.objects.find(GRANTS, grant))
        .filter(|grant| audience.is_none_or(|audience| grant.text("audience") == audience))
        .filter(|grant| client.is_none_or(|client| grant.text("client_id") == client))
        .filter(|grant| wanted.is_empty() || wanted.contains(&grant.id.as_str()))
        .map(brief)
        .collect();
    page::offset(call, "client_grants", &shown)
}

fn add_grant(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (id, body) = (found(context)?.id.clone(), context.body());
    let grant = body.get("grant_id").and_then(Value::as_str).unwrap_or_default();
    let grant = context.state.objects.find(GRANTS, grant).ok_or_else(client_grants::missing)?;
    if !matches!(grant.text("organization_usage"), "allow" | "require") {
        return Err(Fault::invalid_body("The client grant does not allow organizations"));
    }
    let (grant_id, shown) = (grant.id.clone(), brief(grant));
    if context.state.links.rights(ORGANIZATION_GRANTS, &id).count() >= MOST_GRANTS {
        return Err(Fault::invalid_body(format!(
            "An organization can't have more than {MOST_GRANTS} client grants"
        )));
    }
    if !context.state.links.add(ORGANIZATION_GRANTS, &id, &grant_id, Value::Null) {
        return Err(Fault::conflict("The client grant is already associated with the organization"));
    }
    Ok(Reply::created(shown))
}

fn remove_grant(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let grant = context.parameter("grant_id").to_owned();
    context.state.links.remove(ORGANIZATION_GRANTS, &id, &grant);
    Ok(Reply::no_content())
}

fn key(organization: &str, client: &str) -> String {
    format!("{organization}/{client}")
}

fn of_organization<'a>(state: &'a State, organization: &str) -> impl Iterator<Item = &'a Item> {
    let prefix = key(organization, "");
    state.objects.all(ORGANIZATION_CLIENTS).filter(move |item| item.id.starts_with(&prefix))
}

/// Whether an organization's members may use a client; `None` when it isn't the organization's.
pub fn client_of(state: &State, organization: &str, client: &str) -> Option<bool> {
    let item = state.objects.find(ORGANIZATION_CLIENTS, &key(organization, client))?;
    item.shown.get("use_for_member_access")?.as_bool()
}

fn whole(state: &State, item: &Item) -> Object {
    let mut shown = item.shown.clone();
    if let Some(client) = state.objects.find(CLIENTS, item.text("client_id")) {
        let named = ["name", "is_first_party", "grant_types"].into_iter();
        let brief: Object =
            named.filter_map(|name| Some((name.to_owned(), client.shown.get(name)?.clone()))).collect();
        shown.insert("client".to_owned(), brief.into());
    }
    shown
}

fn list_clients(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let shown: Vec<Object> =
        of_organization(context.state, &id).map(|item| whole(context.state, item)).collect();
    page::checkpoint(context.call, "clients", "client_id", &shown)
}

fn add_clients(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (id, body) = (found(context)?.id.clone(), context.body());
    let new: Vec<Object> = body
        .get("clients")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|client| client.as_object().cloned())
        .collect();
    let client_id =
        |client: &Object| client.get("client_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    for client in &new {
        context.state.objects.find(CLIENTS, &client_id(client)).ok_or_else(clients::missing)?;
    }
    let mut shown = Vec::new();
    for mut client in new {
        client.entry("use_for_member_access").or_insert(Value::Bool(false));
        let item = Item { id: key(&id, &client_id(&client)), shown: client, hidden: Object::new() };
        shown.push(Value::from(whole(context.state, &item)));
        context.state.objects.insert(ORGANIZATION_CLIENTS, item);
    }
    Ok(Reply::created(shown))
}

fn remove_clients(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    for client in context.texts("clients") {
        context.state.objects.remove(ORGANIZATION_CLIENTS, &key(&id, &client));
    }
    Ok(Reply::no_content())
}

fn client(context: &Context<'_>) -> Result<Item, Fault> {
    let key = key(&found(context)?.id, context.parameter("client_id"));
    let item = context.state.objects.find(ORGANIZATION_CLIENTS, &key);
    item.cloned().ok_or_else(|| Fault::not_found("No client found by that id"))
}

fn read_client(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let item = client(context)?;
    Ok(Reply::ok(whole(context.state, &item)))
}

fn update_client(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut item = client(context)?;
    item.shown.extend(context.body());
    let shown = whole(context.state, &item);
    context.state.objects.insert(ORGANIZATION_CLIENTS, item);
    Ok(Reply::ok(shown))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tenant::testing::Api;

    fn organization(api: &mut Api) -> String {
        let made = api.post("/organizations", json!({"name": "acme"}), 201);
        format!("/organizations/{}", made["id"].as_str().unwrap())
    }

    fn grant(api: &mut Api, usage: &str) -> Value {
        let client = api.post("/clients", json!({"name": usage}), 201)["client_id"].clone();
        let body =
            json!({"client_id": client, "audience": "urn:x", "scope": [], "organization_usage": usage});
        api.post("/client-grants", body, 201)["id"].clone()
    }

    #[test]
    fn a_grant_is_given_to_an_organization_and_taken_away() {
        let mut api = Api::new();
        let organization = organization(&mut api);
        let list = format!("{organization}/client-grants");
        api.post("/resource-servers", json!({"identifier": "urn:x"}), 201);
        let id = grant(&mut api, "allow");
        let made = api.post(&list, json!({"grant_id": id}), 201);
        assert_eq!((&made["id"], &made["organization_usage"]), (&id, &json!("allow")));
        api.post(&list, json!({"grant_id": id}), 409);
        api.post(&list, json!({"grant_id": "cgr_none"}), 404);
        let denied = grant(&mut api, "deny");
        api.post(&list, json!({"grant_id": denied}), 400);
        assert_eq!(api.get(&format!("{list}?audience=urn:x"), 200), json!([made]));
        let organizations =
            api.get(&format!("/client-grants/{}/organizations?take=5", id.as_str().unwrap()), 200);
        assert_eq!(organizations["organizations"][0]["name"], "acme");
        api.delete(&format!("{list}/{}", id.as_str().unwrap()), None, 204);
        assert_eq!(api.get(&list, 200), json!([]));
    }

    #[test]
    fn clients_are_given_changed_and_taken_away() {
        let mut api = Api::new();
        let list = format!("{}/clients", organization(&mut api));
        let id =
            api.post("/clients", json!({"name": "Portal"}), 201)["client_id"].as_str().unwrap().to_owned();
        let made =
            api.post(&list, json!({"clients": [{"client_id": id, "use_for_member_access": true}]}), 201);
        assert_eq!(
            (&made[0]["use_for_member_access"], &made[0]["client"]["name"]),
            (&json!(true), &json!("Portal"))
        );
        api.post(&list, json!({"clients": [{"client_id": "nobody"}]}), 404);
        assert_eq!(api.get(&list, 200), json!({"clients": made}));
        let path = format!("{list}/{id}");
        assert_eq!(
            api.patch(&path, json!({"use_for_member_access": false}), 200)["use_for_member_access"],
            false
        );
        let organizations = api.get(&format!("/organizations?include_client_association_for={id}"), 200);
        assert_eq!(organizations[0]["client"], json!({"use_for_member_access": false}));
        assert_eq!(api.get(&path, 200)["client"]["name"], "Portal");
        api.delete(&list, Some(json!({"clients": [id]})), 204);
        api.get(&path, 404);
    }

    #[test]
    fn what_goes_leaves_its_organizations() {
        let mut api = Api::new();
        let list = format!("{}/clients", organization(&mut api));
        let id =
            api.post("/clients", json!({"name": "Portal"}), 201)["client_id"].as_str().unwrap().to_owned();
        api.post(&list, json!({"clients": [{"client_id": id}]}), 201);
        api.delete(&format!("/clients/{id}"), None, 204);
        assert_eq!(api.get(&list, 200), json!({"clients": []}));
    }
}
