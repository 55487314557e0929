//! Tenants that fail in the middle, or are none: each ends in a finding, and a later `apply` completes.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Output, Stdio},
};

use countersign_sandbox::tenant::{Method, scopes};
use serde_json::{Value, json};

use crate::{
    certificates::{Authority, Identity},
    tenant_sandbox::{SECRET, Sandbox, Trouble},
    world::{Service, TENANT, complained, countersign, run, told},
};

/// What comes of a request to the API once the trouble began.
type Later = fn(method: &str, path: &str) -> Trouble;

fn wanted() -> Vec<String> {
    let wanted = ["--service", "https://cs.example.com", "--without-client", "--accept-scopes"];
    let mut wanted = wanted.map(str::to_owned).to_vec();
    wanted.push(scopes().join(" "));
    for trigger in ["post-login", "pre-user-registration"] {
        wanted.extend(["--trigger".to_owned(), trigger.to_owned()]);
    }
    wanted
}

fn apply(home: &Path, sandbox: &Sandbox) -> Output {
    let wanted = wanted();
    sandbox.command(home, "apply", &wanted.iter().map(String::as_str).collect::<Vec<_>>())
}

/// How many Actions there are.
fn actions(sandbox: &Sandbox) -> usize {
    sandbox.call(Method::Get, "/actions/actions", Value::Null)["actions"].as_array().unwrap().len()
}

/// An installation that meets trouble from its first deployment on, and is completed afterwards.
fn cut_off_by(later: Later, finding: &str) {
    let home = tempfile::tempdir().unwrap();
    let (home, sandbox) = (home.path(), Sandbox::start());
    Service::start(home).stop();
    let mut has_begun = false;
    sandbox.set_way(move |method, path| {
        has_begun |= path.ends_with("/deploy");
        if has_begun { later(method, path) } else { Trouble::None }
    });
    let cut = apply(home, &sandbox);
    assert_eq!(cut.status.code(), Some(1), "{finding}: {}{}", told(&cut), complained(&cut));
    let said = complained(&cut);
    for part in
        [finding, "action.post-login.deploy", "`countersign tenant apply`", "`countersign tenant rollback`"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!format!("{}{said}", told(&cut)).contains(SECRET), "{finding}");
    let status = run(home, &["tenant", "status", "--tenant", TENANT, "--data", "data"]);
    assert_eq!(status.status.code(), Some(3), "{finding}: {}", told(&status));
    assert!(told(&status).contains("cut off: `countersign tenant apply`"), "{finding}: {}", told(&status));
    sandbox.set_way(|_, _| Trouble::None);
    let again = apply(home, &sandbox);
    assert_eq!(again.status.code(), Some(0), "{finding}: {}{}", told(&again), complained(&again));
    assert!(told(&again).contains("Nothing has to change."), "{finding}: {}", told(&again));
    assert_eq!(actions(&sandbox), 2, "{finding}: nothing is made twice");
    assert_eq!(sandbox.command(home, "status", &[]).status.code(), Some(0), "{finding}");
    let verified = run(home, &["verify", "--data", "data"]);
    assert_eq!(verified.status.code(), Some(0), "{finding}: {}", told(&verified));
}

fn is_deploy(path: &str) -> bool {
    path.ends_with("/deploy")
}

#[test]
fn connections_that_break_in_the_middle_end_in_a_finding_and_it_is_taken_up() {
    cut_off_by(|_, _| Trouble::Broken, "the connection broke");
}

#[test]
fn an_answer_that_is_lost_in_the_middle_is_looked_for_and_nothing_is_done_twice() {
    cut_off_by(
        |_, path| if is_deploy(path) { Trouble::Lost } else { Trouble::Broken },
        "the connection broke",
    );
}

#[test]
fn a_redirect_in_the_middle_is_not_followed_and_it_is_taken_up() {
    cut_off_by(|_, _| Trouble::Redirect, "leads elsewhere");
}

#[test]
fn credentials_that_are_revoked_in_the_middle_are_told_and_it_is_taken_up() {
    let later: Later = |_, path| {
        let (status, error) =
            if path == "/oauth/token" { (401, "access_denied") } else { (401, "Unauthorized") };
        Trouble::Answer(status, json!({"statusCode": status, "error": error, "message": "Invalid token"}))
    };
    cut_off_by(later, "the client's credentials are not taken");
}

#[test]
fn a_scope_that_is_taken_away_in_the_middle_is_named_and_it_is_taken_up() {
    let later: Later = |_, path| {
        let body = json!({"statusCode": 403, "error": "Forbidden", "errorCode": "insufficient_scope",
            "message": "Insufficient scope, expected any of: create:actions"});
        if is_deploy(path) { Trouble::Answer(403, body) } else { Trouble::None }
    };
    cut_off_by(later, "needs one of the scopes");
}

/// The sandbox tenant as a process, with a certificate of a test's own; killed when it goes.
struct Secured {
    process: Child,
    address: String,
}

impl Drop for Secured {
    fn drop(&mut self) {
        // Why: one that ended already can't be killed, which is as good.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Secured {
    fn start(home: &Path, identity: &Identity) -> Self {
        identity.write(home, "tenant");
        let mut process = countersign(home)
            .args(["sandbox", "--listen", "127.0.0.1:0", "--plan", "unlimited", "--state", "tenant.db"])
            .args([
                "--client",
                &format!("installer:{SECRET}"),
                "--tls-cert",
                "tenant.pem",
                "--tls-key",
                "tenant.key",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(home.join("sandbox-log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let log = || fs::read_to_string(home.join("sandbox-log")).unwrap();
        let first = lines.next().unwrap_or_else(|| panic!("{}", log()));
        let address = first.strip_prefix("Sandbox tenant at ").unwrap_or_else(|| panic!("{first}"));
        Self { address: address.trim().to_owned(), process }
    }

    fn apply(&self, home: &Path) -> Output {
        fs::write(home.join("installer-secret"), SECRET).unwrap();
        let mut arguments =
            ["tenant", "apply", "--tenant", TENANT, "--data", "data", "--domain", &self.address]
                .map(str::to_owned)
                .to_vec();
        arguments.extend(["--tenant-ca", "ca.pem", "--limits", "unlimited"].map(str::to_owned));
        arguments.extend(["--client-id", "installer", "--client-secret"].map(str::to_owned));
        arguments.push("file:installer-secret".to_owned());
        arguments.extend(wanted());
        run(home, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

#[test]
fn a_certificate_that_is_not_taken_is_told_as_what_it_is_and_nothing_is_begun() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    Service::start(home).stop();
    let (authority, stranger) = (Authority::new(), Authority::new());
    fs::write(home.join("ca.pem"), authority.pem()).unwrap();
    for (identity, finding) in [
        (authority.sign_until("127.0.0.1", 2001), "its certificate is not taken: it has expired"),
        (authority.sign("elsewhere.example"), "its certificate is not taken: it is for another name"),
        (stranger.sign("127.0.0.1"), "its certificate is not taken: no known authority vouches for it"),
    ] {
        let output = Secured::start(home, &identity).apply(home);
        assert_eq!(output.status.code(), Some(1), "{finding}: {}", told(&output));
        assert!(complained(&output).contains(finding), "{finding}: {}", complained(&output));
        assert!(!home.join(format!("data/{TENANT}.install.json")).exists(), "{finding}");
    }
    let good = Secured::start(home, &authority.sign("127.0.0.1")).apply(home);
    assert_eq!(good.status.code(), Some(0), "{}{}", told(&good), complained(&good));
}
