//! Several replicas over PostgreSQL: one ledger, the same keys, and commands beside them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use countersign_testdb::Server;

use crate::world::{Service, TENANT, complained, countersign, sign_in, told};

/// The command with both databases of this name.
pub fn with_databases(server: &Server, name: &str, home: &Path) -> Command {
    let mut command = countersign(home);
    command
        .env("COUNTERSIGN__STORAGE__DIRECTORY", "data")
        .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
        .env("COUNTERSIGN__STORAGE__POSTGRES_URL", "env:RECORDS_URL")
        .env("COUNTERSIGN__STORAGE__POSTGRES_KEYS_URL", "env:KEYS_URL")
        .env("RECORDS_URL", server.url(name))
        .env("KEYS_URL", server.url(&format!("{name}_keys")));
    command
}

/// Two empty databases of this name; `None` where PostgreSQL is not installed.
pub fn made(name: &str) -> Option<&'static Server> {
    let server = countersign_testdb::shared()?;
    for database in [name.to_owned(), format!("{name}_keys")] {
        server.execute("postgres", &format!("CREATE DATABASE {database}")).unwrap();
    }
    Some(server)
}

fn share_keys(from: &Path, to: &Path) {
    for key in ["master.key", "checkpoint.key", "example-tenant.action-key"] {
        fs::copy(from.join("data").join(key), to.join("data").join(key)).unwrap();
    }
}

#[test]
fn replicas_that_start_at_once_on_nothing_make_no_keys_of_their_own() {
    let Some(server) = made("keyless") else { return };
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let command = |home: usize, arguments: &[&str]| {
        let mut command = with_databases(server, "keyless", homes[home].path());
        command.args(arguments);
        command
    };
    let serve = ["serve", "--tenant", TENANT];
    let start = |home| command(home, &serve).stderr(std::process::Stdio::piped()).spawn().unwrap();
    for refused in [start(0), start(1)].map(|started| started.wait_with_output().unwrap()) {
        assert_eq!(refused.status.code(), Some(1));
        assert!(complained(&refused).contains("countersign keys init"), "{}", complained(&refused));
    }
    for home in &homes {
        assert!(
            !home.path().join("data/master.key").exists()
                && !home.path().join("data/checkpoint.key").exists()
        );
    }
    let init = ["keys", "init", "--data", "data"];
    let read = || fs::read_to_string(homes[0].path().join("data/master.key")).unwrap();
    let output = command(0, &init).output().unwrap();
    assert!(told(&output).contains("data/master.key"), "{}", complained(&output));
    let made = read();
    assert!(command(0, &init).output().unwrap().status.success());
    assert_eq!(read(), made, "what is there stays");
    Service::start_by(command(0, &[]), homes[0].path()).stop();
    assert!(command(0, &init).output().unwrap().status.success());
    assert_eq!(read(), made);
    let late = command(1, &init).output().unwrap();
    assert!(complained(&late).contains("put the key back"), "beside a ledger: {}", complained(&late));
    assert!(!homes[1].path().join("data/master.key").exists());
}

#[test]
fn two_replicas_keep_one_ledger_and_their_master_key_is_rotated() {
    let Some(server) = made("replicas") else { return };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let start = |home: &Path| Service::start_by(with_databases(server, "replicas", home), home);
    let run = |home: &Path, arguments: &[&str]| -> Output {
        with_databases(server, "replicas", home).args(arguments).output().unwrap()
    };
    let first = start(one.path());
    let decided = first.client().decide("msg_1", &sign_in("auth0|anna"));

    let alone = run(two.path(), &["serve", "--tenant", TENANT]);
    assert_eq!(alone.status.code(), Some(1));
    assert!(
        complained(&alone).contains("put the key back"),
        "no key is made beside a ledger: {}",
        complained(&alone)
    );
    share_keys(one.path(), two.path());
    let second = start(two.path());
    let show = |service: &Service| {
        service.client().get(&format!("/v1/decisions/{decided}?tenant={TENANT}"), &[]).status
    };
    assert_eq!((show(&first), show(&second)), (200, 200));
    second.client().decide("msg_2", &sign_in("auth0|berta"));

    let listed = run(one.path(), &["decisions", "list", "--tenant", TENANT, "--data", "data"]);
    assert_eq!(told(&listed).lines().count(), 2, "{}", complained(&listed));
    let backup = run(one.path(), &["backup", "--data", "data", "--to", "copy"]);
    assert!(complained(&backup).contains("pg_dump"), "{}", complained(&backup));
    let rotate = ["keys", "rotate", "master", "--data", "data"];
    assert!(told(&run(one.path(), &rotate)).contains("Stop all replicas"));
    assert!(complained(&run(one.path(), &rotate)).contains("--finish"));
    drop((first, second));

    share_keys(one.path(), two.path());
    let (first, second) = (start(one.path()), start(two.path()));
    let finished = run(one.path(), &[&rotate[..], &["--finish"]].concat());
    assert!(told(&finished).starts_with("2 people's keys were wrapped anew"), "{}", complained(&finished));
    assert_eq!((show(&first), show(&second)), (200, 200), "while both run");
    drop((first, second));
    share_keys(one.path(), two.path());
    assert_eq!(fs::read_to_string(two.path().join("data/master.key")).unwrap().lines().count(), 1);
    let second = start(two.path());
    assert_eq!(show(&second), 200);
    let erase = ["privacy", "erase", "--data", "data", "--tenant", TENANT, "--subject", "auth0|anna"];
    assert!(run(one.path(), &erase).status.success(), "beside a replica");
    second.stop();
    let verified = run(one.path(), &["verify", "--data", "data"]);
    assert!(verified.status.success(), "{}{}", told(&verified), complained(&verified));
}
