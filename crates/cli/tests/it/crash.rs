//! Killed at any moment: nothing that was answered is lost, and the ledger holds.

use std::{path::Path, sync::mpsc, time::Duration};

use rusqlite::Connection;

use crate::{
    dice::Dice,
    world::{Client, Service, TENANT, run, sign_in, told, until},
};

/// Times the service is killed.
const ROUNDS: u64 = 20;

/// Connections that ask at once.
const CALLERS: usize = 6;

/// The most answers before it is killed.
const MOST: u64 = 60;

/// A decision that was answered: the request, and the decision's id.
struct Answered {
    request: String,
    decision: String,
}

#[test]
fn what_was_answered_survives_a_kill_at_any_moment() {
    let home = tempfile::tempdir().unwrap();
    let mut dice = Dice(7);
    let mut decided = Vec::new();
    let mut service = Service::start(home.path());
    for round in 0..ROUNDS {
        let before = service.host.clone();
        let answered = drive_and_kill(service, round, dice.below(MOST), dice.below(4_000));
        service = Service::start(home.path());
        assert!(service.ready_in < Duration::from_secs(2), "ready after {:?}", service.ready_in);
        let mut client = service.client();
        for Answered { request, decision } in answered {
            // The same request to where the service is now; the host is not part of what is signed.
            let again = request.replacen(&before, &service.host, 1);
            // Where the ledger was not in time the answer is 503, which says nothing of the request.
            let mut status = 503;
            until("an answer", || {
                status = client.send(again.as_bytes()).unwrap().status;
                status != 503
            });
            assert_eq!(status, 409, "round {round}: {decision} was answered before");
            decided.push(decision);
        }
        assert_recorded(&service.data, &decided);
        let verified = run(home.path(), &["verify", "--data", "data"]);
        assert!(verified.status.success(), "round {round}: {}", told(&verified));
    }
    assert!(decided.len() > 200, "only {} decisions were answered in all", decided.len());
}

/// Lets several connections ask until `enough` answers came and `micros` more have passed, then kills the service.
fn drive_and_kill(service: Service, round: u64, enough: u64, micros: u64) -> Vec<Answered> {
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (client, sender) = (service.client(), sender.clone());
            scope.spawn(move || ask_until_killed(client, round, caller, &sender));
        }
        drop(sender);
        let mut answered = Vec::new();
        while (answered.len() as u64) < enough {
            answered.push(receiver.recv().unwrap());
        }
        answered.extend(receiver.recv_timeout(Duration::from_micros(micros)));
        service.kill();
        // What was answered between our last look and the end counts as well.
        answered.extend(receiver.iter());
        answered
    })
}

fn ask_until_killed(mut client: Client, round: u64, caller: usize, answers: &mpsc::Sender<Answered>) {
    for number in 0.. {
        let person = format!("auth0|{}", (caller * 31 + number) % 40);
        let request = client.question(&format!("msg_{round}_{caller}_{number}"), &sign_in(&person));
        // Once the process is gone nothing is answered, which is what we wait for.
        let Ok(answer) = client.send(&request) else { return };
        if answer.status == 200 {
            let decision = answer.json()["decision_id"].as_str().unwrap().to_owned();
            answers.send(Answered { request: String::from_utf8(request).unwrap(), decision }).unwrap();
        }
    }
}

/// Each decision has its leaf, its row and its sealed body, read past the code that wrote them.
fn assert_recorded(data: &Path, decided: &[String]) {
    let connection = Connection::open(data.join("countersign.db")).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT COUNT(*) FROM records JOIN ledgers ON number = ledger
             WHERE tenant_id = ?1 AND record_id = ?2 AND verdict IS NOT NULL AND bodies IS NOT NULL",
        )
        .unwrap();
    for decision in decided {
        let found: u32 = statement.query_row([TENANT, decision], |row| row.get(0)).unwrap();
        assert_eq!(found, 1, "{decision} was answered and is lost");
    }
}
