//! Every trigger: its fixture is decided about, explained, recorded and decided again.

use countersign_app::decide::Replay;
use countersign_core::{DecisionId, Mode};
use countersign_testkit::{Answer, TestApp, event_of, fixtures, post_login};
use serde_json::{Value, json};

use crate::world::{check_problem, complete, id_of, score_of, show};

/// A sign-up that looks like fraud: a throw-away address, a machine's name.
pub fn fraudulent_sign_up() -> Value {
    let mut event = event_of("pre-user-registration");
    event["user"]["email"] = json!("xkqzvbwq7719@mailinator.com");
    event["user"]["name"] = json!("Jane Miller");
    event["request"]["user_agent"] = json!("python-requests/2.31");
    event
}

/// The first login of whoever signed up with that address.
pub fn first_login(email: &str) -> Value {
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

pub const EMAIL: &str = "xkqzvbwq7719@mailinator.com";

#[tokio::test]
async fn a_risky_sign_up_is_carried_to_the_first_logins_until_one_is_confirmed() {
    let service = TestApp::start(|_| {}).await;
    let without = score_of(&service.ask("post-login", &first_login("pat.doe@example.com")).await);
    let signed_up = service.ask("pre-user-registration", &fraudulent_sign_up()).await;
    assert!(score_of(&signed_up) > 0.6, "{}", signed_up.json);
    // Neither another try nor a failed one, whatever Auth0 counts, makes the account a trusted one.
    for count in 1..=3 {
        let mut login = first_login(EMAIL);
        login["stats"]["logins_count"] = json!(count);
        let answer = service.ask("post-login", &login).await;
        assert!(codes(&answer.json).contains(&"risky_sign_up"), "{count}: {}", answer.json);
        assert!(score_of(&answer) > without, "{}", answer.json);
        let failed = json!({ "kind": "login_failed", "user_id": "auth0|new" });
        assert_eq!(service.operate("POST", "/v1/outcomes", &failed).await.status, 200);
    }
    complete(&service, &id_of(&service.ask("post-login", &first_login(EMAIL)).await)).await;
    let legitimate = id_of(&service.ask("post-login", &first_login(EMAIL)).await);
    let verdict = json!({ "kind": "verdict", "decision_id": legitimate, "verdict": "legitimate" });
    assert_eq!(service.operate("POST", "/v1/outcomes", &verdict).await.json["outcome"], "recorded");
    let later = service.ask("post-login", &first_login(EMAIL)).await;
    assert!(!codes(&later.json).contains(&"risky_sign_up"), "{}", later.json);
}

#[tokio::test]
async fn a_challenge_that_a_sign_up_was_spared_is_asked_at_the_first_logins() {
    let service = TestApp::start(|document| document.tenant.mode = Some(Mode::Enforce)).await;
    let signed_up = service.ask("pre-user-registration", &fraudulent_sign_up()).await;
    assert!(["high", "critical"].contains(&signed_up.json["risk"]["level"].as_str().unwrap()));
    for _ in 0..2 {
        let mut login = first_login(EMAIL);
        login["user"]["enrolledFactors"] = json!([{ "type": "otp" }]);
        let answer = service.ask("post-login", &login).await;
        assert!(answer.json["because"].as_array().unwrap().contains(&json!("owed")), "{}", answer.json);
        let effects = answer.json["effects"].as_array().unwrap();
        let asked = effects.iter().any(|effect| effect["call"] == "authentication.challengeWithAny");
        assert!(asked, "{}", answer.json);
        let failed = json!({ "kind": "login_failed", "user_id": "auth0|new" });
        assert_eq!(service.operate("POST", "/v1/outcomes", &failed).await.status, 200);
    }
    let mut other = first_login("pat.doe@example.com");
    other["user"]["user_id"] = json!("auth0|another");
    let answer = service.ask("post-login", &other).await;
    assert!(!answer.json["because"].as_array().unwrap().contains(&json!("owed")), "{}", answer.json);
}

#[tokio::test]
async fn what_the_account_was_made_with_counts_more_than_what_others_try_with_its_address() {
    let service = TestApp::start(|_| {}).await;
    let mut honest = event_of("pre-user-registration");
    honest["user"]["email"] = json!(EMAIL.replace("mailinator.com", "acme.example"));
    let email = honest["user"]["email"].clone();
    service.ask("pre-user-registration", &honest).await;
    let mut made = event_of("post-user-registration");
    made["user"]["user_id"] = json!("auth0|new");
    made["user"]["email"] = email.clone();
    service.ask("post-user-registration", &made).await;
    let before = score_of(&service.ask("post-login", &first_login(email.as_str().unwrap())).await);
    let mut attack = fraudulent_sign_up();
    attack["user"]["email"] = email.clone();
    service.ask("pre-user-registration", &attack).await;
    let after = score_of(&service.ask("post-login", &first_login(email.as_str().unwrap())).await);
    assert!((after - before).abs() < 0.05, "{before} {after}");
}

#[tokio::test]
async fn a_tidier_second_try_does_not_make_a_sign_up_better() {
    let service = TestApp::start(|_| {}).await;
    let worst = score_of(&service.ask("pre-user-registration", &fraudulent_sign_up()).await);
    let first = score_of(&service.ask("post-login", &first_login(EMAIL)).await);
    let mut tidy = fraudulent_sign_up();
    tidy["request"]["user_agent"] = event_of("pre-user-registration")["request"]["user_agent"].clone();
    assert!(score_of(&service.ask("pre-user-registration", &tidy).await) < worst);
    let second = score_of(&service.ask("post-login", &first_login(EMAIL)).await);
    assert!(second >= first - 0.001, "{first} {second}");
}

#[tokio::test]
async fn a_social_user_is_screened_at_the_first_logins_as_a_sign_up_is() {
    let service = TestApp::start(|_| {}).await;
    let mut event = first_login(EMAIL);
    event["connection"]["strategy"] = json!("google-oauth2");
    for count in [json!(1), json!(2), json!(7), Value::Null] {
        event["stats"]["logins_count"] = count.clone();
        let answer = service.ask("post-login", &event).await;
        assert!(codes(&answer.json).contains(&"disposable_domain"), "{count}: {}", answer.json);
    }
    event["user"]["name"] = json!("Win money https://casino.example");
    event["stats"]["logins_count"] = json!(1);
    let baited = service.ask("post-login", &event).await;
    assert!(codes(&baited.json).contains(&"link_in_name"), "{}", baited.json);
    event["stats"]["logins_count"] = json!(5_000);
    let old = service.ask("post-login", &event).await;
    assert!(!codes(&old.json).contains(&"disposable_domain"), "was there before us: {}", old.json);
}

/// Erases a user.
async fn erase(service: &TestApp, user_id: &str) -> Value {
    let body = json!({ "user_id": user_id });
    service.operate("POST", "/v1/erasures/example-tenant", &body).await.json
}

async fn status_of(service: &TestApp, id: &str) -> u16 {
    service.get(&format!("/v1/decisions/{id}?tenant=example-tenant")).await.status
}

#[tokio::test]
async fn erasing_a_person_erases_the_sign_up_under_their_address() {
    let service = TestApp::start(|_| {}).await;
    let failed = json!({ "kind": "login_failed", "user_id": "auth0|new" });
    assert_eq!(service.operate("POST", "/v1/outcomes", &failed).await.status, 200);
    let signed_up = id_of(&service.ask("pre-user-registration", &fraudulent_sign_up()).await);
    let logged_in = id_of(&service.ask("post-login", &first_login(EMAIL)).await);
    assert_eq!(erase(&service, "auth0|new").await["erased"], true);
    for id in [signed_up, logged_in] {
        let shown = service.get(&format!("/v1/decisions/{id}?tenant=example-tenant")).await;
        check_problem(&shown, 410, "subject.erased");
    }
    assert_eq!(erase(&service, "auth0|new").await["erased"], false);
}

#[tokio::test]
async fn whoever_claims_another_s_address_neither_erases_it_nor_keeps_it_from_being_erased() {
    let service = TestApp::start(|_| {}).await;
    let signed_up = id_of(&service.ask("pre-user-registration", &fraudulent_sign_up()).await);
    let mut victim = first_login(EMAIL);
    victim["user"]["email_verified"] = json!(true);
    service.ask("post-login", &victim).await;
    let mut thief = first_login(EMAIL);
    thief["user"]["user_id"] = json!("auth0|thief");
    thief["user"]["email_verified"] = json!(false);
    service.ask("post-login", &thief).await;
    assert_eq!(erase(&service, "auth0|thief").await["erased"], true);
    assert_eq!(status_of(&service, &signed_up).await, 200, "it is the victim's");
    service.ask("post-login", &thief).await;
    assert_eq!(erase(&service, "auth0|new").await["erased"], true);
    assert_eq!(status_of(&service, &signed_up).await, 410, "the claim keeps nothing");
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

#[tokio::test]
async fn what_a_person_called_fraudulent_speaks_against_others_from_its_block() {
    let service = TestApp::start(|_| {}).await;
    let sign_up = |email: &str, ip: &str| {
        let mut event = event_of("pre-user-registration");
        event["user"]["email"] = json!(email);
        event["request"]["ip"] = json!(ip);
        event
    };
    let has_reason = |answer: &Answer| {
        let reasons = answer.json["risk"]["reasons"].as_array().unwrap();
        reasons.iter().any(|reason| reason["code"] == "block_fraud")
    };
    let first = service.ask("pre-user-registration", &sign_up("pat.doe@one.example", "192.0.2.9")).await;
    assert!(!has_reason(&first));
    let verdict = json!({ "kind": "verdict", "decision_id": id_of(&first), "verdict": "fraudulent" });
    assert_eq!(service.operate("POST", "/v1/outcomes", &verdict).await.json["outcome"], "recorded");
    let near = service.ask("pre-user-registration", &sign_up("kim.roe@two.example", "192.0.2.77")).await;
    assert!(has_reason(&near), "{}", near.json);
    let far = service.ask("pre-user-registration", &sign_up("lee.poe@two.example", "198.51.100.7")).await;
    assert!(!has_reason(&far), "{}", far.json);
    let legitimate = json!({ "kind": "verdict", "decision_id": id_of(&first), "verdict": "legitimate" });
    for (told, is_counted) in [(&legitimate, false), (&verdict, true)] {
        assert_eq!(service.operate("POST", "/v1/outcomes", told).await.json["outcome"], "recorded");
        let near = service.ask("pre-user-registration", &sign_up("kim.roe@two.example", "192.0.2.77")).await;
        assert_eq!(has_reason(&near), is_counted, "the last word counts: {}", near.json);
    }
    // What is told again changes nothing, so that it does not count for another day either.
    service.clock.advance(std::time::Duration::from_secs(23 * 3_600));
    assert_eq!(service.operate("POST", "/v1/outcomes", &verdict).await.json["outcome"], "known");
    service.clock.advance(std::time::Duration::from_secs(2 * 3_600));
    let late = service.ask("pre-user-registration", &sign_up("kim.roe@two.example", "192.0.2.77")).await;
    assert!(!has_reason(&late), "{}", late.json);
}
