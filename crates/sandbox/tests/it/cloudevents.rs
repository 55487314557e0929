//! Events of the tenant against the vendor's catalog.

use countersign_core::Timestamp;
use countersign_sandbox::tenant::{Call, Method, Tenant};
use serde_json::{Value, json};

use crate::{
    data,
    recordings::{BASE, NOW, options, token},
};

/// What is wrong with a value by a schema; of the language, what the catalog uses but for patterns and formats.
fn fault(schema: &Value, value: &Value, path: &str) -> Option<String> {
    for word in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[word].as_array() {
            let faults: Vec<String> = choices.iter().map_while(|choice| fault(choice, value, path)).collect();
            if faults.len() == choices.len() {
                return faults.into_iter().next_back();
            }
        }
    }
    let kinds = schema["type"].as_str();
    let fits = kinds.is_none_or(|kind| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => value.is_number(),
    });
    if !fits {
        return Some(format!("{path} is {value}"));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return Some(format!("{path} is {value}"));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        return Some(format!("{path} is {value}"));
    }
    let required = schema["required"].as_array().into_iter().flatten();
    if let Some(name) = required.map(|name| name.as_str().unwrap()).find(|name| value.get(name).is_none()) {
        return Some(format!("{path}.{name} is missing"));
    }
    if let (Some(known), Some(fields)) = (schema["properties"].as_object(), value.as_object()) {
        let is_closed = schema["unevaluatedProperties"] == json!({"not": {}});
        for (name, value) in fields {
            let path = format!("{path}.{name}");
            match known.get(name) {
                Some(schema) => {
                    if let Some(what) = fault(schema, value, &path) {
                        return Some(what);
                    }
                }
                None if is_closed => return Some(format!("{path} is too much")),
                None => {}
            }
        }
    }
    let items = value.as_array().into_iter().flatten();
    schema.get("items").and_then(|schema| items.map(|item| fault(schema, item, path)).find_map(|what| what))
}

/// A tenant with a stream that hears everything.
struct Heard {
    tenant: Tenant,
    token: String,
    now: Timestamp,
    stream: String,
}

impl Heard {
    fn new(types: &[&str]) -> Self {
        let mut tenant = Tenant::new(options()).unwrap();
        let token = token(&mut tenant);
        let mut heard = Self { tenant, token, now: NOW, stream: String::new() };
        let subscriptions: Vec<Value> = types.iter().map(|kind| json!({"event_type": kind})).collect();
        let authorization = json!({"method": "bearer", "token": "t"});
        let configuration =
            json!({"webhook_endpoint": "https://sink.example.com/", "webhook_authorization": authorization});
        let destination = json!({"type": "webhook", "configuration": configuration});
        let body = json!({"subscriptions": subscriptions, "destination": destination});
        let made = heard.send(Method::Post, "/event-streams", body);
        made["id"].as_str().unwrap().clone_into(&mut heard.stream);
        heard
    }

    fn send(&mut self, method: Method, path: &str, body: Value) -> Value {
        let call = Call::new(method, BASE, path).with_bearer(&self.token).with_json(body);
        let reply = self.tenant.call(&call, self.now);
        assert!(reply.status < 300, "{path}: {}", reply.json());
        reply.json().clone()
    }

    /// The events that wait, oldest first.
    fn events(&self) -> Vec<Value> {
        let all = self.tenant.state().objects.all("event_deliveries");
        all.map(|delivery| delivery.shown["event"].clone()).collect()
    }
}

fn catalog() -> Option<Value> {
    let text = data::read("auth0/schemas/events-schema.json")?;
    let document: Value = serde_json::from_str(&text).unwrap();
    Some(document["components"]["schemas"].clone())
}

#[test]
fn what_happens_to_users_is_told_as_the_catalog_says() {
    let Some(schemas) = catalog() else { return };
    let mut heard = Heard::new(&["user.created", "user.updated", "user.deleted"]);
    let user = json!({"connection": "Username-Password-Authentication", "email": "pat@example.com", "password": "Sesame-Open-1!"});
    let id = heard.send(Method::Post, "/users", user)["user_id"].as_str().unwrap().replace('|', "%7C");
    heard.send(Method::Patch, &format!("/users/{id}"), json!({"user_metadata": {"a": 1}}));
    heard.send(Method::Delete, &format!("/users/{id}"), Value::Null);
    let kinds: Vec<Value> = heard.events().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["user.created", "user.updated", "user.deleted"]);
    for event in heard.events() {
        assert_eq!(fault(&schemas[event["type"].as_str().unwrap()], &event, ""), None, "{event}");
    }
}

#[test]
fn invented_events_are_as_the_catalog_says() {
    let Some(schemas) = catalog() else { return };
    let mut heard = Heard::new(&[]);
    let path = format!("/event-streams/{}/test", heard.stream);
    for (kind, schema) in schemas.as_object().unwrap() {
        heard.send(Method::Post, &path, json!({"event_type": kind}));
        let mut event = heard.events().pop().unwrap();
        assert_eq!(event["type"], **kind);
        event.as_object_mut().unwrap().remove("a0purpose");
        assert_eq!(fault(schema, &event, ""), None, "{event}");
    }
}

#[test]
fn the_checker_refuses_what_breaks_the_catalog() {
    let Some(schemas) = catalog() else { return };
    let text = data::read("auth0/fixtures/cloudevents/user.created.json").unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(fault(&schemas["user.created"], &event, ""), None);
    for (place, value) in
        [("/data/object/user_id", json!(1)), ("/type", json!("user.updated")), ("/data", json!({}))]
    {
        let mut wrong = event.clone();
        *wrong.pointer_mut(place).unwrap() = value;
        assert!(fault(&schemas["user.created"], &wrong, "").is_some(), "{place}");
    }
}
