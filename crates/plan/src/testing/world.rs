//! A tenant in memory that answers the operations that plans use, in the documented shapes.

use std::collections::BTreeMap;

use countersign_auth0::management::AnyRequest;
use serde_json::{Map, Value, json};

/// What a tenant answers that does not do what was asked, by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub u16);

/// A tenant in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct World {
    /// Objects by collection, in the order in which they were made.
    pub collections: BTreeMap<String, Vec<Value>>,
    /// The Actions bound to each trigger, in order: id and display name.
    pub bindings: BTreeMap<String, Vec<(String, String)>>,
    /// How many ids were given out.
    pub made: u32,
    /// The operations that wrote, in order.
    pub writes: Vec<String>,
}

type Answer = Result<Value, Refused>;

const NOT_FOUND: Refused = Refused(404);

/// The field by which an object of a collection is asked for.
fn key(collection: &str) -> &'static str {
    if collection == "clients" { "client_id" } else { "id" }
}

fn segments(request: &AnyRequest) -> Vec<String> {
    request.path().split('/').skip(1).map(decode).collect()
}

fn decode(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let hex =
            |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match byte {
            b'%' => bytes.push(hex(rest.next()).unwrap_or(0) * 16 + hex(rest.next()).unwrap_or(0)),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl World {
    /// Answers a request; lists come whole and bare.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn call(&mut self, request: &AnyRequest) -> Answer {
        let name = request.operation().name;
        if !request.operation().is_read() {
            if !request.missing().is_empty() {
                return Err(Refused(400));
            }
            self.writes.push(name.to_owned());
        }
        let Some((collection, act)) = name.split_once('.') else { return Err(NOT_FOUND) };
        let segments = segments(request);
        let id = |at: usize| segments.get(at).map(String::as_str).unwrap_or_default();
        let body = request.body().and_then(Value::as_object).cloned().unwrap_or_default();
        match (collection, act) {
            ("actions", "bindings") => Ok(self.list_bindings(id(2))),
            ("actions", "set_bindings") => self.set_bindings(id(2), &body),
            ("actions", "deploy") => self.deploy(id(2), None),
            ("actions", "roll_back") => self.deploy(id(2), Some(id(4))),
            (_, "list") => Ok(self.shown(collection)),
            (_, "get") => {
                let at = if collection == "actions" { 2 } else { 1 };
                self.find(collection, id(at)).map(|found| hide(collection, found.clone())).ok_or(NOT_FOUND)
            }
            (_, "create") => self.create(collection, body),
            (_, "update") => self.update(collection, id(if collection == "actions" { 2 } else { 1 }), body),
            (_, "delete") => self.delete(collection, id(if collection == "actions" { 2 } else { 1 })),
            _ => Err(NOT_FOUND),
        }
    }

    fn shown(&self, collection: &str) -> Value {
        let objects = self.collections.get(collection).into_iter().flatten();
        objects.map(|object| hide(collection, object.clone())).collect()
    }

    /// An object, with what the API does not show.
    #[must_use]
    pub fn find(&self, collection: &str, id: &str) -> Option<&Value> {
        let objects = self.collections.get(collection)?;
        objects.iter().find(|object| object.get(key(collection)).and_then(Value::as_str) == Some(id))
    }

    fn find_mut(&mut self, collection: &str, id: &str) -> Option<&mut Map<String, Value>> {
        let objects = self.collections.get_mut(collection)?;
        let found =
            objects.iter_mut().find(|object| object.get(key(collection)).and_then(Value::as_str) == Some(id));
        found.and_then(Value::as_object_mut)
    }

    fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}", self.made)
    }

    fn create(&mut self, collection: &str, mut body: Map<String, Value>) -> Answer {
        let id = self.id(collection);
        body.insert(key(collection).to_owned(), json!(id));
        match collection {
            "actions" => {
                body.insert("status".to_owned(), json!("built"));
                body.insert("all_changes_deployed".to_owned(), json!(false));
            }
            "clients" if body.get("token_endpoint_auth_method").is_some() => {
                body.insert("client_secret".to_owned(), json!(format!("secret of {id}")));
            }
            "log_streams" => drop(body.insert("status".to_owned(), json!("active"))),
            _ => {}
        }
        let made = Value::Object(body);
        self.collections.entry(collection.to_owned()).or_default().push(made.clone());
        Ok(hide(collection, made))
    }

    fn update(&mut self, collection: &str, id: &str, body: Map<String, Value>) -> Answer {
        let object = self.find_mut(collection, id).ok_or(NOT_FOUND)?;
        let before = object.clone();
        object.extend(body);
        if collection == "actions" && *object != before {
            object.insert("all_changes_deployed".to_owned(), json!(false));
        }
        let now = Value::Object(object.clone());
        Ok(hide(collection, now))
    }

    fn delete(&mut self, collection: &str, id: &str) -> Answer {
        let is_bound = self.bindings.values().flatten().any(|(bound, _)| bound == id);
        if collection == "actions" && is_bound {
            return Err(Refused(409));
        }
        if self.find(collection, id).is_none() {
            // Why: as the API does, which answers 204 for what is not there in many places.
            return if collection == "actions" { Err(NOT_FOUND) } else { Ok(Value::Null) };
        }
        if let Some(objects) = self.collections.get_mut(collection) {
            objects.retain(|object| object.get(key(collection)).and_then(Value::as_str) != Some(id));
        }
        self.collections.retain(|_, objects| !objects.is_empty());
        Ok(Value::Null)
    }

    fn deploy(&mut self, id: &str, version: Option<&str>) -> Answer {
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

    fn list_bindings(&self, trigger: &str) -> Value {
        let bound = self.bindings.get(trigger).into_iter().flatten();
        let binding = |(id, display_name): &(String, String)| {
            let action = self
                .find("actions", id)
                .map(|action| json!({"id": id, "name": action.get("name").cloned().unwrap_or_default()}));
            json!({"id": format!("binding of {id}"), "trigger_id": trigger, "display_name": display_name, "action": action})
        };
        bound.map(binding).collect()
    }

    fn set_bindings(&mut self, trigger: &str, body: &Map<String, Value>) -> Answer {
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

/// What the API shows of an object: values of secrets never.
fn hide(collection: &str, mut object: Value) -> Value {
    if let Some(secrets) = object.get_mut("secrets").and_then(Value::as_array_mut) {
        for secret in secrets.iter_mut().filter_map(Value::as_object_mut) {
            secret.remove("value");
        }
    }
    if collection == "event_streams" {
        let authorization = object.pointer_mut("/destination/configuration/webhook_authorization");
        if let Some(authorization) = authorization.and_then(Value::as_object_mut) {
            authorization.remove("token");
        }
    }
    object
}
