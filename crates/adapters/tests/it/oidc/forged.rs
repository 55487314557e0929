//! ID tokens that must not be taken.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_app::access::provider::{Flaw, Invalid, ProviderError};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::oidc::issuer::{CLIENT, Key, NOW, World};

fn flawed(flaw: Flaw) -> ProviderError {
    ProviderError::Invalid(Invalid::Token(flaw))
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn claims_of_another_sign_in_are_refused() {
    let world = World::new().await;
    let bare = world.issuer.trim_end_matches('/').to_owned();
    for (changes, wanted) in [
        (json!({"iss": "https://evil.example/"}), flawed(Flaw::Issuer)),
        (json!({ "iss": bare }), flawed(Flaw::Issuer)),
        (json!({"iss": [world.issuer]}), flawed(Flaw::Issuer)),
        (json!({"iss": null}), flawed(Flaw::Issuer)),
        (json!({"aud": "other"}), flawed(Flaw::Audience)),
        (json!({"aud": []}), flawed(Flaw::Audience)),
        (json!({"aud": null}), flawed(Flaw::Claim("aud"))),
        (json!({"aud": [CLIENT, "other"]}), flawed(Flaw::Party)),
        (json!({"azp": "other"}), flawed(Flaw::Party)),
        (json!({"exp": NOW - 60}), flawed(Flaw::Expired)),
        (json!({"exp": null}), flawed(Flaw::Claim("exp"))),
        (json!({"iat": NOW + 61}), flawed(Flaw::Early)),
        (json!({"iat": null}), flawed(Flaw::Claim("iat"))),
        (json!({"nbf": NOW + 61}), flawed(Flaw::Early)),
        (json!({"nonce": "nonce-2"}), ProviderError::Invalid(Invalid::Nonce)),
        (json!({"nonce": null}), ProviderError::Invalid(Invalid::Nonce)),
        (json!({"sub": null}), ProviderError::Invalid(Invalid::Subject)),
        (json!({"sub": "x".repeat(256)}), ProviderError::Invalid(Invalid::Subject)),
        (json!({"auth_time": "now"}), flawed(Flaw::Claim("auth_time"))),
    ] {
        let token = Key::first().sign(&world.claims(&changes));
        assert_eq!(world.finish_with(&token).await, Err(wanted), "{changes}");
    }
    assert!(world.finish_with(&Key::first().sign(&world.claims(&json!({})))).await.is_ok());
}

#[tokio::test]
async fn tokens_without_a_good_signature_are_refused() {
    let world = World::new().await;
    let key = Key::first();
    let claims = world.claims(&json!({}));
    let good = key.sign(&claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let kid = json!(key.id);
    let none = |alg: &str| format!("{}.{}.", part(&json!({"alg": alg, "kid": kid})), part(&claims));
    // The public key as a shared secret: RFC 8725, section 2.1.
    let shared = Header { kid: Some(key.id.to_owned()), ..Header::new(Algorithm::HS256) };
    let shared = encode(&shared, &claims, &EncodingKey::from_secret(key.public_pem.as_bytes())).unwrap();
    let of_other = Key::new(Algorithm::RS256, "first").sign(&claims);
    let altered = format!("{header}.{}.{signature}", part(&world.claims(&json!({"sub": "auth0|boss"}))));
    let crit = format!("{}.{}.{signature}", part(&json!({"alg": "RS256", "crit": ["x"]})), part(&claims));
    for (token, wanted) in [
        (none("none"), Flaw::Algorithm),
        (none("NONE"), Flaw::Algorithm),
        (shared, Flaw::Algorithm),
        (none("RS256"), Flaw::Signature),
        (none("ES256"), Flaw::UnknownKey),
        (of_other, Flaw::Signature),
        (altered, Flaw::Signature),
        (format!("{message}.{}", signature.to_uppercase()), Flaw::Signature),
        (format!("{message}.*"), Flaw::Signature),
        (crit, Flaw::Unreadable),
        (format!("{header}.{}.{signature}", part(&json!([1]))), Flaw::Unreadable),
        (format!("{header}=.{}.{signature}", part(&claims)), Flaw::Unreadable),
        (format!("{good}.x.y"), Flaw::Encrypted),
        (format!("{good}.x"), Flaw::Opaque),
        ("opaque".to_owned(), Flaw::Opaque),
        (String::new(), Flaw::Opaque),
        ("..".to_owned(), Flaw::Unreadable),
        ("a".repeat(33_000), Flaw::Long),
    ] {
        assert_eq!(world.finish_with(&token).await, Err(flawed(wanted)), "{token}");
    }
    assert!(world.finish_with(&good).await.is_ok());
}

#[tokio::test]
async fn a_key_of_another_kind_with_the_same_id_verifies_nothing() {
    let world = World::new().await;
    let curve = Key::new(Algorithm::ES256, "first");
    world.publish(&[&curve]);
    let token = Key::first().sign(&world.claims(&json!({})));
    assert_eq!(world.finish_with(&token).await, Err(flawed(Flaw::UnknownKey)));
}
