//! `countersign tenant`

mod apply;
mod connect;
mod goal;
mod keep;
mod probe;
mod record;
mod roll_back;
mod show;

use std::sync::Arc;

use anyhow::{Context, bail};
use countersign_adapters::management::Management;
use countersign_app::tenant::{Accepted, Parts, observe};
use countersign_core::{Clock, TenantId};
use countersign_plan::{
    Phase, Plan,
    export::{File, deploy_cli, terraform},
    install::{self, Observed},
};

use self::{connect::ReadsOnly, goal::Wish};
pub use self::{
    connect::ReadsOnly as Nobody,
    goal::{KEY, URL, built_in},
    keep::Kept,
};
use super::{Verdict, print};
use crate::{
    args::{Connected, Format, PlanArgs, TenantCommand, Wanted},
    compose::system_clock,
    config::Config,
    data_dir::DataDir,
    key_file::lines,
};

pub async fn run(command: TenantCommand) -> anyhow::Result<Verdict> {
    match command {
        TenantCommand::Plan(args) => plan(&args).await,
        TenantCommand::Apply(args) => apply::apply(&args).await,
        TenantCommand::Status(args) => show::status(&args).await,
        TenantCommand::Rollback(args) => roll_back::roll_back(&args).await,
        TenantCommand::Remove(args) => apply::remove(&args).await,
        TenantCommand::Probe(args) => probe::run(&args).await,
    }
}

/// What every command works with.
pub struct Site {
    config: Config,
    tenant: TenantId,
    clock: Arc<dyn Clock>,
    kept: Kept,
}

impl Site {
    fn open(args: &Connected) -> anyhow::Result<Self> {
        let config = args.at.folder.load()?;
        let tenant = match (&args.tenant, config.tenants.len()) {
            (Some(tenant), _) => tenant.clone(),
            (None, 1) => config.tenants.keys().next().cloned().context("no tenant")?,
            (None, count) => bail!("name the tenant by --tenant; {count} are configured"),
        };
        let data = DataDir::found(&config.storage.directory).context(
            "the data directory holds the keys and the journal; start the service once, or name it by --data",
        )?;
        Ok(Self { kept: Kept::new(data, tenant.clone()), config, tenant, clock: system_clock() })
    }

    /// A connection that can't write.
    fn reader(&self, args: &Connected) -> anyhow::Result<Management> {
        connect::connect(args, &self.config, &self.tenant, &self.clock, Arc::new(ReadsOnly))
    }

    fn wish(&self, args: &Connected, wanted: &Wanted) -> anyhow::Result<Wish> {
        let host = connect::tenant_host(args, &self.config, &self.tenant)?;
        let references = self.config.tenants.get(&self.tenant).map(|tenant| &tenant.action_keys);
        let key = match references.and_then(|references| references.first()) {
            Some(reference) => {
                let fetched = reference.fetch().context("`action_keys`")?;
                let text = std::str::from_utf8(fetched.expose()).context("a key is text")?;
                lines(text).into_iter().next().context("there is no key")?
            }
            None => self.kept.action_key()?,
        };
        goal::wish(wanted, &self.tenant, &host, &self.kept, key)
    }

    async fn observe(&self, management: &Management, parts: Parts) -> anyhow::Result<Observed> {
        let journal = self.kept.journal()?;
        let owned = journal.installed().unwrap_or_default().owned;
        Ok(Observed { owned, ..observe(management, parts, journal.fingerprints).await? })
    }
}

/// What is read for a goal: also parts that are not wanted any more, where something of us was left there.
fn parts(site: &Site, goal: &install::Goal) -> anyhow::Result<Parts> {
    let mut parts = Parts::of(goal);
    let installed = site.kept.journal()?.installed().unwrap_or_default();
    parts.actions |= !installed.actions.is_empty();
    parts.log_streams |= installed.log_endpoint.is_some();
    parts.event_streams |= installed.event_endpoint.is_some();
    for kind in installed.owned.kinds() {
        parts.actions |= kind.starts_with("action.");
        parts.log_streams |= kind == "log_stream";
        parts.event_streams |= kind == "event_stream";
        parts.apis |= kind == "api";
        parts.clients |= kind.starts_with("client");
    }
    Ok(parts)
}

async fn plan(args: &PlanArgs) -> anyhow::Result<Verdict> {
    let site = Site::open(&args.connected)?;
    let Wish { goal, .. } = site.wish(&args.connected, &args.wanted)?;
    let management = site.reader(&args.connected)?;
    let mut observed = site.observe(&management, parts(&site, &goal)?).await?;
    // Why: what another tool manages is in no journal of ours, and is not changed from here.
    if matches!(args.format, Format::Terraform | Format::DeployCli) {
        observed = observed.recognized();
    }
    let plan = install::plan(&goal, &observed);
    let files = match args.format {
        Format::Text => {
            print(&plan.text());
            print(&acceptance(&plan));
            Vec::new()
        }
        Format::Json => {
            print(&format!("{}\n", serde_json::to_string_pretty(&plan)?));
            Vec::new()
        }
        Format::Terraform => terraform(&goal, &observed),
        Format::DeployCli => deploy_cli(&goal, &observed),
    };
    match &args.out {
        Some(folder) => write(folder, &files)?,
        None => files.first().into_iter().for_each(|file| print(&file.text)),
    }
    let is_blocked = plan.blocks().next().is_some();
    Ok(if is_blocked { Verdict::Fails } else { Verdict::Holds })
}

/// Writes a configuration's files.
fn write(folder: &std::path::Path, files: &[File]) -> anyhow::Result<()> {
    for File { path, text } in files {
        let path = folder.join(path);
        let told = || format!("can't write `{}`", path.display());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(told)?;
        }
        std::fs::write(&path, text).with_context(told)?;
        print(&format!("{}\n", path.display()));
    }
    Ok(())
}

/// What `apply` has to be told.
fn acceptance(plan: &Plan) -> String {
    let mut scopes = plan.scopes(Phase::Install);
    scopes.extend(plan.scopes(Phase::Serve));
    scopes.sort_unstable();
    scopes.dedup();
    format!(
        "\nTo apply it: countersign tenant apply … --plan-id {} --accept-scopes \"{}\"\n",
        plan.id(),
        scopes.join(" ")
    )
}

/// The scopes that were accepted.
fn accepted(text: &str) -> Accepted {
    text.split([' ', ',', '\n']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}
