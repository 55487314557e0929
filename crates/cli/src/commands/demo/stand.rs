//! The demo's tenant: a sandbox on loopback, into which Countersign installs itself as it does into any other.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use anyhow::Context;
use countersign_adapters::management::{
    Credentials, DEFAULT_TIMEOUT, Management, Plan, RealSleep, Settings, Surroundings,
};
use countersign_app::{
    App, LedgerRecorder, Tenant,
    access::{Caller, Permit},
    tenant::{Installer, Parts, observe},
};
use countersign_core::{Clock, Secret, Trigger};
use countersign_plan::{
    fingerprint,
    install::{self, ActionGoal, Autonomy, Capability, Goal, LOG_TOKEN, LogStreamGoal, Place, secret_key},
    posture::exempt,
};
use countersign_rights::{Action, How};
use countersign_sandbox::{
    Scenario, TENANT,
    simulate::Actions,
    stream::Mishaps,
    tenant::{self as sandbox, Options, http},
};
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

/// The tenant, and the client that installs.
pub struct Stand {
    pub(super) shell: http::Shell,
    pub(super) url: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

impl Stand {
    /// Starts an empty tenant for a scenario; it is served and delivers its logs for as long as `tasks` live.
    pub async fn start(
        (scenario, seed): (Scenario, u64),
        actions: Actions,
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
            seed,
            client_id: client_id.clone(),
            client_secret: client_secret.clone(),
        };
        let shell = http::Shell::new(sandbox::Tenant::new(options)?, Arc::clone(clock), "http");
        let shell = shell.with_actions(actions).with_scenario(scenario);
        let router = http::router(shell.clone());
        tasks.spawn(
            async move { listen::serve(Listener::plain(tcp), router, stop, &Limits::standard()).await },
        );
        tasks.spawn(deliveries(shell.clone(), Arc::clone(clock), Mishaps::default()));
        Ok(Self { shell, url, client_id, client_secret })
    }

    /// Plans, applies and records the installation, by the code of `countersign tenant apply`; the Action leaves sign-ins at the
    /// console's own client alone.
    pub async fn install(
        &self,
        base: &Base,
        app: &Arc<App>,
        tenant: &Arc<Tenant>,
        (service, key): (SocketAddr, &str),
        console: &str,
    ) -> anyhow::Result<()> {
        let kept = Kept::new(DataDir::found(base.data.path())?, tenant.id().clone());
        let (goal, secrets) = goal(tenant, &kept, (service, key), console)?;
        let permit = app.permit(&Caller::local(How::Process), Action::WriteTenant, tenant.id()).await?;
        let management = self.management(base, app, permit)?;
        let mut journal = kept.journal()?;
        let observed = observe(&management, Parts::of(&goal), journal.fingerprints.clone()).await?;
        let plan = install::plan(&goal, &observed);
        let installer =
            Installer { port: &management, keeper: &kept, secrets: &secrets, actor: "demo".to_owned() };
        let correlation = format!("tenant_{}", hex(&random(&SystemEntropy)?));
        installer.apply(&mut journal, plan, base.clock.now(), correlation).await?;
        Ok(())
    }

    fn management(&self, base: &Base, app: &Arc<App>, permit: Permit) -> anyhow::Result<Management> {
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
            recorder: Arc::new(LedgerRecorder::new(Arc::clone(app), permit)),
        };
        Ok(Management::new(settings, surroundings)?)
    }
}

/// What the demo wants of its tenant: the Action at sign-in, enforcing, and the log.
fn goal(
    tenant: &Tenant,
    kept: &Kept,
    (service, key): (SocketAddr, &str),
    console: &str,
) -> anyhow::Result<(Goal, BTreeMap<String, Secret>)> {
    let id = tenant.id();
    let mut goal = Goal::nothing(id.clone(), "demo");
    let code = exempt(&enforcing(built_in(Trigger::PostLogin))?, console);
    let code = code.context("the Action has no list of clients to exempt")?;
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
