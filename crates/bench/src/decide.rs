//! Decisions against their floor, in one run: throughput, then latency at half of it, then what the parts cost.

use std::{path::Path, rc::Rc, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use countersign_core::Clock;

use crate::{
    child::{self, LISTENS},
    clock::SystemClock,
    connection::Connection,
    figures::{median, ms, percentile, spread},
    load::{Load, Round},
    print,
    process::{self, Running},
    question::Questions,
};

const DECISIONS: &str = "/v1/decisions";
const FLOOR: &str = "/bench/floor";
const APPEND: &str = "/bench/append";

/// Connections: a few, many, and as many calls as Auth0 makes at once for one tenant (Auth0, "Actions limitations").
const CONNECTIONS: [usize; 3] = [16, 64, 250];

/// Pairs of rounds, one of the floor and one of decisions each.
const PAIRS: u32 = 5;

/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(2);

/// The part of the time that the floor must have the processor, for a pair to say something.
const UNDISTURBED: f64 = 0.9;

/// How long each of the two halves of a latency measurement lasts.
const HALF: Duration = Duration::from_secs(5);

/// Requests that are made ready for a round, more than any server answers in it.
const READY: u32 = 120_000;

/// Sign-ins that each person with a profile has completed before.
const PAST: u32 = 5;

struct Bench {
    server: Running,
    host: String,
    questions: Rc<Questions>,
    clock: Arc<dyn Clock>,
}

pub fn run() -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure(folder.path()))?;
    ensure!(process::command(0, &["steps-pinned"])?.status()?.success(), "the steps could not be measured");
    Ok(())
}

/// Sends decisions alone for so many seconds, over 64 connections.
pub fn drive(seconds: u32) -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut bench = Bench::start(folder.path()).await?;
        let mut load = bench.load(64).await?;
        for _ in 0..seconds.div_ceil(2) {
            print(&format!("  {}\n", bench.round(&mut load, DECISIONS).await?));
        }
        Ok(())
    })
}

async fn measure(folder: &Path) -> anyhow::Result<()> {
    let mut bench = Bench::start(folder).await?;
    let mut fastest: f64 = 0.0;
    for connections in CONNECTIONS {
        fastest = fastest.max(bench.throughput(connections).await?);
    }
    bench.latency(fastest / 2.0).await?;
    print(&format!("\ndata: {:.0} MiB\n", mib(process::size_of(folder)?)));
    Ok(())
}

impl Bench {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.to_str().context("an odd path")?;
        let mut server = Running::start(&mut process::command(0, &["serve-pinned", path])?)?;
        let host = server.wait_for(LISTENS)?;
        let questions = Rc::new(Questions::new(&host, child::signing_key()?));
        let mut bench = Self { server, host, questions, clock: Arc::new(SystemClock::start()) };
        bench.warm_up().await?;
        Ok(bench)
    }

    /// Lets everybody sign in once, so that keys exist, and half of them complete some more, so that profiles do.
    async fn warm_up(&mut self) -> anyhow::Result<()> {
        let mut connection = Connection::open(&self.host).await?;
        let mut sizes = (0, 0);
        for past in 0..=PAST {
            let people = if past == 0 { crate::question::PEOPLE } else { crate::question::PEOPLE / 2 };
            for signed in self.questions.sign(DECISIONS, people, self.clock.as_ref()) {
                let answer = connection.ask(&signed.head, self.questions.body(&signed)).await?;
                ensure!(answer.status == 200, "{}", String::from_utf8_lossy(answer.body));
                sizes = (self.questions.body(&signed).len(), answer.body.len());
                if past == 0 {
                    continue;
                }
                let answer: serde_json::Value = serde_json::from_slice(answer.body)?;
                let outcome =
                    serde_json::json!({ "kind": "completed", "decision_id": answer.get("decision_id") })
                        .to_string();
                let request =
                    self.questions.sign_body("/v1/outcomes", outcome.as_bytes(), self.clock.as_ref());
                ensure!(connection.ask(&request, &[]).await?.status == 200, "an outcome was not taken");
            }
        }
        print(&format!("a request's body has {} bytes, an answer's {}\n", sizes.0, sizes.1));
        Ok(())
    }

    async fn load(&self, connections: usize) -> anyhow::Result<Load> {
        Load::connect(&self.host, connections, &self.questions, &self.clock).await
    }

    /// Rounds of the floor and of decisions in turn; the median rate of decisions.
    async fn throughput(&mut self, connections: usize) -> anyhow::Result<f64> {
        print(&format!(
            "\nthroughput, {connections} connections: answers a second (share of the processor, its time for one answer, p99)\n"
        ));
        let mut load = self.load(connections).await?;
        let (mut floors, mut decisions) = (vec![], vec![]);
        for _ in 0..PAIRS {
            let floor = self.round(&mut load, FLOOR).await?;
            let ours = self.round(&mut load, DECISIONS).await?;
            // Why: when even the floor does not get the processor, another process or the host has it.
            let note = if floor.share < UNDISTURBED { "  disturbed, not counted" } else { "" };
            print(&format!(
                "  floor {floor}   decisions {ours}   ratio {:.3}{note}\n",
                ours.rate / floor.rate
            ));
            if note.is_empty() {
                floors.push(floor);
                decisions.push(ours);
            }
        }
        let of = |measured: &[Measured], figure: fn(&Measured) -> f64| {
            median(&measured.iter().map(figure).collect::<Vec<_>>())
        };
        let ratios: Vec<f64> =
            floors.iter().zip(&decisions).map(|(floor, ours)| ours.rate / floor.rate).collect();
        let (low, high) = spread(&ratios);
        print(&format!(
            "  median of {} pairs: floor {:.0}, decisions {:.0}, ratio {:.3} ({low:.3} to {high:.3}); must 0.35, aim 0.5\n  \
             processor time for one answer: floor {:.1} us, decision {:.1} us\n",
            ratios.len(),
            of(&floors, |one| one.rate),
            of(&decisions, |one| one.rate),
            median(&ratios),
            of(&floors, |one| one.micros),
            of(&decisions, |one| one.micros),
        ));
        Ok(of(&decisions, |one| one.rate))
    }

    async fn round(&mut self, load: &mut Load, path: &str) -> anyhow::Result<Measured> {
        let signed = self.questions.sign(path, READY, self.clock.as_ref());
        let before = self.server.cpu()?;
        let round = load.closed(signed, ROUND).await?;
        let worked = (self.server.cpu()? - before).as_secs_f64();
        Ok(Measured {
            rate: round.rate(),
            share: worked / round.took.as_secs_f64(),
            micros: worked * 1e6 / f64::from(round.answered),
            p99: percentile(&round.waits, 990),
        })
    }

    /// Waiting times at a fixed rate, of decisions and of bare appends, in turn.
    async fn latency(&mut self, rate: f64) -> anyhow::Result<()> {
        print(&format!("\nlatency at {rate:.0} a second, from the time for which a request was scheduled\n"));
        let mut load = self.load(64).await?;
        let count = number(rate * HALF.as_secs_f64());
        let (mut decisions, mut appends) = (vec![], vec![]);
        for _ in 0..2 {
            let signed = self.questions.sign(DECISIONS, count, self.clock.as_ref());
            let Round { waits, .. } = load.open(signed, rate).await?;
            decisions.extend(waits);
            let Round { waits, .. } = load.open(self.questions.bare(APPEND, count), rate).await?;
            appends.extend(waits);
        }
        for (name, waits) in [("decisions", &mut decisions), ("bare append", &mut appends)] {
            waits.sort_unstable();
            let [p50, p99, p999] = [500, 990, 999].map(|share| ms(percentile(waits, share)));
            print(&format!("  {name:<12} p50 {p50}  p99 {p99}  p99.9 {p999}  ({} requests)\n", waits.len()));
        }
        let more = percentile(&decisions, 990).as_secs_f64() - percentile(&appends, 990).as_secs_f64();
        print(&format!("  p99 of decisions less that of appends: {:.3} ms; must 4, aim 2\n", more * 1e3));
        Ok(())
    }
}

/// What a round showed.
struct Measured {
    /// Answers a second.
    rate: f64,
    /// The part of the time that the server had its processor, 0 to 1.
    share: f64,
    /// Microseconds of the processor for one answer.
    micros: f64,
    /// The waiting time below which 99 % lie.
    p99: Duration,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rate, share, micros, p99 } = self;
        write!(f, "{rate:>6.0} ({:.0} %, {micros:.1} us, {})", share * 100.0, ms(*p99))
    }
}

/// A count of requests; the fraction is cut off.
fn number(count: f64) -> u32 {
    format!("{count:.0}").parse().unwrap_or(0)
}

/// Mebibytes.
pub fn mib(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1_024).unwrap_or(u32::MAX)) / 1_024.0
}
