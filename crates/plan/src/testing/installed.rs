//! Actions of a tenant in memory: versions, and the order in which triggers run them.

use serde_json::{Map, Value, json};

use super::world::{Answer, Body, NOT_FOUND, Refused, World};

impl World {
    pub(super) fn deploy(&mut self, id: &str, version: Option<&str>) -> Answer {
        let new = self.id("version");
        let versions = self.collections.get("versions").cloned().unwrap_or_default();
        let action = self.find_mut("actions", id).ok_or(NOT_FOUND)?;
        let of = |name: &str| action.get(name).cloned().unwrap_or_default();
        let parts = ["code", "runtime", "dependencies", "supported_triggers"];
        let mut deployed: Map<String, Value> =
            parts.into_iter().map(|part| (part.to_owned(), of(part))).collect();
        if let Some(version) = version {
            let old = versions.iter().find(|known| known["id"] == version).ok_or(NOT_FOUND)?;
            for part in parts {
                let value = old.get(part).cloned().unwrap_or_default();
                deployed.insert(part.to_owned(), value.clone());
                action.insert(part.to_owned(), value);
            }
        }
        deployed.insert("id".to_owned(), json!(new));
        action.insert("deployed_version".to_owned(), Value::Object(deployed.clone()));
        action.insert("all_changes_deployed".to_owned(), json!(true));
        self.collections.entry("versions".to_owned()).or_default().push(Value::Object(deployed.clone()));
        Ok(Value::Object(deployed))
    }

    pub(super) fn list_bindings(&self, trigger: &str) -> Value {
        let bound = self.bindings.get(trigger).into_iter().flatten();
        let binding = |(id, display_name): &(String, String)| {
            let action = self
                .find("actions", id)
                .map(|action| json!({"id": id, "name": action.get("name").cloned().unwrap_or_default()}));
            json!({"id": format!("binding of {id}"), "trigger_id": trigger, "display_name": display_name, "action": action})
        };
        bound.map(binding).collect()
    }

    pub(super) fn set_bindings(&mut self, trigger: &str, body: &Body) -> Answer {
        let mut order = Vec::new();
        for binding in body.get("bindings").and_then(Value::as_array).ok_or(Refused(400))? {
            let id = binding.pointer("/ref/value").and_then(Value::as_str).ok_or(Refused(400))?;
            let action = self.find("actions", id).ok_or(Refused(400))?;
            if action.get("deployed_version").is_none() {
                return Err(Refused(400));
            }
            let name = binding.get("display_name").and_then(Value::as_str).unwrap_or(id);
            order.push((id.to_owned(), name.to_owned()));
        }
        self.bindings.insert(trigger.to_owned(), order);
        self.bindings.retain(|_, order| !order.is_empty());
        Ok(self.list_bindings(trigger))
    }
}
