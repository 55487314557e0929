//! The database goes and comes back while both processes are at work.

use std::{thread, time::Duration};

use serde_json::json;

use super::{Cluster, TENANTS, load::Doors, operate, relay::Relay, time_until};
use crate::world::{Service, TENANT, now, sign_in, until};

/// How soon after the database is back decisions are recorded again: a new connection, and no restart.
const BACK: Duration = Duration::from_secs(5);

/// How soon a process has left connections behind that answer nothing: one attempt to write waits ten seconds, for all of them.
const SWALLOWED: Duration = Duration::from_secs(16);

#[test]
fn a_database_that_crashes_is_a_gap_and_everything_goes_on_without_a_restart() {
    let Some(cluster) = Cluster::alone("crashed") else { return };
    let services = cluster.start_both();
    let doors = Doors::of(&services);
    let (told, ()) = doors.under_load(&cluster, "crashed", || {
        for _ in 0..4 {
            doors.wait_for(0, 25);
            doors.wait_for(1, 25);
            cluster.server.crash_and_restart().unwrap();
            for n in 0..2 {
                let back = doors.wait_for(n, 5);
                assert!(back < BACK, "process {n} answered again after {back:?}");
            }
        }
    });
    assert!(told.unrecorded > 0, "nobody was asked while the database was gone");
    assert_eq!(told.cut, 0, "the processes ran on");
    until("the gaps", || services.iter().all(|service| service.client().get("/health", &[]).status == 200));
    for service in &services {
        let took = time_until("the lead and the listeners", || {
            let path = format!("/v1/switches/{TENANT}/credentials-exchange");
            operate(service, "PUT", &path, &json!({ "off": true })).status == 200
        });
        assert!(took < BACK, "{took:?}");
    }
    services.into_iter().for_each(Service::stop);
    told.check(&cluster);
    assert!(cluster.gaps() > 0);
    for tenant in TENANTS {
        let newest = format!("SELECT max(size) FROM countersign.checkpoints WHERE tenant_id = '{tenant}'");
        let size = format!("SELECT count(*) FROM countersign.records WHERE tenant_id = '{tenant}'");
        assert_eq!(cluster.count(&newest), cluster.count(&size), "the last checkpoint covers everything");
    }
    cluster.check_ledgers();
}

#[test]
fn what_can_not_be_looked_at_for_five_seconds_is_told_as_stale_and_again_confirmed() {
    let Some(cluster) = Cluster::make("stale") else { return };
    let service = cluster.start(0);
    let mut client = service.client();
    let mut number = 0;
    let mut is_stale = || {
        let answer = loop {
            number += 1;
            let question = client.question(&format!("msg_stale_{number}"), &sign_in("auth0|anna"));
            let answer = client.send(&question).unwrap();
            // Why again: on a busy machine a leaf misses its budget, which says nothing of the policy.
            if answer.status != 503 {
                break answer;
            }
        };
        let degraded = answer.json()["degraded"].clone();
        assert!(degraded == json!([]) || degraded == json!(["policy_stale"]), "{} {degraded}", answer.status);
        degraded != json!([])
    };
    assert!(!is_stale());
    // Without the whole database nothing is decided; without its table of switches decisions go on.
    let (server, name) = (cluster.server, cluster.name);
    let holding = thread::spawn(move || {
        let hold = "BEGIN; LOCK TABLE countersign.switches IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(9)";
        server.execute(name, hold)
    });
    let after = time_until("a stale policy", &mut is_stale);
    assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&after), "{after:?}");
    holding.join().unwrap().unwrap();
    let confirmed = time_until("what holds", || !is_stale());
    assert!(confirmed < Duration::from_secs(2), "{confirmed:?}");
}

#[test]
fn connections_that_swallow_everything_are_replaced_and_nobody_waits_for_them() {
    let Some(cluster) = Cluster::make("swallowed") else { return };
    let relay = Relay::before(cluster.server);
    let mut command = cluster.command(0);
    command.env("RECORDS_URL", relay.url("swallowed")).env("KEYS_URL", relay.url("swallowed_keys"));
    let service = Service::start_by(command, cluster.homes[0].path());
    let mut client = service.client();
    let mut number = 0;
    let mut ask = || {
        number += 1;
        let began = now();
        let question = client.question(&format!("msg_swallowed_{number}"), &sign_in("auth0|anna"));
        let answer = client.send(&question).unwrap();
        assert!(began.elapsed() < Duration::from_secs(2), "answered after {:?}", began.elapsed());
        answer
    };
    assert_eq!(ask().status, 200);
    let connections = relay.swallow();
    assert!(connections > 3, "{connections}");
    let back = time_until("a decision", || ask().status == 200);
    assert!(back < SWALLOWED, "decided again after {back:?}");
    let switch = format!("INSERT INTO countersign.switches VALUES ('{TENANT}', 'post-login', 1, 0)");
    cluster.records(&switch);
    let held = time_until("the switch", || ask().json()["mode"] == "off");
    assert!(held < SWALLOWED, "the switch held after {held:?}");
}
