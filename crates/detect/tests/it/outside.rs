//! Data that are not part of the repository.

use std::path::PathBuf;

/// The folder that `COUNTERSIGN_CONFORMANCE_DATA` names; `None`, said aloud, where there is none.
pub fn folder() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the data lie outside the repository; their place is named here"
    )]
    let (folder, is_ci) = (std::env::var("COUNTERSIGN_CONFORMANCE_DATA"), std::env::var("CI").is_ok());
    let Ok(folder) = folder else {
        assert!(!is_ci, "`COUNTERSIGN_CONFORMANCE_DATA` must be set where `CI` is");
        eprintln!("skipped: `COUNTERSIGN_CONFORMANCE_DATA` is not set");
        return None;
    };
    Some(PathBuf::from(folder))
}
