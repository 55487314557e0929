//! What the Actions of a flow asked for together, and what it comes to at the flow's end.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Claims, Effects, Exchange, Lifetime};

/// What was asked for so far, later Actions over earlier ones.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// Changes to `app_metadata`; null removes a key.
    pub app_metadata: Map<String, Value>,
    /// Changes to `user_metadata`; null removes a key.
    pub user_metadata: Map<String, Value>,
    /// The transaction's own metadata.
    pub transaction_metadata: Map<String, Value>,
    /// Custom claims.
    pub claims: Claims,
    /// Scopes given (true) and taken away, in order.
    pub scopes: Vec<(String, bool)>,
    /// The scopes that a client's own token shall have.
    pub target_scopes: Option<Vec<String>>,
    /// What becomes of the session.
    pub session: Lifetime,
    /// What becomes of the refresh token.
    pub refresh_token: Lifetime,
    /// The user that goes on in the person's stead.
    pub primary_user: Option<String>,
    /// Methods of authentication that took place elsewhere, by their address.
    pub recorded_methods: Vec<String>,
    /// What a token exchange shall yield.
    pub exchange: Exchange,
    /// Where a reset ends: `url` and `query`.
    pub result_url: Option<Value>,
}

impl Asked {
    /// Adds what one Action asked for.
    pub(super) fn add(&mut self, effects: &Effects) {
        let extend = |into: &mut Map<String, Value>, from: &Map<String, Value>| into.extend(from.clone());
        extend(&mut self.app_metadata, &effects.app_metadata);
        // Why: what is set beside a new primary user is lost, as Auth0 documents.
        if effects.primary_user.is_none() {
            extend(&mut self.user_metadata, &effects.user_metadata);
        }
        extend(&mut self.transaction_metadata, &effects.transaction_metadata);
        extend(&mut self.claims.id_token, &effects.claims.id_token);
        extend(&mut self.claims.access_token, &effects.claims.access_token);
        for call in &effects.calls {
            let scope = call.args.first().and_then(Value::as_str);
            match (call.call.as_str(), scope) {
                ("accessToken.addScope", Some(scope)) => self.scopes.push((scope.to_owned(), true)),
                ("accessToken.removeScope", Some(scope)) => self.scopes.push((scope.to_owned(), false)),
                _ => {}
            }
        }
        lifetime(&mut self.session, &effects.session);
        lifetime(&mut self.refresh_token, &effects.refresh_token);
        self.recorded_methods.extend(effects.recorded_methods.iter().cloned());
        replace(&mut self.target_scopes, effects.target_scopes.as_ref());
        // Why not replace: Auth0 takes the primary user once in a transaction.
        if self.primary_user.is_none() {
            self.primary_user.clone_from(&effects.primary_user);
        }
        replace(&mut self.exchange.user, effects.exchange.user.as_ref());
        self.exchange.is_rejected |= effects.exchange.is_rejected;
        replace(&mut self.exchange.organization, effects.exchange.organization.as_ref());
        replace(&mut self.exchange.actor, effects.exchange.actor.as_ref());
        replace(&mut self.result_url, effects.result_url.as_ref());
    }

    /// The scopes of the token, out of those that were asked for.
    #[must_use]
    pub fn scopes_of(&self, requested: Vec<String>) -> Vec<String> {
        let mut scopes = requested;
        for (scope, is_given) in &self.scopes {
            scopes.retain(|one| one != scope);
            if *is_given {
                scopes.push(scope.clone());
            }
        }
        scopes
    }

    /// The fields of the user that change: both metadata whole, merged at their first level.
    #[must_use]
    pub fn changes_of(&self, user: &Value) -> Map<String, Value> {
        let parts = [("app_metadata", &self.app_metadata), ("user_metadata", &self.user_metadata)];
        let changed = parts.into_iter().filter(|(_, changes)| !changes.is_empty());
        changed
            .map(|(name, changes)| {
                let mut merged = user.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
                merged.extend(changes.clone());
                merged.retain(|_, value| !value.is_null());
                (name.to_owned(), Value::Object(merged))
            })
            .collect()
    }
}

fn replace<T: Clone>(into: &mut Option<T>, from: Option<&T>) {
    if from.is_some() {
        *into = from.cloned();
    }
}

fn lifetime(into: &mut Lifetime, from: &Lifetime) {
    let Lifetime { metadata, evicts_metadata, expires_at, idle_expires_at, cookie_mode, revoked } = from;
    if *evicts_metadata {
        into.evicts_metadata = true;
        into.metadata.clear();
    }
    into.metadata.extend(metadata.clone());
    replace(&mut into.expires_at, expires_at.as_ref());
    replace(&mut into.idle_expires_at, idle_expires_at.as_ref());
    replace(&mut into.cookie_mode, cookie_mode.as_ref());
    replace(&mut into.revoked, revoked.as_ref());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn effects(value: Value) -> Effects {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn metadata_is_merged_at_its_first_level_and_null_removes() {
        let mut asked = Asked::default();
        asked.add(&effects(json!({ "app_metadata": { "a": { "x": 1 }, "b": 1 } })));
        asked.add(&effects(json!({ "app_metadata": { "a": { "y": 2 }, "old": null } })));
        let user =
            json!({ "app_metadata": { "old": 1, "kept": 1, "a": { "z": 0 } }, "user_metadata": { "k": 1 } });
        let wanted = json!({ "app_metadata": { "kept": 1, "a": { "y": 2 }, "b": 1 } });
        assert_eq!(Value::Object(asked.changes_of(&user)), wanted);
        assert_eq!(Asked::default().changes_of(&user), Map::new());
    }

    #[test]
    fn user_metadata_beside_a_new_primary_user_is_lost() {
        let mut asked = Asked::default();
        asked.add(&effects(
            json!({ "primary_user": "auth0|2", "user_metadata": { "a": 1 }, "app_metadata": { "b": 1 } }),
        ));
        asked.add(&effects(json!({ "primary_user": "auth0|3", "user_metadata": { "c": 1 } })));
        assert_eq!(asked.primary_user.as_deref(), Some("auth0|2"));
        assert!(asked.user_metadata.is_empty() && asked.app_metadata.contains_key("b"));
    }

    #[test]
    fn scopes_are_given_and_taken_in_order() {
        let mut asked = Asked::default();
        let call =
            |name: &str, scope: &str| json!({ "call": format!("accessToken.{name}"), "args": [scope] });
        asked.add(&effects(
            json!({ "calls": [call("addScope", "a"), call("removeScope", "b"), call("removeScope", "a")] }),
        ));
        asked.add(&effects(json!({ "calls": [call("addScope", "b")] })));
        assert_eq!(asked.scopes_of(vec!["b".into(), "c".into()]), ["c", "b"]);
    }

    #[test]
    fn evicted_metadata_is_gone_and_later_entries_stay() {
        let mut asked = Asked::default();
        asked.add(&effects(json!({ "session": { "metadata": { "a": "1" }, "expires_at": 5.0 } })));
        asked.add(&effects(json!({ "session": { "metadata": { "b": "2" }, "evicts_metadata": true } })));
        assert!(asked.session.evicts_metadata);
        assert_eq!(Value::Object(asked.session.metadata), json!({ "b": "2" }));
        assert_eq!(asked.session.expires_at, Some(5.0));
    }
}
