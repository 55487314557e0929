//! The demo's tenant: a sandbox on loopback, into which Countersign installs itself as it does into any other.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use countersign_adapters::management::{
    Credentials, DEFAULT_TIMEOUT, Management, Plan, RealSleep, Settings, Surroundings,
};
use countersign_app::{
    App, LedgerRecorder, Tenant,
    tenant::{Installer, Parts, observe},
};
use countersign_core::{Clock, Secret, Trigger};
use countersign_plan::{
    fingerprint,
    install::{self, ActionGoal, Autonomy, Capability, Goal, LOG_TOKEN, LogStreamGoal, Place, secret_key},
};
use countersign_sandbox::{
    Action, Population, SignIn, TENANT,
    stream::Mishaps,
    tenant::{self as sandbox, Options, Record, http},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use super::enforcing;
use crate::{
    clock::SystemEntropy,
    commands::{
        sandbox::deliveries,
        tenant::{KEY, Kept, URL, built_in},
    },
    compose::Base,
    data_dir::{DataDir, hex, random},
    listen::{self, Limits, Listener},
};

/// What all of the tenant's chance follows from.
const SEED: u64 = 7;

/// The tenant, and the client that installs.
pub struct Stand {
    pub(super) shell: http::Shell,
    pub(super) url: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

impl Stand {
    /// Starts a tenant with these people in it; it is served and delivers its logs for as long as `tasks` live.
    pub async fn start(
        population: &Population,
        clock: &Arc<dyn Clock>,
        tasks: &mut JoinSet<()>,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", tcp.local_addr()?);
        let (client_id, client_secret) = (hex(&random(&SystemEntropy)?), hex(&random(&SystemEntropy)?));
        let options = Options {
            name: TENANT.to_owned(),
            base_url: url.clone(),
            plan: sandbox::Plan::Unlimited,
            seed: SEED,
            client_id: client_id.clone(),
            client_secret: client_secret.clone(),
        };
        let mut tenant = sandbox::Tenant::new(options)?;
        tenant.populate(population);
        let shell = http::Shell::new(tenant, Arc::clone(clock), "http");
        let router = http::router(shell.clone());
        tasks.spawn(
            async move { listen::serve(Listener::plain(tcp), router, stop, &Limits::standard()).await },
        );
        tasks.spawn(deliveries(shell.clone(), Arc::clone(clock), Mishaps::default()));
        Ok(Self { shell, url, client_id, client_secret })
    }

    /// Plans, applies and records the installation, by the code of `countersign tenant apply`.
    pub async fn install(
        &self,
        base: &Base,
        app: &Arc<App>,
        tenant: &Arc<Tenant>,
        (service, key): (SocketAddr, &str),
    ) -> anyhow::Result<()> {
        let kept = Kept::new(DataDir::found(base.data.path())?, tenant.id().clone());
        let (goal, secrets) = goal(tenant, &kept, service, key)?;
        let management = self.management(base, app, tenant)?;
        let mut journal = kept.journal()?;
        let observed = observe(&management, Parts::of(&goal), journal.fingerprints.clone()).await?;
        let plan = install::plan(&goal, &observed);
        let installer =
            Installer { port: &management, keeper: &kept, secrets: &secrets, actor: "demo".to_owned() };
        let correlation = format!("tenant_{}", hex(&random(&SystemEntropy)?));
        installer.apply(&mut journal, plan, base.clock.now(), correlation).await?;
        Ok(())
    }

    fn management(&self, base: &Base, app: &Arc<App>, tenant: &Arc<Tenant>) -> anyhow::Result<Management> {
        let settings = Settings {
            tenant: self.url.parse()?,
            client_id: self.client_id.parse()?,
            credentials: Credentials::Secret(Secret::new(self.client_secret.clone().into_bytes())),
            plan: Plan::Unlimited,
            authorities: None,
            timeout: DEFAULT_TIMEOUT,
        };
        let surroundings = Surroundings {
            clock: Arc::clone(&base.clock),
            entropy: Arc::clone(&base.entropy),
            sleep: Arc::new(RealSleep),
            recorder: Arc::new(LedgerRecorder::new(Arc::clone(app), Arc::clone(tenant))),
        };
        Ok(Management::new(settings, surroundings)?)
    }

    /// The Actions that the tenant runs at a sign-in now, in their order, with their secrets.
    pub fn bound(&self) -> Vec<(Action, BTreeMap<String, String>)> {
        let tenant = self.shell.tenant();
        let bound = tenant.lock().state().bound_actions(Trigger::PostLogin.as_str());
        let runnable = |action: sandbox::BoundAction| {
            (Action { key: action.version_id, code: action.code.into() }, action.secrets)
        };
        bound.into_iter().map(runnable).collect()
    }

    /// Writes what Auth0's log tells of a sign-in.
    pub fn log(&self, sign_in: &SignIn, is_in: bool, clock: &dyn Clock) {
        let (kind, description) = if is_in { ("s", "Successful login") } else { ("f", "Access denied") };
        let mut record = Record::new(kind, description);
        let event = &sign_in.event;
        for (name, path) in [
            ("user_id", "/user/user_id"),
            ("user_name", "/user/email"),
            ("client_id", "/client/client_id"),
            ("client_name", "/client/name"),
            ("connection", "/connection/name"),
            ("connection_id", "/connection/id"),
            ("strategy", "/connection/strategy"),
            ("organization_id", "/organization/id"),
            ("organization_name", "/organization/name"),
            ("ip", "/request/ip"),
            ("user_agent", "/request/user_agent"),
            ("hostname", "/request/hostname"),
        ] {
            if let Some(value) = event.pointer(path) {
                record = record.with(name, value.clone());
            }
        }
        let session = event.pointer("/session/id").cloned().unwrap_or(Value::Null);
        record = record.with("details", json!({ "session_id": session }));
        let tenant = self.shell.tenant();
        tenant.lock().state_mut().log(record, TENANT, clock.now());
    }
}

/// What the demo wants of its tenant: the Action at sign-in, enforcing, and the log.
fn goal(
    tenant: &Tenant,
    kept: &Kept,
    service: SocketAddr,
    key: &str,
) -> anyhow::Result<(Goal, BTreeMap<String, Secret>)> {
    let id = tenant.id();
    let mut goal = Goal::nothing(id.clone(), "demo");
    let code = enforcing(built_in(Trigger::PostLogin))?;
    goal.actions.insert(Trigger::PostLogin, ActionGoal { code, place: Place::First });
    let url = format!("http://{service}");
    let mut secrets: BTreeMap<String, Secret> = [(URL, url.as_str()), (KEY, key)]
        .map(|(name, value)| (name.to_owned(), Secret::new(value.as_bytes().to_vec())))
        .into();
    goal.action_secrets = secrets.keys().cloned().collect();
    let parts = secrets.iter().map(|(name, secret)| (name.as_str(), secret.expose()));
    goal.fingerprints.insert(secret_key("actions", id), fingerprint(parts));
    let token = kept.log_token(&SystemEntropy)?;
    let parts = [(LOG_TOKEN, token.expose())];
    goal.fingerprints.insert(secret_key("log_stream", id), fingerprint(parts));
    secrets.insert(LOG_TOKEN.to_owned(), token);
    goal.log_stream = Some(LogStreamGoal { endpoint: format!("{url}/v1/logs/{id}") });
    goal.capabilities =
        [(Capability::Decide, Autonomy::Report), (Capability::Ingest, Autonomy::Report)].into();
    Ok((goal, secrets))
}
