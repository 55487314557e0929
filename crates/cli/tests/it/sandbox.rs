//! The sandbox tenant as a process: tokens, the Management API, what it keeps, and what it says.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::world::{Answer, connect, countersign, exchange, run};

/// A running sandbox; killed when it goes.
struct Sandbox {
    process: Child,
    host: String,
    /// What it said when it began to listen.
    said: Vec<String>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Why: one that was stopped can't be killed, which is as good.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Sandbox {
    fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut process = countersign(home)
            .args(["sandbox", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(home.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let first =
            lines.next().unwrap_or_else(|| panic!("{}", fs::read_to_string(home.join("log")).unwrap()));
        let host = first.strip_prefix("Sandbox tenant at http://").unwrap().to_owned();
        let wanted = if arguments.contains(&"--client") { 1 } else { 2 };
        let said = lines.take(wanted).collect();
        Self { process, host, said }
    }

    fn said(&self, start: &str) -> &str {
        self.said.iter().find_map(|line| line.strip_prefix(start)).unwrap()
    }

    fn send(&self, verb: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let request = format!(
            "{verb} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        let Answer { status, body, .. } = exchange(&mut connect(&self.host), request.as_bytes()).unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn token(&self, client: &str, secret: &str) -> String {
        let body = json!({"grant_type": "client_credentials", "client_id": client, "client_secret": secret,
            "audience": format!("http://{}/api/v2/", self.host)});
        let (status, body) = self.send("POST", "/oauth/token", "", &body);
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    fn stop(mut self) {
        assert!(Command::new("kill").arg(self.process.id().to_string()).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
    }
}

#[test]
fn a_tenant_is_kept_from_one_start_to_the_next() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(home.path(), &["--state", "tenant.db"]);
    let client = sandbox.said("Client id: ").to_owned();
    let secret = sandbox.said("Client secret, told once: ").to_owned();
    let token = sandbox.token(&client, &secret);
    let (status, made) = sandbox.send("POST", "/api/v2/roles", &token, &json!({"name": "Admin"}));
    assert_eq!(status, 200, "{made}");
    sandbox.stop();
    assert!(!fs::read_to_string(home.path().join("log")).unwrap().contains(&secret));

    let arguments = ["--state", "tenant.db", "--client", &format!("{client}:{secret}")];
    let sandbox = Sandbox::start(home.path(), &arguments);
    let token = sandbox.token(&client, &secret);
    let (status, found) = sandbox.send("GET", "/api/v2/roles", &token, &Value::Null);
    assert_eq!((status, &found[0]["id"]), (200, &made["id"]));
    assert_eq!(sandbox.send("POST", "/sandbox/reset", "", &Value::Null).0, 204);
    let (_, found) = sandbox.send("GET", "/api/v2/roles", &token, &Value::Null);
    assert_eq!(found, json!([]));
    sandbox.stop();
}

#[test]
fn an_action_that_was_deployed_runs_in_node_when_somebody_signs_in() {
    let home = tempfile::tempdir().unwrap();
    // A fast clock, because what is built takes a while.
    let sandbox = Sandbox::start(home.path(), &["--client", "first:sesame", "--speed", "100000"]);
    let ask = |verb: &str, path: &str, body: Value| {
        let (status, answer) = sandbox.send(verb, path, &sandbox.token("first", "sesame"), &body);
        assert!(status < 300, "{path}: {answer}");
        answer
    };
    let user = json!({"connection": "Username-Password-Authentication", "email": "pat@example.com",
        "password": "a good password"});
    ask("POST", "/api/v2/users", user);
    let code =
        "exports.onExecutePostLogin = async (event, api) => api.access.deny('not ' + event.user.email);";
    let action = json!({"name": "guard", "code": code, "runtime": "node22",
        "supported_triggers": [{"id": "post-login", "version": "v3"}]});
    let id = ask("POST", "/api/v2/actions/actions", action)["id"].as_str().unwrap().to_owned();
    let action = format!("/api/v2/actions/actions/{id}");
    crate::world::until("a build", || ask("GET", &action, Value::Null)["status"] == "built");
    ask("POST", &format!("{action}/deploy"), Value::Null);
    let bindings =
        json!({"bindings": [{"ref": {"type": "action_id", "value": id}, "display_name": "guard"}]});
    ask("PATCH", "/api/v2/actions/triggers/post-login/bindings", bindings);
    let order = json!({"user": "pat@example.com", "password": "a good password", "client_id": "first",
        "scope": "openid", "visit": {"ip": "203.0.113.7"}});
    let outcome = ask("POST", "/sandbox/simulate/login", order);
    assert_eq!(
        (&outcome["outcome"], &outcome["error_description"]),
        (&json!("refused"), &json!("not pat@example.com"))
    );
    assert_eq!(outcome["logs"], json!(["f"]));
    sandbox.stop();
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["log"], "nothing is left behind");
}

#[test]
fn plain_http_beyond_this_machine_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), &["sandbox", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("loopback"));
    let output = run(home.path(), &["sandbox", "--client", "nothing"]);
    assert_eq!(output.status.code(), Some(2));
}

/// A company with an hour's quiet before an attack.
const COMPANY: &str = r#"
[history]
days = 3
[[organizations]]
name = "tiny"
city = "Lyon"
[[organizations.people]]
count = 6
habits = { mistypes = 0 }
[[attacks]]
kind = "credential_stuffing"
organization = "tiny"
start = "begin+2d"
[[attacks]]
kind = "password_spray"
organization = "tiny"
start = "now+1h"
"#;

#[test]
fn what_a_scenario_plans_for_later_reaches_a_log_stream_with_the_mishaps_that_were_asked_for() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("tiny.toml"), COMPANY).unwrap();
    let sink = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/logs", sink.local_addr().unwrap());
    let arguments = ["--client", "first:sesame", "--scenario", "tiny.toml", "--speed", "3600"];
    let mishaps = ["--stream-mishaps", "duplicate=1,fail=1"];
    let sandbox = Sandbox::start(home.path(), &[&arguments[..], &mishaps].concat());
    let token = sandbox.token("first", "sesame");
    let (status, past) =
        sandbox.send("GET", "/api/v2/logs?q=type:fp&include_totals=true", &token, &Value::Null);
    assert!(status == 200 && past["total"].as_u64().unwrap() >= 6, "{past}");
    let stream = json!({"name": "s", "type": "http", "sink": {"httpEndpoint": endpoint, "httpContentFormat": "JSONLINES"}});
    let (status, made) = sandbox.send("POST", "/api/v2/log-streams", &token, &stream);
    assert_eq!(status, 200, "{made}");
    let mut failures: Vec<String> = Vec::new();
    while failures.len() < 10 {
        let (stream, _) = sink.accept().unwrap();
        for line in lines_of(stream) {
            let entry: Value = serde_json::from_str(&line).unwrap();
            if entry["data"]["type"] == "fp" {
                failures.push(entry["log_id"].as_str().unwrap().to_owned());
            }
        }
    }
    failures.dedup();
    assert_eq!(failures.len(), 5, "five guesses, each twice");
    sandbox.stop();
}

/// The lines of a request's body, which is answered with 200.
fn lines_of(mut stream: std::net::TcpStream) -> Vec<String> {
    use std::io::{Read, Write};
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(found) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = found.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    String::from_utf8(body).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_reset_puts_the_scenario_back() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(home.path(), &["--client", "first:sesame", "--people", "1"]);
    let count = || {
        let token = sandbox.token("first", "sesame");
        sandbox.send("GET", "/api/v2/users?include_totals=true", &token, &Value::Null).1["total"].clone()
    };
    assert_eq!(count(), 36);
    assert_eq!(sandbox.send("POST", "/sandbox/reset", "", &Value::Null).0, 204);
    assert_eq!(count(), 0);
    assert_eq!(sandbox.send("POST", "/sandbox/reset", "", &json!({"scenario": true})).0, 204);
    assert_eq!(count(), 36);
    let (status, refused) = sandbox.send("POST", "/sandbox/reset", "", &json!({"scene": true}));
    assert!(status == 400 && refused["message"].as_str().unwrap().contains("`scenario`"), "{refused}");
    sandbox.stop();
}

#[test]
fn a_history_is_written_out_the_same_each_time_with_the_ids_of_attacks() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("tiny.toml"), COMPANY).unwrap();
    let export = |out: &str| {
        let arguments =
            ["sandbox", "--scenario", "tiny.toml", "--until", "2026-08-20T08:00:00Z", "--export-logs", out];
        let output = run(home.path(), &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(home.path().join(out)).unwrap()
    };
    let records = export("one.jsonl");
    assert!(records == export("two.jsonl"));
    let labels = fs::read_to_string(home.path().join("one.labels.jsonl")).unwrap();
    let parsed =
        |text: &str| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    let labels = parsed(&labels);
    for entry in parsed(&records) {
        let label = labels.iter().find(|label| label["log_id"] == entry["log_id"]);
        if entry["data"]["type"] == "fp" {
            assert_eq!(label.unwrap()["attack"], "credential_stuffing");
        }
        let date = entry["data"]["date"].as_str().unwrap();
        assert!(("2026-08-17T08".."2026-08-20T08").contains(&date), "{date}");
    }
    assert!(labels.len() >= 7, "{labels:?}");
}

#[test]
fn what_is_wrong_with_a_scenario_or_with_mishaps_is_told_with_its_place() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("bad.toml"), COMPANY.replace("Lyon", "Atlantis")).unwrap();
    let told = |arguments: &[&str], code: i32| {
        let output = run(home.path(), &[&["sandbox"], arguments].concat());
        assert_eq!(output.status.code(), Some(code));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = told(&["--scenario", "bad.toml"], 1);
    assert!(said.contains("line 6, column 8, `organizations[0].city`: unknown city `Atlantis`"), "{said}");
    let said = told(&["--stream-mishaps", "fail=0.1,explode=1"], 2);
    assert!(said.contains("column 10, `explode=1`"), "{said}");
    assert!(told(&["--export-logs", "out.jsonl"], 1).contains("--scenario FILE"));
    told(&["--scenario", "bad.toml", "--people", "3"], 2);
}
