//! Reading tenants' logs: each by itself, by the process that leads its jobs.

use std::{sync::Arc, time::Duration};

use countersign_app::{App, Error, Tenant, access::Job, management::Api};
use tokio::{sync::watch, task::JoinSet, time};

use crate::{config::Config, doctor::Sources, listen::stopped};

/// Between two looks at what the stream did not deliver.
const MINUTE: Duration = Duration::from_secs(60);

/// The most pages of one turn: as many as the slowest plan gives in a minute. More is read in the next, and by whoever leads then.
const PAGES: u32 = 120;

/// Reads the logs of the tenants that the service has a client at.
pub struct Puller {
    app: Arc<App>,
    read: Vec<(Arc<Tenant>, Arc<dyn Api>)>,
}

/// What one turn came to.
struct Turn {
    entries: u64,
    is_end: bool,
}

impl Puller {
    /// A puller with the service's own clients, where it is not switched off; nothing is asked yet.
    pub fn new(config: &Config, app: Arc<App>, sources: &Sources) -> Self {
        let is_on = |tenant: &Arc<Tenant>| {
            let section = config.tenants.get(tenant.id()).and_then(|tenant| tenant.management.as_ref());
            section.is_some_and(|section| section.pull_log)
        };
        let read = app.tenants().filter(|tenant| is_on(tenant)).filter_map(|tenant| {
            let source = Arc::clone(sources.get(tenant.id())?);
            Some((Arc::clone(tenant), source as Arc<dyn Api>))
        });
        let read = read.collect();
        Self { app, read }
    }

    /// Reads until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        for (tenant, api) in self.read {
            tasks.spawn(attend(Arc::clone(&self.app), tenant, api));
        }
        stopped(&mut stop).await;
        // Why at once: a page that was not kept is read again.
        tasks.shutdown().await;
    }
}

async fn attend(app: Arc<App>, tenant: Arc<Tenant>, api: Arc<dyn Api>) {
    let Some(tenant) = app.permit_job(Job::Pull, &tenant).await else { return };
    let mut ticks = time::interval(MINUTE);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    let mut told = None;
    loop {
        ticks.tick().await;
        loop {
            match turn(&app, &tenant, api.as_ref()).await {
                Ok(Turn { entries, is_end }) => {
                    told = None;
                    if entries > 0 {
                        tracing::info!(tenant.id = %tenant.id(), entries, is_end, "entries of the tenant's log were read");
                    }
                    if is_end {
                        break;
                    }
                }
                Err(error) => {
                    // Why once: what is refused each minute is refused for one reason, and the doctor tells it too.
                    let detail = error.detail().map(str::to_owned);
                    if told.as_ref() != Some(&detail) {
                        tracing::error!(tenant.id = %tenant.id(), code = error.code(), detail = error.detail(), "the tenant's log could not be read");
                    }
                    told = Some(detail);
                    break;
                }
            }
        }
    }
}

/// Reads pages until there is nothing more now, or the turn has had its share.
async fn turn(app: &App, tenant: &Tenant, api: &dyn Api) -> Result<Turn, Error> {
    let mut entries = 0_u64;
    for _ in 0..PAGES {
        let Some(lead) = app.lead(tenant).await? else { return Ok(Turn { entries, is_end: true }) };
        let pulled = app.pull_next(tenant, api, &lead).await?;
        entries += pulled.delivered.taken;
        if pulled.is_end {
            return Ok(Turn { entries, is_end: true });
        }
    }
    Ok(Turn { entries, is_end: false })
}
