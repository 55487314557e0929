//! Callers that ask without pause, and what they were told.

use std::{
    collections::BTreeSet,
    net::TcpStream,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Cluster, TENANTS};
use crate::world::{Answer, Service, exchange, now};

/// Callers of each process.
const CALLERS: usize = 3;

/// People who sign in; few, so that both processes decide about the same ones.
const PEOPLE: u64 = 30;

/// How long a caller waits for an answer; nothing of the service takes as long.
const ANSWER: Duration = Duration::from_secs(20);

/// A decision that was answered, and the request that asked for it.
pub(super) struct Answered {
    pub(super) request: Vec<u8>,
    pub(super) decision: String,
}

/// What callers were told.
#[derive(Default)]
pub(super) struct Told {
    pub(super) answered: Vec<Answered>,
    /// Refused since the leaf could not be written: each is a gap, or a leaf that nobody was told of.
    pub(super) unrecorded: u64,
    /// Refused before anything was begun.
    pub(super) shed: u64,
    /// Refused since the same id was answered before.
    pub(super) repeated: u64,
    /// The connection ended without an answer: a leaf, a gap, or nothing.
    pub(super) cut: u64,
    /// Ids that both processes were given; whoever is late with one may be refused and have lost nothing.
    pub(super) given_twice: u64,
}

impl Told {
    /// Notes an answer; anything unforeseen ends the test.
    pub(super) fn note(&mut self, request: Vec<u8>, answer: std::io::Result<Answer>) {
        let Ok(answer) = answer else {
            self.cut += 1;
            return;
        };
        let told = answer.json();
        match (answer.status, told["code"].as_str()) {
            (200, _) => {
                // While a kill switch holds nothing is decided.
                if let Some(decision) = told["decision_id"].as_str() {
                    self.answered.push(Answered { request, decision: decision.to_owned() });
                }
            }
            (409, Some("request.replayed")) => self.repeated += 1,
            (503, Some("ledger_unavailable")) => self.unrecorded += 1,
            (503, Some("overloaded")) => self.shed += 1,
            _ => panic!("{} {told}", answer.status),
        }
    }

    /// Adds what others were told.
    pub(super) fn join(&mut self, other: Self) {
        let Self { answered, unrecorded, shed, repeated, cut, given_twice } = other;
        self.answered.extend(answered);
        self.unrecorded += unrecorded;
        self.shed += shed;
        self.repeated += repeated;
        self.cut += cut;
        self.given_twice += given_twice;
    }

    /// Checks that every answered decision is on record once, and that nothing else is but what callers were not told of;
    /// each refusal is a gap or a leaf marked as told to nobody, and never both.
    pub(super) fn check(&self, cluster: &Cluster) {
        let decided: BTreeSet<&str> = self.answered.iter().map(|one| one.decision.as_str()).collect();
        assert_eq!(decided.len(), self.answered.len(), "two callers were told of one decision");
        let known = cluster.records("SELECT record_id FROM countersign.records WHERE verdict IS NOT NULL");
        let known: BTreeSet<&str> = known.lines().collect();
        for decision in &decided {
            assert!(known.contains(decision), "{decision} was answered and is not on record");
        }
        let (recorded, unanswered) = cluster.decisions();
        let (answered, gaps) = (decided.len() as u64, cluster.gaps());
        let Self { unrecorded, cut, given_twice, .. } = self;
        let told = format!(
            "{recorded} recorded, {unanswered} of them told to nobody; {answered} answered, {unrecorded} refused, {cut} cut off; {gaps} in gaps"
        );
        assert!((answered + unanswered..=answered + unanswered + cut).contains(&recorded), "{told}");
        assert!(unanswered + gaps <= unrecorded + cut, "{told}");
        if *cut == 0 {
            assert!(unanswered + gaps + given_twice >= *unrecorded, "{told}");
        }
    }
}

/// Where the processes can be reached, each while it runs.
pub(super) struct Doors {
    hosts: Mutex<[Option<String>; 2]>,
    changed: Condvar,
    stopped: AtomicBool,
    answered: [AtomicU64; 2],
}

impl Doors {
    /// Doors of running processes.
    pub(super) fn of(services: &[Service; 2]) -> Self {
        Self {
            hosts: Mutex::new([Some(services[0].host.clone()), Some(services[1].host.clone())]),
            changed: Condvar::new(),
            stopped: AtomicBool::new(false),
            answered: [AtomicU64::new(0), AtomicU64::new(0)],
        }
    }

    /// Says where process `n` is now; `None`: nowhere.
    pub(super) fn set(&self, n: usize, host: Option<String>) {
        self.hosts.lock().unwrap()[n] = host;
        self.changed.notify_all();
    }

    /// How many decisions process `n` answered so far.
    pub(super) fn answered(&self, n: usize) -> u64 {
        self.answered[n].load(Ordering::Relaxed)
    }

    /// Waits until process `n` has answered so many more; how long that took.
    pub(super) fn wait_for(&self, n: usize, more: u64) -> Duration {
        let from = self.answered(n);
        super::time_until("more answers", || {
            let hosts = self.hosts.lock().unwrap();
            drop(self.changed.wait_timeout(hosts, Duration::from_millis(2)).unwrap());
            self.answered(n) >= from + more
        })
    }

    fn wait(&self, n: usize) -> Option<String> {
        let mut hosts = self.hosts.lock().unwrap();
        loop {
            if self.stopped.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(host) = &hosts[n] {
                return Some(host.clone());
            }
            hosts = self.changed.wait(hosts).unwrap();
        }
    }

    /// Lets callers of both processes ask while `work` is done, then ends them; what they were told, and what `work` gave.
    pub(super) fn under_load<T>(&self, cluster: &Cluster, name: &str, work: impl FnOnce() -> T) -> (Told, T) {
        std::thread::scope(|scope| {
            // Why: the callers must end also where `work` panics.
            let stop = StopOnExit(self);
            let callers: Vec<_> = (0..2 * CALLERS)
                .map(|caller| scope.spawn(move || self.ask(cluster, caller % 2, &format!("{name}_{caller}"))))
                .collect();
            let done = work();
            drop(stop);
            let mut told = Told::default();
            for caller in callers {
                told.join(caller.join().unwrap());
            }
            (told, done)
        })
    }

    fn ask(&self, cluster: &Cluster, process: usize, name: &str) -> Told {
        let (mut told, mut number) = (Told::default(), 0_u64);
        while let Some(host) = self.wait(process) {
            let Ok(mut stream) = TcpStream::connect(&host) else { continue };
            stream.set_read_timeout(Some(ANSWER)).unwrap();
            while !self.stopped.load(Ordering::Relaxed) {
                number += 1;
                let tenant = TENANTS[usize::from(number % 3 == 0)];
                let person = format!("auth0|{}", number % PEOPLE);
                let request = cluster.question(&host, tenant, &format!("msg_{name}_{number}"), &person);
                let began = now();
                let answer = exchange(&mut stream, &request);
                assert!(began.elapsed() < ANSWER, "no answer came");
                let (is_cut, before) = (answer.is_err(), told.answered.len());
                told.note(request, answer);
                if told.answered.len() > before {
                    self.answered[process].fetch_add(1, Ordering::Relaxed);
                }
                if is_cut {
                    break;
                }
            }
        }
        told
    }
}

struct StopOnExit<'a>(&'a Doors);

impl Drop for StopOnExit<'_> {
    fn drop(&mut self) {
        self.0.stopped.store(true, Ordering::Relaxed);
        self.0.changed.notify_all();
    }
}
