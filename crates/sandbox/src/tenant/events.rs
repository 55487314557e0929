//! What happens in the tenant, as CloudEvents for event streams.
//!
//! `state` remembers what objects of some collections were before they changed, and which links came and went; `publish`
//! turns that into messages for the streams that subscribe, whoever made the change. Shapes: Auth0's event catalog 0.7.2.

use countersign_core::Timestamp;
use serde_json::{Value, json};

use super::{
    Options, id,
    links::LinkChange,
    resource::event_streams::EVENT_STREAMS,
    state::{Item, Object, State},
};
use crate::stream;

/// The types that a stream may subscribe to.
pub const TYPES: &[&str] = &[
    "connection.created",
    "connection.deleted",
    "connection.updated",
    "group.created",
    "group.deleted",
    "group.member.added",
    "group.member.deleted",
    "group.role.assigned",
    "group.role.deleted",
    "group.updated",
    "organization.connection.added",
    "organization.connection.removed",
    "organization.connection.updated",
    "organization.created",
    "organization.deleted",
    "organization.group.role.assigned",
    "organization.group.role.deleted",
    "organization.member.added",
    "organization.member.deleted",
    "organization.member.role.assigned",
    "organization.member.role.deleted",
    "organization.updated",
    "user.created",
    "user.deleted",
    "user.updated",
];

/// The collections whose objects events tell of.
pub const WATCHED: &[&str] = &["users", "organizations", "connections", "groups"];

/// Organizations to their members: left is the organization's id, right the user's.
pub const MEMBERS: &str = "organization_members";
/// Members to their roles: left is the organization's id, a line feed and the user's, right the role's.
pub const MEMBER_ROLES: &str = "organization_member_roles";
/// Organizations to their connections: left is the organization's id, right the connection's, with its settings.
pub const CONNECTIONS: &str = "organization_connections";
/// Groups to their members: left is the group's id, right the user's.
pub const GROUP_MEMBERS: &str = "group_members";

/// The relations whose links events tell of.
pub const WATCHED_LINKS: &[&str] = &[MEMBERS, MEMBER_ROLES, CONNECTIONS, GROUP_MEMBERS];

/// Fields of a user that events show.
const USER: &[&str] = &[
    "user_id",
    "email",
    "email_verified",
    "username",
    "phone_number",
    "phone_verified",
    "created_at",
    "updated_at",
    "identities",
    "app_metadata",
    "user_metadata",
    "picture",
    "name",
    "nickname",
    "multifactor",
    "last_ip",
    "last_login",
    "logins_count",
    "blocked",
    "given_name",
    "family_name",
];

/// Fields of a user that a sign-in changes, which is no news of the user.
const BY_SIGN_IN: &[&str] = &["updated_at", "last_ip", "last_login", "logins_count"];

const IDENTITY: &[&str] = &["connection", "user_id", "provider", "isSocial"];
const ORGANIZATION: &[&str] = &["id", "name", "display_name", "metadata", "branding"];
const CONNECTION: &[&str] = &["id", "name", "display_name", "strategy"];
const GROUP: &[&str] =
    &["id", "name", "external_id", "created_at", "type", "connection_id", "organization_id"];
const SETTINGS: &[&str] =
    &["assign_membership_on_login", "show_as_button", "is_signup_enabled", "is_enabled"];

fn picked(object: &Object, names: &[&str]) -> Object {
    names.iter().filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone()))).collect()
}

/// An object of a collection as events show it.
fn shown(collection: &str, object: &Object) -> Object {
    let names = match collection {
        "users" => USER,
        "organizations" => ORGANIZATION,
        "connections" => CONNECTION,
        _ => GROUP,
    };
    let mut shown = picked(object, names);
    for identity in shown.get_mut("identities").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(all) = identity.as_object() {
            *identity = picked(all, IDENTITY).into();
        }
    }
    shown
}

/// An event of a type with its object.
type Happening = (String, Object);

fn of_object(collection: &str, before: Option<&Item>, after: Option<&Item>, now: &str) -> Option<Happening> {
    let (old, new) =
        (before.map(|item| shown(collection, &item.shown)), after.map(|item| shown(collection, &item.shown)));
    let kind = collection.trim_end_matches('s');
    let (what, object) = match (old, new) {
        (None, Some(new)) => ("created", new),
        (Some(old), Some(new)) if is_news(&old, &new) => ("updated", new),
        (Some(mut old), None) => {
            if collection == "users" {
                old.insert("deleted_at".to_owned(), now.into());
            }
            if collection == "organizations" {
                old.remove("branding");
            }
            ("deleted", old)
        }
        _ => return None,
    };
    Some((format!("{kind}.{what}"), object))
}

fn is_news(old: &Object, new: &Object) -> bool {
    let bare = |object: &Object| {
        let mut bare = object.clone();
        bare.retain(|name, _| !BY_SIGN_IN.contains(&name.as_str()));
        bare
    };
    bare(old) != bare(new)
}

fn of_link(state: &State, change: &LinkChange, is_again: bool) -> Option<Happening> {
    let LinkChange { relation, left, right, data, is_new } = change;
    let (left, right) = (left.as_str(), right.as_str());
    let organization = |id: &str| {
        let found = state.objects.find("organizations", id);
        found.map_or_else(|| json!({"id": id}), |item| picked(&item.shown, &["id", "name"]).into())
    };
    let (kind, object) = match relation.as_str() {
        MEMBERS => {
            let what = if *is_new { "added" } else { "deleted" };
            let object = json!({"organization": organization(left), "user": {"user_id": right}});
            (format!("organization.member.{what}"), object)
        }
        MEMBER_ROLES => {
            let (id, user) = left.split_once('\n')?;
            let what = if *is_new { "assigned" } else { "deleted" };
            let name = state.objects.find("roles", right).map(|role| role.text("name").to_owned());
            let role = json!({"id": right, "name": name.unwrap_or_default()});
            let object = json!({"organization": {"id": id}, "user": {"user_id": user}, "role": role});
            (format!("organization.member.role.{what}"), object)
        }
        CONNECTIONS => {
            let what = if !is_new {
                "removed"
            } else if is_again {
                "updated"
            } else {
                "added"
            };
            let mut object = Object::new();
            if let (true, Some(data)) = (*is_new, data.as_object()) {
                object = picked(data, SETTINGS);
            }
            object.insert("organization".to_owned(), organization(left));
            object.insert("connection".to_owned(), json!({"id": right}));
            (format!("organization.connection.{what}"), object.into())
        }
        _ => {
            let what = if *is_new { "added" } else { "deleted" };
            (
                format!("group.member.{what}"),
                json!({"group": {"id": left, "type": "tenant"}, "member": {"member_type": "user", "id": right}}),
            )
        }
    };
    Some((kind, object.as_object().cloned().unwrap_or_default()))
}

/// What has happened since the last time. A link that went and came again at once was changed.
fn happenings(state: &mut State, at: Timestamp) -> Vec<Happening> {
    let now = &id::iso(at);
    let before = state.objects.take_before();
    for ((_, id), was) in before.iter().filter(|((collection, _), _)| collection == "users") {
        state.note_user(id, was.as_ref(), at);
    }
    let changes = state.links.take_changes();
    let objects = before.iter().filter_map(|((collection, id), old)| {
        of_object(collection, old.as_ref(), state.objects.find(collection, id), now)
    });
    let mut all: Vec<Happening> = objects.collect();
    for (place, change) in changes.iter().enumerate() {
        let same = |other: &&LinkChange| {
            (&other.relation, &other.left, &other.right) == (&change.relation, &change.left, &change.right)
        };
        let earlier = changes.iter().take(place).rfind(same);
        let later = changes.iter().skip(place.saturating_add(1)).find(same);
        let is_replaced =
            !change.is_new && later.is_some_and(|other| other.is_new) && change.relation == CONNECTIONS;
        let is_again = change.is_new && earlier.is_some_and(|other| !other.is_new);
        if !is_replaced {
            all.extend(of_link(state, change, is_again));
        }
    }
    all
}

/// Queues what has happened for the streams that subscribe to it.
pub fn publish(options: &Options, state: &mut State, now: Timestamp) {
    for (kind, object) in happenings(state, now) {
        let ids: Vec<String> = state
            .objects
            .all(EVENT_STREAMS)
            .filter(|stream| is_told(stream, &kind))
            .map(|stream| stream.id.clone())
            .collect();
        if ids.is_empty() {
            continue;
        }
        let message = message(options, state, &kind, &object.into(), now);
        for id in ids {
            stream::enqueue(state, &id, message.clone());
        }
    }
}

/// Whether a stream is told of a type.
fn is_told(stream: &Item, kind: &str) -> bool {
    let list = stream.shown.get("subscriptions").and_then(Value::as_array).into_iter().flatten();
    let mut types = list.filter_map(|subscription| subscription.get("event_type")?.as_str());
    stream.text("status") == "enabled" && types.any(|other| other == kind)
}

/// A message without the stream that it goes to.
pub fn message(options: &Options, state: &mut State, kind: &str, object: &Value, now: Timestamp) -> Object {
    let host = options.base_url.split_once("://").map_or(options.base_url.as_str(), |(_, host)| host);
    let message = json!({
        "specversion": "1.0",
        "type": kind,
        "source": format!("urn:auth0:{host}"),
        "id": id::long_prefixed("evt", &mut state.dice),
        "time": id::iso(now),
        "data": {"object": object, "context": {"tenant": {"id": options.name}}},
        "a0tenant": options.name,
    });
    message.as_object().cloned().unwrap_or_default()
}

/// An invented object for a test of a type.
pub fn sample(kind: &str, now: &str) -> Value {
    let organization = json!({"id": "org_AAAAAAAAAAAAAAAA", "name": "sample"});
    let user = json!({"user_id": "auth0|000000000000000000000000"});
    let role = json!({"id": "rol_AAAAAAAAAAAAAAAA", "name": "sample"});
    let connection = json!({"id": "con_AAAAAAAAAAAAAAAA"});
    let group = json!({"id": "grp_AAAAAAAAAAAAAAAA", "name": "Sample", "created_at": now, "type": "tenant"});
    let kind = kind.strip_prefix("organization.group").map_or(kind, |_| "organization.group");
    match kind {
        "user.created" | "user.updated" | "user.deleted" => {
            let identity = json!({
                "connection": "Username-Password-Authentication",
                "user_id": "000000000000000000000000",
                "provider": "auth0",
                "isSocial": false,
            });
            let mut object = json!({
                "user_id": "auth0|000000000000000000000000",
                "email": "sample@example.com",
                "email_verified": false,
                "created_at": now,
                "updated_at": now,
                "identities": [identity],
            });
            if let (true, Some(fields)) = (kind == "user.deleted", object.as_object_mut()) {
                fields.insert("deleted_at".to_owned(), now.into());
            }
            object
        }
        "organization.created" | "organization.updated" | "organization.deleted" => organization,
        "organization.member.added" | "organization.member.deleted" => {
            json!({"organization": organization, "user": user})
        }
        "organization.member.role.assigned" | "organization.member.role.deleted" => {
            json!({"organization": {"id": "org_AAAAAAAAAAAAAAAA"}, "user": user, "role": role})
        }
        "organization.group" => json!({"organization": organization, "group": group, "role": role}),
        "group.role.assigned" | "group.role.deleted" => json!({"group": group, "role": role}),
        "group.member.added" | "group.member.deleted" => {
            json!({"group": {"id": "grp_AAAAAAAAAAAAAAAA", "type": "tenant"}, "member": {"member_type": "user", "id": "auth0|0"}})
        }
        "connection.created" | "connection.updated" | "connection.deleted" => {
            json!({"id": "con_AAAAAAAAAAAAAAAA", "name": "sample", "strategy": "auth0"})
        }
        "group.created" => group,
        "group.updated" | "group.deleted" => {
            let mut object = group;
            if let Some(fields) = object.as_object_mut() {
                fields.insert("updated_at".to_owned(), now.into());
            }
            object
        }
        _ => json!({"organization": organization, "connection": connection}),
    }
}
