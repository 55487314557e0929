//! Two tenants at the shipped binary, one of which is flooded: how long the other's decisions wait, in turn beside nothing, beside as much as
//! the first is allowed by itself, and beside the flood.
//!
//! The service has processor 0. What asks for the first tenant and what asks for the quiet one are two processes on processor 1, and the second
//! goes first there and sleeps between its requests, so that neither holds up the other; how late its requests were sent is printed. The first
//! is paced by the clock: decisions, deliveries of its log, and reads by a credential without an allowance.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
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
    load::{Load, Round},
    print,
    process::{self, Running},
    question::{PEOPLE, QUIET, Questions, SIGN_IN, TENANT},
    served::number,
};

/// Decisions a second of the quiet tenant: a thousandth of them is still a few in all rounds together.
const RATE: f64 = 200.0;

/// How long a round of any kind lasts, and how many times all of them are gone through.
const ROUND: Duration = Duration::from_secs(5);
const TURNS: u32 = 10;

/// How long the first tenant asks before anything is measured beside it.
const SETTLING: Duration = Duration::from_secs(2);

/// What the first tenant asks for in a second.
#[derive(Clone, Copy)]
struct Use {
    decisions: u32,
    /// Each of `DELIVERY` entries.
    deliveries: u32,
    /// Of the newest decisions.
    reads: u32,
}

/// All that a tenant is allowed by itself; reads have no allowance here.
const ALLOWED: Use = Use { decisions: 500, deliveries: 5, reads: 100 };

/// Six times the decisions and twice the entries that it is allowed.
const FLOOD: Use = Use { decisions: 3_000, deliveries: 10, reads: 100 };

/// Entries of a delivery.
const DELIVERY: u32 = 100;

/// Connections for decisions, deliveries and reads.
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
        let mut command = process::ordinary();
        command.args(["taskset", "-c", "0"]).arg(binary).args(["serve", "--tenant", TENANT]);
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
    let met = load.open_between_others(quiet.sign("/v1/decisions", PEOPLE, clock.as_ref()), RATE).await?;
    ensure!(met.answered == PEOPLE, "{} of {PEOPLE} were decided", met.answered);
    print(&format!(
        "the quiet tenant asks for {RATE:.0} decisions a second; the other for what it is allowed ({}), or for more ({})\n",
        ALLOWED.words(),
        FLOOD.words()
    ));
    let [mut without, mut allowed, mut flooded] = [Seen::default(), Seen::default(), Seen::default()];
    for turn in 0..TURNS {
        without.add(round(&mut load, &quiet, &clock).await?);
        let mut others = [("allowed", &mut allowed), ("flood", &mut flooded)];
        // Why in turn: what changes with time, and what the one leaves behind, would fall on the same one each time.
        if turn % 2 == 1 {
            others.reverse();
        }
        for (name, seen) in others {
            let mut other = asking(&service, name)?;
            time::sleep(SETTLING).await;
            seen.add(round(&mut load, &quiet, &clock).await?);
            count(&mut seen.told, &other.wait_for("asked ")?)?;
            drop(other);
            // What is left to do is done before the next round.
            time::sleep(SETTLING).await;
        }
    }
    tell(&[("alone", without), ("beside what is allowed", allowed), ("beside the flood", flooded)]);
    Ok(())
}

/// Starts what asks for the first tenant, at the lowest priority; it ends by itself.
fn asking(service: &Service, name: &str) -> anyhow::Result<Running> {
    let mut command = process::ordinary();
    let lasting = (SETTLING + ROUND + Duration::from_millis(500)).as_millis().to_string();
    command.args(["nice", "-n", "19", "taskset", "-c", "1"]).arg(std::env::current_exe()?);
    command.args(["neighbor-pinned", name, &service.host, &service.data.display().to_string(), &lasting]);
    let mut other = Running::start(&mut command)?;
    other.wait_for("asks")?;
    Ok(other)
}

/// How long each decision of a round took, from when it was due, and how late it was asked for.
async fn round(load: &mut Load, quiet: &Questions, clock: &Arc<dyn Clock>) -> anyhow::Result<Round> {
    let signed = quiet.sign("/v1/decisions", number(RATE * ROUND.as_secs_f64()), clock.as_ref());
    let round = load.open_between_others(signed, RATE).await?;
    ensure!(round.refused == 0, "{} decisions of the quiet tenant were refused", round.refused);
    Ok(round)
}

/// The rounds of one kind.
#[derive(Default)]
struct Seen {
    waits: Vec<Duration>,
    late: Vec<Duration>,
    /// The p99 of each round, in seconds.
    p99: Vec<f64>,
    /// What the first tenant was answered meanwhile.
    told: BTreeMap<String, u32>,
}

impl Seen {
    fn add(&mut self, round: Round) {
        self.p99.push(percentile(&round.waits, 990).as_secs_f64());
        self.waits.extend(round.waits);
        self.late.extend(round.late);
        self.waits.sort_unstable();
        self.late.sort_unstable();
    }

    /// This p99 to another: of all rounds, and of each pair of them.
    fn to(&self, other: &Self) -> (f64, Vec<f64>) {
        let of_all = |seen: &Self| percentile(&seen.waits, 990).as_secs_f64();
        (
            of_all(self) / of_all(other),
            self.p99.iter().zip(&other.p99).map(|(ours, theirs)| ours / theirs).collect(),
        )
    }
}

impl Use {
    fn words(self) -> String {
        let Self { decisions, deliveries, reads } = self;
        format!("{decisions} decisions, {deliveries} deliveries of {DELIVERY} entries, {reads} reads")
    }
}

fn tell(kinds: &[(&str, Seen); 3]) {
    for (name, seen) in kinds {
        let [p50, p99, p999] = [500, 990, 999].map(|share| ms(percentile(&seen.waits, share)));
        let late = ms(percentile(&seen.late, 990));
        print(&format!(
            "  {name:<22} p50 {p50}  p99 {p99}  p99.9 {p999}  ({} decisions, none refused; sent late, p99 {late})\n",
            seen.waits.len()
        ));
    }
    let [(_, alone), (_, allowed), (_, flood)] = kinds;
    for (what, ours, theirs, must) in [
        ("flood to alone", flood, alone, format!("; must {MUST}")),
        ("allowed to alone", allowed, alone, String::new()),
        ("flood to allowed", flood, allowed, String::new()),
    ] {
        let (all, pairs) = ours.to(theirs);
        let (low, high) = spread(&pairs);
        print(&format!(
            "  p99, {what:<16} {all:.3} of all rounds; of {TURNS} pairs, median {:.3} ({low:.3} to {high:.3}){must}\n",
            median(&pairs)
        ));
    }
    for (name, seen) in &kinds[1..] {
        let told: Vec<String> = seen.told.iter().map(|(what, count)| format!("{what} {count}")).collect();
        print(&format!("  {name}, the other was answered: {}\n", told.join(", ")));
    }
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

/// Asks for the first tenant for so long, and says what it was answered.
pub fn neighbor(name: &str, host: &str, data: &Path, milliseconds: u64) -> anyhow::Result<()> {
    let asks = match name {
        "allowed" => ALLOWED,
        "flood" => FLOOD,
        _ => bail!("`{name}` is neither `allowed` nor `flood`"),
    };
    process::block_on(ask(asks, host, data, Duration::from_millis(milliseconds)))
}

async fn ask(asks: Use, host: &str, data: &Path, lasting: Duration) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let asked = questions(host, data, TENANT)?;
    let seconds = u32::try_from(lasting.as_secs() + 1)?;
    let signed = asked.sign("/v1/decisions", asks.decisions * seconds, &clock);
    let decisions = signed.iter().map(|one| [&one.head[..], asked.body(one)].concat()).collect();
    let text =
        |name: &str| Ok::<_, anyhow::Error>(std::fs::read_to_string(data.join(name))?.trim().to_owned());
    let (stream, operator) = (text(&format!("{TENANT}.log-token"))?, text("operator.token")?);
    let (began, first) = (clock.now(), u32::try_from(clock.now().seconds() % 1_000_000)? * 1_000);
    let deliveries = (0..asks.deliveries * seconds).map(|n| {
        let body = entries::delivery(began, first + n * DELIVERY, DELIVERY, |number| number % 5_000);
        let head = format!("POST /v1/logs/{TENANT} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {stream}\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body.as_bytes()].concat()
    });
    let read = format!(
        "GET /v1/decisions?tenant={TENANT} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {operator}\r\n\r\n"
    );
    let reads = vec![read.into_bytes(); usize::try_from(asks.reads * seconds)?];
    let kinds: [(&str, Vec<Vec<u8>>, u32); 3] = [
        ("decisions", decisions, asks.decisions),
        ("deliveries", deliveries.collect(), asks.deliveries),
        ("reads", reads, asks.reads),
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
    print("asks\n");
    local
        .run_until(async {
            while let Some(end) = tasks.join_next().await {
                end??;
            }
            anyhow::Ok(())
        })
        .await?;
    let words: Vec<String> = told.borrow().iter().map(|(what, count)| format!("{what}={count}")).collect();
    print(&format!("asked {}\n", words.join(" ")));
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
