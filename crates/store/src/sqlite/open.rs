//! Opening a database file: version, settings, migrations.

use std::{cmp::Ordering, os::unix::fs::OpenOptionsExt, path::Path};

use aws_lc_rs::digest;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::StoreError;

/// The oldest SQLite accepted: before it, a WAL reset could corrupt the file (SQLite release notes, 3.51.3).
const OLDEST: [u32; 3] = [3, 51, 3];

/// How long a connection waits for another process's lock, in milliseconds: well within a decision's ledger budget.
const BUSY_TIMEOUT_MS: u32 = 100;

/// Pages in the write-ahead log before SQLite moves them into the database, where no thread beside the writer does: 16 MiB.
const AUTOCHECKPOINT_PAGES: u32 = 4_000;

/// One step of a schema; released ones are never edited.
pub(super) struct Migration {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

pub(super) const RECORDS: &[Migration] = &[
    Migration { name: "0001_records", sql: include_str!("../../migrations/sqlite/0001_records.sql") },
    Migration { name: "0002_findings", sql: include_str!("../../migrations/sqlite/0002_findings.sql") },
    Migration { name: "0003_journal", sql: include_str!("../../migrations/sqlite/0003_journal.sql") },
    Migration { name: "0004_incidents", sql: include_str!("../../migrations/sqlite/0004_incidents.sql") },
    Migration { name: "0005_progress", sql: include_str!("../../migrations/sqlite/0005_progress.sql") },
    Migration { name: "0006_retention", sql: include_str!("../../migrations/sqlite/0006_retention.sql") },
    Migration { name: "0007_joins", sql: include_str!("../../migrations/sqlite/0007_joins.sql") },
    Migration { name: "0008_desk", sql: include_str!("../../migrations/sqlite/0008_desk.sql") },
    Migration { name: "0009_models", sql: include_str!("../../migrations/sqlite/0009_models.sql") },
    Migration {
        name: "0010_users_at_risk",
        sql: include_str!("../../migrations/sqlite/0010_users_at_risk.sql"),
    },
    Migration { name: "0011_access", sql: include_str!("../../migrations/sqlite/0011_access.sql") },
    Migration { name: "0012_plans", sql: include_str!("../../migrations/sqlite/0012_plans.sql") },
    Migration { name: "0013_reviews", sql: include_str!("../../migrations/sqlite/0013_reviews.sql") },
    Migration {
        name: "0014_message_places",
        sql: include_str!("../../migrations/sqlite/0014_message_places.sql"),
    },
    Migration { name: "0015_inquiries", sql: include_str!("../../migrations/sqlite/0015_inquiries.sql") },
    Migration {
        name: "0016_waiting_plans",
        sql: include_str!("../../migrations/sqlite/0016_waiting_plans.sql"),
    },
    Migration { name: "0017_follow_ups", sql: include_str!("../../migrations/sqlite/0017_follow_ups.sql") },
    Migration {
        name: "0018_tenant_standings",
        sql: include_str!("../../migrations/sqlite/0018_tenant_standings.sql"),
    },
];

pub(super) const KEYS: &[Migration] = &[Migration {
    name: "0001_subject_keys",
    sql: include_str!("../../migrations/sqlite-keys/0001_subject_keys.sql"),
}];

/// Refuses a SQLite that is too old.
pub(super) fn check_version(version: &str) -> Result<(), StoreError> {
    let parts: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    if parts.len() == 3 && parts.as_slice() >= OLDEST.as_slice() {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "SQLite {version} is older than 3.51.3, which mends a corruption of the write-ahead log"
    )))
}

/// Opens the connection that writes, makes every commit durable, and brings the schema up to date.
pub(super) fn writing(path: &Path, migrations: &[Migration]) -> Result<Connection, StoreError> {
    check_version(rusqlite::version())?;
    make_private(path)?;
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "busy_timeout", BUSY_TIMEOUT_MS)?;
    connection.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT_PAGES)?;
    // Not `FAST`: that leaves freed pages as they are, and most of a key or profile may stand on such pages.
    connection.pragma_update(None, "secure_delete", "ON")?;
    assert_durable(&connection)?;
    migrate(&connection, migrations)?;
    Ok(connection)
}

/// Makes the file for its owner alone; SQLite gives its log and index files the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let made = std::fs::File::options().create(true).truncate(false).write(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| StoreError::Unavailable(format!("`{}`: {error}", path.display())))
}

/// Refuses a connection whose commits would not wait for the disk.
pub(super) fn assert_durable(connection: &Connection) -> Result<(), StoreError> {
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    // 2 is FULL (SQLite documentation, PRAGMA synchronous).
    if journal == "wal" && synchronous == 2 {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "commits are not durable: journal_mode `{journal}`, synchronous {synchronous}"
    )))
}

/// Opens a connection that can't write to a database whose schema is this version's.
pub(super) fn reading(path: &Path, migrations: &[Migration]) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "busy_timeout", BUSY_TIMEOUT_MS)?;
    assert_current(&connection, migrations)?;
    Ok(connection)
}

/// Moves everything out of the write-ahead log into the database and cuts the log to nothing.
pub(super) fn empty_log(path: &Path) -> Result<(), StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "busy_timeout", 2_000)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let is_busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy == 0 {
        Ok(())
    } else {
        Err(StoreError::Unavailable("the write-ahead log is in use and could not be emptied".to_owned()))
    }
}

fn checksum(sql: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, sql.as_bytes()).as_ref().to_vec()
}

fn migrate(connection: &Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, checksum BLOB NOT NULL) STRICT, WITHOUT ROWID;",
    )?;
    for Migration { name, sql } in migrations {
        let applied: Option<Vec<u8>> = connection
            .query_row("SELECT checksum FROM migrations WHERE name = ?1", [name], |row| row.get(0))
            .optional()?;
        match applied {
            Some(known) if known == checksum(sql) => {}
            Some(_) => {
                return Err(StoreError::Corrupt(format!("migration `{name}` was applied in another form")));
            }
            None => {
                connection.execute_batch("BEGIN IMMEDIATE")?;
                let done = connection.execute_batch(sql).and_then(|()| {
                    connection.execute(
                        "INSERT INTO migrations (name, checksum) VALUES (?1, ?2)",
                        params![name, checksum(sql)],
                    )
                });
                connection.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
                done?;
            }
        }
    }
    assert_current(connection, migrations)
}

/// Refuses a database that has more migrations, or fewer, than this version knows.
fn assert_current(connection: &Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let applied: i64 = connection.query_row("SELECT COUNT(*) FROM migrations", [], |row| row.get(0))?;
    match applied.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => {
            Err(StoreError::Corrupt("the database was written by a newer Countersign".to_owned()))
        }
        Ordering::Less => Err(StoreError::Unavailable(
            "the database is an older Countersign's; start the service on it once".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_below_3_51_3_is_refused() {
        for (version, is_accepted) in [
            ("3.51.2", false),
            ("3.50.9", false),
            ("3.51.3", true),
            ("3.52.0", true),
            ("4.0.0", true),
            ("weird", false),
        ] {
            assert_eq!(check_version(version).is_ok(), is_accepted, "{version}");
        }
    }

    #[test]
    fn the_writer_syncs_each_commit_and_one_that_does_not_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let connection = writing(&folder.path().join("a.db"), RECORDS).unwrap();
        assert_durable(&connection).unwrap();
        connection.pragma_update(None, "synchronous", "NORMAL").unwrap();
        assert!(assert_durable(&connection).is_err());
    }

    #[test]
    fn the_files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let connection = writing(&folder.path().join("a.db"), RECORDS).unwrap();
        connection.execute("INSERT INTO silence_cursors VALUES ('t', 1)", []).unwrap();
        for name in ["a.db", "a.db-wal", "a.db-shm"] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn an_edited_migration_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(writing(&path, RECORDS).unwrap());
        drop(writing(&path, RECORDS).unwrap());
        let edited = [Migration { name: RECORDS[0].name, sql: "SELECT 1;" }];
        assert!(matches!(writing(&path, &edited), Err(StoreError::Corrupt(_))));
    }

    #[test]
    fn a_read_connection_can_not_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(writing(&path, RECORDS).unwrap());
        assert!(reading(&path, RECORDS).unwrap().execute("DELETE FROM requests", []).is_err());
    }

    #[test]
    fn a_newer_database_is_refused_by_writers_and_readers_and_an_older_one_by_readers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = writing(&path, RECORDS).unwrap();
        connection
            .execute("INSERT INTO migrations (name, checksum) VALUES ('9999_later', x'00')", [])
            .unwrap();
        assert!(matches!(writing(&path, RECORDS), Err(StoreError::Corrupt(_))));
        assert!(matches!(reading(&path, RECORDS), Err(StoreError::Corrupt(_))));
        connection.execute("DELETE FROM migrations", []).unwrap();
        assert!(matches!(reading(&path, RECORDS), Err(StoreError::Unavailable(_))));
    }

    #[test]
    fn the_checked_in_schema_is_what_the_migrations_make() {
        let folder = tempfile::tempdir().unwrap();
        let made = [("a.db", RECORDS), ("b.db", KEYS)].map(|(name, migrations)| {
            let connection = writing(&folder.path().join(name), migrations).unwrap();
            let mut statement = connection
                .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name")
                .unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            rows.map(|sql| format!("{};\n", sql.unwrap())).collect::<String>()
        });
        let checked_in = include_str!("../../migrations/sqlite-schema.sql");
        assert_eq!(
            checked_in,
            made.join("\n-- Subject keys, in a file of their own\n"),
            "regenerate migrations/sqlite-schema.sql"
        );
    }
}
