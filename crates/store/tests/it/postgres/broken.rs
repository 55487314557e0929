//! Connections and servers that end in the middle.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use countersign_core::Trigger;
use countersign_store::{Commit, Scope, Store, StoreError, SwitchRow, Write};
use tokio::task::JoinSet;

use super::{Databases, empty, open, settings};
use crate::suite::make::{
    assert_whole, at, commit_all, decide, decision, leaves, record_ids, subject, tenant, writes,
};

/// Ends every connection of stores to a database, as an administrator may.
const END_ALL: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'countersign' AND datname = current_database()";

/// Callers that commit until told to stop; each returns what was acknowledged, and how often it was told to come again.
fn commit_until(stop: &Arc<AtomicBool>, store: &Store) -> JoinSet<(Vec<String>, u32)> {
    let mut callers = JoinSet::new();
    for caller in 0..16_u32 {
        let (store, stop) = (store.clone(), Arc::clone(stop));
        callers.spawn(async move {
            let (mut acknowledged, mut refused) = (Vec::new(), 0);
            for n in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let mut made = decision(n);
                made.id = format!("dec_{caller}_{n}").parse().unwrap();
                match store.commit(decide(&tenant("t"), made.clone(), &subject(caller))).await {
                    Ok(_) => acknowledged.push(made.id.to_string()),
                    Err(StoreError::Unavailable(_)) => refused += 1,
                    Err(other) => panic!("{other:?}"),
                }
            }
            (acknowledged, refused)
        });
    }
    callers
}

/// Everything that was acknowledged is there, and the ledger has no gap.
async fn assert_kept(store: &Store, callers: JoinSet<(Vec<String>, u32)>) -> usize {
    let acknowledged: Vec<String> =
        callers.join_all().await.into_iter().flat_map(|(acknowledged, _)| acknowledged).collect();
    let t = tenant("t");
    let mut kept = record_ids(store, &t).await;
    kept.sort();
    for id in &acknowledged {
        assert!(kept.binary_search(id).is_ok(), "`{id}` was acknowledged and is lost");
    }
    acknowledged.len()
}

/// Waits until the ledger has grown by so many leaves.
async fn grown(store: &Store, by: u64) {
    let size = async || store.get_ledger_head(&tenant("t")).await.map(|head| head.frontier.size());
    let grown = tokio::time::timeout(Duration::from_secs(30), async {
        let from = loop {
            if let Ok(from) = size().await {
                break from;
            }
        };
        while size().await.is_ok_and(|now| now < from + by) {}
    });
    grown.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_connections_that_are_ended() {
    let Some(databases) = Databases::make().await else { return };
    let store = databases.open().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let callers = commit_until(&stop, &store);
    for _ in 0..10 {
        grown(&store, 100).await;
        databases.records(END_ALL);
    }
    grown(&store, 100).await;
    stop.store(true, Ordering::Relaxed);
    assert!(assert_kept(&store, callers).await > 1_000);
}

#[tokio::test]
async fn reads_go_on_over_connections_that_were_ended() {
    let Some(databases) = Databases::make().await else { return };
    let store = databases.open().await.unwrap();
    let t = tenant("t");
    store.commit(leaves(&t, ["a"])).await.unwrap();
    for _ in 0..5 {
        databases.records(END_ALL);
        assert!(store.find_leaf(Scope::Tenant(&t), "a").await.unwrap().is_some());
        assert_eq!(store.find_profile(&t, &subject(1)).await, Ok(None));
    }
}

#[tokio::test]
async fn changes_are_heard_again_after_the_connection_was_ended() {
    let Some(databases) = Databases::make().await else { return };
    let store = databases.open().await.unwrap();
    let mut heard = store.changes();
    databases.records(END_ALL);
    // The loss itself is told: something may have been missed.
    tokio::time::timeout(Duration::from_secs(10), heard.changed()).await.unwrap().unwrap();
    heard.mark_unchanged();
    let switch = Write::Switch(SwitchRow { trigger: Trigger::PostLogin, is_off: true, at: at(0) });
    store.commit(writes(&tenant("t"), vec![switch])).await.unwrap();
    tokio::time::timeout(Duration::from_secs(1), heard.changed()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_server_that_crashes() {
    // Leaked, as the server of the other tests is: it ends with this process.
    let Some(server) = countersign_testdb::start().map(|server| &*Box::leak(Box::new(server))) else {
        return;
    };
    let databases = empty(server, "crash");
    let store = databases.open().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let callers = commit_until(&stop, &store);
    for _ in 0..2 {
        grown(&store, 200).await;
        server.crash_and_restart().unwrap();
    }
    grown(&store, 200).await;
    stop.store(true, Ordering::Relaxed);
    assert!(assert_kept(&store, callers).await > 400);
}

#[tokio::test]
async fn a_lock_held_elsewhere_makes_one_tenant_unavailable_and_no_other() {
    let Some(databases) = Databases::make().await else { return };
    let store = databases.open().await.unwrap();
    let (held, free) = (tenant("held"), tenant("free"));
    for t in [&held, &free] {
        store.commit(leaves(t, ["a"])).await.unwrap();
    }
    let (server, name) = (databases.server, databases.records.clone());
    let lock = tokio::task::spawn_blocking(move || {
        // Longer than the store waits for a lock; the server ends it should this process die.
        let hold = "BEGIN; SELECT 1 FROM countersign.ledgers WHERE tenant_id = 'held' FOR UPDATE; SELECT pg_sleep(4)";
        server.execute(&name, hold)
    });
    // Until it is held, commits go through. Both tenants' are in one batch, and only one is refused.
    let refusal = tokio::time::timeout(Duration::from_secs(10), async {
        for n in 0.. {
            let commits = [&held, &free].map(|t| leaves(t, [format!("b_{n}")]));
            let mut answers = commit_all(&store, commits.into()).await;
            answers.pop().unwrap().unwrap();
            if let Some(Err(refusal)) = answers.pop() {
                return refusal;
            }
        }
        unreachable!()
    });
    assert!(matches!(refusal.await.unwrap(), StoreError::Unavailable(_)));
    store.commit(leaves(&free, ["c"])).await.unwrap();
    lock.await.unwrap().unwrap();
    store.commit(leaves(&held, ["c"])).await.unwrap();
    assert_whole(&store, &held).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_its_address() {
    let nowhere = "postgres://someone:hunter2@localhost/none?host=/nonexistent-folder";
    for url in [nowhere, "postgres://someone:hunter2@localhost:port/none", "hunter2", ""] {
        let answer = open(settings(url, url), countersign_store::Access::Own).await.err().unwrap();
        assert!(matches!(&answer, StoreError::Unavailable(_)), "{answer:?}");
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
    }
}

#[tokio::test]
async fn a_commit_whose_texts_the_server_refuses_harms_no_neighbor() {
    let Some(databases) = Databases::make().await else { return };
    let store = databases.open().await.unwrap();
    let t = tenant("t");
    let null = |write: Write| Commit { writes: vec![write], ..leaves(&t, ["with it"]) };
    let erasure = Write::Erasure { key_id: "a\0b".to_owned(), at: at(0) };
    let commits = vec![leaves(&t, ["a"]), leaves(&t, ["null\0"]), null(erasure), leaves(&t, ["b"])];
    let answers = commit_all(&store, commits).await;
    for (place, is_ok) in [true, false, false, true].into_iter().enumerate() {
        assert_eq!(answers[place].is_ok(), is_ok, "{:?}", answers[place]);
    }
    let mut kept = record_ids(&store, &t).await;
    kept.sort();
    assert_eq!(kept, ["a", "b"]);
}
