//! Taking out of JSON what may not be shown.

use serde_json::{Map, Value};

use super::{FieldClass, Source, table, table::Place};
use crate::Aliases;

/// The deepest level that is looked at.
pub(super) const MAX_DEPTH: usize = 24;

/// The most values that are looked at; a log entry of Auth0's has some hundred.
pub(super) const MAX_VALUES: usize = 4_096;

/// The longest text that passes for a word.
const MAX_WORD_CHARS: usize = 256;

/// Classes that may be shown as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed(u8);

impl Allowed {
    /// What tells of nobody.
    pub const PUBLIC: Self = Self(1 << FieldClass::Public as u8);

    /// These and `class`. A secret is never allowed.
    #[must_use]
    pub const fn with(self, class: FieldClass) -> Self {
        match class {
            FieldClass::Secret => self,
            class => Self(self.0 | 1 << class as u8),
        }
    }

    /// Whether what is of `class` may be shown as it came.
    #[must_use]
    pub const fn has(self, class: FieldClass) -> bool {
        self.0 & (1 << class as u8) != 0
    }
}

/// What is left of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Redacted {
    /// What may be shown. Secrets are gone with their names; an id is its alias; what else may not be shown is its class in
    /// brackets, such as `[personal]`. A name that the table does not know goes, unless the class of what is there is allowed.
    pub value: Value,
    /// Whether something is gone since the value was too deep or too large.
    pub is_cut: bool,
}

/// Keeps of `value`, which came from `source`, what is `allowed`, and puts `aliases` in place of ids.
///
/// The value may be hostile: what is of another shape than its row says is taken for a secret, and neither depth nor size of
/// what is looked at grows with it.
#[must_use]
pub fn redact(value: &Value, source: Source, allowed: Allowed, aliases: &Aliases) -> Redacted {
    let mut redactor = Redactor { allowed, aliases, left: MAX_VALUES, is_cut: false };
    let value = redactor.value(value, table::of(source), 0).unwrap_or(Value::Null);
    Redacted { value, is_cut: redactor.is_cut }
}

struct Redactor<'a> {
    allowed: Allowed,
    aliases: &'a Aliases,
    left: usize,
    is_cut: bool,
}

impl Redactor<'_> {
    /// What is left of a value; `None` where its name goes, too.
    fn value(&mut self, value: &Value, place: Place, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH || self.left == 0 {
            self.is_cut = true;
            return None;
        }
        self.left -= 1;
        match value {
            Value::Object(_) | Value::Array(_) if !place.has_rows_below() => {
                self.whole(value, place.class_below()?, depth)
            }
            Value::Object(map) => {
                let mut kept = Map::new();
                // Why: a name that the table does not know is the sender's own, and may be an address.
                let shows_others = place.class_below().is_some_and(|class| self.allowed.has(class));
                for (name, value) in map.iter().filter(|(name, _)| shows_others || place.knows(name)) {
                    if self.left == 0 {
                        self.is_cut = true;
                        break;
                    }
                    let left = self.value(value, place.name(name), depth + 1);
                    kept.extend(left.map(|value| (name.clone(), value)));
                }
                Some(Value::Object(kept))
            }
            Value::Array(items) => {
                let mut kept = Vec::new();
                for item in items {
                    if self.left == 0 {
                        self.is_cut = true;
                        break;
                    }
                    kept.extend(self.value(item, place.item(), depth + 1));
                }
                Some(Value::Array(kept))
            }
            scalar => self.scalar(scalar, place.class()?),
        }
    }

    /// An object or array of one class: as it came, within the bounds, or nothing of it, not even the names in it.
    fn whole(&mut self, value: &Value, class: FieldClass, depth: usize) -> Option<Value> {
        if !self.allowed.has(class) {
            return (class != FieldClass::Secret).then(|| mask(class));
        }
        match value {
            Value::Object(map) => {
                let kept = map
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), self.part(value, class, depth + 1)?)));
                Some(Value::Object(kept.collect()))
            }
            Value::Array(items) => Some(Value::Array(
                items.iter().filter_map(|item| self.part(item, class, depth + 1)).collect(),
            )),
            scalar => self.scalar(scalar, class),
        }
    }

    fn part(&mut self, value: &Value, class: FieldClass, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH || self.left == 0 {
            self.is_cut = true;
            return None;
        }
        self.left -= 1;
        self.whole(value, class, depth)
    }

    fn scalar(&self, value: &Value, class: FieldClass) -> Option<Value> {
        match (class, value) {
            (FieldClass::Secret, _) => None,
            (_, Value::Null) => Some(Value::Null),
            (FieldClass::Public, Value::String(text)) if !is_word(text) => Some(mask(FieldClass::FreeText)),
            (class, value) if self.allowed.has(class) => Some(value.clone()),
            (FieldClass::Identifier, Value::String(id)) => Some(self.alias(id)),
            (FieldClass::Identifier, id) => Some(self.alias(&id.to_string())),
            (class, _) => Some(mask(class)),
        }
    }

    /// Why an empty id stays: Auth0 writes one where there is none.
    fn alias(&self, id: &str) -> Value {
        let alias = if id.is_empty() { String::new() } else { self.aliases.of_id(id).to_string() };
        Value::String(alias)
    }
}

/// Whether a text can be a word of somebody's vocabulary. Why `@`: an address in the place of a word is the likeliest mistake.
pub(super) fn is_word(text: &str) -> bool {
    text.chars().count() <= MAX_WORD_CHARS && !text.contains('@') && !text.chars().any(char::is_control)
}

fn mask(class: FieldClass) -> Value {
    Value::String(format!("[{class}]"))
}

#[cfg(test)]
mod tests;
