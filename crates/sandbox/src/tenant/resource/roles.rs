//! Roles, the permissions that they give, and the users who have them.

use serde_json::{Value, json};

use super::permissions;
use crate::tenant::{
    Context, Fault, Item, Operation, Reply,
    check::{IDS, Rule, may, need, text},
    id,
    operations::{delete, get, patch, post},
    page,
    state::Object,
};

/// The collection: ids are `rol_` and 16 characters.
pub const ROLES: &str = "roles";

/// Users to roles: left is the `user_id`.
pub const USER_ROLES: &str = "user_roles";

/// Roles to permissions: left is the role's id.
pub const ROLE_PERMISSIONS: &str = "role_permissions";

/// The collection of users: id is the `user_id`.
pub const USERS: &str = "users";

/// The most roles of a tenant (Auth0: "Entity limit policy").
const MOST: usize = 1_000;

/// The most roles of a user (the same page).
const MOST_OF_A_USER: usize = 50;

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/roles", "Get roles", &["read:roles"], list),
    post("/roles", "Create a role", &["create:roles"], create).body(&CREATE),
    get("/roles/{id}", "Get a role", &["read:roles"], read),
    patch("/roles/{id}", "Update a role", &["update:roles"], update).body(&UPDATE),
    delete("/roles/{id}", "Delete a role", &["delete:roles"], remove),
    get("/roles/{id}/permissions", "Get permissions granted by role", &["read:roles"], list_permissions),
    post("/roles/{id}/permissions", "Associate permissions with a role", &["update:roles"], add_permissions)
        .body(&permissions::BODY),
    delete(
        "/roles/{id}/permissions",
        "Remove permissions from a role",
        &["update:roles"],
        remove_permissions,
    )
    .body(&permissions::BODY),
    get(
        "/roles/{id}/users",
        "Get a role's users",
        &["read:users", "read:roles", "read:role_members"],
        list_users,
    ),
    post("/roles/{id}/users", "Assign users to a role", &["update:roles", "create:role_members"], add_users)
        .body(&MEMBERS),
];

static CREATE: Rule = Rule::Object(&[
    need("name", text(1, 255)),
    may("description", text(0, 255)),
    may("type", Rule::OneOf(&["tenant", "organization"])),
    may("owner_id", text(1, 255)),
]);
static UPDATE: Rule = Rule::Object(&[may("name", text(1, 255)), may("description", text(0, 255))]);
static MEMBERS: Rule = Rule::Object(&[need("users", IDS)]);

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let role = context.state.objects.find(ROLES, context.parameter("id"));
    role.ok_or_else(|| Fault::not_found("The role does not exist."))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let part = context.call.query("name_filter").unwrap_or_default().to_lowercase();
    let kind = context.call.query("type");
    let owner = context.call.query("owner_id");
    let all = context.state.objects.all(ROLES);
    let shown: Vec<&Object> = all
        .filter(|role| role.text("name").to_lowercase().contains(&part))
        .filter(|role| kind.is_none_or(|kind| role.text("type") == kind))
        .filter(|role| owner.is_none_or(|owner| role.text("owner_id") == owner))
        .map(|role| &role.shown)
        .collect();
    page::offset(context.call, "roles", &shown)
}

/// Refuses a name that another role of the same owner has.
fn check_name(context: &Context<'_>, own: &str, owner: &str, name: Option<&Value>) -> Result<(), Fault> {
    let Some(name) = name.and_then(Value::as_str) else { return Ok(()) };
    let mut others = context.state.objects.all(ROLES).filter(|role| role.id != own);
    if others.any(|role| role.text("name") == name && role.text("owner_id") == owner) {
        return Err(Fault::conflict("The role name is already in use."));
    }
    Ok(())
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut shown = context.body();
    let owner = shown.get("owner_id").and_then(Value::as_str).unwrap_or_default();
    check_name(context, "", owner, shown.get("name"))?;
    if context.state.objects.count(ROLES) >= MOST {
        return Err(Fault::new(403, format!("You reached the limit of {MOST} roles")));
    }
    let id = id::prefixed("rol", &mut context.state.dice);
    shown.insert("id".to_owned(), id.clone().into());
    shown.entry("type").or_insert_with(|| "tenant".into());
    // Why: without a description a tenant's role shows `null` when it is made and an organization's shows none; both show
    // an empty one when they are read.
    let mut kept = shown.clone();
    kept.entry("description").or_insert_with(|| "".into());
    if kept.get("type").and_then(Value::as_str) == Some("tenant") {
        shown.entry("description").or_insert(Value::Null);
    }
    context.state.objects.insert(ROLES, Item { id, shown: kept, hidden: Object::new() });
    Ok(Reply::ok(shown))
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(found(context)?.shown.clone()))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let role = found(context)?;
    let (id, owner) = (role.id.clone(), role.text("owner_id"));
    let changes = context.body();
    check_name(context, &id, owner, changes.get("name"))?;
    let role = context.state.objects.find_mut(ROLES, &id);
    let shown = role.map(|role| {
        role.shown.extend(changes);
        role.shown.clone()
    });
    Ok(Reply::ok(shown.unwrap_or_default()))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    context.state.objects.remove(ROLES, &id);
    context.state.links.forget(USER_ROLES, &id);
    context.state.links.forget(ROLE_PERMISSIONS, &id);
    Ok(Reply::empty_object(200))
}

fn list_permissions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    permissions::list(context, ROLE_PERMISSIONS, &id)
}

fn add_permissions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    permissions::grant(context, ROLE_PERMISSIONS, &id)?;
    Ok(Reply::empty_object(201))
}

fn remove_permissions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    permissions::revoke(context, ROLE_PERMISSIONS, &id);
    Ok(Reply::no_content())
}

fn list_users(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let members = context.state.links.lefts(USER_ROLES, &id);
    let shown: Vec<Object> = members
        .filter_map(|member| context.state.objects.find(USERS, member))
        .map(|user| {
            let named = ["user_id", "email", "picture", "name"].into_iter();
            named.filter_map(|name| Some((name.to_owned(), user.shown.get(name)?.clone()))).collect()
        })
        .collect();
    page::either(context.call, "users", "user_id", &shown)
}

fn add_users(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let users = context.texts("users");
    for user in &users {
        if context.state.objects.find(USERS, user).is_none() {
            return Err(Fault::not_found("The user does not exist.").code("inexistent_user"));
        }
        check_room(context, user, &[&id])?;
    }
    for user in &users {
        context.state.links.add(USER_ROLES, user, &id, json!({}));
    }
    Ok(Reply::empty_object(200))
}

/// Refuses to give a user more roles than one may have.
pub fn check_room(context: &Context<'_>, user: &str, roles: &[&str]) -> Result<(), Fault> {
    let links = &context.state.links;
    let new = roles.iter().filter(|role| !links.has(USER_ROLES, user, role)).count();
    if links.rights(USER_ROLES, user).count().saturating_add(new) > MOST_OF_A_USER {
        return Err(Fault::invalid_body(format!("A user can't have more than {MOST_OF_A_USER} roles")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    fn role(api: &mut Api, name: &str) -> String {
        api.post("/roles", json!({"name": name}), 200)["id"].as_str().unwrap().to_owned()
    }

    fn user(api: &mut Api, id: &str) {
        let shown = json!({"user_id": id, "email": "pat@example.com", "name": "Pat", "logins_count": 3});
        let shown = shown.as_object().cloned().unwrap();
        let item = Item { id: id.to_owned(), shown, hidden: Object::new() };
        api.tenant.state_mut().objects.insert(USERS, item);
    }

    #[test]
    fn a_role_is_made_read_changed_and_removed() {
        let mut api = Api::new();
        let id = role(&mut api, "Admin");
        assert!(id.starts_with("rol_") && id.len() == 20);
        let path = format!("/roles/{id}");
        assert_eq!(api.get(&path, 200)["description"], "");
        let changed = api.patch(&path, json!({"description": "The boss"}), 200);
        assert_eq!(changed, json!({"id": id, "name": "Admin", "description": "The boss", "type": "tenant"}));
        assert_eq!(api.get("/roles?name_filter=adm", 200), json!([changed]));
        assert_eq!(api.delete(&path, None, 200), json!({}));
        assert_eq!(api.get(&path, 404)["message"], "The role does not exist.");
    }

    #[test]
    fn two_roles_do_not_share_a_name() {
        let mut api = Api::new();
        role(&mut api, "Admin");
        let other = role(&mut api, "Reader");
        api.post("/roles", json!({"name": "Admin"}), 409);
        api.patch(&format!("/roles/{other}"), json!({"name": "Admin"}), 409);
        api.patch(&format!("/roles/{other}"), json!({"name": "Reader"}), 200);
    }

    #[test]
    fn a_role_gives_permissions_that_an_api_has() {
        let mut api = Api::new();
        let path = format!("/roles/{}/permissions", role(&mut api, "Admin"));
        let scopes = json!([{"value": "read:x", "description": "Read x"}]);
        api.post("/resource-servers", json!({"identifier": "urn:x", "name": "X", "scopes": scopes}), 201);
        let body = |name: &str| json!({"permissions": [{"resource_server_identifier": "urn:x", "permission_name": name}]});
        api.post(&path, body("read:x"), 201);
        api.post(&path, body("write:x"), 400);
        let permission = json!({"permission_name": "read:x", "description": "Read x",
            "resource_server_name": "X", "resource_server_identifier": "urn:x"});
        assert_eq!(api.get(&path, 200), json!([permission]));
        api.delete(&path, Some(body("read:x")), 204);
        assert_eq!(api.get(&path, 200), json!([]));
    }

    #[test]
    fn the_users_of_a_role_are_listed_briefly() {
        let mut api = Api::new();
        let path = format!("/roles/{}/users", role(&mut api, "Admin"));
        api.post(&path, json!({"users": ["auth0|1"]}), 404);
        user(&mut api, "auth0|1");
        assert_eq!(api.post(&path, json!({"users": ["auth0|1"]}), 200), json!({}));
        let brief = json!({"user_id": "auth0|1", "email": "pat@example.com", "name": "Pat"});
        assert_eq!(api.get(&format!("{path}?take=10"), 200), json!({"users": [brief]}));
    }

    #[test]
    fn a_user_has_no_more_than_fifty_roles() {
        let mut api = Api::new();
        user(&mut api, "auth0|1");
        let statuses: Vec<u16> = (0..51)
            .map(|n| {
                let path = format!("/roles/{}/users", role(&mut api, &format!("Role {n}")));
                api.send(crate::tenant::Method::Post, &path, Some(json!({"users": ["auth0|1"]}))).status
            })
            .collect();
        assert!(statuses[..50].iter().all(|status| *status == 200) && statuses[50] == 400);
    }
}
