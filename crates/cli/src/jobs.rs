//! What is done by the clock: keeping up with other processes, checkpoints and gaps each second, plans as they are approved, silence
//! and forgetting each minute, retention each hour.

use std::{sync::Arc, time::Duration};

use countersign_app::{
    App, Error, Kept, Lead, Tenant,
    access::{Job, Permit},
    acts::Queue,
};
use tokio::{runtime::Handle, sync::watch, task::JoinSet, time};

use crate::{background::Background, listen::stopped};

/// Between two checkpoints.
const SECOND: Duration = Duration::from_secs(1);

/// Between two looks at what other processes changed, should they not have been heard: half of the second in which a kill
/// switch holds everywhere.
const LOOK: Duration = Duration::from_millis(500);

/// The same where no other process can be: only what could not be recorded or read at once is left to do.
const LOOK_ALONE: Duration = Duration::from_secs(5);

/// After how long a look is given up for another by other connections: a network that swallows everything does not say so.
const LOST: Duration = Duration::from_secs(2);

/// Between two looks at silence.
const MINUTE: Duration = Duration::from_secs(60);

/// Between two buildings of a crowd where other processes teach people's histories too.
const QUARTER: Duration = Duration::from_secs(900);

/// Between two looks at what is too old to be kept.
const HOUR: Duration = Duration::from_secs(3_600);

/// Batches of decisions whose silence is counted in one turn, of each tenant: one may not hold up the others.
const BATCHES: u32 = 256;

/// Batches of records gone through for retention in one turn, of each tenant and kind: a million leaves.
const RETENTION_BATCHES: u32 = 8_192;

/// Between two batches of retention.
const BETWEEN: Duration = Duration::from_millis(50);

/// Time for each of the two steps at the end: the turn under way, and the last one.
const LAST: Duration = Duration::from_secs(2);

/// Time for a call of a plan that is on its way when the service stops; less than [`LAST`].
const LAST_CALL: Duration = Duration::from_millis(1_500);

/// The jobs of a running service.
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// Held until the last of its work has ended.
    _background: Option<Background>,
}

impl Jobs {
    /// Starts the jobs; a failure is logged and tried again at the next turn.
    pub fn start(app: &Arc<App>, retention: Vec<(Kept, u32)>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let background = background(app);
        let here = Handle::current();
        let behind = background.as_ref().and_then(Background::handle).unwrap_or(&here);
        tasks.spawn(told("each_second", each_second(Arc::clone(app), stopped.clone())));
        tasks.spawn_on(told("each_minute", each_minute(Arc::clone(app), stopped.clone())), behind);
        for tenant in app.tenants() {
            let of = || (Arc::clone(app), Arc::clone(tenant), stopped.clone());
            let (app, tenant, stop) = of();
            tasks.spawn(told("keep_up", keep_up(app, tenant, stop)));
            let (app, tenant, stop) = of();
            tasks.spawn_on(told("warm", warm(app, tenant, stop)), behind);
            let (app, tenant, stop) = of();
            tasks.spawn_on(told("watch_log", watch_log(app, tenant, stop)), behind);
            let (app, tenant, stop) = of();
            tasks.spawn_on(told("join_log", join_log(app, tenant, stop)), behind);
            let (app, tenant, stop) = of();
            if tenant.has_hands() {
                for queue in Queue::ALL {
                    let act = act(Arc::clone(&app), Arc::clone(&tenant), queue, stop.clone());
                    tasks.spawn(told("act", act));
                }
                let respond = respond(Arc::clone(&app), Arc::clone(&tenant), stop.clone());
                // Why here: a connection to the tenant is driven where it was opened, and containment goes over it, too.
                tasks.spawn(told("respond", respond));
            }
            if tenant.asks_people() {
                let (app, tenant, stop) = of();
                tasks.spawn(told("ask", ask(app, tenant, stop)));
            }
            if tenant.has_hooks() {
                tasks.spawn(told("tell", tell(app, tenant, stop)));
            }
        }
        if !retention.is_empty() {
            tasks.spawn_on(told("each_hour", each_hour(Arc::clone(app), retention, stopped)), behind);
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
        if time::timeout(LAST, sign_all(app)).await.is_err() {
            tracing::error!("the last checkpoint could not be signed in time");
        }
    }
}

/// Where watching, joining and forgetting are done; `None`: among what answers.
fn background(app: &App) -> Option<Background> {
    // Why not beside a database of its own process: a connection is driven where it was opened, whoever uses it later.
    if app.is_shared() {
        return None;
    }
    Background::start()
        .inspect_err(|error| tracing::warn!(%error, "no thread for what nobody waits for"))
        .ok()
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

async fn each_second(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let tenants = app.permit_job_everywhere(Job::Ledger).await;
    let mut ticks = ticks(SECOND);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        for tenant in &tenants {
            log(tenant, "gap", app.record_gap(tenant).await);
            if let Some(lead) = lead(&app, tenant).await {
                log(tenant, "checkpoint", app.sign_next_checkpoint(tenant, &lead).await);
            }
        }
    }
}

/// Forgets sessions that ended, which belong to no tenant: by the first one at which old things may be deleted.
async fn forget_sessions(app: &App, old: &[Permit]) {
    let Some(tenant) = old.first() else { return };
    let Some(lead) = lead(app, tenant).await else { return };
    log(tenant, "sessions", app.forget_sessions(tenant, &lead).await);
}

/// Looks at a tenant's log as it is journaled here, and each second at what another process journaled.
async fn watch_log(app: Arc<App>, tenant: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let Some(tenant) = app.permit_job(Job::Watch, &tenant).await else { return };
    let mut ticks = ticks(SECOND);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.journaled(&tenant) => {}
            () = stopped(&mut stop) => return,
        }
        let Some(lead) = lead(&app, &tenant).await else { continue };
        loop {
            match app.watch_next(&tenant, &lead).await {
                Ok(worked) => {
                    let is_replaying = worked.is_late && replay(&app, &tenant, &lead).await;
                    if *stop.borrow() || !worked.is_busy && !is_replaying {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                Err(error) => {
                    log(&tenant, "watch", Err(error));
                    break;
                }
            }
        }
    }
}

/// Goes on with what puts late entries in their place by one step; whether there is another. Why also while entries wait: under an
/// attack they always do.
async fn replay(app: &App, tenant: &Tenant, lead: &Lead) -> bool {
    if !app.may_replay(tenant).await {
        return false;
    }
    let replayed = app.replay_next(tenant, lead).await;
    let is_under_way = replayed.as_ref().is_ok_and(|replayed| replayed.is_under_way);
    log(tenant, "replay", replayed.map(drop));
    is_under_way
}

/// Joins a tenant's log to decisions, each second what came since: by itself, so that alerts never wait for what is learned.
async fn join_log(app: Arc<App>, tenant: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let Some(tenant) = app.permit_job(Job::Learning, &tenant).await else { return };
    let mut ticks = ticks(SECOND);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let one = || async {
            let Some(lead) = lead(&app, &tenant).await else { return Ok(0) };
            let joined = app.join_next(&tenant, &lead).await?;
            Ok(usize::try_from(joined.entries).unwrap_or(usize::MAX))
        };
        log(&tenant, "join", in_batches(&stop, 4 * BATCHES, one).await);
    }
}

/// The lead of the tenant's jobs, if this process does them now.
async fn lead(app: &App, tenant: &Tenant) -> Option<Lead> {
    in_time(app.lead(tenant)).await.unwrap_or_else(|error| {
        log(tenant, "lead", Err(error));
        None
    })
}

/// What a short piece of work came to, or that the database did not answer before [`LOST`].
async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let detail = || "the database did not answer in time".to_owned();
    time::timeout(LOST, work).await.unwrap_or_else(|_| Err(Error::Unavailable { detail: detail() }))
}

/// What is left at the end, which any process may tell and sign: every head is committed.
async fn sign_all(app: &App) {
    for tenant in &app.permit_job_everywhere(Job::Ledger).await {
        log(tenant, "gap", app.record_gap(tenant).await);
        log(tenant, "checkpoint", app.sign_checkpoint(tenant).await);
    }
    for tenant in app.tenants() {
        log(tenant, "lead", app.resign(tenant).await);
        log(tenant, "act", app.resign_executor(tenant).await);
    }
}

/// Keeps one tenant up with what is on record, and the record with what was thrown here: each by itself, so that none waits for another's lock or policy.
async fn keep_up(app: Arc<App>, tenant: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    // Why no permit: it reads what is on record of this service itself, and puts there what somebody who may threw here.
    let mut ticks = ticks(if app.is_shared() { LOOK } else { LOOK_ALONE });
    let mut changes = app.changes();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.changed(&mut changes) => {}
            () = stopped(&mut stop) => return,
        }
        let look = async {
            app.refresh(&tenant).await?;
            app.record_switches(&tenant).await
        };
        log(&tenant, "refresh", in_time(look).await);
    }
}

/// Asks playbooks about a tenant's incidents: by itself, since it waits for the tenant, and alerts wait for nobody.
async fn respond(app: Arc<App>, tenant: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let Some(tenant) = app.permit_job(Job::Playbooks, &tenant).await else { return };
    let mut ticks = ticks(SECOND);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.incidents_changed(&tenant) => {}
            () = stopped(&mut stop) => return,
        }
        let Some(lead) = lead(&app, &tenant).await else { continue };
        // Why given up at the stop: what was proposed is known from the plans, and the rest is looked at again.
        tokio::select! {
            responded = app.respond_next(&tenant, &lead) => log(&tenant, "respond", responded.map(drop)),
            () = stopped(&mut stop) => return,
        }
    }
}

/// Carries out a tenant's plans: what keeps somebody out by itself, so that nothing else holds it up.
async fn act(app: Arc<App>, tenant: Arc<Tenant>, queue: Queue, mut stop: watch::Receiver<bool>) {
    let Some(tenant) = app.permit_job(Job::Executor, &tenant).await else { return };
    let looked = stop.clone();
    let is_over = || *looked.borrow();
    let mut ticks = ticks(SECOND);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.approved(&tenant, queue) => {}
            () = stopped(&mut stop) => return,
        }
        // Why time after the stop: a call that is answered needs nobody to find out whether it was done.
        let late = async {
            stopped(&mut stop).await;
            time::sleep(LAST_CALL).await;
        };
        tokio::select! {
            ran = app.run_queue(&tenant, queue, &is_over) => log(&tenant, "act", ran.map(drop)),
            () = late => return,
        }
    }
}

/// Tells one tenant's receivers of incidents: by itself, since one that is slow may not hold up anything else.
async fn tell(app: Arc<App>, tenant: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let Some(tenant) = app.permit_job(Job::Hooks, &tenant).await else { return };
    let mut ticks = ticks(SECOND);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let Some(lead) = lead(&app, &tenant).await else { continue };
        // Why given up at the stop: a message that was not noted as sent is sent once more, under its id.
        tokio::select! {
            sent = app.send_hooks(&tenant, &lead) => log(&tenant, "hooks", sent.map(drop)),
            () = stopped(&mut stop) => return,
        }
    }
}

/// Asks one tenant's people whether sign-ins were theirs: apart from `tell`, since a slow mail server may not hold up alerts.
async fn ask(app: Arc<App>, tenant: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let Some(tenant) = app.permit_job(Job::Hooks, &tenant).await else { return };
    let mut ticks = ticks(SECOND);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let Some(lead) = lead(&app, &tenant).await else { continue };
        tokio::select! {
            asked = app.ask_doubtful(&tenant, &lead) => log(&tenant, "doubtful", asked.map(drop)),
            () = stopped(&mut stop) => return,
        }
        tokio::select! {
            asked = app.mind_inquiries(&tenant, &lead) => log(&tenant, "inquiries", asked.map(drop)),
            () = stopped(&mut stop) => return,
        }
    }
}

async fn each_hour(app: Arc<App>, retention: Vec<(Kept, u32)>, mut stop: watch::Receiver<bool>) {
    let tenants = app.permit_job_everywhere(Job::Retention).await;
    let mut ticks = ticks(HOUR);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        for tenant in &tenants {
            for kept in &retention {
                log(tenant, "retention", retain_all(&app, tenant, *kept, &stop).await);
            }
        }
    }
}

/// Goes through what is too old of one kind, in batches between which those who sign in come first.
async fn retain_all(
    app: &App,
    tenant: &Tenant,
    (kept, days): (Kept, u32),
    stop: &watch::Receiver<bool>,
) -> Result<(), Error> {
    let one = || async {
        let Some(lead) = lead(app, tenant).await else { return Ok(0) };
        let count = app.retain(tenant, &lead, kept, days).await?;
        if count > 0 {
            time::sleep(BETWEEN).await;
        }
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    };
    in_batches(stop, RETENTION_BATCHES, one).await
}

/// Builds the crowd that sign-ins are held against from records: once, each time that it was emptied, and every quarter of an hour
/// where others work on the same database.
async fn warm(app: Arc<App>, tenant: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let Some(tenant) = app.permit_job(Job::Learning, &tenant).await else { return };
    loop {
        let built = tokio::select! {
            built = app.build_crowd(&tenant) => built,
            () = stopped(&mut stop) => return,
        };
        match &built {
            Ok(counted) => {
                tracing::info!(tenant.id = %tenant.id(), counted, "the crowd was built from records");
            }
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.id(), %error, "the crowd could not be built from records");
            }
        }
        let is_due = async {
            match built {
                Err(_) => time::sleep(MINUTE).await,
                Ok(_) if app.is_shared() => time::sleep(QUARTER).await,
                Ok(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = is_due => {}
            () = app.crowd_emptied(&tenant) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

async fn each_minute(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let learning = app.permit_job_everywhere(Job::Learning).await;
    let old = app.permit_job_everywhere(Job::Retention).await;
    let reviewed = app.permit_job_everywhere(Job::Reviews).await;
    let mut ticks = ticks(MINUTE);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        if let Err(error) = app.tell_refused().await {
            tracing::error!(detail = error.detail(), "refused credentials could not be recorded");
        }
        if let Err(error) = app.tell_denials().await {
            tracing::error!(detail = error.detail(), "denials could not be recorded");
        }
        for tenant in &learning {
            let Some(lead) = lead(&app, tenant).await else { continue };
            log(tenant, "silence", in_batches(&stop, BATCHES, || app.count_silence(tenant, &lead)).await);
        }
        for tenant in &reviewed {
            if lead(&app, tenant).await.is_some() {
                log(tenant, "reviews", app.queue_sign_ups(tenant).await.map(drop));
                log(tenant, "marks", app.settle_marks(tenant).await.map(drop));
                log(tenant, "overdue", app.escalate(tenant).await.map(drop));
            }
        }
        for tenant in &old {
            let Some(lead) = lead(&app, tenant).await else { continue };
            log(tenant, "requests", app.forget_requests(tenant, &lead).await);
            log(tenant, "sign-ups", app.forget_sign_ups(tenant).await);
            log(tenant, "deliveries", app.forget_deliveries(tenant, &lead).await);
            log(tenant, "inquiries", app.forget_inquiries(tenant, &lead).await);
        }
        forget_sessions(&app, &old).await;
    }
}

fn ticks(period: Duration) -> time::Interval {
    let mut ticks = time::interval(period);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    ticks
}

/// Does batches until there is nothing left, the turn has had its share, or it is time to stop.
async fn in_batches<F: Future<Output = Result<usize, Error>>>(
    stop: &watch::Receiver<bool>,
    most: u32,
    mut batch: impl FnMut() -> F,
) -> Result<(), Error> {
    for _ in 0..most {
        if *stop.borrow() || batch().await? == 0 {
            break;
        }
    }
    Ok(())
}

fn log(tenant: &Tenant, job: &'static str, end: Result<(), Error>) {
    if let Err(error) = end {
        tracing::error!(tenant.id = %tenant.id(), job, code = error.code(), detail = error.detail(), "a job failed");
    }
}

#[cfg(test)]
mod tests {
    use countersign_rights::Action;
    use countersign_testkit::{TENANT, TestApp, post_login};
    use rusqlite::Connection;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_job_that_a_policy_forbids_does_nothing_and_the_ledger_says_so() {
        let policy = "@id(\"no_checkpoints\") forbid (principal == Countersign::Job::\"ledger\", action, \
            resource == Countersign::Tenant::\"example-tenant\");";
        let access = countersign_app::access::Settings {
            policies: vec![("own.cedar".to_owned(), policy.to_owned())],
            ..countersign_app::access::Settings::default()
        };
        let setup = countersign_testkit::Setup { access, ..countersign_testkit::Setup::default() };
        let service = TestApp::start_with(|_| {}, setup).await;
        assert_eq!(service.decide(&post_login()).await.status, 200);
        let jobs = Jobs::start(&service.app, Vec::new());
        jobs.finish(&service.app).await;
        let tenant = service.tenant();
        assert!(matches!(service.app.newest_checkpoint(&tenant).await, Err(Error::NotFound(_))));
        let other = service.app.tenant(&countersign_testkit::OTHER_TENANT.parse().unwrap()).unwrap();
        assert!(service.app.newest_checkpoint(&other).await.is_ok(), "it is forbidden at one tenant alone");
        let leaves = service.store.list_leaves(tenant.id(), 0, 100).await.unwrap();
        let denied = leaves.iter().map(|row| String::from_utf8_lossy(&row.leaf).into_owned());
        let denied =
            denied.filter(|leaf| leaf.contains("\"denied\"") && leaf.contains("\"keep_ledger\"")).count();
        assert!((1..=2).contains(&denied), "once a start, not once a turn: {denied}");
    }

    #[tokio::test]
    async fn a_database_that_swallows_everything_is_given_up() {
        let swallowed = in_time(std::future::pending::<Result<(), Error>>());
        let given_up = time::timeout(10 * LOST, swallowed).await.unwrap();
        assert!(matches!(given_up, Err(Error::Unavailable { .. })));
        assert!(matches!(in_time(async { Ok::<_, Error>(7) }).await, Ok(7)));
    }

    #[tokio::test]
    async fn a_turn_has_a_bounded_number_of_batches_and_heeds_the_stop() {
        let (stop, stopped) = watch::channel(false);
        let mut count = 0;
        let endless = || {
            count += 1;
            std::future::ready(Ok(64))
        };
        in_batches(&stopped, BATCHES, endless).await.unwrap();
        assert_eq!(count, BATCHES);
        let mut left = 3_usize;
        let ending = || {
            left -= 1;
            std::future::ready(Ok(left))
        };
        in_batches(&stopped, BATCHES, ending).await.unwrap();
        assert_eq!(left, 0);
        stop.send_replace(true);
        in_batches(&stopped, BATCHES, || -> std::future::Ready<_> { panic!("told to stop") }).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_left_is_told_and_signed_at_the_end() {
        let service = TestApp::start(|_| {}).await;
        assert_eq!(service.decide(&post_login()).await.status, 200);
        let held = Connection::open(service.folder().join("countersign.db")).unwrap();
        held.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(service.decide(&post_login()).await.status, 503);
        drop(held);
        let (stop, stopped) = watch::channel(false);
        drop(stopped);
        // No turn has been had: everything is left to the end.
        Jobs { stop, tasks: JoinSet::new(), _background: None }.finish(&service.app).await;
        let report = service.app.audit(&service.tenant()).await.unwrap();
        assert_eq!(report.signed, report.size);
        let connection = Connection::open(service.folder().join("countersign.db")).unwrap();
        let last = "SELECT leaf FROM records JOIN ledgers ON number = ledger WHERE tenant_id = ?1 ORDER BY place DESC LIMIT 1";
        let leaf: Vec<u8> = connection.query_row(last, [TENANT], |row| row.get(0)).unwrap();
        assert!(String::from_utf8(leaf).unwrap().contains("\"gap\""));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_end_waits_for_a_job_under_way() {
        let service = TestApp::start(|_| {}).await;
        let (stop, mut stopped) = watch::channel(false);
        let (done, mut is_done) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            stopped.wait_for(|is_stopped| *is_stopped).await.unwrap();
            tokio::task::yield_now().await;
            done.send_replace(true);
        });
        Jobs { stop, tasks, _background: None }.finish(&service.app).await;
        assert!(*is_done.borrow_and_update());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_switch_that_could_not_be_recorded_is_recorded_by_the_jobs() {
        let service = TestApp::start(|_| {}).await;
        let trigger = countersign_core::Trigger::PostLogin;
        let held = Connection::open(service.folder().join("countersign.db")).unwrap();
        held.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(service.app.switch(&service.permit(Action::SetSwitches).await, trigger, true).await.is_err());
        held.execute_batch("ROLLBACK").unwrap();
        let jobs = Jobs::start(&service.app, Vec::new());
        let is_recorded = || {
            let sql = "SELECT EXISTS (SELECT 1 FROM switches WHERE trigger_id = 'post-login' AND is_off = 1)";
            held.query_row(sql, [], |row| row.get::<_, bool>(0)).unwrap()
        };
        let recorded = time::timeout(Duration::from_secs(30), async {
            while !is_recorded() {
                tokio::task::yield_now().await;
            }
        });
        recorded.await.unwrap();
        jobs.finish(&service.app).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sessions_and_links_that_ended_are_deleted_and_those_that_hold_stay() {
        let service = TestApp::start(|_| {}).await;
        let used = async || {
            let link = service.server.one_time_path().await.unwrap();
            service.browse("GET", &link, "").await
        };
        assert_eq!(used().await.status, 303);
        service.clock.advance(Duration::from_secs(40 * 3_600));
        assert_eq!(used().await.status, 303);
        let kept = Connection::open(service.folder().join("countersign.db")).unwrap();
        let count = || {
            let sql = "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM sign_in_links)";
            kept.query_row(sql, [], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?))).unwrap()
        };
        assert_eq!(count(), (2, 2));
        let jobs = Jobs::start(&service.app, Vec::new());
        let deleted = time::timeout(Duration::from_secs(30), async {
            while count() != (1, 1) {
                tokio::task::yield_now().await;
            }
        });
        deleted.await.unwrap();
        jobs.finish(&service.app).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn retention_leaves_time_between_two_batches() {
        let service = TestApp::start(|_| {}).await;
        for _ in 0..3 {
            service.decide(&post_login()).await;
        }
        service.clock.advance(Duration::from_secs(10 * 86_400));
        let (tenant, lead) = (service.tenant(), service.lead().await);
        while service.app.count_silence(&tenant, &lead).await.unwrap() > 0 {}
        let (stop, stopped) = watch::channel(false);
        let clock = crate::compose::system_clock();
        let began = clock.monotonic();
        let turn = retain_all(&service.app, &tenant, (Kept::Decisions, 7), &stopped);
        time::timeout(Duration::from_secs(30), turn).await.unwrap().unwrap();
        assert!(clock.monotonic() - began >= BETWEEN, "one batch and its pause take at least so long");
        drop(stop);
        assert_eq!(service.app.retain(&tenant, &lead, Kept::Decisions, 7).await.unwrap(), 0, "all is done");
    }
}
