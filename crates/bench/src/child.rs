//! The service under measurement: everything that `countersign serve` puts together, and the routes to compare with.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{anyhow, bail};
use countersign_app::{App, Ports, TenantConfig};
use countersign_core::{Clock, Entropy, Mode, Secret, Verdict};
use countersign_policy::{Ceiling, Claims, Document, Floor, Snapshot, Subject};
use countersign_privacy::{MasterKey, Token};
use countersign_server::{Bench, Limits, Operator, Server, Settings, signature::SigningKey};
use countersign_store::{Access, PostgresSettings, Store};
use tokio::{net::TcpListener, task::JoinSet, time};

use crate::{
    clock::{SystemClock, SystemEntropy},
    print, question,
};

/// What the child says before its address.
pub const LISTENS: &str = "listens at ";

/// The operator's token.
pub const TOKEN: &str = "bench";

/// That token's text.
pub const LOG_TOKEN: &str = "lgs_bench";

/// Connections for the reads of sign-ins, as many as `countersign serve` makes by itself.
const CONNECTIONS: u32 = 8;

/// Where a service keeps its records.
pub enum Data {
    /// SQLite in a folder.
    Sqlite(PathBuf),
    /// The addresses of two databases of PostgreSQL, for records and keys.
    Postgres(String, String),
}

impl Data {
    /// The words on the child's command line.
    pub fn words(&self) -> Vec<&str> {
        match self {
            Self::Sqlite(folder) => vec!["sqlite", folder.to_str().unwrap_or_default()],
            Self::Postgres(records, keys) => vec!["postgres", records, keys],
        }
    }

    fn parse(words: &[&str]) -> anyhow::Result<Self> {
        match words {
            ["sqlite", folder] => Ok(Self::Sqlite(folder.into())),
            ["postgres", records, keys] => Ok(Self::Postgres((*records).to_owned(), (*keys).to_owned())),
            _ => bail!("no data are named"),
        }
    }

    async fn open(&self, clock: &Arc<dyn Clock>) -> anyhow::Result<Store> {
        match self {
            Self::Sqlite(folder) => Ok(Store::open_sqlite(folder, Access::Own, clock)?),
            Self::Postgres(records, keys) => {
                let [records_url, keys_url] =
                    [records, keys].map(|url| Secret::new(url.clone().into_bytes()));
                let settings = PostgresSettings { records_url, keys_url, connections: CONNECTIONS };
                Ok(Store::connect_postgres(settings, Access::Own, clock).await?)
            }
        }
    }

    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(folder) => Some(folder),
            Self::Postgres(..) => None,
        }
    }
}

/// Enforces with claims, and ten floors and ceilings that all apply.
pub fn policy() -> anyhow::Result<Snapshot> {
    let mut policy = Document::default();
    policy.tenant.mode = Some(Mode::Enforce);
    policy.tenant.claims = Some(Claims { risk_level: true, ..Claims::default() });
    let mut when = vec![
        Subject::default(),
        Subject { roles: Some(vec!["owner".to_owned(), "member".to_owned()]), ..Subject::default() },
        Subject { organizations: Some(vec!["org_9ybsU1dN2dKfDkBi".parse()?]), ..Subject::default() },
        Subject { clients: Some(vec!["q3fYvK1mXn8sT0aBcDeFgHiJkLmNoPqR".parse()?]), ..Subject::default() },
    ];
    when.push(Subject { roles: Some(vec!["member".to_owned()]), ..when.get(2).cloned().unwrap_or_default() });
    let floors = when.iter().cloned().map(|when| Floor { when, at_least: Verdict::Annotate });
    policy.floors = floors.collect();
    policy.ceilings = when.into_iter().map(|when| Ceiling { when, at_most: Verdict::Deny }).collect();
    Snapshot::new(policy).map_err(|faults| anyhow!("the policy has {} faults", faults.len()))
}

/// The key that the child and what drives it share.
pub fn signing_key() -> anyhow::Result<SigningKey> {
    Ok(SigningKey::parse(&SigningKey::text(&[7; 32]))?)
}

/// The token by which the tenant's log stream delivers.
pub fn log_token() -> anyhow::Result<Token> {
    Token::received(LOG_TOKEN).ok_or_else(|| anyhow!("not a token"))
}

/// The use cases over a store, as `countersign serve` starts them.
pub async fn start(
    data: &Data,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> anyhow::Result<(Arc<App>, Store)> {
    let store = data.open(&clock).await?;
    let ports = Ports {
        store: store.clone(),
        clock,
        entropy,
        process: format!("bench-{}", std::process::id()),
        master: MasterKey::new(&Secret::new(vec![5; 32]))?,
        earlier_masters: Vec::new(),
        checkpoint_seed: Secret::new(vec![6; 32]),
        earlier_checkpoint_seeds: Vec::new(),
        site: "countersign.bench".to_owned(),
        places: None,
        domains: None,
        checkpoint_folder: data.folder().map(Path::to_owned),
        access: Default::default(),
    };
    let tenant = TenantConfig {
        id: question::tenant()?,
        policy: policy()?,
        enrichment: None,
        console_client: None,
        hooks: Vec::new(),
        watch: Default::default(),
    };
    Ok((App::start(ports, vec![tenant]).await?, store))
}

/// Serves until standard input ends.
pub fn run(words: &[&str]) -> anyhow::Result<()> {
    // The runtime of `countersign serve`: as many workers as the process may use processors.
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(&Data::parse(words)?))
}

async fn serve(data: &Data) -> anyhow::Result<()> {
    let (app, store) = start(data, Arc::new(SystemClock::start()), Arc::new(SystemEntropy)).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let tenant = question::tenant()?;
    // Limits that are looked at each time and never met: a tenant's allowance is not what is measured.
    let limits =
        Limits { decisions_per_second: 1_000_000, log_entries_per_second: 1_000_000, ..Limits::default() };
    let settings = Settings {
        limits: [(tenant.clone(), limits)].into(),
        log_tokens: [(tenant.clone(), vec![log_token()?.digest()])].into(),
        keys: [(tenant.clone(), vec![signing_key()?])].into(),
        hosts: vec![address.clone()],
        ..Settings::new(Operator::new(TOKEN.as_bytes()))
    };
    let server = Server::new(Arc::clone(&app), settings);
    let router = server.router_to_measure(Bench { store, tenant, appended_to: "bare-appends".parse()? });
    let mut tasks = JoinSet::new();
    tasks.spawn(each_second(Arc::clone(&app)));
    if app.is_shared() {
        tasks.spawn(keep_up(app));
    }
    tasks.spawn(async move {
        // Why: an error ends the connections, which what drives us notices.
        let _ = axum::serve(listener, router).await;
    });
    print(&format!("{LISTENS}{address}\n"));
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    tasks.shutdown().await;
    Ok(())
}

/// The job of each second that `countersign serve` runs as well.
async fn each_second(app: Arc<App>) {
    let mut ticks = time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        for tenant in app.tenants() {
            // Why: one that fails is signed a second later.
            if let Ok(Some(lead)) = app.lead(tenant).await {
                let _ = app.sign_next_checkpoint(tenant, &lead).await;
            }
        }
    }
}

/// Looks at what other processes changed, as `countersign serve` does: when it hears of it, and each half second.
async fn keep_up(app: Arc<App>) {
    let mut ticks = time::interval(Duration::from_millis(500));
    let mut changes = app.changes();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.changed(&mut changes) => {}
        }
        for tenant in app.tenants() {
            // Why: what can't be read now is read at the next turn.
            let _ = app.refresh(tenant).await;
        }
    }
}
