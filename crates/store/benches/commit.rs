//! Commits of a typical decision a second, by the number of callers, against the floor in the same run: one row of
//! 4 KiB appended with group commit and the same durability.

#![expect(clippy::unwrap_used, reason = "a bench ends when its set-up fails")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use countersign_core::{
    Channel, Clock, Level, Mode, Score, Secret, Timestamp, Trigger, Verdict, testing::HeldClock,
};
use countersign_store::{
    Access, Commit, NewBody, NewDecision, NewLeaf, PostgresSettings, Store, Urgency, Write,
};
use divan::{Bencher, counter::ItemsCount};
use rusqlite::Connection;
use tokio::{
    runtime::Runtime,
    sync::{Semaphore, oneshot},
    task::JoinSet,
};

/// Callers at once: one, a busy service, a storm of sign-ins.
const CALLERS: [u32; 3] = [1, 16, 64];

/// What each caller commits in one sample, one after the other.
const COMMITS: u32 = 20;

/// A sealed body: as long as one of SQLite's pages, so that it never fits beside its row's other columns.
const BODY_BYTES: usize = 4_096;

/// A leaf with its header, hashes and facts.
const LEAF_BYTES: usize = 500;

fn main() {
    divan::main();
}

#[divan::bench(args = CALLERS)]
fn decision(bencher: Bencher<'_, '_>, callers: u32) {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::from_seconds(1_755_676_800)));
    let store = Store::open_sqlite(folder.path(), Access::Own, &clock).unwrap();
    let numbers = Arc::new(AtomicU64::new(0));
    measure(bencher, callers, move || {
        let (store, numbers) = (store.clone(), Arc::clone(&numbers));
        async move {
            store.commit(typical(numbers.fetch_add(1, Ordering::Relaxed))).await.unwrap();
        }
    });
}

/// On a PostgreSQL of the bench's own, beside it on this machine.
#[divan::bench(args = CALLERS)]
fn decision_on_postgres(bencher: Bencher<'_, '_>, callers: u32) {
    measure_postgres(bencher, callers, Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)));
}

/// The same with a transaction for each commit, as a tenant's head lets only one write at a time.
#[divan::bench(args = CALLERS)]
fn decision_on_postgres_alone(bencher: Bencher<'_, '_>, callers: u32) {
    measure_postgres(bencher, callers, Arc::new(Semaphore::new(1)));
}

fn measure_postgres(bencher: Bencher<'_, '_>, callers: u32, at_once: Arc<Semaphore>) {
    let Some(server) = countersign_testdb::start_on_disk() else { return };
    let [records_url, keys_url] = ["records", "keys"].map(|name| {
        server.execute("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        Secret::new(server.url(name).into_bytes())
    });
    let settings = PostgresSettings { records_url, keys_url, connections: 4 };
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::from_seconds(1_755_676_800)));
    let runtime = Runtime::new().unwrap();
    let store = runtime.block_on(Store::connect_postgres(settings, Access::Own, &clock)).unwrap();
    let numbers = Arc::new(AtomicU64::new(0));
    measure_on(&runtime, bencher, callers, move || {
        let (store, numbers, at_once) = (store.clone(), Arc::clone(&numbers), Arc::clone(&at_once));
        async move {
            let _turn = at_once.acquire().await.unwrap();
            store.commit(typical(numbers.fetch_add(1, Ordering::Relaxed))).await.unwrap();
        }
    });
}

#[divan::bench(args = CALLERS)]
fn floor(bencher: Bencher<'_, '_>, callers: u32) {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("floor.db")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection
        .execute_batch("CREATE TABLE records (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
        .unwrap();
    let appender = Appender::start(connection);
    let queue = appender.queue.clone();
    measure(bencher, callers, move || {
        let queue = queue.clone();
        async move {
            let (reply, answer) = oneshot::channel();
            queue.send((vec![7; BODY_BYTES], reply)).unwrap();
            answer.await.unwrap();
        }
    });
    appender.stop();
}

/// Runs `act` for each caller, `COMMITS` times in a row.
fn measure<W: Future<Output = ()> + Send>(
    bencher: Bencher<'_, '_>,
    callers: u32,
    act: impl Fn() -> W + Clone + Send + Sync + 'static,
) {
    measure_on(&Runtime::new().unwrap(), bencher, callers, act);
}

/// As `measure`, on the runtime that what it works on belongs to.
fn measure_on<W: Future<Output = ()> + Send>(
    runtime: &Runtime,
    bencher: Bencher<'_, '_>,
    callers: u32,
    act: impl Fn() -> W + Clone + Send + Sync + 'static,
) {
    bencher.counter(ItemsCount::new(callers * COMMITS)).bench_local(|| {
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..callers {
                let act = act.clone();
                tasks.spawn(async move {
                    for _ in 0..COMMITS {
                        act().await;
                    }
                });
            }
            tasks.join_all().await;
        });
    });
}

/// What a sign-in commits, scattered over people as sign-ins are.
fn typical(number: u64) -> Commit {
    // Ids of requests are random, those of people keyed pseudonyms: neither sorts by time (Knuth, volume 3, section 6.4).
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let id = format!("dec_{number:032x}");
    let made = NewDecision {
        id: id.parse().unwrap(),
        at: Timestamp::from_seconds(1_755_676_800),
        organization: Some(format!("org_{:016x}", scattered % 50).parse().unwrap()),
        client: Some("Rj3uVtGkQ0mBqVwZ1dYb8sXe5nLh2cAf".parse().unwrap()),
        trigger: Trigger::PostLogin,
        channel: Channel::Interactive,
        mode: Mode::Enforce,
        level: Level::Low,
        score: Score::from_percent(7),
        verdict: Verdict::Allow,
        is_trusted: true,
        is_censored: false,
    };
    let key_id = format!("rec_{:032x}", scattered >> 44);
    let bodies = vec![NewBody { key_id, sealed: vec![7; BODY_BYTES] }];
    Commit {
        tenant: "example-tenant".parse().unwrap(),
        urgency: Urgency::Decision,
        expires_at: None,
        fence: None,
        leaves: vec![NewLeaf { at: made.at, record_id: id, leaf: vec![7; LEAF_BYTES], bodies }],
        writes: vec![
            Write::Request { id: format!("msg_{scattered:032x}"), at: made.at },
            Write::Decision(made),
        ],
    }
}

/// A row, and who waits for it.
type Append = (Vec<u8>, oneshot::Sender<()>);

/// The least that group commit can be: one thread, one table, whatever waits goes into one transaction.
struct Appender {
    queue: mpsc::Sender<Append>,
    thread: JoinHandle<()>,
}

impl Appender {
    fn start(connection: Connection) -> Self {
        let (queue, appends) = mpsc::channel::<Append>();
        let thread = std::thread::spawn(move || {
            while let Ok(first) = appends.recv() {
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                let mut waiting = Vec::new();
                for (body, reply) in std::iter::once(first).chain(appends.try_iter().take(255)) {
                    connection
                        .prepare_cached("INSERT INTO records (body) VALUES (?1)")
                        .unwrap()
                        .execute([body])
                        .unwrap();
                    waiting.push(reply);
                }
                connection.execute_batch("COMMIT").unwrap();
                waiting.into_iter().for_each(|reply| reply.send(()).unwrap());
            }
        });
        Self { queue, thread }
    }

    fn stop(self) {
        drop(self.queue);
        self.thread.join().unwrap();
    }
}
