//! How long the shipped binary takes from its start to its first decision, on an empty directory.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use anyhow::{Context, ensure};
use countersign_core::Clock;
use countersign_server::signature::SigningKey;

use crate::{
    clock::SystemClock,
    connection::Connection,
    decide::mib,
    figures::{median, spread},
    print,
    process::{self, Running},
    question::{Questions, SIGN_IN, TENANT},
};

/// Starts that are measured.
const RUNS: u32 = 10;

/// `countersign serve` on a directory of its own.
pub struct Service {
    /// The process.
    pub process: Running,
    /// Where it listens.
    pub host: String,
    /// Its data.
    pub data: PathBuf,
}

impl Service {
    /// Starts the binary and waits until it says where it listens.
    pub fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let data = folder.join("data");
        let mut command = Command::new(binary);
        command
            .args(["serve", "--tenant", TENANT])
            .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
            .env("COUNTERSIGN__STORAGE__DIRECTORY", &data)
            // Any number: a tenant's allowance is not what is measured.
            .env("COUNTERSIGN__TENANTS__EXAMPLE-TENANT__LIMITS__DECISIONS_PER_SECOND", "0");
        let mut process = Running::start(&mut command)
            .with_context(|| format!("`{}`; build it with `cargo build --profile dist`", binary.display()))?;
        let host = process.wait_for("listens at http://")?;
        Ok(Self { process, host, data })
    }

    /// Questions signed by the key that it made for its tenant.
    pub fn questions(&self) -> anyhow::Result<Questions> {
        let text = std::fs::read_to_string(self.data.join(format!("{TENANT}.action-key")))?;
        Ok(Questions::new(&SIGN_IN, &self.host, SigningKey::parse(&text)?))
    }
}

pub fn run(binary: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let (mut healthy, mut decided, mut idle) = (vec![], vec![], vec![]);
    for _ in 0..RUNS {
        let (health, decision, memory) = runtime.block_on(once(binary, clock.as_ref()))?;
        healthy.push(health);
        decided.push(decision);
        idle.push(memory);
    }
    print(&format!("start of `{}` on an empty directory, {RUNS} runs\n", binary.display()));
    for (name, unit, values) in [
        ("to /health ok", "ms", &healthy),
        ("to the first decision, answered", "ms", &decided),
        ("memory before any decision (resident)", "MiB", &idle),
    ] {
        let (low, high) = spread(values);
        print(&format!("  {name}: median {:.1} {unit} ({low:.1} to {high:.1})\n", median(values)));
    }
    Ok(())
}

/// Milliseconds to health and to the first decision, and mebibytes between the two.
async fn once(binary: &Path, clock: &dyn Clock) -> anyhow::Result<(f64, f64, f64)> {
    let folder = process::data_folder()?;
    let began = clock.monotonic();
    let passed = || (clock.monotonic() - began).as_secs_f64() * 1e3;
    let service = Service::start(binary, folder.path())?;
    let mut connection = Connection::open(&service.host).await?;
    let head = format!("GET /health HTTP/1.1\r\nhost: {}\r\n\r\n", service.host);
    ensure!(connection.ask(head.as_bytes(), &[]).await?.status == 200, "it is not healthy");
    let health = passed();
    let memory = mib(service.process.memory("VmRSS")?);
    let questions = service.questions()?;
    let signed = questions.sign("/v1/decisions", 1, clock);
    let signed = signed.first().context("a question")?;
    ensure!(connection.ask(&signed.head, questions.body(signed)).await?.status == 200, "no decision");
    Ok((health, passed(), memory))
}
