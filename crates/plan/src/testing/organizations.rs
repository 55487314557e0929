//! Organizations of a tenant in memory, and what is in them.

use serde_json::{Value, json};

use super::{
    users::texts,
    world::{Answer, Body, NOT_FOUND, Refused, World},
};

/// How many members one call takes.
const A_CALL: usize = 10;

/// How many connections an organization has at the most.
const CONNECTIONS: usize = 10;

impl World {
    pub(super) fn call_organization(
        &mut self,
        name: &str,
        organization: &str,
        third: &str,
        second: &str,
        body: &Body,
    ) -> Option<Answer> {
        let (resource, act) = name.split_once('.')?;
        match name {
            "organizations.create" => return Some(self.create_organization(body)),
            "organizations.by_name" => return Some(self.by_name(third)),
            _ => {}
        }
        let (list, field) = match resource {
            "organizations" => ("", "id"),
            "members" => ("members", "user_id"),
            "enabled_connections" => ("connections", "connection_id"),
            "invitations" => ("invitations", "id"),
            "discovery_domains" => ("domains", "id"),
            _ => return None,
        };
        if self.find("organizations", organization).is_none() {
            let is_list = name == "organizations.list";
            return (!is_list).then_some(Err(NOT_FOUND));
        }
        let key = format!("{list} of {organization}");
        Some(match (resource, act) {
            ("organizations", "update") => self.update_organization(organization, body),
            ("organizations", "delete") => self.delete_organization(organization),
            ("organizations", _) => return None,
            ("members", "add") => self.add_members(&key, body),
            ("members", "remove") => self.remove_members(organization, &key, body),
            ("members", "roles" | "assign_roles" | "remove_roles") => {
                self.member_roles(act, organization, second, body)
            }
            ("enabled_connections", "add") => self.add_connection(&key, body),
            (_, "create") => self.add_item(resource, &key, body),
            (_, "list") => Ok(self.listed(&key).to_vec().into()),
            (_, "get") => {
                let found = self.listed(&key).iter().find(|one| one[field] == second);
                found.cloned().ok_or(NOT_FOUND)
            }
            (_, "delete" | "remove") => Ok(self.take(&key, field, &[second.to_owned()])),
            _ => return None,
        })
    }

    fn by_name(&self, name: &str) -> Answer {
        let organizations = self.collections.get("organizations").into_iter().flatten();
        organizations.clone().find(|one| one["name"] == name).cloned().ok_or(NOT_FOUND)
    }

    fn create_organization(&mut self, body: &Body) -> Answer {
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if self.by_name(&name).is_ok() {
            return Err(Refused(409));
        }
        self.create("organizations", body.clone())
    }

    fn update_organization(&mut self, id: &str, body: &Body) -> Answer {
        let found = self.find_mut("organizations", id).ok_or(NOT_FOUND)?;
        for (name, value) in body {
            // Why whole: the look of an organization is not merged.
            if value.is_null() {
                found.remove(name);
            } else {
                found.insert(name.clone(), value.clone());
            }
        }
        Ok(Value::Object(found.clone()))
    }

    fn delete_organization(&mut self, id: &str) -> Answer {
        if let Some(all) = self.collections.get_mut("organizations") {
            all.retain(|one| one["id"] != id);
        }
        self.collections.retain(|_, objects| !objects.is_empty());
        let (whole, member) = (format!(" of {id}"), format!(" of {id} "));
        self.lists.retain(|key, _| !key.ends_with(&whole) && !key.contains(&member));
        Ok(Value::Null)
    }

    fn add_members(&mut self, key: &str, body: &Body) -> Answer {
        let users = texts(body, "members");
        if users.is_empty() || users.len() > A_CALL {
            return Err(Refused(400));
        }
        if users.iter().any(|user| self.find("users", user).is_none()) {
            return Err(NOT_FOUND);
        }
        for user in users {
            let item = json!({ "user_id": user });
            if !self.listed(key).contains(&item) {
                self.put(key, item);
            }
        }
        Ok(Value::Null)
    }

    fn remove_members(&mut self, organization: &str, key: &str, body: &Body) -> Answer {
        let users = texts(body, "members");
        if users.is_empty() || users.len() > A_CALL {
            return Err(Refused(400));
        }
        for user in &users {
            // Why: roles in an organization go with the membership.
            self.lists.remove(&format!("roles of {organization} {user}"));
        }
        Ok(self.take(key, "user_id", &users))
    }

    fn member_roles(&mut self, act: &str, organization: &str, user: &str, body: &Body) -> Answer {
        let members = self.listed(&format!("members of {organization}"));
        if !members.iter().any(|member| member["user_id"] == user) {
            return Err(NOT_FOUND);
        }
        let list = format!("roles of {organization} {user}");
        match act {
            "roles" => Ok(self.listed(&list).to_vec().into()),
            "assign_roles" => self.give_roles(&list, body),
            _ => Ok(self.take(&list, "id", &texts(body, "roles"))),
        }
    }

    fn add_connection(&mut self, key: &str, body: &Body) -> Answer {
        let there = self.listed(key);
        if there.len() >= CONNECTIONS
            || there.iter().any(|one| Some(&one["connection_id"]) == body.get("connection_id"))
        {
            return Err(Refused(409));
        }
        let item = Value::Object(body.clone());
        self.put(key, item.clone());
        Ok(item)
    }

    fn add_item(&mut self, resource: &str, key: &str, body: &Body) -> Answer {
        let mut item = body.clone();
        item.insert("id".to_owned(), json!(self.id(resource)));
        if resource == "invitations" && item.remove("send_invitation_email") == Some(json!(true)) {
            let to = item.get("invitee").and_then(|invitee| invitee["email"].as_str()).unwrap_or_default();
            self.mails.push(to.to_owned());
        }
        self.put(key, Value::Object(item.clone()));
        Ok(Value::Object(item))
    }
}
