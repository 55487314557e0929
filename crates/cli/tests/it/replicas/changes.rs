//! What is changed at one process holds in the other within a second.
//!
//! A change is told by NOTIFY when it is committed; should that be lost, each process looks by itself each half second. What
//! remains of the second is for the look itself: four short reads of one tenant, which wait for no other tenant's and for
//! no listing, and for which the pool of a process is fair, so that load delays them by what a decision waits.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Cluster, EVERYWHERE, load::Doors, operate, time_until};
use crate::world::{Client, Service, TENANT, now, sign_in, until};

/// Whether the kill switch holds at a process, by what it answers; `None` when it refused for want of the disk or of
/// capacity, which says nothing of the switch.
fn is_off(client: &mut Client, id: &str) -> Option<bool> {
    let question = client.question(id, &sign_in("auth0|switched"));
    let answer = client.send(&question).unwrap();
    match answer.status {
        200 => Some(answer.json()["mode"] == "off"),
        503 => None,
        other => panic!("{other} {}", answer.text()),
    }
}

/// Asks until the switch holds as it should; how long after `began` a request was sent that was answered otherwise.
fn last_contrary(client: &mut Client, off: bool, began: Instant, name: &str) -> Duration {
    let (mut last, mut number) = (Duration::ZERO, 0);
    until("the switch", || {
        number += 1;
        let sent = began.elapsed();
        let told = is_off(client, &format!("msg_{name}_{number}"));
        if told == Some(!off) {
            last = sent;
        }
        told == Some(off)
    });
    last
}

/// Sets the switch at one process and waits for it in the other; how long it took to hold there.
fn switch(from: &Service, to: &Service, off: bool, name: &str) -> Duration {
    let mut client = to.client();
    let path = format!("/v1/switches/{TENANT}/post-login");
    assert_eq!(operate(from, "PUT", &path, &json!({ "off": off })).status, 200);
    last_contrary(&mut client, off, now(), name)
}

#[test]
fn a_kill_switch_holds_everywhere_within_a_second_under_load() {
    let Some(cluster) = Cluster::make("switched") else { return };
    let services = cluster.start_both();
    let [one, other] = &services;
    let doors = Doors::of(&services);
    let (_, took) = doors.under_load(&cluster, "switched", || {
        doors.wait_for(0, 20);
        let mut took = Vec::new();
        for round in 0..6 {
            let (from, to) = if round % 2 == 0 { (one, other) } else { (other, one) };
            took.push(switch(from, to, true, &format!("off_{round}")));
            took.push(switch(from, to, false, &format!("on_{round}")));
        }
        // Its listeners gone, a process looks by itself. They come back within half a second, and may hear of some.
        for round in 0..6 {
            let listeners = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE 'LISTEN%'";
            assert_eq!(cluster.count(listeners), 2, "each process listens by one connection");
            took.push(switch(one, other, round % 2 == 0, &format!("deaf_{round}")));
            let listening = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE 'LISTEN%'";
            until("the listeners", || cluster.count(listening) == 2);
        }
        took
    });
    assert!(took.iter().all(|took| *took < EVERYWHERE), "{took:?}");
}

#[test]
fn a_change_of_which_nobody_is_told_is_found_within_a_second() {
    let Some(cluster) = Cluster::make("untold") else { return };
    let services = cluster.start_both();
    let doors = Doors::of(&services);
    let mut clients = services.each_ref().map(Service::client);
    let (_, took) = doors.under_load(&cluster, "untold", || {
        doors.wait_for(1, 20);
        let mut took = Vec::new();
        for round in 0..6_i64 {
            let off = 1 - round % 2;
            cluster.records(&format!(
                "INSERT INTO countersign.switches VALUES ('{TENANT}', 'post-login', {off}, {round})
                 ON CONFLICT (tenant_id, trigger_id) DO UPDATE SET is_off = {off}"
            ));
            let began = now();
            for (process, client) in clients.iter_mut().enumerate() {
                took.push(last_contrary(client, off == 1, began, &format!("untold_{round}_{process}")));
            }
        }
        took
    });
    assert!(took.iter().all(|took| *took < EVERYWHERE), "{took:?}{}", cluster.logs());
}

#[test]
fn a_policy_and_a_token_change_everywhere_within_a_second() {
    let Some(cluster) = Cluster::make("changed") else { return };
    let services = cluster.start_both();
    let [one, other] = &services;
    let path = format!("/v1/policies/{TENANT}");
    let mut there = other.client();
    let mut took = Vec::new();
    for (version, mode) in [(1, "enforce"), (2, "advisory"), (3, "audit")] {
        let change = json!({ "expected_version": version, "document": { "fallback": "challenge", "tenant": { "mode": mode } } });
        let applied = operate(one, "PUT", &path, &change);
        assert_eq!(applied.status, 200, "{}", applied.text());
        let mut number = 0;
        took.push(time_until("the policy", || {
            number += 1;
            let question = there.question(&format!("msg_{mode}_{number}"), &sign_in("auth0|anna"));
            there.send(&question).unwrap().json()["mode"] == mode
        }));
        assert_eq!(there.get(&path, &[]).json()["version"], version + 1);
        // What was looked at elsewhere is what changes are made from.
        let stale = operate(other, "PUT", &path, &change);
        assert_eq!(stale.json()["code"], "policy.changed");
    }

    let made = operate(one, "POST", &format!("/v1/risk-tokens/{TENANT}"), &json!({})).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let mut ask = || quick(&mut there, &other.host, &text("path"));
    took.push(time_until("the token", || ask() == 200));
    let path = format!("/v1/risk-tokens/{TENANT}/{}", text("id"));
    assert_eq!(operate(one, "DELETE", &path, &json!({})).status, 200);
    took.push(time_until("the end of the token", || ask() == 401));
    assert!((0..50).all(|_| ask() == 401), "it does not come back");
    assert!(took.iter().all(|took| *took < EVERYWHERE), "{took:?}");
}

/// Asks the short form; the status.
fn quick(client: &mut Client, host: &str, path: &str) -> u16 {
    let form = json!({ "email": "sales@example.com", "ip": "203.0.113.24", "user_agent": "Mozilla/5.0" })
        .to_string();
    let length = form.len();
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n");
    write!(request, "content-length: {length}\r\n\r\n{form}").unwrap();
    client.send(request.as_bytes()).unwrap().status
}

#[test]
fn a_person_erased_at_one_process_is_met_anew_by_the_other() {
    let Some(cluster) = Cluster::make("erased") else { return };
    let services = cluster.start_both();
    let one = &services[0];
    let mut clients = services.each_ref().map(Service::client);
    for round in 0..3 {
        let person = format!("auth0|anna_{round}");
        let before: Vec<String> = (0..3)
            .map(|n| clients[n % 2].decide(&format!("msg_before_{round}_{n}"), &sign_in(&person)))
            .collect();
        let erased = operate(one, "POST", &format!("/v1/erasures/{TENANT}"), &json!({ "user_id": person }));
        assert_eq!(erased.json()["erased"], true, "{}", erased.text());
        // Until it has heard, the other may seal under the key that nobody has any more.
        let mut number = 0;
        let took = time_until("another key", || {
            number += 1;
            let id = clients[1].decide(&format!("msg_after_{round}_{number}"), &sign_in(&person));
            shown(&mut clients[0], &id) == 200
        });
        assert!(took < EVERYWHERE, "{took:?}");
        let size = cluster.count("SELECT count(*) FROM countersign.records");
        for n in 0..20 {
            let event = sign_in(&person);
            let id = clients[n % 2].decide(&format!("msg_anew_{round}_{n}"), &event);
            let known = clients[n % 2].get(&format!("/v1/decisions/{id}?tenant={TENANT}"), &[]).json();
            assert_eq!(known["degraded"], json!([]), "nothing of before is in the way");
            assert_eq!([shown(&mut clients[0], &id), shown(&mut clients[1], &id)], [200, 200]);
            let told = clients[1 - n % 2].outcome(&format!("msg_told_{round}_{n}"), &id);
            assert_eq!(told["outcome"], "recorded", "{told}");
        }
        let under_dead_keys = format!(
            "SELECT count(*) FROM countersign.records r JOIN countersign.erasures e USING (tenant_id)
             WHERE leaf_index >= {size} AND position(convert_to(e.key_id, 'UTF8') IN r.bodies) > 0"
        );
        assert_eq!(cluster.count(&under_dead_keys), 0, "sealed under a key that was destroyed");
        for id in before {
            assert_eq!([shown(&mut clients[0], &id), shown(&mut clients[1], &id)], [410, 410]);
        }
    }
    cluster.check_ledgers();
}

fn shown(client: &mut Client, id: &str) -> u16 {
    client.get(&format!("/v1/decisions/{id}?tenant={TENANT}"), &[]).status
}

impl Client {
    /// Tells that a sign-in completed.
    fn outcome(&mut self, id: &str, decision: &str) -> Value {
        let told = self.signed("/v1/outcomes", id, &json!({ "kind": "completed", "decision_id": decision }));
        self.send(&told).unwrap().json()
    }
}
