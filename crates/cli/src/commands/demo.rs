//! `countersign demo`: the service, generated people, the real Action in Node, two people at the console, one URL.

mod fatigue;
mod history;
mod live;
mod people;
mod reader;
mod stand;
mod theft;

use std::{
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, anyhow};
use countersign_core::{Mode, TenantId};
use countersign_policy::{Claims, Document, Fallback, Layer};
use countersign_sandbox::{HostError, Pace, Population, Scenario, Story, TENANT, Traffic, simulate::Actions};
use tokio::net::TcpListener;

use self::{
    live::{Live, Requests},
    people::Colleague,
    stand::Stand,
    theft::Returning,
};
use super::{Verdict, print, start_logging};
use crate::{
    acting,
    args::Demo,
    clock::SystemEntropy,
    compose::Base,
    config::{Config, LogFormat},
    data_dir::{hex, random},
    doctor::{Doctor, sources},
    listen::{self, Limits, Listener},
    reference_watch::ReferenceFiles,
};

/// The same people, habits and attacks at each start.
const SEED: u64 = 20_260_820;

/// Two honest sign-ins in three seconds; attacks so often that somebody who looks sees one in the first quarter of a minute.
const PACE: Pace = Pace { honest_per_minute: 40, attack_after_s: (5, 15) };

pub async fn run(args: Demo) -> anyhow::Result<Verdict> {
    start_logging("error", LogFormat::Text);
    let kept = args.data.clone();
    let folder = DemoFolder::new(kept)?;
    let scenario = Scenario::demo()?;
    let people = scenario.population(SEED);
    let mut config = Config::default();
    config.storage.directory = folder.path.clone();
    config.tenants.insert(
        TENANT.parse()?,
        crate::config::Tenant { policy: policy(&people)?, ..crate::config::Tenant::default() },
    );
    let base = Base::open(&config)?;

    let (stopper, stop, _signals) = listen::signals()?;
    let mut tasks = tokio::task::JoinSet::new();
    let (actions, node) = actions(&folder.path).await?;
    let stand = Stand::start((scenario, SEED), actions, &base.clock, &mut tasks, stop.clone()).await?;
    let traffic = past(&stand, &people, &base, &config).await.context("can't make up a history")?;
    let listener = bind(args.listen).await?;
    let address = listener.local_addr()?;
    let colleagues =
        furnish(&stand, &base, &mut config, address).context("can't furnish the demo's tenant")?;
    let app = base.app(&config, &base.clock, &ReferenceFiles::default()).await?;
    people::let_in(&app, &colleagues).await.context("can't let the demo's people in")?;
    let server = base.server(&config, Arc::clone(&app), address)?;
    let tenant_id: TenantId = TENANT.parse()?;
    let keys = base.data.action_keys(&tenant_id, base.entropy.as_ref())?;
    let key = keys.into_iter().next().context("no key of the Actions")?;
    let tenant = app.tenant(&tenant_id)?;
    let console = config.access.oidc.as_ref().map(|oidc| oidc.client_id.clone()).unwrap_or_default();
    let installed = stand.install(&base, &app, &tenant, (address, &key), &console).await;
    installed.context("can't install into the demo's tenant")?;
    let sources = sources(&config, &base.clock)?;
    acting::give(&config, &app, base.data.path(), &base.clock, &sources)?;
    let doctor = Doctor::new(Arc::new(config), Arc::clone(&app), sources);
    tasks.spawn(doctor.run(stop.clone()));
    let requests = node.is_none().then(|| Requests::new(address, &key)).transpose()?;
    print(&format!("Countersign demo: http://{address}/sign-in/start\n"));
    print(&introduction(node.as_deref()));
    let returning = Returning::new(traffic.clone(), base.clock.now());
    let story = Story::new(traffic, PACE, SEED, base.clock.now());
    let (app_of, clock) = (Arc::clone(&app), Arc::clone(&base.clock));
    let live = Live { app: app_of, tenant, shell: stand.shell, requests, story, returning, clock };
    tasks.spawn(fatigue::run(people, live.shell.clone(), Arc::clone(&live.clock)));
    tasks.spawn(live.run(stop.clone()));
    if let Some(seconds) = args.stop_after {
        tasks.spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            stopper.send_replace(true);
        });
    }
    listen::until_stopped(
        Listener::plain(listener),
        server.router(),
        app,
        Vec::new(),
        stop,
        &Limits::standard(),
    )
    .await;
    tasks.shutdown().await;
    Ok(Verdict::Holds)
}

/// Where the tenant's Actions run, and the version of Node; without Node they are passed over.
async fn actions(folder: &Path) -> anyhow::Result<(Actions, Option<String>)> {
    let actions = Actions::in_folder(folder.join("node"));
    let node = match actions.host().await {
        Ok(host) => Some(host.node().to_owned()),
        Err(HostError::NodeMissing) => None,
        Err(error) => return Err(error).context("can't start Node"),
    };
    Ok(if node.is_some() { (actions, node) } else { (Actions::passed_over(), None) })
}

/// Makes up a month at the tenant and before the service; whoever goes on from there.
async fn past(stand: &Stand, people: &Population, base: &Base, config: &Config) -> anyhow::Result<Traffic> {
    let told = stand.shell.tell_scenario().await.map_err(|fault| anyhow!("{fault:?}"))?;
    let (past, traffic) = told.context("a demo without a scenario")?;
    let last = theft::told(&stand.shell, people, base.clock.now());
    history::seed(base, config, past, last).await?;
    Ok(traffic)
}

/// Makes at the tenant whom and what the service needs there: a client that reads, one that acts, the console's, and who works at it;
/// the configuration says so.
fn furnish(
    stand: &Stand,
    base: &Base,
    config: &mut Config,
    address: SocketAddr,
) -> anyhow::Result<Vec<Colleague>> {
    let (data, clock) = (&base.data, base.clock.as_ref());
    let tenant = config.tenants.entry(TENANT.parse()?).or_default();
    tenant.management = Some(stand.reader(data, clock)?);
    tenant.acting = Some(stand.hand(data, clock)?);
    let callback = format!("http://{address}/sign-in/callback");
    config.access.oidc = Some(stand.console(&callback, data, clock)?);
    stand.colleagues(clock)
}

/// What is told at the start.
fn introduction(node: Option<&str>) -> String {
    let runs = match node {
        Some(node) => format!("The post-login Action was installed into a sandbox tenant and runs in Node {node}."),
        None => "Node was not found, so the demo sends the Action's requests itself. Install Node 18 or later to run the Action.".to_owned(),
    };
    format!(
        "{runs} Three organizations sign in, attackers do, and a month lies behind them.\n\
         The page offers two people to sign in as by a button, Paula and Alex: what one of them proposes, only the other can approve.\n\
         Under Plans a playbook wants to contain an account whose refresh token is used from two continents. Approve it, see the next \
         sign-in refused, undo it. Stop with Ctrl-C.\n"
    )
}

/// The Action as an operator edits it who is done with auditing.
fn enforcing(action: &str) -> anyhow::Result<String> {
    let edited = action.replacen("enforce: false", "enforce: true", 1);
    anyhow::ensure!(edited != action, "the Action has no `enforce: false` to edit");
    Ok(edited)
}

/// Enforces everywhere but in one organization, which is audited first, as a careful operator would begin.
fn policy(people: &Population) -> anyhow::Result<Document> {
    let mut policy = Document { fallback: Fallback::Challenge, ..Document::default() };
    policy.tenant.mode = Some(Mode::Enforce);
    policy.tenant.claims = Some(Claims { risk_level: true, ..Claims::default() });
    if let Some(last) = people.organizations().last() {
        policy.organizations.insert(last.id.parse()?, Layer { mode: Some(Mode::Audit), ..Layer::default() });
    }
    Ok(policy)
}

async fn bind(wanted: SocketAddr) -> anyhow::Result<TcpListener> {
    anyhow::ensure!(
        wanted.ip().is_loopback(),
        "the demo listens on a loopback address only, such as 127.0.0.1:8377"
    );
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((wanted.ip(), 0))
            .await
            .with_context(|| format!("can't listen at `{}`", wanted.ip())),
    }
}

/// The demo's data directory; one that was made for this run is removed at its end.
struct DemoFolder {
    path: PathBuf,
    is_kept: bool,
}

impl DemoFolder {
    fn new(kept: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(path) = kept {
            return Ok(Self { path, is_kept: true });
        }
        Self::make(&std::env::temp_dir())
    }

    /// Makes a folder with a name that nobody can guess, for its owner alone; one that is there already is never used.
    fn make(parent: &Path) -> anyhow::Result<Self> {
        let path = parent.join(format!("countersign-demo-{}", hex(&random(&SystemEntropy)?)));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("can't make `{}`", path.display()))?;
        Ok(Self { path, is_kept: false })
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if !self.is_kept {
            // Why: what can't be removed now is in the system's folder for temporary files.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn each_demo_has_a_folder_of_its_own_that_goes_with_it() {
        let parent = tempfile::tempdir().unwrap();
        let (one, other) =
            (DemoFolder::make(parent.path()).unwrap(), DemoFolder::make(parent.path()).unwrap());
        assert_ne!(one.path, other.path);
        assert_eq!(std::fs::metadata(&one.path).unwrap().permissions().mode() & 0o777, 0o700);
        drop((one, other));
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
