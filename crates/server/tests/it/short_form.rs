//! `POST /risk/{token}`: the short form and its tokens.

use axum::{body::Body, http::Request};
use countersign_rights::Action;
use countersign_testkit::{Answer, HOST, TestApp, post_login};
use serde_json::{Value, json};

use crate::world::{bare, check_problem, complete, id_of, show};

async fn token(service: &TestApp) -> (String, String) {
    let made = service.operate("POST", "/v1/risk-tokens/example-tenant", &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.json);
    let text = |name: &str| made.json[name].as_str().unwrap().to_owned();
    (text("id"), text("path"))
}

fn form() -> Value {
    json!({ "email": "sales@example.com", "ip": "203.0.113.24", "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0" })
}

async fn quick(service: &TestApp, path: &str, form: &Value) -> Answer {
    let request = Request::post(path).header("host", HOST).body(Body::from(form.to_string())).unwrap();
    service.send(request).await
}

#[tokio::test]
async fn a_token_in_the_path_gives_a_score_and_its_record() {
    let service = TestApp::start(|_| {}).await;
    let (_, path) = token(&service).await;
    let answer = quick(&service, &path, &form()).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let told = answer.json.as_object().unwrap();
    for name in ["score", "inferredDepartment", "reasons", "decision_id"] {
        assert!(told.contains_key(name), "{name}: {}", answer.json);
    }
    assert_eq!(told["inferredDepartment"], "Sales");
    let stored = show(&service, told["decision_id"].as_str().unwrap()).await;
    assert_eq!(stored["assessment"]["score"], told["score"]);
    let id = told["decision_id"].as_str().unwrap().parse().unwrap();
    let replay = service.app.replay(&service.tenant(), &id).await.unwrap();
    assert_eq!(replay, countersign_app::decide::Replay::Same);
}

#[tokio::test]
async fn a_revoked_or_unknown_token_is_refused_at_once() {
    let service = TestApp::start(|_| {}).await;
    let (id, path) = token(&service).await;
    let revoked =
        service.operate("DELETE", &format!("/v1/risk-tokens/example-tenant/{id}"), &json!({})).await;
    assert_eq!(revoked.status, 200, "{}", revoked.json);
    check_problem(&quick(&service, &path, &form()).await, 401, "token.unknown");
    check_problem(&quick(&service, "/risk/rsk_00", &form()).await, 401, "token.unknown");
    check_problem(&quick(&service, "/risk/%2e%2e", &form()).await, 401, "token.unknown");
    let again = service.operate("DELETE", &format!("/v1/risk-tokens/example-tenant/{id}"), &json!({})).await;
    check_problem(&again, 404, "not_found");
}

#[tokio::test]
async fn a_token_is_told_once_and_only_operators_make_one() {
    let service = TestApp::start(|_| {}).await;
    let (_, path) = token(&service).await;
    let listed = service.get("/v1/risk-tokens/example-tenant").await;
    assert_eq!(listed.json["tokens"].as_array().unwrap().len(), 1);
    assert!(!listed.json.to_string().contains("rsk_"), "{}", listed.json);
    let stranger = service.send(bare("POST", "/v1/risk-tokens/example-tenant")).await;
    assert_eq!(stranger.status, 401);
    let metrics = service.get("/metrics").await;
    let text = String::from_utf8(metrics.bytes).unwrap();
    assert!(!text.contains(path.trim_start_matches("/risk/")), "{text}");
}

/// Rows of profiles in the database.
fn profiles(service: &TestApp) -> i64 {
    let connection = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
    connection.query_row("SELECT COUNT(*) FROM profiles", [], |row| row.get(0)).unwrap()
}

/// How often others were seen to sign up alike, by the next sign-up.
async fn sign_ups_seen(service: &TestApp, email: &str) -> Value {
    let mut event = countersign_testkit::event_of("pre-user-registration");
    event["user"]["email"] = json!(email);
    let id = id_of(&service.ask("pre-user-registration", &event).await);
    show(service, &id).await["features"]["sign_up"]["readings"].clone()
}

#[tokio::test]
async fn the_short_form_never_feeds_a_history() {
    let service = TestApp::start(|_| {}).await;
    let (_, path) = token(&service).await;
    for number in 0..20 {
        let mut form = form();
        form["email"] = json!(format!("sales{number}@example.com"));
        let id = quick(&service, &path, &form).await.json["decision_id"].as_str().unwrap().to_owned();
        let told = service.outcome(&json!({ "kind": "completed", "decision_id": id })).await;
        assert_eq!(told.json["outcome"], "recorded", "{}", told.json);
    }
    service.clock.advance(std::time::Duration::from_secs(25 * 3_600));
    while service.app.count_silence(&service.tenant(), &service.lead().await).await.unwrap() > 0 {}
    assert_eq!(profiles(&service), 0);
    let readings = sign_ups_seen(&service, "sales@example.com").await;
    assert_eq!(readings["block_hour"].as_u64().unwrap_or(0), 0, "{readings}");
    // The same by sign-ups is seen: what is looked at is what would tell.
    let again = sign_ups_seen(&service, "sales2@example.com").await;
    assert_eq!(again["block_hour"], 1, "{again}");
}

#[tokio::test]
async fn only_who_proved_to_have_an_address_lends_it_a_history() {
    let service = TestApp::start(|_| {}).await;
    let (_, path) = token(&service).await;
    let mut form = form();
    form["email"] = json!("pat.doe@example.com");
    form["user_agent"] = post_login()["request"]["user_agent"].clone();
    let devices = async || -> Vec<String> {
        let told = quick(&service, &path, &form).await.json;
        let codes = told["reasons"].as_array().unwrap().iter();
        codes
            .map(|reason| reason["code"].as_str().unwrap().to_owned())
            .filter(|code| code.contains("device"))
            .collect()
    };
    let train = async |user: &str, is_verified: bool| {
        let mut event = post_login();
        event["user"]["user_id"] = json!(user);
        event["user"]["email_verified"] = json!(is_verified);
        for _ in 0..8 {
            complete(&service, &id_of(&service.decide(&event).await)).await;
        }
    };
    train("auth0|thief", false).await;
    assert_eq!(devices().await, [""; 0], "a claim is no proof");
    train("auth0|pat", true).await;
    assert_eq!(devices().await, ["familiar_device"]);
    train("auth0|other", true).await;
    assert_eq!(devices().await, [""; 0], "of two nobody can tell who asks");
}

#[tokio::test]
async fn what_is_no_question_is_refused_with_its_place() {
    let service = TestApp::start(|_| {}).await;
    let (_, path) = token(&service).await;
    for (name, value) in [("email", json!("nobody")), ("ip", json!("300.1.1.1")), ("user_agent", json!(7))] {
        let mut form = form();
        form[name] = value;
        let answer = quick(&service, &path, &form).await;
        check_problem(&answer, 422, "body.shape");
        assert!(answer.json.to_string().contains(name), "{}", answer.json);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_ended_also_when_its_operator_does_not_wait() {
    let service = TestApp::start(|_| {}).await;
    let (id, path) = token(&service).await;
    let tenant = service.permit(Action::ChangeTokens).await;
    {
        let mut ending = std::pin::pin!(service.app.revoke_risk_token(&tenant, &id));
        // Asked once, and never again.
        let waits = std::future::poll_fn(|context| {
            std::task::Poll::Ready(ending.as_mut().poll(context).is_pending())
        });
        assert!(waits.await);
    }
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        while quick(&service, &path, &form()).await.status != 401 {
            tokio::task::yield_now().await;
        }
    });
    ended.await.unwrap();
    assert!(service.app.risk_tokens(&tenant).await.unwrap()[0].revoked_at.is_some());
}

#[tokio::test]
async fn many_that_are_asked_for_at_once_are_no_more_than_may_be() {
    let service = std::sync::Arc::new(TestApp::start(|_| {}).await);
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let service = std::sync::Arc::clone(&service);
        asked.spawn(async move {
            service.app.make_risk_token(&service.permit(Action::ChangeTokens).await).await.map(|_| ())
        });
    }
    let answers = asked.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 32);
    let refused = service.operate("POST", "/v1/risk-tokens/example-tenant", &json!({})).await;
    check_problem(&refused, 409, "too_many");
}

#[tokio::test]
async fn a_token_does_not_stand_for_the_client_certificate_of_its_tenant() {
    let service = TestApp::start(|_| {}).await;
    let (_, path) = token(&service).await;
    let names = |names: &[&str]| {
        names.iter().map(|name| name.parse().unwrap()).collect::<std::collections::BTreeSet<_>>()
    };
    let bound = std::sync::Arc::new(names(&["example-tenant"]));
    for (of_peer, status) in [(&["example-tenant"][..], 200), (&["other-tenant"], 401), (&[], 401)] {
        let mut request =
            Request::post(&path).header("host", HOST).body(Body::from(form().to_string())).unwrap();
        let peer = countersign_server::PeerTenants::new(names(of_peer), std::sync::Arc::clone(&bound));
        request.extensions_mut().insert(peer);
        let answer = service.send(request).await;
        assert_eq!(answer.status, status, "{of_peer:?}: {}", answer.json);
        if status == 401 {
            check_problem(&answer, 401, "peer.foreign");
        }
    }
}
