//! Writes that the operating system refuses.
//!
//! The child may make no file longer than a limit (`ulimit -f`, with the signal for it ignored, so that `write` fails):
//! it needs no rights, no mount and no hook in the store, and SQLite meets it half way through a transaction as it meets
//! a full disk. How the writer takes SQLite's own `SQLITE_FULL` is tested beside the writer.

use countersign_core::Timestamp;
use countersign_store::{Commit, NewBody, NewLeaf, NewLogEntry, Scope, StoreError};

use super::{child, open};
use crate::suite::make::{assert_whole, key_id, leaf, subject, tenant};

/// A commit of one leaf with a body of this many bytes.
fn heavy(record_id: &str, bytes: usize) -> Commit {
    let bodies = vec![NewBody { key_id: key_id(&subject(1)), sealed: vec![7; bytes] }];
    Commit { leaves: vec![NewLeaf { bodies, ..leaf(record_id) }], ..Commit::background(tenant("t")) }
}

#[tokio::test]
async fn a_disk_that_is_full_refuses_whole_commits_and_is_recovered_from() {
    let folder = tempfile::tempdir().unwrap();
    // 2 or 4 MiB, as the shell counts in blocks of 512 or of 1,024 bytes.
    let limits = "trap '' XFSZ; ulimit -f 4096;";
    let output =
        child::command("sqlite::full_disk::child_fills_the_disk", folder.path(), limits).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let acknowledged: Vec<_> = text.split_inclusive('\n').filter_map(child::acknowledged).collect();
    assert_eq!(acknowledged[..2], ["before", "between"]);
    assert!(acknowledged.len() > 10, "{acknowledged:?}");

    // Room again: exactly what was acknowledged is there, and what was refused can be done.
    let store = open(&folder).unwrap();
    let stored: Vec<_> =
        assert_whole(&store, &tenant("t")).await.into_iter().map(|row| row.record_id).collect();
    assert_eq!(stored, acknowledged);
    for index in 0..u64::try_from(stored.len()).unwrap() {
        assert_eq!(store.list_sealed_bodies(Scope::Tenant(&tenant("t")), index).await.unwrap().len(), 1);
    }
    store.commit(heavy("too long", 8_000_000)).await.unwrap();
    assert_eq!(assert_whole(&store, &tenant("t")).await.len(), stored.len() + 1);
}

#[tokio::test]
#[ignore = "the process that the test above holds short of disk"]
async fn child_fills_the_disk() {
    if !child::is_child() {
        return;
    }
    let store = open(".").unwrap();
    let commit = async |id: &str, bytes: usize| {
        let answer = store.commit(heavy(id, bytes)).await;
        match &answer {
            Ok(_) => println!("\nacknowledged {id}"),
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}"),
        }
        answer.is_ok()
    };
    assert!(commit("before", 10).await);
    assert!(!commit("too long", 8_000_000).await);
    // The same process goes on with what fits.
    assert!(commit("between", 10).await);
    let mut count = 0;
    while commit(&format!("rec_{count}"), 100_000).await {
        count += 1;
        assert!(count < 100, "the limit does not hold");
    }
    assert!(!commit("still full", 100_000).await);
    // A delivery of a log stream is refused as a whole, and what is journaled is told by the journal alone.
    let entry = NewLogEntry {
        log_id: "1".to_owned(),
        kind: "s".to_owned(),
        at: Timestamp::default(),
        key_id: "rec_1".to_owned(),
        sealed: vec![7; 100_000],
    };
    let entries = vec![NewLogEntry { log_id: "0".to_owned(), sealed: vec![7], ..entry.clone() }, entry];
    let refused = store.append_log(&tenant("t"), Timestamp::default(), entries, vec![]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(store.get_log_state(&tenant("t")).await.unwrap().next, 0);
    assert_eq!(assert_whole(&store, &tenant("t")).await.len(), count + 2);
}
