//! The master key is rotated, and cut off at any point: everyone's records open all the time, and pseudonyms stay.

use std::{fs, path::Path};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::world::{Service, TENANT, complained, copy, countersign, leaves, run, sign_in, told, until};

const PEOPLE: usize = 40;

fn master_keys(home: &Path) -> Vec<String> {
    let text = fs::read_to_string(home.join("data/master.key")).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The wrapped keys in the order of their people.
fn wrapped(home: &Path) -> Vec<Vec<u8>> {
    let path = home.join("data/subject-keys.db");
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = connection.prepare("SELECT wrapped FROM subject_keys ORDER BY subject_id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn wrapped_anew(before: &[Vec<u8>], home: &Path) -> usize {
    wrapped(home).iter().filter(|key| !before.contains(key)).count()
}

/// Decisions about many people, made by a service that has stopped; ids and pseudonyms.
fn made(home: &Path) -> Vec<(String, String)> {
    let service = Service::start(home);
    let mut client = service.client();
    let decided: Vec<String> =
        (0..PEOPLE).map(|n| client.decide(&format!("msg_{n}"), &sign_in(&format!("auth0|{n}")))).collect();
    let told = decided.into_iter().map(|id| {
        let shown = client.get(&format!("/v1/decisions/{id}?tenant={TENANT}"), &[]).json();
        (id, shown["subject"].as_str().unwrap().to_owned())
    });
    let told = told.collect();
    drop(client);
    service.stop();
    told
}

/// A service starts, opens what was recorded, and knows people by the same pseudonyms.
fn assert_serves(home: &Path, made: &[(String, String)], turn: &str) {
    let service = Service::start(home);
    let mut client = service.client();
    for (number, (id, subject)) in made.iter().enumerate() {
        let shown = client.get(&format!("/v1/decisions/{id}?tenant={TENANT}"), &[]);
        assert_eq!(
            (shown.status, shown.json()["subject"].as_str().unwrap()),
            (200, subject.as_str()),
            "{turn}"
        );
        if number % 20 == 0 {
            let again = client.decide(&format!("msg_{turn}_{number}"), &sign_in(&format!("auth0|{number}")));
            let shown = client.get(&format!("/v1/decisions/{again}?tenant={TENANT}"), &[]);
            assert_eq!(shown.json()["subject"].as_str().unwrap(), subject, "{turn}");
        }
    }
    drop(client);
    service.stop();
}

/// Begins a rotation and kills it once so many keys are wrapped anew.
fn kill_at(home: &Path, before: &[Vec<u8>], count: usize) {
    let mut rotation = countersign(home);
    rotation.args(["keys", "rotate", "master", "--data", "data"]).stdout(std::process::Stdio::null());
    let mut rotation = rotation.spawn().unwrap();
    until("the moment to kill", || {
        let is_over = rotation.try_wait().unwrap().is_some();
        is_over || master_keys(home).len() == 2 && (count == 0 || wrapped_anew(before, home) >= count)
    });
    rotation.kill().unwrap();
    rotation.wait().unwrap();
}

#[test]
fn a_rotation_that_is_killed_anywhere_can_be_called_again() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let made = made(home);
    let (before, old) = (wrapped(home), master_keys(home));
    for count in [0, 1, PEOPLE / 2] {
        kill_at(home, &before, count);
        assert_serves(home, &made, &format!("at{count}"));
    }
    // As one that is killed between its last two steps leaves it: everything is wrapped, both keys are there.
    let both = master_keys(home);
    let output = run(home, &["keys", "rotate", "master", "--data", "data"]);
    assert!(output.status.success(), "{}", complained(&output));
    let new = master_keys(home);
    assert_eq!(new.len(), 1);
    if both.len() == 2 {
        assert_eq!(new, both[..1]);
        fs::write(home.join("data/master.key"), format!("{}\n", both.join("\n"))).unwrap();
        assert_serves(home, &made, "whole");
        let output = run(home, &["keys", "rotate", "master", "--data", "data"]);
        assert!(told(&output).starts_with("0 people's keys"), "{}", told(&output));
        assert_eq!(master_keys(home), new);
    }
    assert_ne!(new, old);
    assert_eq!(wrapped_anew(&before, home), PEOPLE);
    assert_serves(home, &made, "end");
    assert!(run(home, &["verify", "--data", "data"]).status.success());
    let told = leaves(&home.join("data"))
        .into_iter()
        .filter(|leaf: &Value| leaf["facts"]["change"] == "master_key_rotated");
    assert!(told.count() >= 1);

    let earlier = home.join("earlier");
    copy(&home.join("data"), &earlier);
    fs::write(earlier.join("master.key"), &old[0]).unwrap();
    let mut serve = countersign(home);
    serve.args(["serve", "--tenant", TENANT]).env("COUNTERSIGN__STORAGE__DIRECTORY", "earlier");
    let output = serve.env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0").output().unwrap();
    assert!(complained(&output).contains("wrapped by another master key"), "{}", complained(&output));
}

#[test]
fn a_rotation_beside_a_running_service_is_refused_and_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    service.client().decide("msg_1", &sign_in("auth0|anna"));
    let before = master_keys(home.path());
    let output = run(home.path(), &["keys", "rotate", "master", "--data", "data"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(complained(&output).contains("stop the service first"), "{}", complained(&output));
    assert_eq!(master_keys(home.path()), before);
}
