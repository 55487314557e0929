//! Secrets by reference: `env:NAME`, `file:PATH`, `command:PROGRAM ARGUMENTS`.

use std::{
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, bail};
use countersign_core::Secret;
use serde::Deserialize;

/// How long a program may take to print a secret.
const LIMIT: Duration = Duration::from_secs(10);

/// Between two looks at whether a program that closed its output has ended.
const LOOK: Duration = Duration::from_millis(20);

/// The most bytes of a secret that are read.
const MAX_BYTES: u64 = 64 * 1024;

/// Where a secret is to be had; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SecretReference {
    /// A variable of the environment.
    Environment(String),
    /// A file.
    File(String),
    /// A program that prints it, with its arguments.
    Command(Vec<String>),
}

impl TryFrom<String> for SecretReference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            Some(("command", line)) if !line.trim().is_empty() => {
                Ok(Self::Command(line.split_whitespace().map(str::to_owned).collect()))
            }
            _ => {
                Err("a secret is a reference: `env:NAME`, `file:PATH` or `command:PROGRAM ARGUMENTS`"
                    .to_owned())
            }
        }
    }
}

impl SecretReference {
    /// Fetches the secret; white space around it is dropped.
    pub fn fetch(&self) -> anyhow::Result<Secret> {
        let bytes = match self {
            Self::Environment(name) => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a secret that the configuration says is in the environment"
                )]
                let value = std::env::var(name).with_context(|| format!("the variable `{name}`"))?;
                value.into_bytes()
            }
            Self::File(path) => std::fs::read(path).with_context(|| format!("the file `{path}`"))?,
            Self::Command(words) => printed_by(words, LIMIT)?,
        };
        Ok(Secret::new(bytes.trim_ascii().to_vec()))
    }
}

/// What a program prints to standard output within `limit`; it is run without a shell, and ended when it takes longer.
fn printed_by(words: &[String], limit: Duration) -> anyhow::Result<Vec<u8>> {
    let Some((program, arguments)) = words.split_first() else { bail!("a command without a program") };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("the program `{program}`"))?;
    let (sender, printed) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = output.take(MAX_BYTES).read_to_end(&mut bytes);
            // Why: whoever waited too long is gone.
            drop(sender.send(read.map(|_| bytes)));
        });
    }
    let ended = printed.recv_timeout(limit).ok().and_then(|bytes| Some((bytes, end(&mut child, limit)?)));
    let Some((bytes, status)) = ended else {
        drop(child.kill().and_then(|()| child.wait()));
        bail!("the program `{program}` did not print it within {} s", limit.as_secs())
    };
    if !status.success() {
        bail!("the program `{program}` ended with {status}");
    }
    bytes.with_context(|| format!("the program `{program}`"))
}

/// Waits until a program has ended; `None` when it has not within `limit`.
fn end(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let (_sender, never) = mpsc::channel::<()>();
    let mut waited = Duration::ZERO;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if waited >= limit {
            return None;
        }
        let _ = never.recv_timeout(LOOK);
        waited += LOOK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_secret_is_refused() {
        assert!(SecretReference::try_from("hunter2".to_owned()).is_err());
        assert!(SecretReference::try_from("vault:x".to_owned()).is_err());
    }

    #[test]
    fn a_command_and_a_file_give_the_secret_without_its_last_line_break() {
        let command = SecretReference::try_from("command:echo secret words".to_owned()).unwrap();
        assert_eq!(command.fetch().unwrap().expose(), b"secret words");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from a file\n").unwrap();
        let reference = SecretReference::try_from(format!("file:{}", file.path().display())).unwrap();
        assert_eq!(reference.fetch().unwrap().expose(), b"from a file");
    }

    #[test]
    fn a_failing_command_is_told() {
        let command = SecretReference::try_from("command:false".to_owned()).unwrap();
        assert!(command.fetch().is_err());
    }

    #[test]
    fn a_program_that_hangs_is_ended_in_time_and_no_shell_is_run() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let hung = printed_by(&words("sleep 60"), Duration::from_millis(50)).unwrap_err().to_string();
        assert!(hung.contains("did not print it within"), "{hung}");
        assert_eq!(printed_by(&words("echo $HOME;false"), LIMIT).unwrap(), b"$HOME;false\n");
    }
}
