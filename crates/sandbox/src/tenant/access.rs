//! What people have at the tenant between sign-ins: sessions, refresh tokens, devices, and what blocks them.
//!
//! Functions of `State` by which flows make and use these things; the API shows and ends them. What is revoked ends when
//! `State::takes_effect` says so, and what has ended or run out is as if it weren't there.

mod blocks;
mod consents;
mod methods;
mod tickets;
mod tokens;

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    id,
    state::{Item, Object, State},
};

pub use blocks::{BLOCKED_IPS, BLOCKS, Block};
pub use methods::{METHODS, NewMethod};
pub use tokens::{NewRefreshToken, REFRESH_TOKENS, is_for};

/// The collection of sessions; `ends`, `idles` and `idle_for` are hidden, in microseconds.
pub const SESSIONS: &str = "sessions";

/// Users to the devices that the assessment of new devices knows: left is the `user_id`, right a fingerprint.
const DEVICES: &str = "user_devices";

/// Users to the browsers that a second factor was passed in and that shall not be asked again.
const BROWSERS: &str = "remembered_browsers";

/// Where a request came from, as sessions and refresh tokens keep it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Device {
    /// The address.
    pub ip: String,
    /// The autonomous system, digits alone; empty where it isn't known.
    pub asn: String,
    /// The header as it was sent.
    pub user_agent: String,
}

/// A session to begin.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// Whose it is.
    pub user_id: &'a str,
    /// The client that was signed in to.
    pub client_id: &'a str,
    /// Where from.
    pub device: &'a Device,
    /// How: `{name, timestamp, type?}` each.
    pub methods: &'a [Value],
    /// How long it lives unused.
    pub idle: Micros,
    /// How long it lives at all.
    pub lifetime: Micros,
    /// Whether its cookie outlives the browser.
    pub is_persistent: bool,
}

/// The `device` of a first request.
fn first_seen(device: &Device) -> Value {
    let Device { ip, asn, user_agent } = device;
    json!({
        "initial_user_agent": user_agent, "initial_ip": ip, "initial_asn": asn,
        "last_user_agent": user_agent, "last_ip": ip, "last_asn": asn,
    })
}

/// Writes a later request into a `device`.
fn seen_again(shown: &mut Object, device: &Device) {
    if let Some(kept) = shown.get_mut("device").and_then(Value::as_object_mut) {
        kept.insert("last_user_agent".to_owned(), device.user_agent.as_str().into());
        kept.insert("last_ip".to_owned(), device.ip.as_str().into());
        kept.insert("last_asn".to_owned(), device.asn.as_str().into());
    }
}

/// Whether something has neither been ended nor run out.
fn is_live(item: &Item, now: Timestamp) -> bool {
    let passed =
        |name: &str| item.hidden.get(name).and_then(Value::as_i64).is_some_and(|at| at <= now.micros());
    !["revoked", "ends", "idles"].into_iter().any(passed)
}

/// Puts off the end of something that ends when it isn't used.
fn put_off(item: &mut Item, now: Timestamp) {
    if let Some(idle) = item.hidden.get("idle_for").and_then(Value::as_i64) {
        let idles = now.plus(idle);
        item.hidden.insert("idles".to_owned(), idles.micros().into());
        item.shown.insert("idle_expires_at".to_owned(), id::iso(idles).into());
    }
}

impl State {
    /// Begins a session, and tells its id.
    pub fn begin_session(&mut self, new: &NewSession<'_>, now: Timestamp) -> String {
        let id = self.dice.alphanumeric(32);
        let (at, ends) = (id::iso(now), now.plus(new.lifetime));
        let mode = if new.is_persistent { "persistent" } else { "non-persistent" };
        let shown = json!({
            "id": id,
            "user_id": new.user_id,
            "created_at": at,
            "updated_at": at,
            "authenticated_at": at,
            "expires_at": id::iso(ends),
            "last_interacted_at": at,
            "device": first_seen(new.device),
            "clients": [{"client_id": new.client_id}],
            "authentication": {"methods": new.methods},
            "cookie": {"mode": mode},
        });
        let hidden = json!({"ends": ends.micros(), "idle_for": new.idle});
        let mut item = item(&id, shown, hidden);
        put_off(&mut item, now);
        self.objects.insert(SESSIONS, item);
        id
    }

    /// A session that lives at `now`.
    #[must_use]
    pub fn session(&self, id: &str, now: Timestamp) -> Option<&Item> {
        self.objects.find(SESSIONS, id).filter(|session| is_live(session, now))
    }

    /// The sessions of a user that live at `now`, oldest first.
    pub fn sessions_of<'a>(
        &'a self,
        user_id: &str,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Item> + use<'a> {
        let user_id = user_id.to_owned();
        let sessions = self.objects.all(SESSIONS);
        sessions.filter(move |session| session.text("user_id") == user_id && is_live(session, now))
    }

    /// Uses a session, which a client may join; false when it doesn't live.
    pub fn use_session(&mut self, id: &str, client_id: &str, device: &Device, now: Timestamp) -> bool {
        if self.session(id, now).is_none() {
            return false;
        }
        let Some(session) = self.objects.find_mut(SESSIONS, id) else { return false };
        put_off(session, now);
        for name in ["updated_at", "last_interacted_at"] {
            session.shown.insert(name.to_owned(), id::iso(now).into());
        }
        seen_again(&mut session.shown, device);
        let client = json!({"client_id": client_id});
        let clients = session.shown.get_mut("clients").and_then(Value::as_array_mut);
        if let Some(clients) = clients.filter(|clients| !clients.contains(&client)) {
            clients.push(client);
        }
        true
    }

    /// Ends a session. Its refresh tokens live on.
    pub fn end_session(&mut self, id: &str, now: Timestamp) {
        self.revoke(SESSIONS, id, now);
    }

    fn revoke(&mut self, collection: &str, id: &str, now: Timestamp) {
        let at = self.takes_effect(now).micros();
        if let Some(item) = self.objects.find_mut(collection, id) {
            item.hidden.entry("revoked").or_insert_with(|| at.into());
        }
    }

    /// Ends a session with its refresh tokens.
    pub fn revoke_session(&mut self, id: &str, now: Timestamp) {
        self.end_session(id, now);
        self.revoke_tokens(now, |token| token.text("session_id") == id);
    }

    /// Ends what a user has: one session or all, with refresh tokens or without.
    pub fn revoke_access(
        &mut self,
        user_id: &str,
        session: Option<&str>,
        keeps_tokens: bool,
        now: Timestamp,
    ) {
        let sessions = self.sessions_of(user_id, now).map(|session| session.id.clone());
        let ended: Vec<String> = sessions.filter(|id| session.is_none_or(|only| only == id)).collect();
        for id in &ended {
            self.end_session(id, now);
        }
        if !keeps_tokens {
            self.revoke_tokens(now, |token| {
                let is_of_session = ended.iter().any(|id| token.text("session_id") == id);
                token.text("user_id") == user_id && (session.is_none() || is_of_session)
            });
        }
    }

    /// Lets the assessment of new devices know a device of a user.
    pub fn remember_device(&mut self, user_id: &str, fingerprint: &str) {
        self.links.add(DEVICES, user_id, fingerprint, Value::Null);
    }

    /// Whether it knows it.
    #[must_use]
    pub fn knows_device(&self, user_id: &str, fingerprint: &str) -> bool {
        self.links.has(DEVICES, user_id, fingerprint)
    }

    /// Makes all devices of a user new.
    pub fn forget_devices(&mut self, user_id: &str) {
        self.links.forget(DEVICES, user_id);
    }

    /// Remembers a browser in which a user passed a second factor.
    pub fn remember_browser(&mut self, user_id: &str, browser: &str) {
        self.links.add(BROWSERS, user_id, browser, Value::Null);
    }

    /// Whether the second factor of a user need not be asked for in a browser.
    #[must_use]
    pub fn remembers_browser(&self, user_id: &str, browser: &str) -> bool {
        self.links.has(BROWSERS, user_id, browser)
    }

    /// Forgets all browsers of a user.
    pub fn forget_browsers(&mut self, user_id: &str) {
        self.links.forget(BROWSERS, user_id);
    }
}

/// An item of two objects.
fn item(id: &str, shown: Value, hidden: Value) -> Item {
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    Item { id: id.to_owned(), shown: object(shown), hidden: object(hidden) }
}

/// Forgets everything that a user has.
pub fn forget_user(state: &mut State, user_id: &str) {
    for collection in [SESSIONS, REFRESH_TOKENS, METHODS] {
        let owner = |item: &&Item| item.text("user_id") == user_id || item.hidden_text("user_id") == user_id;
        let ids: Vec<String> =
            state.objects.all(collection).filter(owner).map(|item| item.id.clone()).collect();
        for id in ids {
            state.objects.remove(collection, &id);
        }
    }
    state.forget_devices(user_id);
    state.forget_browsers(user_id);
    state.forget_consents(user_id);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);
    const SECOND: Micros = 1_000_000;

    fn session(state: &mut State, user_id: &str) -> String {
        let device =
            Device { ip: "192.0.2.1".to_owned(), asn: "64500".to_owned(), user_agent: "A".to_owned() };
        let new = NewSession {
            user_id,
            client_id: "app",
            device: &device,
            methods: &[json!({"name": "pwd", "timestamp": "2026-08-20T08:00:00.000Z"})],
            idle: 60 * SECOND,
            lifetime: 100 * SECOND,
            is_persistent: true,
        };
        state.begin_session(&new, NOW)
    }

    #[test]
    fn a_session_lives_while_it_is_used_and_not_beyond_its_end() {
        let mut state = State::new(1);
        let id = session(&mut state, "auth0|1");
        let later = NOW.plus(50 * SECOND);
        let device = Device { ip: "192.0.2.2".to_owned(), ..Device::default() };
        assert!(state.use_session(&id, "other", &device, later));
        let shown = &state.session(&id, NOW.plus(90 * SECOND)).unwrap().shown;
        assert_eq!(
            (&shown["device"]["initial_ip"], &shown["device"]["last_ip"]),
            (&json!("192.0.2.1"), &json!("192.0.2.2"))
        );
        assert_eq!(shown["clients"], json!([{"client_id": "app"}, {"client_id": "other"}]));
        assert!(state.session(&id, NOW.plus(100 * SECOND)).is_none());
        assert!(!state.use_session(&id, "app", &device, NOW.plus(100 * SECOND)));
        let unused = session(&mut state, "auth0|1");
        assert!(state.session(&unused, NOW.plus(60 * SECOND)).is_none());
    }

    #[test]
    fn what_is_ended_lives_on_for_the_lag() {
        let mut state = State::new(1);
        state.set_lag(SECOND);
        let (one, other) = (session(&mut state, "auth0|1"), session(&mut state, "auth0|1"));
        state.revoke_access("auth0|1", Some(&one), false, NOW);
        assert!(state.session(&one, NOW).is_some() && state.session(&one, NOW.plus(SECOND)).is_none());
        assert!(state.session(&other, NOW.plus(SECOND)).is_some());
    }

    #[test]
    fn nothing_is_left_of_a_user_who_is_forgotten() {
        let mut state = State::new(1);
        let id = session(&mut state, "auth0|1");
        state.remember_device("auth0|1", "f");
        state.remember_browser("auth0|1", "b");
        forget_user(&mut state, "auth0|1");
        assert!(state.session(&id, NOW).is_none() && !state.knows_device("auth0|1", "f"));
        assert!(!state.remembers_browser("auth0|1", "b"));
    }
}
