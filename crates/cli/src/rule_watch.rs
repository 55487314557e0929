//! What the watching of a tenant's log goes by beside the policy, read again while the service runs: the operator's rule files and
//! playbooks, and which Actions were installed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use countersign_app::{
    App, RuleFiles, Tenant, WatchConfig,
    acts::{PlaybookFiles, known_detectors},
    check_policy,
};
use countersign_core::TenantId;
use countersign_plan::install::TRIGGERS;
use tokio::{sync::watch, time};

use crate::{
    commands::{rules::files::Files, tenant::Kept},
    config::Config,
    data_dir::DataDir,
    listen::stopped,
};

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(3);

/// What was read of a folder: its files, or why they can't be read.
type Read = Result<Vec<(String, String)>, Vec<String>>;

/// What was read last of rules and playbooks; `None`: no folder is configured, or none was read yet.
#[derive(Default)]
struct Seen {
    rules: Option<Read>,
    playbooks: Option<Read>,
}

/// Keeps the watching as the files have it.
pub struct RuleWatch {
    config: Arc<Config>,
    app: Arc<App>,
}

impl RuleWatch {
    /// Begins to watch; the application has what was read at its start.
    pub const fn new(config: Arc<Config>, app: Arc<App>) -> Self {
        Self { config, app }
    }

    /// Takes changed files until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut ticks = time::interval(LOOK);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        let mut seen: BTreeMap<_, Seen> = BTreeMap::new();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopped(&mut stop) => return,
            }
            for tenant in self.app.tenants() {
                let (config, app, tenant) =
                    (Arc::clone(&self.config), Arc::clone(&self.app), Arc::clone(tenant));
                let before = seen.remove(tenant.id()).unwrap_or_default();
                let id = tenant.id().clone();
                // Why apart: files are read and rules compiled, while people sign in.
                let looked = tokio::task::spawn_blocking(move || look(&config, &app, &tenant, &before)).await;
                match looked {
                    Ok(read) => drop(seen.insert(id, read)),
                    Err(error) => {
                        tracing::error!(tenant.id = %id, %error, "the rule files could not be looked at");
                    }
                }
            }
        }
    }
}

/// Takes what is there now; returns what was read.
fn look(config: &Config, app: &App, tenant: &Tenant, before: &Seen) -> Seen {
    app.guard_actions(tenant, actions(config, tenant.id()));
    let Some(watch) = config.tenants.get(tenant.id()).map(|tenant| &tenant.watch) else {
        return Seen::default();
    };
    let seen =
        Seen { rules: watch.rules.as_deref().map(read), playbooks: watch.playbooks.as_deref().map(read) };
    if seen.rules != before.rules
        && let Some(read) = &seen.rules
    {
        app.take_rules(tenant, read.clone().map(RuleFiles::new));
    }
    // Why after the rules: playbooks name them.
    if seen.playbooks != before.playbooks
        && let Some(read) = &seen.playbooks
    {
        app.take_playbooks(tenant, read.clone().map(PlaybookFiles::new));
    }
    seen
}

/// The files in a folder and those within.
fn read(folder: &Path) -> Read {
    let files = Files::within(folder).map_err(|error| vec![format!("{error:#}")])?;
    if files.unread.is_empty() {
        Ok(files.into_read())
    } else {
        Err(files.unread.iter().map(ToString::to_string).collect())
    }
}

/// The ids of the Actions that were installed; none where no journal says so.
fn actions(config: &Config, tenant: &TenantId) -> BTreeSet<String> {
    let journal =
        DataDir::found(&config.storage.directory).and_then(|data| Kept::new(data, tenant.clone()).journal());
    let installed = journal.ok().and_then(|journal| journal.installed()).unwrap_or_default();
    let id = |trigger| installed.owned.id(&format!("action.{trigger}")).map(str::to_owned);
    TRIGGERS.iter().filter_map(id).collect()
}

/// What a tenant's log is watched with at the start.
///
/// # Errors
/// What is wrong with its rule files and playbooks, or with what its configured policy sets for them, a line each.
pub fn configured(config: &Config, id: &TenantId) -> anyhow::Result<WatchConfig> {
    let Some(tenant) = config.tenants.get(id) else { return Ok(WatchConfig::default()) };
    let client_id = tenant.management.as_ref().and_then(|section| section.client_id.clone());
    let rules = rules(config, id)?;
    check_policy(tenant.policy.clone(), &rules).map_err(|faults| {
        let told =
            faults.iter().map(|fault| format!("`tenants.{id}.policy.{}`: {}", fault.path, fault.message));
        anyhow::anyhow!("{}", told.collect::<Vec<_>>().join("\n"))
    })?;
    let playbooks = playbooks(config, id)?;
    if playbooks != PlaybookFiles::default() {
        let known = known_detectors(&tenant.policy.watch, &rules);
        playbooks
            .load(&known)
            .map_err(|faults| anyhow::anyhow!("`tenants.{id}.watch.playbooks`:\n{}", faults.join("\n")))?;
    }
    Ok(WatchConfig { rules, playbooks, client_id })
}

/// The rule files of a tenant; none where no folder is configured.
///
/// # Errors
/// Why they can't be read, a line each.
pub fn rules(config: &Config, id: &TenantId) -> anyhow::Result<RuleFiles> {
    let Some(folder) = config.tenants.get(id).and_then(|tenant| tenant.watch.rules.as_ref()) else {
        return Ok(RuleFiles::default());
    };
    let files = read(folder)
        .map_err(|faults| anyhow::anyhow!("`tenants.{id}.watch.rules`:\n{}", faults.join("\n")))?;
    Ok(RuleFiles::new(files))
}

/// The playbooks of a tenant; none where no folder is configured.
fn playbooks(config: &Config, id: &TenantId) -> anyhow::Result<PlaybookFiles> {
    let Some(folder) = config.tenants.get(id).and_then(|tenant| tenant.watch.playbooks.as_ref()) else {
        return Ok(PlaybookFiles::default());
    };
    let files = read(folder)
        .map_err(|faults| anyhow::anyhow!("`tenants.{id}.watch.playbooks`:\n{}", faults.join("\n")))?;
    Ok(PlaybookFiles::new(files))
}
