//! The host's scripts, carried inside the program.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

macro_rules! script {
    ($name:literal) => {
        ($name, include_str!(concat!("../../node/", $name)))
    };
}

const SCRIPTS: [(&str, &str); 10] = [
    script!("host.mjs"),
    script!("requests.mjs"),
    script!("pool.mjs"),
    script!("worker.mjs"),
    script!("api.mjs"),
    script!("methods.mjs"),
    script!("checks.mjs"),
    script!("cache.mjs"),
    script!("conclude.mjs"),
    script!("redirect.mjs"),
];

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
