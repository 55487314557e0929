//! What many callers at once cost in one process, without HTTP: commits alone, and whole decisions.

use std::{sync::Arc, time::Duration};

use countersign_core::DecisionId;
use countersign_store::{Commit, NewDecision, NewLeaf, Urgency, Write};
use tokio::task::JoinSet;

use crate::{
    print, process,
    question::{PEOPLE, SIGN_IN},
    real::{Real, ask_of},
};

/// Callers at once.
const CALLERS: u32 = 64;

/// What each caller does.
const TIMES: u32 = 500;

/// Prints processor time and time of one commit, and of one decision.
pub async fn run(real: &Real) -> anyhow::Result<()> {
    let commits = commits(real).await?;
    tell("commit", commits);
    // Everybody once, so that keys exist.
    decisions(real, "met", PEOPLE.div_ceil(CALLERS)).await?;
    let decisions = decisions(real, "asked", TIMES).await?;
    tell("whole decision, the commit included", decisions);
    Ok(())
}

fn tell(name: &str, (worked, took): (Duration, Duration)) {
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(CALLERS * TIMES);
    let (worked, took) = (each(worked), each(took));
    print(&format!(
        "  {worked:>7.2}  {name} by {CALLERS} callers at once, on the processor ({took:.2} with waiting)\n"
    ));
}

/// What passed on a processor and on the clock since.
async fn timed(
    real: &Real,
    mut callers: JoinSet<anyhow::Result<()>>,
    worked: Duration,
    began: Duration,
) -> anyhow::Result<(Duration, Duration)> {
    while let Some(end) = callers.join_next().await {
        end??;
    }
    Ok((process::cpu("self")? - worked, real.clock.monotonic() - began))
}

/// The commits of as many decisions like the real one.
async fn commits(real: &Real) -> anyhow::Result<(Duration, Duration)> {
    let (worked, began) = (process::cpu("self")?, real.clock.monotonic());
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (store, tenant) = (real.store.clone(), real.tenant.id().clone());
        let (leaf, row) = (real.leaf.clone(), real.row.clone());
        callers.spawn(async move {
            for number in 0..TIMES {
                let id: DecisionId = format!("dec_{:032x}", caller * TIMES + number).parse()?;
                let scattered = u64::from(caller * TIMES + number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let writes = vec![
                    Write::Request { id: format!("msg_{scattered:016x}"), at: row.at },
                    Write::Decision(NewDecision { id: id.clone(), ..row.clone() }),
                ];
                let leaves = vec![NewLeaf { record_id: id.to_string(), ..leaf.clone() }];
                let commit = Commit::background(tenant.clone());
                store.commit(Commit { urgency: Urgency::Decision, leaves, writes, ..commit }).await?;
            }
            Ok(())
        });
    }
    timed(real, callers, worked, began).await
}

/// As many whole decisions, of everybody in turn; their requests are parsed before the time begins.
async fn decisions(real: &Real, name: &str, times: u32) -> anyhow::Result<(Duration, Duration)> {
    let mut asked = Vec::new();
    for caller in 0..CALLERS {
        let asks = (0..times).map(|number| {
            let body = SIGN_IN.of((caller * times + number) % PEOPLE);
            ask_of(&body, &format!("msg_{name}_{caller}_{number}"), &*real.clock)
        });
        asked.push(asks.collect::<anyhow::Result<Vec<_>>>()?);
    }
    let (worked, began) = (process::cpu("self")?, real.clock.monotonic());
    let mut callers = JoinSet::new();
    for asks in asked {
        let (app, tenant, clock) = (Arc::clone(&real.app), Arc::clone(&real.tenant), Arc::clone(&real.clock));
        callers.spawn(async move {
            for mut ask in asks {
                ask.call.received = clock.monotonic();
                app.decide(&tenant, ask).await?;
            }
            Ok(())
        });
    }
    timed(real, callers, worked, began).await
}
