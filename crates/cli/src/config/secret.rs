//! Secrets by reference: `env:NAME`, `file:PATH`, `command:PROGRAM ARGUMENTS`.

use std::process::Command;

use anyhow::{Context, bail};
use countersign_core::Secret;
use serde::Deserialize;

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
    /// Fetches the secret; white space at its end is dropped.
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
            Self::Command(words) => {
                let Some((program, arguments)) = words.split_first() else {
                    bail!("a command without a program")
                };
                let output = Command::new(program)
                    .args(arguments)
                    .output()
                    .with_context(|| format!("the program `{program}`"))?;
                if !output.status.success() {
                    bail!("the program `{program}` ended with {}", output.status);
                }
                output.stdout
            }
        };
        Ok(Secret::new(bytes.trim_ascii_end().to_vec()))
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
}
