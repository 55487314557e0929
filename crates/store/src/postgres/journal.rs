//! The journal of a tenant's log.

use std::collections::HashSet;

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, PgPool};

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{
    LogEntryRow, LogFilter, LogProgress, LogRejectRow, LogState, LogStretch, NewLogEntry, NewLogReject,
    StoreError,
};

type EntryColumns = (i64, String, String, i64, i64, String, Vec<u8>);

/// Journals what is not there yet; returns the place of each entry, `None` for one that is there already.
///
/// It is repeated when its connection goes: what is there already is not journaled again.
pub(super) async fn append(
    pool: &PgPool,
    tenant: &TenantId,
    arrived: Timestamp,
    new: (&[NewLogEntry], &[NewLogReject]),
) -> Result<Vec<Option<u64>>, StoreError> {
    let (first, fresh) = retried(|| append_once(pool, tenant, arrived, new)).await?;
    let mut next = columns::unsigned(first)?;
    let place = |is_new: bool| {
        let place = is_new.then_some(next);
        next += u64::from(is_new);
        place
    };
    Ok(fresh.into_iter().map(place).collect())
}

/// Says the place of the first new entry, and which entries are new.
async fn append_once(
    pool: &PgPool,
    tenant: &TenantId,
    arrived: Timestamp,
    (entries, rejects): (&[NewLogEntry], &[NewLogReject]),
) -> sqlx::Result<(i64, Vec<bool>)> {
    let mut transaction = pool.begin().await?;
    // Why first: whoever holds the row's lock gives out places, so that none becomes visible before an earlier one.
    let next: i64 = sqlx::query_scalar(
        "INSERT INTO log_states (tenant_id, next_seq) VALUES ($1, 0)
         ON CONFLICT (tenant_id) DO UPDATE SET next_seq = log_states.next_seq RETURNING next_seq",
    )
    .bind(tenant.as_str())
    .fetch_one(&mut *transaction)
    .await?;
    let fresh = fresh(&mut transaction, tenant, entries).await?;
    let new: Vec<&NewLogEntry> =
        entries.iter().zip(&fresh).filter(|(_, is_new)| **is_new).map(|(entry, _)| entry).collect();
    insert(&mut transaction, tenant, arrived, (&new, next)).await?;
    sqlx::query("UPDATE log_states SET next_seq = next_seq + $2 WHERE tenant_id = $1")
        .bind(tenant.as_str())
        .bind(i64::try_from(new.len()).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
    insert_rejects(&mut transaction, tenant, arrived, rejects).await?;
    transaction.commit().await?;
    Ok((next, fresh))
}

/// Which entries are neither journaled nor named before in the list.
async fn fresh(
    connection: &mut PgConnection,
    tenant: &TenantId,
    entries: &[NewLogEntry],
) -> sqlx::Result<Vec<bool>> {
    let log_ids: Vec<&str> = entries.iter().map(|entry| entry.log_id.as_str()).collect();
    let known: Vec<String> =
        sqlx::query_scalar("SELECT log_id FROM log_entries WHERE tenant_id = $1 AND log_id = ANY($2)")
            .bind(tenant.as_str())
            .bind(&log_ids)
            .fetch_all(connection)
            .await?;
    let mut seen: HashSet<&str> = known.iter().map(String::as_str).collect();
    Ok(log_ids.iter().map(|log_id| seen.insert(log_id)).collect())
}

/// Inserts entries from the place `next` on.
async fn insert(
    connection: &mut PgConnection,
    tenant: &TenantId,
    arrived: Timestamp,
    (new, next): (&[&NewLogEntry], i64),
) -> sqlx::Result<()> {
    let column = |of: fn(&NewLogEntry) -> &str| new.iter().map(|entry| of(entry)).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO log_entries (tenant_id, seq, log_id, kind, happened_at, arrived_at, key_id, sealed)
         SELECT $1, $2 + place - 1, log_id, kind, happened_at, $3, key_id, sealed
         FROM UNNEST($4::text[], $5::text[], $6::bigint[], $7::text[], $8::bytea[])
              WITH ORDINALITY AS e (log_id, kind, happened_at, key_id, sealed, place)",
    )
    .bind(tenant.as_str())
    .bind(next)
    .bind(arrived.micros())
    .bind(column(|entry| &entry.log_id))
    .bind(column(|entry| &entry.kind))
    .bind(new.iter().map(|entry| entry.at.micros()).collect::<Vec<_>>())
    .bind(column(|entry| &entry.key_id))
    .bind(new.iter().map(|entry| entry.sealed.as_slice()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Inserts what could not be read. Why by one statement: places wait for it.
async fn insert_rejects(
    connection: &mut PgConnection,
    tenant: &TenantId,
    arrived: Timestamp,
    rejects: &[NewLogReject],
) -> sqlx::Result<()> {
    if rejects.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO log_rejects (tenant_id, number, arrived_at, reason, key_id, sealed)
         SELECT $1, place + COALESCE((SELECT MAX(number) FROM log_rejects WHERE tenant_id = $1), -1), $2, reason, key_id,
                sealed
         FROM UNNEST($3::text[], $4::text[], $5::bytea[]) WITH ORDINALITY AS r (reason, key_id, sealed, place)",
    )
    .bind(tenant.as_str())
    .bind(arrived.micros())
    .bind(rejects.iter().map(|reject| reject.reason.as_str()).collect::<Vec<_>>())
    .bind(rejects.iter().map(|reject| reject.key_id.as_str()).collect::<Vec<_>>())
    .bind(rejects.iter().map(|reject| reject.sealed.as_slice()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn state(pool: &PgPool, tenant: &TenantId) -> Result<LogState, StoreError> {
    type Columns = (Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
    // Why both apart: a journal is looked at before its first entry.
    let (next, kept_from, turn, worked, late_from, reached): Columns = retried(|| {
        sqlx::query_as(
            "SELECT next_seq, kept_from, turn, worked, late_from, reached_at
             FROM (SELECT $1::text AS tenant_id) AS asked
             LEFT JOIN log_states USING (tenant_id) LEFT JOIN log_progress USING (tenant_id)",
        )
        .bind(tenant.as_str())
        .fetch_one(pool)
    })
    .await?;
    let progress = LogProgress {
        turn: columns::unsigned(turn.unwrap_or_default())?,
        worked: columns::unsigned(worked.unwrap_or_default())?,
        late_from: late_from.map(Timestamp::from_micros),
        reached: reached.map(Timestamp::from_micros),
    };
    let kept_from = kept_from.map(Timestamp::from_micros);
    Ok(LogState { next: columns::unsigned(next.unwrap_or_default())?, progress, kept_from })
}

/// Says how far the journal was looked at, as the next turn; `Stale` when another turn came between.
pub(super) async fn set_progress(
    connection: &mut PgConnection,
    tenant: &str,
    progress: &LogProgress,
) -> Result<(), Trouble> {
    let LogProgress { turn, worked, late_from, reached } = progress;
    let sql = if *turn == 0 {
        "INSERT INTO log_progress (tenant_id, turn, worked, late_from, reached_at)
         SELECT $1, 1, $3, $4, $5 WHERE $2 = 0 ON CONFLICT DO NOTHING"
    } else {
        "UPDATE log_progress SET turn = turn + 1, worked = $3, late_from = $4, reached_at = $5
         WHERE tenant_id = $1 AND turn = $2"
    };
    let done = sqlx::query(sql)
        .bind(tenant)
        .bind(columns::integer(*turn)?)
        .bind(columns::integer(*worked)?)
        .bind(late_from.map(Timestamp::micros))
        .bind(reached.map(Timestamp::micros))
        .execute(connection)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

/// Entries from the place `from` on, in the order of arrival.
pub(super) async fn list(
    pool: &PgPool,
    tenant: &TenantId,
    from: u64,
    limit: u32,
) -> Result<Vec<LogEntryRow>, StoreError> {
    let rows: Vec<EntryColumns> = retried(|| {
        sqlx::query_as(
            "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed FROM log_entries
             WHERE tenant_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(columns::bound(from))
        .bind(i64::from(limit))
        .fetch_all(pool)
    })
    .await?;
    rows.into_iter().map(entry_row).collect()
}

/// Entries of a stretch, in the order of event time; events of an event stream, whose kind begins with `event:`, are none.
pub(super) async fn list_in_time(
    pool: &PgPool,
    tenant: &TenantId,
    stretch: &LogStretch,
    limit: u32,
) -> Result<Vec<LogEntryRow>, StoreError> {
    let LogStretch { after: (at, log_id), until, before } = stretch;
    let rows: Vec<EntryColumns> = retried(|| {
        sqlx::query_as(
            "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed FROM log_entries
             WHERE tenant_id = $1 AND (happened_at, log_id) > ($2, $3) AND happened_at <= $4 AND seq < $5
               AND kind NOT LIKE 'event:%'
             ORDER BY happened_at, log_id LIMIT $6",
        )
        .bind(tenant.as_str())
        .bind(at.micros())
        .bind(log_id)
        .bind(until.micros())
        .bind(columns::bound(*before))
        .bind(i64::from(limit))
        .fetch_all(pool)
    })
    .await?;
    rows.into_iter().map(entry_row).collect()
}

/// The entry of an id.
pub(super) async fn find(
    pool: &PgPool,
    tenant: &TenantId,
    log_id: &str,
) -> Result<Option<LogEntryRow>, StoreError> {
    let row: Option<EntryColumns> = retried(|| {
        sqlx::query_as(
            "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed FROM log_entries
             WHERE tenant_id = $1 AND log_id = $2",
        )
        .bind(tenant.as_str())
        .bind(log_id)
        .fetch_optional(pool)
    })
    .await?;
    row.map(entry_row).transpose()
}

fn entry_row(
    (seq, log_id, kind, at, arrived, key_id, sealed): EntryColumns,
) -> Result<LogEntryRow, StoreError> {
    Ok(LogEntryRow {
        seq: columns::unsigned(seq)?,
        arrived: Timestamp::from_micros(arrived),
        entry: NewLogEntry { log_id, kind, at: Timestamp::from_micros(at), key_id, sealed },
    })
}

/// What could not be read, newest first.
pub(super) async fn rejects(
    pool: &PgPool,
    tenant: &TenantId,
    limit: u32,
) -> Result<Vec<LogRejectRow>, StoreError> {
    let rows: Vec<(i64, String, String, Vec<u8>)> = retried(|| {
        sqlx::query_as(
            "SELECT arrived_at, reason, key_id, sealed FROM log_rejects WHERE tenant_id = $1
             ORDER BY number DESC LIMIT $2",
        )
        .bind(tenant.as_str())
        .bind(i64::from(limit))
        .fetch_all(pool)
    })
    .await?;
    let row = |(arrived, reason, key_id, sealed)| LogRejectRow {
        arrived: Timestamp::from_micros(arrived),
        reject: NewLogReject { reason, key_id, sealed },
    };
    Ok(rows.into_iter().map(row).collect())
}

pub(super) async fn find_cursor(
    pool: &PgPool,
    tenant: &TenantId,
    name: &str,
) -> Result<Option<String>, StoreError> {
    retried(|| {
        sqlx::query_scalar("SELECT cursor FROM log_cursors WHERE tenant_id = $1 AND name = $2")
            .bind(tenant.as_str())
            .bind(name)
            .fetch_optional(pool)
    })
    .await
}

impl Postgres {
    pub(crate) async fn append_log(
        &self,
        tenant: &TenantId,
        arrived: Timestamp,
        entries: Vec<NewLogEntry>,
        rejects: Vec<NewLogReject>,
    ) -> Result<Vec<Option<u64>>, StoreError> {
        self.own()?;
        append(&self.long_readers, tenant, arrived, (&entries, &rejects)).await
    }

    pub(crate) async fn get_log_state(&self, tenant: &TenantId) -> Result<LogState, StoreError> {
        state(&self.readers, tenant).await
    }

    pub(crate) async fn list_log(
        &self,
        tenant: &TenantId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        list(&self.long_readers, tenant, from, limit).await
    }

    pub(crate) async fn list_log_newest(
        &self,
        tenant: &TenantId,
        filter: LogFilter,
        limit: u32,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        let LogFilter { from, before, kind, key_id, since, until } = &filter;
        let rows: Vec<EntryColumns> = retried(|| {
            sqlx::query_as(
                "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed FROM log_entries
                 WHERE tenant_id = $1 AND seq >= $2 AND seq < $3 AND ($4::text IS NULL OR kind = $4)
                   AND ($5::text IS NULL OR key_id = $5) AND happened_at >= $6 AND happened_at < $7
                 ORDER BY seq DESC LIMIT $8",
            )
            .bind(tenant.as_str())
            .bind(columns::bound(*from))
            .bind(columns::bound(*before))
            .bind(kind)
            .bind(key_id)
            .bind(since.map_or(i64::MIN, Timestamp::micros))
            .bind(until.map_or(i64::MAX, Timestamp::micros))
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.into_iter().map(entry_row).collect()
    }

    pub(crate) async fn list_log_in_time(
        &self,
        tenant: &TenantId,
        stretch: LogStretch,
        limit: u32,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        list_in_time(&self.long_readers, tenant, &stretch, limit).await
    }

    pub(crate) async fn list_log_at(
        &self,
        tenant: &TenantId,
        places: Vec<u64>,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        let places: Vec<i64> = places.into_iter().map(columns::bound).collect();
        let rows: Vec<EntryColumns> = retried(|| {
            sqlx::query_as(
                "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed
                 FROM log_entries JOIN UNNEST($2::bigint[]) WITH ORDINALITY AS asked (seq, place) USING (seq)
                 WHERE tenant_id = $1 ORDER BY place",
            )
            .bind(tenant.as_str())
            .bind(&places)
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.into_iter().map(entry_row).collect()
    }

    pub(crate) async fn find_log_entry(
        &self,
        tenant: &TenantId,
        log_id: &str,
    ) -> Result<Option<LogEntryRow>, StoreError> {
        find(&self.readers, tenant, log_id).await
    }

    pub(crate) async fn list_log_rejects(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<LogRejectRow>, StoreError> {
        rejects(&self.long_readers, tenant, limit).await
    }

    pub(crate) async fn find_log_cursor(
        &self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        find_cursor(&self.readers, tenant, name).await
    }
}
