//! What a sign-up leaves for the account's first logins: what was decided, and what a person said of it since.

use std::time::Duration;

use countersign_core::Mode;
use countersign_policy::Document;
use countersign_testkit::{Answer, TENANT, TestApp, event_of};
use serde_json::{Value, json};

use crate::{
    triggers::{first_login, fraudulent_sign_up},
    world::{complete, id_of},
};

/// Between the two triggers of one sign-up.
const A_BREATH: Duration = Duration::from_secs(2);

fn enforced(document: &mut Document) {
    document.tenant.mode = Some(Mode::Enforce);
}

/// Asks about a sign-up before its account is made and after it; the ids of both decisions.
async fn sign_up(service: &TestApp, asked: &Value) -> [String; 2] {
    let before = id_of(&service.ask("pre-user-registration", asked).await);
    service.clock.advance(A_BREATH);
    let mut made = event_of("post-user-registration");
    made["user"]["user_id"] = json!("auth0|new");
    (made["user"]["email"], made["connection"]) =
        (asked["user"]["email"].clone(), asked["connection"].clone());
    let after = id_of(&service.ask("post-user-registration", &made).await);
    service.clock.advance(A_BREATH);
    [before, after]
}

/// A sign-up that nobody would look at twice.
fn ordinary() -> Value {
    let mut event = event_of("pre-user-registration");
    event["user"]["email"] = json!("pat.doe@acme.example");
    event
}

/// The first login of whoever signed up so, with a factor to be asked for or with none.
async fn login(service: &TestApp, asked: &Value, has_factor: bool) -> Answer {
    let mut event = first_login(asked["user"]["email"].as_str().unwrap());
    event["connection"]["id"] = asked["connection"]["id"].clone();
    event["user"]["enrolledFactors"] = if has_factor { json!([{ "type": "otp" }]) } else { json!([]) };
    service.ask("post-login", &event).await
}

fn is_owed(answer: &Answer) -> bool {
    answer.json["because"].as_array().unwrap().contains(&json!("owed"))
}

fn calls(answer: &Answer) -> String {
    answer.json["effects"].to_string()
}

async fn verdict(service: &TestApp, decision: &str, verdict: &str) {
    let told = json!({ "kind": "verdict", "decision_id": decision, "verdict": verdict });
    assert_eq!(service.operate("POST", "/v1/outcomes", &told).await.json["outcome"], "recorded");
}

async fn held(service: &TestApp) -> Vec<String> {
    let body = json!({ "user_id": "auth0|new" });
    let risk = service.operate("POST", &format!("/v1/users/{TENANT}/risk"), &body).await.json;
    let kinds = risk["signals"].as_array().unwrap().iter();
    kinds.map(|signal| signal["kind"].as_str().unwrap().to_owned()).collect()
}

async fn mark_safe(service: &TestApp) {
    let body = json!({ "user_id": "auth0|new", "mark": "safe", "actor": "mia", "reason": "called back" });
    let marked = service.operate("POST", &format!("/v1/users/{TENANT}/marks"), &body).await;
    assert_eq!(marked.status, 200, "{}", marked.json);
}

#[tokio::test]
async fn a_sign_up_that_a_person_called_legitimate_is_not_carried() {
    for told_of in 0..2 {
        let service = TestApp::start(enforced).await;
        let decisions = sign_up(&service, &fraudulent_sign_up()).await;
        let owed = login(&service, &fraudulent_sign_up(), false).await;
        assert!(is_owed(&owed) && calls(&owed).contains("access.deny"), "{}", owed.json);
        assert_eq!(owed.json["user_risk"]["level"], "medium");
        verdict(&service, &decisions[told_of], "legitimate").await;
        let free = login(&service, &fraudulent_sign_up(), false).await;
        assert!(!is_owed(&free) && !calls(&free).contains("access.deny"), "{told_of}: {}", free.json);
        assert!(!free.json["risk"].to_string().contains("risky_sign_up"), "{}", free.json);
        assert_eq!(free.json.get("user_risk"), None, "{}", free.json);
        verdict(&service, &decisions[told_of], "fraudulent").await;
        assert!(is_owed(&login(&service, &fraudulent_sign_up(), false).await), "the last word holds");
    }
}

#[tokio::test]
async fn a_sign_up_that_a_person_called_fraudulent_is_asked_about_whatever_was_decided() {
    for told_of in 0..2 {
        let service = TestApp::start(enforced).await;
        let decisions = sign_up(&service, &ordinary()).await;
        let before = login(&service, &ordinary(), true).await;
        assert!(!is_owed(&before) && before.json.get("user_risk").is_none(), "{}", before.json);
        verdict(&service, &decisions[told_of], "fraudulent").await;
        let owed = login(&service, &ordinary(), true).await;
        assert!(is_owed(&owed) && calls(&owed).contains("challengeWithAny"), "{told_of}: {}", owed.json);
        // A word about the account itself is held against it at once, one about the address from the first login on.
        let (level, signals): (_, &[&str]) =
            if told_of == 1 { ("high", &["fraudulent_sign_up"]) } else { ("medium", &[]) };
        assert_eq!(owed.json["user_risk"]["level"], level, "{}", owed.json);
        assert_eq!(held(&service).await, signals);
        verdict(&service, &decisions[told_of], "legitimate").await;
        let free = login(&service, &ordinary(), true).await;
        assert!(!is_owed(&free) && free.json.get("user_risk").is_none(), "{}", free.json);
        assert_eq!(held(&service).await, [""; 0]);
    }
}

#[tokio::test]
async fn who_was_marked_as_safe_owes_nothing_for_the_sign_up_any_more() {
    let service = TestApp::start(enforced).await;
    sign_up(&service, &fraudulent_sign_up()).await;
    let first = id_of(&login(&service, &fraudulent_sign_up(), true).await);
    complete(&service, &first).await;
    let second = id_of(&login(&service, &fraudulent_sign_up(), true).await);
    assert_eq!(held(&service).await, ["risky_sign_up"]);
    service.clock.advance(A_BREATH);
    mark_safe(&service).await;
    complete(&service, &second).await;
    assert_eq!(held(&service).await, [""; 0], "what went before is not held anew");
    service.clock.advance(A_BREATH);
    let free = login(&service, &fraudulent_sign_up(), false).await;
    assert!(!is_owed(&free) && free.json.get("user_risk").is_none(), "{}", free.json);
    assert!(!calls(&free).contains("access.deny"), "{}", free.json);
    complete(&service, &id_of(&free)).await;
    assert_eq!(held(&service).await, [""; 0]);
    let id = free.json["decision_id"].as_str().unwrap().parse().unwrap();
    let replay = service.app.replay(&service.tenant(), &id).await.unwrap();
    assert_eq!(replay, countersign_app::decide::Replay::Same);
}

#[tokio::test]
async fn who_was_marked_as_safe_before_any_login_owes_nothing_either() {
    let service = TestApp::start(enforced).await;
    let [_, account] = sign_up(&service, &fraudulent_sign_up()).await;
    mark_safe(&service).await;
    service.clock.advance(A_BREATH);
    assert!(!is_owed(&login(&service, &fraudulent_sign_up(), false).await));
    verdict(&service, &account, "fraudulent").await;
    assert!(is_owed(&login(&service, &fraudulent_sign_up(), false).await), "a later word counts more");
}

#[tokio::test]
async fn what_was_decided_before_the_account_was_made_stands_where_it_is_stricter() {
    let service = TestApp::start(|document| {
        enforced(document);
        let client = event_of("pre-user-registration")["client"]["client_id"].as_str().unwrap().to_owned();
        let strict = serde_json::from_value(json!({
            "thresholds": { "medium": 0.000001, "high": 0.000002, "critical": 0.9 }
        }));
        document.clients.insert(client.parse().unwrap(), strict.unwrap());
    })
    .await;
    sign_up(&service, &ordinary()).await;
    // A riskier try of somebody else with the address neither hides nor adds to what the account was made with.
    for _ in 0..2 {
        let mut event = first_login("pat.doe@acme.example");
        event["client"]["client_id"] = json!("another");
        event["user"]["enrolledFactors"] = json!([{ "type": "otp" }]);
        let answer = service.ask("post-login", &event).await;
        assert!(is_owed(&answer), "{}", answer.json);
        let mut attack = fraudulent_sign_up();
        attack["user"]["email"] = json!("pat.doe@acme.example");
        service.ask("pre-user-registration", &attack).await;
    }
}

#[tokio::test]
async fn an_address_that_was_asked_about_long_before_is_not_of_the_account_s_sign_up() {
    let service = TestApp::start(enforced).await;
    let mut attack = fraudulent_sign_up();
    attack["user"]["email"] = json!("pat.doe@acme.example");
    service.ask("pre-user-registration", &attack).await;
    service.clock.advance(Duration::from_secs(11 * 60));
    let mut made = event_of("post-user-registration");
    made["user"]["user_id"] = json!("auth0|new");
    (made["user"]["email"], made["connection"]) =
        (attack["user"]["email"].clone(), attack["connection"].clone());
    service.ask("post-user-registration", &made).await;
    let answer = login(&service, &ordinary(), true).await;
    assert!(!is_owed(&answer), "{}", answer.json);
}
