//! A tenant in memory that answers the operations that plans use, in the documented shapes.

use std::collections::BTreeMap;

use countersign_auth0::management::AnyRequest;
use serde_json::{Map, Value, json};

use crate::part::decode;

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
    /// What users and organizations have, by what and whose: `members of org_1`.
    pub lists: BTreeMap<String, Vec<Value>>,
    /// Users' passwords.
    pub passwords: BTreeMap<String, String>,
    /// Texts of prompts, by prompt and language.
    pub texts: BTreeMap<String, Map<String, Value>>,
    /// Addresses that were mailed to.
    pub mails: Vec<String>,
    /// Whether the subscription has no endpoints for sessions.
    pub lacks_sessions: bool,
    /// After how many further calls a revocation is done.
    pub lag: u32,
    /// Revocations that were answered and are not done: how many calls are left, the list and the ids.
    pub(super) pending: Vec<(u32, String, Vec<Value>)>,
}

pub(super) type Answer = Result<Value, Refused>;
pub(super) type Body = Map<String, Value>;

pub(super) const NOT_FOUND: Refused = Refused(404);

/// The field by which an object of a collection is asked for.
fn key(collection: &str) -> &'static str {
    match collection {
        "clients" => "client_id",
        "users" => "user_id",
        _ => "id",
    }
}

fn segments(request: &AnyRequest) -> Vec<String> {
    request.path().split('/').skip(1).map(decode).collect()
}

impl World {
    /// The same world without what only counts, and with lists in an order of their own: what is the same to whoever looks.
    #[must_use]
    pub fn state(&self) -> Self {
        let mut state =
            Self { made: 0, writes: Vec::new(), mails: Vec::new(), pending: Vec::new(), ..self.clone() };
        for list in state.lists.values_mut() {
            list.sort_by_key(Value::to_string);
        }
        state.lists.retain(|_, list| !list.is_empty());
        state
    }

    /// Time goes on by one call.
    fn pass(&mut self) {
        for (left, list, ids) in std::mem::take(&mut self.pending) {
            if left > 0 {
                self.pending.push((left - 1, list, ids));
            } else if let Some(there) = self.lists.get_mut(&list) {
                there.retain(|one| !ids.contains(one));
            }
        }
    }

    /// What is in a list.
    #[must_use]
    pub fn listed(&self, list: &str) -> &[Value] {
        self.lists.get(list).map_or(&[], Vec::as_slice)
    }

    /// Puts something into a list.
    pub fn put(&mut self, list: &str, item: Value) {
        self.lists.entry(list.to_owned()).or_default().push(item);
    }

    /// Answers a request; lists come whole and bare.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn call(&mut self, request: &AnyRequest) -> Answer {
        self.pass();
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
        if name == "users.by_email" {
            return Ok(self.users_of(request.query()));
        }
        if let Some(answer) = self.call_user(name, id(1), id(3), &body) {
            return answer;
        }
        if let Some(answer) = self.call_organization(name, id(1), id(2), id(3), &body) {
            return answer;
        }
        if let Some(answer) = self.call_setting(name, &segments, &body) {
            return answer;
        }
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

    pub(super) fn find_mut(&mut self, collection: &str, id: &str) -> Option<&mut Body> {
        let objects = self.collections.get_mut(collection)?;
        let found =
            objects.iter_mut().find(|object| object.get(key(collection)).and_then(Value::as_str) == Some(id));
        found.and_then(Value::as_object_mut)
    }

    pub(super) fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}", self.made)
    }

    pub(super) fn create(&mut self, collection: &str, mut body: Body) -> Answer {
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

    fn update(&mut self, collection: &str, id: &str, body: Body) -> Answer {
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
