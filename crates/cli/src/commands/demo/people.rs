//! The demo's tenant at work: people sign in, the Action runs, what becomes of it is reported.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use countersign_app::{App, outcomes::Outcome};
use countersign_core::{Clock, DecisionId, TenantId};
use countersign_sandbox::{Effects, Execution, Handler, Host, HostError, Launch, SignIn, Story, materialize};
use countersign_server::signature::{SigningKey, TENANT_HEADER};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::stand::Stand;

/// What Auth0 gives all Actions of a trigger.
const TIMEOUT_MS: u32 = 20_000;

/// How sign-ins reach Countersign.
pub enum Driver {
    /// By what the tenant has bound, in Node.
    Node(Box<Host>, Stand),
    /// By requests of our own, where Node is missing.
    Direct(Box<Requests>, Stand),
}

impl Driver {
    /// Starts Node for the tenant's Actions, or goes without where there is none.
    pub async fn start(
        folder: &Path,
        address: SocketAddr,
        key: String,
        stand: Stand,
    ) -> anyhow::Result<Self> {
        let scripts = folder.join("node");
        let host = materialize(&scripts).context("can't write the Node host's scripts")?;
        match Host::start(Launch::new(host)).await {
            Ok(host) => Ok(Self::Node(Box::new(host), stand)),
            Err(HostError::NodeMissing) => {
                let client =
                    reqwest::Client::builder().tls_certs_only([]).timeout(Duration::from_secs(2)).build()?;
                let (url, key) = (format!("http://{address}"), SigningKey::parse(&key)?);
                Ok(Self::Direct(Box::new(Requests { client, url, key }), stand))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is told at the start.
    pub fn introduction(&self) -> String {
        match self {
            Self::Node(host, ..) => format!("The post-login Action was installed into a sandbox tenant and runs in Node {}; three organizations sign in, an attacker now and then. Stop with Ctrl-C.\n", host.node()),
            Self::Direct(..) => "Node was not found, so the demo sends the Action's requests itself. Install Node 18 or later to run the Action. Stop with Ctrl-C.\n".to_owned(),
        }
    }

    fn stand(&self) -> &Stand {
        let (Self::Node(_, stand) | Self::Direct(_, stand)) = self;
        stand
    }

    async fn sign_in(&self, sign_in: &SignIn, now: countersign_core::Timestamp) -> anyhow::Result<Ended> {
        match self {
            Self::Node(host, stand) => pipeline(host, stand, sign_in, now).await,
            Self::Direct(requests, _) => requests.send(sign_in, now).await,
        }
    }
}

/// Runs what the tenant has bound, in its order, as long as each lets the person go on.
async fn pipeline(
    host: &Host,
    stand: &Stand,
    sign_in: &SignIn,
    now: countersign_core::Timestamp,
) -> anyhow::Result<Ended> {
    let mut decision = None;
    for (action, secrets) in stand.bound() {
        let run = |handler, event| {
            let execution = Execution {
                action: action.clone(),
                handler,
                event,
                secrets: secrets.clone(),
                cache: None,
                state: None,
                timeout_ms: TIMEOUT_MS,
            };
            async move { Ok::<_, HostError>(host.run(&execution).await?.result.unwrap_or_default()) }
        };
        let first = run(Handler::ExecutePostLogin, sign_in.event.clone()).await?;
        decision = decision.or_else(|| decision_of(&first));
        match (first.decision.as_str(), sign_in.passes_challenge_with) {
            ("allow", _) => {}
            ("challenge", Some(factor)) => {
                let mut event = sign_in.continued(factor, now);
                if let Some(transaction) = event.get_mut("transaction").and_then(Value::as_object_mut) {
                    transaction.insert("metadata".to_owned(), Value::Object(first.transaction_metadata));
                }
                run(Handler::ContinuePostLogin, event).await?;
            }
            _ => return Ok(Ended { decision, is_in: false }),
        }
    }
    Ok(Ended { decision, is_in: true })
}

/// How a sign-in ended.
struct Ended {
    decision: Option<DecisionId>,
    is_in: bool,
}

fn decision_of(effects: &Effects) -> Option<DecisionId> {
    effects.transaction_metadata.get("countersign_decision")?.as_str()?.parse().ok()
}

/// Requests of our own in the Action's stead.
pub struct Requests {
    client: reqwest::Client,
    url: String,
    key: SigningKey,
}

impl Requests {
    async fn send(&self, sign_in: &SignIn, now: countersign_core::Timestamp) -> anyhow::Result<Ended> {
        let Self { client, url, key } = self;
        let mut event = sign_in.event.clone();
        if let Some(event) = event.as_object_mut() {
            event.remove("secrets");
        }
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
        let is_in = answer.effects.iter().all(|effect| match effect.call.as_str() {
            "access.deny" => false,
            "authentication.challengeWithAny" => sign_in.passes_challenge(),
            _ => true,
        });
        Ok(Ended { decision: answer.decision_id, is_in })
    }
}

/// What the demo reads of an answer when it stands in for the Action.
#[derive(Deserialize)]
struct DirectAnswer {
    decision_id: Option<DecisionId>,
    effects: Vec<DirectEffect>,
}

#[derive(Deserialize)]
struct DirectEffect {
    call: String,
}

/// The tenant at work.
pub struct Tenant {
    pub app: Arc<App>,
    pub driver: Driver,
    pub story: Story,
    pub clock: Arc<dyn Clock>,
}

impl Tenant {
    /// Lets people sign in until `stop` changes.
    pub async fn run(mut self, id: TenantId, mut stop: watch::Receiver<bool>) {
        let driver = Arc::new(self.driver);
        let mut under_way = JoinSet::new();
        loop {
            let wait = u64::try_from(self.story.next_at().since(self.clock.now())).unwrap_or(0);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_micros(wait)) => {}
                _ = stop.changed() => break,
            }
            for sign_in in self.story.due(self.clock.now()) {
                let (app, driver, clock, id) =
                    (Arc::clone(&self.app), Arc::clone(&driver), Arc::clone(&self.clock), id.clone());
                under_way.spawn(async move {
                    if let Err(error) = one(&app, &driver, clock.as_ref(), &id, &sign_in).await {
                        tracing::warn!(%error, "a generated sign-in went wrong");
                    }
                });
            }
            while under_way.try_join_next().is_some() {}
        }
        under_way.shutdown().await;
        if let Ok(Driver::Node(host, ..)) = Arc::try_unwrap(driver) {
            host.stop().await;
        }
    }
}

async fn one(
    app: &App,
    driver: &Driver,
    clock: &dyn Clock,
    id: &TenantId,
    sign_in: &SignIn,
) -> anyhow::Result<()> {
    let tenant = app.tenant(id)?;
    for failure in &sign_in.failures {
        app.report(&tenant, &Outcome::LoginFailed { user_id: failure.user_id.clone(), at: Some(failure.at) })
            .await?;
    }
    let ended = driver.sign_in(sign_in, clock.now()).await?;
    driver.stand().log(sign_in, ended.is_in, clock);
    // What Auth0's log would tell: the sign-in went through.
    if let (true, Some(decision_id)) = (ended.is_in, ended.decision) {
        app.report(&tenant, &Outcome::Completed { decision_id }).await?;
    }
    Ok(())
}
