//! One process of the host, with tasks that write its input, read its output and throw away its complaints.

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::mpsc,
    task::JoinSet,
};

use super::{HostError, IN_FLIGHT, Launch, MAX_LINE, wire::Ready};

/// How long a process may take to end after its input was closed.
const END: Duration = Duration::from_secs(2);

/// A process that said it is ready; dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: mpsc::Sender<Vec<u8>>,
    /// Lines of its output, without their ends; closed when it ends or breaks the rules.
    pub(super) output: mpsc::Receiver<Vec<u8>>,
    tasks: JoinSet<()>,
}

impl Process {
    /// Starts one and gives it back with its version of Node, once it is ready.
    pub(super) async fn start(launch: &Launch) -> Result<(Self, String), HostError> {
        let mut child = Command::new(&launch.program)
            .arg(&launch.host)
            .arg("--workers")
            .arg(launch.workers.max(1).to_string())
            // Why: options meant for another program, such as a debugger's, would change what the Action sees.
            .env_remove("NODE_OPTIONS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => HostError::NodeMissing,
                kind => HostError::Start(kind),
            })?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(HostError::NotReady);
        };
        let (input, lines_in) = mpsc::channel(IN_FLIGHT);
        let (lines_out, mut output) = mpsc::channel(IN_FLIGHT);
        let mut tasks = JoinSet::new();
        tasks.spawn(write(stdin, lines_in));
        tasks.spawn(read(stdout, lines_out));
        tasks.spawn(drain(stderr));
        let first = tokio::time::timeout(launch.limits.ready, output.recv()).await;
        let first = first.ok().flatten().ok_or(HostError::NotReady)?;
        match serde_json::from_slice(&first) {
            Ok(Ready { ready: true, node }) => Ok((Self { child, input, output, tasks }, node)),
            _ => Err(HostError::NotReady),
        }
    }

    /// Queues a line for its input; false if it takes none any more.
    pub(super) fn send(&self, line: Vec<u8>) -> bool {
        self.input.try_send(line).is_ok()
    }

    /// Closes its input and waits two seconds for it to end; then it is killed.
    pub(super) async fn stop(self) {
        let Self { mut child, input, output, mut tasks } = self;
        drop((input, output));
        let _ = tokio::time::timeout(END, child.wait()).await;
        tasks.abort_all();
    }
}

/// Writes lines until there are no more, then closes the input.
async fn write(mut stdin: ChildStdin, mut lines: mpsc::Receiver<Vec<u8>>) {
    while let Some(line) = lines.recv().await {
        if stdin.write_all(&line).await.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

/// Reads lines until the end, or until one is too long.
async fn read(stdout: ChildStdout, lines: mpsc::Sender<Vec<u8>>) {
    let mut reader = BufReader::new(stdout);
    while let Some(line) = next_line(&mut reader).await {
        if lines.send(line).await.is_err() {
            return;
        }
    }
}

/// The next line without its end; `None` at the end, after an error, and for a line over 1 MiB or one cut short.
async fn next_line<R: AsyncRead + Unpin>(reader: &mut BufReader<R>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE + 1).unwrap_or(u64::MAX);
    reader.take(limit).read_until(b'\n', &mut line).await.ok()?;
    (line.pop() == Some(b'\n')).then_some(line)
}

/// Reads what nobody wants, so that the process never waits for it to be read.
async fn drain(mut stderr: ChildStderr) {
    let mut buffer = [0_u8; 4096];
    while stderr.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_end_at_a_mebibyte_and_only_whole_ones_count() {
        let mut text = vec![b'a'; MAX_LINE];
        text.extend(b"\nshort\n\ncut");
        let mut reader = BufReader::new(text.as_slice());
        assert_eq!(next_line(&mut reader).await.map(|line| line.len()), Some(MAX_LINE));
        assert_eq!(next_line(&mut reader).await, Some(b"short".to_vec()));
        assert_eq!(next_line(&mut reader).await, Some(Vec::new()));
        assert_eq!(next_line(&mut reader).await, None);
        let text = vec![b'a'; MAX_LINE + 1];
        assert_eq!(next_line(&mut BufReader::new(text.as_slice())).await, None);
    }
}
