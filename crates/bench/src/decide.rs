//! Decisions against their floor, in one run: throughput, then latency at half of it, then what the parts cost.

use std::{path::Path, rc::Rc, time::Duration};

use anyhow::ensure;

use crate::{
    latency,
    pairs::Pairs,
    print, process,
    question::{Questions, SIGN_IN},
    served::{DECISIONS, Served},
};

/// Connections: a few, many, and as many calls as Auth0 makes at once for one tenant of its public cloud.
const CONNECTIONS: [usize; 3] = [16, 64, 250];

/// Pairs of rounds, one of the floor and one of decisions each.
const PAIRS: u32 = 5;

/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(2);

/// Measures everything about decisions on SQLite.
pub fn run() -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    process::block_on(measure(folder.path()))?;
    ensure!(process::command(0, &["steps-pinned"])?.status()?.success(), "the steps could not be measured");
    Ok(())
}

/// Sends decisions alone for so many seconds, over 64 connections.
pub fn drive(seconds: u32) -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    process::block_on(async {
        let served = Served::on_sqlite(folder.path())?;
        let questions = served.prepare(&SIGN_IN).await?;
        let mut load = served.load(64, &questions).await?;
        for _ in 0..seconds.div_ceil(2) {
            print(&format!("  {}\n", served.round(&mut load, DECISIONS, ROUND).await?));
        }
        Ok(())
    })
}

async fn measure(folder: &Path) -> anyhow::Result<()> {
    print("the service has processor 0, what drives it processor 1; SQLite\n");
    let served = Served::on_sqlite(folder)?;
    let questions = served.prepare(&SIGN_IN).await?;
    let mut fastest: f64 = 0.0;
    for connections in CONNECTIONS {
        fastest = fastest.max(throughput(&served, &questions, connections).await?);
    }
    latency::run(&served, &questions, fastest / 2.0).await?;
    print(&format!("\ndata: {:.0} MiB\n", mib(process::size_of(folder)?)));
    Ok(())
}

/// Rounds of the floor and of decisions in turn; the median rate of decisions.
pub async fn throughput(
    served: &Served,
    questions: &Rc<Questions>,
    connections: usize,
) -> anyhow::Result<f64> {
    print(&format!(
        "\nthroughput, {connections} connections: answers a second (share of the processor, its time for one answer, p99)\n"
    ));
    let mut load = served.load(connections, questions).await?;
    let mut pairs = Pairs::default();
    for _ in 0..PAIRS {
        pairs.add(served, &mut load, ROUND).await?;
        pairs.print_newest();
    }
    let summary = pairs.summary();
    summary.print();
    Ok(summary.ours)
}

/// Mebibytes.
pub fn mib(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1_024).unwrap_or(u32::MAX)) / 1_024.0
}
