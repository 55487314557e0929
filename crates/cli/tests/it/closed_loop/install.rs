//! The shipped Actions and a log stream, as an operator sets them up at a tenant.

use std::fs;

use countersign_sandbox::tenant::Method;
use serde_json::{Value, json};

use crate::{
    tenant_sandbox::Sandbox,
    world::{Service, TENANT, until},
};

/// Trigger, its version, and the code that is shipped for it.
const ACTIONS: [(&str, &str, &str); 3] = [
    ("post-login", "v3", include_str!("../../../../../actions/dist/post-login.js")),
    ("pre-user-registration", "v2", include_str!("../../../../../actions/dist/pre-user-registration.js")),
    ("post-user-registration", "v2", include_str!("../../../../../actions/dist/post-user-registration.js")),
];

/// Deploys and binds the Actions, with force where they have it, and has the log delivered from now on.
pub fn install(sandbox: &Sandbox, service: &Service) {
    let kept = |name: &str| {
        let text = fs::read_to_string(service.data.join(format!("{TENANT}.{name}"))).unwrap();
        text.lines().next().unwrap().trim().to_owned()
    };
    let url = format!("http://{}", service.host);
    let drafts = ACTIONS.map(|(trigger, version, code)| {
        let action = json!({
            "name": format!("Countersign {trigger}"), "runtime": "node22",
            "code": code.replacen("enforce: false", "enforce: true", 1),
            "supported_triggers": [{"id": trigger, "version": version}],
            "secrets": [{"name": "COUNTERSIGN_URL", "value": url}, {"name": "COUNTERSIGN_KEY", "value": kept("action-key")}],
        });
        let made = sandbox.call(Method::Post, "/actions/actions", action);
        (trigger, made["id"].as_str().unwrap().to_owned())
    });
    for (trigger, id) in drafts {
        let path = format!("/actions/actions/{id}");
        until("a build", || sandbox.call(Method::Get, &path, Value::Null)["status"] == "built");
        sandbox.call(Method::Post, &format!("{path}/deploy"), json!({}));
        let bound = json!({"ref": {"type": "action_id", "value": id}, "display_name": "Countersign"});
        let bindings = json!({"bindings": [bound]});
        sandbox.call(Method::Patch, &format!("/actions/triggers/{trigger}/bindings"), bindings);
    }
    let sink = json!({
        "httpEndpoint": format!("{url}/v1/logs/{TENANT}"), "httpContentType": "application/json",
        "httpContentFormat": "JSONARRAY", "httpAuthorization": format!("Bearer {}", kept("log-token")),
    });
    let stream = json!({"name": "Countersign logs", "type": "http", "sink": sink});
    sandbox.call(Method::Post, "/log-streams", stream);
}
