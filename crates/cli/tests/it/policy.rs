//! Policies are compared, put in force and looked up, by a running server and without one.

use std::fs;

use serde_json::Value;

use crate::world::{Service, TENANT, complained, countersign, run, told};

#[test]
fn a_policy_that_loosens_needs_a_word_more() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("strict.toml"), "fallback = \"challenge\"\n[tenant]\nmode = \"enforce\"\n").unwrap();
    fs::write(home.join("loose.json"), r#"{"tenant":{"mode":"audit"}}"#).unwrap();
    fs::write(home.join("wrong.toml"), "[tenant]\nmode = \"enforced\"\n").unwrap();
    let policy = |arguments: &[&str]| {
        run(home, &[&["policy"], arguments, &["--data", "data", "--tenant", TENANT]].concat())
    };
    assert_eq!(policy(&["check", "strict.toml"]).status.code(), Some(0));
    let wrong = policy(&["check", "wrong.toml"]);
    assert_eq!(wrong.status.code(), Some(3));
    assert!(told(&wrong).contains("`tenant.mode`"), "{}", told(&wrong));

    let service = Service::start(home);
    let url = format!("http://{}", service.host);
    let beside = policy(&["apply", "strict.toml"]);
    assert!(complained(&beside).contains("--url"), "{}", complained(&beside));
    for place in [&[][..], &["--url", &url]] {
        let output = policy(&[&["diff", "strict.toml"], place].concat());
        assert!(
            told(&output).starts_with("Against version 1:\n  fallback: allow -> challenge\n"),
            "{}",
            told(&output)
        );
    }
    let applied = policy(&["apply", "strict.toml", "--url", &url]);
    assert!(told(&applied).ends_with("Version 2 is in force.\n"), "{}", complained(&applied));
    let refused = policy(&["apply", "loose.json", "--url", &url]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(told(&refused).contains("tenant.mode: enforce -> audit  [loosens]"), "{}", told(&refused));
    service.stop();

    assert_eq!(policy(&["apply", "loose.json"]).status.code(), Some(3));
    let applied = policy(&["apply", "loose.json", "--loosen"]);
    assert!(told(&applied).ends_with("Version 3 is in force.\n"), "{}", complained(&applied));
    assert!(told(&policy(&["apply", "loose.json"])).contains("holds already"));
    let shown: Value = serde_json::from_slice(&policy(&["show", "--version", "2"]).stdout).unwrap();
    assert_eq!((&shown["version"], &shown["document"]["tenant"]["mode"]), (&2.into(), &"enforce".into()));
    let shown: Value = serde_json::from_slice(&policy(&["show"]).stdout).unwrap();
    assert_eq!(shown["version"], 3);
}

#[test]
fn the_server_says_when_the_configuration_has_another_policy_than_holds() {
    let home = tempfile::tempdir().unwrap();
    Service::start(home.path()).stop();
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[storage]\ndirectory = \"data\"\n[tenants.{TENANT}.policy.tenant]\nmode = \"enforce\"\n"
    );
    fs::write(home.path().join("c.toml"), config).unwrap();
    let mut serve = countersign(home.path());
    let output = serve.args(["serve", "--config", "c.toml"]).env("COUNTERSIGN__LOG__LEVEL", "error");
    let mut child = output.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let hint = lines.find(|line| line.as_ref().unwrap().contains("countersign policy apply"));
    child.kill().unwrap();
    child.wait().unwrap();
    let hint = hint.unwrap().unwrap();
    assert!(hint.contains(&format!("--tenant {TENANT} --config c.toml")), "{hint}");
}
