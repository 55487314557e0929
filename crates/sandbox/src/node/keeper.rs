//! Keeps a process running: hands out executions, matches answers to them, and starts another process when it ends.

use std::{collections::HashMap, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    task::{AbortHandle, JoinSet},
};

use super::{
    HostError, Launch,
    process::Process,
    wire::{Reply, Said},
};

/// The longest pause before a restart; judgement.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An execution on its way to the process.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) line: Vec<u8>,
    /// After how long without an answer the process counts as stuck.
    pub(super) limit: Duration,
    pub(super) reply: oneshot::Sender<Result<Said, HostError>>,
    pub(super) permit: OwnedSemaphorePermit,
}

/// An execution in flight; its permit is given back with it.
struct Pending {
    reply: oneshot::Sender<Result<Said, HostError>>,
    alarm: AbortHandle,
    _permit: OwnedSemaphorePermit,
}

/// Why a process is served no more.
enum End {
    /// Nobody is left to ask for anything.
    Stopped,
    /// It ended, broke the rules or got stuck; with whether it ever answered.
    Failed { answered: bool },
}

/// Serves jobs until nobody is left to send any, or until too many processes in a row ended without an answer.
pub(super) async fn keep(launch: Launch, first: Process, mut inbox: mpsc::Receiver<Job>) {
    let mut process = first;
    let mut failures = 0_u32;
    loop {
        match serve(&mut process, &mut inbox).await {
            End::Stopped => return process.stop().await,
            End::Failed { answered: true } => failures = 1,
            End::Failed { answered: false } => failures += 1,
        }
        drop(process);
        process = loop {
            if failures > launch.limits.restarts {
                return;
            }
            let pause = launch.limits.back_off.saturating_mul(1 << (failures - 1).min(16));
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            match Process::start(&launch).await {
                Ok((process, _)) => break process,
                Err(_) => failures += 1,
            }
        };
    }
}

/// Serves one process until its end; then everything in flight has been told.
async fn serve(process: &mut Process, inbox: &mut mpsc::Receiver<Job>) -> End {
    let mut in_flight: HashMap<u64, Pending> = HashMap::new();
    let mut alarms: JoinSet<u64> = JoinSet::new();
    let mut answered = false;
    let end = loop {
        tokio::select! {
            job = inbox.recv() => match job {
                None => break End::Stopped,
                Some(job) => {
                    if !accept(job, process, &mut in_flight, &mut alarms) {
                        break End::Failed { answered };
                    }
                }
            },
            line = process.output.recv() => {
                let Some(reply) = line.and_then(|line| serde_json::from_slice::<Reply>(&line).ok()) else {
                    break End::Failed { answered };
                };
                answered = true;
                if let Some(pending) = reply.id.and_then(|id| in_flight.remove(&id)) {
                    pending.alarm.abort();
                    // Why: whoever asked may have left in the meantime.
                    let _ = pending.reply.send(reply.said());
                }
            },
            Some(alarm) = alarms.join_next() => {
                // Why: an alarm that was put off ends as canceled.
                if let Some(pending) = alarm.ok().and_then(|id| in_flight.remove(&id)) {
                    let _ = pending.reply.send(Err(HostError::TimedOut));
                    break End::Failed { answered };
                }
            },
        }
    };
    for (_, pending) in in_flight.drain() {
        let _ = pending.reply.send(Err(HostError::Died));
    }
    end
}

/// Sends a job to the process; false if the process takes none any more.
fn accept(
    job: Job,
    process: &Process,
    in_flight: &mut HashMap<u64, Pending>,
    alarms: &mut JoinSet<u64>,
) -> bool {
    let Job { id, line, limit, reply, permit } = job;
    if reply.is_closed() {
        return true;
    }
    if !process.send(line) {
        let _ = reply.send(Err(HostError::Died));
        return false;
    }
    let alarm = alarms.spawn(async move {
        tokio::time::sleep(limit).await;
        id
    });
    in_flight.insert(id, Pending { reply, alarm, _permit: permit });
    true
}
