//! What an input costs: time of the processor, memory, and whether it ends at all.

use std::{
    fs,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

/// How long an input may take by the clock before it is said to hang, with other work on the machine.
const HANG: Duration = Duration::from_secs(60);

/// What this thread had of the processor so far.
fn cpu() -> Duration {
    // Linux, Documentation/scheduler/sched-stats.rst: the first field is nanoseconds on the processor.
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// The most memory that this process had since it was last asked to forget it, in bytes.
fn peak_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// What was spent before an input.
pub(crate) struct Cost {
    cpu: Duration,
    peak: u64,
}

impl Cost {
    pub(crate) fn start() -> Self {
        Self { cpu: cpu(), peak: peak_bytes() }
    }

    /// The processor's time of this thread since then, and by how much the most memory grew.
    pub(crate) fn end(&self) -> (Duration, u64) {
        (cpu().saturating_sub(self.cpu), peak_bytes().saturating_sub(self.peak))
    }
}

/// Ends the process, and says why, when an input does not end.
pub(crate) struct Watchdog(Option<Sender<Arc<[u8]>>>);

impl Watchdog {
    pub(crate) fn start(name: &'static str) -> Self {
        let (sender, inputs) = mpsc::channel::<Arc<[u8]>>();
        thread::spawn(move || {
            // An empty one says that the one before it has ended.
            let mut current: Option<Arc<[u8]>> = None;
            loop {
                match (inputs.recv_timeout(HANG), &current) {
                    (Ok(input), _) => current = (!input.is_empty()).then_some(input),
                    (Err(RecvTimeoutError::Disconnected), _) => return,
                    (Err(RecvTimeoutError::Timeout), None) => {}
                    (Err(RecvTimeoutError::Timeout), Some(input)) => {
                        let start = input.get(..2_000).unwrap_or(input);
                        eprintln!(
                            "fuzz {name}: an input of {} bytes does not end within {HANG:?}: {}",
                            input.len(),
                            start.escape_ascii()
                        );
                        std::process::abort();
                    }
                }
            }
        });
        Self(Some(sender))
    }

    fn send(&self, input: &[u8]) {
        if let Some(sender) = &self.0 {
            drop(sender.send(input.into()));
        }
    }

    pub(crate) fn begin(&self, input: &[u8]) {
        self.send(input);
    }

    pub(crate) fn end(&self) {
        self.send(&[]);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}
