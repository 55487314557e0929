//! Puts the invented people into a tenant, with their organizations, applications and connections.

use serde_json::{Map, Value, json};

use super::{State, Tenant, state::Item, token::CLIENTS};
use crate::{
    LEGACY_CLIENT, Person, Population,
    company::{Client, Company},
    event::{connection, profile},
};

impl Tenant {
    /// Puts everyone there, as if an administrator had made them before; the ids are those that their sign-ins name.
    pub fn populate(&mut self, population: &Population) {
        let state = self.state_mut();
        // Why: theirs takes the place of the one that a tenant begins with, which has the same name.
        let begun: Vec<String> =
            state.objects.all("connections").map(|connection| connection.id.clone()).collect();
        for id in begun {
            state.objects.remove("connections", &id);
        }
        for company in Company::ALL {
            let organization = company.organization();
            let shown = json!({
                "id": organization.id,
                "name": organization.name,
                "display_name": organization.display_name,
            });
            put(state, "organizations", organization.id, shown);
            put_client(state, organization.client);
        }
        put_client(state, LEGACY_CLIENT);
        for person in population.people() {
            put_person(state, person);
        }
    }
}

fn put_person(state: &mut State, person: &Person) {
    let mut shown = profile(person, person.created_at);
    if let Some(shown) = shown.as_object_mut() {
        // Why: an event alone tells it.
        shown.remove("enrolledFactors");
    }
    put(state, "users", &person.user_id, shown);
    let connection = connection(person);
    let id = connection.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if state.objects.find("connections", &id).is_none() {
        let mut shown = connection.as_object().cloned().unwrap_or_default();
        shown.remove("metadata");
        shown.insert("options".to_owned(), json!({}));
        shown.insert("enabled_clients".to_owned(), json!([]));
        put(state, "connections", &id, Value::Object(shown));
    }
    let organization = person.company.organization().id;
    state.links.add("organization_members", organization, &person.user_id, Value::Null);
}

fn put_client(state: &mut State, client: Client) {
    let callbacks: Vec<&str> =
        Some(client.callback).filter(|callback| !callback.is_empty()).into_iter().collect();
    let shown = json!({
        "client_id": client.id,
        "name": client.name,
        "tenant": crate::TENANT,
        "global": false,
        "app_type": "regular_web",
        "is_first_party": true,
        "oidc_conformant": true,
        "callbacks": callbacks,
        "organization_usage": "require",
    });
    put(state, CLIENTS, client.id, shown);
}

fn put(state: &mut State, collection: &str, id: &str, shown: Value) {
    if let Value::Object(shown) = shown {
        state.objects.insert(collection, Item { id: id.to_owned(), shown, hidden: Map::new() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    #[test]
    fn everyone_is_found_with_their_organization() {
        let population = Population::new(7);
        let mut api = Api::new();
        api.tenant.populate(&population);
        let person = population.person(3);
        let path = format!("/users/{}", person.user_id.replace('|', "%7C"));
        assert_eq!(api.get(&path, 200)["email"], json!(person.email()));
        let organizations = api.get(&format!("{path}/organizations"), 200);
        assert_eq!(organizations[0]["id"], json!(person.company.organization().id));
        for company in Company::ALL {
            let members = api.get(&format!("/organizations/{}/members", company.organization().id), 200);
            assert_eq!(members.as_array().map(Vec::len), Some(12));
        }
    }
}
