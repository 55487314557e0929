//! Deliveries of a log stream against their floor and against the bare disk, in one run.
//!
//! The floor is a route of the same server that reads and parses the same bodies and answers. The bare disk is a thread that writes
//! rows of the size of sealed entries into SQLite, with the same settings, as many in one transaction as a delivery has.

use std::{cell::RefCell, path::Path, rc::Rc, time::Duration};

use anyhow::ensure;
use countersign_core::{Clock, Entropy};
use rusqlite::params;
use tokio::task::{JoinSet, LocalSet};

use crate::{
    child::LOG_TOKEN,
    clock::{SystemClock, SystemEntropy},
    connection::Connection,
    entries,
    figures::{median, ms, percentile, spread},
    print, process,
    question::TENANT,
    served::Served,
};

/// Entries of a delivery, as many as Auth0's have.
const DELIVERY: u32 = 100;

/// Deliveries of a round.
const ROUND: u32 = 300;

/// Rounds of each in turn.
const TURNS: u32 = 5;

/// People that the entries are about; each was seen before the first round.
const PEOPLE: u32 = 20_000;

/// Connections at once.
const CONNECTIONS: [u32; 3] = [1, 4, 16];

/// The bytes of a sealed entry, on average.
const BYTES: &str = "SELECT CAST(AVG(LENGTH(sealed)) AS INTEGER) FROM log_entries";

/// Prints entries a second of the three, and their ratios.
pub fn run() -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    process::block_on(measure(folder.path()))
}

async fn measure(folder: &Path) -> anyhow::Result<()> {
    print("the service has processor 0, what drives it processor 1; SQLite\n");
    let served = Served::on_sqlite(folder)?;
    let mut source = Source { began: served.clock().now().plus(-3_600_000_000), next: 0 };
    // Everybody once, so that keys exist.
    source.send(&served, ("/v1/logs/", PEOPLE / DELIVERY), 4).await?;
    let bytes = source.deliveries(1).first().map_or(0, Vec::len);
    print(&format!("a delivery has {DELIVERY} entries and {bytes} bytes\n"));
    for connections in CONNECTIONS {
        let (mut rates, mut waits) = ([vec![], vec![], vec![]], Vec::new());
        for _ in 0..TURNS {
            let floor = source.send(&served, ("/bench/logs", ROUND), connections).await?;
            let ours = source.send(&served, ("/v1/logs/", ROUND), connections).await?;
            let bare = bare(&served, folder)?;
            let [floors, all, disks] = &mut rates;
            floors.push(floor.rate);
            all.push(ours.rate);
            disks.push(bare);
            waits.extend(ours.waits);
        }
        waits.sort_unstable();
        tell(connections, &rates, percentile(&waits, 990));
    }
    Ok(())
}

fn tell(connections: u32, [floors, ours, disks]: &[Vec<f64>; 3], p99: Duration) {
    let ratio = |others: &[f64]| {
        let ratios: Vec<f64> = ours.iter().zip(others).map(|(ours, other)| ours / other).collect();
        let (low, high) = spread(&ratios);
        format!("{:.3} ({low:.3} to {high:.3})", median(&ratios))
    };
    let [floor, journaled, disk] = [floors, ours, disks].map(|rates| median(rates));
    print(&format!(
        "  {connections} connections, entries/s: floor {floor:.0}, journaled {journaled:.0} (p99 of a delivery {}), bare disk {disk:.0}; to the floor {}, to the disk {}\n",
        ms(p99),
        ratio(floors),
        ratio(disks)
    ));
}

/// What one round came to.
struct Sent {
    /// Entries a second.
    rate: f64,
    waits: Vec<Duration>,
}

/// Where deliveries come from.
struct Source {
    began: countersign_core::Timestamp,
    next: u32,
}

impl Source {
    fn deliveries(&mut self, count: u32) -> Vec<Vec<u8>> {
        let first = self.next;
        self.next += count * DELIVERY;
        let one = |n| entries::delivery(self.began, first + n * DELIVERY, DELIVERY, |number| number % PEOPLE);
        (0..count).map(|n| one(n).into_bytes()).collect()
    }

    /// Sends so many deliveries over some connections, each as fast as it is answered.
    async fn send(
        &mut self,
        served: &Served,
        (path, count): (&str, u32),
        connections: u32,
    ) -> anyhow::Result<Sent> {
        let path = if path.ends_with('/') { format!("{path}{TENANT}") } else { path.to_owned() };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {LOG_TOKEN}\r\ncontent-type: application/json\r\n",
            served.host()
        );
        let work = Rc::new(Work {
            head,
            left: RefCell::new(self.deliveries(count)),
            waits: RefCell::default(),
            clock: SystemClock::start(),
        });
        let (local, mut tasks) = (LocalSet::new(), JoinSet::new());
        for _ in 0..connections {
            let connection = Connection::open(served.host()).await?;
            tasks.spawn_local_on(Rc::clone(&work).send_all(connection), &local);
        }
        let began = work.clock.monotonic();
        let sent = async {
            while let Some(end) = tasks.join_next().await {
                end??;
            }
            anyhow::Ok(())
        };
        local.run_until(sent).await?;
        let took = work.clock.monotonic() - began;
        Ok(Sent { rate: f64::from(count * DELIVERY) / took.as_secs_f64(), waits: work.waits.take() })
    }
}

/// What all connections of a round share.
struct Work {
    head: String,
    left: RefCell<Vec<Vec<u8>>>,
    waits: RefCell<Vec<Duration>>,
    clock: SystemClock,
}

impl Work {
    async fn send_all(self: Rc<Self>, mut connection: Connection) -> anyhow::Result<()> {
        loop {
            let Some(body) = self.left.borrow_mut().pop() else { return Ok(()) };
            let before = self.clock.monotonic();
            let head = format!("{}content-length: {}\r\n\r\n", self.head, body.len());
            let answer = connection.ask(head.as_bytes(), &body).await?;
            let said: serde_json::Value = serde_json::from_slice(answer.body)?;
            let taken = said.get("taken").and_then(serde_json::Value::as_u64);
            ensure!(answer.status == 200 && taken == Some(DELIVERY.into()), "{said}");
            self.waits.borrow_mut().push(self.clock.monotonic() - before);
        }
    }
}

/// Rows a second that a thread writes into a file of its own beside the service's.
fn bare(served: &Served, folder: &Path) -> anyhow::Result<f64> {
    let journal = rusqlite::Connection::open(folder.join("countersign.db"))?;
    let bytes: i64 = journal.query_row(BYTES, [], |row| row.get(0))?;
    let path = folder.join("bare.db");
    let mut connection = rusqlite::Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, sealed BLOB) STRICT")?;
    let mut sealed = vec![0; usize::try_from(bytes)?];
    SystemEntropy.fill(&mut sealed)?;
    let began = served.clock().monotonic();
    for _ in 0..ROUND {
        let transaction = connection.transaction()?;
        let mut insert = transaction.prepare_cached("INSERT INTO rows (sealed) VALUES (?1)")?;
        for _ in 0..DELIVERY {
            insert.execute(params![sealed])?;
        }
        drop(insert);
        transaction.commit()?;
    }
    let took = served.clock().monotonic() - began;
    drop(connection);
    std::fs::remove_file(path)?;
    Ok(f64::from(ROUND * DELIVERY) / took.as_secs_f64())
}
