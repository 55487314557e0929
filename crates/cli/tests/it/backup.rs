//! Backups and what comes back from them: nobody who was erased, and nothing older unnoticed.

use std::{fs, path::Path, process::Output};

use crate::world::{Service, TENANT, complained, copy, countersign, leaves, run, sign_in, told};

const MARKED: &str = "auth0|markeduser4411";

fn status(output: &Output) -> Option<i32> {
    println!("{}{}", told(output), complained(output));
    output.status.code()
}

fn show(service: &Service, id: &str) -> u16 {
    service.client().get(&format!("/v1/decisions/{id}?tenant={TENANT}"), &[]).status
}

fn decide(home: &Path, people: &[&str]) -> Vec<String> {
    let service = Service::start(home);
    let mut client = service.client();
    let size = leaves(&home.join("data")).len();
    let decide =
        |(number, person): (usize, &&str)| client.decide(&format!("msg_{size}_{number}"), &sign_in(person));
    let decided = people.iter().enumerate().map(decide).collect();
    drop(client);
    service.stop();
    decided
}

fn size(home: &Path) -> usize {
    leaves(&home.join("data")).len()
}

fn refused_to_serve(home: &Path, data: &str) -> String {
    let mut serve = countersign(home);
    serve.args(["serve", "--tenant", TENANT]).env("COUNTERSIGN__STORAGE__DIRECTORY", data);
    let output = serve.env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    complained(&output)
}

#[test]
fn a_backup_beside_a_running_service_comes_back_without_who_was_erased_since() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let service = Service::start(home);
    let mut client = service.client();
    let (marked, other) =
        (client.decide("m1", &sign_in(MARKED)), client.decide("m2", &sign_in("auth0|other")));
    let backup = |name: &str| {
        let keys = format!("{name}-keys");
        run(home, &["backup", "--data", "data", "--to", name, "--with-keys", &keys])
    };
    assert_eq!(status(&backup("one")), Some(0));
    assert_eq!(status(&backup("one")), Some(1), "nothing is overwritten");
    assert_eq!(status(&run(home, &["backup", "--data", "data", "--to", "x", "--with-keys", "x"])), Some(1));
    let mut names: Vec<_> = fs::read_dir(home.join("one"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let checkpoint = format!("{TENANT}.checkpoint");
    let expected = ["countersign.db", "erasures.json", &checkpoint, "manifest.json"];
    assert!(
        names.iter().all(|name| expected.contains(&name.as_str())),
        "no key, no trace of a reader: {names:?}"
    );
    let url = format!("http://{}", service.host);
    let erase =
        ["privacy", "erase", "--data", "data", "--tenant", TENANT, "--subject", MARKED, "--url", &url];
    assert_eq!(status(&run(home, &erase)), Some(0));
    assert_eq!(status(&backup("two")), Some(0));
    drop(client);
    service.stop();

    let made = |name: &str| {
        fs::create_dir(home.join(name)).unwrap();
        for key in ["master.key", "checkpoint.key", "example-tenant.action-key"] {
            fs::copy(home.join("data").join(key), home.join(name).join(key)).unwrap();
        }
        let mut mode = fs::metadata(home.join(name)).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o700);
        fs::set_permissions(home.join(name), mode).unwrap();
    };
    let serve = |name: &str| {
        fs::rename(home.join("data"), home.join("kept")).unwrap();
        fs::rename(home.join(name), home.join("data")).unwrap();
        let service = Service::start(home);
        let answers = (show(&service, &marked), show(&service, &other));
        service.stop();
        fs::rename(home.join("data"), home.join(name)).unwrap();
        fs::rename(home.join("kept"), home.join("data")).unwrap();
        answers
    };
    made("new");
    let restore = ["restore", "--from", "one", "--keys", "one-keys", "--data", "new"];
    assert_eq!(status(&run(home, &[&restore[..], &["--erasures", "two/erasures.json"]].concat())), Some(0));
    assert_eq!(serve("new"), (410, 200), "the list of a newer backup is heeded");

    made("forgetful");
    let restore = ["restore", "--from", "one", "--keys", "one-keys", "--data", "forgetful"];
    assert_eq!(status(&run(home, &restore)), Some(0));
    assert_eq!(serve("forgetful"), (200, 200), "nothing else could know");

    let restore =
        ["restore", "--from", "one", "--keys", "one-keys", "--data", "data", "--force", "--accept-rollback"];
    assert_eq!(status(&run(home, &restore)), Some(0));
    let service = Service::start(home);
    assert_eq!(
        (show(&service, &marked), show(&service, &other)),
        (410, 200),
        "the data that are replaced are heeded"
    );
    service.stop();
    assert_eq!(status(&run(home, &["verify", "--data", "data"])), Some(0));
}

#[test]
fn an_older_backup_is_refused_until_the_loss_is_accepted_and_the_ledger_tells() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    decide(home, &["auth0|a", "auth0|b"]);
    assert_eq!(status(&run(home, &["backup", "--data", "data", "--to", "one"])), Some(0));
    let to = size(home);
    decide(home, &["auth0|a", "auth0|b", "auth0|c"]);
    let from = size(home);
    fs::copy(home.join(format!("data/{TENANT}.checkpoint")), home.join("kept.checkpoint")).unwrap();
    let restore =
        |further: &[&str]| run(home, &[&["restore", "--from", "one", "--data", "data"], further].concat());
    let words = format!("The ledger of {TENANT} would be rolled back from {from} leaves to {to}.");
    for further in [&[][..], &["--force"], &["--accept-rollback"]] {
        let output = restore(further);
        assert_eq!(status(&output), Some(3), "{further:?}");
        assert!(told(&output).contains(&words));
        assert_eq!(size(home), from, "nothing was touched");
    }
    assert!(!home.join("data/restoring").exists());
    assert_eq!(status(&restore(&["--force", "--accept-rollback"])), Some(0));
    let told_of =
        leaves(&home.join("data")).into_iter().find(|leaf| leaf["facts"]["change"] == "rolled_back").unwrap();
    assert_eq!(
        (told_of["kind"].as_str(), told_of["facts"]["from"].as_str()),
        (Some("administration"), Some(from.to_string().as_str()))
    );
    assert_eq!(told_of["facts"]["to"], to.to_string());
    assert!(home.join("data/replaced-1/countersign.db").exists());
    decide(home, &["auth0|a"]);
    assert_eq!(status(&run(home, &["verify", "--data", "data"])), Some(0));
    let kept = ["verify", "--data", "data", "--checkpoint", "kept.checkpoint"];
    assert_eq!(status(&run(home, &kept)), Some(3), "whoever kept a checkpoint sees it");

    fs::create_dir(home.join("new")).unwrap();
    for key in ["master.key", "checkpoint.key"] {
        fs::copy(home.join("data").join(key), home.join("new").join(key)).unwrap();
    }
    let elsewhere = ["restore", "--from", "one", "--data", "new", "--checkpoint", "kept.checkpoint"];
    let output = run(home, &elsewhere);
    assert_eq!(status(&output), Some(3));
    assert!(told(&output).contains(&words));
}

#[test]
fn an_older_copy_without_a_restore_is_noticed_at_the_start() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    decide(home, &["auth0|a"]);
    copy(&home.join("data"), &home.join("earlier"));
    decide(home, &["auth0|b", "auth0|c"]);
    let (from, to) = (size(home), leaves(&home.join("earlier")).len());
    fs::copy(home.join("earlier/countersign.db"), home.join("data/countersign.db")).unwrap();
    let words = format!("has `{to}` leaves, but `{from}` were signed: this is an older copy");
    assert!(refused_to_serve(home, "data").contains(&words));
    let output = run(home, &["restore", "--data", "data"]);
    assert_eq!(status(&output), Some(3));
    assert_eq!(status(&run(home, &["restore", "--data", "data", "--accept-rollback"])), Some(0));
    decide(home, &["auth0|b"]);
    assert_eq!(status(&run(home, &["verify", "--data", "data"])), Some(0));
    assert!(leaves(&home.join("data")).iter().any(|leaf| leaf["facts"]["change"] == "rolled_back"));
}

#[test]
fn a_changed_backup_a_running_service_and_missing_keys_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let service = Service::start(home);
    service.client().decide("m1", &sign_in(MARKED));
    assert_eq!(status(&run(home, &["backup", "--data", "data", "--to", "one"])), Some(0));
    let output = run(home, &["restore", "--from", "one", "--data", "data"]);
    assert_eq!(status(&output), Some(1));
    assert!(complained(&output).contains("stop the service"));
    service.stop();
    let output = run(home, &["restore", "--from", "one", "--data", "new"]);
    assert_eq!(status(&output), Some(1));
    assert!(complained(&output).contains("put `master.key` and `checkpoint.key` into the data directory"));

    let path = home.join("one/countersign.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let output = run(home, &["restore", "--from", "one", "--data", "data"]);
    assert_eq!(status(&output), Some(3));
    assert!(told(&output).contains("is not as it was backed up"));
}
