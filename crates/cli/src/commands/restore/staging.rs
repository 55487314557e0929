//! Files on their way into a data directory: all or nothing, whenever the process ends.
//!
//! What is to come is made whole in a folder inside of the directory. Two marks in there, one after the other, say that
//! it is whole and that the earlier files are out of the way; from the first on, a later call can only finish.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use countersign_app::audit::RETIRED_VERIFIERS;

use crate::{
    data_dir::{KEYS_FILE, RECORDS_FILE},
    manifest::write_new,
};

/// The folder in the data directory.
const FOLDER: &str = "restoring";

/// Says that everything is there; holds the name of the folder for the earlier files.
const READY: &str = "ready";

/// The mark above while it is written: a mark is there as a whole or not at all.
const DRAFT: &str = "ready.new";

/// Says that the earlier files are out of the way.
const MOVED: &str = "moved";

/// The most folders of earlier files.
const MOST: u32 = 10_000;

/// What is to come, until it is there.
pub struct Staging {
    data: PathBuf,
    folder: PathBuf,
}

impl Staging {
    /// Begins anew in this data directory; what an earlier call left unfinished is gone.
    pub fn begin(data: &Path) -> anyhow::Result<Self> {
        let staging = Self::of(data);
        staging.remove()?;
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&staging.folder)
            .with_context(|| format!("can't make `{}`", staging.folder.display()))?;
        Ok(staging)
    }

    fn of(data: &Path) -> Self {
        Self { data: data.to_owned(), folder: data.join(FOLDER) }
    }

    /// Where the files are made.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Copies a file into the folder, for the owner alone; whether it was there.
    pub fn copy(&self, from: &Path, name: &str) -> anyhow::Result<bool> {
        let source = from.join(name);
        if !source.exists() {
            return Ok(false);
        }
        let (told, path) = (|| format!("can't copy `{}`", source.display()), self.folder.join(name));
        write_new(&path, b"")?;
        fs::copy(&source, &path).and_then(|_| fs::File::open(&path)?.sync_all()).with_context(told)?;
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).with_context(told)?;
        Ok(true)
    }

    /// Moves a file of the folder into the data directory, over an earlier one, if it is there.
    pub fn put(&self, name: &str) -> anyhow::Result<()> {
        if self.folder.join(name).exists() {
            rename(&self.folder.join(name), &self.data.join(name))?;
            sync(&self.data)?;
        }
        Ok(())
    }

    /// Takes everything back.
    pub fn remove(&self) -> anyhow::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                bail!("can't remove `{}`: {error}", self.folder.display())
            }
            _ => Ok(()),
        }
    }

    /// Puts the files in place of the earlier ones; returns where those are, if there were any.
    pub fn finish(self) -> anyhow::Result<Option<PathBuf>> {
        let aside = free_name(&self.data)?;
        sync(&self.folder)?;
        write_new(&self.folder.join(DRAFT), aside.as_bytes())?;
        rename(&self.folder.join(DRAFT), &self.folder.join(READY))?;
        sync(&self.folder)?;
        self.go_on()
    }

    fn go_on(&self) -> anyhow::Result<Option<PathBuf>> {
        let (ready, moved) = (self.folder.join(READY), self.folder.join(MOVED));
        let mark = if moved.exists() { &moved } else { &ready };
        let name = fs::read_to_string(mark).with_context(|| format!("can't read `{}`", mark.display()))?;
        let aside = self.data.join(Path::new(&name).file_name().context("no name for the earlier files")?);
        if !moved.exists() {
            for file in records_in(&self.data)? {
                if !aside.exists() {
                    fs::DirBuilder::new().mode(0o700).create(&aside)?;
                }
                if aside.join(&file).exists() {
                    // Why: it was moved already, and whoever was refused meanwhile made this one.
                    remove(&self.data.join(&file))?;
                } else {
                    rename(&self.data.join(&file), &aside.join(&file))?;
                }
            }
            rename(&ready, &moved)?;
            sync(&self.data)?;
        }
        for file in records_in(&self.folder)? {
            // Why: a log that somebody else left would be taken for the database's own.
            for suffix in ["-wal", "-shm"].into_iter().filter(|_| file.ends_with(".db")) {
                remove(&self.data.join(format!("{file}{suffix}")))?;
            }
            rename(&self.folder.join(&file), &self.data.join(&file))?;
        }
        sync(&self.data)?;
        self.remove()?;
        Ok(Some(aside).filter(|aside| aside.exists()))
    }
}

/// Finishes what an earlier call made whole; whether there was something to finish.
pub fn finish_earlier(data: &Path) -> anyhow::Result<bool> {
    let staging = Staging::of(data);
    if !is_cut_off(data) {
        return Ok(false);
    }
    staging.go_on()?;
    Ok(true)
}

/// Whether a restore of this directory was cut off while its files were being moved.
pub fn is_cut_off(data: &Path) -> bool {
    [READY, MOVED].iter().any(|mark| data.join(FOLDER).join(mark).exists())
}

/// The files of a data directory that a restore replaces, in order, so not its keys and tokens.
fn records_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let told = || format!("can't read `{}`", folder.display());
    let is_ours = |name: &String| {
        name.starts_with(RECORDS_FILE)
            || name.starts_with(KEYS_FILE)
            || name.ends_with(".checkpoint")
            || name == RETIRED_VERIFIERS
    };
    let mut names = Vec::new();
    for found in fs::read_dir(folder).with_context(told)? {
        names.extend(found.with_context(told)?.file_name().into_string().ok().filter(is_ours));
    }
    names.sort();
    Ok(names)
}

/// A name that no folder of earlier files has.
fn free_name(data: &Path) -> anyhow::Result<String> {
    (1..MOST)
        .map(|number| format!("replaced-{number}"))
        .find(|name| !data.join(name).exists())
        .context("there are too many folders of earlier files")
}

fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::rename(from, to).with_context(|| format!("can't move `{}`", from.display()))
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            bail!("can't remove `{}`: {error}", path.display())
        }
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> anyhow::Result<()> {
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("can't write `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data directory with earlier files and a key, and one in which another restore is whole.
    fn made() -> (tempfile::TempDir, Staging) {
        let data = tempfile::tempdir().unwrap();
        for name in [RECORDS_FILE, KEYS_FILE, "acme.checkpoint", "master.key"] {
            fs::write(data.path().join(name), "old").unwrap();
        }
        let staging = Staging::begin(data.path()).unwrap();
        for name in [RECORDS_FILE, KEYS_FILE] {
            fs::write(staging.folder().join(name), "new").unwrap();
        }
        (data, staging)
    }

    fn assert_swapped(data: &Path) {
        let read = |name: &str| fs::read_to_string(data.join(name)).unwrap();
        assert_eq!([read(RECORDS_FILE), read(KEYS_FILE), read("master.key")], ["new", "new", "old"]);
        assert!(!data.join("acme.checkpoint").exists() && !data.join(FOLDER).exists());
        for name in [RECORDS_FILE, KEYS_FILE, "acme.checkpoint"] {
            assert_eq!(read(&format!("replaced-1/{name}")), "old");
        }
    }

    #[test]
    fn files_are_swapped_and_keys_stay() {
        let (data, staging) = made();
        assert_eq!(staging.finish().unwrap(), Some(data.path().join("replaced-1")));
        assert_swapped(data.path());
        assert!(!finish_earlier(data.path()).unwrap());
    }

    #[test]
    fn a_swap_that_was_cut_off_anywhere_is_finished() {
        for moved in 0..=5 {
            let (data, staging) = made();
            fs::write(staging.folder().join(READY), "replaced-1").unwrap();
            fs::create_dir(data.path().join("replaced-1")).unwrap();
            let mut steps: Vec<Box<dyn Fn()>> = Vec::new();
            let (root, folder) = (data.path().to_owned(), staging.folder().to_owned());
            for name in [RECORDS_FILE, KEYS_FILE, "acme.checkpoint"] {
                let (from, to) = (root.join(name), root.join("replaced-1").join(name));
                steps.push(Box::new(move || fs::rename(&from, &to).unwrap()));
            }
            let (from, to) = (folder.join(READY), folder.join(MOVED));
            steps.push(Box::new(move || fs::rename(&from, &to).unwrap()));
            let (from, to) = (folder.join(RECORDS_FILE), root.join(RECORDS_FILE));
            steps.push(Box::new(move || fs::rename(&from, &to).unwrap()));
            steps.iter().take(moved).for_each(|step| step());
            assert!(is_cut_off(data.path()));
            assert!(finish_earlier(data.path()).unwrap(), "after {moved} steps");
            assert_swapped(data.path());
        }
    }

    #[test]
    fn what_others_made_meanwhile_is_neither_kept_nor_put_over_the_earlier_files() {
        for is_moved in [false, true] {
            let (data, staging) = made();
            let (root, folder) = (data.path(), staging.folder());
            fs::write(folder.join(if is_moved { MOVED } else { READY }), "replaced-1").unwrap();
            fs::create_dir(root.join("replaced-1")).unwrap();
            for name in [RECORDS_FILE, KEYS_FILE, "acme.checkpoint"] {
                fs::rename(root.join(name), root.join("replaced-1").join(name)).unwrap();
            }
            fs::write(root.join(RECORDS_FILE), "stray").unwrap();
            fs::write(root.join(format!("{RECORDS_FILE}-wal")), "stray").unwrap();
            assert!(finish_earlier(root).unwrap());
            assert_swapped(root);
            assert!(!root.join(format!("{RECORDS_FILE}-wal")).exists());
        }
    }

    #[test]
    fn what_was_not_whole_is_begun_anew() {
        let (data, staging) = made();
        // Cut off while the mark was written.
        fs::write(staging.folder().join(DRAFT), "").unwrap();
        assert!(!is_cut_off(data.path()));
        let staging = Staging::begin(data.path()).unwrap();
        assert_eq!(fs::read_dir(staging.folder()).unwrap().count(), 0);
    }
}
