//! Decisions on PostgreSQL against their own floor: the same service, the same layers, another store.

use std::{rc::Rc, time::Duration};

use anyhow::{Context, anyhow};
use countersign_testdb::Server;

use crate::{
    child::Data,
    decide::{mib, throughput},
    latency, print, process,
    question::{Questions, SIGN_IN},
    served::{DECISIONS, Served},
};

/// Connections to the service.
const CONNECTIONS: [usize; 3] = [16, 64, 250];

/// How long PostgreSQL's own processor time is watched.
const WATCHED: Duration = Duration::from_secs(4);

/// A server of PostgreSQL for one run, with the two databases of a service; gone with the run.
pub struct Database {
    server: Server,
    folder: String,
}

impl Database {
    /// Starts a server on the processor that this process is pinned to.
    pub fn start() -> anyhow::Result<Self> {
        let server = countersign_testdb::start_on_disk().context("PostgreSQL is not installed")?;
        let folder = ask(&server, "SHOW data_directory")?;
        for name in ["records", "keys"] {
            ask(&server, &format!("CREATE DATABASE {name}"))?;
        }
        Ok(Self { server, folder })
    }

    /// Where a service finds its databases.
    pub fn data(&self) -> Data {
        Data::Postgres(self.server.url("records"), self.server.url("keys"))
    }

    /// Prints what kind of server it is, and how the two processors are shared out.
    pub fn introduce(&self, services: &str) -> anyhow::Result<()> {
        let [version, fsync, commit] = ["server_version", "fsync", "synchronous_commit"]
            .map(|name| ask(&self.server, &format!("SHOW {name}")));
        print(&format!(
            "PostgreSQL {} with its own settings (fsync {}, synchronous_commit {}), over a local socket, its data in `{}` on {}\n\
             {services}; PostgreSQL has processor 1 and shares it with what asks, so that it has less of it than in life\n",
            version?,
            fsync?,
            commit?,
            self.folder,
            process::file_system(self.folder.as_ref())?
        ));
        Ok(())
    }

    /// Time that all its processes had on a processor, those of the moment.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let pids = std::fs::read_to_string(format!("{}/postmaster.pid", self.folder))?;
        process::cpu_of_family(pids.lines().next().context("no postmaster")?)
    }
}

fn ask(server: &Server, sql: &str) -> anyhow::Result<String> {
    server
        .execute("postgres", sql)
        .map(|said| said.trim().to_owned())
        .map_err(|said| anyhow!("`{sql}`: {said}"))
}

/// Measures everything about decisions on PostgreSQL.
pub fn run() -> anyhow::Result<()> {
    let database = Database::start()?;
    process::block_on(measure(&database))
}

async fn measure(database: &Database) -> anyhow::Result<()> {
    database.introduce("the service has processor 0")?;
    print("the floor leaves PostgreSQL idle, so that the ratio is a lower bound\n");
    let served = Served::start(&database.data())?;
    let questions = served.prepare(&SIGN_IN).await?;
    let mut fastest: f64 = 0.0;
    for connections in CONNECTIONS {
        fastest = fastest.max(throughput(&served, &questions, connections).await?);
    }
    watch(database, &served, &questions).await?;
    latency::run(&served, &questions, fastest / 2.0).await?;
    print(&format!("\ndata: {:.0} MiB\n", mib(process::size_of(database.folder.as_ref())?)));
    Ok(())
}

/// Prints what a decision costs the service and what it costs PostgreSQL.
async fn watch(database: &Database, served: &Served, questions: &Rc<Questions>) -> anyhow::Result<()> {
    let mut load = served.load(64, questions).await?;
    let before = database.cpu()?;
    let round = served.round(&mut load, DECISIONS, WATCHED).await?;
    let worked = (database.cpu()? - before).as_secs_f64() * 1e6 / (round.rate * WATCHED.as_secs_f64());
    print(&format!(
        "\nprocessor time for one decision, 64 connections: service {:.1} us, PostgreSQL {worked:.1} us\n",
        round.micros
    ));
    Ok(())
}
