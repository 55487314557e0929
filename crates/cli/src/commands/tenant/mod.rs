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
    install::{self, Goal, Observed},
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
        let console = self.config.console_client(&self.tenant, Some(&host))?;
        goal::wish(wanted, (&self.tenant, &host), console.as_ref(), &self.kept, key)
    }

    async fn observe(&self, management: &Management, parts: Parts) -> anyhow::Result<Observed> {
        let journal = self.kept.journal()?;
        let owned = journal.installed().unwrap_or_default().owned;
        Ok(Observed { owned, ..observe(management, parts, journal.fingerprints).await? })
    }
}

/// What is read for a goal: also parts that are not wanted any more, where something of us was left there.
fn parts(site: &Site, goal: &Goal) -> anyhow::Result<Parts> {
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
            print(&adoption(&goal, &observed, &plan));
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

/// What takes over everything that has our mark, as one line to copy; nothing where there is nothing more.
fn adoption(goal: &Goal, observed: &Observed, plan: &Plan) -> String {
    // Why: ids are the tenant's, and the line goes into a shell.
    let is_plain = |id: &&String| id.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char));
    let more = install::adoptable(goal, observed);
    let more: Vec<&String> = more.iter().filter(is_plain).collect();
    if more.is_empty() {
        return String::new();
    }
    let ids = plan.adopts.values().filter(is_plain).chain(more);
    let line: Vec<String> = ids.map(|id| format!("--adopt {id}")).collect();
    format!(
        "\nThis has our mark. If it was imported, or Countersign made it and its journal was lost, it is taken over by this line, at \
         `plan` and `apply`:\n  {}\n",
        line.join(" ")
    )
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

#[cfg(test)]
mod tests {
    use countersign_plan::install::{API_NAME, ApiGoal};
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_that_a_shell_would_read_otherwise_is_not_in_the_line() {
        let mut goal = Goal::nothing("acme".parse().unwrap(), "acme.eu.auth0.com");
        goal.api = Some(ApiGoal { identifier: "https://cs.example.com".to_owned() });
        let line = |id: &str| {
            let api = json!({"id": id, "name": API_NAME, "identifier": "https://cs.example.com"});
            let apis = vec![serde_json::from_value(api).unwrap()];
            let observed = Observed { apis, ..Observed::default() };
            adoption(&goal, &observed, &install::plan(&goal, &observed))
        };
        assert!(line("rs_1").ends_with("\n  --adopt rs_1\n"), "{}", line("rs_1"));
        for id in ["$(x)", "a b", "a;b", "`a`"] {
            assert_eq!(line(id), "", "{id}");
        }
    }
}
