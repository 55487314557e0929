//! Keys are rotated: nobody is locked out meanwhile, and what was signed before stays provable.

use std::{collections::BTreeMap, fs, path::Path};

use crate::world::{Client, Service, TENANT, complained, leaves, run, sign_in, told, until};

fn rotate(home: &Path, further: &[&str]) -> std::process::Output {
    let output = run(home, &[&["keys", "rotate"], further, &["--data", "data"]].concat());
    for secret in ["master.key", "checkpoint.key", "operator.token", "example-tenant.action-key"] {
        for line in fs::read_to_string(home.join("data").join(secret)).unwrap_or_default().lines() {
            assert!(
                !told(&output).contains(line) && !complained(&output).contains(line),
                "{secret} is printed"
            );
        }
    }
    output
}

fn lines(home: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(home.join("data").join(name)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The status of a decision that is asked for under a key.
fn status_by(client: &mut Client, key: &str, id: &str) -> u16 {
    client.sign_by(key);
    let question = client.question(id, &sign_in("auth0|anna"));
    client.send(&question).unwrap().status
}

#[test]
fn an_action_key_is_rotated_while_the_service_runs() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let mut client = service.client();
    let rotate_action =
        |further: &[&str]| rotate(home.path(), &[&["action", "--tenant", TENANT], further].concat());
    let file = format!("{TENANT}.action-key");
    assert!(complained(&rotate_action(&["--finish"])).contains("one key only"));
    assert!(rotate_action(&[]).status.success());
    let keys = lines(home.path(), &file);
    let [new, old] = keys.as_slice() else { panic!("{} lines", keys.len()) };
    let mut number = 0;
    let mut status = |key: &str| {
        number += 1;
        status_by(&mut client, key, &format!("msg_{number}"))
    };
    until("the new key", || status(new) == 200);
    assert_eq!(status(old), 200, "the old one is still accepted");
    assert!(complained(&rotate_action(&[])).contains("--finish"));

    fs::write(home.path().join("data").join(&file), "no key").unwrap();
    service.signal("HUP");
    let log = || fs::read_to_string(home.path().join("log")).unwrap();
    until("the complaint", || log().contains("so the ones before hold on"));
    assert_eq!((status(new), status(old)), (200, 200), "broken keys change nothing");

    fs::write(home.path().join("data").join(&file), format!("{new}\n{old}\n")).unwrap();
    assert!(rotate_action(&["--finish"]).status.success());
    assert_eq!(lines(home.path(), &file), std::slice::from_ref(new));
    until("the end of the old key", || status(old) == 401);
    assert_eq!(status(new), 200);
    let changes = || {
        let leaves = leaves(&home.path().join("data")).into_iter();
        let changes = leaves.filter(|leaf| leaf["facts"]["change"] == "action_keys_changed");
        changes.map(|leaf| leaf["facts"]["keys"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    until("the leaves", || changes() == ["2", "1"]);
}

#[test]
fn a_file_that_can_not_be_used_holds_up_no_other() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let mut client = service.client();
    let file = format!("{TENANT}.action-key");
    let old = lines(home.path(), &file).remove(0);
    fs::write(home.path().join("data").join(format!("{TENANT}.log-token")), "").unwrap();
    let log = || fs::read_to_string(home.path().join("log")).unwrap();
    until("the complaint", || log().contains("so the ones before hold on"));
    for further in [&[][..], &["--finish"]] {
        let rotated = rotate(home.path(), &[&["action", "--tenant", TENANT], further].concat());
        assert!(rotated.status.success(), "{}", complained(&rotated));
    }
    let mut number = 0;
    until("the end of the old key", || {
        number += 1;
        status_by(&mut client, &old, &format!("msg_{number}")) == 401
    });
}

#[test]
fn another_token_of_a_stream_has_its_leaf() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let changes = || {
        let leaves = leaves(&home.path().join("data")).into_iter();
        let changes = leaves.filter(|leaf| leaf["facts"]["change"] == "stream_tokens_changed");
        let fact = |leaf: &serde_json::Value, name: &str| leaf["facts"][name].as_str().unwrap().to_owned();
        changes.map(|leaf| (fact(&leaf, "stream"), fact(&leaf, "tokens"))).collect::<Vec<_>>()
    };
    let told = |stream: &str, tokens: &str| (stream.to_owned(), tokens.to_owned());
    let token = |kind: &str, digit: &str| format!("{kind}_{}\n", digit.repeat(64));
    let put = |name: &str, text: String| {
        let path = home.path().join("data").join(format!("{TENANT}.{name}"));
        fs::write(path, text).unwrap();
    };
    put("log-token", token("lgs", "a") + &token("lgs", "b"));
    until("the leaf of the log", || changes() == [told("log", "2")]);
    put("event-token", token("evs", "c"));
    until("the leaf of the events", || changes() == [told("log", "2"), told("event", "1")]);
    let stored = fs::read_to_string(home.path().join("log")).unwrap();
    assert!(!stored.contains(&"a".repeat(64)) && !stored.contains(&"c".repeat(64)), "no token is in the log");
    service.stop();
}

#[test]
fn what_was_changed_while_no_service_ran_has_its_leaf_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let put = |name: &str, text: &str| fs::write(home.join("data").join(name), text).unwrap();
    let changes = || changes_at_start(&home.join("data"));
    // The marks after a start in which as many changes as that were told since the first.
    let start = |told: usize| {
        let service = Service::start(home);
        until("the marks", || marks(home).len() == 4 && changes().len() == told);
        service.stop();
        marks(home)
    };
    let before = start(0);
    assert_eq!(start(0), before, "nothing changed");
    let (log, operator) = (format!("{TENANT}.log-token"), "ab".repeat(32));
    put(&log, &format!("lgs_{}\n", "a".repeat(64)));
    put("operator.token", &operator);
    let after = start(2);
    assert_eq!(changes(), ["stream_tokens_changed", "operator_token_changed"]);
    for (name, mark) in &after {
        assert_eq!(before[name] == *mark, !["keys.log_stream", "keys.operator"].contains(&&**name), "{name}");
        assert!(mark.len() == 16 && !operator.contains(mark), "it is no part of a secret");
    }
    assert!(rotate(home, &["action", "--tenant", TENANT]).status.success());
    assert_ne!(start(3)["keys.actions"], after["keys.actions"]);
    assert_eq!(changes()[2..], ["action_keys_changed"]);
}

/// The changes of keys that a start found.
fn changes_at_start(data: &Path) -> Vec<String> {
    let facts = leaves(data).into_iter().map(|leaf| leaf["facts"].clone());
    let found = facts.filter(|facts| facts["found"] == "at_start");
    found.map(|facts| facts["change"].as_str().unwrap().to_owned()).collect()
}

/// What stands for the keys of which the ledger was told last.
fn marks(home: &Path) -> BTreeMap<String, String> {
    let database = rusqlite::Connection::open(home.join("data/countersign.db")).unwrap();
    let mut rows = database.prepare("SELECT name, cursor FROM log_cursors WHERE name LIKE 'keys.%'").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_change_that_could_not_be_recorded_is_recorded_once_it_can_be() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let data = home.path().join("data");
    let told = || leaves(&data).iter().filter(|leaf| leaf["facts"]["stream"] == "log").count();
    until("the marks", || marks(home.path()).len() == 4);
    let held = rusqlite::Connection::open(data.join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    fs::write(data.join(format!("{TENANT}.log-token")), format!("lgs_{}\n", "a".repeat(64))).unwrap();
    let log = || fs::read_to_string(home.path().join("log")).unwrap();
    until("the complaint", || log().contains("a change of keys could not be recorded"));
    assert_eq!(told(), 0);
    held.execute_batch("ROLLBACK").unwrap();
    until("the leaf", || told() == 1);
    service.stop();
    assert_eq!(told(), 1, "it is told once");
}

#[test]
fn the_operators_token_is_rotated_while_the_service_runs() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let mut before = service.client();
    let path = format!("/v1/policies/{TENANT}");
    assert_eq!(before.get(&path, &[]).status, 200);
    assert!(rotate(home.path(), &["operator"]).status.success());
    until("the end of the old token", || before.get(&path, &[]).status == 401);
    assert_eq!(service.client().get(&path, &[]).status, 200, "by the new one");
}

#[test]
fn a_checkpoint_key_is_rotated_and_what_the_old_one_signed_stays_provable() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let service = Service::start(home);
    let mut client = service.client();
    let decided = client.decide("msg_1", &sign_in("auth0|anna"));
    let receipt = format!("/v1/decisions/{decided}/receipt?tenant={TENANT}");
    assert_eq!(client.get(&receipt, &[]).status, 200);
    let verifier = format!("/v1/ledger/{TENANT}/verifier");
    let keep = |client: &mut Client, name: &str| {
        fs::write(home.join(name), client.get(&verifier, &[]).body).unwrap();
    };
    keep(&mut client, "old.key");
    assert!(rotate(home, &["checkpoint"]).status.success());
    let early = rotate(home, &["checkpoint", "--finish"]);
    assert!(complained(&early).contains("has not signed a checkpoint"), "{}", complained(&early));
    service.stop();

    let service = Service::start(home);
    let mut client = service.client();
    keep(&mut client, "both.key");
    assert_eq!(fs::read_to_string(home.join("both.key")).unwrap().lines().count(), 2);
    let checkpoint = format!("/v1/ledger/{TENANT}/checkpoint");
    let signatures = |text: &str| text.lines().filter(|line| line.starts_with('\u{2014}')).count();
    until("both signatures", || signatures(&client.get(&checkpoint, &[]).text()) == 2);
    let holds = |key: &str| run(home, &["verify", "--data", "data", "--verifier", key]).status.code();
    assert_eq!((holds("both.key"), holds("old.key")), (Some(0), Some(0)));
    assert!(rotate(home, &["checkpoint", "--finish"]).status.success());
    service.stop();
    assert_eq!(lines(home, "checkpoint.key").len(), 1);
    assert_eq!(
        lines(home, "retired-verifiers"),
        fs::read_to_string(home.join("old.key")).unwrap().lines().collect::<Vec<_>>()
    );

    let service = Service::start(home);
    let mut client = service.client();
    client.decide("msg_2", &sign_in("auth0|anna"));
    until("one signature", || signatures(&client.get(&checkpoint, &[]).text()) == 1);
    keep(&mut client, "new.key");
    fs::write(home.join("receipt.json"), client.get(&receipt, &[]).body).unwrap();
    service.stop();
    assert_eq!((holds("new.key"), holds("old.key"), holds("both.key")), (Some(0), Some(3), Some(0)));
    assert!(run(home, &["verify", "--data", "data"]).status.success());
    let check =
        |key: &str| run(home, &["verify", "--receipt", "receipt.json", "--verifier", key]).status.code();
    assert_eq!((check("new.key"), check("both.key"), check("old.key")), (Some(0), Some(0), Some(3)));
}

#[test]
fn a_lost_key_is_not_made_anew_beside_records() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    service.client().decide("msg_1", &sign_in("auth0|anna"));
    service.stop();
    for name in ["master.key", "checkpoint.key"] {
        let path = home.path().join("data").join(name);
        let kept = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let output = run(home.path(), &["verify", "--data", "data"]);
        assert_eq!(output.status.success(), name == "master.key");
        let mut serve = crate::world::countersign(home.path());
        serve.args(["serve", "--tenant", TENANT]).env("COUNTERSIGN__STORAGE__DIRECTORY", "data");
        let output = serve.env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(complained(&output).contains(name), "{}", complained(&output));
        assert!(!path.exists());
        fs::write(&path, kept).unwrap();
    }
    Service::start(home.path()).stop();
}
