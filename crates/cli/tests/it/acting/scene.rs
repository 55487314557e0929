//! A tenant with people and organizations, a service that acts at it, and forty changes.

use std::{collections::BTreeMap, path::Path, process::Command};

use countersign_plan::{change::Kind, gate::Settings};
use countersign_sandbox::tenant::Method;
use serde_json::{Value, json};

use crate::{
    tenant_sandbox::{SECRET, Sandbox},
    world::countersign,
};

/// A company: people by number, roles, organizations, a connection.
pub struct Company {
    people: Vec<String>,
    role: String,
    organizations: Vec<String>,
    connection: String,
}

fn id(made: &Value, key: &str) -> String {
    made[key].as_str().unwrap().to_owned()
}

fn segment(id: &str) -> String {
    id.replace('|', "%7C")
}

impl Company {
    pub fn furnish(sandbox: &Sandbox, people: usize) -> Self {
        let connections = sandbox.call(Method::Get, "/connections", Value::Null);
        let name = "Username-Password-Authentication";
        let list = connections.as_array().or_else(|| connections["connections"].as_array()).unwrap();
        let connection = list.iter().find(|connection| connection["name"] == name).unwrap();
        let person = |number: usize| {
            let user = json!({"connection": name, "email": format!("p{number}@example.com"),
                "password": "a good-Password 1", "app_metadata": {"kept": number}});
            id(&sandbox.call(Method::Post, "/users", user), "user_id")
        };
        let organization = |number: usize| {
            let made =
                json!({"name": format!("org-{number}"), "display_name": format!("Organization {number}")});
            id(&sandbox.call(Method::Post, "/organizations", made), "id")
        };
        Self {
            people: (0..people).map(person).collect(),
            role: id(&sandbox.call(Method::Post, "/roles", json!({"name": "Guest"})), "id"),
            organizations: (0..5).map(organization).collect(),
            connection: id(connection, "id"),
        }
    }

    pub fn block(&self, person: usize) -> Value {
        json!({"change": "block_user", "user": self.people[person]})
    }

    pub fn assign(&self, person: usize) -> Value {
        json!({"change": "assign_roles", "user": self.people[person], "roles": [self.role]})
    }

    pub fn person(&self, number: usize) -> &str {
        &self.people[number]
    }

    /// Forty changes, each by one write at a place of its own.
    pub fn forty(&self) -> Vec<Value> {
        let mut wanted: Vec<Value> = (0..10).map(|person| self.block(person)).collect();
        wanted.extend((10..18).map(|person| json!({"change": "revoke_access", "user": self.people[person]})));
        wanted.extend((18..27).map(|person| self.assign(person)));
        wanted.extend((27..33).map(|person| {
            json!({"change": "set_app_metadata", "user": self.people[person], "keys": {"held": person}})
        }));
        wanted.push(json!({"change": "create_organization", "name": "new", "display_name": "New"}));
        let made = json!({"made": "new"});
        wanted.push(
            json!({"change": "enable_connection", "organization": made, "connection": self.connection}),
        );
        wanted.extend(self.organizations.iter().map(|organization| {
            json!({"change": "add_members", "organization": {"id": organization}, "users": [self.people[33]]})
        }));
        wanted
    }

    /// What of the tenant the changes are about.
    pub fn state(&self, sandbox: &Sandbox) -> BTreeMap<String, Value> {
        let get = |path: &str| sandbox.call(Method::Get, path, Value::Null);
        let mut state = BTreeMap::new();
        for person in &self.people {
            let path = format!("/users/{}", segment(person));
            let user = get(&path);
            // Why: whoever was never blocked and whoever is not any more are the same.
            let is_blocked = user["blocked"] == json!(true);
            let roles = get(&format!("{path}/roles"));
            state.insert(person.clone(), json!([is_blocked, user["app_metadata"], names(&roles)]));
        }
        let organizations = get("/organizations");
        state.insert("organizations".to_owned(), json!(names(&organizations)));
        for organization in organizations.as_array().unwrap() {
            let id = organization["id"].as_str().unwrap();
            let members = get(&format!("/organizations/{id}/members"));
            let connections = get(&format!("/organizations/{id}/enabled_connections"));
            let members: Vec<&Value> =
                members.as_array().unwrap().iter().map(|member| &member["user_id"]).collect();
            let name = organization["name"].as_str().unwrap();
            state.insert(name.to_owned(), json!([members, connections.as_array().unwrap().len()]));
        }
        state
    }
}

fn names(list: &Value) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
}

/// Everything goes by itself, however much.
pub fn auto() -> Settings {
    serde_json::from_value(json!({"tenant": {"autonomy": autonomy(), "caps": caps()}})).unwrap()
}

fn autonomy() -> BTreeMap<&'static str, &'static str> {
    Kind::ALL.iter().map(|kind| (kind.as_str(), "auto")).collect()
}

fn caps() -> Value {
    let all = json!({"users": 100_000, "organizations": 100_000, "steps": 100_000});
    json!({"run": all, "day": all})
}

/// A TOML value of what a JSON value says.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name} = {}", toml(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// The command with a tenant that it acts at.
pub fn acts_at(mut command: Command, domain: &str) -> Command {
    let tenant = |key: &str| format!("COUNTERSIGN__TENANTS__EXAMPLE-TENANT__{key}");
    command
        .env(tenant("MANAGEMENT__DOMAIN"), domain)
        .env(tenant("MANAGEMENT__PLAN"), "unlimited")
        .env(tenant("ACTING__CLIENT_ID"), "installer")
        .env(tenant("ACTING__CLIENT_SECRET"), "env:ACTING_SECRET")
        .env("ACTING_SECRET", SECRET)
        .env(tenant("ACTING__TENANT__AUTONOMY"), toml(&json!(autonomy())))
        .env(tenant("ACTING__TENANT__CAPS"), toml(&caps()));
    command
}

/// The same in a folder.
pub fn acting(home: &Path, domain: &str) -> Command {
    acts_at(countersign(home), domain)
}
