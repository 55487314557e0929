//! `POST /v1/outcomes`: who may tell what, and how often it counts.

use countersign_core::Mode;
use countersign_testkit::{OTHER_TENANT, TENANT, TestApp, high_risk, post_login};
use serde_json::{Value, json};

use crate::world::{at_home, bare, check_problem, complete, decide_as, id_of, show, signing_of};

/// Decides about the ordinary sign-in; its id.
async fn decided(service: &TestApp) -> String {
    id_of(&service.decide(&post_login()).await)
}

#[tokio::test]
async fn each_outcome_is_recorded_and_changes_what_is_known() {
    let service = TestApp::start(|_| {}).await;
    for (outcome, standing) in [
        (json!({ "kind": "completed" }), "completed"),
        (json!({ "kind": "challenge_passed", "factor": "otp" }), "passed"),
        (json!({ "kind": "challenge_passed" }), "passed"),
        (json!({ "kind": "challenge_failed" }), "failed"),
    ] {
        let id = decided(&service).await;
        assert_eq!(show(&service, &id).await["standing"], "open");
        let mut outcome = outcome;
        outcome["decision_id"] = json!(id);
        let told = service.outcome(&outcome).await;
        assert_eq!((told.status, told.json), (200, json!({ "outcome": "recorded" })), "{outcome}");
        assert!(told.headers.contains_key("countersign-signature"));
        assert_eq!(show(&service, &id).await["standing"], standing);
    }
    service.app.audit(&service.tenant()).await.unwrap();
}

#[tokio::test]
async fn an_outcome_told_twice_counts_once() {
    let service = TestApp::start(|_| {}).await;
    let id = decided(&service).await;
    let outcome = json!({ "kind": "completed", "decision_id": id });
    assert_eq!(service.outcome(&outcome).await.json["outcome"], "recorded");
    let once = (show(&service, &id).await, service.app.audit(&service.tenant()).await.unwrap().size);
    assert_eq!(service.outcome(&outcome).await.json["outcome"], "known");
    assert_eq!(service.operate("POST", "/v1/outcomes", &outcome).await.json["outcome"], "known");
    let twice = (show(&service, &id).await, service.app.audit(&service.tenant()).await.unwrap().size);
    assert_eq!(once, twice);
}

#[tokio::test]
async fn an_outcome_of_an_unknown_decision_is_refused() {
    let service = TestApp::start(|_| {}).await;
    let foreign = id_of(&decide_as(&service, OTHER_TENANT, post_login()).await);
    for id in ["dec_00000000000000000000000000000000", &foreign] {
        let outcome = json!({ "kind": "completed", "decision_id": id });
        check_problem(&service.outcome(&outcome).await, 404, "not_found");
        check_problem(&service.operate("POST", "/v1/outcomes", &outcome).await, 404, "not_found");
    }
    let own = json!({ "kind": "completed", "decision_id": foreign }).to_string().into_bytes();
    let told = service.signed("/v1/outcomes", own, signing_of(&service, OTHER_TENANT)).await;
    assert_eq!(told.json["outcome"], "recorded");
}

#[tokio::test]
async fn a_verdict_is_a_person_s_word() {
    let service = TestApp::start(|_| {}).await;
    for (verdict, standing) in [("fraudulent", "fraudulent"), ("legitimate", "legitimate")] {
        let id = decided(&service).await;
        let outcome = json!({ "kind": "verdict", "decision_id": id, "verdict": verdict });
        check_problem(&service.outcome(&outcome).await, 403, "outcome.person");
        assert_eq!(show(&service, &id).await["standing"], "open");
        let told = service.operate("POST", "/v1/outcomes", &outcome).await;
        assert_eq!(told.json, json!({ "outcome": "recorded" }));
        assert_eq!(show(&service, &id).await["standing"], standing);
    }
}

#[tokio::test]
async fn a_verdict_stands_against_what_is_told_later() {
    let service = TestApp::start(|_| {}).await;
    let id = decided(&service).await;
    let verdict = |verdict| json!({ "kind": "verdict", "decision_id": id, "verdict": verdict });
    service.operate("POST", "/v1/outcomes", &verdict("fraudulent")).await;
    for kind in ["completed", "challenge_passed", "challenge_failed"] {
        let told = service.outcome(&json!({ "kind": kind, "decision_id": id })).await;
        assert_eq!(told.json["outcome"], "recorded", "{kind}");
        assert_eq!(show(&service, &id).await["standing"], "fraudulent", "after {kind}");
    }
    service.operate("POST", "/v1/outcomes", &verdict("legitimate")).await;
    assert_eq!(show(&service, &id).await["standing"], "legitimate", "a person may correct a person");
}

#[tokio::test]
async fn a_person_may_return_to_an_earlier_verdict() {
    let service = TestApp::start(|_| {}).await;
    let id = decided(&service).await;
    for verdict in ["fraudulent", "legitimate", "fraudulent", "legitimate"] {
        let told = json!({ "kind": "verdict", "decision_id": id, "verdict": verdict });
        let answer = service.operate("POST", "/v1/outcomes", &told).await;
        assert_eq!(answer.json["outcome"], "recorded", "{verdict}");
        assert_eq!(show(&service, &id).await["standing"], verdict);
        let size = service.app.audit(&service.tenant()).await.unwrap().size;
        let again = service.operate("POST", "/v1/outcomes", &told).await;
        assert_eq!(again.json["outcome"], "known", "{verdict}");
        assert_eq!(service.app.audit(&service.tenant()).await.unwrap().size, size);
    }
    let answer = service.decide(&post_login()).await;
    assert!(!reasons(&answer.json).contains(&"network_attacks"), "the last word is that it was the user");
}

#[tokio::test]
async fn a_passed_challenge_is_not_forgotten_once_the_sign_in_completes() {
    let service = TestApp::start(|_| {}).await;
    for kinds in [["completed", "challenge_passed"], ["challenge_passed", "completed"]] {
        let id = decided(&service).await;
        for kind in kinds {
            service.outcome(&json!({ "kind": kind, "decision_id": id })).await;
        }
        assert_eq!(show(&service, &id).await["standing"], "passed", "{kinds:?}");
    }
}

#[tokio::test]
async fn a_passed_challenge_teaches_nothing_after_a_verdict_against_it() {
    let service = TestApp::start(|_| {}).await;
    let id = decided(&service).await;
    let verdict = json!({ "kind": "verdict", "decision_id": id, "verdict": "fraudulent" });
    service.operate("POST", "/v1/outcomes", &verdict).await;
    complete(&service, &id).await;
    service.outcome(&json!({ "kind": "challenge_passed", "decision_id": id, "factor": "otp" })).await;
    let nobody = crate::world::risk_of_nobody(&service, &post_login()).await;
    assert_eq!(service.decide(&post_login()).await.json["risk"], nobody);
}

#[tokio::test]
async fn a_failed_challenge_stays_known_until_one_is_passed() {
    let service = TestApp::start(|_| {}).await;
    let id = decided(&service).await;
    for (kind, standing) in
        [("challenge_failed", "failed"), ("completed", "failed"), ("challenge_passed", "passed")]
    {
        service.outcome(&json!({ "kind": kind, "decision_id": id })).await;
        assert_eq!(show(&service, &id).await["standing"], standing, "after {kind}");
    }
}

#[tokio::test]
async fn a_stranger_tells_nothing() {
    let service = TestApp::start(|_| {}).await;
    check_problem(&service.send(bare("POST", "/v1/outcomes")).await, 401, "credential.missing");
}

fn reasons(answer: &Value) -> Vec<&str> {
    answer["risk"]["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn failed_sign_ins_raise_the_score_of_that_person_alone() {
    let service = TestApp::start(|_| {}).await;
    let (victim, other) = (at_home("auth0|victim"), at_home("auth0|other"));
    let before = service.decide(&victim).await.json;
    assert!(!reasons(&before).contains(&"recent_failures"), "{before}");
    for _ in 0..5 {
        let told = service.outcome(&json!({ "kind": "login_failed", "user_id": "auth0|victim" })).await;
        assert_eq!(told.json["outcome"], "recorded");
    }
    let after = service.decide(&victim).await.json;
    assert!(reasons(&after).contains(&"recent_failures"), "{after}");
    assert!(after["risk"]["score"].as_f64() > before["risk"]["score"].as_f64());
    assert_eq!(service.decide(&other).await.json["risk"], before["risk"]);
    service.clock.advance(std::time::Duration::from_secs(30 * 86_400));
    let later = service.decide(&victim).await.json;
    assert!(!reasons(&later).contains(&"recent_failures"), "failures are forgotten: {later}");
}

#[tokio::test]
async fn no_time_that_is_told_makes_a_failure_last() {
    let service = TestApp::start(|_| {}).await;
    for at in ["9999-01-01T00:00:00Z", "-009000-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
        let outcome = json!({ "kind": "login_failed", "user_id": "auth0|victim", "at": at });
        assert_eq!(service.outcome(&outcome).await.json["outcome"], "recorded", "{at}");
    }
    service.clock.advance(std::time::Duration::from_secs(30 * 86_400));
    let later = service.decide(&at_home("auth0|victim")).await.json;
    assert!(!reasons(&later).contains(&"recent_failures"), "{later}");
}

#[tokio::test]
async fn a_denied_sign_in_that_completed_earns_nothing() {
    let service = TestApp::start(|document| document.tenant.mode = Some(Mode::Enforce)).await;
    let answer = service.decide(&high_risk()).await;
    assert_eq!(answer.json["effects"][0]["call"], "access.deny");
    let before = answer.json["risk"].clone();
    complete(&service, &id_of(&answer)).await;
    assert_eq!(service.decide(&high_risk()).await.json["risk"], before);
}

#[tokio::test]
async fn an_outcome_leaves_a_leaf() {
    let service = TestApp::start(|_| {}).await;
    let id = decided(&service).await;
    let before = service.app.audit(&service.tenant()).await.unwrap().size;
    complete(&service, &id).await;
    service.outcome(&json!({ "kind": "login_failed", "user_id": "auth0|victim" })).await;
    assert_eq!(service.app.audit(&service.tenant()).await.unwrap().size, before + 2, "{TENANT}");
}
