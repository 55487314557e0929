//! The roles and permissions that users have directly.

use serde_json::json;

use super::{
    permissions,
    roles::{ROLES, USER_ROLES, check_room},
    users::found,
};
use crate::tenant::{
    Context, Fault, Operation, Reply,
    check::{IDS, Rule, need},
    limit::Group,
    operations::{delete, get, post},
    page,
    state::Object,
};

/// Users to permissions: left is the `user_id`.
pub const USER_PERMISSIONS: &str = "user_permissions";

const ROLES_READ: &[&str] = &["read:users", "read:roles", "read:role_members"];
const ROLES_ADD: &[&str] = &["update:users", "create:role_members"];
const ROLES_REMOVE: &[&str] = &["update:users", "delete:role_members"];

pub(crate) const OPERATIONS: &[Operation] = &[
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
    use crate::tenant::testing::{Api, DATABASE};

    fn user(api: &mut Api, name: &str) -> String {
        let body = json!({"connection": DATABASE, "email": format!("{name}@example.com")});
        format!("/users/{}", api.post("/users", body, 201)["user_id"].as_str().unwrap().replace('|', "%7C"))
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
