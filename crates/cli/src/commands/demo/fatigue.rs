//! Pushes until somebody gives in: an attack of the demo whose entries are written by hand, since the sandbox sends no pushes.

use std::{sync::Arc, time::Duration};

use countersign_core::Clock;
use countersign_sandbox::{
    Factor, Person, Population, TENANT,
    tenant::{Record, http::Shell},
};
use tokio::time;

/// From the start to the first time, and between two.
const PAUSE: Duration = Duration::from_secs(40);

/// Between two pushes.
const STEP: Duration = Duration::from_secs(2);

/// What the log tells each time, by type and description: the person refuses, and gives in.
const ENTRIES: [(&str, &str); 9] = [
    ("gd_send_pn", "Guardian - Push notification sent"),
    ("gd_auth_rejected", "Guardian - Second factor authentication rejected"),
    ("gd_send_pn", "Guardian - Push notification sent"),
    ("gd_send_pn", "Guardian - Push notification sent"),
    ("gd_auth_rejected", "Guardian - Second factor authentication rejected"),
    ("gd_send_pn", "Guardian - Push notification sent"),
    ("gd_send_pn", "Guardian - Push notification sent"),
    ("gd_send_pn", "Guardian - Push notification sent"),
    ("gd_auth_succeed", "Guardian - Second factor authentication succeeded"),
];

/// Tires each of those who have the push factor, one after the other, until all were or it is dropped.
pub async fn run(people: Population, shell: Shell, clock: Arc<dyn Clock>) {
    for person in people.people().iter().filter(|person| person.factors.contains(&Factor::Push)) {
        time::sleep(PAUSE).await;
        for (kind, description) in ENTRIES {
            let record = record(kind, description, person);
            shell.tenant().lock().state_mut().log(record, TENANT, clock.now());
            shell.touch();
            time::sleep(STEP).await;
        }
    }
}

fn record(kind: &str, description: &str, person: &Person) -> Record {
    Record::new(kind, description)
        .with("user_id", person.user_id.as_str())
        .with("user_name", person.email())
        .with("ip", "203.0.113.77")
        .with("user_agent", "Chrome 128.0.0 / Windows 10.0.0")
}
