//! What is ours at the sandbox tenant is known by the journal, for as long as it is there, and nothing else is touched.

use std::{fs, path::Path, process::Output};

use countersign_sandbox::tenant::{Method, scopes};
use serde_json::{Value, json};

use crate::{
    doctor::{reader, reading},
    tenant_sandbox::Sandbox,
    world::{Service, TENANT, complained, told, until},
};

const SERVICE: [&str; 2] = ["--service", "https://cs.example.com"];
const INGEST: [&str; 2] = ["--capability", "ingest=report"];
const API: [&str; 2] = ["--capability", "api=report"];
const DECIDE: [&str; 4] = ["--capability", "decide=report", "--trigger", "post-login"];

fn get(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    sandbox.call(Method::Get, path, Value::Null).as_array().unwrap().clone()
}

fn named(sandbox: &Sandbox, path: &str, name: &str) -> Vec<String> {
    let found = get(sandbox, path).into_iter().filter(|item| item["name"] == name);
    let id = |item: Value| item.get("client_id").unwrap_or(&item["id"]).as_str().unwrap().to_owned();
    found.map(id).collect()
}

fn change(sandbox: &Sandbox, home: &Path, command: &str, rest: &[&str]) -> Output {
    let all = scopes().join(" ");
    sandbox.command(home, command, &[rest, &["--accept-scopes", &all]].concat())
}

/// As [`change`], when it must succeed.
fn done(sandbox: &Sandbox, home: &Path, command: &str, rest: &[&str]) -> String {
    let output = change(sandbox, home, command, rest);
    assert_eq!(output.status.code(), Some(0), "{}{}", told(&output), complained(&output));
    told(&output)
}

#[test]
fn a_stranger_of_our_name_gets_no_grant_and_is_not_deleted_and_a_lost_journal_is_made_up_for_by_ids() {
    let home = tempfile::tempdir().unwrap();
    let (home, sandbox) = (home.path(), Sandbox::start());
    Service::start(home).stop();
    let wanted = [&SERVICE[..], &DECIDE, &INGEST, &API].concat();
    // Why: the service is granted the Management API by its https address, and the sandbox is reached by http here.
    let host = sandbox.domain.strip_prefix("http://").unwrap();
    let management = json!({"name": "Management", "identifier": format!("https://{host}/api/v2/"),
        "scopes": scopes().iter().map(|scope| json!({"value": scope})).collect::<Value>()});
    sandbox.call(Method::Post, "/resource-servers", management);
    let theirs = json!({"name": "Countersign service", "app_type": "non_interactive"});
    let theirs = sandbox.call(Method::Post, "/clients", theirs);
    let id = theirs["client_id"].as_str().unwrap();
    let grants = get(&sandbox, "/client-grants");

    let blocked = change(&sandbox, home, "apply", &wanted);
    assert_eq!(blocked.status.code(), Some(3), "{}{}", told(&blocked), complained(&blocked));
    assert!(
        told(&blocked).contains("client.foreign_name") && told(&blocked).contains(id),
        "{}",
        told(&blocked)
    );
    let adopting = change(&sandbox, home, "apply", &[&wanted[..], &["--adopt", id]].concat());
    assert_eq!(adopting.status.code(), Some(3));
    assert!(told(&adopting).contains("adopt.refused"), "{}", told(&adopting));
    assert_eq!(get(&sandbox, "/client-grants"), grants);

    sandbox.call(Method::Patch, &format!("/clients/{id}"), json!({"name": "Theirs"}));
    done(&sandbox, home, "apply", &wanted);
    let api = json!({"name": "Countersign", "identifier": "https://theirs.example.com/"});
    let api = sandbox.call(Method::Post, "/resource-servers", api);
    sandbox.call(Method::Patch, &format!("/clients/{id}"), json!({"name": "Countersign service"}));

    let journal = home.join(format!("data/{TENANT}.install.json"));
    fs::rename(&journal, home.join("lost.json")).unwrap();
    let removed = done(&sandbox, home, "remove", &[]);
    assert!(
        removed.contains("Nothing has to change.") && removed.contains("it is left as it is"),
        "{removed}"
    );
    let own = |path: &str, name: &str, not: &str| {
        named(&sandbox, path, name).into_iter().find(|found| found != not).unwrap()
    };
    let ids = [
        own("/clients", "Countersign service", id),
        own("/resource-servers", "Countersign", api["id"].as_str().unwrap()),
        own("/log-streams", "Countersign logs", ""),
        sandbox.call(Method::Get, "/actions/actions", Value::Null)["actions"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned(),
    ];
    let adopt: Vec<&str> = ids.iter().flat_map(|id| ["--adopt", id]).collect();
    let some = change(&sandbox, home, "apply", &[&wanted[..], &adopt[2..]].concat());
    assert_eq!(some.status.code(), Some(3), "{}", told(&some));
    let adopted = done(&sandbox, home, "apply", &[&wanted[..], &adopt].concat());
    assert!(adopted.contains(&format!("Takes over as ours: client `{}`", ids[0])), "{adopted}");
    let again = done(&sandbox, home, "apply", &wanted);
    assert!(again.contains("Nothing has to change."), "{again}");

    done(&sandbox, home, "remove", &[]);
    assert_eq!(named(&sandbox, "/clients", "Countersign service"), [id]);
    assert_eq!(named(&sandbox, "/resource-servers", "Countersign"), [api["id"].as_str().unwrap()]);
    assert_eq!(named(&sandbox, "/log-streams", "Countersign logs"), [""; 0]);
    let actions = sandbox.call(Method::Get, "/actions/actions", Value::Null);
    assert_eq!(actions["actions"], json!([]));
}

#[test]
fn after_any_number_of_runs_the_log_stream_of_the_first_is_still_missed() {
    let home = tempfile::tempdir().unwrap();
    let (home, sandbox) = (home.path(), Sandbox::start());
    Service::start(home).stop();
    let wanted = [&SERVICE[..], &INGEST, &["--without-client"]].concat();
    done(&sandbox, home, "apply", &wanted);
    for _ in 0..5 {
        done(&sandbox, home, "apply", &[&wanted[..], &API].concat());
        done(&sandbox, home, "apply", &wanted);
    }
    let client = reader(&sandbox);
    let doctor = || {
        let mut command = reading(home, &sandbox, &client);
        told(&command.args(["doctor", "--tenant", TENANT, "--data", "data"]).output().unwrap())
    };
    let sound = doctor();
    assert!(!sound.contains("log_stream."), "{sound}");
    let [stream] = &named(&sandbox, "/log-streams", "Countersign logs")[..] else { panic!("one stream") };
    sandbox.call(Method::Patch, &format!("/log-streams/{stream}"), json!({"status": "paused"}));
    let paused = doctor();
    assert!(paused.contains("log_stream.paused"), "{paused}");
    done(&sandbox, home, "apply", &wanted);
    assert!(!doctor().contains("log_stream."));
    sandbox.call(Method::Patch, &format!("/log-streams/{stream}"), json!({"status": "paused"}));
    let paused = doctor();
    assert!(paused.contains("log_stream.paused"), "what was mended once is still looked at: {paused}");
    done(&sandbox, home, "remove", &[]);
    assert_eq!(get(&sandbox, "/log-streams"), [Value::Null; 0], "what the first run made is removed");
}

#[test]
fn headers_of_a_sink_are_in_no_plan_journal_or_output_and_are_not_dropped() {
    let home = tempfile::tempdir().unwrap();
    let (home, sandbox) = (home.path(), Sandbox::start());
    Service::start(home).stop();
    let wanted = [&SERVICE[..], &INGEST, &["--without-client"]].concat();
    done(&sandbox, home, "apply", &wanted);
    let [stream] = &named(&sandbox, "/log-streams", "Countersign logs")[..] else { panic!("one stream") };
    let path = format!("/log-streams/{stream}");
    let mut sink = sandbox.call(Method::Get, &path, Value::Null)["sink"].clone();
    sink["httpCustomHeaders"] = json!([{"header": "X-Gateway-Key", "value": "CANARY-header"}]);
    sandbox.call(Method::Patch, &path, json!({"status": "paused", "sink": sink}));

    let mended = done(&sandbox, home, "apply", &wanted);
    let there = sandbox.call(Method::Get, &path, Value::Null);
    assert_eq!((&there["status"], &there["sink"]), (&json!("active"), &sink));
    let moved = [&wanted[..], &["--logs-url", "https://new.example.com/"]].concat();
    let blocked = change(&sandbox, home, "apply", &moved);
    assert_eq!(blocked.status.code(), Some(3), "{}{}", told(&blocked), complained(&blocked));
    assert!(told(&blocked).contains("log_stream.more_in_sink"), "{}", told(&blocked));
    assert_eq!(sandbox.call(Method::Get, &path, Value::Null)["sink"], sink);
    let mut texts = vec![mended, told(&blocked)];
    for format in ["json", "terraform", "deploy-cli"] {
        texts.push(told(&sandbox.command(home, "plan", &[&moved[..], &["--format", format]].concat())));
    }
    texts.push(fs::read_to_string(home.join(format!("data/{TENANT}.install.json"))).unwrap());
    let token = fs::read_to_string(home.join(format!("data/{TENANT}.log-token"))).unwrap();
    assert_eq!(complained(&blocked), "");
    for text in &texts {
        assert!(!text.is_empty() && !text.contains("CANARY") && !text.contains(token.trim()), "{text}");
    }
}

#[test]
fn a_plan_that_only_takes_over_is_carried_out_and_rolled_back() {
    let home = tempfile::tempdir().unwrap();
    let (home, sandbox) = (home.path(), Sandbox::start());
    Service::start(home).stop();
    let wanted = [&SERVICE[..], &API, &["--without-client"]].concat();
    done(&sandbox, home, "apply", &wanted);
    let [api] = &named(&sandbox, "/resource-servers", "Countersign")[..] else { panic!("one API") };
    fs::remove_file(home.join(format!("data/{TENANT}.install.json"))).unwrap();
    let adopted = done(&sandbox, home, "apply", &[&wanted[..], &["--adopt", api]].concat());
    assert!(adopted.contains(&format!("Takes over as ours: api `{api}`")), "{adopted}");
    done(&sandbox, home, "apply", &wanted);
    done(&sandbox, home, "rollback", &[]);
    let blocked = change(&sandbox, home, "apply", &wanted);
    assert_eq!(blocked.status.code(), Some(3), "{}{}", told(&blocked), complained(&blocked));
    assert!(told(&blocked).contains(&format!("--adopt {api}")), "{}", told(&blocked));
    assert_eq!(named(&sandbox, "/resource-servers", "Countersign"), [api.as_str()]);
}

#[test]
fn code_that_was_deployed_once_and_is_put_back_by_somebody_is_found() {
    let home = tempfile::tempdir().unwrap();
    let (home, sandbox) = (home.path(), Sandbox::start());
    Service::start(home).stop();
    let wanted = [&SERVICE[..], &DECIDE, &["--without-client"]].concat();
    let shipped = include_str!("../../../../actions/dist/post-login.js");
    let old = shipped.replacen("enforce: false", "enforce: true", 1);
    assert_ne!(old, shipped);
    fs::write(home.join("old.js"), &old).unwrap();
    done(&sandbox, home, "apply", &[&wanted[..], &["--code", "post-login=old.js"]].concat());
    done(&sandbox, home, "apply", &wanted);
    let client = reader(&sandbox);
    let doctor = || {
        let mut command = reading(home, &sandbox, &client);
        told(&command.args(["doctor", "--tenant", TENANT, "--data", "data"]).output().unwrap())
    };
    let status = || sandbox.command(home, "status", &[]);
    let (sound, known) = (doctor(), status());
    assert!(!sound.contains("action."), "{sound}");
    assert_eq!(known.status.code(), Some(0), "{}{}", told(&known), complained(&known));

    let actions = sandbox.call(Method::Get, "/actions/actions", Value::Null);
    let path = format!("/actions/actions/{}", actions["actions"][0]["id"].as_str().unwrap());
    sandbox.call(Method::Patch, &path, json!({"code": old}));
    until("the build", || sandbox.call(Method::Get, &path, Value::Null)["status"] == "built");
    sandbox.call(Method::Post, &format!("{path}/deploy"), Value::Null);
    let edited = doctor();
    assert!(edited.contains("critical action.edited: "), "{edited}");
    let strange = status();
    assert_eq!(strange.status.code(), Some(3), "{}", complained(&strange));
    assert!(told(&strange).contains("which was not deployed from here"), "{}", told(&strange));
}
