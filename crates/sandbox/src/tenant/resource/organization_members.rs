//! The members of an organization, and the roles that they have in it.

use serde_json::{Value, json};

use super::{
    organizations::{ORGANIZATIONS, brief as brief_organization, found},
    roles::{ROLES, USERS},
};
use crate::tenant::{
    Context, Fault, Group, Operation, Reply,
    check::{IDS, Rule, need, text},
    operations::{delete, get, post},
    page,
    state::{Object, State},
};

/// Organizations to their members: left is the organization's id, right the user's.
pub const ORGANIZATION_MEMBERS: &str = "organization_members";

/// Members to their roles: left is the organization's id and the user's, with a line feed between.
pub const MEMBER_ROLES: &str = "organization_member_roles";

/// The most members of an organization (Auth0: "Entity limit policy").
const MOST_MEMBERS: usize = 100_000;

/// The most ids of one call. It is not documented; a stand-in must not take what a tenant may refuse.
const MOST_IDS: usize = 10;

/// The most roles of a member (the same page).
const MOST_ROLES: usize = 50;

const READ: &[&str] = &["read:organization_members"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/organizations/{id}/members", "Get members who belong to an organization", READ, list)
        .group(Group::MembersRead),
    post(
        "/organizations/{id}/members",
        "Add members to an organization",
        &["create:organization_members"],
        add,
    )
    .body(&NEW_MEMBERS)
    .group(Group::MembersWrite),
    delete(
        "/organizations/{id}/members",
        "Delete members from an organization",
        &["delete:organization_members"],
        remove,
    )
    .body(&MEMBERS)
    .group(Group::MembersWrite),
    get(
        "/organizations/{id}/members/{user_id}/roles",
        "Get user roles assigned to an organization member",
        &["read:organization_member_roles"],
        list_roles,
    )
    .group(Group::MemberRoles),
    post(
        "/organizations/{id}/members/{user_id}/roles",
        "Assign user roles to an Organization member",
        &["create:organization_member_roles"],
        add_roles,
    )
    .body(&ROLE_IDS)
    .group(Group::MemberRoles),
    delete(
        "/organizations/{id}/members/{user_id}/roles",
        "Delete user roles from an Organization member",
        &["delete:organization_member_roles"],
        remove_roles,
    )
    .body(&ROLE_IDS)
    .group(Group::MemberRoles),
    get(
        "/organizations/{id}/members/{user_id}/effective-roles",
        "Get effective roles of an organization member",
        &["read:organization_member_effective_roles"],
        list_effective_roles,
    )
    .group(Group::MemberRoles),
    get("/users/{id}/organizations", "List user's organizations", &["read:organizations"], list_of_user)
        .group(Group::UserOrganizations),
    get(
        "/organizations/{id}/roles/{role_id}/members",
        "Get members of an organization who have a role",
        &["read:roles", "read:organization_members"],
        list_members_with_role,
    )
    .group(Group::MembersRead),
];

static MEMBERS: Rule = Rule::Object(&[need("members", IDS)]);
static NEW_MEMBERS: Rule = Rule::Object(&[need(
    "members",
    Rule::List { each: &text(1, 512), min: 1, max: MOST_IDS, unique: false },
)]);
static ROLE_IDS: Rule = Rule::Object(&[need("roles", IDS)]);

/// The left side of a member's roles.
pub fn member_key(organization: &str, user: &str) -> String {
    format!("{organization}\n{user}")
}

/// The fields of a member that lists show.
fn brief(state: &State, user: &str) -> Option<Object> {
    let user = state.objects.find(USERS, user)?;
    let named = ["user_id", "email", "picture", "name"].into_iter();
    Some(named.filter_map(|name| Some((name.to_owned(), user.shown.get(name)?.clone()))).collect())
}

fn roles(state: &State, organization: &str, user: &str, fields: &[&str]) -> Vec<Object> {
    let key = member_key(organization, user);
    let roles =
        state.links.rights(MEMBER_ROLES, &key).filter_map(|(role, _)| state.objects.find(ROLES, role));
    roles
        .map(|role| {
            let named = fields.iter();
            named.filter_map(|name| Some(((*name).to_owned(), role.shown.get(*name)?.clone()))).collect()
        })
        .collect()
}

/// The members; their roles only when `fields` names them.
fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let with_roles = context
        .call
        .query("fields")
        .is_some_and(|fields| fields.split(',').any(|field| field.trim() == "roles"));
    let members = context.state.links.rights(ORGANIZATION_MEMBERS, &id).filter_map(|(user, _)| {
        let mut shown = brief(context.state, user)?;
        if with_roles {
            shown.insert("roles".to_owned(), roles(context.state, &id, user, &["id", "name"]).into());
        }
        Some(shown)
    });
    let shown: Vec<Object> = members.collect();
    page::until_empty(context.call, "members", "user_id", &shown)
}

fn add(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let members = context.texts("members");
    if members.iter().any(|user| context.state.objects.find(USERS, user).is_none()) {
        return Err(Fault::invalid_body("One or more of the members do not exist"));
    }
    let new = members.iter().filter(|user| !context.state.links.has(ORGANIZATION_MEMBERS, &id, user)).count();
    if context.state.links.rights(ORGANIZATION_MEMBERS, &id).count().saturating_add(new) > MOST_MEMBERS {
        return Err(Fault::invalid_body(format!(
            "An organization can't have more than {MOST_MEMBERS} members"
        )));
    }
    for user in &members {
        context.state.links.add(ORGANIZATION_MEMBERS, &id, user, Value::Null);
    }
    Ok(Reply::no_content())
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    for user in context.texts("members") {
        context.state.links.remove(ORGANIZATION_MEMBERS, &id, &user);
        context.state.links.forget(MEMBER_ROLES, &member_key(&id, &user));
    }
    Ok(Reply::no_content())
}

/// Takes all members from an organization.
pub fn forget(state: &mut State, organization: &str) {
    let members: Vec<String> =
        state.links.rights(ORGANIZATION_MEMBERS, organization).map(|(user, _)| user.to_owned()).collect();
    for user in members {
        state.links.forget(MEMBER_ROLES, &member_key(organization, &user));
    }
    state.links.forget(ORGANIZATION_MEMBERS, organization);
}

/// Takes a user out of all organizations.
pub fn forget_user(state: &mut State, user: &str) {
    let organizations: Vec<String> =
        state.links.lefts(ORGANIZATION_MEMBERS, user).map(str::to_owned).collect();
    for organization in organizations {
        state.links.forget(MEMBER_ROLES, &member_key(&organization, user));
    }
    state.links.forget(ORGANIZATION_MEMBERS, user);
}

/// The organization and the member that the path names.
fn member(context: &Context<'_>) -> Result<(String, String), Fault> {
    let (id, user) = (found(context)?.id.clone(), context.parameter("user_id").to_owned());
    if !context.state.links.has(ORGANIZATION_MEMBERS, &id, &user) {
        return Err(Fault::not_found("No member found by that id"));
    }
    Ok((id, user))
}

fn list_roles(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (id, user) = member(context)?;
    let shown = roles(context.state, &id, &user, &["id", "name", "description"]);
    page::offset(context.call, "roles", &shown)
}

/// The roles of a member by whatever way; members of groups are not kept, so all are direct.
fn list_effective_roles(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (id, user) = member(context)?;
    let mut shown = roles(context.state, &id, &user, &["id", "name", "description"]);
    for role in &mut shown {
        role.insert("sources".to_owned(), json!(["direct"]));
    }
    page::checkpoint(context.call, "roles", "id", &shown)
}

fn add_roles(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (id, user) =
        member(context).map_err(|_| Fault::invalid_body("The user is not a member of the organization"))?;
    let roles = context.texts("roles");
    if roles.iter().any(|role| context.state.objects.find(ROLES, role).is_none()) {
        return Err(Fault::invalid_body("One or more of the roles do not exist"));
    }
    let key = member_key(&id, &user);
    let new = roles.iter().filter(|role| !context.state.links.has(MEMBER_ROLES, &key, role)).count();
    if context.state.links.rights(MEMBER_ROLES, &key).count().saturating_add(new) > MOST_ROLES {
        return Err(Fault::invalid_body(format!("A member can't have more than {MOST_ROLES} roles")));
    }
    for role in &roles {
        context.state.links.add(MEMBER_ROLES, &key, role, Value::Null);
    }
    Ok(Reply::no_content())
}

fn remove_roles(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let key = member_key(&found(context)?.id, context.parameter("user_id"));
    for role in context.texts("roles") {
        context.state.links.remove(MEMBER_ROLES, &key, &role);
    }
    Ok(Reply::no_content())
}

fn list_members_with_role(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (id, role) = (found(context)?.id.clone(), context.parameter("role_id").to_owned());
    if context.state.objects.find(ROLES, &role).is_none() {
        return Err(Fault::not_found("The role does not exist."));
    }
    let members = context.state.links.rights(ORGANIZATION_MEMBERS, &id);
    let shown: Vec<Object> = members
        .filter(|(user, _)| context.state.links.has(MEMBER_ROLES, &member_key(&id, user), &role))
        .filter_map(|(user, _)| brief(context.state, user))
        .collect();
    page::checkpoint(context.call, "members", "user_id", &shown)
}

fn list_of_user(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = context.parameter("id");
    if context.state.objects.find(USERS, user).is_none() {
        return Err(Fault::not_found("The user does not exist.").code("inexistent_user"));
    }
    let ids = context.state.links.lefts(ORGANIZATION_MEMBERS, user);
    let organizations = ids.filter_map(|id| context.state.objects.find(ORGANIZATIONS, id));
    let shown: Vec<Object> = organizations.map(brief_organization).collect();
    page::either(context.call, "organizations", "id", &shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{Item, testing::Api};

    /// An organization's path with one member, `auth0|1`, in it.
    fn organization(api: &mut Api) -> String {
        for id in ["auth0|1", "auth0|2"] {
            let shown = json!({"user_id": id, "email": "pat@example.com", "name": "Pat", "logins_count": 3});
            let shown = shown.as_object().cloned().unwrap();
            let item = Item { id: id.to_owned(), shown, hidden: Object::new() };
            api.tenant.state_mut().objects.insert(USERS, item);
        }
        let made = api.post("/organizations", json!({"name": "acme"}), 201);
        let path = format!("/organizations/{}", made["id"].as_str().unwrap());
        api.post(&format!("{path}/members"), json!({"members": ["auth0|1"]}), 204);
        path
    }

    fn role(api: &mut Api, name: &str) -> String {
        api.post("/roles", json!({"name": name}), 200)["id"].as_str().unwrap().to_owned()
    }

    #[test]
    fn members_come_are_listed_briefly_and_go() {
        let mut api = Api::new();
        let members = format!("{}/members", organization(&mut api));
        let brief = json!({"user_id": "auth0|1", "email": "pat@example.com", "name": "Pat"});
        assert_eq!(api.get(&members, 200), json!([brief]));
        let page = api.get(&format!("{members}?take=10"), 200);
        assert_eq!(page["members"], json!([brief]));
        let next = page["next"].as_str().unwrap();
        assert_eq!(api.get(&format!("{members}?take=10&from={next}"), 200), json!({"members": []}));
        api.post(&members, json!({"members": ["auth0|2", "auth0|3"]}), 400);
        api.post(&members, json!({"members": []}), 400);
        assert_eq!(api.get("/users/auth0%7C1/organizations", 200)[0]["name"], "acme");
        api.get("/users/auth0%7C3/organizations", 404);
        api.delete(&members, Some(json!({"members": ["auth0|1"]})), 204);
        assert_eq!(api.get(&members, 200), json!([]));
        assert_eq!(api.get("/users/auth0%7C1/organizations", 200), json!([]));
    }

    #[test]
    fn ten_members_come_at_once_and_no_more() {
        let mut api = Api::new();
        let path = format!("{}/members", organization(&mut api));
        let ids: Vec<String> = (0..11).map(|number| format!("auth0|{number}")).collect();
        let refused = api.post(&path, json!({"members": ids}), 400);
        assert!(
            refused["message"].as_str().unwrap().contains("'Array is too long (11), maximum 10'"),
            "{refused}"
        );
        let refused = api.post(&path, json!({"members": ids[..10]}), 400);
        assert_eq!(refused["message"], "One or more of the members do not exist");
    }

    #[test]
    fn a_member_has_roles_in_the_organization() {
        let mut api = Api::new();
        let (organization, role) = (organization(&mut api), role(&mut api, "Admin"));
        let roles = format!("{organization}/members/auth0%7C1/roles");
        api.post(&roles, json!({"roles": [role]}), 204);
        let shown = json!({"id": role, "name": "Admin", "description": ""});
        assert_eq!(api.get(&roles, 200), json!([shown]));
        let members = api.get(&format!("{organization}/members?fields=user_id,roles"), 200);
        assert_eq!(members, json!([{"user_id": "auth0|1", "roles": [{"id": role, "name": "Admin"}]}]));
        let effective = api.get(&format!("{organization}/members/auth0%7C1/effective-roles"), 200);
        assert_eq!(effective["roles"][0]["sources"], json!(["direct"]));
        let with_role = api.get(&format!("{organization}/roles/{role}/members"), 200);
        assert_eq!(with_role["members"][0]["user_id"], "auth0|1");
        api.delete(&roles, Some(json!({"roles": [role]})), 204);
        assert_eq!(api.get(&roles, 200), json!([]));
    }

    #[test]
    fn roles_are_given_to_members_only_and_go_with_them() {
        let mut api = Api::new();
        let (organization, role) = (organization(&mut api), role(&mut api, "Admin"));
        let other = format!("{organization}/members/auth0%7C2/roles");
        assert_eq!(api.post(&other, json!({"roles": [role]}), 400)["errorCode"], "invalid_body");
        api.get(&other, 404);
        let roles = format!("{organization}/members/auth0%7C1/roles");
        api.post(&roles, json!({"roles": ["rol_none"]}), 400);
        api.post(&roles, json!({"roles": [role]}), 204);
        let (members, body) = (format!("{organization}/members"), json!({"members": ["auth0|1"]}));
        api.delete(&members, Some(body.clone()), 204);
        api.post(&members, body, 204);
        assert_eq!(api.get(&roles, 200), json!([]));
    }

    #[test]
    fn a_member_has_no_more_than_fifty_roles() {
        let mut api = Api::new();
        let path = format!("{}/members/auth0%7C1/roles", organization(&mut api));
        let roles: Vec<String> = (0..51).map(|n| role(&mut api, &format!("Role {n}"))).collect();
        api.post(&path, json!({"roles": roles}), 400);
        api.post(&path, json!({"roles": roles[..50]}), 204);
        api.post(&path, json!({"roles": [roles[50]]}), 400);
        api.post(&path, json!({"roles": [roles[0]]}), 204);
    }
}
