//! What can be wrong with a file of places.

use std::{fmt, path::PathBuf};

/// Everything that is wrong, a line each.
#[derive(Debug)]
pub struct Faults(pub Vec<Fault>);

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// One thing that is wrong with one file.
#[derive(Debug, thiserror::Error)]
#[error("`places.{key}`, `{}`: {why}", file.display())]
pub struct Fault {
    /// The key of the setting, below `places`.
    pub key: &'static str,
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a file. None of it repeats what the file says of an address.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// It can't be read.
    #[error("it can't be read: {0}")]
    Unreadable(std::io::Error),
    /// It is longer than is read.
    #[error("it is longer than {0} bytes")]
    TooLong(u64),
    /// It is no database in this format, or a broken one.
    #[error("it is no database in the MaxMind DB format, or not a whole one: {0}")]
    NotDatabase(String),
    /// It is a database of something else.
    #[error("none of its first networks has {wanted}; by its own account it is `{kind}`")]
    OtherDatabase {
        /// What its setting asks for.
        wanted: &'static str,
        /// The type that it says it has, at most 64 characters.
        kind: String,
    },
    /// It is no text.
    #[error("it is not text in UTF-8")]
    NotText,
    /// A line of a list can't be read.
    #[error("line {0}: neither a network, such as `198.51.100.0/24`, nor a system, such as `AS64500`")]
    Line(usize),
}
