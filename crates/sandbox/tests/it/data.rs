//! The folder of documents and recordings.

use std::{fs, path::PathBuf};

/// A file of the folder; `None`, said aloud, where there is no folder. In CI there must be one.
#[expect(clippy::disallowed_methods, reason = "the only place of these tests that reads the environment")]
pub fn read(name: &str) -> Option<String> {
    let Ok(folder) = std::env::var("COUNTERSIGN_CONFORMANCE_DATA") else {
        assert!(std::env::var("CI").is_err(), "COUNTERSIGN_CONFORMANCE_DATA must be set in CI");
        eprintln!("skipped: `COUNTERSIGN_CONFORMANCE_DATA` is not set");
        return None;
    };
    Some(fs::read_to_string(PathBuf::from(folder).join(name)).unwrap())
}
