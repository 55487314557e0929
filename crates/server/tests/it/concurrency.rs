//! Many at once: nothing is lost, nothing is answered twice, the ledgers hold.

use countersign_app::access::Within;
use std::sync::Arc;

use countersign_app::DecisionFilter;
use countersign_testkit::{Answer, OTHER_TENANT, TENANT, TestApp};
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{at_home, decide_as, id_of, signing_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_decisions_at_once_are_all_made_and_both_ledgers_hold() {
    let service = Arc::new(TestApp::start(|_| {}).await);
    let mut asking: JoinSet<Answer> = JoinSet::new();
    for number in 0..200 {
        let service = Arc::clone(&service);
        let tenant = if number % 2 == 0 { TENANT } else { OTHER_TENANT };
        let event = at_home(&format!("auth0|{}", number % 60));
        asking.spawn(async move { decide_as(&service, tenant, event).await });
    }
    let mut ids: Vec<String> = asking.join_all().await.iter().map(id_of).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 200, "each has an id of its own");
    for id in [TENANT, OTHER_TENANT] {
        let tenant = service.app.tenant(&id.parse().unwrap()).unwrap();
        let rows =
            service.app.decisions(Within::all(&tenant), DecisionFilter::default(), 1_000).await.unwrap();
        let mut indices: Vec<u64> = rows.iter().map(|row| row.leaf_index).collect();
        indices.sort_unstable();
        // The first leaves of each ledger are its policy, and those of access.
        assert_eq!(indices, (2..=101).collect::<Vec<u64>>(), "{id}");
        assert_eq!(service.app.audit(&tenant).await.unwrap().size, 102);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_request_sent_many_times_at_once_is_decided_once() {
    let service = Arc::new(TestApp::start(|_| {}).await);
    let mut asking: JoinSet<u16> = JoinSet::new();
    for _ in 0..40 {
        let service = Arc::clone(&service);
        asking.spawn(async move {
            let mut signing = signing_of(&service, TENANT);
            signing.id = "msg_same".to_owned();
            let body = TestApp::question(&at_home("auth0|anna")).to_string().into_bytes();
            service.signed("/v1/decisions", body, signing).await.status
        });
    }
    let mut statuses = asking.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[409; 39]].concat());
    assert_eq!(crate::world::count_decisions(&service, TENANT).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn outcomes_of_one_person_told_at_once_are_all_counted() {
    let (service, counted_apart) = (Arc::new(TestApp::start(|_| {}).await), TestApp::start(|_| {}).await);
    let event = at_home("auth0|anna");
    let mut telling: JoinSet<Answer> = JoinSet::new();
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(id_of(&service.decide(&event).await));
        let id = id_of(&counted_apart.decide(&event).await);
        counted_apart.outcome(&json!({ "kind": "completed", "decision_id": id })).await;
    }
    for id in ids {
        let service = Arc::clone(&service);
        telling
            .spawn(async move { service.outcome(&json!({ "kind": "completed", "decision_id": id })).await });
    }
    for answer in telling.join_all().await {
        assert_eq!((answer.status, &answer.json["outcome"]), (200, &json!("recorded")), "{}", answer.json);
    }
    let together = service.decide(&event).await.json["risk"].clone();
    assert_eq!(together, counted_apart.decide(&event).await.json["risk"]);
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_outcome_told_many_times_at_once_counts_once() {
    let service = Arc::new(TestApp::start(|_| {}).await);
    let id = id_of(&service.decide(&at_home("auth0|anna")).await);
    let mut telling: JoinSet<Answer> = JoinSet::new();
    for _ in 0..20 {
        let (service, id) = (Arc::clone(&service), id.clone());
        telling
            .spawn(async move { service.outcome(&json!({ "kind": "completed", "decision_id": id })).await });
    }
    let answers = telling.join_all().await;
    let recorded = answers.iter().filter(|answer| answer.json["outcome"] == "recorded").count();
    let known = answers.iter().filter(|answer| answer.json["outcome"] == "known").count();
    assert_eq!((recorded, known), (1, 19), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_verdict_told_beside_other_outcomes_is_never_lost() {
    let service = Arc::new(TestApp::start(|_| {}).await);
    let event = at_home("auth0|anna");
    for round in 0..40 {
        let id = id_of(&service.decide(&event).await);
        let mut telling: JoinSet<Answer> = JoinSet::new();
        for kind in ["completed", "challenge_passed", "verdict"] {
            let (service, id) = (Arc::clone(&service), id.clone());
            let outcome = match kind {
                "verdict" => json!({ "kind": kind, "decision_id": id, "verdict": "fraudulent" }),
                _ => json!({ "kind": kind, "decision_id": id }),
            };
            telling.spawn(async move { service.operate("POST", "/v1/outcomes", &outcome).await });
        }
        for answer in telling.join_all().await {
            assert_eq!(answer.json["outcome"], "recorded", "{}", answer.json);
        }
        let rows = service
            .app
            .decisions(Within::all(&service.tenant()), DecisionFilter::default(), 1)
            .await
            .unwrap();
        let found = (rows[0].decision.id.as_str(), rows[0].standing.as_str(), rows[0].granted);
        assert_eq!(found, (id.as_str(), "fraudulent", 0), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_verdict_told_while_silence_is_counted_is_never_lost() {
    let service = Arc::new(TestApp::start(|_| {}).await);
    for round in 0..15 {
        let mut ids = Vec::new();
        for person in 0..6 {
            ids.push(id_of(&service.decide(&at_home(&format!("auth0|{person}"))).await));
        }
        service.clock.advance(std::time::Duration::from_secs(86_400));
        let mut telling: JoinSet<()> = JoinSet::new();
        let counting = Arc::clone(&service);
        telling.spawn(async move {
            counting.app.count_silence(&counting.tenant(), &counting.lead().await).await.unwrap();
        });
        for id in ids {
            let service = Arc::clone(&service);
            telling.spawn(async move {
                let outcome = json!({ "kind": "verdict", "decision_id": id, "verdict": "fraudulent" });
                let told = service.operate("POST", "/v1/outcomes", &outcome).await;
                assert_eq!(told.json["outcome"], "recorded", "{}", told.json);
            });
        }
        telling.join_all().await;
        while service.app.count_silence(&service.tenant(), &service.lead().await).await.unwrap() > 0 {}
        let rows = service
            .app
            .decisions(Within::all(&service.tenant()), DecisionFilter::default(), 6)
            .await
            .unwrap();
        for row in rows {
            assert_eq!((row.standing.as_str(), row.granted), ("fraudulent", 0), "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn receipts_asked_for_at_once_are_all_given() {
    let service = Arc::new(TestApp::start(|_| {}).await);
    let mut asking: JoinSet<u16> = JoinSet::new();
    for number in 0..60 {
        let service = Arc::clone(&service);
        asking.spawn(async move {
            let id = id_of(&service.decide(&at_home(&format!("auth0|{number}"))).await);
            service.get(&format!("/v1/decisions/{id}/receipt?tenant={TENANT}")).await.status
        });
    }
    assert_eq!(asking.join_all().await, [200; 60]);
    let newest = service.app.newest_checkpoint(&service.tenant()).await.unwrap();
    let file = service.folder().join(countersign_app::checkpoint_file_name(TENANT));
    assert_eq!(std::fs::read_to_string(file).unwrap(), newest, "the file is the newest one");
}
