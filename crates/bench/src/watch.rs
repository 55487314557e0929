//! A tenant's log in one process, without HTTP: deliveries about people who were never seen, and looking at what is journaled.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::ensure;
use countersign_app::{App, Tenant};
use countersign_auth0::log;
use countersign_core::{Clock, Timestamp};

use crate::{
    child::{self, Data},
    clock::{SystemClock, SystemEntropy},
    entries, print, process, question,
};

/// Entries of a delivery.
const DELIVERY: u32 = 1_000;

/// Entries in all.
const ENTRIES: u32 = 100_000;

/// People that they are about: the first half of the entries is each about somebody who was not there before.
const PEOPLE: u32 = 50_000;

/// Prints entries a second of both.
pub fn run() -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime()?.block_on(journal(folder.path()))?;
    // Why another one: nothing of the first process is to be known to the second.
    runtime()?.block_on(look(folder.path()))
}

async fn open(folder: &Path) -> anyhow::Result<(Arc<dyn Clock>, Arc<App>, Arc<Tenant>)> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let data = Data::Sqlite(folder.to_owned());
    let (app, _) = child::start(&data, Arc::clone(&clock), Arc::new(SystemEntropy)).await?;
    let tenant = app.tenant(&question::tenant()?)?;
    Ok((clock, app, tenant))
}

async fn journal(folder: &Path) -> anyhow::Result<()> {
    let (clock, app, tenant) = open(folder).await?;
    let began = clock.now().plus(-i64::from(ENTRIES) * 1_000);
    let (mut new, mut known) = (Duration::ZERO, Duration::ZERO);
    for first in (0..ENTRIES).step_by(usize::try_from(DELIVERY)?) {
        let took = deliver(&*clock, &app, &tenant, (began, first)).await?;
        if first < PEOPLE { new += took } else { known += took }
    }
    let rate = |entries: u32, took: Duration| f64::from(entries) / took.as_secs_f64();
    print(&format!(
        "deliveries of {DELIVERY}: {:.0} entries/s each about a person who was not there before, {:.0} about known ones\n",
        rate(PEOPLE, new),
        rate(ENTRIES - PEOPLE, known)
    ));
    Ok(())
}

async fn deliver(
    clock: &dyn Clock,
    app: &App,
    tenant: &Tenant,
    (began, first): (Timestamp, u32),
) -> anyhow::Result<Duration> {
    let text = entries::delivery(began, first, DELIVERY, |number| number % PEOPLE);
    let before = clock.monotonic();
    let delivered = app.take_logs(tenant, log::entries(&text)?).await?;
    ensure!(delivered.taken == u64::from(DELIVERY), "{delivered:?}");
    Ok(clock.monotonic() - before)
}

async fn look(folder: &Path) -> anyhow::Result<()> {
    let (clock, app, tenant) = open(folder).await?;
    let lead = app.lead(&tenant).await?;
    let lead = lead.ok_or_else(|| anyhow::anyhow!("another process leads"))?;
    let (mut looked_at, mut alerts, before) = (0, 0, clock.monotonic());
    loop {
        let worked = app.watch_next(&tenant, &lead).await?;
        if worked.entries == 0 {
            break;
        }
        looked_at += worked.entries;
        alerts += worked.alerts;
    }
    ensure!(looked_at == u64::from(ENTRIES), "{looked_at} entries were looked at");
    let took = clock.monotonic() - before;
    print(&format!(
        "looking at {ENTRIES} entries about {PEOPLE} people: {:.0} entries/s, {alerts} alerts that are new or have grown\n",
        f64::from(ENTRIES) / took.as_secs_f64()
    ));
    Ok(())
}
