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

/// What the ledger says of denials, in its order: who by which credential, what, how often.
fn denials(home: &Path) -> Vec<[String; 4]> {
    let database = rusqlite::Connection::open(home.join("data/countersign.db")).unwrap();
    let mut rows = database.prepare("SELECT leaf FROM records ORDER BY place").unwrap();
    let leaves = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let leaves = leaves.map(|leaf| serde_json::from_slice::<Value>(&leaf.unwrap()).unwrap());
    let denied = leaves.filter(|leaf| leaf["facts"]["change"] == "denied");
    let facts = ["by", "how", "action", "count"];
    denied.map(|leaf| facts.map(|fact| leaf["facts"][fact].as_str().unwrap().to_owned())).collect()
}

fn denial(action: &str, count: &str) -> [String; 4] {
    ["local", "process", action, count].map(str::to_owned)
}

#[test]
fn a_command_that_was_denied_has_its_leaf_beside_a_service_and_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fs::create_dir(home.join("own")).unwrap();
    fs::write(home.join("own/own.cedar"), FORBIDDEN).unwrap();
    let settings =
        format!("[storage]\ndirectory = \"data\"\n[tenants.{TENANT}]\n[access]\npolicies = \"own\"\n");
    fs::write(home.join("c.toml"), settings).unwrap();
    let deny = |command: &[&str]| {
        let done = run(home, &[command, &["--config", "c.toml"]].concat());
        assert!(!done.status.success() && complained(&done).contains("`not_beside_the_data`"), "{command:?}");
        assert!(!complained(&done).contains("could not be recorded"), "{}", complained(&done));
    };
    let service = Service::start(home);
    deny(&["verify", "--tenant", TENANT]);
    until("the service that owns the data tells of it", || !denials(home).is_empty());
    let mut expected = vec![denial("read_ledger", "1")];
    assert_eq!(denials(home), expected);
    service.stop();
    deny(&["decisions", "list", "--tenant", TENANT]);
    deny(&["backup", "--to", "copy"]);
    expected.extend([denial("read_decisions", "1"), denial("maintain_data", "1")]);
    assert_eq!(denials(home), expected, "without one it is told at once");
    assert_eq!(fs::read(home.join("data/denied-commands")).unwrap(), b"");
    assert!(run(home, &["verify", "--data", "data"]).status.success());
}
