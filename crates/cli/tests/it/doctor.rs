//! A service and a command that look at the sandbox tenant, over HTTP.

use std::{path::Path, process::Command};

use countersign_sandbox::tenant::{Method, scopes};
use serde_json::{Value, json};

use crate::{
    tenant_sandbox::Sandbox,
    world::{Service, TENANT, complained, countersign, leaves, told, until},
};

/// What is granted to the service's client: what the capabilities need, and what the checks read.
const READS: [&str; 7] = [
    "read:actions",
    "read:log_streams",
    "read:logs",
    "read:client_grants",
    "read:event_streams",
    "read:hooks",
    "read:rules",
];

/// The command with the client that reads the tenant.
pub fn reading(home: &Path, sandbox: &Sandbox, client: &Value) -> Command {
    std::fs::write(home.join("reader-secret"), client["client_secret"].as_str().unwrap()).unwrap();
    let mut command = countersign(home);
    for (name, value) in [
        ("DOMAIN", sandbox.domain.as_str()),
        ("CLIENT_ID", client["client_id"].as_str().unwrap()),
        ("CLIENT_SECRET", "file:reader-secret"),
        ("PLAN", "unlimited"),
        ("CHECK_SECONDS", "1"),
    ] {
        let tenant = TENANT.to_uppercase();
        command.env(format!("COUNTERSIGN__TENANTS__{tenant}__MANAGEMENT__{name}"), value);
    }
    command.env("COUNTERSIGN__STORAGE__DIRECTORY", home.join("data"));
    command
}

fn bind(sandbox: &Sandbox, bindings: &Value) {
    sandbox.call(Method::Patch, "/actions/triggers/post-login/bindings", json!({ "bindings": bindings }));
}

fn codes(service: &Service) -> Option<Vec<String>> {
    let findings = findings(service)?;
    Some(findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect())
}

/// Since when our Action is bound to nothing.
fn since(service: &Service) -> Option<Value> {
    findings(service)?
        .iter()
        .find(|finding| finding["code"] == "action.unbound")
        .map(|finding| finding["since"].clone())
}

/// What was found at the last look; `None` before the first.
fn findings(service: &Service) -> Option<Vec<Value>> {
    let token = std::fs::read_to_string(service.data.join("operator.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let answer = service.client().get(&format!("/v1/findings/{TENANT}"), &[("authorization", &bearer)]);
    let found = answer.json();
    found["checked_at"].as_str()?;
    found["findings"].as_array().cloned()
}

/// Installs with the installer's client, and gives the service one of its own that reads.
fn install(home: &Path, sandbox: &Sandbox) -> Value {
    Service::start(home).stop();
    let all = scopes().join(" ");
    let wanted = ["--service", "https://cs.example.com", "--without-client", "--capability", "decide=report"];
    let applied = sandbox.command(home, "apply", &[&wanted[..], &["--accept-scopes", &all]].concat());
    assert_eq!(applied.status.code(), Some(0), "{}{}", told(&applied), complained(&applied));
    reader(sandbox)
}

/// A client that reads the tenant, made by hand.
pub fn reader(sandbox: &Sandbox) -> Value {
    let client = json!({"name": "Reader", "app_type": "non_interactive",
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"});
    let client = sandbox.call(Method::Post, "/clients", client);
    let audience = format!("{}/api/v2/", sandbox.shell.tenant().lock().options().base_url);
    let grant = json!({"client_id": client["client_id"], "audience": audience, "scope": READS});
    sandbox.call(Method::Post, "/client-grants", grant);
    client
}

#[test]
fn a_finding_shows_up_in_the_service_and_in_the_command_and_is_gone_when_mended() {
    let home = tempfile::tempdir().unwrap();
    let (home, sandbox) = (home.path(), Sandbox::start());
    let client = install(home, &sandbox);
    let doctor = |rest: &[&str]| {
        let mut command = reading(home, &sandbox, &client);
        command.args(["doctor", "--tenant", TENANT, "--data", "data"]).args(rest).output().unwrap()
    };
    let sound = doctor(&[]);
    assert_eq!(sound.status.code(), Some(0), "{}{}", told(&sound), complained(&sound));

    let service = Service::start_by(reading(home, &sandbox, &client), home);
    let is_found = |code: &str| codes(&service).is_some_and(|codes| codes.iter().any(|found| found == code));
    until("a first look", || codes(&service).is_some());
    assert!(!is_found("action.unbound"), "{:?}", codes(&service));
    let there = sandbox.call(Method::Get, "/actions/triggers/post-login/bindings", Value::Null);
    let ours = there["bindings"][0].clone();
    bind(&sandbox, &json!([]));
    // Well below the two minutes in which it must be told.
    until("the finding", || is_found("action.unbound"));
    let told_by_command = doctor(&["--format", "json"]);
    assert_eq!(told_by_command.status.code(), Some(3), "{}", complained(&told_by_command));
    let report: Value = serde_json::from_str(&told(&told_by_command)).unwrap();
    assert_eq!(report["findings"][0]["code"], "action.unbound");
    let line = told(&doctor(&[]));
    assert!(line.contains("critical action.unbound: ") && line.contains("To mend it: "), "{line}");
    let token = std::fs::read_to_string(service.data.join("operator.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let metrics = service.client().get("/metrics", &[("authorization", &bearer)]).text();
    let metric = "countersign_findings{code=\"action.unbound\",severity=\"critical\"} 1";
    assert!(metrics.contains(metric), "{metrics}");

    // What stands when the service starts again is what it was.
    let before = since(&service);
    service.stop();
    let service = Service::start_by(reading(home, &sandbox, &client), home);
    until("a look after the start", || codes(&service).is_some());
    assert_eq!((since(&service), before.is_some()), (before, true));

    let reference = json!({"type": "action_id", "value": ours["action"]["id"]});
    bind(&sandbox, &json!([{"ref": reference, "display_name": ours["display_name"]}]));
    until("its end", || {
        codes(&service).is_some_and(|codes| codes.iter().all(|code| code != "action.unbound"))
    });
    let data = service.data.clone();
    service.stop();
    let changes: Vec<Value> = leaves(&data)
        .into_iter()
        .filter(|leaf| leaf["facts"]["code"] == "action.unbound")
        .map(|leaf| leaf["facts"]["change"].clone())
        .collect();
    assert_eq!(changes, ["finding_raised", "finding_cleared"]);
}

#[test]
fn without_a_client_our_own_side_is_checked_and_that_is_said() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    Service::start(home).stop();
    let doctor = || {
        let mut command = countersign(home);
        command.args(["doctor", "--tenant", TENANT, "--data", "data"]).output().unwrap()
    };
    let sound = doctor();
    assert_eq!(sound.status.code(), Some(0), "{}{}", told(&sound), complained(&sound));
    assert!(told(&sound).contains("the tenant itself is not checked"), "{}", told(&sound));
    let key = home.join("data/master.key");
    let mode = |mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o644);
    let open = doctor();
    assert_eq!(open.status.code(), Some(3));
    assert!(told(&open).contains("critical key.mode: "), "{}", told(&open));
    mode(0o600);
    assert_eq!(doctor().status.code(), Some(0));
}
