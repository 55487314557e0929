//! Puts the invented people into a tenant, with their organizations, applications and connections.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{State, Tenant, access::NewMethod, resource::MEMBER_ROLES, state::Item, token::CLIENTS};
use crate::{
    Factor, Organization, Person, Population,
    company::Client,
    event::{connection, named_id, profile},
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
        for organization in population.organizations() {
            put_organization(state, organization);
        }
        let roles: BTreeSet<&str> =
            population.people().iter().flat_map(|person| person.roles.iter().map(String::as_str)).collect();
        for name in roles {
            let id = named_id("rol", name);
            put(
                state,
                "roles",
                &id,
                json!({"id": id, "name": name, "description": format!("The {name} role")}),
            );
        }
        for person in population.people() {
            put_person(state, person);
        }
    }
}

fn put_organization(state: &mut State, organization: &Organization) {
    let shown = json!({
        "id": organization.id,
        "name": organization.name,
        "display_name": organization.display_name,
    });
    put(state, "organizations", &organization.id, shown);
    put_client(state, &organization.client);
    if let Some(legacy) = &organization.legacy_client {
        put_client(state, legacy);
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
    let organization = person.organization.id.as_str();
    state.links.add("organization_members", organization, &person.user_id, Value::Null);
    let member = format!("{organization}\n{}", person.user_id);
    for role in &person.roles {
        state.links.add(MEMBER_ROLES, &member, &named_id("rol", role), Value::Null);
    }
    for factor in &person.factors {
        enroll(state, person, *factor);
    }
}

fn enroll(state: &mut State, person: &Person, factor: Factor) {
    let kind = match factor {
        Factor::Otp => "totp",
        Factor::Push => "push",
        Factor::Phone | Factor::WebauthnRoaming | Factor::WebauthnPlatform => factor.as_str(),
    };
    let (target, preferred) = match (factor, &person.phone_number) {
        (Factor::Phone, Some(number)) => (number.as_str(), "sms"),
        _ => ("", "sms"),
    };
    let new = NewMethod { user_id: &person.user_id, kind, target, preferred, ..NewMethod::default() };
    state.enroll(&new, person.created_at);
}

fn put_client(state: &mut State, client: &Client) {
    let callbacks: Vec<&str> =
        Some(client.callback.as_str()).filter(|callback| !callback.is_empty()).into_iter().collect();
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
    put(state, CLIENTS, &client.id, shown);
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
        let person = population.person(11).unwrap();
        let path = format!("/users/{}", person.user_id.replace('|', "%7C"));
        assert_eq!(api.get(&path, 200)["email"], json!(person.email()));
        let organizations = api.get(&format!("{path}/organizations"), 200);
        assert_eq!(organizations[0]["id"], json!(person.organization.id));
        for organization in population.organizations() {
            let members = api.get(&format!("/organizations/{}/members", organization.id), 200);
            assert_eq!(members.as_array().map(Vec::len), Some(12));
        }
        let member = format!(
            "/organizations/{}/members/{}",
            person.organization.id,
            person.user_id.replace('|', "%7C")
        );
        assert_eq!(api.get(&format!("{member}/roles"), 200)[0]["name"], "admin");
        let methods = api.get(&format!("{path}/authentication-methods"), 200);
        let kinds: Vec<&Value> = methods.as_array().unwrap().iter().map(|method| &method["type"]).collect();
        assert_eq!(kinds, ["webauthn-roaming", "totp"]);
    }
}
