//! What changes of the watching.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Changes;
use crate::Document;

/// What stands at a path: of a list, each member for itself.
type Leaves = BTreeMap<(String, Option<String>), String>;

/// Lists what `new` sets otherwise. A threshold counts as loosening whichever way it goes: what it means is not known here.
pub(super) fn diff(old: &Document, new: &Document, changes: &mut Changes) {
    let (before, after) = (leaves(old), leaves(new));
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (path, _) = key;
        let word = |leaves: &Leaves| leaves.get(key).map_or("absent", String::as_str).to_owned();
        changes.value(path, &word(&before), &word(&after), loosens(path, before.get(key), after.get(key)));
    }
}

fn loosens(path: &str, before: Option<&String>, after: Option<&String>) -> bool {
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<f64>().ok());
    let rises = || number(before).zip(number(after)).is_none_or(|(before, after)| after > before);
    match path.strip_prefix("watch.").unwrap_or(path) {
        "learning_days" => rises(),
        "daily_alerts" => !rises(),
        path if path.starts_with("due_hours.") => rises(),
        "context.guarded_actions" => after.is_none(),
        path if path.starts_with("context.") => after.is_some(),
        path if path.ends_with(".is_off") => after.is_some_and(|after| after == "true"),
        _ => true,
    }
}

fn leaves(document: &Document) -> Leaves {
    let mut leaves = Leaves::new();
    let watch = serde_json::to_value(&document.watch).unwrap_or_default();
    gather("watch".to_owned(), &watch, &mut leaves);
    leaves
}

fn gather(path: String, value: &Value, leaves: &mut Leaves) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                gather(format!("{path}.{name}"), value, leaves);
            }
        }
        Value::Array(items) => {
            for item in items {
                let word = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
                leaves.insert((path.clone(), Some(word.clone())), word);
            }
        }
        Value::String(text) => drop(leaves.insert((path, None), text.clone())),
        other => drop(leaves.insert((path, None), other.to_string())),
    }
}
