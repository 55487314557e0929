//! Keys that change, and tokens that name keys that nobody has.

use countersign_app::{
    access::provider::{Flaw, Invalid, Part, ProviderError},
    management::Why,
};
use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::{
    oidc::issuer::{Key, Page, World},
    peer::answer,
};

const UNKNOWN: ProviderError = ProviderError::Invalid(Invalid::Token(Flaw::UnknownKey));

#[tokio::test]
async fn a_key_that_is_new_is_found_within_a_minute() {
    let world = World::new().await;
    let (old, new) = (Key::first(), Key::new(Algorithm::ES256, "second"));
    // Long-lived, so that its end is not what is seen.
    let claims = world.claims(&json!({"exp": 1_787_299_200}));
    assert!(world.finish_with(&old.sign(&claims)).await.is_ok());
    world.publish(&[old, &new]);
    assert_eq!(world.finish_with(&new.sign(&claims)).await, Err(UNKNOWN));
    world.pass(60);
    assert!(world.finish_with(&new.sign(&claims)).await.is_ok());
    assert!(world.finish_with(&old.sign(&claims)).await.is_ok(), "both stand side by side");
    world.publish(&[&new]);
    world.pass(600);
    assert_eq!(
        world.finish_with(&old.sign(&claims)).await,
        Err(UNKNOWN),
        "a key that was taken back is over"
    );
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_one_request_a_minute() {
    let world = World::new().await;
    let stranger = Key::new(Algorithm::ES256, "nobody's");
    let token = stranger.sign(&world.claims(&json!({"exp": 1_787_299_200})));
    for _ in 0..3 {
        for _ in 0..20 {
            assert_eq!(world.finish_with(&token).await, Err(UNKNOWN));
        }
        world.pass(60);
    }
    assert_eq!(world.keys_asked(), 3);
    assert!(world.finish_with(&Key::first().sign(&world.claims(&json!({})))).await.is_ok());
}

#[tokio::test]
async fn keys_outlive_an_outage_of_less_than_a_day() {
    let world = World::new().await;
    let token = Key::first().sign(&world.claims(&json!({"exp": 1_787_400_000})));
    assert!(world.finish_with(&token).await.is_ok());
    world.pages.lock().unwrap().keys = Page::Raw(answer("503 Service Unavailable", ""));
    world.pass(24 * 60 * 60 - 1);
    assert!(world.finish_with(&token).await.is_ok());
    world.pass(1);
    let gone = ProviderError::Unavailable(Part::Keys, Why::Status(503));
    assert_eq!(world.finish_with(&token).await, Err(gone));
}

#[tokio::test]
async fn a_set_of_keys_that_is_none_is_refused() {
    let huge = format!("{{\"keys\":[],\"more\":\"{}\"}}", "x".repeat(300_000));
    for (page, wanted) in [
        (answer("200 OK", "[]"), Why::Nonsense),
        (answer("200 OK", "<html>"), Why::Nonsense),
        (answer("200 OK", &huge), Why::TooLong),
        (answer("301 Moved Permanently\r\nlocation: https://evil.example/", ""), Why::Redirect),
    ] {
        let world = World::new().await;
        world.pages.lock().unwrap().keys = Page::Raw(page);
        let token = Key::first().sign(&world.claims(&json!({})));
        let wanted = ProviderError::Unavailable(Part::Keys, wanted);
        assert_eq!(world.finish_with(&token).await, Err(wanted));
    }
}
