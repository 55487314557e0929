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
