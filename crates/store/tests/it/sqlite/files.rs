//! Opening, sharing and reopening the folder.

use std::{fs, sync::Arc, time::Duration};

use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_store::{Access, Store, StoreError, SubjectKeyRow};
use tempfile::TempDir;

use super::{open, raw};
use crate::suite::make::{assert_whole, decide, decision, leaves, record_ids, subject, tenant};

fn open_to_read(folder: &TempDir) -> Result<Store, StoreError> {
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::default()));
    Store::open_sqlite(folder.path(), Access::ReadOnly, &clock)
}

fn is_unavailable<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}

#[tokio::test]
async fn a_second_owner_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder).unwrap();
    let is_in_use = || matches!(open(&folder), Err(StoreError::InUse(_)));
    assert!(is_in_use());
    let clone = first.clone();
    drop(first);
    assert!(is_in_use(), "a clone is still in use");
    clone.commit(leaves(&tenant("t"), ["a"])).await.unwrap();
    drop(clone);
    assert_eq!(record_ids(&open(&folder).unwrap(), &tenant("t")).await, ["a"]);
}

#[tokio::test]
async fn reopening_gives_the_same_heads_and_goes_on_from_them() {
    let folder = tempfile::tempdir().unwrap();
    let counts = [("a", 1_u64), ("b", 300), ("c", 77)];
    let mut heads = Vec::new();
    for round in 0..3_u64 {
        let store = open(&folder).unwrap();
        for ((name, count), head) in counts.iter().zip(&heads) {
            assert_eq!(&store.get_ledger_head(&tenant(name)).await.unwrap(), head);
            assert_eq!(head.frontier.size(), round * count);
        }
        heads.clear();
        for (name, count) in counts {
            let ids = (0..count).map(|n| format!("rec_{round}_{n}"));
            assert_eq!(store.commit(leaves(&tenant(name), ids)).await.unwrap().first_index, round * count);
            assert_whole(&store, &tenant(name)).await;
            heads.push(store.get_ledger_head(&tenant(name)).await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_reader_beside_the_owner_sees_commits_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let owner = open(&folder).unwrap();
    let reader = open_to_read(&folder).unwrap();
    let t = tenant("t");
    for n in [1, 2] {
        owner.commit(decide(&t, decision(n), &subject(n))).await.unwrap();
        assert_eq!(assert_whole(&reader, &t).await, assert_whole(&owner, &t).await);
    }
    assert!(is_unavailable(&reader.commit(leaves(&t, ["x"])).await));
    let key = SubjectKeyRow { key_id: "key_1".to_owned(), wrapped: vec![1] };
    assert!(is_unavailable(&reader.find_or_insert_subject_key(&t, &subject(1), key, None).await));
    assert!(is_unavailable(&reader.delete_subject_key(&t, &subject(1), "key_1").await));
    assert_eq!(assert_whole(&owner, &t).await.len(), 2);
}

#[tokio::test]
async fn closing_leaves_everything_in_the_database_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    store.commit(leaves(&tenant("t"), ["a"])).await.unwrap();
    drop(store);
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["countersign.db", "lock", "subject-keys.db"]);
}

#[tokio::test]
async fn a_copy_without_the_keys_can_be_audited() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&folder).unwrap();
    store.commit(decide(&tenant("t"), decision(1), &subject(1))).await.unwrap();
    drop(store);
    fs::copy(folder.path().join("countersign.db"), copy.path().join("countersign.db")).unwrap();
    let audit = open_to_read(&copy).unwrap();
    assert_eq!(record_ids(&audit, &tenant("t")).await, ["dec_00000001"]);
    // Absent keys are not the same as erased ones.
    assert!(is_unavailable(&audit.find_subject_key(&tenant("t"), &subject(1)).await));
}

#[tokio::test]
async fn leases_end_with_the_process_that_held_them() {
    let folder = tempfile::tempdir().unwrap();
    let (t, long) = (tenant("t"), Duration::from_secs(3_600));
    let store = open(&folder).unwrap();
    let first = store.acquire_lease(&t, "sign", "one", long).await.unwrap().unwrap();
    drop(store);
    // Nobody else owns the folder: its successor need not wait, and the epoch goes on all the same.
    let store = open(&folder).unwrap();
    let second = store.acquire_lease(&t, "sign", "other", long).await.unwrap().unwrap();
    assert!(second.epoch > first.epoch);
    assert_eq!(store.acquire_lease(&t, "sign", "one", long).await, Ok(None));
}

#[tokio::test]
async fn a_record_keeps_its_place_by_whatever_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    store.commit(leaves(&tenant("t"), ["a", "b"])).await.unwrap();
    let before = assert_whole(&store, &tenant("t")).await;
    for column in ["place", "rowid", "_rowid_", "oid"] {
        let statement = format!("UPDATE records SET {column} = {column} + 100, bodies = NULL");
        let refusal = raw(&folder, "countersign.db").execute(&statement, []).unwrap_err().to_string();
        assert!(refusal.contains("insert only"), "{column}: {refusal}");
    }
    assert_eq!(assert_whole(&store, &tenant("t")).await, before);
}

#[test]
fn a_reader_makes_nothing_where_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    assert!(is_unavailable(&open_to_read(&folder)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_no_database_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("countersign.db"), "this is a letter to the operator".repeat(99)).unwrap();
    assert!(matches!(open(&folder), Err(StoreError::Corrupt(_))));
}
