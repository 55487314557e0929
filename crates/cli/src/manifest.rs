//! What lies beside a backup: which files it has, how far each ledger went, and who was erased by then.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, bail};
use aws_lc_rs::digest;
use countersign_core::{TenantId, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::data_dir::hex;

/// The file of the manifest.
pub const MANIFEST: &str = "manifest.json";

/// The file of the erasures.
pub const ERASURES: &str = "erasures.json";

/// The version of the format.
const FORMAT: u32 = 1;

/// The most bytes of such a file that are read: room for a million erasures.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A backup, described.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format, 1.
    pub format: u32,
    /// When the backup was made.
    pub made_at: Timestamp,
    /// Its files.
    pub files: Vec<FileEntry>,
    /// How many leaves each ledger has.
    pub ledgers: BTreeMap<TenantId, u64>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name in the folder.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// The names of the keys that were to be destroyed by then, of each tenant; none names a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasures {
    /// The version of the format, 1.
    pub format: u32,
    /// When the list was made.
    pub made_at: Timestamp,
    /// The names of the keys.
    pub keys: BTreeMap<TenantId, Vec<String>>,
}

impl Manifest {
    /// Describes files of a folder.
    pub fn describe(
        folder: &Path,
        names: &[String],
        made_at: Timestamp,
        ledgers: BTreeMap<TenantId, u64>,
    ) -> anyhow::Result<Self> {
        let files = names.iter().map(|name| entry(folder, name)).collect::<anyhow::Result<_>>()?;
        Ok(Self { format: FORMAT, made_at, files, ledgers })
    }

    /// Reads the manifest of a folder.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let manifest: Self = read(&folder.join(MANIFEST))?;
        check_format(manifest.format, MANIFEST)?;
        Ok(manifest)
    }

    /// Reads the manifest of a folder, which must list this file.
    pub fn read_listing(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let manifest = Self::read(folder)?;
        if !manifest.lists(name) {
            bail!("`{MANIFEST}` in `{}` lists no `{name}`", folder.display());
        }
        Ok(manifest)
    }

    /// Whether a file is one of the backup's.
    pub fn lists(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }

    /// Compares each file with what was written down; a line for each that differs.
    pub fn faults(&self, folder: &Path) -> Vec<String> {
        let fault = |file: &FileEntry| {
            let name = &file.name;
            if Path::new(name).file_name() != Some(name.as_ref()) {
                return Some(format!("`{name}` is no name of a file"));
            }
            match entry(folder, name) {
                Err(error) => Some(format!("{error:#}")),
                Ok(found) if found != *file => {
                    Some(format!("`{}` is not as it was backed up", folder.join(name).display()))
                }
                Ok(_) => None,
            }
        };
        self.files.iter().filter_map(fault).collect()
    }
}

impl Erasures {
    /// A list made now.
    pub const fn new(made_at: Timestamp, keys: BTreeMap<TenantId, Vec<String>>) -> Self {
        Self { format: FORMAT, made_at, keys }
    }

    /// Reads a list.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let erasures: Self = read(path)?;
        check_format(erasures.format, ERASURES)?;
        Ok(erasures)
    }
}

fn check_format(format: u32, name: &str) -> anyhow::Result<()> {
    if format != FORMAT {
        bail!("`{name}` is of format {format}, which this program does not know");
    }
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let told = || format!("can't read `{}`", path.display());
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes)).with_context(told)?;
    serde_json::from_slice(&bytes).with_context(told)
}

/// Writes a new file for the owner alone, as JSON.
pub fn write(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    let bytes = serde_json::to_vec_pretty(value)?;
    write_new(path, &bytes)
}

/// Writes a new file for the owner alone, and waits until it is on disk.
pub fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let file = fs::File::options().create_new(true).write(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .with_context(|| format!("can't write `{}`", path.display()))
}

fn entry(folder: &Path, name: &str) -> anyhow::Result<FileEntry> {
    let path = folder.join(name);
    let digested = fs::File::open(&path).and_then(|mut file| {
        let (mut context, mut size) = (digest::Context::new(&digest::SHA256), 0);
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut chunk)?;
            if read == 0 {
                return Ok((size, hex(context.finish().as_ref())));
            }
            context.update(chunk.get(..read).unwrap_or_default());
            size += read as u64;
        }
    });
    let (size, sha256) = digested.with_context(|| format!("can't read `{}`", path.display()))?;
    Ok(FileEntry { name: name.to_owned(), size, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_missing_and_an_outside_file_are_told() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            fs::write(folder.path().join(name), "as it was").unwrap();
        }
        let names = ["a".to_owned(), "b".to_owned()];
        let at = Timestamp::from_seconds(1_800_000_000);
        let mut manifest = Manifest::describe(folder.path(), &names, at, BTreeMap::new()).unwrap();
        write(&folder.path().join(MANIFEST), &manifest).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), manifest);
        assert_eq!(manifest.faults(folder.path()), [] as [String; 0]);
        fs::write(folder.path().join("a"), "as it is.").unwrap();
        fs::remove_file(folder.path().join("b")).unwrap();
        assert_eq!(manifest.faults(folder.path()).len(), 2);
        manifest.files[0].name = "../a".to_owned();
        assert!(manifest.faults(folder.path())[0].contains("is no name of a file"));
    }

    #[test]
    fn an_unknown_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let erasures = Erasures { format: 2, ..Erasures::new(Timestamp::from_seconds(1), BTreeMap::new()) };
        write(&folder.path().join(ERASURES), &erasures).unwrap();
        assert!(Erasures::read(&folder.path().join(ERASURES)).is_err());
    }
}
