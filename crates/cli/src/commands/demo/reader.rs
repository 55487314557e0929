//! The client that the demo's service reads its tenant by, which can't write.

use anyhow::Context;
use countersign_core::Clock;
use countersign_sandbox::tenant::{Call, Method, TokenRequest};
use serde_json::{Value, json};

use super::stand::Stand;
use crate::{
    config::{Management, SecretReference},
    data_dir::DataDir,
};

/// What the checks read of what a sandbox tenant has.
const READS: [&str; 7] = [
    "read:actions",
    "read:log_streams",
    "read:logs",
    "read:client_grants",
    "read:event_streams",
    "read:hooks",
    "read:rules",
];

/// Between two looks, in seconds: whoever tries something in the demo sees soon what is found.
const CHECK_SECONDS: u64 = 10;

impl Stand {
    /// Makes the client and keeps its secret; what the configuration says of it. By hand, since the installer grants a Management
    /// API that is reached by https, and this one is not.
    pub fn reader(&self, data: &DataDir, clock: &dyn Clock) -> anyhow::Result<Management> {
        let client = json!({"name": "Countersign demo", "app_type": "non_interactive",
            "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"});
        let client = self.send("/clients", client, clock)?;
        let text =
            |name: &str| client.get(name).and_then(Value::as_str).context("a client without credentials");
        let (client_id, secret) = (text("client_id")?, text("client_secret")?);
        let grant = json!({"client_id": client_id, "audience": self.audience(), "scope": READS});
        self.send("/client-grants", grant, clock)?;
        let file = data.key_file("demo-reader-secret");
        file.replace(&[secret.to_owned()])?;
        Ok(Management {
            pull_log: false,
            domain: self.url.clone(),
            client_id: Some(client_id.to_owned()),
            client_secret: Some(SecretReference::File(file.path().display().to_string())),
            private_key: None,
            plan: Some("unlimited".to_owned()),
            ca: None,
            triggers: None,
            place: None,
            capabilities: None,
            logs_url: None,
            check_seconds: CHECK_SECONDS,
        })
    }

    fn audience(&self) -> String {
        format!("{}/api/v2/", self.url)
    }

    /// Makes something at the tenant as its installer.
    fn send(&self, path: &str, body: Value, clock: &dyn Clock) -> anyhow::Result<Value> {
        let (tenant, now) = (self.shell.tenant(), clock.now());
        let parameters = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("audience", &self.audience()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let request = TokenRequest { parameters: parameters.into(), base_url: self.url.clone() };
        let mut tenant = tenant.lock();
        let token = tenant.token(&request, now);
        let bearer = token.json().get("access_token").and_then(Value::as_str).context("no token")?.to_owned();
        let call = Call::new(Method::Post, &self.url, path).with_bearer(&bearer).with_json(body);
        let reply = tenant.call(&call, now);
        anyhow::ensure!(reply.status < 300, "`{path}` was answered with {}", reply.status);
        Ok(reply.json().clone())
    }
}
