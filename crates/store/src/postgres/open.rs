//! Opening a database: the server's version and settings, sessions, migrations.

use std::{net::IpAddr, str::FromStr, time::Duration};

use aws_lc_rs::digest;
use countersign_core::Secret;
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    pool::PoolConnectionMetadata,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use super::errors;
use crate::{Access, StoreError};

/// The oldest server accepted: the statements are tested on 15 and use nothing newer than 13, the oldest whose
/// connections tell a broken network by `tcp_user_timeout` and whose unique indexes merge equal keys.
const OLDEST: i64 = 130_000;

/// How long an attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(2);

/// How long a read waits for a connection: a sign-in is given up by its Action before long.
const ACQUIRE: Duration = Duration::from_secs(1);

/// How long a connection that is given back may take to be ready again; beyond it another is made in its place.
const RELEASE: Duration = Duration::from_secs(1);

/// A connection that lay idle for so long is asked whether it still stands before it is used.
const IDLE: Duration = Duration::from_secs(5);

/// The name of the lock under which one process migrates: `countrsg` in ASCII.
const MIGRATION_LOCK: i64 = 0x636f_756e_7472_7367;

/// What each session begins with. A session that stops in a transaction holds a ledger's head: the server ends it. All
/// statements look for keys: a plan that was made while a table was small, and is kept, must not scan it when it is large.
const SESSION: &str = "
    SET search_path = countersign, pg_temp;
    SET default_transaction_isolation = 'read committed';
    SET statement_timeout = '30s';
    SET lock_timeout = '1s';
    SET idle_in_transaction_session_timeout = '5s';
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET tcp_keepalives_idle = 5;
    SET tcp_keepalives_interval = 2;
    SET tcp_keepalives_count = 3;
    SELECT set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false);
";

/// What a session that must not write begins with besides.
const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// One step of a schema; released ones are never edited.
pub(super) struct Migration {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

pub(super) const RECORDS: &[Migration] = &[
    Migration { name: "0001_records", sql: include_str!("../../migrations/postgres/0001_records.sql") },
    Migration { name: "0002_findings", sql: include_str!("../../migrations/postgres/0002_findings.sql") },
    Migration { name: "0003_journal", sql: include_str!("../../migrations/postgres/0003_journal.sql") },
    Migration { name: "0004_incidents", sql: include_str!("../../migrations/postgres/0004_incidents.sql") },
    Migration { name: "0005_progress", sql: include_str!("../../migrations/postgres/0005_progress.sql") },
    Migration { name: "0006_retention", sql: include_str!("../../migrations/postgres/0006_retention.sql") },
    Migration { name: "0007_joins", sql: include_str!("../../migrations/postgres/0007_joins.sql") },
    Migration { name: "0008_desk", sql: include_str!("../../migrations/postgres/0008_desk.sql") },
    Migration { name: "0009_models", sql: include_str!("../../migrations/postgres/0009_models.sql") },
    Migration {
        name: "0010_users_at_risk",
        sql: include_str!("../../migrations/postgres/0010_users_at_risk.sql"),
    },
    Migration { name: "0011_access", sql: include_str!("../../migrations/postgres/0011_access.sql") },
    Migration { name: "0012_plans", sql: include_str!("../../migrations/postgres/0012_plans.sql") },
    Migration { name: "0013_reviews", sql: include_str!("../../migrations/postgres/0013_reviews.sql") },
    Migration {
        name: "0014_message_places",
        sql: include_str!("../../migrations/postgres/0014_message_places.sql"),
    },
    Migration { name: "0015_inquiries", sql: include_str!("../../migrations/postgres/0015_inquiries.sql") },
    Migration {
        name: "0016_waiting_plans",
        sql: include_str!("../../migrations/postgres/0016_waiting_plans.sql"),
    },
    Migration { name: "0017_follow_ups", sql: include_str!("../../migrations/postgres/0017_follow_ups.sql") },
    Migration {
        name: "0018_tenant_standings",
        sql: include_str!("../../migrations/postgres/0018_tenant_standings.sql"),
    },
];

pub(super) const KEYS: &[Migration] = &[Migration {
    name: "0001_subject_keys",
    sql: include_str!("../../migrations/postgres-keys/0001_subject_keys.sql"),
}];

/// A database that passed the checks, to be connected to.
#[derive(Clone)]
pub(super) struct Database {
    options: PgConnectOptions,
    access: Access,
}

impl Database {
    /// Checks the server and brings the schema up to date, or with `ReadOnly` demands that it is; `None` when there is
    /// no such database.
    pub(super) async fn open(
        url: &Secret,
        access: Access,
        migrations: &[Migration],
    ) -> Result<Option<Self>, StoreError> {
        let unreadable = || StoreError::Unavailable("the database's address can't be read".to_owned());
        let url = std::str::from_utf8(url.expose()).map_err(|_| unreadable())?;
        let options = PgConnectOptions::from_str(url).map_err(|_| unreadable())?;
        check_way(&options)?;
        let options = options.application_name("countersign").disable_statement_logging();
        let database = Self { options, access };
        let mut connection = match database.connect().await {
            Err(error) if errors::is_missing(&error) => return Ok(None),
            connected => connected?,
        };
        database.check(&mut connection).await?;
        if access == Access::Own {
            migrate(&mut connection, migrations).await?;
        }
        assert_current(&mut connection, migrations).await?;
        drop(connection.close().await);
        Ok(Some(database))
    }

    async fn check(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let told: (i64, String, String, String, bool) = sqlx::query_as(
            "SELECT current_setting('server_version_num')::bigint, current_setting('server_encoding'),
                    current_setting('fsync'), current_setting('synchronous_commit'), pg_is_in_recovery()",
        )
        .fetch_one(connection)
        .await?;
        let (version, encoding, fsync, commit, is_standby) = told;
        check_server(version, &encoding)?;
        if self.access == Access::ReadOnly {
            return Ok(());
        }
        check_durable(&fsync, &commit)?;
        if is_standby {
            return Err(StoreError::Unavailable(
                "the server is a standby, which can't be written".to_owned(),
            ));
        }
        Ok(())
    }

    /// A connection of its own.
    pub(super) async fn connect(&self) -> sqlx::Result<PgConnection> {
        let connected = tokio::time::timeout(CONNECT, async {
            let mut connection = self.options.connect().await?;
            self.prepare(&mut connection).await?;
            Ok(connection)
        });
        connected.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn prepare(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::raw_sql(SESSION).execute(&mut *connection).await?;
        if self.access == Access::ReadOnly {
            sqlx::raw_sql(READ_ONLY).execute(connection).await?;
        }
        Ok(())
    }

    /// At most `count` connections, made when they are needed.
    pub(super) fn pool(&self, count: u32) -> PgPool {
        let database = self.clone();
        PgPoolOptions::new()
            .max_connections(count)
            .acquire_timeout(ACQUIRE)
            // Why: asking each time would double the time of each read.
            .test_before_acquire(false)
            .before_acquire(|connection, meta: PoolConnectionMetadata| {
                Box::pin(async move {
                    if meta.idle_for >= IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_release(|connection, _| {
                Box::pin(async move {
                    // Why: a caller who gave up leaves an answer to come; should it never come, the place is free again.
                    let answered = tokio::time::timeout(RELEASE, connection.ping()).await;
                    answered.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
                })
            })
            .after_connect(move |connection, _| {
                let database = database.clone();
                Box::pin(async move { database.prepare(connection).await })
            })
            .connect_lazy_with(self.options.clone())
    }
}

/// Refuses a way to the server that others could read or be at the end of: beyond this machine its certificate is checked.
fn check_way(options: &PgConnectOptions) -> Result<(), StoreError> {
    let host = options.get_host().trim_start_matches('[').trim_end_matches(']');
    let is_here = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_here || matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
        return Ok(());
    }
    Err(StoreError::Unavailable(
        "the database's address leads to another machine: it must say `sslmode=verify-full`, and where the server's \
         authority is not the system's `sslrootcert=FILE`"
            .to_owned(),
    ))
}

/// Refuses a server that is too old or keeps texts in another encoding.
fn check_server(version: i64, encoding: &str) -> Result<(), StoreError> {
    if version < OLDEST {
        let version = version / 10_000;
        return Err(StoreError::Unavailable(format!("PostgreSQL {version} is older than 13")));
    }
    if encoding != "UTF8" {
        return Err(StoreError::Unavailable(format!("the database's encoding is `{encoding}`, not `UTF8`")));
    }
    Ok(())
}

/// Refuses sessions whose commits would not wait for the disk.
fn check_durable(fsync: &str, synchronous_commit: &str) -> Result<(), StoreError> {
    if fsync == "on" && matches!(synchronous_commit, "on" | "remote_apply") {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "commits are not durable: fsync `{fsync}`, synchronous_commit `{synchronous_commit}`"
    )))
}

fn checksum(sql: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, sql.as_bytes()).as_ref().to_vec()
}

/// Names and checksums of the migrations that were applied; none when there is no schema.
async fn applied(connection: &mut PgConnection) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass('countersign.migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !is_there {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as("SELECT name, checksum FROM countersign.migrations").fetch_all(connection).await?)
}

/// Applies what is missing while no other process does. Where nothing is, no right but to read and write is needed.
async fn migrate(connection: &mut PgConnection, migrations: &[Migration]) -> Result<(), StoreError> {
    if assert_current(connection, migrations).await.is_ok() {
        return Ok(());
    }
    sqlx::raw_sql("SET lock_timeout = '60s'; SET statement_timeout = 0").execute(&mut *connection).await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(MIGRATION_LOCK).execute(&mut *connection).await?;
    let known = applied(connection).await?;
    assert_ours(&known, migrations)?;
    for migration in migrations.iter().filter(|one| known.iter().all(|(name, _)| name != one.name)) {
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(
            "CREATE SCHEMA IF NOT EXISTS countersign;
             CREATE TABLE IF NOT EXISTS migrations (name TEXT COLLATE \"C\" PRIMARY KEY, checksum BYTEA NOT NULL);",
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::raw_sql(migration.sql).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO migrations (name, checksum) VALUES ($1, $2)")
            .bind(migration.name)
            .bind(checksum(migration.sql))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Refuses what was applied in another form, or is not this version's.
fn assert_ours(known: &[(String, Vec<u8>)], migrations: &[Migration]) -> Result<(), StoreError> {
    for (name, sum) in known {
        let Some(migration) = migrations.iter().find(|migration| migration.name == name) else {
            let is_other = RECORDS.iter().chain(KEYS).any(|migration| migration.name == name);
            return Err(StoreError::Corrupt(if is_other {
                "records and keys of subjects must be in a database each".to_owned()
            } else {
                "the database was written by a newer Countersign".to_owned()
            }));
        };
        if *sum != checksum(migration.sql) {
            return Err(StoreError::Corrupt(format!("migration `{name}` was applied in another form")));
        }
    }
    Ok(())
}

async fn assert_current(connection: &mut PgConnection, migrations: &[Migration]) -> Result<(), StoreError> {
    let known = applied(connection).await?;
    assert_ours(&known, migrations)?;
    if known.len() < migrations.len() {
        return Err(StoreError::Unavailable(
            "the database is an older Countersign's or empty; start the service on it once".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_migration_has_its_like_in_the_other_backend() {
        let names = |folder: &str| {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
            let entries = std::fs::read_dir(folder).unwrap();
            entries.map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>()
        };
        for (ours, theirs, listed) in
            [("postgres", "sqlite", RECORDS), ("postgres-keys", "sqlite-keys", KEYS)]
        {
            assert_eq!(names(ours), names(theirs));
            let listed = listed.iter().map(|migration| format!("{}.sql", migration.name).into()).collect();
            assert_eq!(names(ours), listed);
        }
    }

    #[test]
    fn a_server_elsewhere_is_reached_by_a_checked_certificate_alone() {
        for (address, is_accepted) in [
            ("localhost/a", true),
            ("127.0.0.1/a", true),
            ("[::1]:5432/a?sslmode=disable", true),
            ("localhost/a?host=/run/postgresql", true),
            ("%2Frun%2Fpostgresql/a", true),
            ("db.example.com/a?sslmode=verify-full", true),
            ("db.example.com/a", false),
            ("db.example.com/a?sslmode=require", false),
            ("db.example.com/a?sslmode=verify-ca", false),
            ("localhost/a?host=db.example.com", false),
            ("localhost/a?hostaddr=10.0.0.1", false),
            ("127.0.0.1.example.com/a", false),
        ] {
            let options = PgConnectOptions::from_str(&format!("postgres://user@{address}")).unwrap();
            assert_eq!(check_way(&options).is_ok(), is_accepted, "{address}");
        }
    }

    #[test]
    fn a_server_before_13_or_of_another_encoding_is_refused() {
        assert!(check_server(120_022, "UTF8").is_err());
        assert!(check_server(130_000, "UTF8").is_ok());
        assert!(check_server(150_004, "SQL_ASCII").is_err());
    }

    #[test]
    fn a_session_that_does_not_wait_for_the_disk_is_refused() {
        for (fsync, commit, is_accepted) in [
            ("on", "on", true),
            ("on", "remote_apply", true),
            ("off", "on", false),
            ("on", "off", false),
            ("on", "local", false),
        ] {
            assert_eq!(check_durable(fsync, commit).is_ok(), is_accepted, "{fsync} {commit}");
        }
    }
}
