//! User risk: what was confirmed about a person, apart from the score of their sign-ins.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use countersign_app::{access::Settings, decide::Replay};
use countersign_core::{DecisionId, Mode};
use countersign_detect::Severity;
use countersign_policy::UserRiskChallenge;
use countersign_rights::{Grant, Place, Role};
use countersign_testkit::{Answer, HOST, Setup, TENANT, TestApp, Vouching, event_of};
use serde_json::{Value, json};

use crate::{
    incidents::found,
    joins::{deliver, entry, join},
    triggers::{EMAIL, first_login, fraudulent_sign_up},
    world::{at_home, check_problem, complete, id_of, show},
};

const DAY: Duration = Duration::from_secs(86_400);
const ANNA: &str = "auth0|anna";

async fn risk_of(service: &TestApp, user_id: &str) -> Value {
    let path = format!("/v1/users/{TENANT}/risk");
    let answer = service.operate("POST", &path, &json!({ "user_id": user_id })).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer.json
}

fn kinds(held: &Value) -> Vec<&str> {
    held["signals"].as_array().unwrap().iter().map(|signal| signal["kind"].as_str().unwrap()).collect()
}

async fn verdict(service: &TestApp, decision: &str, verdict: &str) {
    let told = json!({ "kind": "verdict", "decision_id": decision, "verdict": verdict });
    assert_eq!(service.operate("POST", "/v1/outcomes", &told).await.json["outcome"], "recorded");
}

async fn mark(service: &TestApp, user_id: &str, mark: &str) -> Answer {
    let body = json!({ "user_id": user_id, "mark": mark, "actor": "mia", "reason": "called back" });
    service.operate("POST", &format!("/v1/users/{TENANT}/marks"), &body).await
}

#[tokio::test]
async fn a_fraudulent_sign_in_is_held_against_its_person_and_taken_back_by_the_other_verdict() {
    let service = TestApp::start(|_| {}).await;
    let event = at_home(ANNA);
    let id = id_of(&service.decide(&event).await);
    let before = service.decide(&event).await;
    assert_eq!(before.json.get("user_risk"), None, "{}", before.json);
    verdict(&service, &id, "fraudulent").await;
    let held = risk_of(&service, ANNA).await;
    assert_eq!((&held["level"], kinds(&held)), (&json!("high"), vec!["fraudulent_sign_in"]), "{held}");
    let path = format!("/v1/users/{TENANT}/{}/risk", held["subject"].as_str().unwrap());
    assert_eq!(service.get(&path).await.json, held, "by the pseudonym, too");
    let after = service.decide(&event).await;
    assert_eq!(after.json["user_risk"]["level"], "high");
    assert_eq!(after.json["effects"], before.json["effects"], "and no claim tells of it");
    service.clock.advance(14 * DAY);
    assert_eq!(risk_of(&service, ANNA).await["score"], 0.4, "it halves in 14 days");
    verdict(&service, &id, "legitimate").await;
    assert_eq!(kinds(&risk_of(&service, ANNA).await), [""; 0]);
}

#[tokio::test]
async fn policy_may_ask_for_a_challenge_and_says_why_and_the_decision_comes_out_the_same_again() {
    for (setting, is_asked) in [(None, false), (Some(UserRiskChallenge::High), true)] {
        let service = TestApp::start(|document| {
            document.tenant.mode = Some(Mode::Enforce);
            document.tenant.user_risk_challenge = setting;
        })
        .await;
        let mut event = at_home(ANNA);
        event["user"]["enrolledFactors"] = json!([{ "type": "otp" }]);
        complete(&service, &id_of(&service.decide(&event).await)).await;
        let first = service.decide(&event).await;
        assert_eq!(mark(&service, ANNA, "compromised").await.status, 200);
        let answer = service.decide(&event).await;
        assert_eq!(answer.json["risk"], first.json["risk"], "the event's score does not read it");
        let because = answer.json["because"].as_array().unwrap();
        assert_eq!(because.contains(&json!("user_risk")), is_asked, "{}", answer.json);
        let effects = answer.json["effects"].to_string();
        assert_eq!(effects.contains("challengeWithAny"), is_asked, "{effects}");
        let id: DecisionId = id_of(&answer).parse().unwrap();
        assert_eq!(service.app.replay(&service.tenant(), &id).await.unwrap(), Replay::Same);
        assert_eq!(show(&service, id.as_str()).await["user_risk"]["level"], "high");
    }
}

#[tokio::test]
async fn a_failed_challenge_weighs_little_and_a_passed_one_of_the_same_sign_in_takes_it_back() {
    let service = TestApp::start(|_| {}).await;
    let mut event = at_home(ANNA);
    event["user"]["enrolledFactors"] = json!([{ "type": "otp" }]);
    let id = id_of(&service.decide(&event).await);
    let failed = json!({ "kind": "challenge_failed", "decision_id": id });
    assert_eq!(service.outcome(&failed).await.json["outcome"], "recorded");
    let held = risk_of(&service, ANNA).await;
    assert_eq!((&held["level"], kinds(&held)), (&json!("low"), vec!["failed_challenge"]), "{held}");
    let passed = json!({ "kind": "challenge_passed", "decision_id": id, "factor": "otp" });
    assert_eq!(service.outcome(&passed).await.json["outcome"], "recorded");
    assert_eq!(kinds(&risk_of(&service, ANNA).await), [""; 0]);
}

#[tokio::test]
async fn a_leaked_password_in_the_log_counts_until_the_log_or_the_trigger_tells_of_another_one() {
    for by_log in [true, false] {
        let service = TestApp::start(|_| {}).await;
        let event = at_home(ANNA);
        let id = id_of(&service.decide(&event).await);
        verdict(&service, &id, "fraudulent").await;
        service.clock.advance(Duration::from_secs(60));
        deliver(&service, &[entry(&service, "pwd_leak", 1, &event)]).await;
        join(&service).await;
        let held = risk_of(&service, ANNA).await;
        assert_eq!(kinds(&held), ["fraudulent_sign_in", "leaked_password"], "{held}");
        service.clock.advance(Duration::from_secs(60));
        if by_log {
            deliver(&service, &[entry(&service, "scp", 2, &event)]).await;
            join(&service).await;
        } else {
            let mut changed = event_of("post-change-password");
            changed["user"]["user_id"] = json!(ANNA);
            assert_eq!(service.ask("post-change-password", &changed).await.status, 200);
        }
        let held = risk_of(&service, ANNA).await;
        assert_eq!(kinds(&held), ["fraudulent_sign_in"], "{held}");
        let score = held["score"].as_f64().unwrap();
        assert!((0.39..=0.4).contains(&score), "the rest counts half: {held}");
    }
}

#[tokio::test]
async fn nobody_but_the_log_tells_of_passwords() {
    let service = TestApp::start(|_| {}).await;
    for kind in ["password_leaked", "password_changed", "factor_enrolled"] {
        let told = json!({ "kind": kind, "user_id": ANNA, "at": "2026-08-20T08:00:00Z" });
        assert_eq!(service.outcome(&told).await.status, 422, "{kind}");
        assert_eq!(service.operate("POST", "/v1/outcomes", &told).await.status, 422, "{kind}");
    }
}

#[tokio::test]
async fn a_true_positive_incident_counts_for_whom_it_is_about() {
    let service = TestApp::start(|_| {}).await;
    for (day, disposition, expected) in [(0, "true_positive", &["incident"][..]), (3, "benign", &[])] {
        let user = format!("auth0|{disposition}");
        let id = found(&service, &user, day, Severity::High).await;
        let close = json!({ "actor": "mia", "version": 1, "disposition": disposition, "reason": "looked" });
        let path = format!("/v1/incidents/{TENANT}/{id}/close");
        let closed = service.operate("POST", &path, &close).await;
        assert_eq!(closed.status, 200, "{}", closed.json);
        assert_eq!(kinds(&risk_of(&service, &user).await), expected, "{disposition}");
    }
}

#[tokio::test]
async fn an_operator_marks_a_person_with_a_reason_that_is_a_leaf() {
    let service = TestApp::start(|_| {}).await;
    let size = || async { service.app.audit(&service.tenant()).await.unwrap().size };
    check_problem(&mark(&service, ANNA, "safe").await, 404, "not_found");
    let before = size().await;
    assert_eq!(mark(&service, ANNA, "compromised").await.json["level"], "high");
    assert_eq!(size().await, before + 1);
    assert_eq!(kinds(&risk_of(&service, ANNA).await), ["marked_compromised"]);
    assert_eq!(mark(&service, ANNA, "safe").await.json["signals"], json!([]));
    assert_eq!(size().await, before + 2);
    let path = format!("/v1/users/{TENANT}/marks");
    let unreasoned = json!({ "user_id": ANNA, "mark": "safe", "actor": "mia", "reason": " " });
    check_problem(&service.operate("POST", &path, &unreasoned).await, 422, "incident.invalid");
    let both = json!({ "user_id": ANNA, "subject": "sub_1", "mark": "safe", "actor": "mia", "reason": "x" });
    assert_eq!(service.operate("POST", &path, &both).await.status, 422);
    check_problem(&service.get(&format!("/v1/users/{TENANT}/pat@example.com/risk")).await, 404, "not_found");
}

#[tokio::test]
async fn a_risky_sign_up_is_asked_about_at_each_login_and_held_until_one_is_confirmed() {
    for mode in [Mode::Audit, Mode::Enforce] {
        let service = TestApp::start(|document| document.tenant.mode = Some(mode)).await;
        service.ask("pre-user-registration", &fraudulent_sign_up()).await;
        let mut login = first_login(EMAIL);
        login["user"]["enrolledFactors"] = json!([{ "type": "otp" }]);
        let mut last = String::new();
        for count in 1..=2 {
            login["stats"]["logins_count"] = json!(count);
            let answer = service.ask("post-login", &login).await;
            let asked = answer.json[if mode == Mode::Enforce { "effects" } else { "withheld" }].to_string();
            assert!(asked.contains("challengeWithAny"), "{mode} {count}: {}", answer.json);
            assert_eq!(answer.json["user_risk"]["level"], "medium", "{}", answer.json);
            last = id_of(&answer);
            complete(&service, &last).await;
            assert_eq!(kinds(&risk_of(&service, "auth0|new").await), ["risky_sign_up"], "{mode} {count}");
        }
        let passed = json!({ "kind": "challenge_passed", "decision_id": last, "factor": "otp" });
        assert_eq!(service.outcome(&passed).await.json["outcome"], "recorded");
        assert_eq!(kinds(&risk_of(&service, "auth0|new").await), [""; 0], "confirmed");
        let later = service.ask("post-login", &login).await;
        assert_eq!(later.json.get("user_risk"), None, "{}", later.json);
        assert!(!later.json["because"].as_array().unwrap().contains(&json!("owed")), "{}", later.json);
    }
}

async fn at_risk(service: &TestApp, query: &str) -> Value {
    let answer = service.get(&format!("/v1/users/{TENANT}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer.json
}

#[tokio::test]
async fn who_is_at_risk_is_listed_by_page_until_nothing_counts_any_more() {
    let service = TestApp::start(|_| {}).await;
    for n in 0..60 {
        assert_eq!(mark(&service, &format!("auth0|{n}"), "compromised").await.status, 200);
        service.clock.advance(Duration::from_secs(60));
    }
    let id = id_of(&service.decide(&at_home(ANNA)).await);
    verdict(&service, &id, "fraudulent").await;
    let first = at_risk(&service, "").await;
    let next = first["next"].as_str().unwrap();
    let second = at_risk(&service, &format!("?at_least=high&before={next}")).await;
    let users: Vec<&Value> =
        [&first, &second].iter().flat_map(|page| page["users"].as_array().unwrap()).collect();
    assert_eq!((first["users"].as_array().unwrap().len(), users.len()), (50, 61));
    assert!(second["next"].is_null(), "{second}");
    let newest = &risk_of(&service, "auth0|59").await["subject"];
    let (anna, last) = (risk_of(&service, ANNA).await, users.last().unwrap());
    assert_eq!((&users[0]["subject"], &last["subject"]), (newest, &anna["subject"]), "the longest first");
    assert_eq!((&last["level"], &last["signals"]), (&anna["level"], &anna["signals"]));
    assert!(users.iter().all(|user| user["level"] == "high" && user["until"].is_string()));
    assert!(!first.to_string().contains("auth0|"), "it names nobody");

    service.clock.advance(6 * DAY);
    assert_eq!(at_risk(&service, &format!("?before={next}")).await["users"].as_array().unwrap().len(), 10);
    assert_eq!(mark(&service, "auth0|59", "safe").await.status, 200);
    let left = at_risk(&service, "?at_least=medium").await;
    assert_ne!(&left["users"][0]["subject"], newest, "{left}");
    service.clock.advance(60 * DAY);
    assert_eq!(at_risk(&service, "?at_least=medium").await, json!({ "users": [], "next": null }));
    for wrong in
        ["?at_least=low", "?before=1", "?before=1~anna", "?level=high", "?at_least=high&at_least=high"]
    {
        let answer = service.get(&format!("/v1/users/{TENANT}{wrong}")).await;
        check_problem(&answer, 422, "query.shape");
    }
}

#[tokio::test]
async fn who_is_erased_is_on_no_list() {
    let service = TestApp::start(|_| {}).await;
    assert_eq!(mark(&service, ANNA, "compromised").await.status, 200);
    assert_eq!(at_risk(&service, "").await["users"].as_array().unwrap().len(), 1);
    let erased =
        service.operate("POST", &format!("/v1/erasures/{TENANT}"), &json!({ "user_id": ANNA })).await;
    assert_eq!(erased.json["erased"], true, "{}", erased.json);
    assert_eq!(at_risk(&service, "?at_least=medium").await["users"], json!([]));
}

#[tokio::test]
async fn the_console_lists_who_is_at_risk_and_marks_lead_back_to_the_list() {
    let service = TestApp::start(|_| {}).await;
    assert_eq!(mark(&service, ANNA, "compromised").await.status, 200);
    let subject = risk_of(&service, ANNA).await["subject"].as_str().unwrap().to_owned();
    let page = service.get(&format!("/users?tenant={TENANT}")).await;
    let text = String::from_utf8_lossy(&page.bytes);
    assert!(page.status == 200 && text.contains(&subject) && text.contains("marked compromised"), "{text}");
    assert!(!text.contains(ANNA), "{text}");
    assert_eq!(service.get("/users?at_least=low").await.status, 422);
}

#[tokio::test]
async fn a_leaked_password_that_the_log_told_of_is_a_reason_at_its_reset() {
    let service = TestApp::start(|_| {}).await;
    let mut reset = event_of("password-reset-post-challenge");
    let user = reset["user"]["user_id"].as_str().unwrap().to_owned();
    let sign_in = at_home(&user);
    complete(&service, &id_of(&service.decide(&sign_in).await)).await;
    let codes = |answer: &Answer| answer.json["risk"].to_string().contains("leaked_password");
    assert!(!codes(&service.ask("password-reset-post-challenge", &reset).await));
    service.clock.advance(Duration::from_secs(60));
    deliver(&service, &[entry(&service, "pwd_leak", 1, &sign_in)]).await;
    join(&service).await;
    reset["user"]["last_password_reset"] = json!("2026-01-01T00:00:00Z");
    let answer = service.ask("password-reset-post-challenge", &reset).await;
    assert!(codes(&answer), "{}", answer.json);
    let id: DecisionId = id_of(&answer).parse().unwrap();
    assert_eq!(service.app.replay(&service.tenant(), &id).await.unwrap(), Replay::Same);
    assert!(!codes(&service.decide(&sign_in).await), "at a sign-in it is the policy's matter");
}

#[tokio::test]
async fn who_may_not_find_anybody_learns_no_alias_by_a_name() {
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
    service.decide(&at_home(ANNA)).await;
    let known = risk_of(&service, ANNA).await;
    for (role, by_name) in [
        (Role::Viewer, 403),
        (Role::Auditor, 403),
        (Role::Operator, 403),
        (Role::Analyst, 200),
        (Role::Administrator, 200),
    ] {
        let here = Place::Tenant(TENANT.parse().unwrap());
        service.grant(role.as_str(), vec![Grant::new(role, here).unwrap()]).await;
        let cookie = service.session_of(role.as_str()).await;
        let ask = |body: Value| {
            let request = Request::post(format!("/v1/users/{TENANT}/risk"))
                .header("host", HOST)
                .header("cookie", &cookie)
                .header("sec-fetch-site", "same-origin");
            service.send(request.body(Body::from(body.to_string())).unwrap())
        };
        let found = ask(json!({ "user_id": ANNA })).await;
        assert_eq!(
            (found.status, found.json["alias"] == known["alias"]),
            (by_name, by_name == 200),
            "{role:?}"
        );
        assert_eq!(ask(json!({ "subject": known["subject"] })).await.status, 200, "{role:?}");
    }
}
