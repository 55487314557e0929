//! The embedded backend: SQLite through rusqlite alone.

mod columns;
mod heads;
mod keys;
mod mover;
mod open;
pub(crate) mod queries;
mod readers;
mod records;
mod requests;
mod state;
mod writer;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use countersign_core::{Clock, SubjectId, TenantId};
use rusqlite::Connection;

use self::{mover::Mover, readers::Readers, writer::Writer};
use crate::{Access, Commit, Committed, DecisionRow, LedgerHead, StoreError, SubjectKeyRow, Urgency};

/// Read connections: more than cores brings nothing.
const READERS: usize = 4;

/// Connections for reads of many rows, apart from the others: a sign-in must never wait for a listing.
const LONG_READERS: usize = 2;

/// Two database files in one directory.
pub(crate) struct Sqlite {
    // Before the writers: what closes last moves the log into the database, which a reader can't.
    readers: Readers,
    long_readers: Readers,
    key_readers: Readers,
    records: Option<Writer>,
    keys: Option<Writer>,
    keys_path: PathBuf,
    // Held until the end: one process owns the heads.
    _lock: Option<Lock>,
}

impl Sqlite {
    pub(crate) fn open(folder: &Path, access: Access, clock: &Arc<dyn Clock>) -> Result<Self, StoreError> {
        let (records_path, keys_path) = (folder.join("countersign.db"), folder.join("subject-keys.db"));
        let (lock, records, keys) = match access {
            Access::ReadOnly => (None, None, None),
            Access::Own => {
                let lock = lock(folder)?;
                let records = open::writing(&records_path, open::RECORDS)?;
                let keys = open::writing(&keys_path, open::KEYS)?;
                // Why: a key deleted just before a crash would stay readable in the log. A reader beside us may
                // hold the log for now, which is no reason not to start.
                drop(open::empty_log(&keys_path));
                let mover = Mover::start(&records_path)?;
                let records = Writer::start_beside(mover, "records-writer", records, Arc::clone(clock))?;
                (Some(lock), Some(records), Some(Writer::start("keys-writer", keys, Arc::clone(clock))?))
            }
        };
        // Why: ordinary backups leave the keys out, and their copies can be audited all the same.
        let has_keys = access == Access::Own || keys_path.exists();
        Ok(Self {
            records,
            readers: pool(READERS, &records_path, open::RECORDS)?,
            long_readers: pool(LONG_READERS, &records_path, open::RECORDS)?,
            keys,
            key_readers: pool(if has_keys { READERS } else { 0 }, &keys_path, open::KEYS)?,
            keys_path,
            _lock: lock,
        })
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let writer = writer(self.records.as_ref())?;
        writer
            .submit(commit.urgency, commit.expires_at, move |connection, state| {
                records::apply(connection, state, &commit)
            })
            .await
    }

    pub(crate) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.readers.read(query)
    }

    /// As `read`, for a query that may take long.
    pub(crate) fn read_long<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.long_readers.read(query)
    }

    pub(crate) fn head(&self, tenant: &TenantId) -> Result<LedgerHead, StoreError> {
        self.readers.read(|connection| heads::read_head(connection, tenant))
    }

    pub(crate) fn subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Option<SubjectKeyRow>, StoreError> {
        self.key_readers.read(|connection| keys::find(connection, tenant, subject))
    }

    /// Whose key has this name; `None` also where the keys are not at hand.
    pub(crate) fn subject_of(
        &self,
        tenant: &TenantId,
        key_id: &str,
    ) -> Result<Option<SubjectId>, StoreError> {
        if self.key_readers.is_empty() {
            return Ok(None);
        }
        self.key_readers.read(|connection| keys::subject_of(connection, tenant, key_id))
    }

    /// Says whose a decision is.
    pub(crate) fn named(
        &self,
        tenant: &TenantId,
        (row, key_id): queries::Named,
    ) -> Result<DecisionRow, StoreError> {
        let subject = key_id.map(|key_id| self.subject_of(tenant, &key_id)).transpose()?.flatten();
        Ok(DecisionRow { subject, ..row })
    }

    pub(crate) async fn find_or_insert_subject_key(
        &self,
        tenant: TenantId,
        subject: SubjectId,
        key: SubjectKeyRow,
        expires_at: Option<Duration>,
    ) -> Result<SubjectKeyRow, StoreError> {
        let work = move |connection: &Connection, _: &mut state::State| {
            keys::find_or_insert(connection, &tenant, &subject, &key)
        };
        writer(self.keys.as_ref())?.submit(Urgency::Decision, expires_at, work).await
    }

    pub(crate) async fn delete_subject_key(
        &self,
        tenant: TenantId,
        subject: SubjectId,
    ) -> Result<bool, StoreError> {
        let writer = writer(self.keys.as_ref())?;
        let deleted = writer
            .submit(Urgency::Background, None, move |connection, _| {
                keys::delete(connection, &tenant, &subject)
            })
            .await?;
        // Why: the deleted key would otherwise stay readable in the write-ahead log until its next reset.
        let path = self.keys_path.clone();
        tokio::task::spawn_blocking(move || open::empty_log(&path))
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the log was not emptied".to_owned())))?;
        Ok(deleted)
    }
}

fn pool(count: usize, path: &Path, migrations: &[open::Migration]) -> Result<Readers, StoreError> {
    (0..count).map(|_| open::reading(path, migrations)).collect::<Result<Vec<_>, _>>().map(Readers::new)
}

fn writer(writer: Option<&Writer>) -> Result<&Writer, StoreError> {
    writer.ok_or_else(|| StoreError::Unavailable("the store was opened for reading".to_owned()))
}

/// The sign that a process owns a folder.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Why: closing is not enough while a child process that is just being started still has the file open.
        drop(self.0.unlock());
    }
}

fn lock(folder: &Path) -> Result<Lock, StoreError> {
    let path = folder.join("lock");
    let unavailable =
        |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("`{}`: {error}", path.display()));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| unavailable(&error))?;
    file.try_lock().map_err(|_| {
        StoreError::Unavailable(format!("`{}` is in use by another process", folder.display()))
    })?;
    Ok(Lock(file))
}

#[cfg(test)]
mod tests {
    use countersign_core::{Timestamp, testing::HeldClock};

    use super::*;

    #[test]
    fn a_listing_never_takes_a_connection_of_the_sign_ins() {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::default()));
        let sqlite = Sqlite::open(folder.path(), Access::Own, &clock).unwrap();
        let address = |connection: &Connection| Ok(std::ptr::from_ref(connection).addr());
        assert_eq!(sqlite.read(address), sqlite.read(address));
        assert_ne!(sqlite.read(address), sqlite.read_long(address));
    }
}
