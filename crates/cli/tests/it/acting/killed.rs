//! Killed before and after every write of a plan of forty steps: each is accounted for, and nothing that can be seen is done twice.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use axum::http::Method as HttpMethod;
use countersign_sandbox::tenant::Plan;
use rusqlite::Connection;
use serde_json::Value;

use super::{
    beside::{Beside, Place},
    scene::{Company, acting, auto},
};
use crate::{
    tenant_sandbox::{Fate, Sandbox, Whim},
    world::{Service, leaves, now, run, told, until},
};

/// Every so many reads it is killed while it reads.
const READS: usize = 8;

/// What was asked of the tenant, and at which calls the service is killed.
#[derive(Default)]
struct Calls {
    is_armed: bool,
    reads: usize,
    arrived: BTreeMap<String, usize>,
    /// Writes that the tenant did.
    done: BTreeMap<String, usize>,
}

/// Holds a write when it first arrives, so that it is never done, and its answer when it arrives again, so that nobody hears of it.
fn whim(calls: Arc<Mutex<Calls>>, kill: Sender<()>) -> Arc<Whim> {
    Arc::new(move |method, path| {
        let mut calls = calls.lock().unwrap();
        if !path.starts_with("/api/v2/") {
            return Fate::Own;
        }
        if method == HttpMethod::GET {
            calls.reads += 1;
            let is_held = calls.is_armed && calls.reads.is_multiple_of(READS);
            if is_held {
                kill.send(()).unwrap();
            }
            return if is_held { Fate::Never } else { Fate::Own };
        }
        let call = format!("{method} {path}");
        let arrived = calls.arrived.entry(call.clone()).or_default();
        *arrived += 1;
        match (*arrived, calls.is_armed) {
            (1, true) => {
                kill.send(()).unwrap();
                Fate::Never
            }
            (number, is_armed) => {
                *calls.done.entry(call).or_default() += 1;
                if number == 2 && is_armed { Fate::Lost(kill.clone()) } else { Fate::Own }
            }
        }
    })
}

/// Starts the service as often as it is killed, until its run is over; how often it was.
fn through(home: &Path, sandbox: &Sandbox, killed: &Receiver<()>, is_over: impl Fn(&Path) -> bool) -> usize {
    let mut kills = 0;
    loop {
        let service = Service::start_by(acting(home, &sandbox.domain), home);
        loop {
            match killed.recv_timeout(Duration::from_millis(20)) {
                Ok(()) => {
                    service.kill();
                    // What was held while it died is not held again.
                    while killed.try_recv().is_ok() {}
                    kills += 1;
                    break;
                }
                Err(_) if is_over(&service.data) => {
                    service.stop();
                    return kills;
                }
                Err(_) => {}
            }
        }
    }
}

fn states(data: &Path) -> Vec<String> {
    let connection = Connection::open(data.join("countersign.db")).unwrap();
    let mut statement = connection.prepare("SELECT state FROM plans ORDER BY plan_id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn is_over(data: &Path) -> bool {
    states(data).iter().all(|state| !["approved", "running"].contains(&state.as_str()))
}

/// Every step of a plan has a row that says that it is done, a leaf for each time that it was sent, and one that says how it ended.
fn account(data: &Path, plan: &str, steps: usize) {
    let connection = Connection::open(data.join("countersign.db")).unwrap();
    let mut statement = connection
        .prepare("SELECT step, state, sent FROM plan_steps WHERE plan_id = ?1 ORDER BY step")
        .unwrap();
    let rows = statement.query_map([plan], |row| {
        Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?))
    });
    let rows: Vec<(u32, String, u32)> = rows.unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), steps);
    let leaves = leaves(data);
    let fact = |leaf: &Value, name: &str| leaf["facts"][name].as_str().unwrap_or_default().to_owned();
    let of_plan: Vec<&Value> = leaves.iter().filter(|leaf| fact(leaf, "plan") == plan).collect();
    for (step, state, sent) in rows {
        let told = |change: &str| {
            let is_it =
                |leaf: &&&Value| fact(leaf, "change") == change && fact(leaf, "step") == step.to_string();
            u32::try_from(of_plan.iter().filter(is_it).count()).unwrap()
        };
        assert_eq!(state, "done", "step {step}");
        assert!((1..=3).contains(&sent), "step {step} was sent {sent} times");
        assert_eq!((told("step_intended"), told("step_ended")), (sent, 1), "step {step}");
    }
}

#[test]
fn a_plan_of_forty_steps_is_carried_out_by_a_service_that_is_killed_before_and_after_each_write() {
    let home = tempfile::tempdir().unwrap();
    let (kill, killed) = channel();
    let calls = Arc::new(Mutex::new(Calls::default()));
    let sandbox = Sandbox::start_with(Plan::Unlimited, whim(Arc::clone(&calls), kill));
    let company = Company::furnish(&sandbox, 34);
    Service::start_by(acting(home.path(), &sandbox.domain), home.path()).stop();
    let data = home.path().join("data");
    let beside = || Beside::open(&data, Place::Sqlite, &sandbox.domain, auto());
    let before = company.state(&sandbox);
    let plan = beside().propose(&company.forty());
    assert_eq!((plan.state.as_str(), plan.steps), ("approved", 40));

    calls.lock().unwrap().is_armed = true;
    let began = now();
    let kills = through(home.path(), &sandbox, &killed, is_over);
    println!("{kills} kills in {:?}", began.elapsed());
    assert!(kills >= 80, "before and after each of forty: {kills}");
    assert_eq!(states(&data), ["done"]);
    account(&data, &plan.id, 40);
    let done = calls.lock().unwrap().done.clone();
    assert_eq!(done.len(), 40, "{done:?}");
    for (call, count) in &done {
        let is_blind = call.ends_with("/revoke-access");
        assert!(*count == 1 || is_blind && *count <= 3, "`{call}` was done {count} times");
    }
    let after = company.state(&sandbox);
    let [blocked, new] = [&after[company.person(0)][0], &after["new"]];
    assert_eq!((blocked, &new[1]), (&Value::Bool(true), &Value::from(1)));
    assert_ne!(after, before);

    calls.lock().unwrap().is_armed = false;
    let back = beside().undo(&plan.id);
    assert_eq!((back.state.as_str(), back.steps), ("approved", 32), "all but what ended sessions");
    through(home.path(), &sandbox, &killed, is_over);
    assert_eq!(states(&data), ["done", "done"]);
    assert_eq!(company.state(&sandbox), before);
    assert_eq!(beside().plan(&plan.id).plan.state, "done");
    let verified = run(home.path(), &["verify", "--data", "data"]);
    assert!(verified.status.success(), "{}", told(&verified));
    until("the end of the calls", || killed.try_recv().is_err());
}
