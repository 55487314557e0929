use std::sync::Arc;

use serde_json::{Value, json};

use super::Execution;
use crate::tenant::{Method, testing::Api};

/// Time enough for a build.
const BUILD: i64 = 2_000_000;

fn body(name: &str) -> Value {
    json!({
        "name": name,
        "supported_triggers": [{"id": "post-login", "version": "v3"}],
        "code": format!("// {name}"),
        "secrets": [{"name": "KEY", "value": "open sesame"}],
    })
}

/// An Action that is built.
fn built(api: &mut Api, name: &str) -> String {
    let made = api.post("/actions/actions", body(name), 201);
    api.pass(BUILD);
    made["id"].as_str().unwrap().to_owned()
}

fn deployed(api: &mut Api, name: &str) -> String {
    let id = built(api, name);
    api.post(&format!("/actions/actions/{id}/deploy"), Value::Null, 200);
    id
}

fn bind(api: &mut Api, ids: &[&str]) -> Value {
    let bindings: Vec<Value> = ids
        .iter()
        .map(|id| json!({"ref": {"type": "action_id", "value": id}, "display_name": "x"}))
        .collect();
    api.patch("/actions/triggers/post-login/bindings", json!({"bindings": bindings}), 200)
}

#[test]
fn a_draft_is_built_after_a_while_and_only_then_deployed() {
    let mut api = Api::new();
    let made = api.post("/actions/actions", body("a"), 201);
    let path = format!("/actions/actions/{}", made["id"].as_str().unwrap());
    assert_eq!((&made["status"], &made["runtime"]), (&json!("pending"), &json!("node22")));
    let refused = api.post(&format!("{path}/deploy"), Value::Null, 400);
    assert_eq!(refused["message"], "A draft must be in the 'built' state before it can be deployed.");
    api.pass(500_000);
    assert_eq!(api.get(&path, 200)["status"], "building");
    api.pass(BUILD);
    assert_eq!(api.get(&path, 200)["status"], "built");
    let version = api.post(&format!("{path}/deploy"), Value::Null, 200);
    assert_eq!((&version["number"], &version["deployed"]), (&json!(1), &json!(false)));
    let now = api.get(&path, 200);
    assert_eq!(
        (&now["deployed_version"]["id"], &now["all_changes_deployed"]),
        (&version["id"], &json!(true))
    );
    assert_eq!(now["current_version"]["status"], "BUILT");
}

#[test]
fn secrets_are_never_shown_and_keep_their_value_when_none_is_sent() {
    let mut api = Api::new();
    let id = deployed(&mut api, "a");
    let path = format!("/actions/actions/{id}");
    let changes = json!({"secrets": [{"name": "KEY"}, {"name": "NEW", "value": "v"}]});
    let changed = api.patch(&path, changes, 200);
    assert_eq!(changed["secrets"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["name", "updated_at"]);
    assert!(!api.get(&path, 200).to_string().contains("open sesame"));
    api.patch(&path, json!({"secrets": [{"name": "OTHER"}]}), 400);
    let running = api.tenant.state().deployed_action(&id).unwrap();
    assert_eq!(running.secrets.get("KEY").map(String::as_str), Some("open sesame"));
    assert!(!running.secrets.contains_key("NEW"));
    api.pass(BUILD);
    api.post(&format!("{path}/deploy"), Value::Null, 200);
    let running = api.tenant.state().deployed_action(&id).unwrap();
    assert_eq!((running.secrets["KEY"].as_str(), running.secrets["NEW"].as_str()), ("open sesame", "v"));
}

#[test]
fn rolling_back_deploys_a_copy_and_makes_it_the_draft() {
    let mut api = Api::new();
    let id = deployed(&mut api, "a");
    let path = format!("/actions/actions/{id}");
    let first = api.get(&path, 200)["deployed_version"]["id"].as_str().unwrap().to_owned();
    api.patch(&path, json!({"code": "second"}), 200);
    api.pass(BUILD);
    api.post(&format!("{path}/deploy"), Value::Null, 200);
    let copy = api.post(&format!("{path}/versions/{first}/deploy"), Value::Null, 200);
    assert_eq!((&copy["number"], &copy["code"]), (&json!(3), &json!("// a")));
    assert_ne!(copy["id"], first);
    assert_eq!(api.get(&path, 200)["code"], "// a");
    let versions = api.get(&format!("{path}/versions"), 200);
    let flags: Vec<&Value> =
        versions["versions"].as_array().unwrap().iter().map(|v| &v["deployed"]).collect();
    assert_eq!(flags, [true, false, false]);
    assert_eq!(api.get(&format!("{path}/versions/{first}"), 200)["action"]["id"], *id);
    api.get(&format!("{path}/versions/nothing"), 404);
}

#[test]
fn no_more_than_fifty_versions_are_kept() {
    let mut api = Api::new();
    let id = deployed(&mut api, "a");
    for _ in 0..55 {
        api.post(&format!("/actions/actions/{id}/deploy"), Value::Null, 200);
    }
    let versions = api.get(&format!("/actions/actions/{id}/versions?per_page=100"), 200);
    assert_eq!((&versions["total"], &versions["versions"][0]["number"]), (&json!(50), &json!(56)));
}

#[test]
fn bindings_are_replaced_as_a_whole_and_keep_their_order() {
    let mut api = Api::new();
    let (a, b) = (deployed(&mut api, "a"), deployed(&mut api, "b"));
    let draft = built(&mut api, "c");
    let bound = bind(&mut api, &[&b, &a]);
    let names: Vec<String> =
        api.tenant.state().bound_actions("post-login").into_iter().map(|a| a.name).collect();
    assert_eq!(names, ["b", "a"]);
    let kept = bound["bindings"][1]["id"].clone();
    let body = json!({"bindings": [
        {"ref": {"type": "binding_id", "value": kept}},
        {"ref": {"type": "action_name", "value": "b"}, "display_name": "B"},
    ]});
    let bound = api.patch("/actions/triggers/post-login/bindings", body, 200);
    assert_eq!((&bound["bindings"][0]["id"], &bound["bindings"][1]["display_name"]), (&kept, &json!("B")));
    assert_eq!(api.get("/actions/triggers/post-login/bindings", 200)["total"], 2);
    let undeployed = json!({"bindings": [{"ref": {"type": "action_id", "value": draft}}]});
    api.patch("/actions/triggers/post-login/bindings", undeployed, 400);
    let foreign = json!({"bindings": [{"ref": {"type": "action_id", "value": a}}]});
    api.patch("/actions/triggers/credentials-exchange/bindings", foreign.clone(), 400);
    api.patch("/actions/triggers/event-stream/bindings", foreign, 400);
    api.get("/actions/triggers/nothing/bindings", 404);
}

#[test]
fn a_bound_action_goes_by_force_only() {
    let mut api = Api::new();
    let id = deployed(&mut api, "a");
    bind(&mut api, &[&id]);
    let path = format!("/actions/actions/{id}");
    api.delete(&path, None, 400);
    api.delete(&format!("{path}?force=true"), None, 204);
    assert!(api.tenant.state().bound_actions("post-login").is_empty());
    assert_eq!(
        api.get("/actions/triggers/post-login/bindings", 200),
        json!({"bindings": [], "per_page": 50})
    );
    api.get(&path, 404);
}

#[test]
fn lists_are_filtered() {
    let mut api = Api::new();
    deployed(&mut api, "a");
    built(&mut api, "b");
    for (query, count) in [
        ("deployed=true", 1),
        ("deployed=false", 1),
        ("actionName=b", 1),
        ("triggerId=post-login", 2),
        ("triggerId=event-stream", 0),
        ("installed=true", 0),
    ] {
        let found = api.get(&format!("/actions/actions?{query}"), 200);
        assert_eq!(found["actions"].as_array().unwrap().len(), count, "{query}");
    }
}

#[test]
fn limits_hold() {
    let mut api = Api::new();
    let with = |name: &str, value: Value| {
        let mut body = body("a");
        body[name] = value;
        body
    };
    let secrets: Vec<Value> = (0..31).map(|n| json!({"name": format!("S{n}"), "value": "v"})).collect();
    for wrong in [
        with("secrets", secrets.into()),
        with("secrets", json!([{"name": "A", "value": "1"}, {"name": "A", "value": "2"}])),
        with("secrets", json!([{"name": "A", "value": "x".repeat(4_097)}])),
        with("dependencies", vec![json!({"name": "a", "version": "1"}); 11].into()),
        with("code", "x".repeat(100_001).into()),
        with("runtime", json!("node8")),
        with("supported_triggers", json!([{"id": "pre-login"}])),
        with("supported_triggers", json!([{"id": "post-login", "version": "v9"}])),
        with("supported_triggers", json!([{"id": "post-login"}, {"id": "event-stream"}])),
    ] {
        api.post("/actions/actions", wrong, 400);
    }
    for n in 0..100 {
        api.post("/actions/actions", body(&n.to_string()), 201);
    }
    api.post("/actions/actions", body("one more"), 403);
}

#[test]
fn deploying_at_creation_builds_and_deploys_at_once() {
    let mut api = Api::new();
    let mut wanted = body("a");
    wanted["deploy"] = json!(true);
    let made = api.post("/actions/actions", wanted, 201);
    assert_eq!(
        (&made["deployed_version"]["status"], &made["current_version"]["status"]),
        (&json!("pending"), &json!("PENDING"))
    );
    api.pass(BUILD);
    let now = api.get(&format!("/actions/actions/{}", made["id"].as_str().unwrap()), 200);
    assert_eq!(
        (&now["deployed_version"]["status"], &now["all_changes_deployed"]),
        (&json!("built"), &json!(true))
    );
}

#[test]
fn a_test_run_gets_the_draft_and_its_event() {
    let mut api = Api::new();
    let id = built(&mut api, "a");
    let path = format!("/actions/actions/{id}/test");
    let event = json!({"payload": {"event": {"user": {"user_id": "auth0|1"}}}});
    api.post(&path, event.clone(), 503);
    api.tenant
        .set_tester(Arc::new(|action, event| json!({"ran": action.code, "with": event["user"]["user_id"]})));
    assert_eq!(api.post(&path, event, 200), json!({"payload": {"ran": "// a", "with": "auth0|1"}}));
}

#[test]
fn executions_are_kept_for_ten_days() {
    let mut api = Api::new();
    let execution = Execution {
        trigger: "post-login".to_owned(),
        status: "final",
        results: vec![json!({"action_name": "a", "started_at": "", "ended_at": ""})],
    };
    let now = api.now;
    let id = api.tenant.state_mut().record_execution(execution, now);
    let path = format!("/actions/executions/{}", id.replace('/', "%2F").replace('+', "%2B"));
    let shown = api.get(&path, 200);
    assert_eq!((&shown["id"], &shown["results"][0]["action_name"]), (&json!(id), &json!("a")));
    api.pass(10 * 86_400 * 1_000_000);
    api.get(&path, 404);
}

#[test]
fn modules_are_published_used_and_rolled_back() {
    let mut api = Api::new();
    let new = json!({"name": "m", "code": "1", "secrets": [{"name": "S", "value": "v"}]});
    let module = api.post("/actions/modules", new.clone(), 201);
    api.post("/actions/modules", new, 409);
    let path = format!("/actions/modules/{}", module["id"].as_str().unwrap());
    let first = api.post(&format!("{path}/versions"), Value::Null, 200);
    assert_eq!(api.get(&path, 200)["all_changes_published"], true);
    assert_eq!(api.patch(&path, json!({"code": "2"}), 200)["all_changes_published"], false);
    api.post(&format!("{path}/versions"), Value::Null, 200);
    let mut user = body("a");
    user["modules"] = json!([{"module_id": module["id"], "module_version_id": first["id"]}]);
    user["deploy"] = json!(true);
    let action = api.post("/actions/actions", user, 201);
    assert_eq!(api.get(&format!("{path}/actions"), 200)["actions"][0]["action_id"], action["id"]);
    let running = api.tenant.state().deployed_action(action["id"].as_str().unwrap()).unwrap();
    assert_eq!((running.modules[0].code.as_str(), running.modules[0].secrets["S"].as_str()), ("1", "v"));
    let back = api.post(&format!("{path}/rollback"), json!({"module_version_id": first["id"]}), 200);
    assert_eq!(back["code"], "1");
    assert_eq!(api.get(&format!("{path}/versions"), 200)["total"], 2);
    api.get(&format!("{path}/versions/{}", first["id"].as_str().unwrap()), 200);
    assert_eq!(api.get("/actions/modules", 200)["modules"][0]["name"], "m");
    api.delete(&path, None, 412);
    api.delete(&format!("/actions/actions/{}", action["id"].as_str().unwrap()), None, 204);
    api.delete(&path, None, 204);
}

#[test]
fn triggers_name_their_versions() {
    let mut api = Api::new();
    let triggers = api.get("/actions/triggers", 200);
    let current = |trigger: &&Value| trigger["id"] == "post-login" && trigger["status"] == "CURRENT";
    let found = triggers["triggers"].as_array().unwrap().iter().find(current).unwrap();
    assert_eq!((&found["version"], &found["default_runtime"]), (&json!("v3"), &json!("node22")));
    assert_eq!(api.send(Method::Get, "/actions/executions/nothing", None).status, 404);
}
