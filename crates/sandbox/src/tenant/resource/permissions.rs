//! Permissions of a role or a user: scopes of an API, linked to whoever has them.

use serde_json::{Value, json};

use super::{resource_servers, roles::ROLE_PERMISSIONS};
use crate::tenant::{
    Context, Fault, Reply,
    check::{Rule, need, text},
    page,
    state::{Object, State},
};

/// `{permissions: [{resource_server_identifier, permission_name}]}`.
pub static BODY: Rule = Rule::Object(&[need("permissions", LIST)]);

const LIST: Rule = Rule::List { each: &PERMISSION, min: 1, max: usize::MAX, unique: false };

static PERMISSION: Rule =
    Rule::Object(&[need("resource_server_identifier", text(1, 600)), need("permission_name", text(1, 280))]);

/// The most permissions of a role or a user (Auth0: "Entity limit policy").
const MOST: usize = 1_000;

fn named(permission: &Value) -> (&str, &str) {
    let text = |name: &str| permission.get(name).and_then(Value::as_str).unwrap_or_default();
    (text("resource_server_identifier"), text("permission_name"))
}

fn key((api, name): (&str, &str)) -> String {
    format!("{api}\n{name}")
}

fn listed(context: &Context<'_>) -> Vec<Value> {
    let list = context.call.json().and_then(|body| body.get("permissions")).and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

/// Gives `holder` what the body lists, all or nothing.
///
/// # Errors
/// 400 for a permission that no API has, or too many.
pub fn grant(context: &mut Context<'_>, relation: &str, holder: &str) -> Result<(), Fault> {
    let permissions = listed(context);
    for permission in &permissions {
        let (api, name) = named(permission);
        if resource_servers::scope(context.state, api, name).is_none() {
            let message = format!("No permission with scope '{name}' exists in resource server '{api}'");
            return Err(Fault::invalid_body(message));
        }
    }
    let held = context.state.links.rights(relation, holder).count();
    if held.saturating_add(permissions.len()) > MOST {
        return Err(Fault::invalid_body(format!("No more than {MOST} permissions can be assigned")));
    }
    for permission in permissions {
        let key = key(named(&permission));
        context.state.links.add(relation, holder, &key, permission);
    }
    Ok(())
}

/// Takes from `holder` what the body lists.
pub fn revoke(context: &mut Context<'_>, relation: &str, holder: &str) {
    for permission in listed(context) {
        context.state.links.remove(relation, holder, &key(named(&permission)));
    }
}

/// A page of what `holder` has; users' permissions say where each comes from.
///
/// # Errors
/// As of `page::offset`.
pub fn list(context: &Context<'_>, relation: &str, holder: &str) -> Result<Reply, Fault> {
    let held = context.state.links.rights(relation, holder);
    let shown: Vec<Object> = held
        .filter_map(|(_, permission)| shown(context.state, permission))
        .map(|mut permission| {
            if relation != ROLE_PERMISSIONS {
                let source = json!([{"source_id": "", "source_name": "", "source_type": "DIRECT"}]);
                permission.insert("sources".to_owned(), source);
            }
            permission
        })
        .collect();
    page::offset(context.call, "permissions", &shown)
}

/// A permission with the words of its API; `None` when the API has it no more.
fn shown(state: &State, permission: &Value) -> Option<Object> {
    let (api, name) = named(permission);
    let (api_name, description) = resource_servers::scope(state, api, name)?;
    let shown = json!({
        "permission_name": name,
        "description": description,
        "resource_server_name": api_name,
        "resource_server_identifier": api,
    });
    shown.as_object().cloned()
}
