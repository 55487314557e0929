//! Users: how they are made, read, changed and removed. What they have and what they are linked to have files of their own.

use serde_json::Value;

use super::{
    organization_members,
    roles::{USER_ROLES, USERS},
    user_creation::{check_unique, make},
    user_identities::{self, strategy},
    user_profile::{CREATE, UPDATE, changed, check_change, keep, text_of},
    user_roles::USER_PERMISSIONS,
};
use crate::tenant::{
    Context, Fault, Item, Operation, Reply, access,
    limit::Group,
    operations::{delete, get, patch, post},
    page, secret,
    state::{Object, State},
};

/// The hidden property that holds the hash of a user's password.
pub const PASSWORD: &str = "password_hash";

const READ: &[&str] = &["read:users", "read:current_user", "read:user_idp_tokens"];
const UPDATE_SCOPES: &[&str] = &["update:users", "update:users_app_metadata", "update:current_user_metadata"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/users-by-email", "Search Users by Email", &["read:users"], by_email).group(Group::UsersRead),
    post("/users", "Create a User", &["create:users"], create).body(&CREATE).group(Group::UsersWrite),
    get("/users/{id}", "Get a User", READ, read).group(Group::UsersRead),
    patch("/users/{id}", "Update a User", UPDATE_SCOPES, update).body(&UPDATE).group(Group::UsersWrite),
    delete("/users/{id}", "Delete a User", &["delete:users", "delete:current_user"], remove)
        .group(Group::UsersWrite),
];

/// The user that a path names.
///
/// # Errors
/// 404 `inexistent_user`.
pub fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let id = context.parameter("id");
    let id = if id.is_empty() { context.parameter("user_id") } else { id };
    context.state.objects.find(USERS, id).ok_or_else(missing)
}

/// The refusal of a user who isn't there.
pub fn missing() -> Fault {
    Fault::not_found("The user does not exist.").code("inexistent_user")
}

/// A user as the caller may see it: tokens of identity providers need a scope of their own.
pub fn with_tokens(context: &Context<'_>, user: &Item) -> Object {
    let mut shown = user.shown.clone();
    if !context.caller.has("read:user_idp_tokens") {
        let identities = shown.get_mut("identities").and_then(Value::as_array_mut).into_iter().flatten();
        for identity in identities.filter_map(Value::as_object_mut) {
            identity.retain(|name, _| {
                !matches!(name.as_str(), "access_token" | "access_token_secret" | "refresh_token")
            });
        }
    }
    shown
}

/// Forgets a user with everything that hangs on it.
pub fn forget(state: &mut State, user: &str) {
    state.objects.remove(USERS, user);
    state.links.forget(USER_ROLES, user);
    state.links.forget(USER_PERMISSIONS, user);
    organization_members::forget_user(state, user);
    access::forget_user(state, user);
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.body();
    let connection = text_of(&body, "connection").unwrap_or_default();
    let strategy = strategy(context.state, connection).map(str::to_owned);
    let strategy = strategy
        .ok_or_else(|| Fault::new(400, "The connection does not exist.").code("inexistent_connection"))?;
    let user = make(context.state, body, &strategy, context.now)?;
    Ok(Reply::created(user.shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let shown = with_tokens(context, found(context)?);
    Ok(Reply::ok(page::fields(context.call, &shown)))
}

fn by_email(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let missing = || Fault::query("'Missing required property: email'");
    let email = context.call.query("email").ok_or_else(missing)?;
    let users = context.state.objects.all(USERS).filter(|user| user.text("email") == email);
    let shown: Vec<Value> =
        users.map(|user| page::fields(context.call, &with_tokens(context, user)).into()).collect();
    Ok(Reply::ok(shown))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut body = context.body();
    let user = found(context)?;
    let id = user.id.clone();
    let identities = user_identities::of(user);
    let place = match text_of(&body, "connection") {
        None => 0,
        Some(name) => {
            let place = identities.iter().position(|identity| identity["connection"] == name);
            let message = "The user has no identity of this connection.";
            place.ok_or_else(|| Fault::invalid_body(message))?
        }
    };
    let identity = identities.get(place).cloned().unwrap_or_default();
    check_change(user, &body)?;
    let connection = identity.get("connection").and_then(Value::as_str).unwrap_or_default();
    check_unique(context.state, &id, connection, &body)?;
    let hash = text_of(&body, "password").map(|password| secret::hash(password, &mut context.state.dice));
    keep(&mut body);
    let now = context.iso();
    let secondary = if place == 0 { Object::new() } else { user_identities::take_profile(&mut body) };
    let Some(user) = context.state.objects.find_mut(USERS, &id) else { return Ok(Reply::no_content()) };
    let mut shown = changed(&user.shown, body)?;
    shown.insert("updated_at".to_owned(), now.clone().into());
    if hash.is_some() {
        shown.insert("last_password_reset".to_owned(), now.into());
        // Why: setting a password through the API lifts an administrator's block.
        shown.remove("blocked");
    }
    user.shown = shown;
    user_identities::change(user, place, secondary, hash);
    let user = user.clone();
    Ok(Reply::ok(with_tokens(context, &user)))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = context.parameter("id").to_owned();
    forget(context.state, &id);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tenant::testing::{Api, DATABASE};

    fn user(api: &mut Api, name: &str) -> String {
        let body =
            json!({"connection": DATABASE, "email": format!("{name}@example.com"), "password": "sesame"});
        path(&api.post("/users", body, 201))
    }

    fn path(user: &Value) -> String {
        format!("/users/{}", user["user_id"].as_str().unwrap().replace('|', "%7C"))
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
        api.post("/users", json!({"connection": DATABASE, "email": "PAT@example.com"}), 409);
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
    fn a_profile_that_is_too_large_is_refused_and_nothing_changes() {
        let mut api = Api::new();
        let path = user(&mut api, "pat");
        let half = "x".repeat(6_000);
        api.patch(&path, json!({"app_metadata": {"a": half}}), 200);
        api.patch(&path, json!({"name": "New", "app_metadata": {"b": half}}), 400);
        assert_eq!(api.get(&path, 200)["name"], "pat@example.com");
        api.patch(&path, json!({"app_metadata": {"a": null, "b": half}}), 200);
    }

    #[test]
    fn a_user_of_a_connection_elsewhere_is_changed_there() {
        let mut api = Api::new();
        api.post("/connections", json!({"name": "corp", "strategy": "samlp"}), 201);
        let body = json!({"connection": "corp", "email": "Kim@Corp.example.com", "user_id": "7"});
        let made = api.post("/users", body, 201);
        assert_eq!(
            (&made["user_id"], &made["email"]),
            (&json!("samlp|corp|7"), &json!("kim@corp.example.com"))
        );
        let refused = api.patch(&path(&made), json!({"email_verified": true}), 400);
        assert_eq!(refused["errorCode"], "operation_not_supported");
        api.patch(&path(&made), json!({"blocked": true, "app_metadata": {"a": 1}}), 200);
        let refused = api.post("/users", json!({"connection": "none", "email": "a@example.com"}), 400);
        assert_eq!(refused["errorCode"], "inexistent_connection");
    }

    #[test]
    fn what_identifies_a_user_changes_alone_and_in_a_connection_only_once() {
        let mut api = Api::new();
        let (pat, _) = (user(&mut api, "pat"), user(&mut api, "kim"));
        api.patch(&pat, json!({"email": "new@example.com", "password": "x"}), 400);
        api.patch(&pat, json!({"email": "Kim@example.com"}), 409);
        api.post("/connections", json!({"name": "other", "strategy": "auth0"}), 201);
        api.post("/users", json!({"connection": "other", "email": "pat@example.com"}), 201);
        assert_eq!(api.get("/users-by-email?email=pat@example.com", 200).as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_linked_identity_changes_by_its_connection() {
        let mut api = Api::new();
        let pat = user(&mut api, "pat");
        api.post("/connections", json!({"name": "other", "strategy": "auth0"}), 201);
        let other = api.post("/users", json!({"connection": "other", "email": "second@example.com"}), 201);
        let second = other["user_id"].as_str().unwrap();
        api.post(&format!("{pat}/identities"), json!({"provider": "auth0", "user_id": second}), 201);
        let shown = api.patch(&pat, json!({"connection": "other", "email": "third@example.com"}), 200);
        assert_eq!(shown["email"], "pat@example.com");
        assert_eq!(shown["identities"][1]["profileData"]["email"], "third@example.com");
        api.patch(&pat, json!({"connection": "other", "password": "secret"}), 200);
        let first = pat.strip_prefix("/users/").unwrap().replace("%7C", "|");
        assert!(api.tenant.has_password(&first, "sesame") && !api.tenant.has_password(&first, "secret"));
        api.delete(&format!("{pat}/identities/auth0/{}", second.split_once('|').unwrap().1), None, 200);
        assert!(api.tenant.has_password(second, "secret"));
        api.patch(&pat, json!({"connection": "other", "email": "fourth@example.com"}), 400);
    }

    #[test]
    fn tokens_of_identity_providers_need_a_scope() {
        let mut api = Api::new();
        let path = user(&mut api, "pat");
        let id = api.get(&path, 200)["user_id"].as_str().unwrap().to_owned();
        let user = api.tenant.state_mut().objects.find_mut(USERS, &id).unwrap();
        user.shown["identities"][0]["access_token"] = "secret".into();
        assert_eq!(api.get(&path, 200)["identities"][0]["access_token"], "secret");
        api = api.with_scopes(&["read:users"]);
        assert!(!api.get(&path, 200).to_string().contains("secret"));
        assert!(!api.get("/users", 200).to_string().contains("secret"));
    }
}
