//! Either process is killed at any moment under load: the other goes on, and nothing that was answered is lost.

use std::time::Duration;

use super::{Cluster, load::Doors, time_until};
use crate::world::until;

/// Times that each process is killed while it leads.
const ROUNDS: usize = 2;

/// What a lease holds after its holder's last turn (five seconds), the turn of whoever takes it (one), and as much again
/// as a busy machine may need.
const TAKEN_OVER: Duration = Duration::from_secs(8);

/// The longest pause of the process that is left: what the dead one had begun ends with its connections.
const GOES_ON: Duration = Duration::from_secs(2);

#[test]
fn what_either_process_answered_survives_its_kill_and_the_other_goes_on() {
    let Some(cluster) = Cluster::make("killed") else { return };
    let services = cluster.start_both();
    let doors = Doors::of(&services);
    let mut running = services.map(Some);
    let (told, ()) = doors.under_load(&cluster, "killed", || {
        for round in 0..2 * ROUNDS {
            doors.wait_for(0, 20);
            doors.wait_for(1, 20 + u64::try_from(round * 7).unwrap());
            // The process that was started first, or that took over, leads: it is the one killed, then the one that follows.
            let (victim, before) = (round % 2, cluster.lead());
            doors.set(victim, None);
            running[victim].take().unwrap().kill();
            let paused = doors.wait_for(1 - victim, 10);
            assert!(paused < GOES_ON, "round {round}: the other paused for {paused:?}");
            let took = time_until("another lead", || cluster.lead().1 > before.1);
            assert!(took < TAKEN_OVER, "round {round}: the lead was taken after {took:?}");
            assert_ne!(cluster.lead().0, before.0);
            let started = cluster.start(victim);
            doors.set(victim, Some(started.host.clone()));
            running[victim] = Some(started);
            let joined = doors.wait_for(victim, 10);
            assert!(joined < GOES_ON, "round {round}: it joined after {joined:?}");
        }
        // Who follows may go at any moment without a change of the lead.
        for round in 0..ROUNDS {
            let (victim, before) = (1, cluster.lead());
            doors.set(victim, None);
            running[victim].take().unwrap().kill();
            let paused = doors.wait_for(0, 10);
            assert!(paused < GOES_ON, "round {round}: the other paused for {paused:?}");
            let started = cluster.start(victim);
            doors.set(victim, Some(started.host.clone()));
            running[victim] = Some(started);
            doors.wait_for(victim, 10 + u64::try_from(round * 9).unwrap());
            assert_eq!(cluster.lead(), before);
        }
    });
    assert!(told.cut > 0, "nobody was asked when it was killed");
    // Asked again: neither process answers what either answered before it was killed.
    let mut clients = running.each_ref().map(|service| service.as_ref().unwrap().client());
    for (number, answered) in told.answered.iter().rev().enumerate().filter(|(number, _)| number % 7 == 0) {
        // Where the ledger was not in time the answer is 503, which says nothing of the request.
        let mut status = 503;
        until("an answer", || {
            status = clients[number % 2].send_again(&answered.request);
            status != 503
        });
        assert_eq!(status, 409, "{}", answered.decision);
    }
    // What is left to tell is told within a second, or at the end.
    until("the gaps", || {
        running.iter().flatten().all(|service| service.client().get("/health", &[]).status == 200)
    });
    running.into_iter().flatten().for_each(crate::world::Service::stop);
    told.check(&cluster);
    cluster.check_ledgers();
}
