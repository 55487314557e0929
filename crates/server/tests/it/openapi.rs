//! The OpenAPI document: whole, sound, and the same as the copy in docs.

use std::collections::{BTreeMap, BTreeSet};

use countersign_testkit::{Answer, TestApp};
use serde_json::{Map, Value, json};

use crate::{
    guard::{Right, routes},
    world::bare,
};

/// The document as the service tells it.
pub async fn document() -> Value {
    let service = TestApp::start(|_| {}).await;
    let answer = service.send(bare("GET", "/v1/openapi.json")).await;
    assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (200, "application/json"));
    answer.json
}

/// Operations by method and path.
pub fn operations(document: &Value) -> BTreeMap<(String, String), &Map<String, Value>> {
    let mut found = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            found.insert((method.to_uppercase(), path.clone()), operation.as_object().unwrap());
        }
    }
    found
}

/// Checks that an answer is one that the document describes for the operation.
#[track_caller]
pub fn check_described(document: &Value, method: &str, route: &str, answer: &Answer) {
    let what = format!("{method} {route}: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
    let operation = operations(document)[&(method.to_owned(), route.to_owned())];
    let described = operation["responses"].get(answer.status.to_string());
    let described = described.unwrap_or_else(|| panic!("no such status is described for {what}"));
    let content = described["content"].as_object().unwrap_or_else(|| panic!("no content for {what}"));
    let kind = answer.headers["content-type"].to_str().unwrap().split(';').next().unwrap();
    let media = content.get(kind).unwrap_or_else(|| panic!("no such content is described: {kind}, {what}"));
    if kind.ends_with("json") {
        let mut schema = media["schema"].clone();
        schema["components"] = document["components"].clone();
        let validator =
            jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
        let faults: Vec<_> = validator
            .iter_errors(&answer.json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{what}: {faults:?}");
    }
}

fn is_interface(route: &str) -> bool {
    route.starts_with("/v1/") || route.starts_with("/risk/") || matches!(route, "/health" | "/metrics")
}

#[tokio::test]
async fn every_row_of_the_interface_is_an_operation_with_the_credentials_that_it_takes() {
    let document = document().await;
    let operations = operations(&document);
    let rows: BTreeMap<_, _> = routes()
        .into_iter()
        .filter(|(_, route, _)| is_interface(route))
        .map(|(method, route, right)| ((method.to_owned(), route.to_owned()), right))
        .collect();
    let described: BTreeSet<_> = operations.keys().collect();
    assert_eq!(described, rows.keys().collect(), "an operation without a row, or a row without an operation");
    let everywhere = &document["security"];
    assert_eq!(everywhere, &json!([{ "bearer": [] }, { "session": [] }]));
    for (key, right) in rows {
        let own = operations[&key].get("security").map(ToString::to_string);
        let expected: &[&str] = match right {
            Right::Open => &["[]", "[{}]"],
            Right::Token => &["[]", "[{}]", r#"[{"log_stream":[]}]"#, r#"[{"event_stream":[]}]"#],
            Right::Signed => &[r#"[{"signature":[]}]"#, r#"[{"signature":[]},{"bearer":[]},{"session":[]}]"#],
            Right::Known | Right::Local | Right::Needs(_) | Right::NeedsHere(_) => &[],
        };
        assert!(
            own.as_deref().map_or(expected.is_empty(), |own| expected.contains(&own)),
            "{key:?}: {own:?}"
        );
    }
}

/// Calls `see` with every object of the document.
fn visit(value: &Value, see: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            see(object);
            object.values().for_each(|value| visit(value, see));
        }
        Value::Array(values) => values.iter().for_each(|value| visit(value, see)),
        _ => {}
    }
}

#[tokio::test]
async fn every_reference_leads_to_a_schema_and_every_schema_is_sound_and_used() {
    let document = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut used = BTreeSet::new();
    visit(&document, &mut |object| {
        if let Some(reference) = object.get("$ref") {
            let name = reference.as_str().unwrap().strip_prefix("#/components/schemas/").unwrap();
            used.insert(name.to_owned());
        }
    });
    assert_eq!(
        used,
        schemas.keys().cloned().collect(),
        "a reference to nothing, or a schema that nothing refers to"
    );
    for (name, schema) in schemas {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}: {schema}");
        let says = ["type", "enum", "oneOf", "anyOf"].iter().any(|key| schema.get(key).is_some());
        assert!(says, "{name} says nothing: {schema}");
    }
}

#[tokio::test]
async fn operations_name_their_parameters_answers_and_credentials() {
    let document = document().await;
    let known: BTreeSet<_> = document["components"]["securitySchemes"].as_object().unwrap().keys().collect();
    let mut ids = BTreeSet::new();
    for ((method, path), operation) in operations(&document) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}: its id is taken");
        assert!(!operation["summary"].as_str().unwrap().is_empty() && operation["tags"].is_array());
        let parameters: Vec<_> =
            operation.get("parameters").and_then(Value::as_array).into_iter().flatten().collect();
        let in_path: BTreeSet<_> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(in_path, named, "{method} {path}");
        for parameter in parameters {
            let schema = &parameter["schema"];
            assert!(
                schema.is_object() && !schema.to_string().contains("null"),
                "{method} {path}: {parameter}"
            );
            assert!(
                parameter["in"] != "path" || parameter["required"] == true,
                "{method} {path}: {parameter}"
            );
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
        for (status, response) in responses {
            assert!(
                response["description"].is_string() && response["content"].is_object(),
                "{method} {path} {status}"
            );
        }
        let schemes = operation.get("security").and_then(Value::as_array).into_iter().flatten();
        let schemes: Vec<_> = schemes.flat_map(|one| one.as_object().unwrap().keys()).collect();
        assert!(schemes.iter().all(|scheme| known.contains(*scheme)), "{method} {path}");
        // Whoever shows a credential of an operator's is held to a caller's allowance.
        let is_operated = schemes.iter().any(|scheme| matches!(scheme.as_str(), "bearer" | "session"));
        assert!(!is_operated || responses.contains_key("429"), "{method} {path} does not say that it limits");
    }
}

#[tokio::test]
async fn the_copy_in_docs_is_the_document() {
    let service = TestApp::start(|_| {}).await;
    let told = String::from_utf8(service.send(bare("GET", "/v1/openapi.json")).await.bytes).unwrap();
    let kept = include_str!("../../../../docs/openapi.json");
    assert!(told == kept, "docs/openapi.json must be:\n{told}");
}
