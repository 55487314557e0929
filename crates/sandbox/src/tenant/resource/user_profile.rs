//! What a profile of a user may hold, and how it changes.

use serde_json::{Value, json};

use super::user_identities::{self, OWN};
use crate::tenant::{
    Fault, Item,
    check::{Rule, TEXT, may, need, text},
    state::Object,
};

/// The largest profile (Auth0: "User data storage"): writes beyond it fail.
const LARGEST: usize = 10 * 1_024;

static OPEN: Rule = Rule::Open(&[]);

macro_rules! profile {
    ($($first:expr),*) => {
        Rule::Object(&[
            $($first,)*
            may("email", Rule::Nullable(&TEXT)),
            may("email_verified", Rule::Bool),
            may("verify_email", Rule::Bool),
            may("username", Rule::Nullable(&text(1, 128))),
            may("phone_number", Rule::Nullable(&TEXT)),
            may("phone_verified", Rule::Bool),
            may("password", Rule::Nullable(&text(1, 512))),
            may("blocked", Rule::Bool),
            may("user_metadata", Rule::Nullable(&OPEN)),
            may("app_metadata", Rule::Nullable(&OPEN)),
            may("given_name", Rule::Nullable(&text(1, 150))),
            may("family_name", Rule::Nullable(&text(1, 150))),
            may("name", Rule::Nullable(&text(1, 300))),
            may("nickname", Rule::Nullable(&text(1, 300))),
            may("picture", Rule::Nullable(&TEXT)),
        ])
    };
}

/// The body that makes a user.
pub static CREATE: Rule = profile!(need("connection", text(1, 128)), may("user_id", text(0, 255)));

/// The body that changes one.
pub static UPDATE: Rule = profile!(
    may("connection", text(1, 128)),
    may("client_id", TEXT),
    may("verify_phone_number", Rule::Bool),
    may("verify_password", Rule::Bool)
);

/// What a body says to do and no profile holds.
const ORDERS: &[&str] = &[
    "connection",
    "client_id",
    "user_id",
    "password",
    "verify_email",
    "verify_phone_number",
    "verify_password",
];

/// What only the connection knows where the tenant doesn't keep its users.
const OF_CONNECTION: &[&str] = &[
    "email",
    "email_verified",
    "username",
    "phone_number",
    "phone_verified",
    "password",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
];

/// What identifies a user or proves who one is; one of them changes at a time.
const SENSITIVE: &[&str] = &["email", "username", "phone_number", "password"];

/// A text of a body; `None` for an empty one.
pub fn text_of<'a>(body: &'a Object, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Takes out of a body what no profile holds, and writes the address as the tenant keeps it.
pub fn keep(body: &mut Object) {
    body.retain(|name, _| !ORDERS.contains(&name.as_str()));
    if let Some(email) = text_of(body, "email").map(str::to_lowercase) {
        body.insert("email".to_owned(), email.into());
    }
}

/// Refuses a change that a user's connection doesn't let the tenant make, and two at once that only go alone.
///
/// # Errors
/// 400 `operation_not_supported` and `invalid_body`.
pub fn check_change(user: &Item, body: &Object) -> Result<(), Fault> {
    let main = user_identities::of(user).first();
    let named = |name: &str| main.and_then(|main| main.get(name)?.as_str()).unwrap_or_default();
    let (connection, strategy) = (named("connection"), named("provider"));
    let of_connection: Vec<&str> =
        OF_CONNECTION.iter().filter(|name| body.contains_key(**name)).copied().collect();
    if !OWN.contains(&strategy) && !of_connection.is_empty() {
        let message = format!(
            "The following user attributes cannot be updated: {}. The connection ({connection}) must either be a \
             database connection, a passwordless connection (email or sms) or have its synchronization disabled.",
            of_connection.join(", ")
        );
        return Err(Fault::new(400, message).code("operation_not_supported"));
    }
    if strategy == "sms" && body.contains_key("email_verified") {
        let message = "Cannot update email_verified of a user of an SMS connection";
        return Err(Fault::new(400, message).code("operation_not_supported"));
    }
    let sensitive: Vec<&str> = SENSITIVE.iter().filter(|name| body.contains_key(**name)).copied().collect();
    if sensitive.len() > 1 {
        let message = format!("Cannot update {} simultaneously", sensitive.join(" and "));
        return Err(Fault::invalid_body(message));
    }
    Ok(())
}

/// The profile after a change: metadata is merged at the first level, everything else replaced; `null` removes.
///
/// # Errors
/// 400 for a profile that is too large.
pub fn changed(shown: &Object, changes: Object) -> Result<Object, Fault> {
    let mut shown = shown.clone();
    for (name, value) in changes {
        match name.as_str() {
            "user_metadata" | "app_metadata" => merge(&mut shown, &name, value),
            _ if value.is_null() => drop(shown.remove(&name)),
            _ => drop(shown.insert(name, value)),
        }
    }
    check_size(&shown)?;
    Ok(shown)
}

/// Refuses a profile that is too large.
///
/// # Errors
/// 400 `invalid_body`.
pub fn check_size(shown: &Object) -> Result<(), Fault> {
    let size = json!(shown).to_string().len();
    if size > LARGEST {
        return Err(Fault::invalid_body(format!("The user profile has {size} bytes, maximum {LARGEST}")));
    }
    Ok(())
}

fn merge(shown: &mut Object, name: &str, changes: Value) {
    match (shown.get_mut(name).and_then(Value::as_object_mut), changes) {
        (_, Value::Null) => {
            shown.remove(name);
        }
        (Some(kept), Value::Object(changes)) => {
            kept.extend(changes);
            kept.retain(|_, value| !value.is_null());
        }
        (None, Value::Object(mut changes)) => {
            changes.retain(|_, value| !value.is_null());
            shown.insert(name.to_owned(), changes.into());
        }
        _ => {}
    }
}
