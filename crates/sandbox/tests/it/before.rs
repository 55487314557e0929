//! What was there before a recording began, read off its own answers: whatever an answer shows that no step made.

use std::collections::BTreeSet;

use countersign_sandbox::tenant::{Item, State, call::decode};
use serde_json::{Map, Value, json};

/// Lists below an object that are links: the resource, the list, the relation, and what names the right side.
/// `permissions` are named by API and scope.
const LINKS: &[(&str, &str, &str)] = &[
    ("roles", "permissions", "role_permissions"),
    ("users", "permissions", "user_permissions"),
    ("users", "roles", "user_roles"),
    ("connections", "clients", "connection_clients"),
    ("organizations", "members", "organization_members"),
];

/// The property that is an object's id in its collection.
fn id_name(resource: &str) -> &'static str {
    match resource {
        "users" => "user_id",
        "clients" => "client_id",
        _ => "id",
    }
}

/// The items of a list, bare or with totals.
fn items<'a>(answer: &'a Value, key: &str) -> Vec<&'a Value> {
    let key = if key == "event_streams" { "eventStreams" } else { key };
    let list = answer.as_array().or_else(|| answer[key].as_array());
    list.into_iter().flatten().collect()
}

/// Puts everything there that the steps found and did not make.
pub fn furnish(state: &mut State, steps: &[Value]) {
    let mut made = BTreeSet::new();
    let mut written = BTreeSet::new();
    for step in steps.iter().filter(|step| step["s"].as_u64().is_some_and(|status| status < 300)) {
        let path = step["p"].as_str().unwrap();
        let segments: Vec<String> = path.split('/').skip(1).map(decode).collect();
        let (method, answer) = (step["m"].as_str().unwrap(), &step["r"]);
        if method == "POST" {
            made.extend(answer[id_name(&segments[0])].as_str().map(str::to_owned));
        }
        document(state, (method, path), step, &written);
        guardian(state, path, answer, &written);
        match segments.as_slice() {
            [actions, part] if actions == "actions" && method == "GET" => {
                let found = items(answer, part);
                found.into_iter().for_each(|item| put(state, collection_of(part), item, &made));
            }
            [actions, part, _] if actions == "actions" && (method == "GET" || method == "PATCH") => {
                put(state, collection_of(part), answer, &made);
            }
            [actions, _, trigger, bindings]
                if actions == "actions"
                    && bindings == "bindings"
                    && method == "GET"
                    && !written.contains(path) =>
            {
                bind(state, trigger, items(answer, bindings), &made);
            }
            [branding, phone, kind] if branding == "branding" && phone == "phone" && method == "GET" => {
                let found = items(answer, kind);
                found.into_iter().for_each(|item| put(state, &format!("phone_{kind}"), item, &made));
            }
            [resource] if method == "GET" => {
                let found = items(answer, &resource.replace('-', "_"));
                for item in found {
                    put(state, resource, item, &made);
                    complete(state, resource, item, &written);
                }
            }
            [resource, _] if method == "GET" || method == "PATCH" => {
                put(state, resource, answer, &made);
                complete(state, resource, answer, &written);
            }
            [resource, holder, list] if resource == "clients" && list == "credentials" && method == "GET" => {
                let found = items(answer, list);
                found.into_iter().for_each(|item| put_credential(state, holder, item, &made));
            }
            [resource, holder, list, _]
                if resource == "clients" && list == "credentials" && method == "GET" =>
            {
                put_credential(state, holder, answer, &made);
            }
            [resource, holder, list] if method == "GET" && !written.contains(path) => {
                let found = items(answer, list);
                found.into_iter().for_each(|item| link(state, (resource, holder, list), item));
            }
            _ => {}
        }
        if method != "GET" {
            written.insert(path.to_owned());
        }
    }
}

fn put_credential(state: &mut State, client: &str, shown: &Value, made: &BTreeSet<String>) {
    let id = shown["id"].as_str().unwrap();
    if !made.contains(id) && state.objects.find("client_credentials", id).is_none() {
        let hidden = [("client_id".to_owned(), client.into())].into_iter().collect();
        let shown = shown.as_object().cloned().unwrap();
        state.objects.insert("client_credentials", Item { id: id.to_owned(), shown, hidden });
    }
}

/// An object that no step changed yet gets what it didn't show before.
fn complete(state: &mut State, resource: &str, shown: &Value, written: &BTreeSet<String>) {
    let Some(id) = shown[id_name(resource)].as_str() else { return };
    let item = state.objects.find_mut(&resource.replace('-', "_"), id);
    if let Some(item) = item.filter(|_| !written.contains(&format!("/{resource}/{id}"))) {
        for (name, value) in shown.as_object().unwrap().clone() {
            if name != "enabled_clients" {
                item.shown.entry(name).or_insert(value);
            }
        }
    }
}

fn put(state: &mut State, resource: &str, shown: &Value, made: &BTreeSet<String>) {
    let collection = resource.replace('-', "_");
    let Some(id) = shown[id_name(resource)].as_str() else { return };
    if made.contains(id) || state.objects.find(&collection, id).is_some() {
        return;
    }
    let mut shown = shown.as_object().cloned().unwrap();
    if resource == "connections" {
        let same = state.objects.all(&collection).find(|other| other.shown["name"] == shown["name"]);
        if let Some(same) = same.map(|same| same.id.clone()) {
            state.objects.remove(&collection, &same);
        }
    }
    let mut hidden = Map::new();
    if resource == "clients" {
        hidden.insert("client_secret".to_owned(), "sesame".into());
    }
    let clients = shown.remove("enabled_clients");
    for client in clients.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
        state.links.add("connection_clients", id, client, Value::Null);
    }
    state.objects.insert(&collection, Item { id: id.to_owned(), shown, hidden });
}

/// The resources that are documents by their paths.
const DOCUMENTS: &[&str] = &[
    "/tenants",
    "/prompts",
    "/risk-assessments",
    "/supplemental-signals",
    "/branding/templates",
    "/attack-protection",
    "/guardian/factors/",
];

/// Puts a document there that was there before: what was read or changed before it was written, or replaced.
fn document(state: &mut State, (method, path): (&str, &str), step: &Value, written: &BTreeSet<String>) {
    let is_document = path == "/branding" || DOCUMENTS.iter().any(|start| path.starts_with(start));
    let is_list = path == "/prompts/rendering";
    let is_whole = method == "GET" || (method == "PATCH" && !path.ends_with("/rendering"));
    let id = path.trim_start_matches('/');
    if !is_document || is_list || written.contains(path) || state.objects.find("documents", id).is_some() {
        return;
    }
    let shown = match step["r"].as_object() {
        Some(shown) if is_whole => shown.clone(),
        _ if method == "PUT" && step["s"] == 204 => Map::new(),
        _ => return,
    };
    state.objects.insert("documents", Item { id: id.to_owned(), shown, hidden: Map::new() });
}

/// Puts the factors and policies there that were read before they were written.
fn guardian(state: &mut State, path: &str, answer: &Value, written: &BTreeSet<String>) {
    let mut keep = |path: String, shown: Value| {
        let id = path.trim_start_matches('/').to_owned();
        if !written.contains(&path) && state.objects.find("documents", &id).is_none() {
            let shown = shown.as_object().cloned().unwrap();
            state.objects.insert("documents", Item { id, shown, hidden: Map::new() });
        }
    };
    match path {
        "/guardian/factors" => {
            for factor in answer.as_array().into_iter().flatten() {
                let path = format!("/guardian/factors/{}", factor["name"].as_str().unwrap());
                keep(path, json!({"enabled": factor["enabled"]}));
            }
        }
        "/guardian/policies" if answer.is_array() => keep(path.to_owned(), json!({"policies": answer})),
        _ => {}
    }
}

/// The collection of what stands below `/actions`.
fn collection_of(part: &str) -> &'static str {
    if part == "modules" { "action_modules" } else { "actions" }
}

/// Binds what was bound to a trigger before.
fn bind(state: &mut State, trigger: &str, bindings: Vec<&Value>, made: &BTreeSet<String>) {
    if bindings.is_empty() || state.objects.find("action_bindings", trigger).is_some() {
        return;
    }
    let kept: Vec<Value> = bindings
        .into_iter()
        .map(|binding| {
            put(state, "actions", &binding["action"], made);
            let mut binding = binding.clone();
            binding["action_id"] = binding["action"]["id"].clone();
            binding
        })
        .collect();
    let shown = [("bindings".to_owned(), kept.into())].into_iter().collect();
    state.objects.insert("action_bindings", Item { id: trigger.to_owned(), shown, hidden: Map::new() });
}

fn link(state: &mut State, (resource, holder, list): (&str, &str, &str), item: &Value) {
    let relation = LINKS.iter().find(|link| (link.0, link.1) == (resource, list));
    let Some((_, _, relation)) = relation else { return };
    let text = |name: &str| item[name].as_str().unwrap_or_default();
    if list == "permissions" {
        let right = format!("{}\n{}", text("resource_server_identifier"), text("permission_name"));
        state.links.add(relation, holder, &right, item.clone());
    } else {
        let named = ["id", "client_id", "user_id"].into_iter();
        let id = named.map(text).find(|id| !id.is_empty()).unwrap_or_default();
        state.links.add(relation, holder, id, Value::Null);
    }
}
