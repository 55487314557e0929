//! Authentication methods: what a user can prove who one is by, beside a password.

use countersign_core::Timestamp;
use serde_json::{Value, json};

use super::item;
use crate::tenant::{
    id,
    state::{Item, State},
};

/// The collection of authentication methods; `user_id` and `secret` are hidden. Ids are the type, a bar and `dev_…`.
pub const METHODS: &str = "authentication_methods";

/// Types of which a user has one at the most.
const SINGLE: &[&str] = &["recovery-code", "totp"];

/// A method to enroll.
#[derive(Debug, Clone, Default)]
pub struct NewMethod<'a> {
    /// Whose it is.
    pub user_id: &'a str,
    /// Its type: `totp`, `phone`, `email`, `push`, `webauthn-roaming`, `recovery-code`, …
    pub kind: &'a str,
    /// What the user calls it; empty for nothing.
    pub name: &'a str,
    /// The address or number that codes are sent to; empty where there is none.
    pub target: &'a str,
    /// How a phone is reached: `sms` or `voice`; empty for another type.
    pub preferred: &'a str,
    /// What proves it, such as the secret of one-time codes; empty where nothing is kept.
    pub secret: &'a str,
}

/// An address with most of it hidden.
fn masked(email: &str) -> String {
    let part = |text: &str| -> String {
        text.chars().enumerate().map(|(place, letter)| if place < 4 { letter } else { '*' }).collect()
    };
    email.split_once('@').map_or_else(|| part(email), |(name, host)| format!("{}@{}", part(name), part(host)))
}

impl State {
    /// Enrolls a method, confirmed, and tells its id. It takes the place of one where there can be only one.
    pub fn enroll(&mut self, new: &NewMethod<'_>, now: Timestamp) -> String {
        let kind = new.kind;
        if SINGLE.contains(&kind) {
            self.withdraw_all(new.user_id, |method| method.text("type") == kind);
        }
        let device = id::prefixed("dev", &mut self.dice);
        let id = format!("{kind}|{device}");
        let mut shown = json!({"id": id, "type": kind, "confirmed": true, "created_at": id::iso(now)});
        let mut set = |name: &str, value: Value| {
            if let Some(fields) = shown.as_object_mut() {
                fields.insert(name.to_owned(), value);
            }
        };
        if !new.name.is_empty() {
            set("name", new.name.into());
        }
        match kind {
            "email" => set("email", masked(new.target).into()),
            "phone" => {
                set("phone_number", new.target.into());
                set("preferred_authentication_method", new.preferred.into());
                let below = format!("{}|{device}", new.preferred);
                set("authentication_methods", json!([{"id": below, "type": new.preferred}]));
            }
            _ => {}
        }
        let hidden = json!({"user_id": new.user_id, "secret": new.secret, "target": new.target});
        self.objects.insert(METHODS, item(&id, shown, hidden));
        id
    }

    /// The methods of a user, oldest first.
    pub fn methods_of<'a>(&'a self, user_id: &str) -> impl Iterator<Item = &'a Item> + use<'a> {
        let user_id = user_id.to_owned();
        self.objects.all(METHODS).filter(move |method| method.hidden_text("user_id") == user_id)
    }

    /// Notes that a method was used.
    pub fn use_method(&mut self, id: &str, now: Timestamp) {
        if let Some(method) = self.objects.find_mut(METHODS, id) {
            method.shown.insert("last_auth_at".to_owned(), id::iso(now).into());
        }
    }

    /// Withdraws the methods of a user that `which` picks.
    pub fn withdraw_all(&mut self, user_id: &str, which: impl Fn(&Item) -> bool) {
        let methods = self.methods_of(user_id).filter(|method| which(method));
        for id in methods.map(|method| method.id.clone()).collect::<Vec<_>>() {
            self.objects.remove(METHODS, &id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);

    #[test]
    fn a_user_has_one_secret_for_codes_and_many_phones() {
        let mut state = State::new(1);
        for (kind, target) in [("totp", ""), ("totp", ""), ("phone", "+1555"), ("phone", "+1556")] {
            state.enroll(
                &NewMethod { user_id: "u", kind, target, preferred: "sms", ..NewMethod::default() },
                NOW,
            );
        }
        let kinds: Vec<&str> = state.methods_of("u").map(|method| method.text("type")).collect();
        assert_eq!(kinds, ["totp", "phone", "phone"]);
        state.withdraw_all("u", |method| method.text("type") == "phone");
        assert_eq!(state.methods_of("u").count(), 1);
    }

    #[test]
    fn addresses_are_masked() {
        assert_eq!(masked("chuck334@example.com"), "chuc****@exam*******");
        assert_eq!(masked("pat"), "pat");
    }
}
