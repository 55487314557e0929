//! The API in OpenAPI 3.1. What stands beside the handlers says which operations there are, what they take and how they answer;
//! `schemas.json` says what other crates shape.

pub(crate) mod refused;
pub(crate) mod written;

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

/// Schemas by their names.
const SCHEMAS: &str = include_str!("schemas.json");

/// The document as text, from what was described.
pub(crate) fn text(described: &OpenApi) -> Result<String, serde_json::Error> {
    let mut document = serde_json::to_value(described)?;
    let written: Map<String, Value> = serde_json::from_str(SCHEMAS)?;
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.extend(written);
        schemas.sort_keys();
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for path in paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        path.values_mut().filter_map(Value::as_object_mut).for_each(complete);
    }
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// Takes null out of an operation's parameters, and says of each answer what it is.
fn complete(operation: &mut Map<String, Value>) {
    let summary = operation.get("summary").cloned().unwrap_or_default();
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    parameters.into_iter().flatten().filter_map(|parameter| parameter.get_mut("schema")).for_each(present);
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for response in responses.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        response.entry("description").or_insert_with(|| summary.clone());
    }
}

/// Takes the null out of a parameter's schema: what may be absent is no null there.
fn present(schema: &mut Value) {
    let is_null =
        |schema: &Value| *schema == "null" || schema.get("type").is_some_and(|kind| *kind == "null");
    for key in ["oneOf", "type"] {
        let Some(choices) = schema.get_mut(key).and_then(Value::as_array_mut) else { continue };
        choices.retain(|choice| !is_null(choice));
        if choices.len() > 1 {
            continue;
        }
        let Some(only) = choices.pop() else { continue };
        if key == "type" {
            if let Some(kind) = schema.get_mut("type") {
                *kind = only;
            }
        } else {
            *schema = only;
        }
    }
}
