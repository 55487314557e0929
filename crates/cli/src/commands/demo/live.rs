//! The demo's tenant at work: people sign in, attackers too, and what becomes of it is reported.

use countersign_app::access::{Caller, Within};
use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::anyhow;
use countersign_app::{App, DecisionFilter, Tenant, outcomes::Outcome};
use countersign_core::{Clock, DecisionId, Timestamp};
use countersign_rights::{Action, How};
use countersign_sandbox::{SignIn, Story, tenant::http::Shell};
use countersign_server::signature::{SigningKey, TENANT_HEADER};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::theft::Returning;

/// The tenant at work.
pub struct Live {
    pub app: Arc<App>,
    pub tenant: Arc<Tenant>,
    pub shell: Shell,
    /// What asks in the Actions' stead where Node is missing.
    pub requests: Option<Requests>,
    pub story: Story,
    /// Whoever the first incident is about, who goes on signing in.
    pub returning: Returning,
    pub clock: Arc<dyn Clock>,
}

impl Live {
    /// Lets people sign in, one after the other, until `stop` changes.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let next = self.story.next_at().min(self.returning.next_at());
            let wait = u64::try_from(next.since(self.clock.now())).unwrap_or(0);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_micros(wait)) => {}
                _ = stop.changed() => return,
            }
            let returning = self.returning.due(self.clock.now());
            for sign_in in self.story.due(self.clock.now()).into_iter().chain(returning) {
                if let Err(error) = self.sign_in(sign_in).await {
                    tracing::warn!(%error, "a generated sign-in went wrong");
                }
            }
        }
    }

    async fn sign_in(&self, sign_in: SignIn) -> anyhow::Result<()> {
        let Self { app, tenant, shell, clock, .. } = self;
        shell.guess(&sign_in).await.map_err(|fault| anyhow!("{fault:?}"))?;
        let before = self.newest().await?;
        // Why none for the blocked: the tenant lets no Action ask about them.
        if let (Some(requests), Some(event)) = (&self.requests, self.asked(&sign_in))
            && !requests.let_in(&sign_in, event, clock.now()).await?
        {
            return Ok(());
        }
        let is_in = shell.sign_in(sign_in).await.map_err(|fault| anyhow!("{fault:?}"))?;
        // Why the newest: sign-ins come one after the other.
        let newest = self.newest().await?.filter(|newest| before.as_ref() != Some(newest));
        if let (true, Some(decision_id)) = (is_in, newest) {
            let permit = app.permit(&Caller::local(How::Process), Action::TellOutcomes, tenant.id()).await?;
            app.report(&permit, &Outcome::Completed { decision_id }).await?;
        }
        Ok(())
    }

    /// What an Action would send: the event, with what the tenant keeps of the user now; `None` for who is blocked there.
    fn asked(&self, sign_in: &SignIn) -> Option<Value> {
        let mut event = sign_in.event.clone();
        event.as_object_mut()?.remove("secrets");
        let user = event.get_mut("user")?.as_object_mut()?;
        let tenant = self.shell.tenant();
        let tenant = tenant.lock();
        let id = user.get("user_id").and_then(Value::as_str).unwrap_or_default();
        if let Some(kept) = tenant.state().objects.find("users", id) {
            if kept.shown.get("blocked") == Some(&Value::Bool(true)) {
                return None;
            }
            let metadata =
                kept.shown.get("app_metadata").map(|metadata| ("app_metadata".to_owned(), metadata.clone()));
            user.extend(metadata);
        }
        drop(tenant);
        Some(event)
    }

    async fn newest(&self) -> anyhow::Result<Option<DecisionId>> {
        let newest = self.app.decisions(Within::all(&self.tenant), DecisionFilter::default(), 1).await?;
        Ok(newest.into_iter().next().map(|row| row.decision.id))
    }
}

/// Requests of our own in the Action's stead.
pub struct Requests {
    client: reqwest::Client,
    url: String,
    key: SigningKey,
}

impl Requests {
    /// Requests to the service at an address.
    pub fn new(address: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().tls_certs_only([]).timeout(Duration::from_secs(2)).build()?;
        Ok(Self { client, url: format!("http://{address}"), key: SigningKey::parse(key)? })
    }

    /// Whether whoever signs in gets by the answer.
    async fn let_in(&self, sign_in: &SignIn, event: Value, now: Timestamp) -> anyhow::Result<bool> {
        let Self { client, url, key } = self;
        let action = json!({ "name": "countersign-demo", "version": env!("CARGO_PKG_VERSION") });
        let body = json!({ "trigger": "post-login", "event": event, "deadline_ms": 800, "action": action })
            .to_string();
        let id = format!("msg_demo_{}", now.micros());
        let response = client
            .post(format!("{url}/v1/decisions"))
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", now.seconds())
            .header("webhook-signature", key.sign_request(&id, now.seconds(), body.as_bytes()))
            .header(TENANT_HEADER, countersign_sandbox::TENANT)
            .body(body)
            .send()
            .await?;
        let answer: DirectAnswer = serde_json::from_slice(&response.bytes().await?)?;
        Ok(answer.effects.iter().all(|effect| match effect.call.as_str() {
            "access.deny" => false,
            "authentication.challengeWithAny" => sign_in.passes_challenge(),
            _ => true,
        }))
    }
}

/// What the demo reads of an answer when it stands in for the Action.
#[derive(Deserialize)]
struct DirectAnswer {
    effects: Vec<DirectEffect>,
}

#[derive(Deserialize)]
struct DirectEffect {
    call: String,
}
