//! Client grants: which scopes of an API a client may have by itself.

use serde_json::{Value, json};

use super::{
    clients::missing as missing_client,
    organization_access::ORGANIZATION_GRANTS,
    organizations::{self, ORGANIZATIONS},
    resource_servers::RESOURCE_SERVERS,
};
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{Rule, TEXT, list as list_of, may, need, text},
    id,
    operations::{delete, get, patch, post},
    page,
    state::{Object, State},
    token::{CLIENTS, GRANTS},
};

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/client-grants", "Get client grants", &["read:client_grants"], list),
    post("/client-grants", "Create client grant", &["create:client_grants"], create).body(&CREATE),
    get("/client-grants/{id}", "Get client grant", &["read:client_grants"], read),
    patch("/client-grants/{id}", "Update client grant", &["update:client_grants"], update).body(&UPDATE),
    delete("/client-grants/{id}", "Delete client grant", &["delete:client_grants"], remove),
    get(
        "/client-grants/{id}/organizations",
        "Get the organizations associated to a client grant",
        &["read:organization_client_grants"],
        list_organizations,
    ),
];

static SCOPE: Rule = text(1, 280);
static USAGE: Rule = Rule::OneOf(&["deny", "allow", "require"]);
static BOOL: Rule = Rule::Bool;

macro_rules! settings {
    ($($first:expr),*) => {
        Rule::Object(&[
            $($first,)*
            may("scope", Rule::Nullable(&list_of(&SCOPE, usize::MAX))),
            may("organization_usage", Rule::Nullable(&USAGE)),
            may("allow_any_organization", Rule::Nullable(&BOOL)),
            may("authorization_details_types", list_of(&TEXT, usize::MAX)),
            may("allow_all_scopes", Rule::Nullable(&BOOL)),
        ])
    };
}

static CREATE: Rule = settings!(
    may("client_id", text(1, 512)),
    need("audience", text(1, 600)),
    may("subject_type", Rule::OneOf(&["client", "user"])),
    may("default_for", Rule::OneOf(&["third_party_clients"]))
);
static UPDATE: Rule = settings!();

/// The fault for a grant that isn't there.
pub fn missing() -> Fault {
    Fault::not_found("The grant does not exist.").code("inexistent_client_grant")
}

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    context.state.objects.find(GRANTS, context.parameter("id")).ok_or_else(missing)
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let call = context.call;
    let filters = ["audience", "client_id", "subject_type", "default_for"];
    let wanted: Vec<(&str, &str)> =
        filters.into_iter().filter_map(|name| Some((name, call.query(name)?))).collect();
    let any = call.query("allow_any_organization").map(|value| value == "true");
    let all = context.state.objects.all(GRANTS);
    let shown: Vec<&Object> = all
        .filter(|grant| wanted.iter().all(|(name, value)| grant.text(name) == *value))
        .filter(|grant| {
            any.is_none_or(|any| {
                (grant.shown.get("allow_any_organization") == Some(&Value::Bool(true))) == any
            })
        })
        .map(|grant| &grant.shown)
        .collect();
    page::either(call, "client_grants", "id", &shown)
}

/// Refuses a grant whose client or API isn't there or can't have one.
fn check_ends(context: &Context<'_>, client_id: Option<&str>, audience: &str) -> Result<(), Fault> {
    if let Some(client_id) = client_id {
        let client = context.state.objects.find(CLIENTS, client_id).ok_or_else(missing_client)?;
        if client.text("app_type") == "express_configuration" {
            let message = "Client of type express_configuration cannot be used";
            return Err(Fault::new(400, message).code("validation_error"));
        }
    }
    if !context.state.objects.all(RESOURCE_SERVERS).any(|api| api.text("identifier") == audience) {
        let message = "The resource server does not exist.";
        return Err(Fault::not_found(message).code("inexistent_resource_server"));
    }
    Ok(())
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut shown = context.body();
    shown.entry("scope").or_insert_with(|| json!([]));
    shown.entry("subject_type").or_insert_with(|| "client".into());
    shown.retain(|_, value| !value.is_null());
    let text = |name: &str| shown.get(name).and_then(Value::as_str);
    if text("client_id").is_some() == text("default_for").is_some() {
        return Err(Fault::invalid_body("Exactly one of client_id and default_for is needed"));
    }
    check_ends(context, text("client_id"), text("audience").unwrap_or_default())?;
    let names = ["client_id", "audience", "subject_type", "default_for"];
    let same = |grant: &Item| names.iter().all(|name| grant.text(name) == text(name).unwrap_or_default());
    if context.state.objects.all(GRANTS).any(same) {
        return Err(Fault::conflict("Resource already exists."));
    }
    let id = id::prefixed("cgr", &mut context.state.dice);
    shown.insert("id".to_owned(), id.as_str().into());
    context.state.objects.insert(GRANTS, Item { id, shown: shown.clone(), hidden: Object::new() });
    Ok(Reply::created(shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(found(context)?.shown.clone()))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let body = context.body();
    let grant = context.state.objects.find_mut(GRANTS, &id);
    let shown = grant.map(|grant| {
        super::merge(&mut grant.shown, body);
        grant.shown.clone()
    });
    Ok(Reply::ok(shown.unwrap_or_default()))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = context.parameter("id").to_owned();
    forget(context.state, &id);
    Ok(Reply::no_content())
}

/// Takes a grant away from its client and from all organizations.
pub fn forget(state: &mut State, id: &str) {
    state.objects.remove(GRANTS, id);
    state.links.forget(ORGANIZATION_GRANTS, id);
}

fn list_organizations(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let ids = context.state.links.lefts(ORGANIZATION_GRANTS, &id);
    let organizations = ids.filter_map(|id| context.state.objects.find(ORGANIZATIONS, id));
    let shown: Vec<Object> = organizations.map(organizations::brief).collect();
    page::either(context.call, "organizations", "id", &shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    /// A client's id, and an API `urn:x`.
    fn prepared(api: &mut Api) -> Value {
        let scopes = json!([{"value": "read:x"}, {"value": "write:x"}]);
        api.post("/resource-servers", json!({"identifier": "urn:x", "scopes": scopes}), 201);
        api.post("/clients", json!({"name": "A"}), 201)["client_id"].clone()
    }

    #[test]
    fn a_grant_is_made_read_changed_and_removed() {
        let mut api = Api::new();
        let client = prepared(&mut api);
        let body = json!({"client_id": client, "audience": "urn:x", "scope": ["read:x"]});
        let made = api.post("/client-grants", body.clone(), 201);
        assert_eq!(made["subject_type"], "client");
        api.post("/client-grants", body, 409);
        let path = format!("/client-grants/{}", made["id"].as_str().unwrap());
        assert_eq!(api.get(&path, 200), made);
        let changed = api.patch(&path, json!({"scope": ["write:x"], "organization_usage": "allow"}), 200);
        assert_eq!(
            (&changed["scope"], &changed["organization_usage"]),
            (&json!(["write:x"]), &json!("allow"))
        );
        api.patch(&path, json!({"audience": "urn:y"}), 400);
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 404)["errorCode"], "inexistent_client_grant");
    }

    #[test]
    fn a_grant_needs_a_client_and_an_api_that_are_there() {
        let mut api = Api::new();
        let client = prepared(&mut api);
        api.post("/client-grants", json!({"client_id": "nobody", "audience": "urn:x"}), 404);
        api.post("/client-grants", json!({"client_id": client, "audience": "urn:y"}), 404);
        api.post("/client-grants", json!({"audience": "urn:x"}), 400);
        let express = api.post("/clients", json!({"name": "E", "app_type": "express_configuration"}), 201);
        let refused =
            api.post("/client-grants", json!({"client_id": express["client_id"], "audience": "urn:x"}), 400);
        assert_eq!(refused["errorCode"], "validation_error");
    }

    #[test]
    fn grants_are_found_by_what_they_are_for() {
        let mut api = Api::new();
        let client = prepared(&mut api);
        let made = api.post("/client-grants", json!({"client_id": client, "audience": "urn:x"}), 201);
        assert_eq!(api.get("/client-grants?audience=urn:x", 200), json!([made]));
        assert_eq!(api.get("/client-grants?client_id=other&take=5", 200), json!({"client_grants": []}));
        api.delete(&format!("/clients/{}", client.as_str().unwrap()), None, 204);
        assert_eq!(api.get("/client-grants?audience=urn:x", 200), json!([]));
    }
}
