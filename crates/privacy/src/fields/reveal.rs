//! The fields of a value that are masked until somebody opens them, one by one.

use std::net::IpAddr;

use serde_json::Value;

use super::{
    FieldClass, Source,
    redact::{MAX_DEPTH, MAX_VALUES, is_word},
    table,
    table::Place,
};
use crate::Aliases;

/// Fields whose ids name a place of work and nobody: lists and log lines name them, too.
const NAMES_NOBODY: [&str; 5] =
    ["client.client_id", "organization.id", "tenant.id", "client_id", "organization_id"];

/// A field that is not shown as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// Where it is, such as `user.email` or `user.identities[0].user_id`.
    pub path: String,
    /// What it may tell.
    pub class: FieldClass,
    /// What stands in its place: an alias for an id or an address, else the class in brackets.
    pub shown: String,
}

/// The fields of `value`, which came from `source`, that tell of somebody, in the value's order, without what is secret or empty.
///
/// The value may be hostile: neither depth nor number of what is looked at grows with it.
#[must_use]
pub fn masked(value: &Value, source: Source, aliases: &Aliases) -> Vec<Masked> {
    let shown = |class: FieldClass, value: &Value| match value {
        Value::String(text) if class == FieldClass::Identifier || text.parse::<IpAddr>().is_ok() => {
            aliases.of_id(text).to_string()
        }
        Value::Number(id) if class == FieldClass::Identifier => aliases.of_id(&id.to_string()).to_string(),
        _ => format!("[{class}]"),
    };
    let found = found(value, source).into_iter();
    found.map(|(path, class, value)| Masked { shown: shown(class, value), path, class }).collect()
}

/// The value at `path`, if [`masked`] would list it; `None` for anything else.
#[must_use]
pub fn opened(value: &Value, source: Source, path: &str) -> Option<Value> {
    found(value, source).into_iter().find(|(known, ..)| known == path).map(|(_, _, value)| value.clone())
}

fn found(value: &Value, source: Source) -> Vec<(String, FieldClass, &Value)> {
    let mut looking = Looking { left: MAX_VALUES, found: Vec::new() };
    looking.at(value, table::of(source), String::new(), 0);
    looking.found
}

struct Looking<'v> {
    left: usize,
    found: Vec<(String, FieldClass, &'v Value)>,
}

impl<'v> Looking<'v> {
    fn at(&mut self, value: &'v Value, place: Place, path: String, depth: usize) {
        if depth > MAX_DEPTH || self.left == 0 {
            return;
        }
        self.left -= 1;
        match value {
            Value::Object(_) | Value::Array(_) if !place.has_rows_below() => {
                if let Some(class) = place.class_below() {
                    self.take(path, class, value);
                }
            }
            Value::Object(map) => {
                for (name, value) in map {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    // Why: the name itself is the sender's own, and may be an address.
                    if place.knows(name) {
                        self.at(value, place.name(name), path, depth + 1);
                    }
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    self.at(value, place.item(), format!("{path}[{index}]"), depth + 1);
                }
            }
            scalar => match (place.class(), scalar) {
                (Some(FieldClass::Public), Value::String(text)) if !is_word(text) => {
                    self.take(path, FieldClass::FreeText, scalar);
                }
                (Some(class), _) => self.take(path, class, scalar),
                (None, _) => {}
            },
        }
    }

    fn take(&mut self, path: String, class: FieldClass, value: &'v Value) {
        let is_empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        let is_open = matches!(class, FieldClass::Secret | FieldClass::Public);
        if !is_empty && !is_open && !NAMES_NOBODY.contains(&path.as_str()) {
            self.found.push((path, class, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Secret, Trigger};
    use serde_json::json;

    use super::*;
    use crate::{Epoch, MasterKey};

    const LOGIN: Source = Source::Event(Trigger::PostLogin);

    fn event() -> Value {
        json!({
            "user": { "user_id": "auth0|pat", "email": "pat@example.com", "email_verified": true, "name": "",
                "identities": [{ "provider": "auth0", "user_id": "pat" }],
                "user_metadata": { "later": { "a": 1 } }, "unheard": "of" },
            "request": { "ip": "203.0.113.24", "user_agent": "Mozilla" },
            "transaction": { "state": "secret" },
            "client": { "client_id": "portal" },
        })
    }

    fn aliases() -> Aliases {
        let master = MasterKey::new(&Secret::new(vec![9; 32])).unwrap();
        master.tenant(&"a".parse().unwrap()).aliases(Epoch::ALWAYS)
    }

    #[test]
    fn what_tells_of_somebody_is_listed_masked_and_opens_by_its_path() {
        let (event, aliases) = (event(), aliases());
        let listed = masked(&event, LOGIN, &aliases);
        let paths: Vec<_> = listed.iter().map(|field| &*field.path).collect();
        let expected = [
            "user.user_id",
            "user.email",
            "user.identities[0].user_id",
            "user.user_metadata",
            "request.ip",
            "request.user_agent",
        ];
        assert_eq!(paths, expected);
        let shown = |path: &str| listed.iter().find(|field| field.path == path).unwrap().shown.clone();
        assert_eq!(shown("user.user_id"), aliases.of_id("auth0|pat").to_string());
        assert_eq!(shown("request.ip"), aliases.of_id("203.0.113.24").to_string());
        assert_eq!(
            ["user.email", "user.user_metadata", "request.user_agent"].map(shown),
            ["[personal]", "[free_text]", "[network]"]
        );
        for (path, value) in [
            ("user.email", json!("pat@example.com")),
            ("user.identities[0].user_id", json!("pat")),
            ("user.user_metadata", json!({ "later": { "a": 1 } })),
        ] {
            assert_eq!(opened(&event, LOGIN, path), Some(value), "{path}");
        }
    }

    #[test]
    fn secrets_and_what_nobody_classed_never_open() {
        for path in
            ["transaction.state", "user.unheard", "user", "user.email_verified", "user.name", "", "user."]
        {
            assert_eq!(opened(&event(), LOGIN, path), None, "{path}");
        }
    }

    #[test]
    fn what_is_looked_at_is_bounded() {
        let mut deep = json!("x");
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let wide: Vec<Value> =
            (0..10_000).map(|n| json!({ "provider": "p", "user_id": n.to_string() })).collect();
        let event = json!({ "user": { "user_metadata": deep, "identities": wide } });
        assert!(masked(&event, LOGIN, &aliases()).len() < MAX_VALUES);
    }
}
