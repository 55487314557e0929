//! Three times as many decisions as the shipped binary can make: how those that it answers fare, how fast it refuses the
//! rest, whether it can still be looked after, and what its memory does.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    process::Command,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use countersign_app::decide::LEDGER_BUDGET;
use countersign_core::Clock;
use tokio::{sync::Semaphore, task::LocalSet, time};

use crate::{
    clock::SystemClock,
    connection::Connection,
    decide::mib,
    figures::{median, ms, percentile},
    load::Load,
    print,
    process::{self, Running},
    question::{Questions, Signed, TENANT},
    start::Service,
};

const DECISIONS: &str = "/v1/decisions";

/// How many times its capacity is offered.
const TIMES: f64 = 3.0;

/// Connections that decisions are asked over: twice the calls that Auth0 makes at once for one tenant, and a few less than
/// the service keeps open.
const CONNECTIONS: usize = 500;

/// Connections with which the capacity is found.
const AT_CAPACITY: [usize; 2] = [64, 250];

/// Rounds by which it is found; the later half counts, since caches fill in the first.
const ROUNDS: u32 = 6;

/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(2);

/// How long too much is offered.
const TIME: Duration = Duration::from_secs(20);

/// Requests that are made ready for a round, more than the service answers in it.
const READY: u32 = 40_000;

/// Between two looks at its health.
const LOOK: Duration = Duration::from_millis(100);

/// What a refusal may take, 99 of 100.
const REFUSAL: Duration = Duration::from_millis(50);

/// What became of what was offered; times run from when a request was sent.
#[derive(Default)]
struct Told {
    decided: RefCell<Vec<Duration>>,
    refused: RefCell<Vec<Duration>>,
    others: Cell<u32>,
    broken: Cell<u32>,
    // Due while every connection waited for an answer: Auth0 refuses these by itself.
    unsent: Cell<u32>,
    health: RefCell<Vec<Duration>>,
    unhealthy: Cell<u32>,
    memory: RefCell<Vec<f64>>,
}

struct Offer {
    host: String,
    questions: Rc<Questions>,
    clock: Arc<dyn Clock>,
    signed: Vec<Signed>,
    rate: f64,
    next: Cell<u32>,
    due: Semaphore,
    idle: Cell<usize>,
    is_over: Cell<bool>,
    told: Told,
}

pub fn run(binary: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(binary))
}

async fn measure(binary: &Path) -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    let service = start(binary, folder.path())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let questions = Rc::new(service.questions()?);
    print(&format!("overload of `{}`\n", binary.display()));
    let capacity = capacity(&service, &questions, &clock).await?;
    let rate = capacity * TIMES;
    let seconds = TIME.as_secs_f64();
    print(&format!(
        "  capacity: {capacity:.0} decisions a second; offered: {rate:.0} a second for {seconds:.0} s over {CONNECTIONS} connections\n"
    ));
    let count = format!("{:.0}", rate * seconds).parse()?;
    let offer = Rc::new(Offer {
        host: service.host.clone(),
        signed: questions.sign(DECISIONS, count, clock.as_ref()),
        questions,
        clock,
        rate,
        next: Cell::new(0),
        due: Semaphore::new(0),
        idle: Cell::new(0),
        is_over: Cell::new(false),
        told: Told::default(),
    });
    offer.run(&service).await?;
    offer.told.report(seconds);
    Ok(())
}

/// The variable that sets the rate of the tenant's decisions.
const LIMIT: &str = "COUNTERSIGN__TENANTS__EXAMPLE-TENANT__LIMITS__DECISIONS_PER_SECOND";

/// The service on processor 0 alone.
fn start(binary: &Path, folder: &Path) -> anyhow::Result<Service> {
    let data = folder.join("data");
    let mut command = Command::new("taskset");
    command
        .args(["-c", "0"])
        .arg(binary)
        .args(["serve", "--tenant", TENANT])
        .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
        // Why: what sheds is to be measured, not the allowance of a tenant.
        .env(LIMIT, "0")
        .env("COUNTERSIGN__STORAGE__DIRECTORY", &data);
    let mut process = Running::start(&mut command)
        .with_context(|| format!("`{}`; build it with `cargo build --profile dist`", binary.display()))?;
    let host = process.wait_for("listens at http://")?;
    Ok(Service { process, host, data })
}

/// Decisions a second, as many as it makes when each of some connections asks again at once.
async fn capacity(
    service: &Service,
    questions: &Rc<Questions>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<f64> {
    let mut best: f64 = 0.0;
    for connections in AT_CAPACITY {
        let mut rates = vec![];
        for _ in 0..ROUNDS {
            let mut load = Load::connect(&service.host, connections, questions, clock).await?;
            let signed = questions.sign(DECISIONS, READY, clock.as_ref());
            // Why not `?`: when another process or the host has the processor, some are refused in time; that round is none.
            if let Ok(round) = load.closed(signed, ROUND).await {
                rates.push(round.rate());
            }
        }
        let rate = median(rates.get(rates.len() / 2..).unwrap_or_default());
        print(&format!(
            "  {connections} connections: {rate:.0} decisions a second ({} of {ROUNDS} rounds undisturbed)\n",
            rates.len()
        ));
        best = best.max(rate);
    }
    ensure!(best > 0.0, "its capacity could not be found on a machine as busy as this");
    Ok(best)
}

impl Offer {
    async fn run(self: &Rc<Self>, service: &Service) -> anyhow::Result<()> {
        let local = LocalSet::new();
        let began = self.clock.monotonic();
        let mut asking = Vec::new();
        for _ in 0..CONNECTIONS {
            let offer = Rc::clone(self);
            asking.push(local.spawn_local(async move { offer.ask().await }));
        }
        let offer = Rc::clone(self);
        let looking = local.spawn_local(async move { offer.look().await });
        let dispatch = async {
            let mut issued = 0;
            let mut next_look = began;
            while usize::try_from(issued)? < self.signed.len() {
                let now = self.clock.monotonic();
                // Why: a timer is a millisecond coarse, and this processor has nothing else to do.
                while usize::try_from(issued)? < self.signed.len() && self.due_at(began, issued) <= now {
                    if self.idle.get() > 0 {
                        self.idle.set(self.idle.get() - 1);
                        self.due.add_permits(1);
                    } else {
                        self.told.unsent.set(self.told.unsent.get() + 1);
                    }
                    issued += 1;
                }
                if now >= next_look {
                    self.told.memory.borrow_mut().push(mib(service.process.memory("VmRSS")?));
                    next_look += TIME / 4;
                }
                tokio::task::yield_now().await;
            }
            self.due.close();
            for task in asking {
                task.await?;
            }
            self.is_over.set(true);
            looking.await?;
            self.told.memory.borrow_mut().push(mib(service.process.memory("VmRSS")?));
            anyhow::Ok(())
        };
        local.run_until(dispatch).await
    }

    fn due_at(&self, began: Duration, place: u32) -> Duration {
        began + Duration::from_secs_f64(f64::from(place) / self.rate)
    }

    /// Asks what is due over one connection, and over another one when it breaks.
    async fn ask(&self) {
        let mut connection = None;
        loop {
            self.idle.set(self.idle.get() + 1);
            let Ok(due) = self.due.acquire().await else { return };
            due.forget();
            let place = self.next.replace(self.next.get() + 1);
            let Some(signed) = usize::try_from(place).ok().and_then(|place| self.signed.get(place)) else {
                return;
            };
            if let Ok(kept) = self.ask_one(connection.take(), signed).await {
                connection = Some(kept);
            } else {
                self.told.broken.set(self.told.broken.get() + 1);
            }
        }
    }

    async fn ask_one(&self, connection: Option<Connection>, signed: &Signed) -> anyhow::Result<Connection> {
        let sent = self.clock.monotonic();
        let mut connection = match connection {
            Some(connection) => connection,
            None => Connection::open(&self.host).await?,
        };
        let answer = connection.ask(&signed.head, self.questions.body(signed)).await?;
        let took = self.clock.monotonic().saturating_sub(sent);
        let is_refusal = answer.body.windows(10).any(|word| word == b"overloaded");
        match answer.status {
            200 => self.told.decided.borrow_mut().push(took),
            503 if is_refusal => self.told.refused.borrow_mut().push(took),
            _ => self.told.others.set(self.told.others.get() + 1),
        }
        Ok(connection)
    }

    /// Asks for its health now and then, each time over a new connection.
    async fn look(&self) {
        let head = format!("GET /health HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        while !self.is_over.get() {
            let began = self.clock.monotonic();
            let is_healthy = async {
                let status = Connection::open(&self.host).await?.ask(head.as_bytes(), &[]).await?.status;
                ensure!(status == 200, "status {status}");
                anyhow::Ok(())
            };
            match is_healthy.await {
                Ok(()) => self.told.health.borrow_mut().push(self.clock.monotonic().saturating_sub(began)),
                Err(_) => self.told.unhealthy.set(self.told.unhealthy.get() + 1),
            }
            time::sleep(LOOK).await;
        }
    }
}

impl Told {
    fn report(&self, seconds: f64) {
        for (name, times, must) in [
            ("decided (200)", &self.decided, Some(LEDGER_BUDGET * 2)),
            ("refused (503 overloaded)", &self.refused, Some(REFUSAL)),
            ("health, over new connections", &self.health, None),
        ] {
            let mut times = times.take();
            times.sort_unstable();
            let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
            let [p50, p99, longest] = [500, 990, 1_000].map(|share| ms(percentile(&times, share)));
            let must = must.map_or(String::new(), |must| format!("; p99 must be under {}", ms(must)));
            print(&format!(
                "  {name}: {count} ({:.0} a second), p50 {p50}, p99 {p99}, longest {longest}{must}\n",
                f64::from(count) / seconds
            ));
        }
        print(&format!(
            "  not sent, for want of a connection: {}; other answers: {}; connections that broke: {}; times it was not healthy: {}\n",
            self.unsent.get(),
            self.others.get(),
            self.broken.get(),
            self.unhealthy.get()
        ));
        let memory: Vec<String> = self.memory.take().iter().map(|mib| format!("{mib:.1}")).collect();
        print(&format!("  resident, each {:.0} s and after: {} MiB\n", seconds / 4.0, memory.join(", ")));
    }
}
