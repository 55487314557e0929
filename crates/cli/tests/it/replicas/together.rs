//! Both processes decide at once.

use std::collections::BTreeMap;

use super::{Cluster, TENANTS, load::Told};
use crate::world::{Service, until};

/// Requests sent to each process.
const REQUESTS: usize = 300;

/// Every so many requests go to both processes at the same moment.
const BOTH: usize = 5;

#[test]
fn two_processes_keep_one_ledger_of_what_each_was_asked() {
    let Some(cluster) = Cluster::make("together") else { return };
    let services = cluster.start_both();
    until("the lead", || cluster.count("SELECT count(*) FROM countersign.leases WHERE holder <> ''") == 2);
    let lead = cluster.lead();

    let (one, other) = std::thread::scope(|scope| {
        let ask = |process: usize| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let (cluster, services) = (&cluster, &services);
                    scope.spawn(move || ask(cluster, services, process, thread))
                })
                .collect();
            move || threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        };
        let (one, other) = (ask(0), ask(1));
        (one(), other())
    });
    let mut told = Told::default();
    one.into_iter().chain(other).for_each(|part| told.join(part));
    assert_eq!(told.cut, 0);
    told.given_twice = u64::try_from(REQUESTS / BOTH).unwrap();
    assert!((1..=told.given_twice).contains(&told.repeated), "{} were refused as repeated", told.repeated);

    // Whoever is asked again, by the same request: it was answered before.
    let mut clients = services.each_ref().map(Service::client);
    for answered in &told.answered {
        for client in &mut clients {
            assert_eq!(client.send_again(&answered.request), 409, "{} again", answered.decision);
        }
    }
    let mut ids = BTreeMap::new();
    for answered in &told.answered {
        let request = String::from_utf8(answered.request.clone()).unwrap();
        let id = request.lines().find_map(|line| line.strip_prefix("webhook-id: ")).unwrap().to_owned();
        assert_eq!(ids.insert(id, &answered.decision), None, "one id was answered twice");
    }
    assert_eq!(cluster.lead(), lead, "no lead changed hands while both were well");
    until("a checkpoint over everything", || {
        TENANTS.iter().all(|tenant| {
            cluster.records(&format!(
                "SELECT (SELECT max(size) FROM countersign.checkpoints WHERE tenant_id = '{tenant}')
                      = (SELECT count(*) FROM countersign.records WHERE tenant_id = '{tenant}')"
            )) == "t"
        })
    });
    for tenant in TENANTS {
        let signers = (0..2).filter(|n| cluster.data(*n).join(format!("{tenant}.checkpoint")).exists());
        assert_eq!(signers.count(), 1, "one process signs while it has the lead");
    }
    drop(services);
    told.check(&cluster);
    cluster.check_ledgers();
    let enough = 2 * REQUESTS - REQUESTS / BOTH;
    assert!(told.answered.len() > enough / 2, "only {} of {enough} were answered", told.answered.len());
}

/// Asks one process as one of four callers; some requests are the same ones that the other process is sent.
fn ask(cluster: &Cluster, services: &[Service; 2], process: usize, thread: usize) -> Told {
    let service = &services[process];
    let (mut client, mut told) = (service.client(), Told::default());
    for number in (thread..REQUESTS).step_by(4) {
        let id =
            if number % BOTH == 0 { format!("msg_both_{number}") } else { format!("msg_{process}_{number}") };
        let tenant = TENANTS[number % 3 % 2];
        let person = format!("auth0|{}", number % 40);
        let request = cluster.question(&service.host, tenant, &id, &person);
        let answer = client.send(&request);
        told.note(request, answer);
    }
    told
}
