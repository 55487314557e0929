//! Plans carried out at a sandbox tenant: 5,000 steps against what the rate limits dictate, and how long it takes from a wish to keep
//! somebody out to the first write while a bulk run holds the limiter.

use std::{
    collections::BTreeMap,
    future::Future,
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, ensure};
use countersign_adapters::management::{
    Credentials, DEFAULT_TIMEOUT, Management, Plan, RealSleep, Settings as ClientSettings, Sleep,
    Surroundings,
};
use countersign_app::{
    App, Tenant,
    acts::{Asked, Hands, PlanHead, PlanRecorder, Queue},
    management::{Api, Cause, Error, Lane, Pending, Reply},
    tenant::Port,
};
use countersign_auth0::management::AnyRequest;
use countersign_core::{Clock, Secret, Timestamp};
use countersign_plan::{
    change::{Change, Order, Origin, Wanted},
    gate::Settings,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    child::{self, Data},
    client::{CLIENT, LISTENS, SECRET},
    clock::{SystemClock, SystemEntropy},
    figures::{median, spread},
    print,
    process::{self, Running},
    question,
};

/// What the plan's bucket for writes of users holds, and how many come back in a minute (Professional).
const BURST: f64 = 20.0;
const PER_MINUTE: f64 = 200.0;

/// How often somebody is kept out while the long run is under way, and the pause between.
const ALERTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(1_500);

/// The most that may be: of the overhead, and of the time until the first write.
const MOST_OVERHEAD: f64 = 1.10;
const MOST_LATENCY: f64 = 1.0;

/// Real time, and what was slept on top of it, which takes none.
struct Skipping {
    real: SystemClock,
    skipped: AtomicU64,
}

impl Skipping {
    fn skipped(&self) -> Duration {
        Duration::from_micros(self.skipped.load(Ordering::SeqCst))
    }
}

impl Clock for Skipping {
    fn now(&self) -> Timestamp {
        self.real.now().plus(i64::try_from(self.skipped().as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.real.monotonic().saturating_add(self.skipped())
    }
}

/// Sleeps by turning the clock on.
struct Skip(Arc<Skipping>);

impl Sleep for Skip {
    fn sleep<'a>(&'a self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
            self.0.skipped.fetch_add(micros, Ordering::SeqCst);
            tokio::task::yield_now().await;
        })
    }
}

/// A client that notes when a write that keeps somebody out was answered.
struct Noted {
    client: Management,
    clock: Arc<dyn Clock>,
    answered: Arc<AtomicU64>,
}

impl Api for Noted {
    fn fetch<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Reply, Error>> {
        self.client.fetch(request, lane)
    }

    fn change<'a>(
        &'a self,
        request: &'a AnyRequest,
        lane: Lane,
        cause: &'a Cause,
    ) -> Pending<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let answer = self.client.change(request, lane, cause).await;
            if lane == Lane::Containment {
                self.answered.store(micros(self.clock.monotonic()), Ordering::SeqCst);
            }
            answer
        })
    }
}

impl Port for Noted {
    fn api(&self) -> &dyn Api {
        self
    }

    fn list<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Vec<Value>, Error>> {
        self.client.list(request, lane)
    }

    fn wait(&self, pause: Duration) -> Pending<'_, ()> {
        self.client.wait(pause)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A service that acts at the sandbox.
struct Service {
    app: Arc<App>,
    tenant: Arc<Tenant>,
    answered: Arc<AtomicU64>,
}

impl Service {
    async fn new(
        folder: &Path,
        base: &str,
        (clock, sleep): (Arc<dyn Clock>, Arc<dyn Sleep>),
    ) -> anyhow::Result<Self> {
        let data = Data::Sqlite(folder.to_owned());
        let (app, _) = child::start(&data, Arc::clone(&clock), Arc::new(SystemEntropy)).await?;
        let tenant = app.tenant(&question::tenant()?)?;
        let settings = ClientSettings {
            tenant: base.parse()?,
            client_id: CLIENT.parse()?,
            credentials: Credentials::Secret(Secret::new(SECRET.as_bytes().to_vec())),
            plan: Plan::Professional,
            authorities: None,
            timeout: DEFAULT_TIMEOUT,
        };
        let recorder = Arc::new(PlanRecorder::new(&app, &tenant));
        let surroundings =
            Surroundings { clock: Arc::clone(&clock), entropy: Arc::new(SystemEntropy), sleep, recorder };
        let answered = Arc::new(AtomicU64::new(0));
        let client = Management::new(settings, surroundings)?;
        tenant.give_hands(Hands {
            port: Box::new(Noted { client, clock, answered: Arc::clone(&answered) }),
            domain: base.trim_start_matches("http://").to_owned(),
            settings: by_itself()?,
            receivers: BTreeMap::new(),
            secrets: BTreeMap::new(),
            keeper: None,
        });
        Ok(Self { app, tenant, answered })
    }

    async fn propose(&self, changes: impl Iterator<Item = Value>) -> anyhow::Result<PlanHead> {
        let wanted = changes.map(|change| {
            let change: Change = serde_json::from_value(change)?;
            Ok(Wanted { change, reason: "to measure".to_owned(), evidence: Vec::new() })
        });
        let order = Order {
            tenant: self.tenant.id().clone(),
            title: "bench".to_owned(),
            origin: Origin::Incident { incident: "inc_bench".to_owned(), playbook: "bench".to_owned() },
            wanted: wanted.collect::<anyhow::Result<_>>()?,
        };
        let asked = Asked { order, by: "bench", incident: None, asks_people: false, audience: None };
        let proposed = self.app.propose_order(&self.tenant, asked).await;
        proposed.map_err(|error| anyhow::anyhow!("{error}: {}", error.detail().unwrap_or_default()))
    }
}

/// Everything goes by itself, however much.
fn by_itself() -> anyhow::Result<Settings> {
    let all = json!({"users": 1_000_000, "organizations": 1_000_000, "steps": 1_000_000});
    let autonomy = json!({"set_app_metadata": "auto", "block_user": "auto"});
    Ok(serde_json::from_value(json!({"tenant": {"autonomy": autonomy, "caps": {"run": all, "day": all}}}))?)
}

/// Makes so many users, and gives their ids.
async fn people(base: &str, count: u32) -> anyhow::Result<Vec<String>> {
    let bare = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(DEFAULT_TIMEOUT).build()?;
    let asked = json!({"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "audience": format!("{base}/api/v2/")});
    let token: Value = bare.post(format!("{base}/oauth/token")).json(&asked).send().await?.json().await?;
    let token = token.get("access_token").and_then(Value::as_str).context("no token")?.to_owned();
    let mut ids = Vec::new();
    for number in 0..count {
        let user = json!({"connection": "Username-Password-Authentication",
            "email": format!("p{number}@example.com"), "password": "a good password"});
        let made = bare.post(format!("{base}/api/v2/users")).bearer_auth(&token).json(&user).send().await?;
        let made: Value = made.error_for_status()?.json().await?;
        ids.push(made.get("user_id").and_then(Value::as_str).context("no user")?.to_owned());
    }
    Ok(ids)
}

fn mark(user: &str) -> Value {
    json!({"change": "set_app_metadata", "user": user, "keys": {"measured": true}})
}

/// Prints both figures; fails where one is worse than may be.
pub fn run(steps: u32) -> anyhow::Result<()> {
    let mut sandbox = Running::start(&mut process::command(0, &["sandbox-pinned"])?)?;
    let base = sandbox.wait_for(LISTENS)?;
    process::block_on(async {
        let users = people(&base, steps + ALERTS).await?;
        let overhead = overhead(&base, (&users, steps)).await?;
        let (latency, most) = latency(&base, (&users, steps)).await?;
        ensure!(
            overhead <= MOST_OVERHEAD,
            "a plan of {steps} steps takes more than {MOST_OVERHEAD} times what the limits dictate"
        );
        ensure!(
            most <= MOST_LATENCY && latency <= most,
            "the first write that keeps somebody out takes more than {MOST_LATENCY} s"
        );
        Ok(())
    })
}

/// The long plan, by a clock that waits take no real time of; everything else does.
async fn overhead(base: &str, (users, steps): (&[String], u32)) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(Skipping { real: SystemClock::start(), skipped: AtomicU64::new(0) });
    let sleep: Arc<dyn Sleep> = Arc::new(Skip(Arc::clone(&clock)));
    let service =
        Service::new(folder.path(), base, (Arc::<Skipping>::clone(&clock), Arc::clone(&sleep))).await?;
    let count = usize::try_from(steps)?;
    let plan = service.propose(users.iter().take(count).map(|user| mark(user))).await?;
    ensure!(plan.state == "approved" && plan.steps == u64::from(steps), "the plan is {}", plan.state);
    // The buckets are full again.
    sleep.sleep(Duration::from_secs(120)).await;
    let (real, began) = (clock.real.monotonic(), clock.monotonic());
    let ran = service.app.run_queue(&service.tenant, Queue::Rest, &|| false).await;
    let ran = ran.map_err(|error| anyhow::anyhow!("{error}: {}", error.detail().unwrap_or_default()))?;
    ensure!(ran.ended == 1 && ran.waiting == 0, "the run did not come to its end: {ran:?}");
    let (took, real) = (clock.monotonic() - began, clock.real.monotonic() - real);
    let dictated = (f64::from(steps) - BURST) * 60.0 / PER_MINUTE;
    let ratio = took.as_secs_f64() / dictated;
    print(&format!(
        "{steps} steps, limits of Professional: {:.1} s, of which {:.1} s are work; the limits dictate {dictated:.1} s; ratio {ratio:.3} (at most {MOST_OVERHEAD})\n",
        took.as_secs_f64(),
        real.as_secs_f64(),
    ));
    Ok(ratio)
}

/// Does what is approved, as the service's jobs do.
async fn attend(app: Arc<App>, tenant: Arc<Tenant>, queue: Queue) {
    loop {
        app.approved(&tenant, queue).await;
        if let Err(error) = app.run_queue(&tenant, queue, &|| false).await {
            print(&format!("a run failed: {error}\n"));
        }
    }
}

/// From a wish to keep somebody out until the first write is answered, in real time, while the long run is under way: the median and
/// the longest, in seconds.
async fn latency(base: &str, (users, steps): (&[String], u32)) -> anyhow::Result<(f64, f64)> {
    let folder = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let service = Service::new(folder.path(), base, (Arc::clone(&clock), Arc::new(RealSleep))).await?;
    let mut jobs = JoinSet::new();
    for queue in Queue::ALL {
        jobs.spawn(attend(Arc::clone(&service.app), Arc::clone(&service.tenant), queue));
    }
    let last = usize::try_from(steps)?;
    // Changed back, since they are as the plan before left them.
    let back =
        |user: &String| json!({"change": "set_app_metadata", "user": user, "keys": {"measured": false}});
    service.propose(users.iter().take(100).map(back)).await?;
    // Long enough that its writes wait for the limiter.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut took = Vec::new();
    for user in users.iter().skip(last) {
        let began = clock.monotonic();
        service.answered.store(0, Ordering::SeqCst);
        service.propose(std::iter::once(json!({"change": "block_user", "user": user}))).await?;
        let answered = loop {
            match service.answered.load(Ordering::SeqCst) {
                0 => tokio::time::sleep(Duration::from_millis(1)).await,
                answered => break answered,
            }
            ensure!(clock.monotonic() - began < Duration::from_secs(30), "nobody was kept out");
        };
        took.push(Duration::from_micros(answered).saturating_sub(began).as_secs_f64());
        tokio::time::sleep(PAUSE).await;
    }
    jobs.shutdown().await;
    let (least, most) = spread(&took);
    let middle = median(&took);
    print(&format!(
        "from the wish to keep somebody out to the answer of the first write, beside a bulk run: {middle:.3} s ({least:.3} to {most:.3}, {} times; at most {MOST_LATENCY})\n",
        took.len()
    ));
    Ok((middle, most))
}
