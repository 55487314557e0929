//! The journal of a tenant's log.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Sqlite, columns};
use crate::{
    LogEntryRow, LogFilter, LogProgress, LogRejectRow, LogState, LogStretch, NewLogEntry, NewLogReject,
    StoreError,
};

/// Journals what is not there yet; returns the place of each entry, `None` for one that is there already.
pub(super) fn append(
    connection: &Connection,
    tenant: &TenantId,
    arrived: Timestamp,
    (entries, rejects): (&[NewLogEntry], &[NewLogReject]),
) -> Result<Vec<Option<u64>>, StoreError> {
    let mut next = state(connection, tenant)?.next;
    let mut places = Vec::with_capacity(entries.len());
    let mut insert = connection.prepare_cached(
        "INSERT INTO log_entries (tenant_id, seq, log_id, kind, happened_at, arrived_at, key_id, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (tenant_id, log_id) DO NOTHING",
    )?;
    for entry in entries {
        let NewLogEntry { log_id, kind, at, key_id, sealed } = entry;
        let seq = columns::integer(next)?;
        let row = params![tenant.as_str(), seq, log_id, kind, at.micros(), arrived.micros(), key_id, sealed];
        let is_new = insert.execute(row)? == 1;
        places.push(is_new.then_some(next));
        next += u64::from(is_new);
    }
    connection
        .prepare_cached(
            "INSERT INTO log_states (tenant_id, next_seq) VALUES (?1, ?2)
             ON CONFLICT (tenant_id) DO UPDATE SET next_seq = ?2",
        )?
        .execute(params![tenant.as_str(), columns::integer(next)?])?;
    for NewLogReject { reason, key_id, sealed } in rejects {
        connection
            .prepare_cached(
                "INSERT INTO log_rejects (tenant_id, number, arrived_at, reason, key_id, sealed)
                 SELECT ?1, COALESCE(MAX(number), -1) + 1, ?2, ?3, ?4, ?5 FROM log_rejects WHERE tenant_id = ?1",
            )?
            .execute(params![tenant.as_str(), arrived.micros(), reason, key_id, sealed])?;
    }
    Ok(places)
}

pub(super) fn state(connection: &Connection, tenant: &TenantId) -> Result<LogState, StoreError> {
    type Columns = [Option<i64>; 6];
    // Why both apart: a journal is looked at before its first entry.
    let [next, kept_from, turn, worked, late_from, reached]: Columns = connection
        .prepare_cached(
            "SELECT next_seq, kept_from, turn, worked, late_from, reached_at
             FROM (SELECT ?1 AS tenant_id) LEFT JOIN log_states USING (tenant_id) LEFT JOIN log_progress USING (tenant_id)",
        )?
        .query_row([tenant.as_str()], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?])
        })?;
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
pub(super) fn set_progress(
    connection: &Connection,
    tenant: &TenantId,
    progress: &LogProgress,
) -> Result<(), StoreError> {
    let LogProgress { turn, worked, late_from, reached } = progress;
    let sql = if *turn == 0 {
        "INSERT INTO log_progress (tenant_id, turn, worked, late_from, reached_at) SELECT ?1, 1, ?3, ?4, ?5 WHERE ?2 = 0
         ON CONFLICT DO NOTHING"
    } else {
        "UPDATE log_progress SET turn = turn + 1, worked = ?3, late_from = ?4, reached_at = ?5
         WHERE tenant_id = ?1 AND turn = ?2"
    };
    let changed = connection.prepare_cached(sql)?.execute(params![
        tenant.as_str(),
        columns::integer(*turn)?,
        columns::integer(*worked)?,
        late_from.map(Timestamp::micros),
        reached.map(Timestamp::micros)
    ])?;
    columns::one(changed)
}

/// Entries from the place `from` on, in the order of arrival.
pub(super) fn list(
    connection: &Connection,
    tenant: &TenantId,
    from: u64,
    limit: u32,
) -> Result<Vec<LogEntryRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed FROM log_entries
         WHERE tenant_id = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
    )?;
    columns::collect(statement.query(params![tenant.as_str(), columns::bound(from), limit])?, entry_row)
}

/// Entries of a stretch, in the order of event time; events of an event stream, whose kind begins with `event:`, are none.
pub(super) fn list_in_time(
    connection: &Connection,
    tenant: &TenantId,
    stretch: &LogStretch,
    limit: u32,
) -> Result<Vec<LogEntryRow>, StoreError> {
    let LogStretch { after: (at, log_id), until, before } = stretch;
    let mut statement = connection.prepare_cached(
        "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed FROM log_entries
         WHERE tenant_id = ?1 AND (happened_at, log_id) > (?2, ?3) AND happened_at <= ?4 AND seq < ?5
           AND kind NOT LIKE 'event:%'
         ORDER BY happened_at, log_id LIMIT ?6",
    )?;
    let bounds =
        params![tenant.as_str(), at.micros(), log_id, until.micros(), columns::bound(*before), limit];
    columns::collect(statement.query(bounds)?, entry_row)
}

/// Entries, the last that came first.
fn newest(
    connection: &Connection,
    tenant: &TenantId,
    filter: &LogFilter,
    limit: u32,
) -> Result<Vec<LogEntryRow>, StoreError> {
    let LogFilter { from, before, kind, key_id, since, until } = filter;
    // Why apart: what may be absent in a condition is looked up by no index.
    let by_key = if key_id.is_some() { "key_id = ?5" } else { "?5 IS NULL" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed FROM log_entries
         WHERE tenant_id = ?1 AND seq >= ?2 AND seq < ?3 AND (?4 IS NULL OR kind = ?4) AND {by_key}
           AND happened_at >= ?6 AND happened_at < ?7 ORDER BY seq DESC LIMIT ?8",
    ))?;
    let since = since.map_or(i64::MIN, Timestamp::micros);
    let until = until.map_or(i64::MAX, Timestamp::micros);
    let (from, before) = (columns::bound(*from), columns::bound(*before));
    let bounds = params![tenant.as_str(), from, before, kind, key_id, since, until, limit];
    columns::collect(statement.query(bounds)?, entry_row)
}

/// The entry of an id.
pub(super) fn find(
    connection: &Connection,
    tenant: &TenantId,
    log_id: &str,
) -> Result<Option<LogEntryRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed FROM log_entries
         WHERE tenant_id = ?1 AND log_id = ?2",
    )?;
    Ok(columns::collect(statement.query([tenant.as_str(), log_id])?, entry_row)?.pop())
}

fn entry_row(row: &Row<'_>) -> Result<LogEntryRow, StoreError> {
    Ok(LogEntryRow {
        seq: columns::unsigned(row.get(0)?)?,
        arrived: Timestamp::from_micros(row.get(4)?),
        entry: NewLogEntry {
            log_id: row.get(1)?,
            kind: row.get(2)?,
            at: Timestamp::from_micros(row.get(3)?),
            key_id: row.get(5)?,
            sealed: row.get(6)?,
        },
    })
}

fn at(connection: &Connection, tenant: &TenantId, places: &[u64]) -> Result<Vec<LogEntryRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, log_id, kind, happened_at, arrived_at, key_id, sealed FROM log_entries
         WHERE tenant_id = ?1 AND seq = ?2",
    )?;
    let mut rows = Vec::with_capacity(places.len());
    for place in places {
        let found = statement.query(params![tenant.as_str(), columns::bound(*place)])?;
        rows.extend(columns::collect(found, entry_row)?);
    }
    Ok(rows)
}

/// What could not be read, newest first.
pub(super) fn rejects(
    connection: &Connection,
    tenant: &TenantId,
    limit: u32,
) -> Result<Vec<LogRejectRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT arrived_at, reason, key_id, sealed FROM log_rejects WHERE tenant_id = ?1
         ORDER BY number DESC LIMIT ?2",
    )?;
    columns::collect(statement.query(params![tenant.as_str(), limit])?, |row| {
        let reject = NewLogReject { reason: row.get(1)?, key_id: row.get(2)?, sealed: row.get(3)? };
        Ok(LogRejectRow { arrived: Timestamp::from_micros(row.get(0)?), reject })
    })
}

pub(super) fn put_cursor(
    connection: &Connection,
    tenant: &TenantId,
    name: &str,
    cursor: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO log_cursors (tenant_id, name, cursor) VALUES (?1, ?2, ?3)
             ON CONFLICT (tenant_id, name) DO UPDATE SET cursor = ?3",
        )?
        .execute([tenant.as_str(), name, cursor])?;
    Ok(())
}

pub(super) fn find_cursor(
    connection: &Connection,
    tenant: &TenantId,
    name: &str,
) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT cursor FROM log_cursors WHERE tenant_id = ?1 AND name = ?2")?
        .query_row([tenant.as_str(), name], |row| row.get(0))
        .optional()?)
}

impl Sqlite {
    pub(crate) async fn get_log_state(&self, tenant: &TenantId) -> Result<LogState, StoreError> {
        self.readers.read(|connection| state(connection, tenant))
    }

    pub(crate) async fn list_log(
        &self,
        tenant: &TenantId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, from, limit)).await
    }

    pub(crate) async fn list_log_newest(
        &self,
        tenant: &TenantId,
        filter: LogFilter,
        limit: u32,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| newest(connection, tenant, &filter, limit)).await
    }

    pub(crate) async fn list_log_in_time(
        &self,
        tenant: &TenantId,
        stretch: LogStretch,
        limit: u32,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        let read = move |connection: &Connection, tenant: &TenantId| {
            list_in_time(connection, tenant, &stretch, limit)
        };
        self.read_long(tenant, read).await
    }

    pub(crate) async fn list_log_at(
        &self,
        tenant: &TenantId,
        places: Vec<u64>,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| at(connection, tenant, &places)).await
    }

    pub(crate) async fn find_log_entry(
        &self,
        tenant: &TenantId,
        log_id: &str,
    ) -> Result<Option<LogEntryRow>, StoreError> {
        self.readers.read(|connection| find(connection, tenant, log_id))
    }

    pub(crate) async fn list_log_rejects(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<LogRejectRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| rejects(connection, tenant, limit)).await
    }

    pub(crate) async fn find_log_cursor(
        &self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        self.readers.read(|connection| find_cursor(connection, tenant, name))
    }
}
