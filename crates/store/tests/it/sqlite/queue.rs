//! The queue before the writer, seen through the store.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_store::{Access, Commit, Committed, Scope, Store, StoreError, Urgency};
use rusqlite::Connection;

use super::{open, raw};
use crate::suite::make::{
    assert_whole, decide, decision, leaves, profile, record_ids, subject, tenant, writes,
};

/// Starts a commit so that it stands in the queue when this returns.
fn queued(store: &Store, commit: Commit) -> Pin<Box<impl Future<Output = Result<Committed, StoreError>>>> {
    let mut answer = Box::pin(store.commit(commit));
    assert!(answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    answer
}

/// The most that the writer takes at once.
const BATCH: usize = 256;

#[tokio::test]
async fn decisions_pass_background_work_that_waits_for_a_foreign_lock() {
    // The lock must go before the writer gives up on it; on a machine that stalls that long, try again.
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).unwrap();
        let (t, lock) = (tenant("t"), raw(&folder, "countersign.db"));
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let background: Vec<_> = (0..600).map(|n| queued(&store, leaves(&t, [format!("rec_{n}")]))).collect();
        let urgent: Vec<_> = (0..50).map(|n| queued(&store, decide(&t, decision(n), &subject(n)))).collect();
        lock.execute_batch("COMMIT").unwrap();
        let mut answers = Vec::new();
        for answer in urgent.into_iter().chain(background) {
            answers.push(answer.await);
        }
        if answers.iter().any(|answer| matches!(answer, Err(StoreError::Unavailable(_)))) {
            continue;
        }
        let order = record_ids(&store, &t).await;
        assert_eq!(order.len(), 650);
        // All but the batch that the writer had in hand comes after the last decision.
        let last = order.iter().rposition(|id| id.starts_with("dec_")).unwrap();
        assert!(last < BATCH + 50, "the last decision stands at {last}");
        let of_kind =
            |prefix: &str| order.iter().filter(|id| id.starts_with(prefix)).cloned().collect::<Vec<_>>();
        assert_eq!(
            of_kind("dec_"),
            (0..50).map(|n| format!("dec_{n:08}")).collect::<Vec<_>>(),
            "each kind keeps its order"
        );
        assert_eq!(
            of_kind("rec_"),
            (0..600).map(|n| format!("rec_{n}")).collect::<Vec<_>>(),
            "each kind keeps its order"
        );
        return;
    }
    panic!("the writer gave up on the lock each time");
}

#[tokio::test]
async fn an_expired_commit_is_not_begun_and_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(HeldClock::at(Timestamp::from_seconds(100)));
    let as_clock: Arc<dyn Clock> = clock.clone();
    let store = Store::open_sqlite(folder.path(), Access::Own, &as_clock).unwrap();
    let t = tenant("t");
    let expiring = |after_ms: u64, n| Commit {
        expires_at: Some(Duration::from_millis(100_000 + after_ms)),
        ..decide(&t, decision(n), &subject(n))
    };
    for (n, after_ms) in [(1, 0), (2, 250)] {
        let answer = store.commit(expiring(after_ms, n)).await;
        assert_eq!(answer.is_ok(), after_ms > 0, "{answer:?}");
    }
    clock.advance(Duration::from_millis(250));
    assert_eq!(store.commit(expiring(250, 3)).await, Err(StoreError::Expired));
    assert_eq!(record_ids(&store, &t).await, ["dec_00000002"]);
    assert_eq!(store.find_decision(Scope::Tenant(&t), &decision(1).id).await, Ok(None));
    // Not even its request is remembered: the same can be asked again.
    store.commit(decide(&t, decision(1), &subject(1))).await.unwrap();
}

#[tokio::test]
async fn a_full_queue_answers_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    let (t, lock) = (tenant("t"), raw(&folder, "countersign.db"));
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting = Vec::new();
    let refusal = loop {
        assert!(waiting.len() < 20_000, "no end of the queue");
        let mut answer = Box::pin(store.commit(leaves(&t, [format!("rec_{}", waiting.len())])));
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Pending => waiting.push(answer),
            std::task::Poll::Ready(answer) => break answer,
        }
    };
    assert!(
        matches!(&refusal, Err(StoreError::Unavailable(reason)) if reason.contains("wait")),
        "{refusal:?}"
    );
    // Sign-ins have a lane of their own.
    let urgent = queued(&store, decide(&t, decision(1), &subject(1)));
    lock.execute_batch("COMMIT").unwrap();
    let mut done = usize::from(urgent.await.is_ok());
    for answer in waiting {
        done += usize::from(answer.await.is_ok());
    }
    assert_eq!(assert_whole(&store, &t).await.len(), done);
    store.commit(leaves(&t, ["after"])).await.unwrap();
}

/// Answers `Unavailable` well before a sign-in's deadline, though another process keeps the lock for good.
async fn assert_unavailable_soon<T: std::fmt::Debug>(work: impl Future<Output = Result<T, StoreError>>) {
    // The busy timeout is 100 ms; the rest is for a machine that does much else.
    let answer = tokio::time::timeout(Duration::from_secs(3), work).await;
    assert!(matches!(answer, Ok(Err(StoreError::Unavailable(_)))), "{answer:?}");
}

#[tokio::test]
async fn a_foreign_lock_makes_writes_unavailable_until_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    let t = tenant("t");
    store.commit(leaves(&t, ["before"])).await.unwrap();
    let locked = |file| {
        let lock: Connection = raw(&folder, file);
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        lock
    };
    let locks = [locked("countersign.db"), locked("subject-keys.db")];
    let refused =
        Commit { writes: vec![profile(&subject(1), 0, b"p")], ..leaves(&t, ["refused", "with it"]) };
    assert_unavailable_soon(store.commit(refused.clone())).await;
    assert_unavailable_soon(store.commit(refused.clone())).await;
    let key = countersign_store::SubjectKeyRow { key_id: "key_1".to_owned(), wrapped: vec![1] };
    assert_unavailable_soon(store.find_or_insert_subject_key(&t, &subject(1), key.clone(), None)).await;
    // Reading goes on.
    assert_eq!(record_ids(&store, &t).await, ["before"]);
    assert_eq!(store.find_subject_key(&t, &subject(1)).await, Ok(None));
    for lock in locks {
        lock.execute_batch("ROLLBACK").unwrap();
    }
    assert_eq!(store.commit(refused).await, Ok(Committed { first_index: 1, size: 3 }));
    store.find_or_insert_subject_key(&t, &subject(1), key, None).await.unwrap();
    assert_eq!(record_ids(&store, &t).await, ["before", "refused", "with it"]);
}

#[tokio::test]
async fn a_commit_whose_caller_gave_up_stands_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    let t = tenant("t");
    // The first poll hands the work over; whether it is answered already does not matter here.
    let mut given_up = Box::pin(store.commit(decide(&t, decision(1), &subject(1))));
    drop(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())));
    drop(given_up);
    let after = Commit { urgency: Urgency::Background, ..writes(&t, vec![]) };
    assert_eq!(store.commit(after).await, Ok(Committed { first_index: 1, size: 1 }));
    assert!(store.find_decision(Scope::Tenant(&t), &decision(1).id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_that_was_not_begun_in_its_time_is_never_made() {
    let folder = tempfile::tempdir().unwrap();
    let held = Arc::new(HeldClock::at(Timestamp::default()));
    let clock: Arc<dyn Clock> = Arc::clone(&held) as Arc<dyn Clock>;
    let store = Store::open_sqlite(folder.path(), Access::Own, &clock).unwrap();
    let key = countersign_store::SubjectKeyRow { key_id: "key_1".to_owned(), wrapped: vec![1] };
    let until = clock.monotonic() + Duration::from_millis(250);
    held.advance(Duration::from_millis(250));
    let t = tenant("t");
    let late = store.find_or_insert_subject_key(&t, &subject(1), key.clone(), Some(until)).await;
    assert_eq!(late, Err(StoreError::Expired));
    assert_eq!(store.find_subject_key(&t, &subject(1)).await, Ok(None));
    let soon = Some(until + Duration::from_millis(1));
    assert_eq!(store.find_or_insert_subject_key(&t, &subject(1), key.clone(), soon).await, Ok(key));
}
