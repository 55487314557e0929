//! Where the Node host's scripts are while it runs.

use std::{
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::{
    clock::SystemEntropy,
    data_dir::{hex, random},
};

/// A folder that goes when this does.
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
}

impl Folder {
    /// Makes a folder with a name that nobody can guess, for its owner alone; one that is there already is never used.
    pub fn make(parent: &Path) -> anyhow::Result<Self> {
        let path = parent.join(format!("countersign-sandbox-{}", hex(&random(&SystemEntropy)?)));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("can't make `{}`", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Why: what can't be removed now is in the system's folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
