//! An attacker with the database file: whatever is done to it, the audit names where.

use std::{path::Path, sync::LazyLock};

use countersign_ledger::{CHAIN_START, Frontier, Hash, chain, leaf_hash};
use rusqlite::{Connection, params};
use tempfile::TempDir;

use crate::world::{Service, TENANT, copy, run, sign_in, told};

/// Decisions of the run; leaves 0 and 1 are the policy and the policies of access.
const DECISIONS: u64 = 12;

/// The last leaf.
const LAST: u64 = DECISIONS + 1;

/// A directory as a real run left it, a receipt from it, and a copy of it from when it was half as long.
struct Made {
    home: TempDir,
    receipt: String,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let home = tempfile::tempdir().unwrap();
    let half = work(home.path(), 0..DECISIONS / 2);
    copy(&home.path().join("data"), &home.path().join("earlier"));
    drop(half);
    let receipt = work(home.path(), DECISIONS / 2..DECISIONS);
    Made { home, receipt }
});

/// Serves a while; the receipt of the last decision, for which a checkpoint over everything was signed.
fn work(home: &Path, people: std::ops::Range<u64>) -> String {
    let service = Service::start(home);
    let mut client = service.client();
    let decided: Vec<String> = people
        .map(|person| client.decide(&format!("msg_{person}"), &sign_in(&format!("auth0|{person}"))))
        .collect();
    let receipt =
        client.get(&format!("/v1/decisions/{}/receipt?tenant={TENANT}", decided.last().unwrap()), &[]);
    assert_eq!(receipt.status, 200);
    drop(client);
    service.stop();
    receipt.text()
}

/// A copy of the directory, opened without its guards.
fn attacked() -> (TempDir, Connection) {
    let home = tempfile::tempdir().unwrap();
    copy(&MADE.home.path().join("data"), &home.path().join("data"));
    let connection = Connection::open(home.path().join("data/countersign.db")).unwrap();
    connection
        .execute_batch("DROP TRIGGER records_are_not_updated; DROP TRIGGER records_are_not_deleted;")
        .unwrap();
    (home, connection)
}

/// Asserts that the audit fails with exit code 3 and these words.
fn assert_told(home: &Path, further: &[&str], words: &str) {
    let output = run(home, &[&["verify", "--data", "data"], further].concat());
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    let expected = format!("The ledger of {TENANT} does not hold: {words}.\n");
    assert_eq!(told(&output), expected);
}

fn leaf(connection: &Connection, index: u64) -> Vec<u8> {
    let sql = "SELECT leaf FROM records WHERE leaf_index = ?1";
    connection.query_row(sql, [i64::try_from(index).unwrap()], |row| row.get(0)).unwrap()
}

fn set_leaf(connection: &Connection, index: u64, leaf: &[u8]) {
    let sql = "UPDATE records SET leaf = ?2 WHERE leaf_index = ?1";
    assert_eq!(connection.execute(sql, params![i64::try_from(index).unwrap(), leaf]).unwrap(), 1);
}

/// Rewrites the running chain and the head, as an attacker would who knows how they are made.
fn rewrite_head(connection: &Connection, size: u64) {
    let (mut frontier, mut running) = (Frontier::default(), CHAIN_START);
    for index in 0..size {
        let hash: Hash = leaf_hash(&leaf(connection, index));
        frontier.push(hash, &mut |_| {});
        running = chain(&running, &hash);
        let sql = "UPDATE records SET chain = ?2 WHERE leaf_index = ?1";
        connection.execute(sql, params![i64::try_from(index).unwrap(), running.as_bytes()]).unwrap();
    }
    connection
        .execute(
            "UPDATE ledgers SET frontier = ?1, chain = ?2",
            params![frontier.encode(), running.as_bytes()],
        )
        .unwrap();
}

/// One edit of one character that leaves the leaf well formed.
fn flip(connection: &Connection, index: u64) {
    let text = String::from_utf8(leaf(connection, index)).unwrap();
    let changed = text.replacen("baseline@5", "baseline@4", 1);
    assert_ne!(changed, text);
    set_leaf(connection, index, changed.as_bytes());
}

#[test]
fn an_untouched_directory_holds() {
    let output = run(MADE.home.path(), &["verify", "--data", "data"]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(
        told(&output).starts_with(&format!("The ledger of {TENANT} holds: 14 leaves, 14 of them signed, "))
    );
}

#[test]
fn a_flipped_character_is_found() {
    let (home, connection) = attacked();
    flip(&connection, 5);
    drop(connection);
    assert_told(home.path(), &[], "leaf `5` was altered");
}

#[test]
fn a_change_with_a_rewritten_chain_is_found_by_the_signatures() {
    let (home, connection) = attacked();
    flip(&connection, 9);
    rewrite_head(&connection, LAST + 1);
    drop(connection);
    let output = run(home.path(), &["verify", "--data", "data"]);
    assert_eq!(output.status.code(), Some(3));
    let text = told(&output);
    // Which checkpoints there are depends on when the second turned; the leaf lies between two of them.
    let (_, range) = text.split_once("a leaf from `").unwrap();
    let numbers: Vec<u64> = range.split('`').filter_map(|part| part.parse().ok()).collect();
    assert!(numbers[0] <= 9 && 9 <= numbers[1], "{text}");
}

#[test]
fn a_dropped_leaf_is_found() {
    let (home, connection) = attacked();
    connection.execute("DELETE FROM records WHERE leaf_index = 7", []).unwrap();
    drop(connection);
    assert_told(home.path(), &[], "leaf `7` is missing");
}

#[test]
fn a_leaf_put_in_is_found() {
    let (home, connection) = attacked();
    for index in (4..=LAST).rev() {
        let sql = "UPDATE records SET place = place + 1 WHERE leaf_index = ?1";
        connection.execute(sql, [i64::try_from(index).unwrap()]).unwrap();
    }
    let sql = "INSERT INTO records (place, record_id, recorded_at, chain, leaf)
         SELECT place + 1, 'dec_forged', recorded_at, chain, leaf FROM records WHERE leaf_index = 3";
    connection.execute(sql, []).unwrap();
    drop(connection);
    assert_told(home.path(), &[], "leaf `4` was altered");
}

#[test]
fn a_leaf_put_at_the_end_is_found() {
    let (home, connection) = attacked();
    let last = "SELECT chain FROM records WHERE leaf_index = 13";
    let running: Vec<u8> = connection.query_row(last, [], |row| row.get(0)).unwrap();
    let running = chain(&Hash::try_from(running.as_slice()).unwrap(), &leaf_hash(&leaf(&connection, LAST)));
    let sql = "INSERT INTO records (place, record_id, recorded_at, chain, leaf)
         SELECT place + 1, 'dec_forged', recorded_at, ?1, leaf FROM records WHERE leaf_index = 13";
    connection.execute(sql, [running.as_bytes()]).unwrap();
    drop(connection);
    assert_told(home.path(), &[], "leaf `14` is one too many");
}

#[test]
fn leaves_in_another_order_are_found() {
    let (home, connection) = attacked();
    let (one, two) = (leaf(&connection, 6), leaf(&connection, 7));
    set_leaf(&connection, 6, &two);
    set_leaf(&connection, 7, &one);
    drop(connection);
    assert_told(home.path(), &[], "leaf `6` was altered");
}

#[test]
fn an_end_that_was_cut_off_is_found_by_the_checkpoint_beside_the_database() {
    let (home, connection) = attacked();
    connection.execute("DELETE FROM records WHERE leaf_index >= 10", []).unwrap();
    connection.execute("DELETE FROM checkpoints WHERE size > 10", []).unwrap();
    rewrite_head(&connection, 10);
    drop(connection);
    assert_told(home.path(), &[], "`14` leaves were signed, but there are only `10`");
}

#[test]
fn a_directory_that_was_rolled_back_is_found_by_a_checkpoint_kept_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    copy(&MADE.home.path().join("earlier"), &home.path().join("data"));
    let kept = MADE.home.path().join(format!("data/{TENANT}.checkpoint"));
    let output = run(home.path(), &["verify", "--data", "data"]);
    assert!(output.status.success(), "an older copy of everything is sound by itself: {}", told(&output));
    let kept = kept.to_str().unwrap();
    assert_told(home.path(), &["--checkpoint", kept], "`14` leaves were signed, but there are only `8`");
}

#[test]
fn a_receipt_holds_and_a_changed_one_does_not() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let made = MADE.home.path();
    let exported = run(made, &["ledger", "export", "--data", "data", "--out", out.to_str().unwrap()]);
    assert!(exported.status.success());
    let verify = |receipt: &str| {
        std::fs::write(home.path().join("receipt.json"), receipt).unwrap();
        run(home.path(), &["verify", "--receipt", "receipt.json", "--verifier", "out/verifier.key"])
    };
    let output = verify(&MADE.receipt);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).starts_with("The receipt holds: decision `dec_"), "{}", told(&output));

    for (from, to) in [("\"index\":13", "\"index\":12"), ("\\n14\\n", "\\n15\\n")] {
        assert!(MADE.receipt.contains(from), "{}", MADE.receipt);
        let output = verify(&MADE.receipt.replacen(from, to, 1));
        assert_eq!(output.status.code(), Some(3), "{}", told(&output));
        assert!(told(&output).starts_with("The receipt does not hold: "));
    }
    assert_eq!(
        run(home.path(), &["verify", "--receipt", "receipt.json"]).status.code(),
        Some(1),
        "no key to trust"
    );
}
