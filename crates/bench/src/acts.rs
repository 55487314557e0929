//! Plans carried out at a sandbox tenant: 5,000 steps against what the rate limits dictate, and how long it takes from an alert to the
//! first write of the plan that a shipped playbook answers it with, while a bulk run holds the limiter.

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
    acts::{Asked, Hands, PlanFilter, PlanHead, PlanRecorder, Queue},
    management::{Api, Asked as Operation, Cause, Error, Lane, Pass, Pending, Reply},
    tenant::Port,
};
use countersign_auth0::{
    log,
    management::{AnyRequest, UserId, users},
};
use countersign_core::{Clock, Secret, Timestamp};
use countersign_plan::{
    change::{Change, Order, Origin, Wanted},
    gate::Settings,
};
use parking_lot::Mutex;
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

/// How often somebody is kept out while a bulk run is under way, and the pause between.
const ALERTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(1_500);

/// Steps of the bulk run, at the most: more than the limits let through meanwhile.
const BULK: usize = 400;

/// How long the bulk run goes before the first alert, so that its writes wait for the limiter.
const BEFORE: Duration = Duration::from_secs(10);

/// How long is waited for the first write at the most.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// Whom the next write is to keep out, and when the first of those writes was answered.
#[derive(Default)]
struct Awaited {
    /// The path of the account.
    path: Mutex<String>,
    /// In microseconds; 0: not yet.
    answered: AtomicU64,
}

/// A client that notes when somebody was kept out. Entries of the log are read at the tenant as ever; what they say is put in here, since
/// nobody writes into a sandbox's log.
struct Noted {
    client: Management,
    clock: Arc<dyn Clock>,
    awaited: Arc<Awaited>,
    entries: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl Api for Noted {
    fn fetch<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let answer = self.client.fetch(request, lane).await;
            let id = request.path().strip_prefix("/logs/");
            match id.and_then(|id| self.entries.lock().get(id).map(ToString::to_string)) {
                Some(entry) => Ok(Reply { status: 200, body: entry.into_bytes(), next: None }),
                None => answer,
            }
        })
    }

    fn change<'a>(
        &'a self,
        request: &'a AnyRequest,
        lane: Lane,
        cause: &'a Cause,
    ) -> Pending<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let answer = self.client.change(request, lane, cause).await;
            self.note(request, lane);
            answer
        })
    }

    fn pass(&self, operation: Operation, lane: Lane) -> Pending<'_, Result<Pass, Error>> {
        self.client.pass(operation, lane)
    }

    fn change_in<'a>(
        &'a self,
        pass: Pass,
        (request, lane): (&'a AnyRequest, Lane),
        cause: &'a Cause,
    ) -> Pending<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let answer = self.client.change_in(pass, (request, lane), cause).await;
            self.note(request, lane);
            answer
        })
    }
}

impl Noted {
    fn note(&self, request: &AnyRequest, lane: Lane) {
        if lane == Lane::Containment && request.path().starts_with(&*self.awaited.path.lock()) {
            let now = micros(self.clock.monotonic());
            // Why one alone: the plan has more writes, and the first counts.
            let _ = self.awaited.answered.compare_exchange(0, now, Ordering::SeqCst, Ordering::SeqCst);
        }
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
    awaited: Arc<Awaited>,
    entries: Arc<Mutex<BTreeMap<String, Value>>>,
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
        let (awaited, entries) = (Arc::<Awaited>::default(), Arc::default());
        let client = Management::new(settings, surroundings)?;
        tenant.give_hands(Hands {
            port: Box::new(Noted {
                client,
                clock,
                awaited: Arc::clone(&awaited),
                entries: Arc::clone(&entries),
            }),
            domain: base.trim_start_matches("http://").to_owned(),
            settings: by_itself()?,
            receivers: BTreeMap::new(),
            secrets: BTreeMap::new(),
            keeper: None,
        });
        Ok(Self { app, tenant, awaited, entries })
    }

    async fn propose(&self, changes: impl Iterator<Item = Value>) -> anyhow::Result<PlanHead> {
        let wanted = changes.map(|change| {
            let change: Change = serde_json::from_value(change)?;
            Ok(Wanted { change, reason: "to measure".to_owned(), evidence: Vec::new() })
        });
        let order = Order {
            tenant: self.tenant.id().clone(),
            title: "bench".to_owned(),
            origin: Origin::Workflow { workflow: "bench".to_owned(), person: None },
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
    let autonomy = json!({"set_app_metadata": "auto", "block_user": "auto", "revoke_access": "auto"});
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
    ensure!(f64::from(steps) > BURST, "more steps than go at once, which is {BURST}");
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
            "the first write that keeps somebody out takes more than {MOST_LATENCY} s from the alert on"
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

/// Answers incidents, as the service's jobs do.
async fn respond(app: Arc<App>, tenant: Arc<Tenant>) {
    loop {
        app.incidents_changed(&tenant).await;
        let answered = async {
            match app.lead(&tenant).await? {
                Some(lead) => app.respond_next(&tenant, &lead).await.map(drop),
                None => Ok(()),
            }
        };
        if let Err(error) = answered.await {
            print(&format!("an incident could not be answered: {error}\n"));
        }
    }
}

/// Two uses of one family of refresh tokens, far from each other.
fn theft(user: &str, number: usize, now: Timestamp) -> Vec<Value> {
    let places = [(15, "198.51.100.7", "IE", 53.4, -6.3), (0, "203.0.113.9", "PE", -12.1, -77.0)];
    let entry = |(ago, ip, country, latitude, longitude): (i64, &str, &str, f64, f64)| {
        let id = format!("bench{number}x{ago}");
        json!({
            "_id": id, "log_id": id, "type": "sertft", "date": now.plus(-ago * 60 * 1_000_000).to_string(), "user_id": user,
            "client_id": "app", "ip": ip,
            "location_info": {"country_code": country, "latitude": latitude, "longitude": longitude},
            "details": {"familyId": format!("family{number}"), "tokenCounter": 1},
        })
    };
    places.into_iter().map(entry).collect()
}

impl Service {
    /// From the look that raises an alert until the first write that keeps its account out is answered.
    async fn contain(&self, clock: &dyn Clock, (user, number): (&str, usize)) -> anyhow::Result<Duration> {
        let entries = theft(user, number, clock.now());
        let known = entries
            .iter()
            .filter_map(|entry| Some((entry.get("log_id")?.as_str()?.to_owned(), entry.clone())));
        self.entries.lock().extend(known);
        let text = Value::from(entries).to_string();
        ensure!(
            self.app.take_logs(&self.tenant, log::entries(&text)?).await?.taken == 2,
            "nothing was journaled"
        );
        let user: UserId = user.parse()?;
        users::get(&user).any().path().clone_into(&mut self.awaited.path.lock());
        self.awaited.answered.store(0, Ordering::SeqCst);
        let began = clock.monotonic();
        let lead = self.app.lead(&self.tenant).await?.context("another process leads")?;
        while self.app.watch_next(&self.tenant, &lead).await?.entries > 0 {}
        loop {
            match self.awaited.answered.load(Ordering::SeqCst) {
                0 => tokio::time::sleep(Duration::from_millis(1)).await,
                answered => return Ok(Duration::from_micros(answered).saturating_sub(began)),
            }
            ensure!(clock.monotonic() - began < PATIENCE, "nobody was kept out");
        }
    }
}

/// From alerts to first writes, in real time, while a bulk run is under way: the median and the longest, in seconds.
async fn latency(base: &str, (users, steps): (&[String], u32)) -> anyhow::Result<(f64, f64)> {
    let folder = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let service = Service::new(folder.path(), base, (Arc::clone(&clock), Arc::new(RealSleep))).await?;
    let mut jobs = JoinSet::new();
    for queue in Queue::ALL {
        jobs.spawn(attend(Arc::clone(&service.app), Arc::clone(&service.tenant), queue));
    }
    jobs.spawn(respond(Arc::clone(&service.app), Arc::clone(&service.tenant)));
    let last = usize::try_from(steps)?;
    // Changed back, since they are as the plan before left them.
    let back =
        |user: &String| json!({"change": "set_app_metadata", "user": user, "keys": {"measured": false}});
    let bulk = service.propose(users.iter().take(last.min(BULK)).map(back)).await?;
    tokio::time::sleep(BEFORE).await;
    let mut took = Vec::new();
    for (number, user) in users.iter().enumerate().skip(last) {
        took.push(service.contain(clock.as_ref(), (user, number)).await?.as_secs_f64());
        tokio::time::sleep(PAUSE).await;
    }
    let bulk = service.app.plan(&service.tenant, &bulk.id).await?.plan;
    jobs.shutdown().await;
    let plans = service.app.plans(&service.tenant, PlanFilter::default(), ALERTS + 1).await?;
    let contained =
        plans.iter().filter(|listed| listed.kinds.len() == 3 && listed.plan.state == "done").count();
    let (least, most) = spread(&took);
    let middle = median(&took);
    print(&format!(
        "from an alert to the answer of the first write of the playbook's plan, beside a bulk run: {middle:.3} s ({least:.3} to {most:.3}, {} times; at most {MOST_LATENCY}); {contained} plans of mark, block and end of sessions done; the bulk run is {}\n",
        took.len(),
        bulk.state,
    ));
    ensure!(contained == took.len(), "{contained} of {} plans were carried out", took.len());
    ensure!(bulk.state == "running" || last < BULK, "the bulk run was over too early to hold the limiter");
    Ok((middle, most))
}
