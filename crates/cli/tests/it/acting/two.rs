//! A process that loses its lease in the middle of a plan: another carries it on, and nothing is done twice.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex, mpsc::channel},
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
    tenant_sandbox::{Fate, Sandbox},
    world::{Service, now},
};

/// At which write the first process is held up.
const AT: usize = 12;

#[test]
fn a_process_that_loses_its_lease_in_the_middle_does_nothing_more_and_another_goes_on() {
    let Some(server) = made("actinglease") else { return };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (reached, is_reached) = channel();
    let done: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let counted = Arc::clone(&done);
    let sandbox = Sandbox::start_with(
        Plan::Unlimited,
        Arc::new(move |method, path| {
            if method != HttpMethod::GET && path.starts_with("/api/v2/") {
                let mut done = counted.lock().unwrap();
                *done.entry(format!("{method} {path}")).or_default() += 1;
                if done.values().sum::<usize>() == AT {
                    // It is done, and whoever asked is held before the answer comes.
                    return Fate::Lost(reached.clone());
                }
            }
            Fate::Own
        }),
    );
    let company = Company::furnish(&sandbox, 30);
    let start = |home: &std::path::Path| {
        Service::start_by(acts_at(with_databases(server, "actinglease", home), &sandbox.domain), home)
    };
    let first = start(one.path());
    fs::create_dir_all(two.path().join("data")).unwrap();
    for key in ["master.key", "checkpoint.key", "example-tenant.action-key"] {
        fs::copy(one.path().join("data").join(key), two.path().join("data").join(key)).unwrap();
    }
    let url = |name: &str| Secret::new(server.url(name).into_bytes());
    let settings = || PostgresSettings {
        records_url: url("actinglease"),
        keys_url: url("actinglease_keys"),
        connections: 2,
    };
    let place = Place::Postgres(settings());
    let beside = Beside::open(&one.path().join("data"), place, &sandbox.domain, auto());
    let wanted: Vec<_> = (0..30).map(|person| company.block(person)).collect();
    let plan = beside.propose(&wanted);
    is_reached.recv_timeout(Duration::from_secs(30)).unwrap();
    first.signal("STOP");
    let second = start(two.path());
    let began = now();
    while beside.plan(&plan.id).plan.state != "done" {
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", beside.plan(&plan.id).plan.state);
    }
    first.signal("CONT");
    // The first process finds that its lease is gone, whatever it was about to do.
    assert_eq!(first.client().get("/health", &[]).status, 200);
    let done = done.lock().unwrap().clone();
    assert_eq!(done.len(), 30);
    assert!(done.values().all(|count| *count == 1), "{done:?}");
    let shown = beside.plan(&plan.id);
    assert!(shown.steps.iter().all(|step| step.state.as_str() == "done"));
    for service in [first, second] {
        service.stop();
    }
}
