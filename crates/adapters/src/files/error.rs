//! What can be wrong with a file of reference data.

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
#[error("`{setting}`, `{}`: {why}", file.display())]
pub struct Fault {
    /// The setting that names it, such as `places.city`.
    pub setting: &'static str,
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a file. None of it repeats what the file says of an address or a domain.
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
    /// A line can't be read.
    #[error("line {line}: {wanted}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What it is not and should be.
        wanted: &'static str,
    },
    /// It has no entries.
    #[error("it has no entries: put some in, or, if it is meant, write `{version}` into `{}`", accept.display())]
    Empty {
        /// Its version.
        version: String,
        /// The file that would say that it is meant.
        accept: PathBuf,
    },
    /// It has far fewer entries than the one in force.
    #[error(
        "it has {entries} entries where the one in force has {before}, so that it may be cut off and is not taken: put the whole one in its place, or, if it is meant, write `{version}` into `{}`", accept.display()
    )]
    Shrunk {
        /// How many it has.
        entries: u64,
        /// How many the one in force has.
        before: u64,
        /// Its version.
        version: String,
        /// The file that would say that it is meant.
        accept: PathBuf,
    },
}
