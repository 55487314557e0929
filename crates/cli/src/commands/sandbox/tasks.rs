//! What runs beside the requests: deliveries of log and event streams, and what people do in a scenario.

use std::{sync::Arc, time::Duration};

use countersign_core::Clock;
use countersign_sandbox::{
    stream::{Mishaps, Sender, pump},
    tenant::http::Shell,
};
use tokio::{task::JoinSet, time};

/// How long after a change streams deliver; also how often they look without one, for what is to be tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// Starts them; they end with the set.
pub fn start(shell: &Shell, clock: Arc<dyn Clock>, mishaps: Mishaps) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(deliveries(shell.clone(), clock, mishaps));
    tasks.spawn(scenario(shell.clone()));
    tasks
}

/// Lets happen what falls due in the scenario, one thing after the other, until it is dropped.
async fn scenario(shell: Shell) {
    let mut is_well = true;
    loop {
        while let Some(played) = shell.play_scenario().await {
            // Why once: where Node is missing, each sign-in fails alike.
            if let (Err(fault), true) = (&played, is_well) {
                tracing::error!(?fault, "a sign-in of the scenario went wrong");
            }
            is_well = played.is_ok();
        }
        time::sleep(PAUSE).await;
    }
}

/// Delivers what log and event streams have, until it is dropped.
pub async fn deliveries(shell: Shell, clock: Arc<dyn Clock>, mishaps: Mishaps) {
    let sender = match Sender::new() {
        Ok(sender) => sender,
        Err(error) => {
            let error = anyhow::Error::new(error);
            tracing::error!(error = format!("{error:#}"), "log and event streams are not delivered");
            return;
        }
    };
    let tenant = shell.tenant();
    loop {
        if pump(&tenant, &sender, mishaps, clock.now()).await > 0 {
            shell.touch();
        }
        time::sleep(PAUSE).await;
    }
}
