//! A person is erased: nothing readable is left of them, and every proof still verifies.

use rusqlite::Connection;
use serde_json::json;

use crate::world::{Service, TENANT, files_with, run, sign_in, told};

const USER: &str = "auth0|markeduser7731";
const EMAIL: &str = "marked.person.7731@example.com";
const ADDRESS: &str = "198.51.100.177";

#[test]
fn an_erased_person_is_gone_from_every_file_and_the_ledger_holds() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let mut client = service.client();
    let mut event = sign_in(USER);
    event["user"]["email"] = json!(EMAIL);
    event["request"]["ip"] = json!(ADDRESS);
    let marked = client.decide("msg_1", &event);
    let other = client.decide("msg_2", &sign_in("auth0|other"));
    let outcome = json!({ "kind": "completed", "decision_id": marked });
    let outcome = client.signed("/v1/outcomes", "msg_3", &outcome);
    assert_eq!(client.send(&outcome).unwrap().status, 200);
    let show = |id: &str| format!("/v1/decisions/{id}?tenant={TENANT}");
    assert_eq!(client.get(&show(&marked), &[]).status, 200);
    drop(client);
    service.stop();
    let wrapped = keys(home.path());
    assert_eq!(wrapped.len(), 2);

    let erase = ["privacy", "erase", "--data", "data", "--tenant", TENANT, "--subject", USER];
    let output = run(home.path(), &erase);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("is erased"), "{}", told(&output));
    assert_eq!(run(home.path(), &erase).status.code(), Some(3), "there is nobody to erase twice");

    let left = keys(home.path());
    let gone: Vec<_> = wrapped.iter().filter(|key| !left.contains(key)).collect();
    assert_eq!((left.len(), gone.len()), (1, 1));
    assert_eq!(files_with(home.path(), gone[0]), [] as [std::path::PathBuf; 0], "the destroyed key");
    for mark in [USER, EMAIL, ADDRESS] {
        assert_eq!(files_with(home.path(), mark.as_bytes()), [] as [std::path::PathBuf; 0], "{mark}");
    }
    assert!(run(home.path(), &["verify", "--data", "data"]).status.success());

    let service = Service::start(home.path());
    let mut client = service.client();
    assert_eq!(client.get(&show(&marked), &[]).status, 410);
    assert_eq!(client.get(&show(&other), &[]).status, 200);
    let receipt = client.get(&format!("/v1/decisions/{marked}/receipt?tenant={TENANT}"), &[]);
    assert_eq!(receipt.status, 200, "what was proved stays proved");
}

/// The wrapped keys, read past the code that guards them.
fn keys(home: &std::path::Path) -> Vec<Vec<u8>> {
    let connection = Connection::open(home.join("data/subject-keys.db")).unwrap();
    let mut statement = connection.prepare("SELECT wrapped FROM subject_keys").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
