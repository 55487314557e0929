//! The clients that the demo's service has at its tenant: one that it reads by, which can't write, and one that it acts by.

use anyhow::Context;
use countersign_core::Clock;
use countersign_sandbox::tenant::{Call, Method, TokenRequest};
use serde_json::{Value, json};

use super::stand::Stand;
use crate::{
    config::{Acting, Management, SecretReference},
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

/// What containing accounts and blocking networks takes, and reading the evidence for it again.
const ACTS: [&str; 18] = [
    "read:users",
    "update:users",
    "update:users_app_metadata",
    "read:sessions",
    "delete:sessions",
    "read:refresh_tokens",
    "delete:refresh_tokens",
    "read:authentication_methods",
    "delete:authentication_methods",
    "create:user_tickets",
    "read:network_acls",
    "create:network_acls",
    "update:network_acls",
    "delete:network_acls",
    "read:organizations",
    "read:resource_servers",
    "read:clients",
    "read:logs",
];

/// Between two looks, in seconds: whoever tries something in the demo sees soon what is found.
const CHECK_SECONDS: u64 = 10;

impl Stand {
    /// Makes the client that reads; what the configuration says of it.
    pub fn reader(&self, data: &DataDir, clock: &dyn Clock) -> anyhow::Result<Management> {
        let (client_id, secret) =
            self.machine("Countersign demo", "demo-reader-secret", &READS, (data, clock))?;
        Ok(Management {
            pull_log: false,
            domain: self.url.clone(),
            client_id: Some(client_id),
            client_secret: Some(secret),
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

    /// Makes the client that acts; what the configuration says of it. How far plans go by themselves is left as it is by default.
    pub fn hand(&self, data: &DataDir, clock: &dyn Clock) -> anyhow::Result<Acting> {
        let (client_id, secret) =
            self.machine("Countersign demo, acting", "demo-acting-secret", &ACTS, (data, clock))?;
        Ok(Acting { client_id: Some(client_id), client_secret: Some(secret), ..Acting::default() })
    }

    /// Makes a client of the Management API with scopes, and keeps its secret in a file. By hand, since the installer grants a
    /// Management API that is reached by https, and this one is not.
    fn machine(
        &self,
        name: &str,
        file: &str,
        scopes: &[&str],
        (data, clock): (&DataDir, &dyn Clock),
    ) -> anyhow::Result<(String, SecretReference)> {
        let client = json!({"name": name, "app_type": "non_interactive",
            "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"});
        let (client_id, secret) = self.client(client, file, (data, clock))?;
        let grant = json!({"client_id": client_id, "audience": self.audience(), "scope": scopes});
        self.send("/client-grants", grant, clock)?;
        Ok((client_id, secret))
    }

    /// Makes a client, and keeps its secret in a file; its id, and where the secret is.
    pub(super) fn client(
        &self,
        client: Value,
        file: &str,
        (data, clock): (&DataDir, &dyn Clock),
    ) -> anyhow::Result<(String, SecretReference)> {
        let made = self.send("/clients", client, clock)?;
        let secret = data.key_file(file);
        secret.replace(&[text(&made, "client_secret")?])?;
        Ok((text(&made, "client_id")?, SecretReference::File(secret.path().display().to_string())))
    }

    fn audience(&self) -> String {
        format!("{}/api/v2/", self.url)
    }

    /// Makes something at the tenant as its installer.
    pub(super) fn send(&self, path: &str, body: Value, clock: &dyn Clock) -> anyhow::Result<Value> {
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

/// A text that an answer has.
pub(super) fn text(answer: &Value, name: &str) -> anyhow::Result<String> {
    let text = answer.get(name).and_then(Value::as_str);
    text.map(str::to_owned).with_context(|| format!("an answer without `{name}`"))
}
