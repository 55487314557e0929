//! What changes a tenant.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use countersign_adapters::management::Management;
use countersign_app::{
    LedgerRecorder,
    management::Recorder,
    tenant::{Accepted, Error, Installer, Journal, Parts, State, check_scopes},
};
use countersign_core::{Entropy, Secret};
use countersign_plan::{Plan, install};
use countersign_store::Access;

use super::{Site, accepted, connect, goal::Wish, keep::Kept, parts, record::RemoteRecorder};
use crate::{
    args::{Accepting, ApplyArgs, Connected, Removing, Undoing},
    clock::SystemEntropy,
    commands::{Verdict, print},
    data_dir::hex,
    place::{Here, Place},
};

/// Everything that a change takes: a connection whose writes are recorded, and nobody else beside.
pub struct Work {
    pub site: Site,
    pub management: Management,
    /// Where the ledger is, when it is here.
    here: Option<Here>,
    pub accepted: Accepted,
    pub actor: String,
    _lock: std::fs::File,
}

impl Work {
    pub async fn open(connected: &Connected, accepting: &Accepting) -> anyhow::Result<Self> {
        let site = Site::open(connected)?;
        let lock = site.kept.lock()?;
        let (recorder, here): (Arc<dyn Recorder>, _) =
            match Place::open(&connected.at, &site.tenant, Access::Own).await? {
                Place::Server(server) => {
                    (Arc::new(RemoteRecorder { server, tenant: site.tenant.clone() }), None)
                }
                Place::Here(here) => {
                    let (app, tenant) = (Arc::clone(&here.app), Arc::clone(&here.tenant));
                    (Arc::new(LedgerRecorder::new(app, tenant)), Some(here))
                }
            };
        let management = connect::connect(connected, &site.config, &site.tenant, &site.clock, recorder)?;
        Ok(Self {
            site,
            management,
            here,
            accepted: accepted(&accepting.accept_scopes),
            actor: accepting.actor.clone(),
            _lock: lock,
        })
    }

    fn installer<'a>(&'a self, secrets: &'a BTreeMap<String, Secret>) -> Installer<'a> {
        let kept: &Kept = &self.site.kept;
        Installer { port: &self.management, keeper: kept, secrets, actor: self.actor.clone() }
    }

    /// Holds a plan to what was accepted. Something must have been read before, so that the credential's scopes are known.
    fn check(&self, plan: &Plan) -> Result<(), Error> {
        check_scopes(plan, self.management.scopes().as_deref(), &self.accepted)
    }

    /// Reads something, so that the tenant says what the credential can do.
    async fn greet(&self, plan: &Plan) -> Result<(), Error> {
        let first = plan.steps.first().map(|step| &step.name).or_else(|| plan.adopts.keys().next());
        let Some(first) = first else { return Ok(()) };
        let parts =
            Parts { actions: false, log_streams: false, event_streams: false, apis: false, clients: false };
        let parts = match first.split('.').next().unwrap_or_default() {
            "log_stream" => Parts { log_streams: true, ..parts },
            "event_stream" => Parts { event_streams: true, ..parts },
            "api" => Parts { apis: true, ..parts },
            "client" | "client_grant" => Parts { clients: true, ..parts },
            _ => Parts { actions: true, ..parts },
        };
        countersign_app::tenant::observe(&self.management, parts, BTreeMap::new()).await.map(drop)
    }

    /// Signs what was recorded, where the ledger is here.
    pub async fn sign(&self) -> anyhow::Result<()> {
        if let Some(here) = &self.here {
            here.app.sign_checkpoint(&here.tenant).await?;
        }
        Ok(())
    }
}

/// What is a check that does not hold, and nothing half done.
fn refusal(error: Error) -> anyhow::Result<Verdict> {
    match error {
        Error::Blocked(_)
        | Error::NotAccepted(_)
        | Error::TooMuch(_)
        | Error::TooLittle(_)
        | Error::Untold
        | Error::Unfinished(_)
        | Error::Nothing => {
            print(&format!("Nothing was changed: {error}.\n"));
            Ok(Verdict::Fails)
        }
        error => Err(error.into()),
    }
}

pub async fn apply(args: &ApplyArgs) -> anyhow::Result<Verdict> {
    let work = Work::open(&args.connected, &args.accepting).await?;
    let Wish { goal, secrets } = work.site.wish(&args.connected, &args.wanted)?;
    let mut journal = work.site.kept.journal()?;
    if let Some(run) = journal.unfinished().filter(|run| run.state == State::Applying) {
        print(&format!("Plan {} was cut off; it is taken up again.\n", run.plan.id()));
        let plan = run.plan.clone();
        work.greet(&plan).await?;
        if let Err(error) = work.check(&plan) {
            return refusal(error);
        }
        // Why: the plan that was cut off may name tokens that this one does not.
        let mut all = work.site.kept.tokens()?;
        all.extend(secrets.clone());
        let end = work.installer(&all).resume(&mut journal).await;
        work.sign().await?;
        end.context(AGAIN)?;
    }
    let observed = work.site.observe(&work.management, parts(&work.site, &goal)?).await?;
    let plan = install::plan(&goal, &observed);
    print(&plan.text());
    if let Some(wanted) = &args.plan_id
        && wanted != &plan.id()
    {
        print("Nothing was changed: this is another plan than --plan-id names.\n");
        return Ok(Verdict::Fails);
    }
    carry_out(&work, &mut journal, plan, &secrets).await
}

/// What is said of a run that was cut off.
const AGAIN: &str = "the run was cut off: call `apply` again to take it up, or `rollback` to undo it";

async fn carry_out(
    work: &Work,
    journal: &mut Journal,
    plan: Plan,
    secrets: &BTreeMap<String, Secret>,
) -> anyhow::Result<Verdict> {
    if let Err(error) = work.check(&plan) {
        return refusal(error);
    }
    if plan.is_empty() && plan.blocks().next().is_none() {
        return Ok(Verdict::Holds);
    }
    let mut random = [0_u8; 16];
    SystemEntropy.fill(&mut random)?;
    let correlation = format!("tenant_{}", hex(&random));
    let at = work.site.clock.now();
    let end = work.installer(secrets).apply(journal, plan, at, correlation).await;
    work.sign().await?;
    match end {
        Ok(()) => {
            let steps = journal.newest().map_or(0, |run| run.plan.steps.len());
            print(&format!("\nDone: {steps} changes, each in the ledger.\n"));
            if journal.newest().is_some_and(|run| run.done().any(|step| step.name == "client.create")) {
                print(&format!(
                    "The secret of the service's client, if it has one, is in `{}`.\n",
                    work.site.kept.secret_path()
                ));
            }
            Ok(Verdict::Holds)
        }
        Err(error @ (Error::Blocked(_) | Error::Unfinished(_))) => refusal(error),
        Err(error) => Err(anyhow::Error::new(error).context(AGAIN)),
    }
}

pub async fn roll_back(args: &Undoing) -> anyhow::Result<Verdict> {
    let work = Work::open(&args.connected, &args.accepting).await?;
    let mut journal = work.site.kept.journal()?;
    let Some(run) = journal.newest().filter(|run| run.state != State::RolledBack) else {
        return refusal(Error::Nothing);
    };
    let plan = run.plan.clone();
    work.greet(&plan).await?;
    if let Err(error) = work.check(&plan) {
        return refusal(error);
    }
    let secrets = work.site.kept.tokens()?;
    let end = work.installer(&secrets).roll_back(&mut journal).await;
    work.sign().await?;
    let left = end.context("it was not undone to its end: call `rollback` again")?;
    print(&format!("Plan {} was rolled back.\n", plan.id()));
    for left in &left {
        print(&format!("`{}` stays as it is: {}\n", left.step, left.why));
    }
    Ok(Verdict::Holds)
}

pub async fn remove(args: &Removing) -> anyhow::Result<Verdict> {
    let work = Work::open(&args.connected, &args.accepting).await?;
    let mut journal = work.site.kept.journal()?;
    if let Some(run) = journal.unfinished() {
        let id = run.plan.id();
        if run.plan.purpose != countersign_plan::Purpose::Remove || args.dry_run {
            return refusal(Error::Unfinished(id));
        }
        print(&format!("Plan {id} was cut off; it is taken up again.\n"));
        let plan = run.plan.clone();
        work.greet(&plan).await?;
        if let Err(error) = work.check(&plan) {
            return refusal(error);
        }
        work.installer(&BTreeMap::new()).resume(&mut journal).await.context(AGAIN)?;
    }
    let host = connect::tenant_host(&args.connected, &work.site.config, &work.site.tenant)?;
    let observed = work.site.observe(&work.management, Parts::ALL).await?;
    let plan = install::remove(&work.site.tenant, &host, &observed);
    print(&plan.text());
    if args.dry_run {
        return Ok(Verdict::Holds);
    }
    carry_out(&work, &mut journal, plan, &BTreeMap::new()).await
}
