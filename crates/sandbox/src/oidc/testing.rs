use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_core::{Clock, testing::HeldClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{
    simulate::Actions,
    tenant::{
        Call, Method, Plan, Reply,
        http::{Ready, Shell, router},
        testing::{self, BASE, NOW},
    },
};

const BOUND: usize = 100_000;
pub const BACK: &str = "https://app.example.com/back";
pub const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-of-43-characters";

/// A tenant over HTTP with Pat and an application.
pub struct World {
    app: Router,
    pub shell: Shell,
    pub clock: Arc<HeldClock>,
    pub client: String,
    pub secret: String,
    token: String,
    _folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with_ready(Vec::new())
    }

    /// One whose login page offers people.
    pub fn with_ready(ready: Vec<Ready>) -> Self {
        let folder = TempDir::new().unwrap();
        let mut tenant = testing::tenant(Plan::Unlimited);
        let token = testing::token(&mut tenant);
        let mut post = |path: &str, body: Value| {
            let call = Call::new(Method::Post, BASE, path).with_bearer(&token).with_json(body);
            let reply = tenant.call(&call, NOW);
            assert!(reply.status < 300, "{}", reply.json());
            reply.json().clone()
        };
        post("/connections", json!({"name": "people", "strategy": "auth0"}));
        post(
            "/users",
            json!({"connection": "people", "email": "pat@example.com", "password": "a good password"}),
        );
        let client = post(
            "/clients",
            json!({"name": "A & B", "callbacks": [BACK], "app_type": "regular_web",
            "allowed_logout_urls": ["https://app.example.com/bye"], "grant_types": ["authorization_code", "password"]}),
        );
        let text = |name: &str| client[name].as_str().unwrap().to_owned();
        let (client, secret) = (text("client_id"), text("client_secret"));
        let clock = Arc::new(HeldClock::at(NOW));
        let shared: Arc<dyn Clock> = Arc::<HeldClock>::clone(&clock);
        let shell =
            Shell::new(tenant, shared, "https").with_actions(Actions::in_folder(folder.path().to_owned()));
        shell.offer(ready);
        Self { app: router(shell.clone()), shell, clock, client, secret, token, _folder: folder }
    }

    pub async fn ask(
        &self,
        verb: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::builder().method(verb).uri(path).header("host", "tenant.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            self.app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        #[expect(clippy::disallowed_methods, reason = "the bound stands beside it")]
        let bytes = axum::body::to_bytes(body, BOUND).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
    }

    pub fn query(&self, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()).as_ref());
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &self.client),
            ("redirect_uri", BACK),
            ("scope", "openid profile email"),
            ("state", "s&1"),
            ("nonce", "n1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        fields.extend(changes);
        let encode = |text: &str| text.replace('&', "%26").replace(':', "%3A").replace(' ', "+");
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Where signing in leads.
    pub async fn sign_in(&self, password: &str) -> (StatusCode, String, String) {
        let body = format!("{}&username=pat%40example.com&password={password}", self.query(&[]));
        let (status, headers, page) = self.ask("POST", "/authorize", &[], &body).await;
        let location = headers.get("location").map_or("", |location| location.to_str().unwrap());
        (status, location.to_owned(), page)
    }

    /// Calls the Management API.
    pub fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let reply = self.send(method, path, Some(body));
        assert!(reply.status < 300, "{path}: {}", reply.json());
        reply.json().clone()
    }

    /// Calls the Management API, whatever it answers.
    pub fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut call = Call::new(method, BASE, path).with_bearer(&self.token);
        if let Some(body) = body {
            call = call.with_json(body);
        }
        self.shell.tenant().lock().call(&call, self.clock.now())
    }

    /// Deploys an Action, and tells its id.
    pub fn deploy(&self, trigger: &str, version: &str, code: &str) -> String {
        let body = json!({"name": format!("of {trigger}"), "code": code, "runtime": "node22",
            "supported_triggers": [{"id": trigger, "version": version}]});
        let action = self.call(Method::Post, "/actions/actions", body);
        let id = action["id"].as_str().unwrap();
        // What is built takes a while.
        self.clock.advance(Duration::from_secs(60));
        self.send(Method::Get, &format!("/actions/actions/{id}"), None);
        self.call(Method::Post, &format!("/actions/actions/{id}/deploy"), json!({}));
        id.to_owned()
    }

    /// Deploys an Action of a sign-in and binds it.
    pub fn bind(&self, code: &str) {
        let id = self.deploy("post-login", "v3", code);
        let bindings =
            json!({"bindings": [{"ref": {"type": "action_id", "value": id}, "display_name": "it"}]});
        self.call(Method::Patch, "/actions/triggers/post-login/bindings", bindings);
    }

    /// What a token says.
    pub fn claims(&self, token: &Value) -> Value {
        self.shell.tenant().lock().claims_of(token.as_str().unwrap(), self.clock.now()).unwrap()
    }

    /// The records of the log, without those of the Management API.
    pub fn records(&self) -> Vec<Value> {
        let tenant = self.shell.tenant();
        let tenant = tenant.lock();
        let records = tenant.state().records.all().cloned().map(Value::Object);
        records.filter(|record| record["type"] != "sapi").collect()
    }

    /// Their types.
    pub fn types(&self) -> Vec<String> {
        self.records().iter().map(|record| record["type"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn exchange(&self, code: &str, changes: &str) -> (StatusCode, Value) {
        let body = format!(
            "grant_type=authorization_code&client_id={}&client_secret={}&code={code}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fback{changes}",
            self.client, self.secret
        );
        let (status, _, body) = self.ask("POST", "/oauth/token", &[], &body).await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

/// The code in an address that an application gets.
pub fn code_of(location: &str) -> &str {
    location.strip_prefix("https://app.example.com/back?code=").unwrap().split_once('&').unwrap().0
}
