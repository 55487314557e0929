//! Jobs over a service in this process: what they leave, what stops them, and that they give way.

use countersign_rights::Action;
use countersign_testkit::{TENANT, TestApp, post_login};
use rusqlite::Connection;

use super::{turns::*, *};

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
    let turn = retain_all((&service.app, &tenant), (Kept::Decisions, 7), &stopped);
    time::timeout(Duration::from_secs(30), turn).await.unwrap().unwrap();
    assert!(clock.monotonic() - began >= BETWEEN, "one batch and its pause take at least so long");
    drop(stop);
    assert_eq!(service.app.retain(&tenant, &lead, Kept::Decisions, 7).await.unwrap(), 0, "all is done");
}
