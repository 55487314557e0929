//! Reading a tenant's log by its checkpoint: all that it keeps at first, then what its stream did not deliver.

use std::{collections::BTreeMap, time::Duration};

use countersign_app::{
    Error, Pulled, Reading,
    management::{Api, Cause, Error as ApiError, Lane, Pending, Refusal, Reply},
};
use countersign_auth0::management::{AnyRequest, Operation, logs};
use countersign_core::{Clock, Timestamp};
use countersign_testkit::TestApp;
use serde_json::Value;

use crate::{
    rates::{delivered, limited_entries as limited},
    watch::{alerts, clean, deliver, log, settle},
};

/// What a tenant keeps of its log, answered as the API does: by search the oldest first, by checkpoint in the order of ids.
struct Kept {
    entries: Vec<Value>,
    /// The id before which nothing is kept any more, so that no checkpoint may be there.
    lost_before: String,
}

impl Kept {
    fn new(entries: Vec<Value>) -> Self {
        Self { entries, lost_before: String::new() }
    }

    fn answer(&self, request: &AnyRequest) -> Result<Reply, ApiError> {
        let query: BTreeMap<&str, &str> =
            request.query().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
        let mut entries = self.entries.clone();
        let Some(from) = query.get("from") else {
            assert_eq!((query["sort"], query["per_page"]), ("date:1", "100"));
            entries.sort_by_key(|entry| text(entry, "date"));
            entries.truncate(100);
            return Ok(Reply {
                status: 200,
                body: Value::from(entries).to_string().into_bytes(),
                next: None,
            });
        };
        if *from < self.lost_before.as_str() {
            let (error, message) = ("Bad Request".to_owned(), "unknown".to_owned());
            let refusal = Refusal { status: 400, error, code: None, message };
            return Err(ApiError::Refused { operation: operation(), refusal });
        }
        entries.retain(|entry| text(entry, "log_id").as_str() > *from);
        entries.sort_by_key(|entry| text(entry, "log_id"));
        entries.truncate(query["take"].parse().unwrap());
        let next = entries.last().map_or_else(|| (*from).to_owned(), |last| text(last, "log_id"));
        Ok(Reply { status: 200, body: Value::from(entries).to_string().into_bytes(), next: Some(next) })
    }
}

fn operation() -> &'static Operation {
    logs::oldest().any().operation()
}

impl Api for Kept {
    fn fetch<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Reply, ApiError>> {
        assert_eq!(lane, Lane::Bulk);
        Box::pin(std::future::ready(self.answer(request)))
    }

    fn change<'a>(
        &'a self,
        _: &'a AnyRequest,
        _: Lane,
        _: &'a Cause,
    ) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(std::future::ready(Err(ApiError::NotRead { operation: operation() })))
    }
}

/// An API that never answers.
struct Down;

impl Api for Down {
    fn fetch<'a>(&'a self, _: &'a AnyRequest, _: Lane) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(std::future::ready(Err(ApiError::Paused { operation: operation() })))
    }

    fn change<'a>(
        &'a self,
        _: &'a AnyRequest,
        _: Lane,
        _: &'a Cause,
    ) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(std::future::ready(Err(ApiError::Paused { operation: operation() })))
    }
}

async fn pull(service: &TestApp, api: &dyn Api) -> Pulled {
    service.app.pull_next(&service.tenant(), api, &service.lead().await).await.unwrap()
}

async fn pull_all(service: &TestApp, api: &dyn Api) -> u64 {
    let mut taken = 0;
    loop {
        let pulled = pull(service, api).await;
        taken += pulled.delivered.taken;
        if pulled.is_end {
            return taken;
        }
    }
}

async fn reading(service: &TestApp) -> Reading {
    service.app.watch_status(&service.tenant()).await.unwrap().reading
}

async fn service() -> TestApp {
    let service = TestApp::start(|_| {}).await;
    service.clock.advance(Duration::from_secs(86_400));
    service
}

/// So many entries a second apart, up to so many seconds ago.
fn plain(service: &TestApp, count: i64, seconds_ago: i64) -> Vec<Value> {
    let last = service.clock.now().plus(-seconds_ago * 1_000_000);
    let entry = |n: i64| {
        let at = last.plus((n - count + 1) * 1_000_000);
        serde_json::json!({"log_id": format!("9{:015}", at.micros()), "type": "slo", "date": at.to_string()})
    };
    (0..count).map(entry).collect()
}

#[tokio::test]
async fn all_that_a_tenant_keeps_is_read_once_from_its_oldest_entry_on() {
    let service = service().await;
    let kept = Kept::new(plain(&service, 250, 600));
    let first = pull(&service, &kept).await;
    assert_eq!((first.delivered.taken, first.is_end), (100, false));
    assert!(reading(&service).await.history.until.is_none());
    assert_eq!(pull_all(&service, &kept).await, 150);
    let Reading { history, gaps, .. } = reading(&service).await;
    let date = |entry: &Value| entry["date"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(
        (history.oldest, history.newest),
        (Some(date(&kept.entries[0])), Some(date(&kept.entries[249])))
    );
    assert_eq!((history.entries, history.until, gaps), (250, Some(250), 0));
    assert_eq!(pull_all(&service, &kept).await, 0, "it goes on where it was");
    let shown = service.get("/v1/watch/example-tenant").await;
    assert_eq!((shown.status, &shown.json["reading"]["history"]["until"]), (200, &250.into()));
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains("countersign_log_history_open 0"), "{metrics}");
    assert!(metrics.contains("countersign_log_waiting 250"), "{metrics}");
}

#[tokio::test]
async fn a_tenant_without_a_log_is_read_to_its_end_and_gives_its_first_entries_later() {
    let service = service().await;
    assert!(pull(&service, &Kept::new(vec![])).await.is_end);
    assert_eq!(reading(&service).await.history.until, Some(0));
    let young = Kept::new(plain(&service, 3, 1));
    assert_eq!(pull_all(&service, &young).await, 0, "the stream may still deliver them");
    service.clock.advance(Duration::from_secs(300));
    assert_eq!(pull_all(&service, &young).await, 3);
}

#[tokio::test]
async fn a_page_that_was_read_before_a_crash_is_read_again_and_none_is_lost() {
    let mut service = service().await;
    let kept = Kept::new(plain(&service, 250, 600));
    pull(&service, &kept).await;
    for _ in 0..2 {
        let held = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
        held.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = service.app.pull_next(&service.tenant(), &kept, &service.lead().await).await;
        assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
        drop(held);
        let document = service.tenant().policy().document().clone();
        service = service.reopen(document).await;
    }
    // Why at the most: a page is journaled in pieces, and a later one may get through after an earlier one was refused.
    let taken = pull_all(&service, &kept).await;
    assert!((100..=150).contains(&taken), "{taken}");
    assert_eq!(service.app.watch_status(&service.tenant()).await.unwrap().journal.next, 250);
}

#[tokio::test]
async fn an_api_that_does_not_answer_loses_nothing() {
    let service = service().await;
    let kept = Kept::new(plain(&service, 120, 600));
    pull(&service, &kept).await;
    let before = reading(&service).await;
    let failed = service.app.pull_next(&service.tenant(), &Down, &service.lead().await).await;
    assert!(matches!(failed, Err(Error::Unavailable { .. })));
    assert_eq!(reading(&service).await, before);
    assert_eq!(pull_all(&service, &kept).await, 20);
}

#[tokio::test]
async fn a_checkpoint_that_the_tenant_does_not_keep_any_more_begins_at_the_oldest() {
    let service = service().await;
    let mut kept = Kept::new(plain(&service, 150, 600));
    pull_all(&service, &kept).await;
    service.clock.advance(Duration::from_secs(86_400));
    let later = plain(&service, 120, 600);
    kept.lost_before = later[0]["log_id"].as_str().unwrap().to_owned();
    kept.entries = later;
    assert_eq!(pull_all(&service, &kept).await, 120);
    assert_eq!(reading(&service).await.gaps, 120);
}

#[tokio::test]
async fn what_the_stream_did_not_deliver_in_two_minutes_is_a_gap() {
    let service = service().await;
    let mut kept = Kept::new(plain(&service, 10, 600));
    pull_all(&service, &kept).await;
    service.clock.advance(Duration::from_secs(60));
    kept.entries.extend(plain(&service, 20, 1));
    let (lost, told) = (kept.entries[10..15].to_vec(), kept.entries[15..].to_vec());
    deliver(&service, &told).await;
    assert_eq!(pull_all(&service, &kept).await, 0, "they are left to the stream");
    assert_eq!(reading(&service).await.gaps, 0);
    service.clock.advance(Duration::from_secs(180));
    assert_eq!(pull_all(&service, &kept).await, 5);
    let Reading { gaps, undelivered_since, .. } = reading(&service).await;
    assert_eq!((gaps, undelivered_since), (5, None), "the stream lives");
    for entry in &lost {
        let id = entry["log_id"].as_str().unwrap();
        let tenant = service.tenant();
        assert!(service.store.find_log_entry(tenant.id(), id).await.unwrap().is_some());
    }
    kept.entries.extend(plain(&service, 4, 130));
    let first = kept.entries[30]["date"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(pull_all(&service, &kept).await, 4);
    assert_eq!(reading(&service).await.undelivered_since, Some(first));
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    assert!(metrics.contains("countersign_log_gaps_total 9"), "{metrics}");
}

#[tokio::test]
async fn what_was_over_the_streams_allowance_is_read_or_comes_again_and_is_journaled_and_counted_once() {
    let service = limited(10).await;
    service.clock.advance(Duration::from_secs(86_400));
    let mut kept = Kept::new(plain(&service, 10, 600));
    pull_all(&service, &kept).await;
    service.clock.advance(Duration::from_secs(120));
    kept.entries.extend(plain(&service, 100, 1));
    let deliveries: Vec<_> = kept.entries[10..].chunks(10).collect();
    let mut refused = Vec::new();
    for delivery in &deliveries {
        if delivered(&service, delivery).await.status == 429 {
            refused.push(*delivery);
        }
    }
    assert_eq!(refused.len(), 8, "twenty entries are let through at once");
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(delivered(&service, refused[0]).await.json["taken"], 10, "it comes again");
    service.clock.advance(Duration::from_secs(180));
    assert_eq!(pull_all(&service, &kept).await, 70, "the reader of the log makes up for the rest");
    assert_eq!(reading(&service).await.gaps, 70);
    for delivery in deliveries {
        service.clock.advance(Duration::from_secs(1));
        assert_eq!(delivered(&service, delivery).await.json["repeated"], 10, "and counts none twice");
    }
    assert_eq!(service.app.watch_status(&service.tenant()).await.unwrap().journal.next, 110);
    let metrics = String::from_utf8(service.get("/metrics").await.bytes).unwrap();
    let told = r#"countersign_log_deliveries_refused_total{code="rate_limited"} 8"#;
    assert!(metrics.contains(told), "{metrics}");
}

#[tokio::test]
async fn history_and_live_entries_that_overlap_give_the_alerts_of_one_ordered_run() {
    let expected = clean().await;
    let all = log();
    for (live, pages_before) in [(all.len() - 20, 0), (all.len() / 2, 1), (30, 0), (all.len() - 20, 2)] {
        let service = service().await;
        let kept = Kept::new(all.clone());
        let mut pages = 0;
        let mut parts = all[live..].chunks(7);
        loop {
            if pages >= pages_before
                && let Some(part) = parts.next()
            {
                deliver(&service, part).await;
            }
            let (tenant, lead) = (service.tenant(), service.lead().await);
            while service.app.watch_next(&tenant, &lead).await.unwrap().entries > 0 {}
            let replayed = service.app.replay_late(&tenant, &lead).await.unwrap();
            let is_open = reading(&service).await.history.until.is_none();
            assert!(!is_open || replayed.entries == 0, "history waits for its end, then it is replayed once");
            if is_open {
                pull(&service, &kept).await;
            } else if parts.len() == 0 {
                break;
            }
            pages += 1;
        }
        settle(&service).await;
        assert_eq!(alerts(&service).await, expected, "live from {live}");
    }
}

#[tokio::test]
async fn a_process_that_ends_while_history_is_read_gives_the_same_alerts() {
    let expected = clean().await;
    let all = log();
    let mut service = service().await;
    deliver(&service, &all[90..]).await;
    for _ in 0..5 {
        let (tenant, lead) = (service.tenant(), service.lead().await);
        service.app.watch_next(&tenant, &lead).await.unwrap();
        pull(&service, &Kept::new(all.clone())).await;
        let document = tenant.policy().document().clone();
        drop(tenant);
        service = service.reopen(document).await;
    }
    assert!(reading(&service).await.history.until.is_some());
    settle(&service).await;
    assert_eq!(alerts(&service).await, expected);
}

#[tokio::test]
async fn a_history_that_does_not_go_on_holds_up_nothing_and_is_taken_in_when_it_does() {
    let expected = clean().await;
    let all = log();
    let service = service().await;
    deliver(&service, &all[90..]).await;
    let (tenant, lead) = (service.tenant(), service.lead().await);
    while service.app.watch_next(&tenant, &lead).await.unwrap().entries > 0 {}
    pull(&service, &Kept::new(all.clone())).await;
    assert!(service.app.watch_next(&tenant, &lead).await.unwrap().is_late);
    assert_eq!(service.app.replay_late(&tenant, &lead).await.unwrap().entries, 0);
    service.clock.advance(Duration::from_secs(16 * 60));
    assert!(service.app.replay_late(&tenant, &lead).await.unwrap().entries > 0);
    pull_all(&service, &Kept::new(all)).await;
    settle(&service).await;
    assert_eq!(alerts(&service).await, expected);
}

#[tokio::test]
async fn what_is_a_day_late_is_journaled_and_replays_nothing_older() {
    let service = service().await;
    let all = log();
    deliver(&service, &all[1..]).await;
    pull_all(&service, &Kept::new(all[20..].to_vec())).await;
    settle(&service).await;
    // What is late is replayed, and the replay leaves a snapshot of all of it.
    deliver(&service, &all[..1]).await;
    settle(&service).await;
    let before = alerts(&service).await;
    let old = plain(&service, 1, 3 * 86_400);
    deliver(&service, &old).await;
    let (tenant, lead) = (service.tenant(), service.lead().await);
    let worked = service.app.watch_next(&tenant, &lead).await.unwrap();
    assert_eq!((worked.too_late, worked.is_late), (1, false));
    assert_eq!(service.app.replay_late(&tenant, &lead).await.unwrap().entries, 0);
    assert_eq!(alerts(&service).await, before);
    assert!(!service.app.watch_next(&tenant, &lead).await.unwrap().is_late);
}
