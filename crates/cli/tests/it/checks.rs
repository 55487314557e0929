//! What the commands say and with which code they end.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::world::{Service, countersign, run, told};

const EVENT: &str = include_str!("../../../../fixtures/events/post-login.json");

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn run_with_input(home: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = countersign(home);
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn each_way_to_end_has_its_code() {
    let home = home();
    for (code, arguments) in [
        (0, &["--version"][..]),
        (0, &["config", "check"]),
        (1, &["verify", "--data", "nowhere"]),
        (1, &["config", "show", "--config", "nowhere.toml"]),
        (2, &["serve", "--no-such-flag"]),
        (2, &["verify"]),
        (3, &["health", "--url", "http://127.0.0.1:9"]),
        (3, &["config", "check", "--config", "nowhere.toml"]),
    ] {
        let output = run(home.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", complained(&output));
    }
}

#[test]
fn files_of_places_are_checked_with_the_configuration() {
    let home = home();
    fs::write(home.path().join("c.toml"), "[places]\nasn = \"asn.mmdb\"\n").unwrap();
    fs::write(home.path().join("asn.mmdb"), "no database").unwrap();
    let output = run(home.path(), &["config", "check", "--config", "c.toml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).contains("`places.asn`, `asn.mmdb`: it is no database"), "{}", told(&output));
}

#[test]
fn every_fault_of_a_configuration_is_told_at_once() {
    let home = home();
    let check = |text: &str| {
        fs::write(home.path().join("c.toml"), text).unwrap();
        let output = run(home.path(), &["config", "check", "--config", "c.toml"]);
        (output.status.code(), told(&output))
    };
    let (code, unknown) =
        check("[server]\nhots = []\n[zebra]\n[tenants.acme.policy.tenant]\nmoode = \"audit\"\n");
    assert_eq!(code, Some(3));
    for line in
        ["`server.hots` is not known; did you mean `hosts`?", "`zebra` is not known", "did you mean `mode`?"]
    {
        assert!(unknown.contains(line), "{unknown}");
    }
    let (code, wrong) = check(
        "[server]\nlisten = \"0.0.0.0:1\"\n[log]\nlevel = \"loud\"\n[tenants.acme.policy]\nclaim_namespace = \"x\"\n[tenants.acme.policy.tenant]\nrollout_percent = 101\n",
    );
    assert_eq!(code, Some(3));
    for path in
        ["server.listen", "log.level", "tenants.acme.policy.claim_namespace", "policy.tenant.rollout_percent"]
    {
        assert!(wrong.contains(path), "{wrong}");
    }
    assert_eq!(check("[tenants.acme]\n"), (Some(0), "The configuration is good.\n".to_owned()));
}

#[test]
fn the_printed_reference_is_one_example_of_each_key() {
    let output = run(home().path(), &["config", "schema"]);
    let schema = told(&output);
    let examples = schema.lines().filter(|line| line.starts_with("# ") && line.contains(" = ")).count();
    assert!(examples > 40, "{examples} examples");
    for key in ["server.listen", "storage.directory", "tenants.*.policy.organizations.*.mode", "log.format"] {
        assert!(schema.contains(&format!("# {key} = ")), "{key}");
    }
}

#[test]
fn an_event_is_explained_as_json() {
    let output = run_with_input(home().path(), &["decide", "--trigger", "post-login", "--json"], EVENT);
    assert!(output.status.success(), "{}", complained(&output));
    let explanation: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys: Vec<&String> = explanation.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["assessment", "decision", "flip"]);
    let assessment = &explanation["assessment"];
    let sum: i64 =
        assessment["reasons"].as_array().unwrap().iter().map(|r| r["micro"].as_i64().unwrap()).sum();
    assert_eq!(assessment["logit_micro"].as_i64().unwrap(), assessment["bias_micro"].as_i64().unwrap() + sum);
    assert_eq!(
        (&explanation["decision"]["mode"], &explanation["decision"]["level"]),
        (&"audit".into(), &"low".into())
    );
}

#[test]
fn an_event_is_explained_in_words() {
    let output = run_with_input(home().path(), &["decide", "--trigger", "post-login"], EVENT);
    let text = told(&output);
    let (before, rest) = text.split_once("model ").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    insta::assert_snapshot!(format!("{before}model [model]\n{after}"), @r"
    low risk: score 0.02, confidence 0.10, model [model]

         -2.94  at the start
         -0.40  Auth0's own assessment has high confidence in this sign-in. (auth0_high_confidence)
         -0.30  Auth0 has seen this user on this device lately. (auth0_known_device)
         -0.15  Auth0 finds next to no travel since the last sign-in. (auth0_no_travel)
         +0.12  No sign-in of this user is confirmed. (thin_history)
         -3.68  in all, as log-odds

    verdict: allow in audit mode
    ");
}

#[test]
fn an_event_of_another_shape_is_refused_with_its_path() {
    let event = EVENT.replacen("\"203.0.113.24\"", "7", 1);
    let output = run_with_input(home().path(), &["decide", "--trigger", "post-login"], &event);
    assert_eq!(output.status.code(), Some(1));
    assert!(complained(&output).contains("`event.request.ip`: expected a string, found a number"));
    let output = run_with_input(home().path(), &["decide", "--trigger", "post-login"], &" ".repeat(70_000));
    assert!(complained(&output).contains("at most 65536 bytes"));
}

#[test]
fn a_server_beyond_loopback_is_refused() {
    let home = home();
    let mut command = countersign(home.path());
    let output = command.arg("serve").env("COUNTERSIGN__SERVER__LISTEN", "0.0.0.0:8377").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(complained(&output).contains("only a loopback address is possible"), "{}", complained(&output));
}

#[test]
fn a_data_directory_has_one_owner_and_its_secrets_too() {
    let home = home();
    let service = Service::start(home.path());
    let mut second = countersign(home.path());
    let second = second.arg("serve").env("COUNTERSIGN__STORAGE__DIRECTORY", "data");
    let output = second.env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(complained(&output).contains("is in use by another process"), "{}", complained(&output));

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&service.data), 0o700);
    for name in [
        "master.key",
        "checkpoint.key",
        "operator.token",
        "example-tenant.action-key",
        "example-tenant.log-token",
    ] {
        assert_eq!(mode(&service.data.join(name)), 0o600, "{name}");
    }
    let url = format!("http://{}", service.host);
    assert!(run(home.path(), &["health", "--url", &url]).status.success());
}

#[test]
fn an_event_of_every_trigger_is_explained() {
    let home = home();
    for (trigger, event) in countersign_testkit::fixtures() {
        let output = run_with_input(home.path(), &["decide", "--trigger", trigger], &event.to_string());
        assert!(output.status.success(), "{trigger}: {}", complained(&output));
        assert!(told(&output).contains("verdict: "), "{trigger}: {}", told(&output));
    }
}
