//! What is done by the clock: checkpoints and gaps each second, silence and forgetting each minute.

use std::{sync::Arc, time::Duration};

use countersign_app::{App, Error, Tenant};
use tokio::{sync::watch, time};

/// Between two checkpoints (DESIGN section 6).
const SECOND: Duration = Duration::from_secs(1);

/// Seconds between two looks at silence.
const SILENCE_EVERY: u64 = 60;

/// Runs until `stop` changes; a failure is logged and tried again at the next turn.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut ticks = time::interval(SECOND);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    let mut turn: u64 = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        for tenant in app.tenants() {
            log(tenant, "gap", app.record_gap(tenant).await);
            log(tenant, "checkpoint", app.sign_checkpoint(tenant).await);
            if turn.is_multiple_of(SILENCE_EVERY) {
                log(tenant, "silence", count_silence(&app, tenant).await);
                log(tenant, "requests", app.forget_requests(tenant).await);
            }
        }
        turn += 1;
    }
}

async fn count_silence(app: &App, tenant: &Tenant) -> Result<(), Error> {
    while app.count_silence(tenant).await? > 0 {}
    Ok(())
}

fn log(tenant: &Tenant, job: &'static str, end: Result<(), Error>) {
    if let Err(error) = end {
        tracing::error!(tenant.id = %tenant.id(), job, code = error.code(), detail = error.detail(), "a job failed");
    }
}
