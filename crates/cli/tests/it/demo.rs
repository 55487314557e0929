//! The demo: one URL, decisions at once, an end by itself, nothing left behind.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::world::{connect, countersign, get, now, seconds};

/// A newcomer waits ten seconds at the most, with a release build on an idle machine; here a debug build makes up a month and
/// shares two cores and a disk with every other test.
pub const SOON: Duration = Duration::from_secs(180);

/// A demo that runs.
pub struct Demo {
    child: Child,
    out: BufReader<ChildStdout>,
    /// Where it listens.
    pub host: String,
    /// What of its one URL comes after that.
    pub path: String,
    said: String,
}

impl Demo {
    /// Starts it for so many seconds at the most, and waits until it says where it is.
    pub fn start(mut command: Command, seconds: &str) -> Self {
        command.args(["demo", "--listen", "127.0.0.1:0", "--stop-after", seconds]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        out.read_line(&mut said).unwrap();
        let url = said.trim().strip_prefix("Countersign demo: http://").unwrap();
        let (host, path) = url.split_once('/').unwrap();
        let (host, path) = (host.to_owned(), format!("/{path}"));
        Self { child, out, host, path, said }
    }

    /// Waits for its end; what it said.
    pub fn ended(mut self) -> String {
        self.out.read_to_string(&mut self.said).unwrap();
        assert!(self.child.wait().unwrap().success());
        std::mem::take(&mut self.said)
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        self.ended();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Why: one that came to its end has ended already.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Runs the demo to its end and asserts all of the above; what it said.
fn live_through(command: Command, home: &Path, seconds: &str) -> String {
    let began = now();
    let demo = Demo::start(command, seconds);
    let host = demo.host.clone();
    let mut stream = connect(&host);
    let start = get(&mut stream, &host, &demo.path, &[]);
    assert_eq!(start.status, 303, "{}", start.head);
    let cookie = start.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    // On plain HTTP, where browsers keep no `__Host-` cookie.
    assert!(cookie.starts_with("countersign_sign_in=") && !cookie.contains("secure"), "{cookie}");
    let folder = fs::read_dir(home).unwrap().next().unwrap().unwrap().path();
    assert!(folder.file_name().unwrap().to_str().unwrap().starts_with("countersign-demo-"), "{folder:?}");
    let token = fs::read_to_string(folder.join("operator.token")).unwrap();
    assert_decides(&mut stream, &host, token.trim(), began);
    assert_log_arrives(&mut stream, &host, token.trim(), began);
    assert_looks(&mut stream, &host, token.trim(), began);
    assert_incidents(&mut stream, &host, token.trim(), now());
    drop(stream);

    let said = demo.ended();
    assert_eq!(said.matches("http://").count(), 1, "{said}");
    let left: Vec<_> = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    said
}

/// Waits for a decision younger than those of the made-up past.
fn assert_decides(stream: &mut std::net::TcpStream, host: &str, token: &str, began: std::time::Instant) {
    let token = format!("Bearer {token}");
    let tenant = countersign_sandbox::TENANT;
    let mut newest = |last: &str| {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend((!last.is_empty()).then_some(("last-event-id", last)));
        let answer = get(stream, host, &format!("/console/live?tenant={tenant}"), &headers);
        assert_eq!(answer.status, 200);
        let text = answer.text();
        let index = text.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap_or(last);
        index.to_owned()
    };
    let past = newest("");
    // An answer waits for news, so this does not spin.
    while newest(&past) == past {
        assert!(began.elapsed() < SOON, "no decision within {SOON:?}");
    }
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

/// Waits until the tenant's log stream, which the installation made, has delivered something.
fn assert_log_arrives(stream: &mut std::net::TcpStream, host: &str, token: &str, began: std::time::Instant) {
    let token = format!("Bearer {token}");
    let mut taken = || {
        let metrics = get(stream, host, "/metrics", &[("authorization", &token)]).text();
        let count = metrics.lines().find_map(|line| {
            line.strip_prefix("countersign_log_entries_total{code=\"taken\"} ")?.parse::<u64>().ok()
        });
        count.unwrap_or(0)
    };
    while taken() == 0 {
        assert!(began.elapsed() < SOON, "no log entry within {SOON:?}");
    }
}

/// Waits until the tenant was read: what the demo installed is as it should be, but for what is told of its fallback.
fn assert_looks(stream: &mut std::net::TcpStream, host: &str, token: &str, began: std::time::Instant) {
    let token = format!("Bearer {token}");
    let path = format!("/v1/findings/{}", countersign_sandbox::TENANT);
    let found = loop {
        let found: serde_json::Value =
            serde_json::from_str(&get(stream, host, &path, &[("authorization", &token)]).text()).unwrap();
        if found["tenant_read_at"].is_string() {
            break found;
        }
        assert!(began.elapsed() < SOON, "the tenant was not read within {SOON:?}: {found}");
    };
    assert_eq!(found["reads_tenant"], true, "{found}");
    let codes: Vec<&str> =
        found["findings"].as_array().unwrap().iter().map(|found| found["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"action.fallback"), "{codes:?}");
    assert!(!codes.contains(&"action.missing") && !codes.contains(&"action.unbound"), "{codes:?}");
}

/// Waits until the past's incidents are told, with what people said of them, and one that begins after the start.
fn assert_incidents(stream: &mut std::net::TcpStream, host: &str, token: &str, began: std::time::Instant) {
    let token = format!("Bearer {token}");
    let path = format!("/v1/incidents/{}?severity=medium", countersign_sandbox::TENANT);
    loop {
        let listed: serde_json::Value =
            serde_json::from_str(&get(stream, host, &path, &[("authorization", &token)]).text()).unwrap();
        let all = listed["incidents"].as_array().unwrap();
        assert!(
            !listed.to_string().contains("login_without_decision"),
            "each sign-in has its decision: {listed}"
        );
        for disposition in ["true_positive", "false_positive"] {
            assert!(all.iter().any(|incident| incident["disposition"] == disposition), "{listed}");
        }
        assert!(all.iter().any(|incident| incident["status"] == "open"), "{listed}");
        // Why: the youngest attack of the past is days old.
        let newest: countersign_core::Timestamp = all[0]["last"].as_str().unwrap().parse().unwrap();
        if seconds() - newest.seconds() < 3_600 {
            return;
        }
        assert!(began.elapsed() < SOON, "no new incident within {SOON:?}: {listed}");
    }
}

#[test]
fn the_demo_decides_at_once_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let said = live_through(countersign(home.path()), home.path(), "25");
    assert!(
        said.contains("The post-login Action was installed into a sandbox tenant and runs in Node"),
        "{said}"
    );
}

#[test]
fn without_node_the_demo_says_so_and_decides_all_the_same() {
    let home = tempfile::tempdir().unwrap();
    let mut command = countersign(home.path());
    command.env("PATH", "");
    let said = live_through(command, home.path(), "25");
    assert!(said.contains("Node was not found"), "{said}");
}
