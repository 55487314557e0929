//! The Management API client against a bare one: the same request, to the same sandbox tenant with limits off.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use countersign_adapters::management::{
    Credentials, DEFAULT_TIMEOUT, Management, Plan, RealSleep, Settings, Surroundings,
};
use countersign_app::management::{End, Intent, Lane, Pending, RecordError, Recorder};
use countersign_auth0::management::{UserId, users};
use countersign_core::{Clock, Secret};
use countersign_sandbox::tenant::{
    Options, Plan as SandboxPlan, Tenant,
    http::{Shell, router},
};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    clock::{SystemClock, SystemEntropy},
    figures::{median, spread},
    print,
    process::{self, Running},
};

/// Requests at once.
const CALLERS: [u32; 3] = [1, 16, 64];

/// Pairs of rounds for each.
const PAIRS: u32 = 7;

/// How long a round takes.
const ROUND: Duration = Duration::from_secs(2);

pub const LISTENS: &str = "listens at ";
pub const CLIENT: &str = "bench";
pub const SECRET: &str = "bench-secret";

/// Serves a sandbox tenant without limits until it is killed.
pub fn serve() -> anyhow::Result<()> {
    process::block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let options = Options {
            name: "bench".to_owned(),
            base_url: url.clone(),
            plan: SandboxPlan::Unlimited,
            seed: 7,
            client_id: CLIENT.to_owned(),
            client_secret: SECRET.to_owned(),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let shell = Shell::new(Tenant::new(options)?, clock, "http");
        print(&format!("{LISTENS}{url}\n"));
        axum::serve(listener, router(shell)).await?;
        Ok(())
    })
}

/// Nothing is written here but by the bare client.
struct ReadsOnly;

impl Recorder for ReadsOnly {
    fn intend<'a>(&'a self, _: Intent<'a>) -> Pending<'a, Result<String, RecordError>> {
        Box::pin(async { Err(RecordError) })
    }

    fn end<'a>(&'a self, _: &'a str, _: End) -> Pending<'a, ()> {
        Box::pin(async {})
    }
}

/// Both clients, and what they ask for.
struct Clients {
    ours: Arc<Management>,
    bare: reqwest::Client,
    url: String,
    shown: HeaderValue,
    user: UserId,
    clock: Arc<dyn Clock>,
}

/// A round: answers a second, and processor time of this process for one in microseconds.
#[derive(Clone, Copy)]
struct Measured {
    rate: f64,
    micros: f64,
}

impl Clients {
    async fn new(base: &str) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let bare =
            reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(DEFAULT_TIMEOUT).build()?;
        let asked = json!({"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "audience": format!("{base}/api/v2/")});
        let token: Value = bare.post(format!("{base}/oauth/token")).json(&asked).send().await?.json().await?;
        let token = token.get("access_token").and_then(Value::as_str).context("no token")?;
        let shown = HeaderValue::from_str(&format!("Bearer {token}"))?;
        let new = json!({"connection": "Username-Password-Authentication", "email": "pat@example.com", "password": "a good password"});
        let made = bare.post(format!("{base}/api/v2/users")).header(AUTHORIZATION, shown.clone()).json(&new);
        let made: Value = made.send().await?.json().await?;
        let user: UserId = made.get("user_id").and_then(Value::as_str).context("no user")?.parse()?;
        let settings = Settings {
            tenant: base.parse()?,
            client_id: CLIENT.parse()?,
            credentials: Credentials::Secret(Secret::new(SECRET.as_bytes().to_vec())),
            plan: Plan::Unlimited,
            authorities: None,
            timeout: DEFAULT_TIMEOUT,
        };
        let surroundings = Surroundings {
            clock: Arc::clone(&clock),
            entropy: Arc::new(SystemEntropy),
            sleep: Arc::new(RealSleep),
            recorder: Arc::new(ReadsOnly),
        };
        let ours = Arc::new(Management::new(settings, surroundings)?);
        let url = format!("{base}/api/v2/users/{}", user.as_str().replace('|', "%7C"));
        Ok(Self { ours, bare, url, shown, user, clock })
    }

    /// So many callers at once, each asking again as soon as it is answered, with `ask` for one request.
    async fn round<F>(&self, callers: u32, ask: impl Fn() -> F) -> anyhow::Result<Measured>
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let (worked, began) = (process::cpu("self")?, self.clock.monotonic());
        let mut under_way = JoinSet::new();
        for _ in 0..callers {
            under_way.spawn(ask());
        }
        let mut answered = 0_u32;
        while let Some(end) = under_way.join_next().await {
            end??;
            answered += 1;
            if self.clock.monotonic() - began < ROUND {
                under_way.spawn(ask());
            }
        }
        let (worked, took) = (process::cpu("self")? - worked, self.clock.monotonic() - began);
        let answered = f64::from(answered);
        Ok(Measured { rate: answered / took.as_secs_f64(), micros: worked.as_secs_f64() * 1e6 / answered })
    }

    async fn bare(&self, callers: u32) -> anyhow::Result<Measured> {
        let ask = || {
            let request = self.bare.get(&self.url).header(AUTHORIZATION, self.shown.clone());
            async move {
                let answer = request.send().await?.error_for_status()?;
                ensure!(!answer.bytes().await?.is_empty(), "an empty answer");
                Ok(())
            }
        };
        self.round(callers, ask).await
    }

    async fn ours(&self, callers: u32) -> anyhow::Result<Measured> {
        let ask = || {
            let (management, request, user) =
                (Arc::clone(&self.ours), users::get(&self.user), self.user.clone());
            async move {
                let found = management.read(&request, Lane::Interactive).await?;
                ensure!(found.user_id == user, "another user");
                Ok(())
            }
        };
        self.round(callers, ask).await
    }
}

/// Prints rates of both in turn, and their ratio.
pub fn run() -> anyhow::Result<()> {
    let mut sandbox = Running::start(&mut process::command(0, &["sandbox-pinned"])?)?;
    let base = sandbox.wait_for(LISTENS)?;
    process::block_on(async {
        let clients = Clients::new(&base).await?;
        for callers in CALLERS {
            print(&format!("{callers} requests at once, {PAIRS} pairs of {} s\n", ROUND.as_secs()));
            // Once unmeasured: connections and the token.
            clients.bare(callers).await?;
            clients.ours(callers).await?;
            let (mut bare, mut ours) = (Vec::new(), Vec::new());
            for _ in 0..PAIRS {
                bare.push(clients.bare(callers).await?);
                ours.push(clients.ours(callers).await?);
            }
            tell(&bare, &ours);
        }
        Ok(())
    })
}

fn tell(bare: &[Measured], ours: &[Measured]) {
    let middle =
        |rounds: &[Measured], of: fn(&Measured) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
    let ratios = |of: fn(&Measured, &Measured) -> f64| {
        let ratios: Vec<f64> = bare.iter().zip(ours).map(|(bare, ours)| of(bare, ours)).collect();
        let (low, high) = spread(&ratios);
        format!("{:.3} ({low:.3} to {high:.3})", median(&ratios))
    };
    print(&format!(
        "  bare {:.0} a second, ours {:.0}, ratio {}\n  processor time of the client for one: bare {:.1} us, ours {:.1} us, ratio {}\n",
        middle(bare, |one| one.rate),
        middle(ours, |one| one.rate),
        ratios(|bare, ours| ours.rate / bare.rate),
        middle(bare, |one| one.micros),
        middle(ours, |one| one.micros),
        ratios(|bare, ours| bare.micros / ours.micros),
    ));
}
