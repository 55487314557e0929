//! The host's scripts, carried inside the program.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

const SCRIPTS: [(&str, &str); 2] =
    [("host.mjs", include_str!("../../node/host.mjs")), ("api.mjs", include_str!("../../node/api.mjs"))];

/// Writes the host's scripts into `directory`, which is made if it isn't there, and gives back the path to start.
///
/// # Errors
/// When the directory or a file can't be written.
pub fn materialize(directory: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(directory)?;
    for (name, text) in SCRIPTS {
        fs::write(directory.join(name), text)?;
    }
    Ok(directory.join("host.mjs"))
}
