//! An operator's rule files: read at the start, and taken while the service runs.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::world::{Client, Service, TENANT, complained, countersign, run, told, until};

/// A rule that finds calls of this path.
fn rule(path: &str) -> String {
    format!(
        "title: A call that we look for\nlogsource:\n  product: auth0\ndetection:\n  call:\n    type: sapi\n    details.request.path: {path}\n  condition: call\nlevel: high\n"
    )
}

fn configure(home: &Path) {
    let text = format!("[storage]\ndirectory = \"data\"\n[tenants.{TENANT}.watch]\nrules = \"own\"\n");
    fs::write(home.join("c.toml"), text).unwrap();
    fs::create_dir_all(home.join("own")).unwrap();
}

fn serve(home: &Path) -> Service {
    let mut command = countersign(home);
    let key = |name: &str| format!("COUNTERSIGN__TENANTS__{}__{name}", TENANT.to_uppercase());
    command.env(key("WATCH__RULES"), home.join("own"));
    // Without a client nothing is asked of a tenant; our own side is looked at each second.
    command.env(key("MANAGEMENT__DOMAIN"), "acme.eu.auth0.com").env(key("MANAGEMENT__CHECK_SECONDS"), "1");
    Service::start_by(command, home)
}

/// Delivers a call of the Management API, `hour` hours into 2026-08-20.
fn deliver(client: &mut Client, data: &Path, hour: u32, path: &str) {
    let token = fs::read_to_string(data.join(format!("{TENANT}.log-token"))).unwrap();
    let details = json!({"request": {"method": "post", "path": path}, "response": {"statusCode": 201}});
    let entry = json!([{"log_id": format!("9{hour:03}"), "type": "sapi", "details": details,
        "date": format!("2026-08-20T{hour:02}:00:00.000Z"), "client_id": "c"}]);
    let body = entry.to_string();
    let request = format!(
        "POST /v1/logs/{TENANT} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        client.host(),
        token.trim(),
        body.len()
    );
    let answer = client.send(request.as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// How many alerts there are of a detector.
fn found(client: &mut Client, detector: &str) -> usize {
    let answer = client.get(&format!("/v1/alerts/{TENANT}?detector={detector}"), &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["alerts"].as_array().map_or(0, Vec::len)
}

fn codes(client: &mut Client) -> Vec<String> {
    let findings: Value = client.get(&format!("/v1/findings/{TENANT}"), &[]).json();
    let findings = findings["findings"].as_array().unwrap().clone();
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_rule_file_that_is_edited_holds_without_a_restart_and_a_faulty_edit_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    configure(home.path());
    let file = home.path().join("own/ours.yml");
    fs::write(&file, rule("/api/v2/first")).unwrap();
    let service = serve(home.path());
    let mut client = service.client();
    deliver(&mut client, &service.data, 1, "/api/v2/first");
    until("the alert of the rule at the start", || found(&mut client, "ours") == 1);
    fs::write(&file, rule("/api/v2/second")).unwrap();
    let log = || fs::read_to_string(home.path().join("log")).unwrap();
    until("the edited rule", || log().contains("changed rule files are in force"));
    deliver(&mut client, &service.data, 4, "/api/v2/second");
    until("the alert of the edited rule", || found(&mut client, "ours") == 2);
    fs::write(&file, "title: x\nlevel: loud\n").unwrap();
    until("the fault", || log().contains("changed rule files can't be used"));
    deliver(&mut client, &service.data, 7, "/api/v2/second");
    until("the alert of the rule before", || found(&mut client, "ours") == 3);
    until("the finding", || codes(&mut client).iter().any(|code| code == "watch.faulty_rules"));
    let metrics = client.get("/metrics", &[]).text();
    let gauge = "countersign_findings{code=\"watch.faulty_rules\",severity=\"warning\"} 1";
    assert!(metrics.contains(gauge), "{metrics}");
    service.stop();
    let refused = countersign(home.path()).args(["serve", "--config", "c.toml"]).output().unwrap();
    assert!(!refused.status.success());
    assert!(complained(&refused).contains("ours.yml:2:"), "{}", complained(&refused));
}

#[test]
fn rule_files_and_what_the_policy_sets_of_them_are_checked_together() {
    let home = tempfile::tempdir().unwrap();
    configure(home.path());
    let check = || run(home.path(), &["config", "check", "--config", "c.toml"]);
    fs::write(home.path().join("own/ours.yml"), rule("'{where}'")).unwrap();
    let checked = check();
    assert_eq!(checked.status.code(), Some(3));
    assert!(told(&checked).contains("ours.yml:7:"), "{}", told(&checked));
    let config = fs::read_to_string(home.path().join("c.toml")).unwrap();
    let with = |values: &str| {
        let text = format!("{config}[tenants.{TENANT}.policy.watch.rules.ours]\n{values}\n");
        fs::write(home.path().join("c.toml"), text).unwrap();
        let checked = check();
        (checked.status.code(), told(&checked))
    };
    assert_eq!(with("where = \"/api/v2/first\"").0, Some(0));
    let (code, text) = with("wehre = \"/api/v2/first\"");
    assert_eq!(code, Some(3));
    assert!(text.contains("policy.watch.rules.ours`: the param `wehre`"), "{text}");
    fs::write(home.path().join("policy.toml"), "[watch.detectors.brute_force_account]\nfailures = 0\n")
        .unwrap();
    let checked = run(home.path(), &["policy", "check", "policy.toml"]);
    assert_eq!(checked.status.code(), Some(3));
    assert!(
        told(&checked).contains("`watch.detectors.brute_force_account.failures`: "),
        "{}",
        told(&checked)
    );
}
