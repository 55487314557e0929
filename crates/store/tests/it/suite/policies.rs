use countersign_store::{PolicyRow, StoreError, Write};

use super::{
    Fresh,
    make::{at, commit_all, policy, tenant, writes},
};

pub async fn the_newest_version_holds(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    // Newest is what was added last: going back to an earlier document, at an earlier time, is a version as well.
    for (expected_version, etag, seconds) in [(0, "e1", 10), (1, "e2", 20), (2, "e1", 5)] {
        let document = format!("{{\"is\":\"{etag}\"}}");
        let row =
            PolicyRow { version: expected_version + 1, etag: etag.to_owned(), document, at: at(seconds) };
        store.commit(writes(&t, vec![Write::Policy { expected_version, row: row.clone() }])).await.unwrap();
        assert_eq!(store.find_policy(&t).await, Ok(Some(row)));
    }
    assert_eq!(store.find_policy(&u).await, Ok(None));
}

pub async fn a_change_of_what_changed_is_stale(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    let put = |expected_version| store.commit(writes(&t, vec![policy(expected_version, "e")]));
    assert_eq!(put(1).await, Err(StoreError::Stale), "there is none yet");
    for version in 0..3 {
        put(version).await.unwrap();
    }
    for version in [0, 1, 2, 4, u64::MAX >> 2] {
        assert_eq!(put(version).await, Err(StoreError::Stale), "{version}");
    }
    assert_eq!(store.find_policy(&t).await.unwrap().unwrap().version, 3);
    store.commit(writes(&u, vec![policy(0, "e")])).await.unwrap();
}

pub async fn two_changes_at_once_leave_one_stale(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for version in 0..4 {
        let race = ["left", "right"].map(|etag| writes(&t, vec![policy(version, etag)]));
        let answers = commit_all(&store, race.to_vec()).await;
        let winner = answers.iter().position(Result::is_ok).unwrap();
        assert_eq!(answers[1 - winner], Err(StoreError::Stale));
        assert_eq!(store.find_policy(&t).await.unwrap().unwrap().etag, ["left", "right"][winner]);
    }
}

pub async fn listed_newest_first(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for version in 0..12 {
        store.commit(writes(&t, vec![policy(version, "e")])).await.unwrap();
    }
    store.commit(writes(&tenant("u"), vec![policy(0, "of another")])).await.unwrap();
    for (limit, expected) in [(0, 0), (1, 1), (5, 5), (12, 12), (u32::MAX, 12)] {
        let listed = store.list_policies(&t, limit).await.unwrap();
        let versions: Vec<_> = listed.iter().map(|row| row.version).collect();
        assert_eq!(versions, (1..=12).rev().take(expected).collect::<Vec<_>>(), "{limit}");
    }
    assert_eq!(store.list_policies(&tenant("v"), 9).await, Ok(vec![]));
}
