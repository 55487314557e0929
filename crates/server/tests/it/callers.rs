//! How often a caller may ask, and how often an address may try.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use countersign_app::access::Settings;
use countersign_rights::{Grant, Place, Role};
use countersign_server::{CallerLimits, PeerAddress};
use countersign_testkit::{
    Answer, Granting, HOST, Setup, TENANT, TestApp, Vouching, access_token, log_token,
};

use crate::world::{bare, check_problem, with_token};

/// What everybody asks for here: who they are.
const ME: &str = "/v1/access/me";

async fn service() -> TestApp {
    let caller_limits = CallerLimits {
        requests_per_second: 2,
        requests_at_once: 4,
        attempts_per_minute: 2,
        attempts_at_once: 3,
    };
    let access = Settings { provider: Some(Arc::new(Vouching)), ..Settings::default() };
    let service = TestApp::start_with(|_| {}, Setup { caller_limits, access, ..Setup::default() }).await;
    service.grant("mia", vec![Grant::new(Role::Viewer, Place::Installation).unwrap()]).await;
    service
}

async fn send_from(service: &TestApp, from: &str, mut request: Request<Body>) -> Answer {
    request.extensions_mut().insert(PeerAddress(from.parse().unwrap()));
    service.send(request).await
}

fn with(header: &'static str, value: &str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert(header, value.parse().unwrap());
    request
}

fn guess(number: usize) -> Request<Body> {
    with("authorization", &format!("Bearer csa_guess{number}"), bare("GET", ME))
}

fn retry_after(answer: &Answer) -> Option<&str> {
    answer.headers.get("retry-after").map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_caller_too_often_is_told_when_to_come_back_and_others_go_on() {
    let service = service().await;
    let (one, other) = (service.session_of("mia").await, service.session_of("mia").await);
    for _ in 0..4 {
        assert_eq!(service.browse("GET", ME, &one).await.status, 200);
    }
    let limited = service.browse("GET", ME, &one).await;
    check_problem(&limited, 429, "rate_limited");
    let document = crate::openapi::document().await;
    crate::openapi::check_described(&document, "GET", ME, &limited);
    assert_eq!(retry_after(&limited), Some("1"));
    assert_eq!(service.browse("GET", ME, &other).await.status, 200, "another session is another caller");
    assert_eq!(service.send(with_token(bare("GET", ME))).await.status, 200);
    service.clock.advance(Duration::from_secs(1));
    for status in [200, 200, 429] {
        assert_eq!(service.browse("GET", ME, &one).await.status, status);
    }
}

#[tokio::test]
async fn a_browser_too_often_gets_a_page_and_a_program_a_problem() {
    let service = service().await;
    let cookie = service.session_of("mia").await;
    let ask = |accept: &'static str| {
        service.send(with("accept", accept, with("cookie", &cookie, bare("GET", "/incidents"))))
    };
    for _ in 0..4 {
        assert_eq!(ask("text/html").await.status, 200);
    }
    let page = ask("text/html,application/xhtml+xml,*/*;q=0.8").await;
    let text = String::from_utf8_lossy(&page.bytes).into_owned();
    assert_eq!((page.status, retry_after(&page)), (429, Some("1")));
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains("Too many requests"), "{text}");
    assert!(text.contains("Try again in 1 s"), "{text}");
    check_problem(&ask("application/json").await, 429, "rate_limited");
    let attempt =
        |accept| send_from(&service, "203.0.113.7", with("accept", accept, bare("GET", "/sign-in/start")));
    for _ in 0..3 {
        assert_eq!(attempt("text/html").await.status, 303);
    }
    let page = attempt("text/html").await;
    assert!(page.status == 429 && String::from_utf8_lossy(&page.bytes).contains("Too many requests"));
    check_problem(&attempt("*/*").await, 429, "rate_limited");
}

#[tokio::test]
async fn guesses_from_an_address_are_refused_before_anything_is_looked_up() {
    let service = service().await;
    let (before, late) = (service.session_of("mia").await, service.session_of("mia").await);
    let from = |address: &'static str, request| send_from(&service, address, request);
    let page = |cookie: &str| with("cookie", cookie, bare("GET", ME));
    assert_eq!(from("203.0.113.7", page(&before)).await.status, 200);
    for number in 0..3 {
        check_problem(&from("203.0.113.7", guess(number)).await, 401, "credential.missing");
    }
    let limited = from("203.0.113.7", guess(3)).await;
    check_problem(&limited, 429, "rate_limited");
    assert_eq!(retry_after(&limited), Some("30"));
    // A session that holds, and that was not seen yet, is refused as well: so it was not looked up.
    check_problem(&from("203.0.113.7", page(&late)).await, 429, "rate_limited");
    assert_eq!(from("203.0.113.7", page(&before)).await.status, 200, "who was known before goes on");
    assert_eq!(from("203.0.113.8", page(&late)).await.status, 200, "and so does another address");
    service.clock.advance(Duration::from_secs(30));
    assert_eq!(from("203.0.113.7", guess(4)).await.status, 401);
    assert_eq!(from("203.0.113.7", guess(5)).await.status, 429);
}

#[tokio::test]
async fn sign_ins_and_links_are_attempts_of_their_address() {
    let service = service().await;
    let link = service.server.one_time_path().await.unwrap();
    for (path, status) in
        [("/start/guess", 401), ("/sign-in/start", 303), ("/sign-in/callback?code=mia", 401)]
    {
        assert_eq!(send_from(&service, "203.0.113.7", bare("GET", path)).await.status, status, "{path}");
    }
    for path in [&*link, "/sign-in/start", "/sign-in/callback?code=mia"] {
        let answer = send_from(&service, "203.0.113.7", bare("GET", path)).await;
        check_problem(&answer, 429, "rate_limited");
    }
    for path in ["/sign-in", "/static/console.css"] {
        assert_eq!(send_from(&service, "203.0.113.7", bare("GET", path)).await.status, 200, "{path}");
    }
    assert_eq!(
        send_from(&service, "203.0.113.8", bare("GET", &link)).await.status,
        303,
        "it was not used up"
    );
}

#[tokio::test]
async fn wrong_tokens_of_streams_are_attempts_and_right_ones_are_none() {
    let service = service().await;
    let deliver = |stream: &str, token: &str| {
        let request = Request::post(format!("/v1/{stream}/{TENANT}")).header("host", HOST);
        let request =
            request.header("authorization", format!("Bearer {token}")).body(Body::from("[]")).unwrap();
        send_from(&service, "203.0.113.7", request)
    };
    let right = log_token(TENANT);
    for _ in 0..20 {
        assert_eq!(deliver("logs", right.expose()).await.status, 200);
    }
    for (stream, status) in [("logs", 401), ("events", 401), ("logs", 401), ("events", 429), ("logs", 429)] {
        assert_eq!(deliver(stream, "lgs_guess").await.status, status, "{stream}");
    }
    assert_eq!(deliver("logs", right.expose()).await.status, 200, "the stream itself goes on");
}

#[tokio::test]
async fn without_an_address_and_on_loopback_nobody_is_counted() {
    let service = service().await;
    for number in 0..10 {
        assert_eq!(service.send(guess(number)).await.status, 401);
        assert_eq!(send_from(&service, "127.0.0.1", guess(number)).await.status, 401);
    }
}

#[tokio::test]
async fn a_flood_of_access_tokens_from_an_address_that_tenants_share_keeps_no_other_tenants_out() {
    let access = Settings {
        tokens: [(TENANT.parse().unwrap(), Arc::new(Granting) as _)].into(),
        ..Settings::default()
    };
    let setup = Setup { access, caller_limits: CallerLimits::default(), ..Setup::default() };
    let service = TestApp::start_with(|_| {}, setup).await;
    let ask = |token: &str| {
        let request = with("authorization", &format!("Bearer {token}"), bare("GET", ME));
        send_from(&service, "203.0.113.7", request)
    };
    let mut statuses = Vec::new();
    for number in 0..40 {
        statuses.push(ask(&format!("forged.by.number{number}")).await.status);
    }
    assert_eq!((&statuses[..30], &statuses[30..]), (&[401; 30][..], &[429; 10][..]));
    assert_eq!(ask(&access_token("shop", &["decide"])).await.status, 200);
    check_problem(&ask("csa_guess").await, 429, "rate_limited");
}
