//! The folder of documents and recordings.

use std::{fs, path::PathBuf};

/// The folder; `None`, said aloud, where there is none. In CI there must be one.
#[expect(clippy::disallowed_methods, reason = "the only place of these tests that reads the environment")]
pub fn folder() -> Option<PathBuf> {
    let Ok(folder) = std::env::var("COUNTERSIGN_CONFORMANCE_DATA") else {
        assert!(std::env::var("CI").is_err(), "COUNTERSIGN_CONFORMANCE_DATA must be set in CI");
        eprintln!("skipped: `COUNTERSIGN_CONFORMANCE_DATA` is not set");
        return None;
    };
    Some(PathBuf::from(folder))
}

/// A file of the folder.
pub fn read(name: &str) -> Option<String> {
    Some(fs::read_to_string(folder()?.join(name)).unwrap())
}
