//! The whole of what a step sends, as it may be shown: nothing is left out, whatever a sentence leaves out.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Call, ChangeStep, Named, Naming, kind_of, text};
use crate::{Part, Template};

/// The whole of what a step sends, made of the step alone. Values are JSON, in which what can't be seen is escaped (`\u202e`), so that
/// they stay the values that are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sends {
    /// The method, or `MESSAGE` or `WEBHOOK` for what goes to a receiver.
    pub method: String,
    /// The path's template: names stand in braces.
    pub path: String,
    /// What stands for the names, in their order.
    pub arguments: Vec<Argument>,
    /// The body.
    pub body: Option<String>,
}

/// What stands for a name of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// The name.
    pub name: String,
    /// The value, as JSON.
    pub value: String,
}

impl Sends {
    /// What a step sends, for who may not see of whom it tells.
    #[must_use]
    pub fn of(step: &ChangeStep, naming: &Naming<'_>) -> Self {
        let call = &step.write.call;
        let to = |method: &str, receiver: &str, body: Value| Self {
            method: method.to_owned(),
            path: "{receiver}".to_owned(),
            arguments: vec![Argument { name: "receiver".to_owned(), value: json(&literal(receiver)) }],
            body: Some(json(&body)),
        };
        match call {
            Call::Notify { receiver, text } => {
                to("MESSAGE", receiver, Masks { naming, is_known: true }.masked(Named::Text, literal(text)))
            }
            Call::Webhook { receiver, body } => {
                let masks = Masks { naming, is_known: true };
                to("WEBHOOK", receiver, masks.first_level(Named::Text, body.clone()))
            }
            Call::Management(template) => {
                Masks { naming, is_known: kind_of(call).is_some() }.request(template)
            }
        }
    }
}

/// What stands in the place of what tells of somebody.
struct Masks<'a> {
    naming: &'a Naming<'a>,
    /// Whether it is known what the request does; else each of its values may tell of somebody.
    is_known: bool,
}

impl Masks<'_> {
    fn request(&self, template: &Template) -> Sends {
        let operation = template.operation();
        let path = operation.map_or("?", |operation| operation.path);
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let mut names = names.map(|name| (name, is_user(path, name)));
        let argument = |part: &Part| {
            let (name, is_user) = names.next().unwrap_or(("?", false));
            let named = is_user.then_some(Named::User).or((!self.is_known).then_some(Named::Text));
            let value = self.part(part, &|_| named, &mut Vec::new());
            Argument { name: name.to_owned(), value: json(&value) }
        };
        let of = |path: &[String]| {
            let named = named(&template.operation, path);
            named.or((!self.is_known).then_some(Named::Text))
        };
        Sends {
            method: operation.map_or("?", |operation| operation.method.as_str()).to_owned(),
            path: path.to_owned(),
            arguments: template.parameters.iter().map(argument).collect(),
            body: template.body.as_ref().map(|body| json(&self.part(body, &of, &mut Vec::new()))),
        }
    }

    /// A value, with what stands for secrets and earlier answers; `of` says what a place tells of.
    fn part(&self, part: &Part, of: &dyn Fn(&[String]) -> Option<Named>, path: &mut Vec<String>) -> Value {
        match part {
            Part::Value(value) => self.value(value, of, path),
            Part::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, part)| (name.clone(), below(path, name, |path| self.part(part, of, path))));
                Value::Object(fields.collect())
            }
            Part::List(parts) => {
                let parts = parts.iter().map(|part| below(path, "", |path| self.part(part, of, path)));
                Value::Array(parts.collect())
            }
            Part::Answer { .. } | Part::Secret { .. } => part.shown(),
        }
    }

    fn value(&self, value: &Value, of: &dyn Fn(&[String]) -> Option<Named>, path: &mut Vec<String>) -> Value {
        match (of(path), value) {
            (Some(Named::Value), _) => self.masked(Named::Value, value.clone()),
            (_, Value::Object(fields)) => {
                let fields = fields.iter().map(|(name, value)| {
                    (name.clone(), below(path, name, |path| self.value(value, of, path)))
                });
                Value::Object(fields.collect())
            }
            (_, Value::Array(items)) => {
                let items = items.iter().map(|item| below(path, "", |path| self.value(item, of, path)));
                Value::Array(items.collect())
            }
            (Some(named), _) => self.masked(named, value.clone()),
            (None, _) => value.clone(),
        }
    }

    /// The fields of an object, each masked as one; what is no object is masked whole.
    fn first_level(&self, named: Named, body: Value) -> Value {
        match body {
            Value::Object(fields) => {
                let fields: Map<_, _> =
                    fields.into_iter().map(|(name, value)| (name, self.masked(named, value))).collect();
                Value::Object(fields)
            }
            other => self.masked(named, other),
        }
    }

    fn masked(&self, named: Named, value: Value) -> Value {
        let mask = match &value {
            // Why: that nothing is set is no secret, and what is deleted by it must be seen.
            Value::Null => None,
            Value::String(text) => (self.naming)(named, text),
            other => (self.naming)(named, &other.to_string()),
        };
        mask.map_or(value, Value::String)
    }
}

fn below<T>(path: &mut Vec<String>, name: &str, then: impl FnOnce(&mut Vec<String>) -> T) -> T {
    path.push(name.to_owned());
    let done = then(path);
    path.pop();
    done
}

/// Whether a name of a path stands for a user.
fn is_user(path: &str, name: &str) -> bool {
    name == "user_id" || (name == "id" && path.starts_with("/users/{id}"))
}

/// What a place of a body tells of; the places of a list have no name.
fn named(operation: &str, path: &[String]) -> Option<Named> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (operation, path.as_slice()) {
        ("members.add" | "members.remove", ["members", _]) | ("tickets.change_password", ["user_id"]) => {
            Some(Named::User)
        }
        ("invitations.create", ["invitee", "email"] | ["inviter", "name"]) => Some(Named::Mail),
        ("users.update", ["app_metadata" | "user_metadata", _]) => Some(Named::Value),
        ("network_acls.create" | "network_acls.update", ["rule", _, "ipv4_cidrs" | "ipv6_cidrs", _]) => {
            Some(Named::Network)
        }
        _ => None,
    }
}

fn literal(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A value as JSON on several lines. What can't be seen, or looks like nothing, is escaped as JSON escapes it.
fn json(value: &Value) -> String {
    let written = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut shown = String::with_capacity(written.len());
    for char in written.chars() {
        if char != '\n' && text::is_unseen(char) {
            // Why all within strings: outside of them JSON has nothing that can't be seen.
            for unit in char.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(char);
        }
    }
    shown
}
