//! Killed at any moment while a log is delivered: nothing that was acknowledged is lost, and what is found is what would have been.

use std::{path::Path, sync::mpsc, time::Duration};

use serde_json::Value;

use crate::{
    dice::Dice,
    log_stream::{LogStream, entry, failures},
    postgres::{made, with_databases},
    world::{Service, countersign, until},
};

/// Times the service is killed.
const KILLS: usize = 9;

/// Entries of one delivery.
const DELIVERY: usize = 12;

/// What is told of an alert apart from keys, which each data directory has of its own.
type Told = (String, String, String, String, String);

/// Sign-ins of people at work, sprays from three addresses, and three accounts that are tried again and again.
fn log() -> Vec<Value> {
    let mut log: Vec<Value> =
        (0..400).map(|n| entry("s", n * 20, n % 25, &format!("198.51.100.{}", n % 25))).collect();
    for (n, from) in [(1, 600), (2, 2_900), (3, 6_100)] {
        log.extend(failures(&format!("203.0.113.{n}"), from, 40));
        log.extend((0..16).map(|m| entry("fp", from + 700 + m * 13, 500 + n, &format!("192.0.2.{m}"))));
    }
    log.sort_by_key(|entry| entry["date"].as_str().unwrap().to_owned());
    log
}

/// The deliveries in the order in which they are sent: now and then one comes after the next two.
fn deliveries() -> Vec<Vec<Value>> {
    let mut all: Vec<Vec<Value>> = log().chunks(DELIVERY).map(<[Value]>::to_vec).collect();
    for at in (4..all.len() - 2).step_by(9) {
        all[at..at + 3].rotate_left(1);
    }
    all
}

fn fingerprints(stream: &mut LogStream) -> Vec<Told> {
    let text = |alert: &Value, name: &str| alert[name].as_str().unwrap().to_owned();
    let mut told: Vec<Told> = stream
        .alerts()
        .iter()
        .map(|alert| {
            let of = |name| text(alert, name);
            (of("first"), of("last"), of("detector"), of("severity"), of("audience"))
        })
        .collect();
    told.sort();
    told
}

/// Waits until all was looked at and put in its place.
fn settle(stream: &mut LogStream, entries: usize) {
    until("the end of the log", || {
        let journal = stream.watch()["journal"].clone();
        assert!(journal["entries"].as_u64().unwrap() <= entries as u64, "each is journaled once: {journal}");
        journal["entries"] == entries && journal["waiting"] == 0 && journal["late_from"].is_null()
    });
}

/// What is found when nothing happens to the service and the log comes in order.
fn undisturbed(start: impl Fn() -> Service) -> Vec<Told> {
    let service = start();
    let mut stream = LogStream::of(&service);
    for delivery in log().chunks(DELIVERY) {
        assert_eq!(stream.deliver(delivery), Some(200));
    }
    settle(&mut stream, log().len());
    let found = fingerprints(&mut stream);
    service.stop();
    found
}

/// Delivers, and delivers again what was not acknowledged, while the service is killed at random moments.
fn disturbed(start: impl Fn() -> Service) -> (Service, usize) {
    let deliveries = deliveries();
    let (mut dice, mut next, mut cut) = (Dice(11), 0, 0);
    let mut service = start();
    for _ in 0..KILLS {
        let enough = dice.below(3) + u64::from(next == 0);
        let (sender, receiver) = mpsc::channel();
        let mut stream = LogStream::of(&service);
        let rest = &deliveries[next..];
        let acknowledged = std::thread::scope(|scope| {
            let delivering = scope.spawn(move || {
                let mut acknowledged = 0;
                for delivery in rest {
                    if stream.deliver(delivery) != Some(200) {
                        return (acknowledged, true);
                    }
                    acknowledged += 1;
                    let _ = sender.send(());
                }
                (acknowledged, false)
            });
            // Where all is delivered, the engine may still be at work when it is killed.
            for _ in 0..enough {
                let _ = receiver.recv();
            }
            let _ = receiver.recv_timeout(Duration::from_micros(dice.below(40_000)));
            service.kill();
            delivering.join().unwrap()
        });
        next += acknowledged.0;
        cut += usize::from(acknowledged.1);
        service = start();
    }
    let mut stream = LogStream::of(&service);
    for delivery in &deliveries[next..] {
        assert_eq!(stream.deliver(delivery), Some(200));
    }
    (service, cut)
}

fn check(undisturbed_one: impl Fn() -> Service, start: impl Fn() -> Service) {
    let expected = undisturbed(undisturbed_one);
    let of = |detector: &str| expected.iter().filter(|told| told.2 == detector).count();
    assert_eq!((of("password_spray"), of("brute_force_account")), (3, 3), "{expected:?}");
    let (service, cut) = disturbed(start);
    assert!(cut >= KILLS / 2, "only {cut} deliveries were cut off");
    let mut stream = LogStream::of(&service);
    settle(&mut stream, log().len());
    assert_eq!(fingerprints(&mut stream), expected);
    let (alerts, incidents) = (stream.alerts(), stream.incidents());
    for incident in &incidents {
        let held = alerts.iter().filter(|alert| alert["incident"] == incident["id"]).count();
        assert_eq!(incident["alerts"], held, "each once: {incident}");
    }
    let placed = alerts.iter().filter(|alert| !alert["incident"].is_null()).count();
    let held: u64 = incidents.iter().map(|incident| incident["alerts"].as_u64().unwrap()).sum();
    assert!(placed > 0 && held == placed as u64, "{held} in incidents, {placed} placed");
    service.stop();
}

fn on_sqlite(home: &Path) -> Service {
    Service::start_by(countersign(home), home)
}

#[test]
fn a_log_that_is_delivered_to_a_service_that_is_killed_gives_what_it_would_have_given() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    check(|| on_sqlite(one.path()), || on_sqlite(other.path()));
}

#[test]
fn the_same_over_postgres() {
    let (Some(server), Some(_)) = (made("logkilled"), made("logcalm")) else { return };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let start = |name: &str, home: &Path| Service::start_by(with_databases(server, name, home), home);
    check(|| start("logcalm", one.path()), || start("logkilled", other.path()));
}
