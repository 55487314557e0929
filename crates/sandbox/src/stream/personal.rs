//! Fields about people that a stream masks or hashes (Auth0: "Personal data in log streams").
//!
//! Which fields of a record each name covers isn't documented; here it is every field of the names below, at any depth.

use serde_json::Value;

use super::xxhash;

/// The names that a stream's `pii_config` may list.
pub const FIELDS: &[&str] = &["first_name", "last_name", "username", "email", "phone", "address"];

/// What stands in the place of what is masked.
const MASK: &str = "*****";

/// The fields of a record that a name covers.
fn covered(name: &str) -> &'static [&'static str] {
    match name {
        "first_name" => &["first_name", "given_name"],
        "last_name" => &["last_name", "family_name"],
        "username" => &["username", "user_name", "nickname"],
        "email" => &["email"],
        "phone" => &["phone", "phone_number"],
        "address" => &["address"],
        _ => &[],
    }
}

/// Hides the fields in a record.
pub fn hide(value: &mut Value, names: &[&str], is_hashed: bool) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields.iter_mut() {
                // Why: who signs in with an address is named by it.
                let is_email = field == "user_name" && value.as_str().is_some_and(|text| text.contains('@'));
                let is_covered = names
                    .iter()
                    .any(|name| covered(name).contains(&field.as_str()) || (is_email && *name == "email"));
                match value.as_str() {
                    Some(text) if is_covered => *value = hidden(text, is_hashed).into(),
                    _ => hide(value, names, is_hashed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, names, is_hashed)),
        _ => {}
    }
}

fn hidden(text: &str, is_hashed: bool) -> String {
    if is_hashed { format!("{:016x}", xxhash::hash(text.as_bytes())) } else { MASK.to_owned() }
}
