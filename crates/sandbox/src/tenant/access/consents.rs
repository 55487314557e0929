//! What people let applications of others have.

use serde_json::{Value, json};

use crate::tenant::state::State;

/// Users to applications and their APIs, with the scopes that each may have.
const CONSENTS: &str = "consents";

fn key(client_id: &str, audience: &str) -> String {
    format!("{client_id}\n{audience}")
}

impl State {
    /// Whether a user lets a client have all these scopes of an API; the empty API is the tenant's own profile.
    #[must_use]
    pub fn has_consent(&self, user_id: &str, client_id: &str, audience: &str, scopes: &[String]) -> bool {
        let key = key(client_id, audience);
        let mut consents = self.links.rights(CONSENTS, user_id);
        consents.any(|(to, given)| {
            let given = given.as_array().map_or(&[][..], Vec::as_slice);
            to == key && scopes.iter().all(|scope| given.iter().any(|one| one == scope.as_str()))
        })
    }

    /// Remembers what a user lets a client have, beside what it had.
    pub fn consent(&mut self, user_id: &str, client_id: &str, audience: &str, scopes: &[String]) {
        let key = key(client_id, audience);
        let before = self.links.rights(CONSENTS, user_id).find(|(to, _)| *to == key);
        let mut given: Vec<Value> =
            before.and_then(|(_, given)| given.as_array()).cloned().unwrap_or_default();
        let new = scopes.iter().map(|scope| json!(scope)).filter(|scope| !given.contains(scope));
        let new: Vec<Value> = new.collect();
        given.extend(new);
        self.links.remove(CONSENTS, user_id, &key);
        self.links.add(CONSENTS, user_id, &key, given.into());
    }

    /// Forgets what a user let anybody have.
    pub fn forget_consents(&mut self, user_id: &str) {
        self.links.forget(CONSENTS, user_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_let_adds_up_for_one_client_and_api() {
        let mut state = State::new(1);
        let (a, b) = (vec!["a".to_owned()], vec!["a".to_owned(), "b".to_owned()]);
        state.consent("auth0|1", "app", "", &a);
        assert!(state.has_consent("auth0|1", "app", "", &a) && !state.has_consent("auth0|1", "app", "", &b));
        state.consent("auth0|1", "app", "", &b[1..]);
        assert!(state.has_consent("auth0|1", "app", "", &b));
        let others = [("auth0|2", "app", ""), ("auth0|1", "other", ""), ("auth0|1", "app", "urn:api")];
        assert!(others.iter().all(|(user, client, api)| !state.has_consent(user, client, api, &a)));
        state.forget_consents("auth0|1");
        assert!(!state.has_consent("auth0|1", "app", "", &[]));
    }
}
