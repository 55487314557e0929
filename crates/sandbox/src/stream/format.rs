//! How entries become bodies (Auth0: "Create Custom Log Streams Using Webhooks").

use serde_json::{Value, json};

use crate::tenant::Object;

/// An entry of a log stream: the record behind its id.
#[must_use]
pub fn entry(record: &Object) -> Value {
    let mut data = record.clone();
    // Why: only the API's own records have it.
    data.remove("_id");
    let log_id = data.get("log_id").cloned().unwrap_or_default();
    json!({"log_id": log_id, "data": data})
}

/// The bodies of a batch: one array, one text with an entry a line, or a body an entry.
pub fn bodies(format: &str, entries: &[Value]) -> Vec<String> {
    let texts = entries.iter().map(Value::to_string);
    match format {
        "JSONARRAY" => vec![format!("[{}]", texts.collect::<Vec<_>>().join(","))],
        "JSONOBJECT" => texts.collect(),
        _ => vec![texts.collect::<Vec<_>>().join("\n")],
    }
}
