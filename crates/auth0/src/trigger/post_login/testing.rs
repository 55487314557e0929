//! Small events for unit tests.

use serde_json::{Map, Value, json};

use super::PostLogin;
use crate::shape::decode;

/// The smallest event, with the fields of `patch` laid over it.
pub(crate) fn event(patch: &Value) -> PostLogin {
    let mut value = json!({
        "tenant": {"id": "acme"},
        "request": {"ip": "203.0.113.24"},
        "user": {"user_id": "auth0|1"},
        "client": {"client_id": "q3f"},
        "connection": {"id": "con_1", "name": "db", "strategy": "auth0"},
    });
    lay_over(value.as_object_mut().unwrap(), patch.as_object().unwrap());
    decode(value.to_string().as_bytes(), "event").unwrap()
}

fn lay_over(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (target.get_mut(key), value) {
            (Some(Value::Object(target)), Value::Object(patch)) => lay_over(target, patch),
            _ => drop(target.insert(key.clone(), value.clone())),
        }
    }
}
