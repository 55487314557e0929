//! What is done by the clock: a row of the table each, and one loop that runs a row. A new job is a new row.

mod table;
mod turns;

use std::{sync::Arc, time::Duration};

use countersign_app::{App, Error, Kept, Tenant};
use tokio::{runtime::Handle, sync::watch, task::JoinSet, time};

use self::table::{ROWS, Row};
use crate::{background::Background, listen::stopped};

/// Time for each of the two steps at the end: the turn under way, and the last one.
const LAST: Duration = Duration::from_secs(2);

type Stop = watch::Receiver<bool>;

type Retention = Arc<[(Kept, u32)]>;

/// The jobs of a running service.
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// Held until the last of its work has ended.
    _background: Option<Background>,
}

/// A turn of a job at a tenant.
struct Turn<'a> {
    app: &'a App,
    tenant: &'a Tenant,
    /// Whether it is the first of those whose turn it is: what belongs to no tenant is done there.
    is_first: bool,
    retention: &'a [(Kept, u32)],
    stop: &'a Stop,
    ticks: &'a mut time::Interval,
}

impl Jobs {
    /// Starts the jobs; a failure is logged and tried again at the next turn.
    pub fn start(app: &Arc<App>, retention: Vec<(Kept, u32)>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (mut tasks, retention) = (JoinSet::new(), Arc::from(retention));
        let background = background(app);
        let here = Handle::current();
        let behind = background.as_ref().and_then(Background::handle).unwrap_or(&here);
        for row in &ROWS {
            let tenants = app.tenants().map(Arc::clone);
            let loops: Vec<Vec<_>> = match row.each {
                None => vec![tenants.collect()],
                Some(has) => tenants.filter(|tenant| has(tenant)).map(|tenant| vec![tenant]).collect(),
            };
            for tenants in loops {
                let work = run(row, Arc::clone(app), tenants, Arc::clone(&retention), stopped.clone());
                tasks.spawn_on(told(row.name, work), if row.gives_way { behind } else { &here });
            }
        }
        Self { stop, tasks, _background: background }
    }

    /// Ends the jobs and tells the ledger what is left: gaps, then a checkpoint over everything.
    pub async fn finish(mut self, app: &App) {
        self.stop.send_replace(true);
        // Why: a job is awaited and not aborted, since it may hold a gap that it has yet to tell or put back.
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if time::timeout(LAST, ended).await.is_err() {
            tracing::error!("a job did not end in time");
        }
        if time::timeout(LAST, app.denials_told()).await.is_err() {
            tracing::error!("denials could not be told in time");
        }
        if time::timeout(LAST, turns::sign_all(app)).await.is_err() {
            tracing::error!("the last checkpoint could not be signed in time");
        }
    }
}

/// Where watching, joining and forgetting are done; `None`: among what answers.
fn background(app: &App) -> Option<Background> {
    // Why not beside a database of its own process: a connection is driven where it was opened, whoever uses it later.
    let start = || {
        Background::start().inspect_err(|error| tracing::warn!(%error, "no thread for what nobody waits for"))
    };
    if app.is_shared() { None } else { start().ok() }
}

/// A job of which it is told when it ends by a fault: nothing does its work any more.
async fn told(job: &'static str, work: impl Future<Output = ()>) {
    let _unended = Unended(job);
    work.await;
}

/// A job that did not come to its end.
struct Unended(&'static str);

impl Drop for Unended {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(job = self.0, "a job broke down by a fault of ours: restart the service");
        }
    }
}

/// Takes turns of a row at those of the tenants at which a policy permits it, until told to stop.
async fn run(row: &Row, app: Arc<App>, tenants: Vec<Arc<Tenant>>, retention: Retention, mut stop: Stop) {
    let mut work = Vec::new();
    for (job, turn) in row.parts {
        let mut is_first = true;
        for tenant in &tenants {
            let is_permitted = match job {
                Some(job) => app.permit_job(*job, tenant).await.is_some(),
                None => true,
            };
            if is_permitted {
                work.push((turn, tenant, std::mem::take(&mut is_first)));
            }
        }
    }
    let (looked, mut changes) = (stop.clone(), app.changes());
    let mut ticks = time::interval(row.pace);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    while let Some((_, first, _)) = work.first() {
        tokio::select! {
            _ = ticks.tick() => {}
            () = (row.wake)(&app, first, &mut changes) => {}
            () = stopped(&mut stop) => return,
        }
        let turns = async {
            for (turn, tenant, is_first) in &work {
                let (app, retention, stop, ticks) = (&*app, &*retention, &looked, &mut ticks);
                turn(Turn { app, tenant, is_first: *is_first, retention, stop, ticks }).await;
            }
        };
        let given_up = async {
            stopped(&mut stop).await;
            time::sleep(row.given_up).await;
        };
        tokio::select! {
            () = turns => {}
            () = given_up => return,
        }
    }
}

fn log(tenant: &Tenant, job: &'static str, end: Result<(), Error>) {
    if let Err(error) = end {
        tracing::error!(tenant.id = %tenant.id(), job, code = error.code(), detail = error.detail(), "a job failed");
    }
}

#[cfg(test)]
mod tests;
