//! A tenant without limits, and calls with a token that may do anything.

use std::sync::OnceLock;

use countersign_core::{Micros, Timestamp};
use serde_json::Value;

use super::{Call, Method, Options, Payload, Plan, Reply, Tenant, TokenRequest};

/// Where the tenant of a test is reached.
pub const BASE: &str = "https://tenant.example.com";

/// The time in tests.
pub const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);

/// The connection that every tenant begins with.
pub const DATABASE: &str = "Username-Password-Authentication";

/// How the tenant of a test begins.
pub fn options(plan: Plan) -> Options {
    Options {
        name: "tenant".to_owned(),
        base_url: BASE.to_owned(),
        plan,
        seed: 7,
        client_id: "first".to_owned(),
        client_secret: "sesame".to_owned(),
    }
}

/// A tenant on a plan. All tests share one key: to make one takes long.
pub fn tenant(plan: Plan) -> Tenant {
    static FIRST: OnceLock<Value> = OnceLock::new();
    let first = FIRST.get_or_init(|| Tenant::new(options(plan)).unwrap().snapshot().unwrap());
    Tenant::restore(options(plan), first.clone()).unwrap()
}

/// A request of a token with the first client's secret.
pub fn request(parameters: &[(&str, &str)]) -> TokenRequest {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    TokenRequest { parameters: parameters.collect(), base_url: BASE.to_owned() }
}

/// A tenant and a token for it.
pub struct Api {
    /// The tenant.
    pub tenant: Tenant,
    /// The time of the next call.
    pub now: Timestamp,
    token: String,
}

impl Api {
    /// A tenant without limits, as it begins.
    pub fn new() -> Self {
        let mut tenant = tenant(Plan::Unlimited);
        let token = token(&mut tenant);
        Self { tenant, now: NOW, token }
    }

    /// The same tenant on a plan, as it begins.
    pub fn on(plan: Plan) -> Self {
        let mut tenant = tenant(plan);
        let token = token(&mut tenant);
        Self { tenant, now: NOW, token }
    }

    /// The same tenant with a token that has these scopes alone.
    pub fn with_scopes(mut self, scopes: &[&str]) -> Self {
        let audience = self.tenant.options().audience();
        let grants = self.tenant.state_mut().objects.all("client_grants");
        let ids: Vec<String> = grants.map(|grant| grant.id.clone()).collect();
        for id in ids {
            let grant = self.tenant.state_mut().objects.find_mut("client_grants", &id).unwrap();
            if grant.text("audience") == audience {
                grant.shown.insert("scope".to_owned(), serde_json::json!(scopes));
            }
        }
        self.token = token_at(&mut self.tenant, self.now);
        self
    }

    /// Lets time pass; the token is asked for anew.
    pub fn pass(&mut self, micros: Micros) {
        self.now = self.now.plus(micros);
        self.token = token_at(&mut self.tenant, self.now);
    }

    /// A call with whatever answer it gets.
    pub fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut call = Call::new(method, BASE, path).with_bearer(&self.token);
        if let Some(body) = body {
            call = call.with_json(body);
        }
        self.tenant.call(&call, self.now)
    }

    /// A creation by a body that is no JSON, with whatever answer it gets.
    pub fn send_bytes(&mut self, path: &str, content_type: &str, body: Vec<u8>) -> Reply {
        let mut call = Call::new(Method::Post, BASE, path).with_bearer(&self.token);
        call.content_type = Some(content_type.to_owned());
        call.payload = Payload::Bytes(body);
        self.tenant.call(&call, self.now)
    }

    fn expect(&mut self, method: Method, path: &str, body: Option<Value>, status: u16) -> Value {
        let reply = self.send(method, path, body);
        assert_eq!(reply.status, status, "{} {path}: {}", method.name(), reply.json());
        reply.json().clone()
    }

    /// The body of a read that ends with `status`.
    pub fn get(&mut self, path: &str, status: u16) -> Value {
        self.expect(Method::Get, path, None, status)
    }

    /// The body of a creation that ends with `status`.
    pub fn post(&mut self, path: &str, body: Value, status: u16) -> Value {
        self.expect(Method::Post, path, Some(body), status)
    }

    /// The body of a change that ends with `status`.
    pub fn patch(&mut self, path: &str, body: Value, status: u16) -> Value {
        self.expect(Method::Patch, path, Some(body), status)
    }

    /// The body of a replacement that ends with `status`.
    pub fn put(&mut self, path: &str, body: Value, status: u16) -> Value {
        self.expect(Method::Put, path, Some(body), status)
    }

    /// The body of a removal that ends with `status`.
    pub fn delete(&mut self, path: &str, body: Option<Value>, status: u16) -> Value {
        self.expect(Method::Delete, path, body, status)
    }
}

/// A token of the first client, with all its scopes.
pub fn token(tenant: &mut Tenant) -> String {
    token_at(tenant, NOW)
}

fn token_at(tenant: &mut Tenant, now: Timestamp) -> String {
    let audience = tenant.options().audience();
    let reply = tenant.token(
        &request(&[
            ("grant_type", "client_credentials"),
            ("client_id", "first"),
            ("client_secret", "sesame"),
            ("audience", &audience),
        ]),
        now,
    );
    reply.json()["access_token"].as_str().unwrap().to_owned()
}
