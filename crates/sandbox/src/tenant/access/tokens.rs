//! Refresh tokens.

use countersign_core::{Micros, Timestamp};
use serde_json::{Value, json};

use super::{Device, first_seen, is_live, item, put_off, seen_again};
use crate::tenant::{
    id,
    state::{Item, State},
};

/// The collection of refresh tokens.
pub const REFRESH_TOKENS: &str = "refresh_tokens";

/// A refresh token to issue.
#[derive(Debug, Clone)]
pub struct NewRefreshToken<'a> {
    /// Whose it is.
    pub user_id: &'a str,
    /// The client that it is issued to.
    pub client_id: &'a str,
    /// The session that it came with.
    pub session_id: Option<&'a str>,
    /// Where from.
    pub device: &'a Device,
    /// Whether each use replaces it.
    pub is_rotating: bool,
    /// The API that it is for, and the scopes apart by spaces.
    pub audience: Option<(&'a str, &'a str)>,
    /// How long it lives unused; `None` for ever.
    pub idle: Option<Micros>,
    /// How long it lives at all; `None` for ever.
    pub lifetime: Option<Micros>,
}

impl State {
    /// Issues a refresh token, and tells its id, which is not the token.
    pub fn issue_refresh_token(&mut self, new: &NewRefreshToken<'_>, now: Timestamp) -> String {
        let id = self.dice.alphanumeric(24);
        let ends = new.lifetime.map(|lifetime| now.plus(lifetime));
        let servers = new.audience.map(|(audience, scopes)| json!({"audience": audience, "scopes": scopes}));
        let shown = json!({
            "id": id,
            "user_id": new.user_id,
            "created_at": id::iso(now),
            "idle_expires_at": null,
            "expires_at": ends.map(id::iso),
            "device": first_seen(new.device),
            "client_id": new.client_id,
            "session_id": new.session_id,
            "rotating": new.is_rotating,
            "resource_servers": Vec::from_iter(servers),
            "last_exchanged_at": null,
        });
        let mut item = item(&id, shown, json!({}));
        if let Some(ends) = ends {
            item.hidden.insert("ends".to_owned(), ends.micros().into());
        }
        if let Some(idle) = new.idle {
            item.hidden.insert("idle_for".to_owned(), idle.into());
        }
        put_off(&mut item, now);
        self.objects.insert(REFRESH_TOKENS, item);
        id
    }

    /// A refresh token that lives at `now`.
    #[must_use]
    pub fn refresh_token(&self, id: &str, now: Timestamp) -> Option<&Item> {
        self.objects.find(REFRESH_TOKENS, id).filter(|token| is_live(token, now))
    }

    /// All refresh tokens that live at `now`, oldest first.
    pub fn refresh_tokens(&self, now: Timestamp) -> impl Iterator<Item = &Item> {
        self.objects.all(REFRESH_TOKENS).filter(move |token| is_live(token, now))
    }

    /// Exchanges a refresh token; false when it doesn't live.
    pub fn exchange_refresh_token(&mut self, id: &str, device: &Device, now: Timestamp) -> bool {
        if self.refresh_token(id, now).is_none() {
            return false;
        }
        let Some(token) = self.objects.find_mut(REFRESH_TOKENS, id) else { return false };
        put_off(token, now);
        token.shown.insert("last_exchanged_at".to_owned(), id::iso(now).into());
        seen_again(&mut token.shown, device);
        true
    }

    /// Revokes a refresh token.
    pub fn revoke_refresh_token(&mut self, id: &str, now: Timestamp) {
        self.revoke(REFRESH_TOKENS, id, now);
    }

    /// Revokes all refresh tokens that `which` picks.
    pub(in crate::tenant) fn revoke_tokens(&mut self, now: Timestamp, which: impl Fn(&Item) -> bool) {
        let ids: Vec<String> =
            self.refresh_tokens(now).filter(|token| which(token)).map(|token| token.id.clone()).collect();
        for id in ids {
            self.revoke_refresh_token(&id, now);
        }
    }
}

/// Whether a token is for an API.
pub fn is_for(token: &Item, audience: &str) -> bool {
    let servers = token.shown.get("resource_servers").and_then(Value::as_array);
    servers.into_iter().flatten().any(|server| server["audience"] == audience)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);

    #[test]
    fn a_token_is_exchanged_until_it_is_revoked_or_runs_out() {
        let mut state = State::new(1);
        let device = Device::default();
        let new = NewRefreshToken {
            user_id: "auth0|1",
            client_id: "app",
            session_id: Some("s"),
            device: &device,
            is_rotating: false,
            audience: Some(("urn:api", "read:x offline_access")),
            idle: Some(10),
            lifetime: Some(15),
        };
        let (one, other) = (state.issue_refresh_token(&new, NOW), state.issue_refresh_token(&new, NOW));
        assert!(state.exchange_refresh_token(&one, &device, NOW.plus(9)));
        assert!(
            state.refresh_token(&one, NOW.plus(14)).is_some()
                && state.refresh_token(&one, NOW.plus(15)).is_none()
        );
        assert!(state.refresh_token(&other, NOW.plus(10)).is_none());
        let forever = NewRefreshToken { idle: None, lifetime: None, ..new };
        let forever = state.issue_refresh_token(&forever, NOW);
        assert!(is_for(state.refresh_token(&forever, NOW.plus(1_000)).unwrap(), "urn:api"));
        state.revoke_refresh_token(&forever, NOW);
        assert!(!state.exchange_refresh_token(&forever, &device, NOW.plus(1)));
    }

    #[test]
    fn tokens_outlive_their_session_unless_it_is_revoked() {
        let mut state = State::new(1);
        let device = Device::default();
        let new = NewRefreshToken {
            user_id: "auth0|1",
            client_id: "app",
            session_id: Some("s"),
            device: &device,
            is_rotating: true,
            audience: None,
            idle: None,
            lifetime: None,
        };
        let token = state.issue_refresh_token(&new, NOW);
        state.end_session("s", NOW);
        assert!(state.refresh_token(&token, NOW).is_some());
        state.revoke_session("s", NOW);
        assert!(state.refresh_token(&token, NOW).is_none());
    }
}
