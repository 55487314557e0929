//! What a body may hold, declared: a `Rule` a value, a `Field` a property. What breaks one is said in the words of the
//! validator that Auth0 uses (z-schema's messages; two of them stand in recordings).
//!
//! ```ignore
//! static CREATE: Rule = Rule::Object(&[need("name", text(1, 50)), may("enabled", Rule::Bool)]);
//! ```
//!
//! A property that isn't declared is refused; `Rule::Open` lets others pass.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Fault;

/// What a value must be.
#[derive(Clone, Copy)]
pub enum Rule {
    /// Anything.
    Any,
    /// `true` or `false`.
    Bool,
    /// A text of `min` to `max` characters.
    Text {
        /// The fewest characters.
        min: usize,
        /// The most characters.
        max: usize,
    },
    /// A text that the function accepts; the name stands in the message.
    Pattern(&'static str, fn(&str) -> bool),
    /// A text in a format with a name.
    Format(&'static str, fn(&str) -> bool),
    /// One of some texts.
    OneOf(&'static [&'static str]),
    /// A whole number between two bounds, both included.
    Integer {
        /// The smallest.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// Any number.
    Number,
    /// An array of `min` to `max` values.
    List {
        /// What each must be.
        each: &'static Rule,
        /// The fewest.
        min: usize,
        /// The most.
        max: usize,
        /// Whether no two may be equal.
        unique: bool,
    },
    /// An object with these properties and no others.
    Object(&'static [Field]),
    /// An object with these properties and any others.
    Open(&'static [Field]),
    /// An object of up to `max` properties of any name.
    Map {
        /// What each value must be.
        each: &'static Rule,
        /// The most properties.
        max: usize,
    },
    /// The same or `null`.
    Nullable(&'static Rule),
    /// Whatever one of the rules accepts; the first says what is wrong.
    Either(&'static [Rule]),
}

/// A property of an object.
#[derive(Clone, Copy)]
pub struct Field {
    name: &'static str,
    rule: Rule,
    required: bool,
}

/// A property that must be there.
pub const fn need(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: true }
}

/// A property that may be there.
pub const fn may(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: false }
}

/// A text of `min` to `max` characters.
pub const fn text(min: usize, max: usize) -> Rule {
    Rule::Text { min, max }
}

/// A text of any length.
pub const TEXT: Rule = text(0, usize::MAX);

/// A non-empty array of texts, as bodies that name objects by id hold.
pub const IDS: Rule = Rule::List { each: &text(1, 512), min: 1, max: usize::MAX, unique: false };

/// An array of up to `max` values.
pub const fn list(each: &'static Rule, max: usize) -> Rule {
    Rule::List { each, min: 0, max, unique: false }
}

/// Holds a body against a rule.
///
/// # Errors
/// 400 `invalid_body` with the first thing that is wrong.
pub fn body(rule: &Rule, value: Option<&Value>) -> Result<(), Fault> {
    let empty = Value::Object(Map::new());
    let broken = rule.check(value.unwrap_or(&empty), "");
    broken.map_or(Ok(()), |what| Err(Fault::payload(&what)))
}

/// The message, and where.
fn said(message: &str, path: &str) -> Option<String> {
    let place = if path.is_empty() { String::new() } else { format!(" on property {path}") };
    Some(format!("'{message}'{place}"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn wrong_type(expected: &str, value: &Value, path: &str) -> Option<String> {
    said(&format!("Expected type {expected} but found type {}", kind(value)), path)
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Rule {
    /// What is wrong with `value`; `None` when nothing is.
    fn check(&self, value: &Value, path: &str) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Bool => value.as_bool().map_or_else(|| wrong_type("boolean", value, path), |_| None),
            Self::Number => value.as_f64().map_or_else(|| wrong_type("number", value, path), |_| None),
            Self::Integer { min, max } => check_integer(*min, *max, value, path),
            Self::Text { .. } | Self::Pattern(..) | Self::Format(..) | Self::OneOf(_) => match value {
                Value::String(text) => self.check_text(text, path),
                _ => wrong_type("string", value, path),
            },
            Self::List { each, min, max, unique } => match value {
                Value::Array(items) => check_length("Array", items.len(), *min, *max, path)
                    .or_else(|| unique.then(|| check_unique(items, path)).flatten())
                    .or_else(|| {
                        let mut places = items.iter().enumerate();
                        places.find_map(|(n, item)| each.check(item, &below(path, &n.to_string())))
                    }),
                _ => wrong_type("array", value, path),
            },
            Self::Object(fields) | Self::Open(fields) => match value {
                Value::Object(object) => {
                    let closed = matches!(self, Self::Object(_));
                    check_fields(fields, closed, object, path)
                }
                _ => wrong_type("object", value, path),
            },
            Self::Map { each, max } => match value {
                Value::Object(object) if object.len() > *max => {
                    said(&format!("Too many properties defined ({}), maximum {max}", object.len()), path)
                }
                Value::Object(object) => {
                    object.iter().find_map(|(name, value)| each.check(value, &below(path, name)))
                }
                _ => wrong_type("object", value, path),
            },
            Self::Nullable(rule) => (!value.is_null()).then(|| rule.check(value, path)).flatten(),
            Self::Either(rules) => {
                let accepted = rules.iter().any(|rule| rule.check(value, path).is_none());
                if accepted { None } else { rules.first().and_then(|rule| rule.check(value, path)) }
            }
        }
    }

    fn check_text(&self, text: &str, path: &str) -> Option<String> {
        match self {
            Self::Text { min, max } => {
                let length = text.chars().count();
                if length < *min {
                    said(&format!("String is too short ({length} chars), minimum {min}"), path)
                } else if length > *max {
                    said(&format!("String is too long ({length} chars), maximum {max}"), path)
                } else {
                    None
                }
            }
            Self::Pattern(name, accepts) => (!accepts(text))
                .then(|| said(&format!("String does not match pattern {name}: {text}"), path))
                .flatten(),
            Self::Format(name, accepts) => (!accepts(text))
                .then(|| said(&format!("Object didn't pass validation for format {name}: {text}"), path))
                .flatten(),
            Self::OneOf(words) => {
                (!words.contains(&text)).then(|| said(&format!("No enum match for: {text}"), path)).flatten()
            }
            _ => None,
        }
    }
}

fn check_integer(min: i64, max: i64, value: &Value, path: &str) -> Option<String> {
    match value.as_i64() {
        None => wrong_type("integer", value, path),
        Some(number) if number < min => said(&format!("Value {number} is less than minimum {min}"), path),
        Some(number) if number > max => said(&format!("Value {number} is greater than maximum {max}"), path),
        Some(_) => None,
    }
}

fn check_length(what: &str, length: usize, min: usize, max: usize, path: &str) -> Option<String> {
    if length < min {
        said(&format!("{what} is too short ({length}), minimum {min}"), path)
    } else if length > max {
        said(&format!("{what} is too long ({length}), maximum {max}"), path)
    } else {
        None
    }
}

fn check_unique(items: &[Value], path: &str) -> Option<String> {
    let mut seen: Vec<&Value> = Vec::new();
    for (second, item) in items.iter().enumerate() {
        if let Some(first) = seen.iter().position(|other| *other == item) {
            return said(&format!("Array items are not unique (indexes {first} and {second})"), path);
        }
        seen.push(item);
    }
    None
}

fn check_fields(fields: &[Field], closed: bool, object: &Map<String, Value>, path: &str) -> Option<String> {
    if closed {
        let known: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
        let strange: Vec<&str> =
            object.keys().map(String::as_str).filter(|name| !known.contains(name)).collect();
        if !strange.is_empty() {
            return said(&format!("Additional properties not allowed: {}", strange.join(",")), path);
        }
    }
    fields.iter().find_map(|field| match object.get(field.name) {
        Some(value) => field.rule.check(value, &below(path, field.name)),
        None if field.required => said(&format!("Missing required property: {}", field.name), path),
        None => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static THING: Rule = Rule::Object(&[
        need("name", text(1, 5)),
        may("kind", Rule::OneOf(&["a", "b"])),
        may("match", Rule::Object(&[may("lists", Rule::List { each: &TEXT, min: 0, max: 3, unique: true })])),
        may("count", Rule::Nullable(&Rule::Integer { min: 1, max: 9 })),
    ]);

    fn refusal(value: &Value) -> Option<String> {
        body(&THING, Some(value)).err().map(|fault| fault.to_string())
    }

    #[test]
    fn what_is_wrong_is_said_in_the_vendors_words() {
        let cases = [
            (json!({}), "'Missing required property: name'."),
            (json!({"name": "x", "zz": 1, "y": 1}), "'Additional properties not allowed: zz,y'."),
            (json!({"name": 1}), "'Expected type string but found type integer' on property name."),
            (json!({"name": ""}), "'String is too short (0 chars), minimum 1' on property name."),
            (json!({"name": "x", "kind": "c"}), "'No enum match for: c' on property kind."),
            (json!({"name": "x", "count": 10}), "'Value 10 is greater than maximum 9' on property count."),
            (
                json!({"name": "x", "match": {"lists": ["u", "u"]}}),
                "'Array items are not unique (indexes 0 and 1)' on property match.lists.",
            ),
        ];
        for (value, what) in cases {
            assert_eq!(refusal(&value), Some(format!("400: Payload validation error: {what}")), "{value}");
        }
    }

    #[test]
    fn what_keeps_the_rules_passes() {
        assert_eq!(refusal(&json!({"name": "ok", "kind": "b", "count": null})), None);
    }
}
