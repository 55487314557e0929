//! Backups and what comes back from them: nobody who was erased, and nothing older unnoticed.

use std::{
    fs,
    io::Write,
    os::unix::fs::DirBuilderExt,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::world::{
    Client, Service, TENANT, complained, connect, copy, countersign, get, leaves, now, run, sign_in, told,
};

/// What no refusal may take longer than.
const PATIENCE: Duration = Duration::from_secs(20);

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
    serve.env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut started = serve.spawn().unwrap();
    let began = now();
    while started.try_wait().unwrap().is_none() && began.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    // Why: one that has ended can't be killed, which is as it should be.
    let _ = started.kill();
    let output = started.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "it was not refused");
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

/// A backup of one decision, and a new directory with the keys that belong to it.
fn backed_up(home: &Path) {
    decide(home, &[MARKED]);
    assert_eq!(
        status(&run(home, &["backup", "--data", "data", "--to", "one", "--with-keys", "one-keys"])),
        Some(0)
    );
    fs::DirBuilder::new().mode(0o700).create(home.join("new")).unwrap();
    for key in ["master.key", "checkpoint.key", "example-tenant.action-key", "operator.token"] {
        fs::copy(home.join("data").join(key), home.join("new").join(key)).unwrap();
    }
}

/// Changes the manifest of a backup.
fn edit_manifest(home: &Path, folder: &str, edit: impl FnOnce(&mut Vec<Value>)) {
    let path = home.join(folder).join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(manifest["files"].as_array_mut().unwrap());
    fs::write(path, manifest.to_string()).unwrap();
}

#[test]
fn a_service_that_starts_during_a_restore_is_refused_and_nothing_is_lost() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    backed_up(home);
    let note = fs::read(home.join(format!("data/{TENANT}.checkpoint"))).unwrap();
    // The restore waits where it reads the checkpoint that was kept elsewhere.
    assert!(Command::new("mkfifo").arg(home.join("pipe")).status().unwrap().success());
    let restore = ["restore", "--from", "one", "--keys", "one-keys", "--data", "new", "--checkpoint", "pipe"];
    let mut restoring = countersign(home).args(restore).spawn().unwrap();
    let mut pipe = fs::File::options().write(true).open(home.join("pipe")).unwrap();
    assert!(refused_to_serve(home, "new").contains("is in use by another process"));
    assert!(!home.join("new/countersign.db").exists());
    pipe.write_all(&note).unwrap();
    drop(pipe);
    assert!(restoring.wait().unwrap().success());
    assert_eq!(leaves(&home.join("new"))[..size(home)], leaves(&home.join("data")));
}

#[test]
fn what_the_manifest_does_not_list_is_not_taken() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    backed_up(home);
    fs::write(home.join("one/retired-verifiers"), "of+somebody+else\n").unwrap();
    fs::write(home.join("one-keys/subject-keys.db-wal"), "of somebody else").unwrap();
    let restore =
        |folder: &str| run(home, &["restore", "--from", folder, "--keys", "one-keys", "--data", "new"]);
    assert_eq!(status(&restore("one")), Some(0));
    assert!(!home.join("new/retired-verifiers").exists());

    copy(&home.join("one"), &home.join("listless"));
    edit_manifest(home, "listless", |files| files.retain(|file| file["name"] != "countersign.db"));
    let output = restore("listless");
    assert_eq!(status(&output), Some(1));
    assert!(complained(&output).contains("lists no `countersign.db`"));
    edit_manifest(home, "one-keys", Vec::clear);
    let output = restore("one");
    assert_eq!(status(&output), Some(1));
    assert!(complained(&output).contains("lists no `subject-keys.db`"));
}

#[test]
fn erasures_of_a_tenant_that_the_backup_does_not_know_do_not_end_the_restore() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    backed_up(home);
    let mut list: Value = serde_json::from_slice(&fs::read(home.join("one/erasures.json")).unwrap()).unwrap();
    list["keys"] = json!({ "later-tenant": ["key_unknown"], "idle-tenant": [], TENANT: [] });
    fs::write(home.join("list.json"), list.to_string()).unwrap();
    let from = ["--from", "one", "--keys", "one-keys", "--data", "new", "--erasures", "list.json"];
    let output = run(home, &[&["restore"], &from[..]].concat());
    assert_eq!(status(&output), Some(0));
    assert!(told(&output).contains("1 erasures of later-tenant"));
    assert!(!told(&output).contains("idle-tenant"));
    assert_eq!(status(&run(home, &["verify", "--data", "new"])), Some(0));
}

#[test]
fn a_restore_that_finishes_an_earlier_one_says_that_it_began_no_other() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    backed_up(home);
    fs::create_dir(home.join("new/restoring")).unwrap();
    fs::write(home.join("new/restoring/ready"), "replaced-1").unwrap();
    for name in ["countersign.db", "subject-keys.db"] {
        fs::copy(home.join("data").join(name), home.join("new").join(name)).unwrap();
    }
    for (folder, name) in [("one", "countersign.db"), ("one-keys", "subject-keys.db")] {
        fs::copy(home.join(folder).join(name), home.join("new/restoring").join(name)).unwrap();
    }
    assert!(refused_to_serve(home, "new").contains("was cut off"));
    let erase = ["privacy", "erase", "--data", "new", "--tenant", TENANT, "--subject", MARKED];
    assert_eq!(status(&run(home, &erase)), Some(1), "nothing is written to what is to be moved");
    let restore = ["restore", "--from", "one", "--keys", "one-keys", "--data", "new"];
    let output = run(home, &restore);
    assert_eq!(status(&output), Some(1));
    assert!(told(&output).contains("is finished") && complained(&output).contains("no other was begun"));
    assert_eq!(leaves(&home.join("new")), leaves(&home.join("data")));
    assert_eq!(status(&run(home, &restore)), Some(0));
}

#[test]
fn a_rollback_is_on_record_before_the_checkpoint_that_tells_of_it_is_set_aside() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    decide(home, &["auth0|a"]);
    copy(&home.join("data"), &home.join("earlier"));
    decide(home, &["auth0|b", "auth0|c"]);
    fs::copy(home.join("earlier/countersign.db"), home.join("data/countersign.db")).unwrap();
    // The checkpoint can't be moved.
    let (checkpoint, taken) =
        (format!("data/{TENANT}.checkpoint"), home.join(format!("data/{TENANT}.checkpoint.before-rollback")));
    let note = fs::read(home.join(&checkpoint)).unwrap();
    fs::create_dir(&taken).unwrap();
    let accept = ["restore", "--data", "data", "--accept-rollback"];
    assert_eq!(status(&run(home, &accept)), Some(1));
    assert!(leaves(&home.join("data")).iter().any(|leaf| leaf["facts"]["change"] == "rolled_back"));
    assert_eq!(fs::read(home.join(&checkpoint)).unwrap(), note);
    fs::remove_dir(&taken).unwrap();
    assert_eq!(status(&run(home, &accept)), Some(0));
    assert_ne!(fs::read(home.join(&checkpoint)).unwrap(), note, "the ledger is signed anew");
    decide(home, &["auth0|b"]);
    assert_eq!(status(&run(home, &["verify", "--data", "data"])), Some(0));
}

/// Asks as the operator for something to be made or ended.
fn post(client: &mut Client, path: &str, body: &Value) -> Value {
    let request = client.operated(path, body);
    let answer = client.send(&request).unwrap();
    assert!(answer.status < 300, "{path}: {}", answer.text());
    answer.json()
}

/// What somebody's token is answered who asks who they are, and who asks for the tenant's policy.
fn statuses(service: &Service, tokens: &[String]) -> Vec<(u16, u16)> {
    let policy = format!("/v1/policies/{TENANT}");
    let ask = |token: &String, path: &str| {
        get(
            &mut connect(&service.host),
            &service.host,
            path,
            &[("authorization", &format!("Bearer {token}"))],
        )
        .status
    };
    tokens.iter().map(|token| (ask(token, "/v1/access/me"), ask(token, &policy))).collect()
}

#[test]
fn what_was_taken_back_since_a_backup_stays_so_and_everybody_signs_in_anew() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let service = Service::start(home);
    let mut client = service.client();
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let (mut accounts, mut tokens, mut token_ids, mut grants) = (vec![], vec![], vec![], vec![]);
    for name in ["untouched", "revoked", "disabled", "without its role"] {
        let account = id(&post(&mut client, "/v1/access/accounts", &json!({ "name": name })));
        let grant = json!({ "principal": account, "role": "viewer", "tenant": TENANT });
        grants.push(id(&post(&mut client, "/v1/access/grants", &grant)));
        let path = format!("/v1/access/accounts/{account}/tokens");
        let token = post(&mut client, &path, &json!({ "scopes": ["*"], "days": 1 }));
        tokens.push(token["token"].as_str().unwrap().to_owned());
        token_ids.push(id(&token));
        accounts.push(account);
    }
    let risk_tokens = format!("/v1/risk-tokens/{TENANT}");
    let risk_token = id(&post(&mut client, &risk_tokens, &json!({})));
    let link = post(&mut client, "/v1/access/links", &json!({}));
    assert_eq!(client.get(link["path"].as_str().unwrap(), &[]).status, 303);
    let sessions = |client: &mut Client| {
        client.get("/v1/access/sessions", &[]).json()["sessions"].as_array().unwrap().len()
    };
    assert_eq!(sessions(&mut client), 1);
    assert_eq!(statuses(&service, &tokens), [(200, 200); 4]);
    assert_eq!(status(&run(home, &["backup", "--data", "data", "--to", "one"])), Some(0));
    post(&mut client, &format!("/v1/access/tokens/{}/revoke", token_ids[1]), &json!({}));
    post(&mut client, &format!("/v1/access/accounts/{}/disable", accounts[2]), &json!({}));
    post(&mut client, &format!("/v1/access/grants/{}/end", grants[3]), &json!({}));
    let end = client.operated(&format!("{risk_tokens}/{risk_token}"), &json!({}));
    let end = String::from_utf8(end).unwrap().replacen("POST", "DELETE", 1);
    assert_eq!(client.send(end.as_bytes()).unwrap().status, 200);
    let ended = [(200, 200), (401, 401), (401, 401), (200, 404)];
    assert_eq!(statuses(&service, &tokens), ended);
    drop(client);
    service.stop();

    let restore = ["restore", "--from", "one", "--data", "data", "--force", "--accept-rollback"];
    let restored = run(home, &restore);
    assert_eq!(status(&restored), Some(0));
    assert!(told(&restored).contains("4 people, accounts, tokens and roles were taken back again"));
    let service = Service::start(home);
    assert_eq!(statuses(&service, &tokens), ended);
    let mut client = service.client();
    assert_eq!(sessions(&mut client), 0);
    let listed = client.get(&risk_tokens, &[]).json();
    assert!(
        listed["tokens"].as_array().unwrap().iter().all(|token| !token["revoked_at"].is_null()),
        "{listed}"
    );
    drop(client);
    service.stop();
    let changes = leaves(&home.join("data")).into_iter().map(|leaf| leaf["facts"]["change"].clone());
    let changes: Vec<_> = changes.filter_map(|change| Some(change.as_str()?.to_owned())).collect();
    for change in ["sessions_ended", "token_revoked", "account_disabled", "grant_ended", "risk_token_revoked"]
    {
        assert_eq!(changes.iter().filter(|told| *told == change).count(), 1, "{change}");
    }

    fs::create_dir(home.join("new")).unwrap();
    fs::set_permissions(home.join("new"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    for key in ["master.key", "checkpoint.key"] {
        fs::copy(home.join("data").join(key), home.join("new").join(key)).unwrap();
    }
    let elsewhere = run(home, &["restore", "--from", "one", "--data", "new"]);
    assert_eq!(status(&elsewhere), Some(0));
    assert!(told(&elsewhere).contains("is not known here, and holds again"), "{}", told(&elsewhere));
}

#[test]
fn a_copy_that_the_data_did_not_go_on_from_takes_no_role_that_nobody_took_back() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let service = Service::start(home);
    let mut client = service.client();
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let account = id(&post(&mut client, "/v1/access/accounts", &json!({ "name": "late" })));
    let path = format!("/v1/access/accounts/{account}/tokens");
    let token = post(&mut client, &path, &json!({ "scopes": ["*"], "days": 1 }));
    let tokens = [token["token"].as_str().unwrap().to_owned()];
    assert_eq!(status(&run(home, &["backup", "--data", "data", "--to", "one"])), Some(0));
    let grant = json!({ "principal": account, "role": "viewer", "tenant": TENANT });
    post(&mut client, "/v1/access/grants", &grant);
    assert_eq!(statuses(&service, &tokens), [(200, 200)]);
    assert_eq!(status(&run(home, &["backup", "--data", "data", "--to", "two"])), Some(0));
    drop(client);
    service.stop();

    let restore = |from: &str| {
        run(home, &["restore", "--from", from, "--data", "data", "--force", "--accept-rollback"])
    };
    assert_eq!(status(&restore("one")), Some(0), "by mistake");
    decide(home, &["auth0|ann"; 20]);
    let restored = restore("two");
    assert_eq!(status(&restored), Some(0));
    assert!(told(&restored).contains("is not known here, and holds again"), "{}", told(&restored));
    let service = Service::start(home);
    assert_eq!(statuses(&service, &tokens), [(200, 200)]);
    service.stop();
}
