//! What a provider may say about itself.

use std::time::Duration;

use countersign_adapters::oidc::{BuildError, Provider, TenantTokens};
use countersign_app::{
    access::provider::{IdentityProvider, Invalid, Part, ProviderError},
    management::Why,
};
use serde_json::json;

use crate::{
    oidc::issuer::{Page, World, begin, settings, tenant},
    peer::{answer, nobody},
};

#[tokio::test]
async fn a_discovery_document_that_is_none_is_refused_with_its_reason() {
    let huge = format!("{{\"issuer\":\"{}\"}}", "x".repeat(70_000));
    for (page, wanted) in [
        (answer("200 OK", &huge), Why::TooLong),
        (answer("200 OK", "<html>"), Why::Nonsense),
        (answer("204 No Content", ""), Why::Status(204)),
        (answer("404 Not Found", "{}"), Why::Status(404)),
        (answer("302 Found\r\nlocation: https://evil.example/", ""), Why::Redirect),
        (answer("200 OK", &"[".repeat(10_000)), Why::Nonsense),
        (String::new(), Why::Broken),
    ] {
        let world = World::new().await;
        world.pages.lock().unwrap().discovery = Page::Raw(page);
        let refused = world.provider.begin(&begin()).await;
        assert_eq!(refused, Err(ProviderError::Unavailable(Part::Discovery, wanted)));
        assert_eq!(world.asked().len(), 1, "nobody follows anywhere");
    }
}

#[tokio::test]
async fn a_slow_provider_and_one_that_is_not_there_are_told() {
    let world = World::with(|settings| settings.timeout = Duration::from_millis(100)).await;
    world.pages.lock().unwrap().discovery = Page::Silence;
    let late = Err(ProviderError::Unavailable(Part::Discovery, Why::Late));
    assert_eq!(world.provider.begin(&begin()).await, late);
    let provider = Provider::new(settings(&nobody().await), world.clock.clone()).unwrap();
    let gone = Err(ProviderError::Unavailable(Part::Discovery, Why::Unreachable));
    assert_eq!(provider.begin(&begin()).await, gone);
}

#[tokio::test]
async fn endpoints_on_foreign_hosts_are_never_asked() {
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        for address in ["https://evil.example/", "http://127.0.0.1:1/", "http://127.0.0.2/", "http://[::1]/"]
        {
            let world = World::new().await;
            world.discover_with(&json!({ name: address }));
            let refused = world.provider.begin(&begin()).await;
            assert_eq!(refused, Err(ProviderError::Invalid(Invalid::Endpoint(name))), "{address}");
        }
    }
}

#[tokio::test]
async fn a_document_of_another_issuer_is_refused() {
    let world = World::new().await;
    world.discover_with(&json!({"issuer": world.issuer.trim_end_matches('/')}));
    let refused = world.provider.begin(&begin()).await;
    assert_eq!(refused, Err(ProviderError::Invalid(Invalid::DiscoveryIssuer)));
}

#[tokio::test]
async fn what_a_provider_said_outlives_an_outage_of_less_than_a_day() {
    let world = World::new().await;
    let url = world.provider.begin(&begin()).await.unwrap();
    world.pages.lock().unwrap().discovery = Page::Raw(answer("503 Service Unavailable", ""));
    world.pass(24 * 60 * 60 - 1);
    assert_eq!(world.provider.begin(&begin()).await, Ok(url));
    world.pass(1);
    let gone = Err(ProviderError::Unavailable(Part::Discovery, Why::Status(503)));
    assert_eq!(world.provider.begin(&begin()).await, gone);
    assert_eq!(world.asked().len(), 2, "one request a minute");
}

#[tokio::test]
async fn settings_that_nothing_can_be_built_from_are_told() {
    let world = World::new().await;
    let refused = |issuer: &str| Provider::new(settings(issuer), world.clock.clone()).err();
    for issuer in ["http://login.example.com/", "login.example.com", "https://login.example.com/?a=b", ""] {
        assert_eq!(refused(issuer), Some(BuildError::Issuer), "{issuer}");
    }
    let mut nameless = settings("https://login.example.com");
    nameless.client_id.clear();
    assert_eq!(Provider::new(nameless, world.clock.clone()).err(), Some(BuildError::Empty));
    let mut untrusting = settings("https://login.example.com");
    untrusting.authorities = Some(b"nothing".to_vec());
    assert_eq!(Provider::new(untrusting, world.clock.clone()).err(), Some(BuildError::Authorities));
    let deep = TenantTokens::new(tenant("https://acme.eu.auth0.com/api/"), world.clock.clone());
    assert_eq!(deep.err(), Some(BuildError::Tenant));
}
