use std::time::Duration;

use countersign_core::TenantId;
use countersign_store::{Commit, Fence, Lease, Store, StoreError};

use super::{
    Fresh,
    make::{leaves, record_ids, tenant},
};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3_600);

async fn acquire(store: &Store, tenant: &TenantId, holder: &str, ttl: Duration) -> Option<u64> {
    store.acquire_lease(tenant, "sign", holder, ttl).await.unwrap().map(|Lease { epoch }| epoch)
}

pub async fn one_holds_it_and_renews_it_in_one_epoch(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    let epoch = acquire(&store, &t, "one", LONG).await.unwrap();
    for _ in 0..3 {
        assert_eq!(acquire(&store, &t, "other", LONG).await, None);
        assert_eq!(acquire(&store, &t, "one", LONG).await, Some(epoch));
    }
    // Another name, or another tenant, is another lease.
    assert!(store.acquire_lease(&t, "retain", "other", LONG).await.unwrap().is_some());
    assert!(acquire(&store, &u, "other", LONG).await.is_some());
}

pub async fn one_that_ended_or_was_given_back_is_taken_in_another_epoch(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let first = acquire(&store, &t, "one", Duration::ZERO).await.unwrap();
    let second = acquire(&store, &t, "other", LONG).await.unwrap();
    assert!(second > first, "{second} after {first}");
    assert_eq!(acquire(&store, &t, "one", LONG).await, None);
    // Who does not hold it can't give it back.
    store.release_lease(&t, "sign", "one").await.unwrap();
    assert_eq!(acquire(&store, &t, "one", LONG).await, None);
    store.release_lease(&t, "sign", "other").await.unwrap();
    let third = acquire(&store, &t, "one", LONG).await.unwrap();
    assert!(third > second, "{third} after {second}");
    store.release_lease(&t, "unknown", "one").await.unwrap();
}

pub async fn a_commit_of_a_lost_lease_is_refused(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    let fenced = |tenant: &TenantId, epoch, id: &str| Commit {
        fence: Some(Fence { name: "sign", epoch }),
        ..leaves(tenant, [id])
    };
    assert_eq!(store.commit(fenced(&t, 1, "before any")).await, Err(StoreError::Fenced));
    let first = acquire(&store, &t, "one", Duration::ZERO).await.unwrap();
    // Its time is over, and nobody took it.
    store.commit(fenced(&t, first, "a")).await.unwrap();
    assert_eq!(store.commit(fenced(&u, first, "another tenant's")).await, Err(StoreError::Fenced));
    let second = acquire(&store, &t, "other", LONG).await.unwrap();
    assert_eq!(store.commit(fenced(&t, first, "late")).await, Err(StoreError::Fenced));
    assert_eq!(store.commit(fenced(&t, second + 1, "early")).await, Err(StoreError::Fenced));
    store.commit(fenced(&t, second, "b")).await.unwrap();
    store.commit(leaves(&t, ["c"])).await.unwrap();
    assert_eq!(record_ids(&store, &t).await, ["a", "b", "c"]);
}

pub async fn a_lost_lease_is_told_before_any_conflict(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    store.commit(leaves(&t, ["a"])).await.unwrap();
    // Told of a conflict, the caller would take the record for its own.
    let again = Commit { fence: Some(Fence { name: "sign", epoch: 1 }), ..leaves(&t, ["a"]) };
    assert_eq!(store.commit(again).await, Err(StoreError::Fenced));
}

pub async fn a_race_has_one_winner(Fresh { store, .. }: Fresh) {
    let mut race = tokio::task::JoinSet::new();
    for number in 0..20 {
        let store = store.clone();
        race.spawn(async move { acquire(&store, &tenant("t"), &format!("holder {number}"), LONG).await });
    }
    assert_eq!(race.join_all().await.into_iter().flatten().count(), 1);
}
