//! A recorded answer beside ours.

use std::collections::{BTreeMap, BTreeSet};

use countersign_sandbox::tenant::Reply;
use serde_json::Value;

/// The places of all recorded answers of a resource: tenants of different years show more or fewer.
pub type Known = BTreeSet<String>;

/// Recorded ids and ours.
#[derive(Default)]
pub struct Pairs(BTreeMap<String, String>);

/// Adds the places of an answer.
pub fn know(known: &mut Known, value: &Value, path: &str) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let path = format!("{path}.{name}");
            know(known, value, &path);
            known.insert(path);
        }),
        Value::Array(items) => items.iter().for_each(|item| know(known, item, path)),
        _ => {}
    }
}

/// The path without the places in arrays.
fn place(path: &str) -> String {
    path.split('.').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join(".")
}

/// Whether the recorders put a property into an answer: redacted keys stand in every answer of a client, also where
/// other fields were asked for.
fn is_put_in(name: &str, value: &Value) -> bool {
    name == "signing_keys" && *value == serde_json::json!([{"cert": REDACTED}])
}

/// What the recorders put in the place of secrets.
const REDACTED: &str = "[REDACTED]";

impl Pairs {
    /// A text with each recorded id in it replaced by ours.
    pub fn ours(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (recorded, ours)| text.replace(recorded, ours))
    }

    /// A value with each recorded id in it replaced by ours.
    pub fn translated(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.ours(text).into(),
            Value::Array(items) => items.iter().map(|item| self.translated(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.translated(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// What is wrong with our answer to a step; `None` when nothing is.
    pub fn fault(&mut self, known: &Known, step: &Value, reply: &Reply) -> Option<String> {
        let (status, body) = (step["s"].as_u64().unwrap(), &step["r"]);
        if u64::from(reply.status) != status {
            return Some(format!("status {} instead of {status}: {}", reply.status, reply.json()["message"]));
        }
        if reply.json()["message"] == "Not Found" {
            return Some("there is no such operation".to_owned());
        }
        if status >= 400 {
            let mut parts = ["statusCode", "error", "errorCode"].into_iter();
            // Why: the recorders put redacted keys in the place of some refusals.
            let part =
                parts.find(|part| body.get("statusCode").is_some() && body[part] != reply.json()[part])?;
            return Some(format!("{part}: {} instead of {}", reply.json()[part], body[part]));
        }
        // Why: the recordings leave out what is empty.
        if body.is_null() {
            return None;
        }
        self.learn(body, reply.json());
        self.compare(known, body, reply.json(), &step["b"], "")
    }

    /// Pairs the ids of an object with ours.
    fn learn(&mut self, recorded: &Value, ours: &Value) {
        for (name, value) in recorded.as_object().into_iter().flatten() {
            let is_id = name == "id" || name == "themeId" || name == "next" || name.ends_with("_id");
            let texts = value.as_str().zip(ours[name.as_str()].as_str()).filter(|_| is_id);
            if let Some((recorded, ours)) = texts
                && !recorded.is_empty()
                && recorded != ours
                && self.ours(recorded) == recorded
            {
                self.0.insert(recorded.to_owned(), ours.to_owned());
            }
            self.learn(value, &ours[name.as_str()]);
        }
    }

    /// `sent` is what the recorded request had in this place.
    fn compare(
        &self,
        known: &Known,
        recorded: &Value,
        ours: &Value,
        sent: &Value,
        path: &str,
    ) -> Option<String> {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                let missing =
                    |(name, value): &(&String, &Value)| !ours.contains_key(*name) && !is_put_in(name, value);
                if let Some((name, _)) = recorded.iter().find(missing) {
                    return Some(format!("{path}.{name} is missing"));
                }
                if let Some(name) = ours.keys().find(|name| {
                    !recorded.contains_key(*name) && !known.contains(&place(&format!("{path}.{name}")))
                }) {
                    return Some(format!("{path}.{name} is too much"));
                }
                let both = recorded.iter().filter(|(name, _)| ours.contains_key(*name));
                both.into_iter().find_map(|(name, value)| {
                    self.compare(known, value, &ours[name], &sent[name.as_str()], &format!("{path}.{name}"))
                })
            }
            (Value::Array(recorded), Value::Array(ours)) => {
                if recorded.is_empty() != ours.is_empty() {
                    return Some(format!("{path} has {} items instead of {}", ours.len(), recorded.len()));
                }
                recorded.iter().enumerate().find_map(|(n, item)| {
                    let sent = sent.get(n).unwrap_or(&Value::Null);
                    let faults: Vec<String> = ours
                        .iter()
                        .map_while(|other| self.compare(known, item, other, sent, &format!("{path}.{n}")))
                        .collect();
                    (faults.len() == ours.len()).then(|| faults.into_iter().next()).flatten()
                })
            }
            (Value::String(recorded), Value::String(ours)) => self.compare_texts(recorded, ours, sent, path),
            _ if kind(recorded) != kind(ours) => Some(format!("{path} is {ours} instead of {recorded}")),
            _ if recorded == sent && recorded != ours => {
                Some(format!("{path} is {ours}, and {recorded} was sent"))
            }
            _ => None,
        }
    }

    fn compare_texts(&self, recorded: &str, ours: &str, sent: &Value, path: &str) -> Option<String> {
        let translated = self.ours(recorded);
        if recorded == REDACTED || translated == ours {
            return None;
        }
        if sent.as_str() == Some(recorded) {
            return Some(format!("{path} is `{ours}`, and `{translated}` was sent"));
        }
        let is_id = path.rsplit('.').next().is_some_and(|name| name == "id" || name.ends_with("_id"));
        // Why: an id that has a pair must be that pair wherever it comes again.
        if is_id && translated != recorded {
            return Some(format!("{path} is `{ours}` instead of `{translated}`"));
        }
        None
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}
