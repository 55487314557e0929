//! `countersign demo`: the service, generated people, the real Action in Node, one URL.

mod history;
mod people;
mod reader;
mod stand;

use std::{
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use countersign_core::{Mode, TenantId};
use countersign_policy::{Claims, Document, Fallback, Layer};
use countersign_sandbox::{Pace, Population, Scenario, Story, TENANT, Traffic};
use tokio::net::TcpListener;

use self::{
    people::{Driver, Tenant},
    stand::Stand,
};
use super::{Verdict, print, start_logging};
use crate::{
    args::Demo,
    clock::SystemEntropy,
    compose::Base,
    config::{Config, LogFormat},
    data_dir::{hex, random},
    doctor::{Doctor, sources},
    listen::{self, Limits, Listener},
};

/// The same people, habits and attacks at each start.
const SEED: u64 = 20_260_820;

/// Days of history that profiles are seeded with.
const HISTORY_DAYS: u16 = 7;

pub async fn run(args: Demo) -> anyhow::Result<Verdict> {
    start_logging("error", LogFormat::Text);
    let kept = args.data.clone();
    let folder = DemoFolder::new(kept)?;
    let people = Scenario::built_in(HISTORY_DAYS)?.population(SEED);
    let mut config = Config::default();
    config.storage.directory = folder.path.clone();
    config.tenants.insert(
        TENANT.parse()?,
        crate::config::Tenant { policy: policy(&people)?, ..crate::config::Tenant::default() },
    );
    let base = Base::open(&config)?;

    let now = base.clock.now();
    let mut traffic = Traffic::new(people.clone(), SEED);
    let past = traffic.history(HISTORY_DAYS, now);
    history::seed(&base, &config, past).await.context("can't make up a history")?;

    let app = base.app(&config, &base.clock, None).await?;
    let listener = bind(args.listen).await?;
    let address = listener.local_addr()?;
    let server = base.server(&config, Arc::clone(&app), address)?;
    let link = server.one_time_path(base.entropy.as_ref())?;
    let tenant_id: TenantId = TENANT.parse()?;
    let keys = base.data.action_keys(&tenant_id, base.entropy.as_ref())?;
    let key = keys.into_iter().next().context("no key of the Actions")?;
    let (stopper, stop, _signals) = listen::signals()?;
    let mut tasks = tokio::task::JoinSet::new();
    let stand = Stand::start(&people, &base.clock, &mut tasks, stop.clone()).await?;
    let installed = stand.install(&base, &app, &app.tenant(&tenant_id)?, (address, &key)).await;
    installed.context("can't install into the demo's tenant")?;
    let reader = stand.reader(&base.data, base.clock.as_ref())?;
    config.tenants.entry(tenant_id.clone()).or_default().management = Some(reader);
    let sources = sources(&config, &base.clock)?;
    let doctor = Doctor::new(Arc::new(config), Arc::clone(&app), sources);
    tasks.spawn(doctor.run(stop.clone()));
    let driver = Driver::start(&folder.path, address, key, stand).await?;
    print(&format!("Countersign demo: http://{address}{link}\n"));
    print(&driver.introduction());
    let story = Story::new(traffic, Pace::default(), SEED, base.clock.now());
    let live = Tenant { app: Arc::clone(&app), driver, story, clock: Arc::clone(&base.clock) };
    tasks.spawn(live.run(tenant_id, stop.clone()));
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
