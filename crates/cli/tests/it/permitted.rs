//! What an operator forbids to whoever has the data directory, no command does, whether it needs the use cases or not.

use std::{fs, path::Path};

use serde_json::Value;

use crate::world::{Service, TENANT, complained, run, told, until};

const FORBIDDEN: &str =
    "@id(\"not_beside_the_data\") forbid (principal is Countersign::Local, action, resource);";

#[test]
fn commands_without_use_cases_ask_the_policies_too() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    assert!(run(home, &["keys", "init", "--data", "data"]).status.success());
    fs::create_dir(home.join("own")).unwrap();
    fs::write(home.join("own/own.cedar"), FORBIDDEN).unwrap();
    let settings = "[storage]\ndirectory = \"data\"\n[tenants.acme]\n[access]\npolicies = \"own\"\n";
    fs::write(home.join("c.toml"), settings).unwrap();
    let keys = fs::read(home.join("data/master.key")).unwrap();
    for (command, action) in [
        (&["ledger", "export", "--out", "x", "--tenant", "acme"][..], "read_ledger"),
        (&["verify", "--tenant", "acme"], "read_ledger"),
        (&["verify"], "read_ledger"),
        (&["policy", "show", "--tenant", "acme"], "read_policies"),
        (&["policy", "show", "--tenant", "acme", "--version", "1"], "read_policies"),
        (&["keys", "rotate", "master"], "maintain_data"),
        (&["keys", "rotate", "checkpoint"], "maintain_data"),
        (&["keys", "rotate", "checkpoint", "--finish"], "maintain_data"),
        (&["keys", "rotate", "operator"], "maintain_data"),
        (&["keys", "rotate", "action", "--tenant", "acme"], "maintain_data"),
        (&["backup", "--to", "x"], "maintain_data"),
        (&["restore", "--data", "data", "--accept-rollback"], "maintain_data"),
    ] {
        let done = run(home, &[command, &["--config", "c.toml"]].concat());
        let (said, printed) = (complained(&done), told(&done));
        assert!(!done.status.success(), "{command:?}: {printed}");
        assert!(said.contains(action) && said.contains("`not_beside_the_data`"), "{command:?}: {said}");
    }
    assert!(!home.join("x").exists());
    assert_eq!(fs::read(home.join("data/master.key")).unwrap(), keys);
}

/// What the ledger says of denials, in its order: who by which credential, what, how often, and where if not here.
fn denials(home: &Path) -> Vec<[String; 5]> {
    let database = rusqlite::Connection::open(home.join("data/countersign.db")).unwrap();
    let mut rows = database.prepare("SELECT leaf FROM records ORDER BY place").unwrap();
    let leaves = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let leaves = leaves.map(|leaf| serde_json::from_slice::<Value>(&leaf.unwrap()).unwrap());
    let denied = leaves.filter(|leaf| leaf["facts"]["change"] == "denied");
    let facts = ["by", "how", "action", "count", "at"];
    denied.map(|leaf| facts.map(|fact| leaf["facts"][fact].as_str().unwrap_or_default().to_owned())).collect()
}

fn denial(action: &str, count: &str, at: &str) -> [String; 5] {
    ["local", "process", action, count, at].map(str::to_owned)
}

/// Forbids everything to commands beside the data.
fn forbid(home: &Path) {
    fs::create_dir(home.join("own")).unwrap();
    fs::write(home.join("own/own.cedar"), FORBIDDEN).unwrap();
    let settings =
        format!("[storage]\ndirectory = \"data\"\n[tenants.{TENANT}]\n[access]\npolicies = \"own\"\n");
    fs::write(home.join("c.toml"), settings).unwrap();
}

/// Runs a command that is denied, and nothing else is wrong with.
fn deny(home: &Path, command: &[&str]) {
    let done = run(home, &[command, &["--config", "c.toml"]].concat());
    assert!(!done.status.success() && complained(&done).contains("`not_beside_the_data`"), "{command:?}");
    assert!(!complained(&done).contains("could not be recorded"), "{}", complained(&done));
}

#[test]
fn a_command_that_was_denied_has_its_leaf_beside_a_service_and_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    forbid(home);
    let service = Service::start(home);
    deny(home, &["verify", "--tenant", TENANT]);
    until("the service that owns the data tells of it", || !denials(home).is_empty());
    let mut expected = vec![denial("read_ledger", "1", "")];
    assert_eq!(denials(home), expected);
    deny(home, &["verify", "--tenant", "nowhere"]);
    expected.push(denial("read_ledger", "1", "elsewhere"));
    until("a tenant of which nothing is here has no ledger", || denials(home) == expected);
    service.stop();
    deny(home, &["decisions", "list", "--tenant", TENANT]);
    deny(home, &["backup", "--to", "copy"]);
    deny(home, &["policy", "show", "--tenant", "nowhere"]);
    let now = [("read_decisions", ""), ("maintain_data", ""), ("read_policies", "elsewhere")];
    expected.extend(now.map(|(action, at)| denial(action, "1", at)));
    assert_eq!(denials(home), expected, "without one it is told at once");
    assert_eq!(fs::read(home.join("data/denied-commands")).unwrap(), b"");
    assert!(run(home, &["verify", "--data", "data"]).status.success());
}

#[test]
fn a_service_starts_while_commands_are_denied_and_each_has_its_leaf() {
    const EACH: u64 = 10;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    forbid(home);
    Service::start(home).stop();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..EACH).for_each(|_| deny(home, &["verify", "--tenant", TENANT])));
        }
        for _ in 0..4 {
            Service::start(home).stop();
        }
    });
    let _service = Service::start(home);
    let count = || denials(home).iter().map(|[_, _, _, count, _]| count.parse::<u64>().unwrap()).sum::<u64>();
    until("all are told, and none twice", || count() >= 2 * EACH);
    assert_eq!(count(), 2 * EACH);
}

#[test]
fn a_start_waits_while_a_command_has_the_data_for_a_moment() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    Service::start(home).stop();
    let owned = fs::File::options().write(true).open(home.join("data/lock")).unwrap();
    owned.lock().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let is_waiting = || fs::read_to_string(home.join("log")).unwrap().contains("waits for it");
            until("the start says that it waits", is_waiting);
            owned.unlock().unwrap();
        });
        Service::start(home).stop();
    });
}
