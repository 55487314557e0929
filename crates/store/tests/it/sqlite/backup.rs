//! Copies of a folder that is in use.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_store::{Access, Store, StoreError, backup_sqlite};
use tokio::task::JoinSet;

use super::{open, raw};
use crate::suite::make::{assert_whole, decide, decision, know, leaves, record_ids, subject, tenant};

fn open_to_read(folder: &Path) -> Store {
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::default()));
    Store::open_sqlite(folder, Access::ReadOnly, &clock).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn refusal(answer: Result<(), StoreError>) -> String {
    match answer {
        Err(StoreError::Unavailable(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_copy_holds_all_that_was_committed_and_no_keys() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&folder).unwrap();
    let t = tenant("t");
    know(&store, &t, [subject(1)]).await;
    store.commit(decide(&t, decision(1), &subject(1))).await.unwrap();
    let to = out.path().join("a/b");
    backup_sqlite(folder.path(), &to, None).unwrap();
    assert_eq!(names(&to), ["countersign.db"]);
    assert_eq!(record_ids(&open_to_read(&to), &t).await, ["dec_00000001"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&to), mode(&to.join("countersign.db"))), (0o700, 0o600));
    // A service goes on from it as from the original.
    let restored = open(&to).unwrap();
    restored.commit(leaves(&t, ["after"])).await.unwrap();
    assert_eq!(record_ids(&restored, &t).await, ["dec_00000001", "after"]);
    assert_eq!(record_ids(&store, &t).await, ["dec_00000001"]);
}

#[tokio::test]
async fn keys_are_copied_when_asked_for_and_elsewhere() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&folder).unwrap();
    let t = tenant("t");
    know(&store, &t, [subject(1)]).await;
    let (to, keys_to) = (out.path().join("records"), out.path().join("keys"));
    backup_sqlite(folder.path(), &to, Some(&keys_to)).unwrap();
    assert_eq!(
        (names(&to), names(&keys_to)),
        (vec!["countersign.db".into()], vec!["subject-keys.db".into()])
    );
    fs::copy(keys_to.join("subject-keys.db"), to.join("subject-keys.db")).unwrap();
    let restored = open_to_read(&to);
    let key = store.find_subject_key(&t, &subject(1)).await.unwrap();
    assert!(key.is_some());
    assert_eq!(restored.find_subject_key(&t, &subject(1)).await, Ok(key));

    let both = out.path().join("both");
    let reason = refusal(backup_sqlite(folder.path(), &both, Some(&out.path().join("keys/../both"))));
    assert!(reason.contains("beside"), "{reason}");
    assert_eq!(names(&both), [""; 0]);
}

#[tokio::test]
async fn nothing_is_written_over_and_nothing_half_made_stays() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&folder).unwrap();
    store.commit(leaves(&tenant("t"), ["a"])).await.unwrap();
    let (to, keys_to) = (out.path().join("records"), out.path().join("keys"));
    backup_sqlite(folder.path(), &to, None).unwrap();
    let before = fs::read(to.join("countersign.db")).unwrap();
    store.commit(leaves(&tenant("t"), ["b"])).await.unwrap();
    refusal(backup_sqlite(folder.path(), &to, Some(&keys_to)));
    assert_eq!(fs::read(to.join("countersign.db")).unwrap(), before);
    assert_eq!(names(&keys_to), [""; 0]);
    // Not even over its own source.
    refusal(backup_sqlite(folder.path(), folder.path(), None));
    assert_eq!(record_ids(&store, &tenant("t")).await, ["a", "b"]);

    let broken = tempfile::tempdir().unwrap();
    fs::copy(to.join("countersign.db"), broken.path().join("countersign.db")).unwrap();
    raw(&broken, "countersign.db").execute("INSERT INTO migrations VALUES ('9999', x'00')", []).unwrap();
    let elsewhere = out.path().join("elsewhere");
    assert!(matches!(backup_sqlite(broken.path(), &elsewhere, None), Err(StoreError::Corrupt(_))));
    refusal(backup_sqlite(&out.path().join("nowhere"), &elsewhere, None));
    assert_eq!(names(&elsewhere), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_the_service_writes_is_one_state_of_it() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&folder).unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let (store, is_over) = (store.clone(), Arc::clone(&is_over));
        writers.spawn(async move {
            let mut count = 0;
            while !is_over.load(Ordering::Relaxed) {
                let mut made = decision(count);
                made.id = format!("dec_{writer}_{count}").parse().unwrap();
                store.commit(decide(&tenant("t"), made, &subject(count))).await.unwrap();
                count += 1;
            }
        });
    }
    let mut last = 0;
    for round in 0..5 {
        let known = store.get_ledger_head(&tenant("t")).await.unwrap().frontier.size();
        let to = out.path().join(round.to_string());
        let (from, made) = (folder.path().to_owned(), to.clone());
        tokio::task::spawn_blocking(move || backup_sqlite(&from, &made, None)).await.unwrap().unwrap();
        let copy = open_to_read(&to);
        let leaves = assert_whole(&copy, &tenant("t")).await;
        assert!(leaves.len() >= usize::try_from(known).unwrap() && leaves.len() >= last);
        last = leaves.len();
    }
    is_over.store(true, Ordering::Relaxed);
    writers.join_all().await;
    assert!(last > 0 && assert_whole(&store, &tenant("t")).await.len() > last);
}
