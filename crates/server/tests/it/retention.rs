//! Retention: what is older than it is kept is deleted, and the ledger tells it.

use countersign_app::access::Within;
use std::time::Duration;

use countersign_app::Kept;
use countersign_testkit::{TENANT, TestApp, post_login};
use serde_json::json;

use crate::world::{at_home, check_problem, complete, id_of, show};

/// A day and a second.
const DAY: Duration = Duration::from_secs(86_401);

async fn retain(service: &TestApp, kept: Kept, days: u32) -> u64 {
    let mut gone_through = 0;
    loop {
        match service.app.retain(&service.tenant(), &service.lead().await, kept, days).await.unwrap() {
            0 => return gone_through,
            some => gone_through += some,
        }
    }
}

#[tokio::test]
async fn old_decisions_lose_what_they_say_about_people_and_keep_their_proof() {
    let service = TestApp::start(|_| {}).await;
    let old = id_of(&service.decide(&post_login()).await);
    complete(&service, &old).await;
    service.clock.advance(DAY * 10);
    let young = id_of(&service.decide(&post_login()).await);
    // What silence is still to teach is kept until then.
    assert_eq!(retain(&service, Kept::Decisions, 7).await, 0);
    assert_eq!(show(&service, &old).await["decision_id"], old.as_str());
    while service.app.count_silence(&service.tenant(), &service.lead().await).await.unwrap() > 0 {}
    let before = service.app.audit(&service.tenant()).await.unwrap().size;
    assert!(retain(&service, Kept::Decisions, 7).await > 0);

    let gone = service.get(&format!("/v1/decisions/{old}?tenant={TENANT}")).await;
    check_problem(&gone, 410, "record.not_kept");
    assert_eq!(show(&service, &young).await["decision_id"], young.as_str());
    let receipt = service.get(&format!("/v1/decisions/{old}/receipt?tenant={TENANT}")).await;
    assert_eq!(receipt.status, 200, "the proof outlives the record: {}", receipt.json);
    let page = service.get(&format!("/decisions/{old}?tenant={TENANT}")).await;
    assert!(String::from_utf8(page.bytes).unwrap().contains("older than it is kept"));
    let after = service.app.audit(&service.tenant()).await.unwrap();
    assert!(after.size > before, "the deletion is on record");
    let told = service.outcome(&json!({ "kind": "completed", "decision_id": old })).await;
    check_problem(&told, 410, "record.not_kept");
}

#[tokio::test]
async fn each_kind_is_kept_as_long_as_is_said_of_it() {
    let service = TestApp::start(|_| {}).await;
    let id = id_of(&service.decide(&post_login()).await);
    complete(&service, &id).await;
    service.clock.advance(DAY * 10);
    assert!(retain(&service, Kept::Outcomes, 7).await > 0);
    assert_eq!(show(&service, &id).await["standing"], "completed");
    assert_eq!(retain(&service, Kept::Decisions, 11).await, 0);
    assert_eq!(retain(&service, Kept::Outcomes, 7).await, 0, "gone through once");
}

#[tokio::test]
async fn what_takes_many_batches_is_gone_through_whole_and_nothing_else_changes() {
    let service = TestApp::start(|_| {}).await;
    let tenant = service.tenant();
    let mut old = Vec::new();
    for number in 0..300 {
        let id = id_of(&service.decide(&at_home(&format!("auth0|{}", number % 7))).await);
        if number % 50 == 0 {
            complete(&service, &id).await;
        }
        old.push(id);
    }
    service.clock.advance(DAY * 10);
    while service.app.count_silence(&tenant, &service.lead().await).await.unwrap() > 0 {}
    let young = id_of(&service.decide(&post_login()).await);
    let standings = async || {
        let mut all = Vec::new();
        for id in &old {
            let id = id.parse().unwrap();
            all.extend(service.app.decision(Within::all(&tenant), &id).await.err().map(|error| error.code()));
        }
        all
    };
    assert!(standings().await.is_empty(), "all can be read");
    let mut batches = 0;
    while service.app.retain(&tenant, &service.lead().await, Kept::Decisions, 7).await.unwrap() > 0 {
        batches += 1;
    }
    assert!(batches > 2, "{batches}");
    assert_eq!(standings().await, vec!["record.not_kept"; 300]);
    assert_eq!(show(&service, &young).await["decision_id"], young.as_str());
    // Outcomes are of another kind, and each batch is told once.
    let report = service.app.audit(&tenant).await.unwrap();
    assert!(report.size > 300 + batches);
    assert!(retain(&service, Kept::Outcomes, 7).await > 0);
    service.app.audit(&tenant).await.unwrap();
}
