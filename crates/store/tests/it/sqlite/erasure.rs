//! Nothing of a deleted key stays in any file.

use std::fs;

use countersign_core::SubjectId;
use countersign_store::{Store, StoreError, SubjectKeyRow, Write};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{open, raw};
use crate::suite::make::{profile, subject, tenant, writes};

/// Someone's key; both parts are texts of their own, so that either can be searched for.
fn key(number: u32) -> (SubjectId, SubjectKeyRow) {
    // A multiplier that scatters consecutive numbers, as pseudonyms are scattered (Knuth, volume 3, section 6.4).
    let scattered = number.wrapping_mul(2_654_435_769);
    let subject = format!("sub_{scattered:08x}").parse().unwrap();
    let key_id = format!("key_{scattered:08x}_{}", "i".repeat(20));
    (
        subject,
        SubjectKeyRow { key_id, wrapped: format!("wrapped_{scattered:08x}_{}", "w".repeat(43)).into_bytes() },
    )
}

/// Every byte of every file in the folder.
fn files(folder: &TempDir) -> String {
    let paths = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()).collect()
}

fn is_in(files: &str, (_, key): &(SubjectId, SubjectKeyRow)) -> (bool, bool) {
    (files.contains(&key.key_id), files.contains(std::str::from_utf8(&key.wrapped).unwrap()))
}

async fn insert(store: &Store, numbers: std::ops::Range<u32>) {
    let mut tasks = JoinSet::new();
    for (subject, key) in numbers.map(key) {
        let store = store.clone();
        tasks.spawn(async move {
            store.find_or_insert_subject_key(&tenant("t"), &subject, key, None).await.unwrap()
        });
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn a_deleted_key_is_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    // Enough keys for pages to split and to be merged: what moves must not leave a copy behind.
    insert(&store, 0..3_000).await;
    let gone: Vec<_> = (0..3_000).step_by(75).map(key).collect();
    let before = files(&folder);
    for one in &gone {
        assert_eq!(is_in(&before, one), (true, true), "the search finds what is there");
        assert_eq!(store.delete_subject_key(&tenant("t"), &one.0, &one.1.key_id).await, Ok(true));
        assert_eq!(is_in(&files(&folder), one), (false, false), "{:?}", one.0);
    }
    insert(&store, 3_000..4_000).await;
    drop(store);
    let after = files(&folder);
    assert!(gone.iter().all(|one| is_in(&after, one) == (false, false)));
    assert_eq!(is_in(&after, &key(1)), (true, true));
}

#[tokio::test]
async fn a_whole_range_of_deleted_keys_is_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    insert(&store, 0..300).await;
    let mut gone: Vec<_> = (0..300).map(key).collect();
    gone.sort_by(|left, right| left.0.cmp(&right.0));
    // Neighbors: whole pages empty, merge and are freed.
    gone.drain(100..);
    for one in &gone {
        assert_eq!(store.delete_subject_key(&tenant("t"), &one.0, &one.1.key_id).await, Ok(true));
    }
    let after = files(&folder);
    assert!(gone.iter().all(|one| is_in(&after, one) == (false, false)));
}

#[tokio::test]
async fn a_log_that_a_reader_holds_is_told_and_emptied_by_the_next_call() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    insert(&store, 0..10).await;
    let reader = raw(&folder, "subject-keys.db");
    reader.execute_batch("BEGIN; SELECT * FROM subject_keys;").unwrap();
    let gone = key(3);
    let answer = store.delete_subject_key(&tenant("t"), &gone.0, &gone.1.key_id).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert_eq!(store.find_subject_key(&tenant("t"), &gone.0).await, Ok(None));
    assert_eq!(is_in(&files(&folder), &gone), (true, true));
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(store.delete_subject_key(&tenant("t"), &gone.0, &gone.1.key_id).await, Ok(false));
    assert_eq!(is_in(&files(&folder), &gone), (false, false));
}

#[tokio::test]
async fn a_key_deleted_just_before_a_crash_is_in_no_file_once_opened_again() {
    let (folder, crashed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&folder).unwrap();
    insert(&store, 0..10).await;
    drop(store);
    // What delete_subject_key does, up to the point before the log is emptied.
    let connection = raw(&folder, "subject-keys.db");
    connection.execute_batch("PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0;").unwrap();
    connection.execute("DELETE FROM subject_keys WHERE subject_id = ?1", [key(3).0.as_str()]).unwrap();
    for name in ["countersign.db", "subject-keys.db", "subject-keys.db-wal"] {
        fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    assert_eq!(is_in(&files(&crashed), &key(3)), (true, true));
    let store = open(&crashed).unwrap();
    assert_eq!(is_in(&files(&crashed), &key(3)), (false, false));
    assert_eq!(store.find_subject_key(&tenant("t"), &key(3).0).await, Ok(None));
    assert_eq!(store.find_subject_key(&tenant("t"), &key(4).0).await, Ok(Some(key(4).1)));
}

#[tokio::test]
async fn a_deleted_profile_is_in_no_file_once_the_log_is_moved() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    // Longer than a page, so that the pages it leaves are freed as a whole.
    let text = |number: u32| format!("profile_{number:04}_").repeat(1_000);
    for number in 0..20 {
        let write = profile(&subject(number), 0, text(number).as_bytes());
        store.commit(writes(&tenant("t"), vec![write])).await.unwrap();
    }
    drop(store);
    assert!(files(&folder).contains("profile_0007_profile_0007_"));
    let store = open(&folder).unwrap();
    store.commit(writes(&tenant("t"), vec![Write::DeleteProfile(subject(7))])).await.unwrap();
    drop(store);
    let after = files(&folder);
    assert!(!after.contains("profile_0007_"));
    assert!(after.contains("profile_0008_"));
}
