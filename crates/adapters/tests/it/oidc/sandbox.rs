//! The sandbox tenant, which stands in for one at Auth0.

use std::{sync::Arc, time::Duration};

use countersign_adapters::oidc::{Authentication, Provider, Settings, TenantTokens};
use countersign_app::access::provider::{
    AccessTokens, Finish, Flaw, IdentityProvider, ProviderError, TokenError,
};
use countersign_core::{Secret, Timestamp, testing::HeldClock};
use countersign_sandbox::tenant::{
    Options, Plan, Tenant,
    http::{Shell, router},
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::oidc::{
    browser::Browser,
    issuer::{AUDIENCE, BACK, NOW, begin, finish, settings, tenant},
};

const PASSWORD: &str = "a good password";

/// A tenant over HTTP with Pat, the console's application and a billing service.
struct Sandbox {
    /// With the slash at the end.
    url: String,
    clock: Arc<HeldClock>,
    client: Client,
    token: String,
    _serving: JoinSet<()>,
}

impl Sandbox {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let options = Options {
            name: "acme".to_owned(),
            base_url: base_url.clone(),
            plan: Plan::Unlimited,
            seed: 7,
            client_id: "first".to_owned(),
            client_secret: "sesame".to_owned(),
        };
        let clock = Arc::new(HeldClock::at(Timestamp::from_seconds(NOW)));
        let shell = Shell::new(Tenant::new(options).unwrap(), Arc::clone(&clock) as _, "http");
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router(shell)).await.unwrap() });
        let client = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let mut sandbox =
            Self { url: format!("{base_url}/"), clock, client, token: String::new(), _serving: serving };
        let api = format!("{}api/v2/", sandbox.url);
        sandbox.token = sandbox.machine_token("first", "sesame", &api).await;
        sandbox
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(&body);
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn machine_token(&self, client: &str, secret: &str, audience: &str) -> String {
        let body = json!({
            "grant_type": "client_credentials", "client_id": client, "client_secret": secret, "audience": audience,
        });
        self.post("oauth/token", body).await["access_token"].as_str().unwrap().to_owned()
    }

    /// Makes an application that people sign in at, and tells how it signs in.
    async fn console(&self, method: &str) -> Settings {
        let body = json!({
            "name": "Console", "app_type": "regular_web", "callbacks": [BACK],
            "grant_types": ["authorization_code"], "token_endpoint_auth_method": method,
        });
        let client = self.post("api/v2/clients", body).await;
        let secret = || Secret::new(client["client_secret"].as_str().unwrap().into());
        let authentication = match method {
            "none" => Authentication::None,
            "client_secret_post" => Authentication::Post(secret()),
            _ => Authentication::Basic(secret()),
        };
        let client_id = client["client_id"].as_str().unwrap().to_owned();
        Settings { client_id, authentication, ..settings(&self.url) }
    }
}

#[tokio::test]
async fn a_person_signs_in_at_a_tenant_with_each_kind_of_client() {
    let sandbox = Sandbox::new().await;
    let connection = json!({"name": "people", "strategy": "auth0"});
    sandbox.post("api/v2/connections", connection).await;
    let user =
        json!({"connection": "people", "email": "pat@example.com", "password": PASSWORD, "name": "Pat"});
    let user = sandbox.post("api/v2/users", user).await;
    for method in ["client_secret_basic", "client_secret_post", "none"] {
        let settings = sandbox.console(method).await;
        let provider = Provider::new(settings, Arc::clone(&sandbox.clock) as _).unwrap();
        let begin = begin();
        let url = provider.begin(&begin).await.unwrap();
        let mut browser = Browser::new(&[("username", "pat@example.com"), ("password", PASSWORD)]);
        let back = browser.sign_in(&url, BACK).await;
        assert_eq!(back["state"], begin.state);
        let with_code = || Finish {
            code: Secret::new(back["code"].as_str().into()),
            issuer: back.get("iss").cloned(),
            ..finish()
        };
        let identity = provider.finish(&with_code()).await.unwrap();
        assert_eq!((&identity.issuer, identity.name.as_str()), (&sandbox.url, "Pat"));
        assert_eq!(identity.subject, user["user_id"].as_str().unwrap());
        assert_eq!(identity.authenticated_at.unwrap().seconds(), NOW, "{method}");
        let again = provider.finish(&with_code()).await;
        assert_eq!(again, Err(ProviderError::Refused("invalid_grant")), "a code is good once");
    }
}

#[tokio::test]
async fn a_service_of_a_tenant_comes_with_a_token_for_our_api() {
    let sandbox = Sandbox::new().await;
    let api = json!({
        "name": "Countersign", "identifier": AUDIENCE, "scopes": [{"value": "decide"}, {"value": "read:ledger"}],
    });
    sandbox.post("api/v2/resource-servers", api).await;
    let service =
        json!({"name": "Billing", "app_type": "non_interactive", "grant_types": ["client_credentials"]});
    let service = sandbox.post("api/v2/clients", service).await;
    let text = |name: &str| service[name].as_str().unwrap().to_owned();
    let grant = json!({"client_id": text("client_id"), "audience": AUDIENCE, "scope": ["decide"]});
    sandbox.post("api/v2/client-grants", grant).await;
    let token = sandbox.machine_token(&text("client_id"), &text("client_secret"), AUDIENCE).await;
    let tokens = TenantTokens::new(tenant(&sandbox.url), Arc::clone(&sandbox.clock) as _).unwrap();
    let granted = tokens.verify(&token).await.unwrap();
    assert_eq!(granted.client.as_str(), text("client_id"));
    assert_eq!(granted.scopes.into_iter().collect::<Vec<_>>(), ["decide"]);
    let elsewhere = tokens.verify(&sandbox.token).await;
    assert_eq!(
        elsewhere,
        Err(TokenError::Invalid(Flaw::Audience)),
        "one for the Management API opens nothing"
    );
    sandbox.clock.advance(Duration::from_secs(86_400 + 60));
    assert_eq!(tokens.verify(&token).await, Err(TokenError::Invalid(Flaw::Expired)));
}
