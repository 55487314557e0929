//! Users: their profiles, roles and permissions. Sessions, factors and identities have files of their own.

use serde_json::{Value, json};

use super::{
    permissions,
    roles::{ROLES, USER_ROLES, USERS, check_room},
};
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{IDS, Rule, TEXT, may, need, text},
    id,
    limit::Group,
    operations::{delete, get, patch, post},
    page, secret,
    state::Object,
};

/// Users to permissions: left is the `user_id`.
pub const USER_PERMISSIONS: &str = "user_permissions";

/// The hidden property that holds the hash of a user's password.
pub const PASSWORD: &str = "password_hash";

const READ: &[&str] = &["read:users", "read:current_user", "read:user_idp_tokens"];
const UPDATE_SCOPES: &[&str] = &["update:users", "update:users_app_metadata", "update:current_user_metadata"];
const ROLES_READ: &[&str] = &["read:users", "read:roles", "read:role_members"];
const ROLES_ADD: &[&str] = &["update:users", "create:role_members"];
const ROLES_REMOVE: &[&str] = &["update:users", "delete:role_members"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/users-by-email", "Search users by email", &["read:users"], by_email).group(Group::UsersRead),
    post("/users", "Create a user", &["create:users"], create).body(&CREATE).group(Group::UsersWrite),
    get("/users/{id}", "Get a user", READ, read).group(Group::UsersRead),
    patch("/users/{id}", "Update a user", UPDATE_SCOPES, update).body(&UPDATE).group(Group::UsersWrite),
    delete("/users/{id}", "Delete a user", &["delete:users", "delete:current_user"], remove)
        .group(Group::UsersWrite),
    get("/users/{id}/roles", "Get a user's roles", ROLES_READ, list_roles).group(Group::UsersRead),
    post("/users/{id}/roles", "Assign roles to a user", ROLES_ADD, add_roles)
        .body(&ROLE_IDS)
        .group(Group::UsersWrite),
    delete("/users/{id}/roles", "Removes roles from a user", ROLES_REMOVE, remove_roles)
        .body(&ROLE_IDS)
        .group(Group::UsersWrite),
    get("/users/{id}/permissions", "Get a user's permissions", &["read:users"], list_permissions)
        .group(Group::UsersRead),
    post("/users/{id}/permissions", "Assign permissions to a user", &["update:users"], add_permissions)
        .body(&permissions::BODY)
        .group(Group::UsersWrite),
    delete(
        "/users/{id}/permissions",
        "Remove permissions from a user",
        &["update:users"],
        remove_permissions,
    )
    .body(&permissions::BODY)
    .group(Group::UsersWrite),
];

static ROLE_IDS: Rule = Rule::Object(&[need("roles", IDS)]);
static OPEN: Rule = Rule::Open(&[]);

macro_rules! profile {
    ($($first:expr),*) => {
        Rule::Object(&[
            $($first,)*
            may("email", Rule::Nullable(&TEXT)),
            may("email_verified", Rule::Bool),
            may("verify_email", Rule::Bool),
            may("username", Rule::Nullable(&text(1, 128))),
            may("phone_number", Rule::Nullable(&TEXT)),
            may("phone_verified", Rule::Bool),
            may("password", Rule::Nullable(&text(1, 512))),
            may("blocked", Rule::Bool),
            may("user_metadata", Rule::Nullable(&OPEN)),
            may("app_metadata", Rule::Nullable(&OPEN)),
            may("given_name", Rule::Nullable(&text(1, 150))),
            may("family_name", Rule::Nullable(&text(1, 150))),
            may("name", Rule::Nullable(&text(1, 300))),
            may("nickname", Rule::Nullable(&text(1, 300))),
            may("picture", Rule::Nullable(&TEXT)),
        ])
    };
}

static CREATE: Rule = profile!(need("connection", text(1, 128)), may("user_id", text(0, 255)));
static UPDATE: Rule = profile!(
    may("connection", text(1, 128)),
    may("client_id", TEXT),
    may("verify_phone_number", Rule::Bool),
    may("verify_password", Rule::Bool)
);

/// What a body says to do and no profile holds.
const ORDERS: &[&str] = &[
    "connection",
    "client_id",
    "user_id",
    "password",
    "verify_email",
    "verify_phone_number",
    "verify_password",
];

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let user = context.state.objects.find(USERS, context.parameter("id"));
    user.ok_or_else(|| Fault::not_found("The user does not exist.").code("inexistent_user"))
}

fn text_of<'a>(body: &'a Object, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether a user signs in through a connection.
fn is_in(user: &Item, connection: &str) -> bool {
    let identities = user.shown.get("identities").and_then(Value::as_array);
    identities.into_iter().flatten().any(|identity| identity["connection"] == connection)
}

/// Refuses what tells users of a connection apart when another has it.
fn check_unique(context: &Context<'_>, own: &str, connection: &str, body: &Object) -> Result<(), Fault> {
    let mut others =
        context.state.objects.all(USERS).filter(|user| user.id != own && is_in(user, connection));
    let taken = others.any(|user| {
        let mut names = ["email", "username", "phone_number"].into_iter();
        names.any(|name| text_of(body, name).is_some_and(|text| user.text(name).eq_ignore_ascii_case(text)))
    });
    if taken { Err(Fault::conflict("The user already exists.").code("user_exists")) } else { Ok(()) }
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut shown = context.body();
    let connection = text_of(&shown, "connection").unwrap_or_default().to_owned();
    let own = text_of(&shown, "user_id").map(str::to_owned);
    let own = own.unwrap_or_else(|| id::object(&mut context.state.dice));
    let user_id = format!("auth0|{own}");
    if context.state.objects.find(USERS, &user_id).is_some() {
        return Err(Fault::conflict("The user already exists.").code("user_exists"));
    }
    check_unique(context, "", &connection, &shown)?;
    let mut hidden = Object::new();
    if let Some(password) = text_of(&shown, "password") {
        hidden.insert(PASSWORD.to_owned(), secret::hash(password, &mut context.state.dice).into());
    }
    let name = text_of(&shown, "email").or(text_of(&shown, "username")).or(text_of(&shown, "phone_number"));
    let name = name.unwrap_or_default().to_owned();
    shown.retain(|key, value| !ORDERS.contains(&key.as_str()) && !value.is_null());
    if shown.contains_key("email") {
        shown.entry("email_verified").or_insert(Value::Bool(false));
    }
    let nickname = name.split('@').next().unwrap_or_default().to_owned();
    shown.entry("nickname").or_insert_with(|| nickname.into());
    shown.entry("picture").or_insert_with(|| "https://s.gravatar.com/avatar/0?s=480&r=pg".into());
    shown.entry("name").or_insert_with(|| name.into());
    let identity = json!({"connection": connection, "user_id": own, "provider": "auth0", "isSocial": false});
    shown.insert("identities".to_owned(), json!([identity]));
    shown.insert("user_id".to_owned(), user_id.clone().into());
    for name in ["created_at", "updated_at"] {
        shown.insert(name.to_owned(), context.iso().into());
    }
    context.state.objects.insert(USERS, Item { id: user_id, shown: shown.clone(), hidden });
    Ok(Reply::created(shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(page::fields(context.call, &found(context)?.shown)))
}

fn by_email(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let missing = || Fault::query("'Missing required property: email'");
    let email = context.call.query("email").ok_or_else(missing)?;
    let users = context.state.objects.all(USERS).filter(|user| user.text("email") == email);
    let shown: Vec<Value> = users.map(|user| page::fields(context.call, &user.shown).into()).collect();
    Ok(Reply::ok(shown))
}

/// Merges metadata at the first level; `null` removes a key, and the whole.
fn merge(shown: &mut Object, name: &str, changes: Value) {
    match (shown.get_mut(name).and_then(Value::as_object_mut), changes) {
        (_, Value::Null) => {
            shown.remove(name);
        }
        (Some(kept), Value::Object(changes)) => {
            kept.extend(changes);
            kept.retain(|_, value| !value.is_null());
        }
        (None, Value::Object(mut changes)) => {
            changes.retain(|_, value| !value.is_null());
            shown.insert(name.to_owned(), changes.into());
        }
        _ => {}
    }
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = found(context)?;
    let id = user.id.clone();
    let own = user.shown.get("identities").and_then(|identities| identities.get(0));
    let own = own.and_then(|identity| identity["connection"].as_str()).unwrap_or_default().to_owned();
    let mut body = context.body();
    check_unique(context, &id, text_of(&body, "connection").unwrap_or(&own), &body)?;
    let hash = text_of(&body, "password").map(|password| secret::hash(password, &mut context.state.dice));
    body.retain(|name, _| !ORDERS.contains(&name.as_str()));
    let now = context.iso();
    let Some(user) = context.state.objects.find_mut(USERS, &id) else { return Ok(Reply::no_content()) };
    if let Some(hash) = hash {
        user.hidden.insert(PASSWORD.to_owned(), hash.into());
        user.shown.insert("last_password_reset".to_owned(), now.clone().into());
        // Why: setting a password through the API lifts an administrator's block.
        user.shown.remove("blocked");
    }
    for (name, value) in body {
        match name.as_str() {
            "user_metadata" | "app_metadata" => merge(&mut user.shown, &name, value),
            _ if value.is_null() => drop(user.shown.remove(&name)),
            _ => drop(user.shown.insert(name, value)),
        }
    }
    user.shown.insert("updated_at".to_owned(), now.into());
    Ok(Reply::ok(user.shown.clone()))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = context.parameter("id").to_owned();
    context.state.objects.remove(USERS, &id);
    context.state.links.forget(USER_ROLES, &id);
    context.state.links.forget(USER_PERMISSIONS, &id);
    super::organization_members::forget_user(context.state, &id);
    Ok(Reply::no_content())
}

fn list_roles(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let roles = context.state.links.rights(USER_ROLES, &id);
    let shown: Vec<Object> = roles
        .filter_map(|(role, _)| context.state.objects.find(ROLES, role))
        .map(|role| {
            let named = ["id", "name", "description"].into_iter();
            named.filter_map(|name| Some((name.to_owned(), role.shown.get(name)?.clone()))).collect()
        })
        .collect();
    page::offset(context.call, "roles", &shown)
}

fn add_roles(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let roles = context.texts("roles");
    if roles.iter().any(|role| context.state.objects.find(ROLES, role).is_none()) {
        return Err(Fault::not_found("The role does not exist."));
    }
    check_room(context, &id, &roles.iter().map(String::as_str).collect::<Vec<_>>())?;
    for role in &roles {
        context.state.links.add(USER_ROLES, &id, role, json!({}));
    }
    Ok(Reply::no_content())
}

fn remove_roles(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    for role in context.texts("roles") {
        context.state.links.remove(USER_ROLES, &id, &role);
    }
    Ok(Reply::no_content())
}

fn list_permissions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    permissions::list(context, USER_PERMISSIONS, &id)
}

fn add_permissions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    permissions::grant(context, USER_PERMISSIONS, &id)?;
    Ok(Reply::empty_object(201))
}

fn remove_permissions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    permissions::revoke(context, USER_PERMISSIONS, &id);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    fn user(api: &mut Api, name: &str) -> String {
        let body = json!({"connection": "db", "email": format!("{name}@example.com"), "password": "sesame"});
        format!("/users/{}", api.post("/users", body, 201)["user_id"].as_str().unwrap().replace('|', "%7C"))
    }

    #[test]
    fn a_user_is_made_found_and_removed_without_the_password_being_shown() {
        let mut api = Api::new();
        let path = user(&mut api, "pat");
        let shown = api.get(&path, 200);
        assert_eq!((&shown["nickname"], &shown["email_verified"]), (&json!("pat"), &json!(false)));
        assert!(!shown.to_string().contains("sesame") && shown.get("password").is_none());
        let id = shown["user_id"].as_str().unwrap();
        assert!(api.tenant.has_password(id, "sesame") && !api.tenant.has_password(id, "other"));
        assert_eq!(api.get("/users-by-email?email=pat@example.com", 200), json!([shown]));
        assert_eq!(api.get(&format!("{path}?fields=email"), 200), json!({"email": "pat@example.com"}));
        api.post("/users", json!({"connection": "db", "email": "PAT@example.com"}), 409);
        api.delete(&path, None, 204);
        assert_eq!(api.get(&path, 404)["errorCode"], "inexistent_user");
    }

    #[test]
    fn metadata_is_merged_at_the_first_level_and_the_rest_replaced() {
        let mut api = Api::new();
        let path = user(&mut api, "pat");
        api.patch(&path, json!({"app_metadata": {"a": {"x": 1}, "b": 1}, "blocked": true}), 200);
        let shown = api.patch(&path, json!({"app_metadata": {"a": {"y": 2}, "b": null}, "name": "Pat"}), 200);
        assert_eq!((&shown["app_metadata"], &shown["name"]), (&json!({"a": {"y": 2}}), &json!("Pat")));
        assert_eq!(shown["blocked"], true);
        let shown = api.patch(&path, json!({"password": "other"}), 200);
        assert!(shown.get("blocked").is_none() && shown.get("last_password_reset").is_some());
    }

    #[test]
    fn roles_and_permissions_are_given_and_taken() {
        let mut api = Api::new();
        let path = user(&mut api, "pat");
        let role = api.post("/roles", json!({"name": "Admin"}), 200)["id"].clone();
        api.post(&format!("{path}/roles"), json!({"roles": ["rol_none"]}), 404);
        api.post(&format!("{path}/roles"), json!({"roles": [role]}), 204);
        assert_eq!(api.get(&format!("{path}/roles"), 200)[0]["name"], "Admin");
        api.delete(&format!("{path}/roles"), Some(json!({"roles": [role]})), 204);
        assert_eq!(api.get(&format!("{path}/roles"), 200), json!([]));
        let scopes = json!([{"value": "read:x"}]);
        api.post("/resource-servers", json!({"identifier": "urn:x", "scopes": scopes}), 201);
        let permission = json!({"resource_server_identifier": "urn:x", "permission_name": "read:x"});
        let body = json!({"permissions": [permission]});
        api.post(&format!("{path}/permissions"), body.clone(), 201);
        let held = api.get(&format!("{path}/permissions"), 200);
        assert_eq!(held[0]["sources"][0]["source_type"], "DIRECT");
        api.delete(&format!("{path}/permissions"), Some(body), 204);
        assert_eq!(api.get(&format!("{path}/permissions"), 200), json!([]));
    }
}
