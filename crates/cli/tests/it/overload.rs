//! The binary while it can't keep up: what is too much is refused at once, and those who look after it are answered.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::Duration,
};

use rusqlite::Connection;

use crate::world::{Service, now, sign_in};

/// What nothing here may take longer than.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn while_the_disk_hangs_requests_are_refused_at_once_and_operators_are_answered() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let event = sign_in("auth0|anna");
    service.client().decide("msg_before", &event);
    let held = Connection::open(service.data.join("countersign.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();

    let (is_over, sent) = (AtomicBool::new(false), AtomicU32::new(0));
    let ask = || {
        let mut client = service.client();
        while !is_over.load(Ordering::Relaxed) {
            let id = format!("msg_{}", sent.fetch_add(1, Ordering::Relaxed));
            let question = client.question(&id, &event);
            let answer = client.send(&question).unwrap();
            assert_eq!(answer.status, 503, "{}", answer.text());
            if answer.json()["code"] == "overloaded" {
                assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
                assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
                is_over.store(true, Ordering::Relaxed);
            }
        }
    };
    let began = now();
    thread::scope(|scope| {
        let asking = [(); 3].map(|()| scope.spawn(ask));
        let mut operator = service.client();
        while !is_over.load(Ordering::Relaxed) && began.elapsed() < PATIENCE {
            assert!(operator.get("/metrics", &[]).status == 200, "operators are answered");
        }
        let was_refused = is_over.swap(true, Ordering::Relaxed);
        asking.into_iter().for_each(|asking| asking.join().unwrap());
        assert!(was_refused, "nothing was refused");
    });
    let mut client = service.client();
    assert_eq!(client.get("/health", &[]).json()["status"], "ledger_unavailable");
    let metrics = client.get("/metrics", &[]).text();
    assert!(metrics.contains("countersign_refused_total{code=\"overloaded\"}"), "{metrics}");

    drop(held);
    let mut tries = 0;
    let answered = loop {
        let question = client.question(&format!("msg_after_{tries}"), &event);
        tries += 1;
        match client.send(&question).unwrap().status {
            200 => break true,
            _ if began.elapsed() > 2 * PATIENCE => break false,
            status => assert_eq!(status, 503),
        }
    };
    assert!(answered, "it recovers");
}
