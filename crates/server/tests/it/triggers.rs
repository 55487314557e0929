//! Every trigger: its fixture is decided about, explained, recorded and decided again.

use countersign_app::decide::Replay;
use countersign_core::{DecisionId, Mode};
use countersign_testkit::{TestApp, event_of, fixtures, post_login};
use serde_json::{Value, json};

use crate::world::{check_problem, id_of, score_of, show};

/// A sign-up that looks like fraud: a throw-away address, a machine's name.
fn fraudulent_sign_up() -> Value {
    let mut event = event_of("pre-user-registration");
    event["user"]["email"] = json!("xkqzvbwq7719@mailinator.com");
    event["user"]["name"] = json!("Jane Miller");
    event["request"]["user_agent"] = json!("python-requests/2.31");
    event
}

/// The first login of whoever signed up with that address.
fn first_login(email: &str) -> Value {
    let mut event = post_login();
    event["user"]["user_id"] = json!("auth0|new");
    event["user"]["email"] = json!(email);
    event["stats"]["logins_count"] = json!(1);
    event
}

fn codes(answer: &Value) -> Vec<&str> {
    let reasons = answer["risk"]["reasons"].as_array().unwrap();
    reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_fixture_gets_an_explained_decision_that_adds_up() {
    let service = TestApp::start(|_| {}).await;
    for (trigger, event) in fixtures() {
        let answer = service.ask(trigger, &event).await;
        let id = id_of(&answer);
        let told = &answer.json;
        assert_eq!((&told["trigger"], &told["mode"]), (&json!(trigger), &json!("audit")), "{told}");
        assert_eq!(told["effects"], json!([]), "{trigger} in audit mode");
        let stored = show(&service, &id).await;
        let reasons = told["risk"]["reasons"].as_array().unwrap();
        let sum: i64 = reasons.iter().map(|reason| reason["micro"].as_i64().unwrap()).sum();
        let bias = stored["assessment"]["bias_micro"].as_i64().unwrap();
        assert_eq!(told["risk"]["logit_micro"], bias + sum, "{trigger}");
        assert!(reasons.iter().all(|reason| reason["text"].as_str().is_some_and(|text| !text.is_empty())));
    }
}

#[tokio::test]
async fn every_stored_decision_comes_out_the_same_when_it_is_decided_again() {
    let service = TestApp::start(|document| document.tenant.mode = Some(Mode::Enforce)).await;
    for (trigger, event) in fixtures() {
        for _ in 0..2 {
            let id: DecisionId = id_of(&service.ask(trigger, &event).await).parse().unwrap();
            let replay = service.app.replay(&service.tenant(), &id).await.unwrap();
            assert_eq!(replay, Replay::Same, "{trigger}");
        }
    }
}

#[tokio::test]
async fn an_asynchronous_trigger_never_has_effects() {
    let service = TestApp::start(|document| {
        document.tenant.mode = Some(Mode::Enforce);
        document.tenant.thresholds =
            serde_json::from_value(json!({ "medium": 0.000001, "high": 0.000002, "critical": 0.000003 }))
                .unwrap();
    })
    .await;
    for (trigger, event) in fixtures() {
        let answer = service.ask(trigger, &event).await;
        let effects = answer.json["effects"].as_array().unwrap();
        let is_asynchronous =
            ["post-user-registration", "post-change-password", "event-stream"].contains(&trigger);
        assert_eq!(effects.is_empty(), is_asynchronous, "{trigger}: {}", answer.json);
        assert_eq!(answer.json["withheld"], json!([]), "{trigger}");
        if is_asynchronous {
            let stored = show(&service, &id_of(&answer)).await;
            assert!(!stored["decision"]["proposals"].as_array().unwrap().is_empty(), "{trigger}: {stored}");
        }
    }
}

#[tokio::test]
async fn a_risky_sign_up_is_carried_to_the_first_login_and_no_further() {
    let service = TestApp::start(|_| {}).await;
    let email = "xkqzvbwq7719@mailinator.com";
    let without = score_of(&service.ask("post-login", &first_login("pat.doe@example.com")).await);
    let signed_up = service.ask("pre-user-registration", &fraudulent_sign_up()).await;
    assert!(score_of(&signed_up) > 0.6, "{}", signed_up.json);
    let first = service.ask("post-login", &first_login(email)).await;
    assert!(codes(&first.json).contains(&"risky_sign_up"), "{}", first.json);
    assert!(score_of(&first) > without, "{}", first.json);
    let mut other = first_login(email);
    other["user"]["user_id"] = json!("auth0|old");
    other["stats"]["logins_count"] = json!(40);
    let later = service.ask("post-login", &other).await;
    assert!(!codes(&later.json).contains(&"risky_sign_up"), "{}", later.json);
}

#[tokio::test]
async fn a_social_user_is_screened_at_the_first_login_as_a_sign_up_is() {
    let service = TestApp::start(|_| {}).await;
    let mut event = first_login("xkqzvbwq7719@mailinator.com");
    event["connection"]["strategy"] = json!("google-oauth2");
    let answer = service.ask("post-login", &event).await;
    assert!(codes(&answer.json).contains(&"disposable_domain"), "{}", answer.json);
    event["stats"]["logins_count"] = json!(2);
    let second = service.ask("post-login", &event).await;
    assert!(!codes(&second.json).contains(&"disposable_domain"), "{}", second.json);
}

#[tokio::test]
async fn a_deferred_challenge_of_a_sign_up_is_asked_at_the_first_login() {
    let service = TestApp::start(|document| document.tenant.mode = Some(Mode::Enforce)).await;
    let signed_up = service.ask("pre-user-registration", &fraudulent_sign_up()).await;
    let told = &signed_up.json;
    assert!(told["risk"]["level"] != "low", "{told}");
}

#[tokio::test]
async fn erasing_a_person_erases_the_sign_up_under_their_address() {
    let service = TestApp::start(|_| {}).await;
    let signed_up = id_of(&service.ask("pre-user-registration", &fraudulent_sign_up()).await);
    let email = "xkqzvbwq7719@mailinator.com";
    let logged_in = id_of(&service.ask("post-login", &first_login(email)).await);
    let erased =
        service.operate("POST", "/v1/erasures/example-tenant", &json!({ "user_id": "auth0|new" })).await;
    assert_eq!(erased.json["erased"], true, "{}", erased.json);
    for id in [signed_up, logged_in] {
        let shown = service.get(&format!("/v1/decisions/{id}?tenant=example-tenant")).await;
        check_problem(&shown, 410, "subject.erased");
    }
}

#[tokio::test]
async fn what_must_stay_in_the_action_is_refused_with_its_place() {
    let service = TestApp::start(|_| {}).await;
    for (trigger, path, part) in [
        ("send-phone-message", ["message_options", "code"], "event.message_options.code"),
        ("send-phone-message", ["message_options", "text"], "event.message_options.text"),
        ("send-phone-message", ["message_options", "recipient"], "event.message_options.recipient"),
        ("custom-token-exchange", ["transaction", "subject_token"], "event.transaction.subject_token"),
        ("custom-token-exchange", ["transaction", "actor_token"], "event.transaction.actor_token"),
    ] {
        let mut event = event_of(trigger);
        event[path[0]][path[1]] = json!("CANARY-000000");
        let answer = service.ask(trigger, &event).await;
        check_problem(&answer, 422, "body.shape");
        let text = answer.json.to_string();
        assert!(text.contains(part) && !text.contains("CANARY"), "{text}");
    }
}

#[tokio::test]
async fn a_machine_that_is_known_scores_lower_from_home_than_from_elsewhere() {
    let service = TestApp::start(|_| {}).await;
    let event = event_of("credentials-exchange");
    for _ in 0..30 {
        let id = id_of(&service.ask("credentials-exchange", &event).await);
        let told = service.outcome(&json!({ "kind": "completed", "decision_id": id })).await;
        assert_eq!(told.json["outcome"], "recorded", "{}", told.json);
        service.clock.advance(std::time::Duration::from_secs(6 * 3_600));
    }
    let home = service.ask("credentials-exchange", &event).await;
    let mut elsewhere = event.clone();
    elsewhere["request"]["ip"] = json!("198.51.100.77");
    elsewhere["request"]["geoip"] = json!({ "countryCode": "DE", "latitude": 50.1, "longitude": 8.68 });
    let away = service.ask("credentials-exchange", &elsewhere).await;
    assert!(score_of(&away) > score_of(&home) + 0.2, "{} {}", home.json, away.json);
}
