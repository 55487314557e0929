//! How soon after its entries were acknowledged an alert is on disk, while the log goes on.

use std::{path::Path, sync::mpsc, time::Duration};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::{
    log_stream::LogStream,
    world::{Service, TENANT, now, seconds, until},
};

/// Attacks whose alerts are waited for.
const PROBES: u32 = 40;

/// Entries of ordinary sign-ins at once, and how often they come: 200 a second.
const FILLING: u32 = 20;
const EVERY: Duration = Duration::from_millis(100);

/// Within which an alert is there (requirement R61).
const SOON: Duration = Duration::from_secs(1);

fn entry(kind: &str, id: &str, user: &str, address: &str) -> Value {
    let at = countersign_core::Timestamp::from_seconds(seconds()).to_string();
    json!({"log_id": format!("9{id}"), "type": kind, "tenant_name": TENANT, "date": at, "user_id": format!("auth0|{user}"),
        "user_name": format!("{user}@example.com"), "ip": address, "user_agent": "Mozilla/5.0 Chrome/140.0.0.0"})
}

/// Wrong passwords of one account from many networks.
fn attack(probe: u32) -> Vec<Value> {
    let of = |n: u32| {
        let address = format!("2001:db8:{probe:x}:{n:x}::1");
        entry("fp", &format!("a{probe:03}{n:02}"), &format!("target{probe}"), &address)
    };
    (0..14).map(of).collect()
}

/// Alerts about accounts that are tried again and again, read past the code that wrote them.
fn found(data: &Connection) -> u32 {
    let text = "SELECT COUNT(*) FROM alerts WHERE detector = 'brute_force_account'";
    data.query_row(text, [], |row| row.get(0)).unwrap()
}

/// Signs people in until told to stop.
fn fill(mut stream: LogStream, stop: &mpsc::Receiver<()>) {
    let mut number = 0;
    while stop.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        let of = |n: u32| {
            let user = n % 50;
            entry("s", &format!("s{n:06}"), &format!("user{user}"), &format!("198.51.100.{user}"))
        };
        let entries: Vec<Value> = (number..number + FILLING).map(of).collect();
        assert_eq!(stream.deliver(&entries), Some(200));
        number += FILLING;
    }
}

fn read(data: &Path) -> Connection {
    Connection::open_with_flags(data.join("countersign.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

#[test]
fn an_alert_is_on_disk_within_a_second_of_the_acknowledgement() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let (data, filling, mut stream) = (read(&service.data), LogStream::of(&service), LogStream::of(&service));
    let (stop, stopped) = mpsc::channel();
    let mut took = std::thread::scope(|scope| {
        scope.spawn(move || fill(filling, &stopped));
        let mut took = Vec::new();
        for probe in 0..PROBES {
            assert_eq!(stream.deliver(&attack(probe)), Some(200));
            let acknowledged = now();
            until("the alert", || found(&data) > probe);
            took.push(acknowledged.elapsed());
        }
        drop(stop);
        took
    });
    took.sort();
    let of = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)];
    let figures =
        format!("half within {:?}, 95 in a hundred within {:?}, all within {:?}", of(50), of(95), of(100));
    println!("{figures}");
    assert!(of(95) < SOON, "{figures}");
}
