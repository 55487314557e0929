//! Two processes that lose their lease to each other in the middle of a plan: the other carries it on, and nothing is done twice.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    },
    time::Duration,
};

use axum::http::Method as HttpMethod;
use countersign_core::Secret;
use countersign_sandbox::tenant::Plan;
use countersign_store::PostgresSettings;

use super::{
    beside::{Beside, Place},
    scene::{Company, acts_at, auto},
};
use crate::{
    postgres::{made, with_databases},
    tenant_sandbox::{Fate, Sandbox, Whim},
    world::{Service, now, pause},
};

/// Longer than a lease holds, and a client waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a process is held up in.
enum Hold {
    /// A write that is done, and whose answer never comes.
    Answer,
    /// A write that never arrives.
    Write,
    /// A look.
    Look,
}

/// Where a process is held up, by the writes that were done until then; and how often each was done.
struct Calls {
    holds: VecDeque<(usize, Hold)>,
    done: BTreeMap<String, usize>,
}

fn whim(calls: Arc<Mutex<Calls>>, reached: Sender<()>) -> Arc<Whim> {
    Arc::new(move |method, path| {
        if !path.starts_with("/api/v2/") {
            return Fate::Own;
        }
        let mut calls = calls.lock().unwrap();
        let count: usize = calls.done.values().sum();
        let is_read = method == HttpMethod::GET;
        let held =
            calls.holds.pop_front_if(|(at, hold)| *at == count && is_read == matches!(hold, Hold::Look));
        if !is_read && !matches!(held, Some((_, Hold::Write))) {
            *calls.done.entry(format!("{method} {path}")).or_default() += 1;
        }
        match held {
            Some((_, Hold::Answer)) => Fate::Lost(reached.clone()),
            Some(_) => {
                reached.send(()).unwrap();
                Fate::Never
            }
            None => Fate::Own,
        }
    })
}

/// Waits until it is so.
fn wait(what: &str, is_so: impl Fn() -> bool) {
    let began = now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        pause();
    }
}

/// Keys of one service for another beside it.
fn share(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("data")).unwrap();
    for key in ["master.key", "checkpoint.key", "example-tenant.action-key"] {
        fs::copy(from.join("data").join(key), to.join("data").join(key)).unwrap();
    }
}

#[test]
fn a_process_that_loses_its_lease_in_the_middle_does_nothing_more_and_another_goes_on() {
    let Some(server) = made("actinglease") else { return };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (reached, is_reached) = channel();
    let holds = [(5, Hold::Answer), (12, Hold::Write), (20, Hold::Look)];
    let calls = Arc::new(Mutex::new(Calls { holds: holds.into(), done: BTreeMap::new() }));
    let sandbox = Sandbox::start_with(Plan::Unlimited, whim(Arc::clone(&calls), reached));
    let company = Company::furnish(&sandbox, 31);
    let start = |home: &Path| {
        Service::start_by(acts_at(with_databases(server, "actinglease", home), &sandbox.domain), home)
    };
    let first = start(one.path());
    share(one.path(), two.path());
    let url = |name: &str| Secret::new(server.url(name).into_bytes());
    let settings = PostgresSettings {
        records_url: url("actinglease"),
        keys_url: url("actinglease_keys"),
        connections: 2,
    };
    let beside = Beside::open(&one.path().join("data"), Place::Postgres(settings), &sandbox.domain, auto());
    let is_done = |plan: &str| beside.plan(plan).plan.state == "done";
    let count = || calls.lock().unwrap().done.values().sum::<usize>();
    let wanted: Vec<_> = (0..30).map(|person| company.block(person)).collect();
    let plan = beside.propose(&wanted);

    let mut second = None;
    // Who is under way, and whether the other one is there.
    let mut is_first = true;
    for _ in 0..3 {
        is_reached.recv_timeout(PATIENCE).unwrap();
        let before = count();
        if is_first { &first } else { second.as_ref().unwrap() }.signal("STOP");
        let other = if is_first { &*second.get_or_insert_with(|| start(two.path())) } else { &first };
        wait("the other goes on", || count() > before + 1);
        assert!(other.client().get("/health", &[]).status == 200);
        // It goes on too, with what it had in hand, while the other one is under way.
        if is_first { &first } else { second.as_ref().unwrap() }.signal("CONT");
        is_first = !is_first;
    }
    wait("the plan is done", || is_done(&plan.id));
    // Whoever lost its lease last is past what it had in hand once it carries out another plan.
    let second = second.unwrap();
    let (holder, loser) = if is_first { (&first, &second) } else { (&second, &first) };
    holder.signal("STOP");
    let other = beside.propose(&[company.block(30)]);
    wait("whoever lost it carries out another plan", || is_done(&other.id));
    holder.signal("CONT");
    assert!([holder, loser].iter().all(|service| service.client().get("/health", &[]).status == 200));

    let done = calls.lock().unwrap().done.clone();
    assert_eq!(done.len(), 31);
    assert!(done.values().all(|count| *count == 1), "{done:?}");
    let shown = beside.plan(&plan.id);
    assert!(shown.steps.iter().all(|step| step.state.as_str() == "done"));
    for service in [first, second] {
        service.stop();
    }
}
