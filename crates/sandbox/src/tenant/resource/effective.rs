//! What a user may do by whatever way: directly, by roles, by groups. Groups come from the state alone: the API of groups
//! isn't here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    resource_servers,
    roles::{ROLE_PERMISSIONS, ROLES, USER_ROLES},
    user_roles::USER_PERMISSIONS,
    users,
};
use crate::tenant::{
    Context, Fault, Operation, Reply,
    events::GROUP_MEMBERS,
    limit::Group,
    operations::get,
    page,
    state::{Object, State},
};

/// The collection of groups.
const GROUPS: &str = "groups";

/// Groups to their roles: left is the group's id.
const GROUP_ROLES: &str = "group_roles";

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/users/{id}/groups", "Get user's groups", &["read:groups"], list_groups).group(Group::UsersRead),
    get(
        "/users/{id}/effective-roles",
        "Lists the roles for a user with sources: directly assigned or through group membership.",
        &["read:user_effective_roles"],
        list_roles,
    )
    .group(Group::UsersRead),
    get(
        "/users/{id}/effective-roles/sources/groups",
        "Get a user's role source groups",
        &["read:user_role_source_groups"],
        list_role_groups,
    )
    .group(Group::UsersRead),
    get(
        "/users/{id}/effective-permissions",
        "Lists the permissions assigned to a user directly or through roles or groups.",
        &["read:user_effective_permissions"],
        list_permissions,
    )
    .group(Group::UsersRead),
    get(
        "/users/{id}/effective-permissions/sources/effective-roles",
        "Lists the roles which grant the user a given permission (whether directly or through groups).",
        &["read:user_permission_source_roles"],
        list_permission_roles,
    )
    .group(Group::UsersRead),
];

/// The groups of a user, those alone that have a role if one is named.
fn groups(state: &State, user: &str, role: Option<&str>) -> Vec<Object> {
    let ids = state.links.lefts(GROUP_MEMBERS, user);
    let wanted = ids.filter(|group| role.is_none_or(|role| state.links.has(GROUP_ROLES, group, role)));
    wanted.filter_map(|group| state.objects.find(GROUPS, group)).map(|group| group.shown.clone()).collect()
}

/// The roles of a user with where each comes from.
fn roles(state: &State, user: &str) -> Vec<Object> {
    let direct: BTreeSet<&str> = state.links.rights(USER_ROLES, user).map(|(role, _)| role).collect();
    let by_groups: BTreeSet<&str> = state
        .links
        .lefts(GROUP_MEMBERS, user)
        .flat_map(|group| state.links.rights(GROUP_ROLES, group))
        .map(|(role, _)| role)
        .collect();
    let shown = direct.union(&by_groups).filter_map(|id| {
        let role = state.objects.find(ROLES, id)?;
        let named = ["id", "name", "description"].into_iter();
        let mut shown: Object =
            named.filter_map(|name| Some((name.to_owned(), role.shown.get(name)?.clone()))).collect();
        let ways = [("direct", direct.contains(id)), ("groups", by_groups.contains(id))];
        let ways: Vec<&str> = ways.into_iter().filter(|(_, is_so)| *is_so).map(|(way, _)| way).collect();
        shown.insert("sources".to_owned(), json!(ways));
        Some(shown)
    });
    shown.collect()
}

fn required<'a>(context: &'a Context<'_>, name: &str) -> Result<&'a str, Fault> {
    let missing = || Fault::query(&format!("'Missing required property: {name}'"));
    context.call.query(name).ok_or_else(missing)
}

fn list_groups(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let groups = groups(context.state, &users::found(context)?.id, None);
    page::either(context.call, "groups", "id", &groups)
}

fn list_roles(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let roles = roles(context.state, &users::found(context)?.id);
    page::checkpoint(context.call, "roles", "id", &roles)
}

fn list_role_groups(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let role = required(context, "role_id")?;
    let groups = groups(context.state, &users::found(context)?.id, Some(role));
    page::checkpoint(context.call, "groups", "id", &groups)
}

fn list_permissions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = users::found(context)?.id.clone();
    let api = required(context, "resource_server_identifier")?;
    let state = &context.state;
    let direct: BTreeSet<&str> = state.links.rights(USER_PERMISSIONS, &user).map(|(key, _)| key).collect();
    let of_roles = roles(state, &user);
    let ids = of_roles.iter().filter_map(|role| role.get("id")?.as_str());
    let by_roles: BTreeSet<&str> =
        ids.flat_map(|role| state.links.rights(ROLE_PERMISSIONS, role)).map(|(key, _)| key).collect();
    let shown = direct.union(&by_roles).filter_map(|key| {
        let (identifier, name) = key.split_once('\n').filter(|(identifier, _)| *identifier == api)?;
        let (api_name, description) = resource_servers::scope(state, identifier, name)?;
        let ways = [("direct", direct.contains(key)), ("roles", by_roles.contains(key))];
        let ways: Vec<&str> = ways.into_iter().filter(|(_, is_so)| *is_so).map(|(way, _)| way).collect();
        let shown = json!({
            "resource_server_identifier": identifier,
            "resource_server_name": api_name,
            "permission_name": name,
            "description": description,
            "sources": ways,
        });
        shown.as_object().cloned()
    });
    page::checkpoint(context.call, "permissions", "permission_name", &shown.collect::<Vec<_>>())
}

fn list_permission_roles(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = users::found(context)?.id.clone();
    let key = format!(
        "{}\n{}",
        required(context, "resource_server_identifier")?,
        required(context, "permission_name")?
    );
    let mut roles = roles(context.state, &user);
    roles.retain(|role| {
        let id = role.get("id").and_then(Value::as_str).unwrap_or_default();
        context.state.links.has(ROLE_PERMISSIONS, id, &key)
    });
    page::checkpoint(context.call, "roles", "id", &roles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{
        Item,
        testing::{Api, DATABASE},
    };

    /// A user who has one role directly and another by a group, both with a permission; the ids of the roles.
    fn with_ways() -> (Api, String, [String; 2]) {
        let mut api = Api::new();
        let user = api.post("/users", json!({"connection": DATABASE, "email": "pat@example.com"}), 201);
        let id = user["user_id"].as_str().unwrap();
        let path = format!("/users/{}", id.replace('|', "%7C"));
        let scopes = json!([{"value": "read:x"}, {"value": "write:x"}]);
        api.post("/resource-servers", json!({"identifier": "urn:x", "scopes": scopes}), 201);
        let permission = |name: &str| json!({"permissions": [{"resource_server_identifier": "urn:x", "permission_name": name}]});
        let roles = ["One", "Other"].map(|name| {
            let role = api.post("/roles", json!({"name": name}), 200)["id"].as_str().unwrap().to_owned();
            api.post(&format!("/roles/{role}/permissions"), permission("read:x"), 201);
            role
        });
        api.post(&format!("{path}/permissions"), permission("write:x"), 201);
        api.post(&format!("{path}/roles"), json!({"roles": [roles[0]]}), 204);
        let state = api.tenant.state_mut();
        let shown = json!({"id": "grp_1", "name": "Group"}).as_object().cloned().unwrap();
        state.objects.insert(GROUPS, Item { id: "grp_1".to_owned(), shown, hidden: Object::new() });
        state.links.add(GROUP_MEMBERS, "grp_1", id, Value::Null);
        state.links.add(GROUP_ROLES, "grp_1", &roles[1], Value::Null);
        (api, path, roles)
    }

    #[test]
    fn roles_come_directly_and_by_groups() {
        let (mut api, path, roles) = with_ways();
        let listed = api.get(&format!("{path}/effective-roles"), 200);
        for (role, way) in roles.iter().zip(["direct", "groups"]) {
            let mut found = listed["roles"].as_array().unwrap().iter().filter(|one| one["id"] == **role);
            assert_eq!(found.next().unwrap()["sources"], json!([way]));
        }
        let sources = format!("{path}/effective-roles/sources/groups?role_id=");
        assert_eq!(api.get(&format!("{sources}{}", roles[1]), 200)["groups"][0]["name"], "Group");
        assert_eq!(api.get(&format!("{sources}{}", roles[0]), 200)["groups"], json!([]));
        api.get(&format!("{path}/effective-roles/sources/groups"), 400);
        assert_eq!(api.get(&format!("{path}/groups"), 200)[0]["id"], "grp_1");
    }

    #[test]
    fn permissions_come_directly_and_by_roles() {
        let (mut api, path, roles) = with_ways();
        let query = "resource_server_identifier=urn:x";
        let listed = api.get(&format!("{path}/effective-permissions?{query}"), 200);
        let shown: Vec<(&Value, &Value)> = listed["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (&one["permission_name"], &one["sources"]))
            .collect();
        assert_eq!(shown, [(&json!("read:x"), &json!(["roles"])), (&json!("write:x"), &json!(["direct"]))]);
        let sources =
            format!("{path}/effective-permissions/sources/effective-roles?{query}&permission_name=read:x");
        assert_eq!(api.get(&sources, 200)["roles"].as_array().unwrap().len(), roles.len());
        api.get(&format!("{path}/effective-permissions"), 400);
    }
}
