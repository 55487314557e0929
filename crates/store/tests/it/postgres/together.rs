//! Two processes over one database.

use std::{collections::BTreeSet, time::Duration};

use countersign_core::Trigger;
use countersign_store::{
    Commit, Committed, Conflict, DecisionFilter, Fence, Scope, Store, StoreError, SwitchRow, Write,
};
use tokio::task::JoinSet;

use super::Databases;
use crate::suite::make::{
    assert_whole, at, commit_all, decide, decision, leaves, profile, record_ids, subject, tenant, writes,
};

async fn two() -> Option<(Store, Store)> {
    let databases = Databases::make().await?;
    Some((databases.open().await.unwrap(), databases.open().await.unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_fill_every_index_once_and_lose_nothing() {
    let Some((left, right)) = two().await else { return };
    let tenants = ["a", "b", "c"].map(tenant);
    let mut tasks = JoinSet::new();
    for (side, store) in [&left, &right].into_iter().enumerate() {
        for (n, t) in (0..40_u32).flat_map(|n| tenants.iter().map(move |t| (n, t))) {
            let (store, t) = (store.clone(), t.clone());
            let mut made = decision(n);
            made.id = format!("dec_{side}_{n}").parse().unwrap();
            tasks.spawn(async move {
                let id = made.id.to_string();
                let committed = store.commit(decide(&t, made, &subject(n))).await.unwrap();
                (t, id, committed)
            });
        }
    }
    let answers = tasks.join_all().await;
    for t in &tenants {
        let mine: Vec<_> = answers.iter().filter(|(of, ..)| of == t).collect();
        let places: BTreeSet<u64> = mine.iter().map(|(.., committed)| committed.first_index).collect();
        assert_eq!(places, (0..80).collect());
        let leaves = assert_whole(&left, t).await;
        assert_eq!(leaves, assert_whole(&right, t).await);
        for (_, id, committed) in mine {
            let place = usize::try_from(committed.first_index).unwrap();
            assert_eq!(&leaves[place].record_id, id);
        }
        let filter = DecisionFilter::default();
        assert_eq!(right.list_decisions(Scope::Tenant(t), filter, 1_000).await.unwrap().len(), 80);
    }
}

#[tokio::test]
async fn a_request_that_one_has_seen_is_refused_by_the_other() {
    let Some((left, right)) = two().await else { return };
    let t = tenant("t");
    let ask = |id: &str| writes(&t, vec![Write::Request { id: id.to_owned(), at: at(0) }]);
    left.commit(ask("msg_1")).await.unwrap();
    assert_eq!(right.commit(ask("msg_1")).await, Err(StoreError::Conflict(Conflict::Request)));
    // At once, one of each pair is refused whoever is first.
    for n in 2..30 {
        let id = format!("msg_{n}");
        let (one, other) = tokio::join!(left.commit(ask(&id)), right.commit(ask(&id)));
        assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
    }
}

#[tokio::test]
async fn of_two_that_write_one_profile_one_is_stale() {
    let Some((left, right)) = two().await else { return };
    let t = tenant("t");
    for version in 0..20 {
        let write = |text: &[u8]| writes(&t, vec![profile(&subject(1), version, text)]);
        let (one, other) = tokio::join!(left.commit(write(b"left")), right.commit(write(b"right")));
        let refused = if one.is_ok() { other } else { one };
        assert_eq!(refused, Err(StoreError::Stale));
        assert_eq!(left.find_profile(&t, &subject(1)).await.unwrap().unwrap().version, version + 1);
    }
}

/// Tries to take the lease until `holder` has it; its epoch.
async fn take(store: &Store, holder: &str, ttl: Duration) -> u64 {
    let taken = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            if let Some(lease) = store.acquire_lease(&tenant("t"), "sign", holder, ttl).await.unwrap() {
                return lease.epoch;
            }
        }
    });
    taken.await.unwrap()
}

#[tokio::test]
async fn who_lost_the_lease_writes_nothing_more() {
    let Some((left, right)) = two().await else { return };
    let t = tenant("t");
    let fenced = |epoch, id: &str| Commit { fence: Some(Fence { name: "sign", epoch }), ..leaves(&t, [id]) };
    let (short, long) = (Duration::from_millis(300), Duration::from_secs(600));
    let first = take(&left, "left", short).await;
    assert_eq!(left.commit(fenced(first, "a")).await, Ok(Committed { first_index: 0, size: 1 }));
    // The lease ends by the server's clock, whatever the processes' clocks say: these stand still.
    let second = take(&right, "right", long).await;
    assert!(second > first);
    assert_eq!(left.acquire_lease(&t, "sign", "left", long).await, Ok(None));
    assert_eq!(left.commit(fenced(first, "b")).await, Err(StoreError::Fenced));
    // Nor is anyone else in the same batch harmed.
    let answers = commit_all(&left, vec![fenced(first, "c"), leaves(&t, ["d"]), fenced(first, "e")]).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Err(StoreError::Fenced)).count(), 2);
    right.commit(fenced(second, "f")).await.unwrap();
    assert_eq!(record_ids(&left, &t).await, ["a", "d", "f"]);
}

#[tokio::test]
async fn a_lease_that_is_being_taken_is_waited_for() {
    let Some(databases) = Databases::make().await else { return };
    let store = databases.open().await.unwrap();
    let t = tenant("t");
    let epoch = take(&store, "left", Duration::from_secs(600)).await;
    let (server, name) = (databases.server, databases.records.clone());
    let taking = tokio::task::spawn_blocking(move || {
        // Less than the store waits for a lock.
        let take = "BEGIN; UPDATE countersign.leases SET epoch = epoch + 1, holder = 'right';
                    SELECT pg_sleep(0.5); COMMIT";
        server.execute(&name, take)
    });
    let sleeping = "SELECT count(*) FROM pg_stat_activity
                    WHERE wait_event = 'PgSleep' AND datname = current_database()";
    let mut looks = 0..1_000;
    while looks.next().is_some() && databases.records(sleeping).trim() != "1" {}
    let fence = Some(Fence { name: "sign", epoch });
    assert_eq!(store.commit(Commit { fence, ..leaves(&t, ["a"]) }).await, Err(StoreError::Fenced));
    taking.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_change_reaches_the_other_within_a_second() {
    let Some((left, right)) = two().await else { return };
    let t = tenant("t");
    let (mut here, mut there) = (left.changes(), right.changes());
    here.mark_unchanged();
    there.mark_unchanged();
    let switch = Write::Switch(SwitchRow { trigger: Trigger::PostLogin, is_off: true, at: at(0) });
    left.commit(writes(&t, vec![switch])).await.unwrap();
    for heard in [&mut here, &mut there] {
        tokio::time::timeout(Duration::from_secs(1), heard.changed()).await.unwrap().unwrap();
    }
    assert!(right.list_switches(&t).await.unwrap()[0].is_off);
    // What is refused is not told.
    let policy = countersign_store::PolicyRow {
        version: 8,
        etag: "e".to_owned(),
        document: "{}".to_owned(),
        at: at(0),
    };
    let stale = Write::Policy { expected_version: 7, row: policy };
    assert_eq!(left.commit(writes(&t, vec![stale])).await, Err(StoreError::Stale));
    assert!(tokio::time::timeout(Duration::from_millis(300), there.changed()).await.is_err());
}
