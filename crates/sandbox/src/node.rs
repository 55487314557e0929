//! The Node host: runs real Actions of every trigger in one process of its own, many executions at once.

mod effects;
mod files;
mod handler;
mod keeper;
mod process;
mod wire;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::JoinSet,
};

pub use effects::{Call, Claims, Denial, Effects, Exchange, Lifetime, Revocation, Scopes};
pub use files::materialize;
pub use handler::Handler;
use keeper::{Job, keep};
use process::Process;
use wire::Said;
pub use wire::{Action, Answer, Execution, Outcome, Thrown};

/// Executions in flight at once, as many as Auth0 gives one tenant (250, Auth0 "Actions Limitations").
const IN_FLIGHT: usize = 250;
/// How often an execution is sent again after its code, which a process that died in between does not know.
const HANDOVERS: usize = 3;
/// The longest line in either direction, in bytes: 1 MiB.
const MAX_LINE: usize = 1 << 20;

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The `node` program: a path, or a name that is looked up.
    pub program: PathBuf,
    /// The host script.
    pub host: PathBuf,
    /// Worker threads, at least 1.
    pub workers: u16,
    limits: Limits,
}

/// How patient the host is with its process; all judgement.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// For the first line after a start.
    ready: Duration,
    /// For an answer, beyond the execution's own limit.
    grace: Duration,
    /// Before the first restart; doubles with each further one.
    back_off: Duration,
    /// Restarts in a row without an answer in between.
    restarts: u32,
}

impl Launch {
    /// Two workers of the `node` that is found on the search path.
    #[must_use]
    pub fn new(host: PathBuf) -> Self {
        let limits = Limits {
            ready: Duration::from_secs(10),
            grace: Duration::from_secs(5),
            back_off: Duration::from_millis(200),
            restarts: 5,
        };
        Self { program: "node".into(), host, workers: 2, limits }
    }
}

/// Why an execution has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The program isn't there.
    #[error("the `node` program was not found")]
    NodeMissing,
    /// The process could not be started.
    #[error("the node host could not be started: {0}")]
    Start(std::io::ErrorKind),
    /// The process ended, or said something else, before it said that it is ready.
    #[error("the node host did not become ready")]
    NotReady,
    /// The process ended while the execution was in flight; it is started again.
    #[error("the node host ended during the execution")]
    Died,
    /// No answer came within the execution's limit and some grace; the process is started again.
    #[error("the node host gave no answer in time")]
    TimedOut,
    /// The request is longer than 1 MiB as JSON.
    #[error("the execution can't be sent: its request is over 1 MiB")]
    TooLarge,
    /// The event is no object, or the host would not run the request.
    #[error("the node host refused the execution")]
    Refused,
    /// The Action's code is none, or too long.
    #[error("the node host can't load the Action")]
    Unloadable,
    /// The host was stopped, or given up after too many restarts.
    #[error("the node host is gone")]
    Gone,
}

/// A running Node host; dropping it kills the process.
#[derive(Debug)]
pub struct Host {
    jobs: mpsc::Sender<Job>,
    permits: Arc<Semaphore>,
    next_id: AtomicU64,
    grace: Duration,
    node: String,
    tasks: JoinSet<()>,
}

impl Host {
    /// Starts the process and waits until it is ready.
    ///
    /// # Errors
    /// `NodeMissing` without the program, `Start` when the system refuses, `NotReady` when it doesn't become ready.
    pub async fn start(launch: Launch) -> Result<Self, HostError> {
        let (process, node) = Process::start(&launch).await?;
        let (jobs, inbox) = mpsc::channel(IN_FLIGHT);
        let grace = launch.limits.grace;
        let mut tasks = JoinSet::new();
        tasks.spawn(keep(launch, process, inbox));
        let permits = Arc::new(Semaphore::new(IN_FLIGHT));
        Ok(Self { jobs, permits, next_id: AtomicU64::new(1), grace, node, tasks })
    }

    /// The version of Node, such as `v20.19.2`.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Hands code over, and says what is wrong with it: it is too long, or no JavaScript. `run` does that by itself.
    ///
    /// # Errors
    /// As `run`.
    pub async fn load(&self, action: &Action) -> Result<Option<String>, HostError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        match self.ask(id, action.line(id)?, Duration::ZERO).await? {
            Said::Loaded => Ok(None),
            Said::Unloadable(why) => Ok(Some(why)),
            Said::Answer(_) | Said::Unknown => Err(HostError::Refused),
        }
    }

    /// Runs a function of an Action once. Waits while 250 executions are in flight.
    ///
    /// # Errors
    /// `TooLarge` or `Refused` before anything is sent; `Died`, `TimedOut`, `Refused`, `Unloadable` or `Gone` after.
    pub async fn run(&self, execution: &Execution) -> Result<Answer, HostError> {
        let limit = Duration::from_millis(u64::from(execution.timeout_ms));
        for _ in 0..HANDOVERS {
            let id = self.next_id.fetch_add(1, Ordering::Relaxed);
            match self.ask(id, execution.line(id)?, limit).await? {
                Said::Answer(answer) => return Ok(*answer),
                Said::Unknown => {}
                Said::Loaded | Said::Unloadable(_) => return Err(HostError::Refused),
            }
            if self.load(&execution.action).await?.is_some() {
                return Err(HostError::Unloadable);
            }
        }
        Err(HostError::Died)
    }

    async fn ask(&self, id: u64, line: Vec<u8>, limit: Duration) -> Result<Said, HostError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| HostError::Gone)?;
        let (reply, answer) = oneshot::channel();
        let job = Job { id, line, limit: limit + self.grace, reply, permit };
        self.jobs.send(job).await.map_err(|_| HostError::Gone)?;
        answer.await.map_err(|_| HostError::Gone)?
    }

    /// Ends the process in order: its input is closed, and it has two seconds to go.
    pub async fn stop(self) {
        let Self { jobs, mut tasks, .. } = self;
        drop(jobs);
        // Why: a host that doesn't end by itself is killed when its task is dropped.
        let _ = tokio::time::timeout(Duration::from_secs(3), tasks.join_next()).await;
    }
}

#[cfg(test)]
mod tests;
