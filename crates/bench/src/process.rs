//! Processes of our own: pinned to a processor, watched by what the kernel tells of them.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};

/// One tick of the kernel's accounts of processor time, as `getconf CLK_TCK` tells it on x86-64 and arm64: 100 a second.
const TICK: Duration = Duration::from_millis(10);

/// The command that runs this program with `arguments` on one processor.
pub fn command(processor: u8, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(processor.to_string()).arg(std::env::current_exe()?).args(arguments);
    Ok(command)
}

/// Runs this program on one processor and ends as it ends.
pub fn pinned(processor: u8, arguments: &[&str]) -> anyhow::Result<ExitCode> {
    ended(command(processor, arguments)?)
}

/// As `pinned`, and before whatever else wants the processor: this is woken at once, as a client on a machine of its own would be. What it
/// starts must be [`ordinary`].
pub fn pinned_first(processor: u8, arguments: &[&str]) -> anyhow::Result<ExitCode> {
    let pinned = command(processor, arguments)?;
    let mut first = Command::new("chrt");
    first.args(["--fifo", "1"]).arg(pinned.get_program()).args(pinned.get_args());
    ended(first).context("only root, or who has CAP_SYS_NICE, may go before others")
}

/// The start of a command line that gives up what `pinned_first` gave.
pub fn ordinary() -> Command {
    let mut command = Command::new("chrt");
    command.args(["--other", "0"]);
    command
}

fn ended(mut command: Command) -> anyhow::Result<ExitCode> {
    let status = command.status().context("`taskset` and `chrt` (util-linux) place a process")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A process that is killed when its handle goes.
pub struct Running {
    child: Child,
    /// Lines of its standard output.
    pub lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Running {
    /// Starts the command with its standard output to be read here.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().context("no standard output")?;
        Ok(Self { child, lines: BufReader::new(out).lines() })
    }

    /// Reads lines until one has `before`; what stands behind it.
    pub fn wait_for(&mut self, before: &str) -> anyhow::Result<String> {
        for line in &mut self.lines {
            if let Some((_, rest)) = line?.split_once(before) {
                return Ok(rest.trim().to_owned());
            }
        }
        bail!("the process ended and did not say `{before}`")
    }

    /// Time on a processor so far, in user and kernel mode, all threads.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        cpu(&self.child.id().to_string())
    }

    /// A figure of `/proc/<pid>/status` such as `VmRSS`, in bytes.
    pub fn memory(&self, name: &str) -> anyhow::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()).context("no such figure")?;
        Ok(kibibytes.parse::<u64>()? * 1_024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Why: a process that has ended by itself can't be killed, which is as good.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Time that a process (`self` for this one) has had on a processor.
pub fn cpu(process: &str) -> anyhow::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may hold anything; user and system time are fields 14 and 15 (proc(5)).
    let (_, fields) = text.rsplit_once(')').context("an odd /proc/…/stat")?;
    let ticks: u32 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    Ok(TICK * ticks)
}

/// Time that a process and its children have had on a processor, with the children that have ended.
pub fn cpu_of_family(process: &str) -> anyhow::Result<Duration> {
    let mut ticks = 0;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(|first: char| first.is_ascii_digit()))
        else {
            continue;
        };
        // Why: a process may end while it is looked at.
        let Ok(text) = fs::read_to_string(format!("/proc/{name}/stat")) else { continue };
        let Some((_, fields)) = text.rsplit_once(')') else { continue };
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // Field 4 is the parent, 14 to 17 are the times, the last two of them of children that have ended (proc(5)).
        let is_parent = name == process;
        if is_parent || fields.get(1) == Some(&process) {
            let times = fields.iter().skip(11).take(if is_parent { 4 } else { 2 });
            ticks += times.filter_map(|field| field.parse::<u32>().ok()).sum::<u32>();
        }
    }
    Ok(TICK * ticks)
}

/// The kind of file system that a folder lies on, such as `ext4`; `tmpfs` is memory.
pub fn file_system(folder: &Path) -> anyhow::Result<String> {
    let said = Command::new("stat").args(["-f", "-c", "%T"]).arg(folder).output()?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

/// Runs a future to its end on this thread alone.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// All bytes of the files below a folder.
pub fn size_of(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        bytes += if data.is_dir() { size_of(&entry.path())? } else { data.len() };
    }
    Ok(bytes)
}

/// A folder for a run's data, on the disk that the build is on: a folder for temporary files may be memory.
pub fn data_folder() -> anyhow::Result<tempfile::TempDir> {
    let target = std::env::current_exe()?;
    let target = target.parent().context("the program lies in a folder")?;
    tempfile::tempdir_in(target).context("a folder for the data")
}
