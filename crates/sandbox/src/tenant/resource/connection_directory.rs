//! Provisioning from a directory: how a connection's users are read out of it, and which of its groups.

use serde_json::{Value, json};

use super::{connections::found, object};
use crate::tenant::{
    Context, Fault, Group, Item, Operation, Reply,
    check::{Rule, TEXT, list as list_of, may, need, text},
    operations::{delete, get, patch, post, put},
    page,
    state::{Object, State},
};

/// The settings: the id is the connection's; the groups are hidden.
pub const DIRECTORIES: &str = "directory_provisionings";

pub(crate) const OPERATIONS: &[Operation] = &[
    get(
        "/connections-directory-provisionings",
        "Get directory provisioning configurations",
        &["read:directory_provisionings"],
        list,
    )
    .group(Group::Connections),
    get(PATH, "Get a directory provisioning configuration", &["read:directory_provisionings"], read)
        .group(Group::Connections),
    post(PATH, "Create a directory provisioning configuration", &["create:directory_provisionings"], create)
        .body(&SETTINGS)
        .group(Group::Connections),
    patch(PATH, "Patch a directory provisioning configuration", &["update:directory_provisionings"], update)
        .body(&SETTINGS)
        .group(Group::Connections),
    delete(
        PATH,
        "Delete a directory provisioning configuration",
        &["delete:directory_provisionings"],
        remove,
    )
    .group(Group::Connections),
    get(
        "/connections/{id}/directory-provisioning/default-mapping",
        "Get a connection's default directory provisioning attribute mapping",
        &["read:directory_provisionings"],
        default_mapping,
    )
    .group(Group::Connections),
    get(GROUPS, "Get synchronized groups", &["read:directory_provisionings"], list_groups)
        .group(Group::Connections),
    put(GROUPS, "Replace synchronized groups", &["update:directory_provisionings"], put_groups)
        .body(&CHOSEN)
        .group(Group::Connections),
];

const PATH: &str = "/connections/{id}/directory-provisioning";
const GROUPS: &str = "/connections/{id}/directory-provisioning/synchronized-groups";

static PAIR: Rule = Rule::Object(&[need("auth0", TEXT), need("idp", TEXT)]);
static SETTINGS: Rule = Rule::Object(&[
    may("mapping", Rule::List { each: &PAIR, min: 1, max: usize::MAX, unique: false }),
    may("synchronize_automatically", Rule::Bool),
    may("synchronize_groups", Rule::OneOf(&["off", "all", "selected"])),
]);
static GROUP: Rule = Rule::Object(&[need("id", text(1, 512))]);
static CHOSEN: Rule = Rule::Object(&[need("groups", list_of(&GROUP, usize::MAX))]);

fn mapping() -> Value {
    json!([
        {"idp": "id", "auth0": "app_metadata.external_id"},
        {"idp": "primaryEmail", "auth0": "email"},
        {"idp": "primaryEmail", "auth0": "primaryEmail"},
    ])
}

fn directory(context: &Context<'_>) -> Result<Item, Fault> {
    let id = &found(context)?.id;
    context.state.objects.find(DIRECTORIES, id).cloned().ok_or_else(|| Fault::not_found("Not Found"))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let shown: Vec<&Object> =
        context.state.objects.all(DIRECTORIES).map(|directory| &directory.shown).collect();
    page::checkpoint(context.call, "directory_provisionings", "connection_id", &shown)
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(directory(context)?.shown))
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let connection = found(context)?.clone();
    if connection.text("strategy") != "google-apps" {
        return Err(Fault::invalid_body("Directory provisioning is not supported for this connection"));
    }
    if context.state.objects.find(DIRECTORIES, &connection.id).is_some() {
        return Err(Fault::conflict("The connection already has a directory provisioning configuration"));
    }
    let now = context.iso();
    let shown = json!({
        "connection_id": connection.id,
        "connection_name": connection.text("name"),
        "strategy": connection.text("strategy"),
        "mapping": mapping(),
        "synchronize_automatically": false,
        "synchronize_groups": "off",
        "created_at": now,
        "updated_at": now,
    });
    let mut shown = object(shown);
    shown.extend(context.body());
    let item = Item { id: connection.id, shown: shown.clone(), hidden: Object::new() };
    context.state.objects.insert(DIRECTORIES, item);
    Ok(Reply::created(shown))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut item = directory(context)?;
    item.shown.extend(context.body());
    item.shown.insert("updated_at".to_owned(), context.iso().into());
    let shown = item.shown.clone();
    context.state.objects.insert(DIRECTORIES, item);
    Ok(Reply::ok(shown))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = directory(context)?.id;
    forget(context.state, &id);
    Ok(Reply::no_content())
}

/// Removes a connection's settings.
pub fn forget(state: &mut State, connection: &str) {
    state.objects.remove(DIRECTORIES, connection);
}

fn default_mapping(context: &mut Context<'_>) -> Result<Reply, Fault> {
    found(context)?;
    Ok(Reply::ok(json!({"mapping": mapping()})))
}

/// The chosen groups by their ids. Their names are in the customer's directory, so a search by name finds none.
fn list_groups(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let directory = directory(context)?;
    let chosen = directory.hidden.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
    let named = context.call.query("q").is_some_and(|query| query.starts_with("name:"));
    let mut ids: Vec<&str> = chosen.iter().filter_map(Value::as_str).filter(|_| !named).collect();
    ids.sort_unstable();
    let shown: Vec<Object> =
        ids.into_iter().map(|id| [("id".to_owned(), id.into())].into_iter().collect()).collect();
    page::checkpoint(context.call, "groups", "id", &shown)
}

fn put_groups(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut item = directory(context)?;
    let body = context.body();
    let groups = body.get("groups").and_then(Value::as_array).into_iter().flatten();
    let ids: Vec<Value> = groups.filter_map(|group| group.get("id").cloned()).collect();
    item.hidden.insert("groups".to_owned(), ids.into());
    context.state.objects.insert(DIRECTORIES, item);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{Method, testing::Api};

    fn connection(api: &mut Api, strategy: &str) -> String {
        let made = api.post("/connections", json!({"name": strategy, "strategy": strategy}), 201);
        format!("/connections/{}/directory-provisioning", made["id"].as_str().unwrap())
    }

    #[test]
    fn settings_are_made_read_changed_and_removed() {
        let mut api = Api::new();
        let path = connection(&mut api, "google-apps");
        api.get(&path, 404);
        let made = api.send(Method::Post, &path, None);
        assert_eq!((made.status, &made.json()["synchronize_groups"]), (201, &json!("off")));
        let default = api.get(&format!("{path}/default-mapping"), 200);
        assert_eq!(made.json()["mapping"], default["mapping"]);
        api.post(&path, json!({}), 409);
        assert_eq!(
            api.patch(&path, json!({"synchronize_automatically": true}), 200)["synchronize_automatically"],
            true
        );
        let listed = api.get("/connections-directory-provisionings", 200);
        assert_eq!(listed["directory_provisionings"][0]["strategy"], "google-apps");
        api.delete(&path, None, 204);
        api.get(&path, 404);
        let other = connection(&mut api, "oidc");
        api.post(&other, json!({}), 400);
    }

    #[test]
    fn chosen_groups_are_listed_in_order() {
        let mut api = Api::new();
        let path = connection(&mut api, "google-apps");
        api.post(&path, json!({"synchronize_groups": "selected"}), 201);
        let groups = format!("{path}/synchronized-groups");
        let put = api.send(Method::Put, &groups, Some(json!({"groups": [{"id": "b"}, {"id": "a"}]})));
        assert_eq!(put.status, 204);
        assert_eq!(api.get(&groups, 200), json!({"groups": [{"id": "a"}, {"id": "b"}]}));
        assert_eq!(api.get(&format!("{groups}?q=name:x*"), 200), json!({"groups": []}));
    }
}
