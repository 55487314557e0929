//! How users come to be, whoever makes them.

use countersign_core::Timestamp;
use serde_json::{Value, json};

use super::{
    roles::USERS,
    user_identities::{self, identity, strategy, user_id},
    user_profile::{check_size, keep, text_of},
    users::PASSWORD,
};
use crate::tenant::{
    Fault, Item, id, secret,
    state::{Object, State},
};

/// Refuses what tells users of a connection apart when another has it.
///
/// # Errors
/// 409 `user_exists`.
pub fn check_unique(state: &State, own: &str, connection: &str, body: &Object) -> Result<(), Fault> {
    let users = state.objects.all(USERS).filter(|user| user.id != own);
    let taken = users.into_iter().any(|user| {
        let mut identities = user_identities::of(user).iter().enumerate();
        identities.any(|(place, identity)| {
            let profile = if place == 0 { Some(&user.shown) } else { identity["profileData"].as_object() };
            let mut names = ["email", "username", "phone_number"].into_iter();
            identity["connection"] == connection
                && names.any(|name| {
                    let other = profile.and_then(|profile| text_of(profile, name));
                    text_of(body, name)
                        .zip(other)
                        .is_some_and(|(text, other)| other.eq_ignore_ascii_case(text))
                })
        })
    });
    if taken { Err(exists()) } else { Ok(()) }
}

fn exists() -> Fault {
    Fault::conflict("The user already exists.").code("user_exists")
}

/// Makes a user of a connection with a strategy.
///
/// # Errors
/// 400 and 409 for what a user can't be.
pub fn make(state: &mut State, mut shown: Object, strategy: &str, now: Timestamp) -> Result<Item, Fault> {
    let connection = text_of(&shown, "connection").unwrap_or_default().to_owned();
    let own = text_of(&shown, "user_id").map(str::to_owned);
    let own = own.unwrap_or_else(|| id::object(&mut state.dice));
    let identity = identity(strategy, &connection, &own);
    let user_id = user_id(&identity);
    if state.objects.find(USERS, &user_id).is_some() {
        return Err(exists());
    }
    check_unique(state, "", &connection, &shown)?;
    let password = text_of(&shown, "password").map(str::to_owned);
    keep(&mut shown);
    shown.retain(|_, value| !value.is_null());
    check_size(&shown)?;
    let name = text_of(&shown, "email").or(text_of(&shown, "username")).or(text_of(&shown, "phone_number"));
    let name = name.unwrap_or_default().to_owned();
    if shown.contains_key("email") {
        shown.entry("email_verified").or_insert(Value::Bool(false));
    }
    let nickname = name.split('@').next().unwrap_or_default().to_owned();
    shown.entry("nickname").or_insert_with(|| nickname.into());
    shown.entry("picture").or_insert_with(|| "https://s.gravatar.com/avatar/0?s=480&r=pg".into());
    shown.entry("name").or_insert_with(|| name.into());
    shown.insert("identities".to_owned(), json!([identity]));
    shown.insert("user_id".to_owned(), user_id.clone().into());
    for name in ["created_at", "updated_at"] {
        shown.insert(name.to_owned(), id::iso(now).into());
    }
    let mut hidden = Object::new();
    if let Some(password) = password {
        hidden.insert(PASSWORD.to_owned(), secret::hash(&password, &mut state.dice).into());
    }
    let user = Item { id: user_id, shown, hidden };
    state.objects.insert(USERS, user.clone());
    Ok(user)
}

/// What an Action of a token exchange may say of a user.
const ATTRIBUTES: [&str; 10] = [
    "email",
    "email_verified",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "phone_number",
    "phone_verified",
    "picture",
    "username",
];

impl State {
    /// The user with an id of a connection's own; `None` where there is none, or no such connection.
    #[must_use]
    pub fn user_of(&self, connection: &str, own: &str) -> Option<&Item> {
        let wanted = identity(strategy(self, connection)?, connection, own);
        let wanted = wanted.get("user_id")?;
        self.objects.all(USERS).find(|user| {
            user_identities::of(user)
                .iter()
                .any(|one| one["connection"] == connection && one["user_id"] == *wanted)
        })
    }

    /// Makes a user of a connection with an id of its own and these attributes, and tells the `user_id`.
    ///
    /// # Errors
    /// 400 and 409 for what a user can't be.
    pub fn add_user(
        &mut self,
        connection: &str,
        own: &str,
        attributes: &Object,
        now: Timestamp,
    ) -> Result<String, Fault> {
        let strategy = strategy(self, connection).map(str::to_owned);
        let strategy = strategy.ok_or_else(|| Fault::new(400, "The connection does not exist."))?;
        let mut shown = attributes.clone();
        shown.retain(|name, _| ATTRIBUTES.contains(&name.as_str()));
        shown.insert("connection".to_owned(), connection.into());
        shown.insert("user_id".to_owned(), own.into());
        Ok(make(self, shown, &strategy, now)?.id)
    }

    /// Replaces attributes of a user.
    ///
    /// # Errors
    /// 409 where another user of the connection has what tells users apart.
    pub fn replace_attributes(
        &mut self,
        user_id: &str,
        connection: &str,
        attributes: &Object,
        now: Timestamp,
    ) -> Result<(), Fault> {
        check_unique(self, user_id, connection, attributes)?;
        let Some(user) = self.objects.find_mut(USERS, user_id) else { return Ok(()) };
        let known = attributes.iter().filter(|(name, _)| ATTRIBUTES.contains(&name.as_str()));
        user.shown.extend(known.map(|(name, value)| (name.clone(), value.clone())));
        user.shown.insert("updated_at".to_owned(), id::iso(now).into());
        Ok(())
    }
}
