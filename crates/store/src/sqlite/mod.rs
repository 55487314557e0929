//! The embedded backend: SQLite through rusqlite alone.

mod access;
mod addresses;
mod alerts;
mod attack_sources;
mod backup;
mod columns;
mod decisions;
mod heads;
mod hooks;
mod incidents;
mod inquiries;
mod joins;
mod journal;
mod keys;
mod known_profiles;
mod leases;
mod models;
mod mover;
mod open;
mod plans;
mod policies;
mod profiles;
mod queries;
mod readers;
mod reads;
mod records;
mod requests;
mod retention;
mod reviews;
mod snapshots;
mod state;
mod suppressions;
mod tokens;
mod writer;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use countersign_core::{Clock, SubjectId, TenantId, Timestamp};
use rusqlite::Connection;
use tokio::sync::watch;

pub use self::backup::backup_sqlite;
use self::{
    known_profiles::{KnownProfiles, Pending},
    mover::Mover,
    readers::Readers,
    state::State,
    writer::Writer,
};
use crate::{
    Access, Commit, Committed, Lease, NewLogEntry, NewLogReject, StoreError, SubjectKeyRow, Urgency, Write,
};

/// The file of everything but the keys.
const RECORDS_FILE: &str = "countersign.db";

/// The file of the subjects' keys, which ordinary backups leave out.
const KEYS_FILE: &str = "subject-keys.db";

/// Read connections: more than cores brings nothing.
const READERS: usize = 4;

/// Connections for reads of many rows, apart from the others: a sign-in must never wait for a listing.
const LONG_READERS: usize = 2;

/// Entries of a log that are journaled at once: some 0.3 ms, for which a decision waits.
const JOURNAL_PIECE: usize = 16;

/// Two database files in one directory.
pub(crate) struct Sqlite {
    // Before the writers: what closes last moves the log into the database, which a reader can't.
    readers: Readers,
    long_readers: Arc<Readers>,
    key_readers: Arc<Readers>,
    records: Option<Writer>,
    keys: Option<Writer>,
    keys_path: PathBuf,
    clock: Arc<dyn Clock>,
    changes: watch::Sender<u64>,
    // `None` where another process may write.
    known: Option<Arc<KnownProfiles>>,
    // Held until the end: one process owns the heads.
    _lock: Option<Lock>,
}

impl Sqlite {
    pub(crate) fn open(folder: &Path, access: Access, clock: &Arc<dyn Clock>) -> Result<Self, StoreError> {
        let (records_path, keys_path) = (folder.join(RECORDS_FILE), folder.join(KEYS_FILE));
        let known = (access == Access::Own).then(|| Arc::new(KnownProfiles::new()));
        let (lock, records, keys) = match access {
            Access::ReadOnly => (None, None, None),
            Access::Own => {
                let lock = lock(folder)?;
                let records = open::writing(&records_path, open::RECORDS)?;
                leases::end_all(&records)?;
                let keys = open::writing(&keys_path, open::KEYS)?;
                // Why: a key deleted just before a crash would stay readable in the log. A reader beside us may
                // hold the log for now, which is no reason not to start.
                drop(open::empty_log(&keys_path));
                let mover = Mover::start(&records_path)?;
                let profiles = known.clone().map(Pending::of).unwrap_or_default();
                let state = State { profiles, ..State::default() };
                let records =
                    Writer::start_beside(mover, state, "records-writer", records, Arc::clone(clock))?;
                (Some(lock), Some(records), Some(Writer::start("keys-writer", keys, Arc::clone(clock))?))
            }
        };
        // Why: ordinary backups leave the keys out, and their copies can be audited all the same.
        let has_keys = access == Access::Own || keys_path.exists();
        Ok(Self {
            records,
            readers: pool(READERS, &records_path, open::RECORDS)?,
            long_readers: Arc::new(pool(LONG_READERS, &records_path, open::RECORDS)?),
            keys,
            key_readers: Arc::new(pool(if has_keys { READERS } else { 0 }, &keys_path, open::KEYS)?),
            keys_path,
            clock: Arc::clone(clock),
            changes: watch::Sender::default(),
            known,
            _lock: lock,
        })
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let writer = writer(self.records.as_ref())?;
        let change = commit.writes.iter().any(is_watched).then(|| Change(self.changes.clone()));
        let (tenant, urgency, expires_at) = (commit.tenant.clone(), commit.urgency, commit.expires_at);
        let is_whole = records::is_whole(&commit);
        let work = move |connection: &Connection, state: &mut State| {
            Ok((records::apply(connection, state, &commit)?, change))
        };
        let (committed, _change) = if is_whole {
            writer.submit_whole(Some(tenant), urgency, expires_at, work).await?
        } else {
            writer.submit_of(Some(tenant), urgency, expires_at, work).await?
        };
        Ok(committed)
    }

    pub(crate) async fn append_log(
        &self,
        tenant: &TenantId,
        arrived: Timestamp,
        entries: Vec<NewLogEntry>,
        rejects: Vec<NewLogReject>,
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let writer = writer(self.records.as_ref())?;
        let append = |entries: Vec<NewLogEntry>, rejects: Vec<NewLogReject>| {
            let of = tenant.clone();
            writer.send_piece(tenant.clone(), move |connection, _| {
                journal::append(connection, &of, arrived, (&entries, &rejects))
            })
        };
        // INVARIANT: pieces are queued in this order, and done in the order of their coming.
        let mut answers = Vec::new();
        for entries in pieces(entries) {
            answers.push(append(entries, Vec::new())?);
        }
        let mut places = Vec::new();
        for answer in answers {
            places.extend(answer.wait().await?);
        }
        // Why last: what can't be read has no id by which it would be known when all comes again.
        if !rejects.is_empty() {
            append(Vec::new(), rejects)?.wait().await?;
        }
        Ok(places)
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) async fn find_or_insert_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        key: SubjectKeyRow,
        expires_at: Option<Duration>,
    ) -> Result<SubjectKeyRow, StoreError> {
        let (of, tenant, subject) = (Some(tenant.clone()), tenant.clone(), subject.clone());
        let work = move |connection: &Connection, _: &mut State| {
            keys::find_or_insert(connection, &tenant, &subject, &key)
        };
        writer(self.keys.as_ref())?.submit_of(of, Urgency::Decision, expires_at, work).await
    }

    pub(crate) async fn find_or_insert_subject_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<(SubjectId, SubjectKeyRow)>,
    ) -> Result<Vec<SubjectKeyRow>, StoreError> {
        let tenant = tenant.clone();
        self.write_keys(move |connection| {
            let kept = |(subject, key): &_| keys::find_or_insert(connection, &tenant, subject, key);
            keys.iter().map(kept).collect()
        })
        .await
    }

    pub(crate) async fn rewrap_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        old: &SubjectKeyRow,
        wrapped: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let (tenant, subject, old) = (tenant.clone(), subject.clone(), old.clone());
        self.write_keys(move |connection| keys::rewrap(connection, &tenant, &subject, (&old, &wrapped))).await
    }

    pub(crate) async fn delete_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        key_id: &str,
    ) -> Result<bool, StoreError> {
        let (tenant, subject, key_id) = (tenant.clone(), subject.clone(), key_id.to_owned());
        let work = move |connection: &Connection| keys::delete(connection, &tenant, &subject, &key_id);
        let deleted = self.write_keys(work).await?;
        // Why: the deleted key would otherwise stay readable in the write-ahead log until its next reset.
        let path = self.keys_path.clone();
        tokio::task::spawn_blocking(move || open::empty_log(&path))
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the log was not emptied".to_owned())))?;
        Ok(deleted)
    }

    pub(crate) async fn find_or_insert_pseudonym_root(
        &self,
        tenant: &TenantId,
        wrapped: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let tenant = tenant.clone();
        self.write_keys(move |connection| keys::find_or_insert_root(connection, &tenant, &wrapped)).await
    }

    pub(crate) async fn put_pseudonym_root(
        &self,
        tenant: &TenantId,
        wrapped: Vec<u8>,
    ) -> Result<(), StoreError> {
        let tenant = tenant.clone();
        self.write_keys(move |connection| keys::put_root(connection, &tenant, &wrapped)).await
    }

    async fn write_keys<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let work = |connection: &Connection, _: &mut State| work(connection);
        writer(self.keys.as_ref())?.submit(Urgency::Background, None, work).await
    }

    pub(crate) async fn acquire_lease(
        &self,
        tenant: &TenantId,
        name: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let (tenant, name, holder) = (tenant.clone(), name.to_owned(), holder.to_owned());
        let clock = Arc::clone(&self.clock);
        let work = move |connection: &Connection, _: &mut State| {
            leases::acquire(connection, &tenant, (&name, &holder), clock.now(), ttl)
        };
        writer(self.records.as_ref())?.submit(Urgency::Background, None, work).await
    }

    pub(crate) async fn release_lease(
        &self,
        tenant: &TenantId,
        name: &str,
        holder: &str,
    ) -> Result<(), StoreError> {
        let (tenant, name, holder) = (tenant.clone(), name.to_owned(), holder.to_owned());
        let work = move |connection: &Connection, _: &mut State| {
            leases::release(connection, &tenant, &name, &holder)
        };
        writer(self.records.as_ref())?.submit(Urgency::Background, None, work).await
    }
}

/// A delivery in pieces.
fn pieces(entries: Vec<NewLogEntry>) -> Vec<Vec<NewLogEntry>> {
    let mut entries = entries.into_iter();
    let mut pieces = Vec::new();
    while entries.len() > 0 {
        pieces.push(entries.by_ref().take(JOURNAL_PIECE).collect());
    }
    pieces
}

/// Counts a change when it is dropped: after its commit, also when whoever asked for it is gone by then.
struct Change(watch::Sender<u64>);

impl Drop for Change {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// Whether those who watch for changes are to look again.
const fn is_watched(write: &Write) -> bool {
    matches!(
        write,
        Write::Switch(_)
            | Write::Policy { .. }
            | Write::ModelAct(_)
            | Write::RiskToken { .. }
            | Write::RevokeRiskToken { .. }
            | Write::Erasure { .. }
    )
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
    file.try_lock().map_err(|_| StoreError::InUse(folder.display().to_string()))?;
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
        assert_eq!(sqlite.readers.read(address), sqlite.readers.read(address));
        assert_ne!(sqlite.readers.read(address), sqlite.long_readers.read(address));
    }
}
