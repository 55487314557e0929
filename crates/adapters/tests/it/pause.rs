//! When a connector is left alone.

use std::time::Duration;

use countersign_app::enrich::{Enrich, EnrichError, Question};

use crate::peer::{PATIENCE, answer, answering, ask, connector_at, facts, silent};

#[tokio::test]
async fn after_five_failures_nothing_is_sent_for_30_seconds() {
    let peer = answering(answer("503 Service Unavailable", "")).await;
    let (connector, clock) = connector_at(&peer.url, PATIENCE, false);
    for _ in 0..5 {
        assert_eq!(ask(&connector).await, Err(EnrichError::Status(503)));
    }
    for _ in 0..10 {
        assert_eq!(ask(&connector).await, Err(EnrichError::Paused));
    }
    assert_eq!(peer.asked().len(), 5);
    clock.advance(Duration::from_secs(30));
    assert_eq!(ask(&connector).await, Err(EnrichError::Status(503)));
    assert_eq!(ask(&connector).await, Err(EnrichError::Paused), "one failure pauses again");
    assert_eq!(peer.asked().len(), 6);
}

#[tokio::test]
async fn answers_that_are_of_no_use_do_not_pause() {
    for bytes in [facts("[]"), facts(&" ".repeat(5_000)), answer("404 Not Found", "")] {
        let peer = answering(bytes).await;
        let (connector, _) = connector_at(&peer.url, PATIENCE, false);
        for _ in 0..10 {
            assert_ne!(ask(&connector).await, Err(EnrichError::Paused));
        }
        assert_eq!(peer.asked().len(), 10);
    }
}

#[tokio::test]
async fn a_caller_that_stops_waiting_counts_as_a_failure() {
    let peer = silent().await;
    let (connector, _) = connector_at(&peer.url, PATIENCE, false);
    for _ in 0..5 {
        let asking = connector.enrich(Question { email: "a@example.org", within: PATIENCE });
        assert!(tokio::time::timeout(Duration::from_millis(5), asking).await.is_err());
    }
    assert_eq!(ask(&connector).await, Err(EnrichError::Paused));
}

#[tokio::test]
async fn callers_with_little_time_do_not_have_a_connector_left_alone() {
    let peer = silent().await;
    let (connector, _) = connector_at(&peer.url, PATIENCE, false);
    let within = Duration::from_millis(5);
    for _ in 0..10 {
        let asking = connector.enrich(Question { email: "a@example.org", within });
        assert_eq!(asking.await, Err(EnrichError::Late));
        let asking = connector.enrich(Question { email: "a@example.org", within: PATIENCE / 2 });
        assert!(tokio::time::timeout(Duration::from_millis(1), asking).await.is_err());
    }
    // With its full time it counts as ever.
    let (connector, _) = connector_at(&peer.url, within, false);
    for _ in 0..5 {
        assert_eq!(ask(&connector).await, Err(EnrichError::Late));
    }
    assert_eq!(ask(&connector).await, Err(EnrichError::Paused));
}

#[tokio::test]
async fn no_more_than_128_requests_are_under_way() {
    let peer = silent().await;
    let (connector, _) = connector_at(&peer.url, PATIENCE, false);
    let question = Question { email: "a@example.org", within: PATIENCE };
    let mut waiting: Vec<_> = (0..128).map(|_| connector.enrich(question)).collect();
    for asking in &mut waiting {
        assert!(tokio::time::timeout(Duration::ZERO, asking).await.is_err());
    }
    assert_eq!(connector.enrich(question).await, Err(EnrichError::Busy));
    drop(waiting.pop());
    let asking = connector.enrich(question);
    assert!(tokio::time::timeout(Duration::from_millis(5), asking).await.is_err(), "it waits for its answer");
}
