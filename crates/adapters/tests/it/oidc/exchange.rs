//! Where a browser is sent, and how a code is exchanged.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_adapters::oidc::Authentication;
use countersign_app::{
    access::provider::{Begin, Finish, IdentityProvider, Invalid, Part, ProviderError},
    management::Why,
};
use countersign_core::Secret;
use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::{
    oidc::issuer::{BACK, Key, Page, SECRET, VERIFIER, World, begin, finish},
    peer::answer,
};

#[tokio::test]
async fn a_browser_is_sent_with_a_challenge_and_never_with_the_verifier() {
    let world = World::new().await;
    let url = world.provider.begin(&Begin { max_age: Duration::ZERO, ..begin() }).await.unwrap();
    let wanted = "authorize?tenant=acme&response_type=code&client_id=console\
        &redirect_uri=https%3A%2F%2Fconsole.example.com%2Fauth%2Fcallback&scope=openid+profile&state=state%261&nonce=nonce-1\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&max_age=0";
    assert_eq!(url, format!("{}{wanted}", world.issuer));
    assert!(!url.contains(VERIFIER));
    let again = world.provider.begin(&begin()).await.unwrap();
    assert!(again.ends_with("&max_age=600"), "it is always asked for: {again}");
    assert_eq!(world.asked(), ["GET /.well-known/openid-configuration"], "the document is kept");
}

#[tokio::test]
async fn a_person_signs_in_with_each_algorithm_that_is_taken() {
    for algorithm in [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA] {
        let world = World::new().await;
        let key = Key::new(algorithm, "one");
        world.publish(&[&key]);
        let claims = world.claims(&json!({"groups": ["secops"], "amr": ["mfa"], "auth_time": 1_787_212_700}));
        let identity = world.finish_with(&key.sign(&claims)).await.unwrap();
        assert_eq!((&identity.issuer, identity.subject.as_str()), (&world.issuer, "auth0|pat"));
        assert_eq!((identity.name.as_str(), identity.claimed[0].as_str()), ("CANARY-name", "secops"));
        assert_eq!(identity.authenticated_at.unwrap().seconds(), 1_787_212_700);
        assert!(!format!("{identity:?}").contains("CANARY"));
    }
}

#[tokio::test]
async fn a_client_shows_itself_in_the_way_that_is_configured() {
    let form = format!(
        "grant_type=authorization_code&code=CANARY-code&redirect_uri={}&code_verifier={VERIFIER}",
        BACK.replace(':', "%3A").replace('/', "%2F")
    );
    let encoded = "CANARY+secret%3A+%2B%25%26";
    let secret = || Secret::new(SECRET.into());
    for (authentication, more) in [
        (Authentication::None, "&client_id=console".to_owned()),
        (Authentication::Post(secret()), format!("&client_id=console&client_secret={encoded}")),
        (Authentication::Basic(secret()), String::new()),
    ] {
        let is_basic = matches!(authentication, Authentication::Basic(_));
        let world = World::with(|settings| settings.authentication = authentication).await;
        world.pages.lock().unwrap().token = Page::Raw(answer("500 Internal Server Error", ""));
        let ended = world.finish(finish()).await;
        assert_eq!(ended, Err(ProviderError::Unavailable(Part::Token, Why::Status(500))));
        let request = world.last();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, format!("{form}{more}"));
        assert!(head.contains("content-type: application/x-www-form-urlencoded"));
        let basic = format!("authorization: Basic {}", STANDARD.encode(format!("console:{encoded}")));
        assert_eq!(head.contains(&basic), is_basic, "{head}");
        assert_eq!(head.contains("authorization"), is_basic);
    }
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused_before_its_code_is_shown_to_anybody() {
    let world = World::new().await;
    let from = |issuer: &str| Finish { issuer: Some(issuer.to_owned()), ..finish() };
    let mixed_up = Err(ProviderError::Invalid(Invalid::MixedUp));
    assert_eq!(world.finish(from("https://evil.example/")).await, mixed_up);
    assert_eq!(world.finish(from(world.issuer.trim_end_matches('/'))).await, mixed_up);
    assert_eq!(world.asked().len(), 0);
    world.answer_with(&Key::first().sign(&world.claims(&json!({}))));
    assert!(world.finish(from(&world.issuer)).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_names_itself_must_be_named() {
    let world = World::new().await;
    world.discover_with(&json!({"authorization_response_iss_parameter_supported": true}));
    let ended = world.finish_with(&Key::first().sign(&world.claims(&json!({})))).await;
    assert_eq!(ended, Err(ProviderError::Invalid(Invalid::NoIssuer)));
    assert!(!world.asked().iter().any(|asked| asked.contains("token")), "the code stays here");
    let named = Finish { issuer: Some(world.issuer.clone()), ..finish() };
    assert!(world.finish(named).await.is_ok());
}

#[tokio::test]
async fn what_is_answered_to_a_code_is_told_apart() {
    let world = World::new().await;
    let unavailable = |why| ProviderError::Unavailable(Part::Token, why);
    let error = |word: &str| json!({"error": word, "error_description": "CANARY"}).to_string();
    let huge = format!("{{\"id_token\":\"{}\"}}", "x".repeat(70_000));
    for (page, wanted) in [
        (answer("400 Bad Request", &error("invalid_grant")), ProviderError::Refused("invalid_grant")),
        (answer("401 Unauthorized", &error("invalid_client")), ProviderError::Refused("invalid_client")),
        (answer("403 Forbidden", &error("CANARY-word")), ProviderError::Refused("other")),
        (answer("400 Bad Request", "<html>"), unavailable(Why::Status(400))),
        (answer("429 Too Many Requests", &error("slow_down")), unavailable(Why::Status(429))),
        (answer("500 Internal Server Error", &error("invalid_grant")), unavailable(Why::Status(500))),
        (answer("302 Found\r\nlocation: http://127.0.0.1:1/", ""), unavailable(Why::Redirect)),
        (answer("200 OK", "<html>"), unavailable(Why::Nonsense)),
        (answer("200 OK", &huge), unavailable(Why::TooLong)),
        (answer("200 OK", "{}"), ProviderError::Invalid(Invalid::Answer)),
        (answer("200 OK", r#"{"id_token":7}"#), ProviderError::Invalid(Invalid::Answer)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned(), unavailable(Why::Broken)),
    ] {
        world.pages.lock().unwrap().token = Page::Raw(page.clone());
        assert_eq!(world.finish(finish()).await, Err(wanted), "{page}");
    }
}

#[tokio::test]
async fn a_provider_that_is_silent_is_waited_for_as_long_as_is_configured() {
    let world = World::with(|settings| settings.timeout = Duration::from_millis(100)).await;
    let late = Err(ProviderError::Unavailable(Part::Token, Why::Late));
    assert_eq!(world.finish(finish()).await, late);
}
