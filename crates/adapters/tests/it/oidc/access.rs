//! Access tokens of a tenant.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_app::{
    access::provider::{Flaw, TokenError},
    management::Why,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use crate::{
    oidc::issuer::{AUDIENCE, Key, NOW, Page, World},
    peer::answer,
};

#[tokio::test]
async fn a_token_grants_its_scopes_under_each_name_of_the_tenant() {
    let world = World::new().await;
    let elsewhere =
        json!({"iss": "https://login.example.com/", "aud": [AUDIENCE, "other"], "org_id": "org_1"});
    let granted = world.verify(&Key::first().sign(&world.grant(&elsewhere))).await.unwrap();
    assert_eq!((granted.client.as_str(), granted.organization.unwrap().as_str()), ("billing", "org_1"));
    let granted = world.verify(&Key::first().sign(&world.grant(&json!({})))).await.unwrap();
    assert_eq!(granted.scopes.into_iter().collect::<Vec<_>>(), ["decide", "read:ledger"]);
    assert_eq!((granted.organization, world.keys_asked()), (None, 1));
}

#[tokio::test]
async fn a_token_that_is_not_taken_anyway_costs_no_request() {
    let world = World::new().await;
    let claims = world.grant(&json!({}));
    let key = Key::first();
    let secret = EncodingKey::from_secret(key.public_pem.as_bytes());
    let header = Header { kid: Some(key.id.to_owned()), ..Header::new(Algorithm::HS256) };
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let foreign = world.grant(&json!({"iss": "https://evil.example/"}));
    for (token, wanted) in [
        ("CANARY-opaque".to_owned(), Flaw::Opaque),
        ("a.b.c.d.e".to_owned(), Flaw::Encrypted),
        ("a.b.c".to_owned(), Flaw::Unreadable),
        (format!("{none}.{}.", URL_SAFE_NO_PAD.encode(claims.to_string())), Flaw::Algorithm),
        (encode(&header, &claims, &secret).unwrap(), Flaw::Algorithm),
        (Key::new(Algorithm::ES256, "first").sign(&claims), Flaw::Algorithm),
        (key.sign(&foreign), Flaw::Issuer),
        (key.sign(&world.grant(&json!({"iss": world.issuer.trim_end_matches('/')}))), Flaw::Issuer),
        ("x".repeat(40_000), Flaw::Long),
    ] {
        let refused = world.verify(&token).await.unwrap_err();
        assert_eq!(refused, TokenError::Invalid(wanted));
        assert!(!format!("{refused} {refused:?}").contains("CANARY"));
    }
    assert_eq!(world.asked().len(), 0);
}

#[tokio::test]
async fn a_token_for_others_or_for_another_time_is_refused() {
    let world = World::new().await;
    for (changes, wanted) in [
        (json!({"aud": "https://acme.eu.auth0.com/userinfo"}), Flaw::Audience),
        (json!({"aud": format!("{AUDIENCE}x")}), Flaw::Audience),
        (json!({"aud": null}), Flaw::Claim("aud")),
        (json!({"exp": NOW - 60}), Flaw::Expired),
        (json!({"exp": null}), Flaw::Claim("exp")),
        (json!({"nbf": NOW + 61}), Flaw::Early),
        (json!({"sub": "auth0|pat"}), Flaw::Person),
        (json!({"azp": null}), Flaw::Claim("azp")),
        (json!({"scope": ["decide"]}), Flaw::Claim("scope")),
        (json!({"org_id": "org 1"}), Flaw::Claim("org_id")),
    ] {
        let refused = world.verify(&Key::first().sign(&world.grant(&changes))).await;
        assert_eq!(refused, Err(TokenError::Invalid(wanted)), "{changes}");
    }
}

#[tokio::test]
async fn a_flood_of_forged_tokens_is_one_request_a_minute_and_no_token_is_taken_on_trust() {
    let world = World::new().await;
    let forged = Key::new(Algorithm::PS256, "nobody's").sign(&world.grant(&json!({})));
    for _ in 0..50 {
        assert_eq!(world.verify(&forged).await, Err(TokenError::Invalid(Flaw::UnknownKey)));
    }
    assert_eq!(world.keys_asked(), 1);
    let same_name = Key::new(Algorithm::RS256, "first").sign(&world.grant(&json!({})));
    assert_eq!(world.verify(&same_name).await, Err(TokenError::Invalid(Flaw::Signature)));
}

#[tokio::test]
async fn a_tenant_that_is_down_is_told_apart_from_a_bad_token() {
    let world = World::new().await;
    world.pages.lock().unwrap().keys = Page::Raw(answer("503 Service Unavailable", ""));
    let token = Key::first().sign(&world.grant(&json!({})));
    for _ in 0..10 {
        assert_eq!(world.verify(&token).await, Err(TokenError::Unavailable(Why::Status(503))));
    }
    assert_eq!(world.keys_asked(), 1);
    world.publish(&[Key::first()]);
    world.pass(5);
    assert!(world.verify(&token).await.is_ok());
}
