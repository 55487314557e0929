//! Users of a tenant in memory, and what they have.

use serde_json::{Map, Value, json};

use super::world::{Answer, Body, NOT_FOUND, Refused, World};

/// The largest profile, in bytes.
const PROFILE: usize = 10 * 1_024;

fn text<'a>(body: &'a Body, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

/// The texts of a list in a body.
pub(super) fn texts(body: &Body, name: &str) -> Vec<String> {
    let list = body.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// Merges at the first level alone; null takes a key away.
fn merge(there: &mut Body, field: &str, new: &Body) {
    let kept = there.entry(field).or_insert_with(|| json!({}));
    if let Some(kept) = kept.as_object_mut() {
        for (key, value) in new {
            if value.is_null() {
                kept.remove(key);
            } else {
                kept.insert(key.clone(), value.clone());
            }
        }
        if kept.is_empty() {
            there.remove(field);
        }
    }
}

impl World {
    /// A user of a database, with what else they have.
    pub fn add_user(&mut self, id: &str, database: Option<&str>) {
        let identity = match database {
            Some(connection) => json!({"provider": "auth0", "connection": connection, "user_id": id}),
            None => json!({"provider": "google-oauth2", "connection": "google", "user_id": id}),
        };
        let user = json!({"user_id": id, "email": format!("{id}@example.com"), "identities": [identity]});
        self.collections.entry("users".to_owned()).or_default().push(user);
        self.passwords.insert(id.to_owned(), "first".to_owned());
    }

    pub(super) fn call_user(&mut self, name: &str, user: &str, second: &str, body: &Body) -> Option<Answer> {
        let is_of_user = name.starts_with("users.") || second_level(name);
        if !is_of_user || matches!(name, "users.list" | "users.create" | "users.delete") {
            return None;
        }
        if self.find("users", user).is_none() {
            return Some(Err(NOT_FOUND));
        }
        let sessions = format!("sessions of {user}");
        let tokens = format!("tokens of {user}");
        let methods = format!("methods of {user}");
        let roles = format!("roles of {user}");
        Some(match name {
            "users.update" => self.update_user(user, body),
            "users.roles" => Ok(self.listed(&roles).to_vec().into()),
            "users.assign_roles" => self.give_roles(&roles, body),
            "users.remove_roles" => Ok(self.take(&roles, "id", &texts(body, "roles"))),
            "users.organizations" => Ok(self.organizations_of(user)),
            "sessions.list" | "sessions.delete_all" | "sessions.revoke_access" if self.lacks_sessions => {
                Err(NOT_FOUND)
            }
            "sessions.list" => Ok(self.listed(&sessions).to_vec().into()),
            "refresh_tokens.list" => Ok(self.listed(&tokens).to_vec().into()),
            "sessions.delete_all" => Ok(self.revoke(&sessions)),
            "refresh_tokens.delete_all" => Ok(self.revoke(&tokens)),
            "sessions.revoke_access" => {
                self.revoke(&sessions);
                Ok(self.revoke(&tokens))
            }
            "authentication_methods.list" => Ok(self.listed(&methods).to_vec().into()),
            "authentication_methods.delete" => Ok(self.take(&methods, "id", &[second.to_owned()])),
            "authentication_methods.delete_all" => {
                self.lists.remove(&methods);
                Ok(Value::Null)
            }
            _ => return None,
        })
    }

    /// The users of the address that is asked for.
    pub(super) fn users_of(&self, query: &[(String, String)]) -> Value {
        let email = query.iter().find(|(name, _)| name == "email").map(|(_, email)| email.as_str());
        let all = self.collections.get("users").map_or(&[][..], Vec::as_slice);
        all.iter().filter(|user| user["email"].as_str() == email).cloned().collect()
    }

    fn update_user(&mut self, id: &str, body: &Body) -> Answer {
        let user = self.find_mut("users", id).ok_or(NOT_FOUND)?;
        let mut new = user.clone();
        for field in ["app_metadata", "user_metadata"] {
            if let Some(metadata) = body.get(field).and_then(Value::as_object) {
                merge(&mut new, field, metadata);
            }
        }
        match body.get("blocked") {
            Some(Value::Bool(true)) => drop(new.insert("blocked".to_owned(), json!(true))),
            Some(Value::Bool(false)) => drop(new.remove("blocked")),
            _ => {}
        }
        let password = text(body, "password").map(str::to_owned);
        if password.is_some() {
            let identities = new.get("identities").and_then(Value::as_array).into_iter().flatten();
            let mut databases = identities.filter(|identity| identity["provider"] == "auth0");
            if !databases.any(|identity| identity.get("connection") == body.get("connection")) {
                return Err(Refused(400));
            }
            // Why: a password that is set lifts an administrator's block.
            new.remove("blocked");
        }
        if serde_json::to_vec(&new).is_ok_and(|bytes| bytes.len() > PROFILE) {
            return Err(Refused(400));
        }
        *user = new.clone();
        if let Some(password) = password {
            self.passwords.insert(id.to_owned(), password);
        }
        Ok(Value::Object(new))
    }

    /// Ends all that a list holds now, when its time has come.
    fn revoke(&mut self, list: &str) -> Value {
        let ids = self.listed(list).to_vec();
        if self.lag == 0 {
            self.lists.remove(list);
        } else {
            self.pending.push((self.lag, list.to_owned(), ids));
        }
        Value::Object(Map::new())
    }

    /// Takes those out of a list whose field is one of these.
    pub(super) fn take(&mut self, list: &str, field: &str, texts: &[String]) -> Value {
        if let Some(there) = self.lists.get_mut(list) {
            let is_one = |one: &Value| {
                one.get(field).and_then(Value::as_str).is_some_and(|id| texts.iter().any(|text| text == id))
            };
            there.retain(|one| !is_one(one));
        }
        self.lists.retain(|_, there| !there.is_empty());
        Value::Null
    }

    pub(super) fn give_roles(&mut self, list: &str, body: &Body) -> Answer {
        for role in texts(body, "roles") {
            if self.find("roles", &role).is_none() {
                return Err(NOT_FOUND);
            }
            let item = json!({ "id": role });
            if !self.listed(list).contains(&item) {
                self.put(list, item);
            }
        }
        Ok(Value::Null)
    }

    fn organizations_of(&self, user: &str) -> Value {
        let organizations = self.collections.get("organizations").into_iter().flatten();
        let is_in = |organization: &&Value| {
            let id = organization["id"].as_str().unwrap_or_default();
            self.listed(&format!("members of {id}")).iter().any(|member| member["user_id"] == user)
        };
        organizations.filter(is_in).cloned().collect()
    }
}

fn second_level(name: &str) -> bool {
    matches!(
        name,
        "sessions.list"
            | "sessions.delete_all"
            | "sessions.revoke_access"
            | "refresh_tokens.list"
            | "refresh_tokens.delete_all"
            | "authentication_methods.list"
            | "authentication_methods.delete"
            | "authentication_methods.delete_all"
    )
}
