//! Copies of a database that may be in use.

use std::{
    fs::{self, File},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};

use super::{
    KEYS_FILE, RECORDS_FILE,
    open::{self, Migration},
};
use crate::StoreError;

/// Copies the embedded database in `folder` into the folder `to`, and the subjects' keys into `keys_to` when they are
/// asked for; a service may go on using it. Each copy is one state of its database, the records' not later than the
/// keys', for its owner alone, and on disk when this returns. It blocks.
///
/// # Errors
/// `Unavailable` when a copy is there already, both go into one folder, or something can't be read or written: then no
/// copy of it is left behind. `Corrupt` when the database was written by a newer version.
pub fn backup_sqlite(folder: &Path, to: &Path, keys_to: Option<&Path>) -> Result<(), StoreError> {
    make_folder(to)?;
    if let Some(keys_to) = keys_to {
        make_folder(keys_to)?;
        // Why: whoever finds one must not have found the other.
        if is_same(to, keys_to)? {
            return Err(StoreError::Unavailable(
                "keys are not kept beside the records that they open".to_owned(),
            ));
        }
    }
    // Why: a key that the records name must be in the copy of the keys, so that is the later one.
    copy(folder, to, RECORDS_FILE, open::RECORDS)?;
    keys_to.map_or(Ok(()), |keys_to| copy(folder, keys_to, KEYS_FILE, open::KEYS))
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("`{}`: {error}", path.display()))
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| failed(path, &error))
}

fn is_same(one: &Path, other: &Path) -> Result<bool, StoreError> {
    let whole = |path: &Path| path.canonicalize().map_err(|error| failed(path, &error));
    Ok(whole(one)? == whole(other)?)
}

fn copy(from: &Path, to: &Path, name: &str, migrations: &[Migration]) -> Result<(), StoreError> {
    let source = open::reading(&from.join(name), migrations)?;
    let path = to.join(name);
    let made = File::options().create_new(true).write(true).mode(0o600).open(&path);
    let file = made.map_err(|error| failed(&path, &error))?;
    let copied = copy_pages(&source, &path)
        .and_then(|()| file.sync_all().map_err(|error| failed(&path, &error)))
        .and_then(|()| sync_folder(to));
    if copied.is_err() {
        drop(fs::remove_file(&path));
    }
    copied
}

fn copy_pages(source: &Connection, path: &Path) -> Result<(), StoreError> {
    let mut copy = Connection::open(path)?;
    // All in one step: the source is read in one transaction then, so that no commit makes it begin anew.
    match Backup::new(source, &mut copy)?.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(StoreError::Unavailable("the database is locked and could not be copied".to_owned())),
    }
}

/// Makes the name of a new file durable.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| failed(path, &error))
}
