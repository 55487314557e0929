//! What an operator forbids to whoever has the data directory, no command does, whether it needs the use cases or not.

use std::fs;

use crate::world::{complained, run, told};

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
