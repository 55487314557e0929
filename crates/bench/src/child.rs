//! The service under measurement: everything that `countersign serve` puts together, and the routes to compare with.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::anyhow;
use countersign_app::{App, Ports, TenantConfig};
use countersign_core::{Clock, Entropy, Mode, Secret, Verdict};
use countersign_policy::{Ceiling, Claims, Document, Floor, Snapshot, Subject};
use countersign_privacy::MasterKey;
use countersign_server::{Bench, Operator, Server, Settings, signature::SigningKey};
use countersign_store::{Access, Store};
use tokio::{net::TcpListener, task::JoinSet, time};

use crate::{
    clock::{SystemClock, SystemEntropy},
    print, question,
};

/// What the child says before its address.
pub const LISTENS: &str = "listens at ";

/// The bytes of a decision's sealed body (measured 2026-11-22 for the question sent here, with a profile).
const SEALED_BYTES: usize = 5_600;

/// The bytes of a decision's answer, likewise.
const ANSWER_BYTES: usize = 1_150;

/// Enforces with claims, and ten floors and ceilings that all apply.
pub fn policy() -> anyhow::Result<Document> {
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
    Ok(policy)
}

/// The key that the child and what drives it share.
pub fn signing_key() -> anyhow::Result<SigningKey> {
    Ok(SigningKey::parse(&SigningKey::text(&[7; 32]))?)
}

/// Serves until standard input ends.
pub fn run(folder: &Path) -> anyhow::Result<()> {
    // The runtime of `countersign serve`: as many workers as the process may use processors.
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(folder))
}

async fn serve(folder: &Path) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let store = Store::open_sqlite(folder, Access::Own, &clock)?;
    let master = MasterKey::new(&Secret::new(vec![5; 32]))?;
    let tenant = question::tenant()?;
    let ports = Ports {
        store: store.clone(),
        clock,
        entropy,
        master,
        checkpoint_seed: Secret::new(vec![6; 32]),
        site: "countersign.bench".to_owned(),
        checkpoint_folder: Some(folder.to_owned()),
    };
    let policy =
        Snapshot::new(policy()?).map_err(|faults| anyhow!("the policy has {} faults", faults.len()))?;
    let app = App::start(ports, vec![TenantConfig { id: tenant.clone(), policy }]).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let settings = Settings {
        keys: [(tenant.clone(), vec![signing_key()?])].into(),
        hosts: vec![address.clone()],
        operator: Operator::new(b"bench"),
    };
    let server = Server::new(Arc::clone(&app), settings);
    let bench = Bench {
        store,
        tenant: "bare-appends".parse()?,
        sealed_bytes: SEALED_BYTES,
        answer: "x".repeat(ANSWER_BYTES),
    };
    let router = server.router_to_measure(bench);
    let mut tasks = JoinSet::new();
    tasks.spawn(sign_checkpoints(app));
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
async fn sign_checkpoints(app: Arc<App>) {
    let mut ticks = time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        for tenant in app.tenants() {
            // Why: one that fails is signed a second later.
            let _ = app.sign_checkpoint(tenant).await;
        }
    }
}
