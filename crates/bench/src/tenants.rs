//! Two tenants at the shipped binary, one of which is flooded: how long the other's decisions wait, with the flood and without it in turn.
//!
//! The service has processor 0. What floods and what asks for the quiet tenant are two processes on processor 1, and the first has the
//! lowest priority there, so that it can't be what holds up the second; how late the second itself was is printed. The flood is paced by
//! the clock: decisions at six times what a tenant is allowed by itself, deliveries of its log, and reads by a credential without an allowance.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use countersign_core::Clock;
use countersign_server::signature::SigningKey;
use tokio::{
    task::{JoinSet, LocalSet},
    time::{self, MissedTickBehavior},
};

use crate::{
    clock::SystemClock,
    connection::Connection,
    entries,
    figures::{median, ms, percentile, spread},
    load::Load,
    print,
    process::{self, Running},
    question::{PEOPLE, QUIET, Questions, SIGN_IN, TENANT},
    served::number,
};

/// Decisions a second of the quiet tenant: a thousandth of them is still a few in all rounds together.
const RATE: f64 = 200.0;

/// How long a round of either kind lasts, and how many pairs of them there are.
const ROUND: Duration = Duration::from_secs(5);
const PAIRS: u32 = 10;

/// How long a flood lasts before anything is measured in it.
const SETTLING: Duration = Duration::from_secs(2);

/// Decisions a second of the flood: six times the allowance that a tenant has by itself.
const DECISIONS: u32 = 3_000;

/// Deliveries a second, each of so many entries.
const DELIVERIES: u32 = 10;
const DELIVERY: u32 = 100;

/// Reads a second of the newest decisions.
const READS: u32 = 100;

/// Connections of each kind of the flood.
const CONNECTIONS: [u32; 3] = [48, 2, 4];

/// What is allowed of one p99 to the other.
const MUST: f64 = 1.2;

pub fn run(binary: &Path) -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    process::block_on(measure(binary, folder.path()))
}

/// The shipped service with both tenants, on processor 0.
struct Service {
    _process: Running,
    host: String,
    data: PathBuf,
}

impl Service {
    fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let data = folder.join("data");
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(binary).args(["serve", "--tenant", TENANT]);
        command
            .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
            .env("COUNTERSIGN__STORAGE__DIRECTORY", &data);
        // What a tenant is allowed where nothing is said, said of the second one, so that it is there.
        command.env("COUNTERSIGN__TENANTS__QUIETER-TENANT__LIMITS__DECISIONS_PER_SECOND", "500");
        let mut process = Running::start(&mut command)
            .with_context(|| format!("`{}`; build it with `cargo build --profile dist`", binary.display()))?;
        let host = process.wait_for("listens at http://")?;
        Ok(Self { _process: process, host, data })
    }

    fn questions(&self, tenant: &'static str) -> anyhow::Result<Rc<Questions>> {
        questions(&self.host, &self.data, tenant)
    }
}

fn questions(host: &str, data: &Path, tenant: &'static str) -> anyhow::Result<Rc<Questions>> {
    let text = std::fs::read_to_string(data.join(format!("{tenant}.action-key")))?;
    Ok(Rc::new(Questions::of_tenant(&SIGN_IN, host, SigningKey::parse(&text)?, tenant)))
}

async fn measure(binary: &Path, folder: &Path) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let service = Service::start(binary, folder)?;
    let quiet = service.questions(QUIET)?;
    // Everybody once, so that keys exist, within the allowance.
    let mut load = Load::connect(&service.host, 16, &quiet, &clock).await?;
    let met = load.open(quiet.sign("/v1/decisions", PEOPLE, clock.as_ref()), RATE).await?;
    ensure!(met.answered == PEOPLE, "{} of {PEOPLE} were decided", met.answered);
    print(&format!(
        "the quiet tenant asks for {RATE:.0} decisions a second; the flood of the other: {DECISIONS} decisions, {DELIVERIES} deliveries of {DELIVERY} entries and {READS} reads a second\n"
    ));
    let (mut without, mut within, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut told = BTreeMap::new();
    for _ in 0..PAIRS {
        let alone = round(&mut load, &quiet, &clock).await?;
        let mut flood = flooded(&service)?;
        time::sleep(SETTLING).await;
        let beside = round(&mut load, &quiet, &clock).await?;
        count(&mut told, &flood.wait_for("flooded ")?)?;
        drop(flood);
        // What the flood left to do is done before the next round without it.
        time::sleep(SETTLING).await;
        ratios.push(percentile(&beside, 990).as_secs_f64() / percentile(&alone, 990).as_secs_f64());
        without.extend(alone);
        within.extend(beside);
    }
    tell(&mut without, &mut within, &ratios, &told);
    Ok(())
}

/// Starts what floods, at the lowest priority; it ends by itself.
fn flooded(service: &Service) -> anyhow::Result<Running> {
    let mut command = Command::new("nice");
    let lasting = (SETTLING + ROUND + Duration::from_millis(500)).as_millis().to_string();
    command.args(["-n", "19", "taskset", "-c", "1"]).arg(std::env::current_exe()?);
    command.args(["flood-pinned", &service.host, &service.data.display().to_string(), &lasting]);
    let mut flood = Running::start(&mut command)?;
    flood.wait_for("floods")?;
    Ok(flood)
}

/// How long each decision of a round took, from when it was due.
async fn round(load: &mut Load, quiet: &Questions, clock: &Arc<dyn Clock>) -> anyhow::Result<Vec<Duration>> {
    let signed = quiet.sign("/v1/decisions", number(RATE * ROUND.as_secs_f64()), clock.as_ref());
    let round = load.open(signed, RATE).await?;
    ensure!(round.refused == 0, "{} decisions of the quiet tenant were refused", round.refused);
    Ok(round.waits)
}

fn tell(without: &mut [Duration], within: &mut [Duration], ratios: &[f64], told: &BTreeMap<String, u32>) {
    for (name, waits) in [("without the flood", &mut *without), ("beside it", &mut *within)] {
        waits.sort_unstable();
        let [p50, p99, p999] = [500, 990, 999].map(|share| ms(percentile(waits, share)));
        print(&format!(
            "  {name:<18} p50 {p50}  p99 {p99}  p99.9 {p999}  ({} decisions, none refused)\n",
            waits.len()
        ));
    }
    let all = percentile(within, 990).as_secs_f64() / percentile(without, 990).as_secs_f64();
    let (low, high) = spread(ratios);
    print(&format!(
        "  ratio of p99: {all:.3} of all rounds; of {PAIRS} pairs, median {:.3} ({low:.3} to {high:.3}); must {MUST}\n",
        median(ratios)
    ));
    let told: Vec<String> = told.iter().map(|(what, count)| format!("{what} {count}")).collect();
    print(&format!("  what the flood was answered: {}\n", told.join(", ")));
}

/// Adds `what=count` words.
fn count(told: &mut BTreeMap<String, u32>, words: &str) -> anyhow::Result<()> {
    for word in words.split_whitespace() {
        let (what, count) = word.split_once('=').context("a count")?;
        *told.entry(what.to_owned()).or_default() += count.parse::<u32>()?;
    }
    Ok(())
}

/// What was answered, by kind and status.
type Told = Rc<RefCell<BTreeMap<String, u32>>>;

/// Floods the first tenant for so long, and says what it was answered.
pub fn flood(host: &str, data: &Path, milliseconds: u64) -> anyhow::Result<()> {
    process::block_on(pour(host, data, Duration::from_millis(milliseconds)))
}

async fn pour(host: &str, data: &Path, lasting: Duration) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let asked = questions(host, data, TENANT)?;
    let seconds = u32::try_from(lasting.as_secs() + 1)?;
    let signed = asked.sign("/v1/decisions", DECISIONS * seconds, &clock);
    let decisions = signed.iter().map(|one| [&one.head[..], asked.body(one)].concat()).collect();
    let text =
        |name: &str| Ok::<_, anyhow::Error>(std::fs::read_to_string(data.join(name))?.trim().to_owned());
    let (stream, operator) = (text(&format!("{TENANT}.log-token"))?, text("operator.token")?);
    let (began, first) = (clock.now(), u32::try_from(clock.now().seconds() % 1_000_000)? * 1_000);
    let deliveries = (0..DELIVERIES * seconds).map(|n| {
        let body = entries::delivery(began, first + n * DELIVERY, DELIVERY, |number| number % 5_000);
        let head = format!("POST /v1/logs/{TENANT} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {stream}\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body.as_bytes()].concat()
    });
    let read = format!(
        "GET /v1/decisions?tenant={TENANT} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {operator}\r\n\r\n"
    );
    let reads = vec![read.into_bytes(); usize::try_from(READS * seconds)?];
    let kinds: [(&str, Vec<Vec<u8>>, u32); 3] = [
        ("decisions", decisions, DECISIONS),
        ("deliveries", deliveries.collect(), DELIVERIES),
        ("reads", reads, READS),
    ];
    let (local, told, mut tasks) = (LocalSet::new(), Told::default(), JoinSet::new());
    for ((kind, requests, rate), connections) in kinds.into_iter().zip(CONNECTIONS) {
        let requests = Rc::new(RefCell::new(requests));
        let every = Duration::from_secs(1) * connections / rate;
        for place in 0..connections {
            let connection = Connection::open(host).await?;
            // Each in its turn: all at once would be a burst of their number and then a pause.
            let pace = Pace { first: every * place / connections, every, lasting };
            tasks.spawn_local_on(
                stream_of(kind, connection, Rc::clone(&requests), pace, Rc::clone(&told)),
                &local,
            );
        }
    }
    print("floods\n");
    local
        .run_until(async {
            while let Some(end) = tasks.join_next().await {
                end??;
            }
            anyhow::Ok(())
        })
        .await?;
    let words: Vec<String> = told.borrow().iter().map(|(what, count)| format!("{what}={count}")).collect();
    print(&format!("flooded {}\n", words.join(" ")));
    Ok(())
}

/// When a connection sends: first after so long, then regularly, until so long has passed.
struct Pace {
    first: Duration,
    every: Duration,
    lasting: Duration,
}

/// Sends what is left over one connection, each when it is due; what is late is left out.
async fn stream_of(
    kind: &'static str,
    mut connection: Connection,
    requests: Rc<RefCell<Vec<Vec<u8>>>>,
    pace: Pace,
    told: Told,
) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    time::sleep(pace.first).await;
    let mut ticks = time::interval(pace.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while clock.monotonic() < pace.lasting {
        ticks.tick().await;
        let Some(request) = requests.borrow_mut().pop() else { bail!("no {kind} were left") };
        let answer = connection.ask(&request, &[]).await?;
        *told.borrow_mut().entry(format!("{kind}:{}", answer.status)).or_default() += 1;
    }
    Ok(())
}
