//! An erasure that would write what is not so is refused; one that is asked for while a server runs goes through it.

use std::{fs, path::Path, process::Output};

use rusqlite::Connection;

use crate::world::{Service, TENANT, countersign, run, sign_in, told};

const USER: &str = "auth0|anna";

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn erase(home: &Path, tenant: &str, further: &[&str]) -> Output {
    let arguments = ["privacy", "erase", "--data", "data", "--tenant", tenant, "--subject", USER];
    run(home, &[&arguments, further].concat())
}

fn assert_refused(output: &Output, words: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", told(output));
    assert!(complained(output).contains(words), "{}", complained(output));
}

/// The kinds of all leaves, in order.
fn kinds(home: &Path) -> Vec<String> {
    let connection = Connection::open(home.join("data/countersign.db")).unwrap();
    let mut statement = connection.prepare("SELECT leaf FROM records ORDER BY place").unwrap();
    let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let kind = |leaf: Vec<u8>| {
        let leaf: serde_json::Value = serde_json::from_slice(&leaf).unwrap();
        leaf["kind"].as_str().unwrap().to_owned()
    };
    rows.map(|row| kind(row.unwrap())).collect()
}

#[test]
fn an_erasure_makes_no_key_no_policy_and_no_ledger() {
    let home = tempfile::tempdir().unwrap();
    assert_refused(&erase(home.path(), TENANT, &[]), "is no data directory");
    assert!(!home.path().join("data").exists());

    let mut command = countersign(home.path());
    command.env(format!("COUNTERSIGN__TENANTS__{TENANT}__POLICY__TENANT__MODE"), "advisory");
    let service = Service::start_by(command, home.path());
    service.client().decide("msg_1", &sign_in(USER));
    service.stop();
    let before = kinds(home.path());

    assert_refused(&erase(home.path(), "nobody", &[]), "holds no ledger of `nobody`");
    for name in ["master.key", "checkpoint.key"] {
        let (path, kept) = (home.path().join("data").join(name), home.path().join("kept"));
        fs::rename(&path, &kept).unwrap();
        let refused = erase(home.path(), TENANT, &[]);
        assert_refused(&refused, name);
        assert_refused(&refused, "--config");
        assert!(!path.exists(), "{name} was made");
        fs::rename(&kept, &path).unwrap();
    }
    assert_eq!(kinds(home.path()), before);

    assert!(erase(home.path(), TENANT, &[]).status.success());
    assert_eq!(
        kinds(home.path()),
        [before, vec!["erasure".to_owned()]].concat(),
        "the policy is not told anew"
    );
    assert!(run(home.path(), &["verify", "--data", "data"]).status.success());
}

#[test]
fn a_key_that_did_not_sign_the_ledger_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    service.client().decide("msg_1", &sign_in(USER));
    service.stop();
    let before = kinds(home.path());
    fs::write(home.path().join("data/checkpoint.key"), "07".repeat(32)).unwrap();
    let words = format!("the newest checkpoint of `{TENANT}` is not signed by this checkpoint key");
    assert_refused(&erase(home.path(), TENANT, &[]), &words);
    let mut serve = countersign(home.path());
    serve.args(["serve", "--tenant", TENANT]).env("COUNTERSIGN__STORAGE__DIRECTORY", "data");
    let output = serve.env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0").output().unwrap();
    assert_refused(&output, &words);
    assert_eq!(kinds(home.path()), before);
}

#[test]
fn a_running_server_erases_by_its_address() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    service.client().decide("msg_1", &sign_in(USER));
    assert_refused(&erase(home.path(), TENANT, &[]), "--url");
    let url = format!("http://{}/", service.host);
    let output = erase(home.path(), TENANT, &["--url", &url]);
    assert!(output.status.success(), "{}", complained(&output));
    assert!(told(&output).contains("is erased"), "{}", told(&output));
    assert_eq!(erase(home.path(), TENANT, &["--url", &url]).status.code(), Some(3));
    assert_refused(&erase(home.path(), "nobody", &["--url", &url]), "the tenant is not configured here");
    service.stop();
    assert!(run(home.path(), &["verify", "--data", "data"]).status.success());
}
