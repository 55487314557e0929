//! APIs: what tokens are asked for, and which scopes they can have.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::merge;
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{Rule, TEXT, list as list_of, may, need, text},
    id,
    operations::{delete, get, patch, post},
    page,
    state::{Object, State},
};

/// The collection: id is 24 hexadecimal digits.
pub const RESOURCE_SERVERS: &str = "resource_servers";

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/resource-servers", "Get resource servers", &["read:resource_servers"], list),
    post("/resource-servers", "Create a resource server", &["create:resource_servers"], create).body(&CREATE),
    get("/resource-servers/{id}", "Get a resource server", &["read:resource_servers"], read),
    patch("/resource-servers/{id}", "Update a resource server", &["update:resource_servers"], update)
        .body(&UPDATE),
    delete("/resource-servers/{id}", "Delete a resource server", &["delete:resource_servers"], remove),
];

static SCOPE: Rule = Rule::Object(&[need("value", text(1, 280)), may("description", text(0, 500))]);
static ANY: Rule = Rule::Any;
static OPEN: Rule = Rule::Open(&[]);

macro_rules! settings {
    ($($first:expr),*) => {
        Rule::Object(&[
            $($first,)*
            may("name", text(1, 200)),
            may("scopes", list_of(&SCOPE, 1_000)),
            may("signing_alg", Rule::OneOf(&["HS256", "RS256", "RS512", "PS256"])),
            may("signing_secret", text(16, 512)),
            may("allow_offline_access", Rule::Bool),
            may("allow_online_access", Rule::Bool),
            may("allow_online_access_with_ephemeral_sessions", Rule::Bool),
            may("token_lifetime", Rule::Integer { min: 0, max: 2_592_000 }),
            may("token_lifetime_for_web", Rule::Integer { min: 0, max: 2_592_000 }),
            may("token_dialect", Rule::OneOf(&[
                "access_token",
                "access_token_authz",
                "rfc9068_profile",
                "rfc9068_profile_authz",
            ])),
            may("skip_consent_for_verifiable_first_party_clients", Rule::Bool),
            may("enforce_policies", Rule::Bool),
            may("token_encryption", Rule::Nullable(&OPEN)),
            may("consent_policy", Rule::Nullable(&TEXT)),
            may("authorization_details", Rule::Nullable(&list_of(&ANY, usize::MAX))),
            may("proof_of_possession", Rule::Nullable(&OPEN)),
            may("subject_type_authorization", Rule::Nullable(&OPEN)),
            may("authorization_policy", Rule::Nullable(&OPEN)),
        ])
    };
}

static CREATE: Rule = settings!(need("identifier", text(1, 600)));
static UPDATE: Rule = settings!();

/// The API with an id or identifier.
fn find<'a>(state: &'a State, key: &str) -> Option<&'a Item> {
    let by_id = state.objects.find(RESOURCE_SERVERS, key);
    by_id.or_else(|| by_identifier(state, key))
}

fn by_identifier<'a>(state: &'a State, identifier: &str) -> Option<&'a Item> {
    state.objects.all(RESOURCE_SERVERS).find(|api| api.text("identifier") == identifier)
}

/// The name of an API and the description of its scope; `None` when it has no such scope.
pub fn scope<'a>(state: &'a State, identifier: &str, value: &str) -> Option<(&'a str, &'a str)> {
    let api = by_identifier(state, identifier)?;
    let mut scopes = api.shown.get("scopes")?.as_array()?.iter();
    let scope = scopes.find(|scope| scope.get("value").and_then(Value::as_str) == Some(value))?;
    Some((api.text("name"), scope.get("description").and_then(Value::as_str).unwrap_or_default()))
}

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let missing =
        || Fault::not_found("The resource server does not exist.").code("inexistent_resource_server");
    find(context.state, context.parameter("id")).ok_or_else(missing)
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let wanted: Vec<&str> = context.call.queries("identifiers").collect();
    let all = context.state.objects.all(RESOURCE_SERVERS);
    let shown: Vec<&Object> = all
        .filter(|api| wanted.is_empty() || wanted.contains(&api.text("identifier")))
        .map(|api| &api.shown)
        .collect();
    page::offset(context.call, "resource_servers", &shown)
}

/// Keeps of a key that tokens are encrypted with its digest alone, as the API shows it.
fn digested(shown: &mut Object) {
    let key = shown.get_mut("token_encryption").and_then(|settings| settings.get_mut("encryption_key"));
    let Some(key) = key.and_then(Value::as_object_mut) else { return };
    let Some(Value::String(pem)) = key.remove("pem") else { return };
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    // Why not refused: what a key is, only whoever encrypts needs to know, and here nobody does.
    let der = STANDARD.decode(lines).unwrap_or_else(|_| pem.into_bytes());
    let print = URL_SAFE_NO_PAD.encode(digest(&SHA256, &der));
    key.insert("thumbprint_sha256".to_owned(), print.into());
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.body();
    let identifier = body.get("identifier").and_then(Value::as_str).unwrap_or_default();
    if by_identifier(context.state, identifier).is_some() {
        return Err(Fault::conflict("A resource server with the same identifier already exists"));
    }
    let id = id::object(&mut context.state.dice);
    let defaults = json!({
        "id": id,
        "allow_offline_access": false,
        "skip_consent_for_verifiable_first_party_clients": false,
        "subject_type_authorization": {"client": {"policy": "require_client_grant"}, "user": {"policy": "allow_all"}},
        "token_lifetime": 86_400,
        "token_lifetime_for_web": 7_200,
        "signing_alg": "RS256",
    });
    let mut shown = defaults.as_object().cloned().unwrap_or_default();
    merge(&mut shown, body);
    digested(&mut shown);
    let item = Item { id, shown: shown.clone(), hidden: Object::new() };
    context.state.objects.insert(RESOURCE_SERVERS, item);
    Ok(Reply::created(shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(page::fields(context.call, &found(context)?.shown)))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let body = context.body();
    let api = context.state.objects.find_mut(RESOURCE_SERVERS, &id);
    let shown = api.map(|api| {
        merge(&mut api.shown, body);
        digested(&mut api.shown);
        api.shown.clone()
    });
    Ok(Reply::ok(shown.unwrap_or_default()))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let Some(api) = find(context.state, context.parameter("id")) else { return Ok(Reply::no_content()) };
    if api.shown.get("is_system") == Some(&Value::Bool(true)) {
        return Err(Fault::invalid_body("System resource servers can't be deleted"));
    }
    let id = api.id.clone();
    context.state.objects.remove(RESOURCE_SERVERS, &id);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    #[test]
    fn an_api_is_found_by_its_id_and_by_its_identifier() {
        let mut api = Api::new();
        let made = api.post("/resource-servers", json!({"identifier": "https://a/b", "name": "A"}), 201);
        let id = made["id"].as_str().unwrap();
        assert_eq!(api.get(&format!("/resource-servers/{id}"), 200), made);
        assert_eq!(api.get("/resource-servers/https:%2F%2Fa%2Fb", 200), made);
        assert_eq!(api.get("/resource-servers?identifiers=https:%2F%2Fa%2Fb", 200), json!([made]));
        api.post("/resource-servers", json!({"identifier": "https://a/b"}), 409);
    }

    #[test]
    fn changes_replace_what_they_name_and_null_removes() {
        let mut api = Api::new();
        let body = json!({"identifier": "urn:x", "authorization_details": [{"type": "payment"}]});
        api.post("/resource-servers", body, 201);
        let changes = json!({"scopes": [{"value": "read:x"}], "authorization_details": null});
        let changed = api.patch("/resource-servers/urn:x", changes, 200);
        assert_eq!(changed["scopes"], json!([{"value": "read:x"}]));
        assert!(changed.get("authorization_details").is_none());
        api.patch("/resource-servers/urn:x", json!({"identifier": "urn:y"}), 400);
    }

    #[test]
    fn an_api_goes_but_the_management_api_stays() {
        let mut api = Api::new();
        api.post("/resource-servers", json!({"identifier": "urn:x"}), 201);
        api.delete("/resource-servers/urn:x", None, 204);
        api.get("/resource-servers/urn:x", 404);
        let own = api.get("/resource-servers", 200)[0]["id"].as_str().unwrap().to_owned();
        api.delete(&format!("/resource-servers/{own}"), None, 400);
    }
}
