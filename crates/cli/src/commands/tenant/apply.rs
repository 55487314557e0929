//! What changes a tenant.

use countersign_rights::Action;
use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use countersign_adapters::management::Management;
use countersign_app::{
    LedgerRecorder,
    management::Recorder,
    tenant::{Accepted, Error, Installer, Journal, Parts, Run, State, check_scopes},
};
use countersign_core::{Entropy, Secret};
use countersign_plan::{Plan, Purpose, install};
use countersign_store::Access;

use super::{
    Site, accepted, adoption, connect, goal::Wish, keep::Kept, parts, record::RemoteRecorder, show::ways_out,
};
use crate::{
    args::{Accepting, ApplyArgs, Connected, Removing},
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
            match Place::open(&connected.at, &site.tenant, Access::Own, Action::WriteTenant).await? {
                Place::Server(server) => {
                    (Arc::new(RemoteRecorder { server, tenant: site.tenant.clone() }), None)
                }
                Place::Here(here) => {
                    let recorder = LedgerRecorder::new(Arc::clone(&here.app), here.tenant.clone());
                    (Arc::new(recorder), Some(here))
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

    pub fn installer<'a>(&'a self, secrets: &'a BTreeMap<String, Secret>) -> Installer<'a> {
        let kept: &Kept = &self.site.kept;
        Installer { port: &self.management, keeper: kept, secrets, actor: self.actor.clone() }
    }

    /// Holds a plan to what was accepted. Something must have been read before, so that the credential's scopes are known.
    pub fn check(&self, plan: &Plan) -> Result<(), Error> {
        check_scopes(plan, self.management.scopes().as_deref(), &self.accepted)
    }

    /// Reads something, so that the tenant says what the credential can do.
    pub async fn greet(&self, plan: &Plan) -> Result<(), Error> {
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
pub fn refusal(error: Error) -> anyhow::Result<Verdict> {
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
    if let Some(run) = journal.unfinished().cloned() {
        let id = run.plan.id();
        let is_wanted = args.plan_id.as_ref().is_none_or(|wanted| wanted == &id);
        if run.state != State::Applying || run.plan.purpose != Purpose::Install || !is_wanted {
            return Ok(unfinished(&run));
        }
        // Why: the plan that was cut off may name tokens that this one does not.
        let mut all = work.site.kept.tokens()?;
        all.extend(secrets.clone());
        if let Some(verdict) = take_up(&work, &mut journal, &run, &all).await? {
            return Ok(verdict);
        }
        if args.plan_id.is_some() {
            print(&done(&work, &journal));
            return Ok(Verdict::Holds);
        }
    }
    let observed = work.site.observe(&work.management, parts(&work.site, &goal)?).await?;
    let plan = install::plan(&goal, &observed);
    print(&plan.text());
    print(&adoption(&goal, &observed, &plan));
    if let Some(wanted) = &args.plan_id
        && wanted != &plan.id()
    {
        print("Nothing was changed: this is another plan than --plan-id names.\n");
        return Ok(Verdict::Fails);
    }
    carry_out(&work, &mut journal, plan, &secrets).await
}

/// Refuses to begin while another run did not come to its end.
fn unfinished(run: &Run) -> Verdict {
    print(&format!(
        "Nothing was changed: plan {} did not come to its end ({} of {} steps done): {}.\n",
        run.plan.id(),
        run.done().count(),
        run.plan.steps.len(),
        ways_out(run)
    ));
    Verdict::Fails
}

/// Takes a run up that was cut off. A verdict is a refusal.
async fn take_up(
    work: &Work,
    journal: &mut Journal,
    run: &Run,
    secrets: &BTreeMap<String, Secret>,
) -> anyhow::Result<Option<Verdict>> {
    print(&format!("Plan {} was cut off; it is taken up again.\n", run.plan.id()));
    work.greet(&run.plan).await.with_context(|| cut_off(journal))?;
    if let Err(error) = work.check(&run.plan) {
        return refusal(error).map(Some);
    }
    let end = work.installer(secrets).resume(journal).await;
    work.sign().await?;
    end.map(|()| None).with_context(|| cut_off(journal))
}

/// What is said of a run that was cut off.
fn cut_off(journal: &Journal) -> String {
    let ways = journal.unfinished().map_or_else(String::new, |run| format!(": {}", ways_out(run)));
    format!("the run was cut off{ways}")
}

fn done(work: &Work, journal: &Journal) -> String {
    let Some(run) = journal.newest() else { return String::new() };
    let mut text = format!("\nDone: {} changes, each in the ledger.\n", run.plan.steps.len());
    if run.done().any(|step| step.name == "client.create") {
        let path = work.site.kept.secret_path();
        text.push_str(&format!("The secret of the service's client, if it has one, is in `{path}`.\n"));
    }
    text
}

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
            print(&done(work, journal));
            Ok(Verdict::Holds)
        }
        Err(error @ (Error::Blocked(_) | Error::Unfinished(_))) => refusal(error),
        Err(error) => Err(anyhow::Error::new(error).context(cut_off(journal))),
    }
}

pub async fn remove(args: &Removing) -> anyhow::Result<Verdict> {
    let work = Work::open(&args.connected, &args.accepting).await?;
    let mut journal = work.site.kept.journal()?;
    if let Some(run) = journal.unfinished().cloned() {
        if run.state != State::Applying || run.plan.purpose != Purpose::Remove || args.dry_run {
            return Ok(unfinished(&run));
        }
        if let Some(verdict) = take_up(&work, &mut journal, &run, &BTreeMap::new()).await? {
            return Ok(verdict);
        }
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
