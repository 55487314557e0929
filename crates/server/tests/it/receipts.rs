//! Receipts, checkpoints, and a ledger that holds.

use countersign_ledger::{
    checkpoint::Checkpoint,
    note::Verifier,
    receipt::{Receipt, ReceiptError},
};
use countersign_testkit::{OTHER_TENANT, TENANT, TestApp, high_risk, post_login, refresh};
use serde_json::{Value, json};

use crate::world::{check_problem, complete, count_decisions, decide_as, id_of};

async fn verifier(service: &TestApp, tenant: &str) -> Verifier {
    let told = service.get(&format!("/v1/ledger/{tenant}/verifier")).await;
    assert_eq!(told.status, 200);
    String::from_utf8(told.bytes).unwrap().trim().parse().unwrap()
}

async fn receipt(service: &TestApp, id: &str, is_opened: bool) -> Receipt {
    let told = match is_opened {
        true => service.open_receipt(id).await,
        false => service.get(&format!("/v1/decisions/{id}/receipt?tenant={TENANT}")).await,
    };
    assert_eq!(told.status, 200, "{}", told.json);
    Receipt::from_json(&told.bytes).unwrap()
}

#[tokio::test]
async fn a_fresh_decision_s_receipt_verifies_by_the_key_that_is_told() {
    let service = TestApp::start(|_| {}).await;
    let id = id_of(&service.decide(&post_login()).await);
    let receipt = receipt(&service, &id, false).await;
    let verified = receipt.verify(&verifier(&service, TENANT).await).unwrap();
    assert_eq!(verified.leaf.id, id);
    assert_eq!((verified.leaf.tenant.as_str(), verified.leaf.commitments.len()), (TENANT, 1));
    assert!(receipt.openings.is_empty());
    assert!(receipt.verify(&verifier(&service, OTHER_TENANT).await).is_err(), "not by another log's key");
}

#[tokio::test]
async fn the_public_leaf_names_nobody() {
    let service = TestApp::start(|_| {}).await;
    let event = post_login();
    let id = id_of(&service.decide(&event).await);
    let text = String::from_utf8(receipt(&service, &id, false).await.leaf.0).unwrap();
    let user = &event["user"];
    for value in [&user["user_id"], &user["email"], &user["name"], &event["request"]["ip"]] {
        assert!(!text.contains(value.as_str().unwrap()), "{text}");
    }
    assert!(!text.contains("sub_"), "not even a pseudonym: {text}");
}

#[tokio::test]
async fn an_opened_receipt_holds_the_event_as_it_was_sent() {
    let service = TestApp::start(|_| {}).await;
    let event = high_risk();
    let id = id_of(&service.decide(&event).await);
    let receipt = receipt(&service, &id, true).await;
    receipt.verify(&verifier(&service, TENANT).await).unwrap();
    let body: Value = serde_json::from_slice(&receipt.openings[0].body.0).unwrap();
    assert_eq!((&body["decision_id"], &body["event"]), (&json!(id), &event));
    let shown = crate::world::show(&service, &id).await;
    assert_eq!(body["assessment"], shown["assessment"]);
}

#[tokio::test]
async fn a_receipt_that_was_tampered_with_fails() {
    let service = TestApp::start(|_| {}).await;
    let ids = [id_of(&service.decide(&post_login()).await), id_of(&service.decide(&high_risk()).await)];
    let key = verifier(&service, TENANT).await;
    let whole = receipt(&service, &ids[1], true).await;
    whole.verify(&key).unwrap();
    let tampered = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = whole.clone();
        change(&mut receipt);
        receipt.verify(&key)
    };
    let other = receipt(&service, &ids[0], false).await;
    let inclusion = |result| assert!(matches!(result, Err(ReceiptError::Inclusion { .. })), "{result:?}");
    inclusion(tampered(&|receipt| receipt.leaf.0[10] ^= 1));
    inclusion(tampered(&|receipt| receipt.index -= 1));
    inclusion(tampered(&|receipt| receipt.proof.truncate(receipt.proof.len() - 1)));
    inclusion(tampered(&|receipt| receipt.leaf = other.leaf.clone()));
    let opening = |result| assert_eq!(result, Err(ReceiptError::Opening { position: 0 }));
    opening(tampered(&|receipt| receipt.openings[0].body.0[20] ^= 1));
    opening(tampered(&|receipt| receipt.openings[0].salt.0[0] ^= 1));
    let forged = tampered(&|receipt| receipt.checkpoint = receipt.checkpoint.replacen('\n', "x\n", 1));
    assert!(matches!(forged, Err(ReceiptError::Checkpoint(_))), "{forged:?}");
}

#[tokio::test]
async fn the_newest_checkpoint_is_told_and_signed() {
    let service = TestApp::start(|_| {}).await;
    let path = format!("/v1/ledger/{TENANT}/checkpoint");
    check_problem(&service.get(&path).await, 404, "not_found");
    let key = verifier(&service, TENANT).await;
    let mut last = 0;
    for _ in 0..3 {
        service.decide(&post_login()).await;
        service.app.sign_checkpoint(&service.tenant()).await.unwrap();
        let told = service.get(&path).await;
        assert_eq!(told.status, 200);
        let checkpoint = Checkpoint::open(std::str::from_utf8(&told.bytes).unwrap(), &key).unwrap();
        assert!(checkpoint.size > last);
        last = checkpoint.size;
    }
    let file = service.folder().join(countersign_app::checkpoint_file_name(TENANT));
    let note = std::fs::read_to_string(file).unwrap();
    assert_eq!(Checkpoint::open(&note, &key).unwrap().size, last);
}

#[tokio::test]
async fn an_older_receipt_still_verifies_when_the_log_has_grown() {
    let service = TestApp::start(|_| {}).await;
    let id = id_of(&service.decide(&post_login()).await);
    let early = receipt(&service, &id, false).await;
    for _ in 0..300 {
        service.decide(&post_login()).await;
    }
    service.app.sign_checkpoint(&service.tenant()).await.unwrap();
    let service = service.reopen(countersign_policy::Document::default()).await;
    let key = verifier(&service, TENANT).await;
    early.verify(&key).unwrap();
    let last = id_of(&service.decide(&post_login()).await);
    receipt(&service, &last, false).await.verify(&key).unwrap();
    receipt(&service, &id, false).await.verify(&key).unwrap();
}

#[tokio::test]
async fn after_mixed_traffic_of_two_tenants_every_answer_has_its_leaf_and_both_ledgers_hold() {
    let service = TestApp::start(|_| {}).await;
    let mut answered = [0_usize; 2];
    let mut outcomes = 0;
    for round in 0..20 {
        for (place, tenant) in [TENANT, OTHER_TENANT].into_iter().enumerate() {
            for event in [post_login(), high_risk(), refresh()] {
                let answer = decide_as(&service, tenant, event).await;
                let id = id_of(&answer);
                answered[place] += 1;
                if tenant == TENANT && round % 3 == 0 {
                    complete(&service, &id).await;
                    outcomes += 1;
                }
            }
        }
        // What is refused leaves nothing.
        assert_eq!(service.decide(&json!({})).await.status, 422);
        if round % 5 == 0 {
            for tenant in service.app.tenants() {
                service.app.sign_checkpoint(tenant).await.unwrap();
            }
        }
    }
    let of = |tenant: &str| service.app.tenant(&tenant.parse().unwrap()).unwrap();
    for (place, tenant) in [TENANT, OTHER_TENANT].into_iter().enumerate() {
        assert_eq!(count_decisions(&service, tenant).await, answered[place]);
        let report = service.app.audit(&of(tenant)).await.unwrap();
        let outcomes = if tenant == TENANT { outcomes } else { 0 };
        // The policy of decisions, and that of access.
        let policy = 2;
        assert_eq!(report.size, u64::try_from(answered[place] + outcomes + policy).unwrap(), "{tenant}");
        assert_eq!(report.checkpoints_checked, 4);
    }
}

#[tokio::test]
async fn a_receipt_of_another_tenant_s_decision_is_not_there() {
    let service = TestApp::start(|_| {}).await;
    let id = id_of(&decide_as(&service, OTHER_TENANT, post_login()).await);
    for path in ["", "/receipt"] {
        let answer = service.get(&format!("/v1/decisions/{id}{path}?tenant={TENANT}")).await;
        check_problem(&answer, 404, "not_found");
        let answer = service.get(&format!("/v1/decisions/{id}{path}?tenant={OTHER_TENANT}")).await;
        assert_eq!(answer.status, 200);
    }
}
