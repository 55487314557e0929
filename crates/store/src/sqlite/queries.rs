//! Reads, each beside its statement.

use countersign_core::{OrganizationId, TenantId, Timestamp};
use countersign_ledger::Hash;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{columns, heads};
use crate::{CheckpointRow, LeafRow, Scope, SealedBodyRow, StoreError, SwitchRow, bodies};

const LEAF: &str = "SELECT leaf_index, record_id, leaf, chain FROM records";

fn leaf_row(row: &Row<'_>) -> Result<LeafRow, StoreError> {
    Ok(LeafRow {
        index: columns::unsigned(row.get(0)?)?,
        record_id: row.get(1)?,
        leaf: row.get(2)?,
        chain: columns::hash(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?)?,
    })
}

pub(super) fn leaf_of_record(
    connection: &Connection,
    scope: Scope<'_>,
    record_id: &str,
) -> Result<Option<LeafRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{LEAF} WHERE ledger = (SELECT number FROM ledgers WHERE tenant_id = ?1) AND record_id = ?2
           AND (?3 IS NULL OR organization_id = ?3)"
    ))?;
    let organization = scope.organization().map(OrganizationId::as_str);
    let mut rows = statement.query(params![scope.tenant().as_str(), record_id, organization])?;
    rows.next()?.map(leaf_row).transpose()
}

/// The leaves from `first` on, at most `count`, in order.
pub(super) fn leaves(
    connection: &Connection,
    tenant: &TenantId,
    first: u64,
    count: u64,
) -> Result<Vec<LeafRow>, StoreError> {
    let Some(ledger) = columns::ledger(connection, tenant)? else { return Ok(Vec::new()) };
    let mut statement = connection
        .prepare_cached(&format!("{LEAF} WHERE place >= ?1 AND place < ?2 ORDER BY place LIMIT ?3"))?;
    let range = params![ledger.bound(first), ledger.bound(u64::MAX), columns::bound(count)];
    columns::collect(statement.query(range)?, leaf_row)
}

/// The first leaf that was recorded at `at` or later, by halving; the tree's size when there is none.
pub(super) fn first_leaf_since(
    connection: &Connection,
    tenant: &TenantId,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let mut later = heads::read_head(connection, tenant)?.frontier.size();
    let Some(ledger) = columns::ledger(connection, tenant)? else { return Ok(later) };
    let mut statement = connection.prepare_cached("SELECT recorded_at FROM records WHERE place = ?1")?;
    let mut earlier = 0;
    while earlier < later {
        let middle = u64::midpoint(earlier, later);
        let recorded: i64 = statement.query_row([ledger.place(middle)?], |row| row.get(0))?;
        if recorded >= at.micros() {
            later = middle;
        } else {
            earlier = middle + 1;
        }
    }
    Ok(later)
}

pub(super) fn nodes(
    connection: &Connection,
    tenant: &TenantId,
    level: u8,
    first: u64,
    count: u64,
) -> Result<Vec<Hash>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT hash FROM tree_nodes WHERE tenant_id = ?1 AND level = ?2 AND node_index >= ?3 ORDER BY node_index LIMIT ?4",
    )?;
    let rows = statement
        .query_map(params![tenant.as_str(), level, columns::bound(first), columns::bound(count)], |row| {
            row.get::<_, Vec<u8>>(0)
        })?;
    rows.map(|bytes| columns::hash(&bytes?)).collect()
}

pub(super) fn sealed_bodies(
    connection: &Connection,
    scope: Scope<'_>,
    leaf: u64,
) -> Result<Vec<SealedBodyRow>, StoreError> {
    let Some(ledger) = columns::ledger(connection, scope.tenant())? else { return Ok(Vec::new()) };
    let Ok(place) = ledger.place(leaf) else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "SELECT bodies FROM records WHERE place = ?1 AND (?2 IS NULL OR organization_id = ?2)",
    )?;
    let mut rows = statement.query(params![place, scope.organization().map(OrganizationId::as_str)])?;
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    let column = row.get_ref(0)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    column.map_or_else(|| Ok(Vec::new()), bodies::decode)
}

/// The checkpoints of at least `size` leaves, smallest first, at most `limit`.
pub(super) fn checkpoints(
    connection: &Connection,
    tenant: &TenantId,
    size: u64,
    limit: u32,
) -> Result<Vec<CheckpointRow>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT size, note, signed_at FROM checkpoints WHERE tenant_id = ?1 AND size >= ?2 ORDER BY size LIMIT ?3")?;
    let rows = statement.query_map(params![tenant.as_str(), columns::bound(size), limit], checkpoint_row)?;
    rows.map(|row| row_to_checkpoint(row?)).collect()
}

pub(super) fn newest_checkpoint(
    connection: &Connection,
    tenant: &TenantId,
) -> Result<Option<CheckpointRow>, StoreError> {
    connection
        .prepare_cached(
            "SELECT size, note, signed_at FROM checkpoints WHERE tenant_id = ?1 ORDER BY size DESC LIMIT 1",
        )?
        .query_row([tenant.as_str()], checkpoint_row)
        .optional()?
        .map(row_to_checkpoint)
        .transpose()
}

fn checkpoint_row(row: &Row<'_>) -> rusqlite::Result<(i64, String, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn row_to_checkpoint((size, note, at): (i64, String, i64)) -> Result<CheckpointRow, StoreError> {
    Ok(CheckpointRow { size: columns::unsigned(size)?, note, at: Timestamp::from_micros(at) })
}

pub(super) fn switches(connection: &Connection, tenant: &TenantId) -> Result<Vec<SwitchRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT trigger_id, is_off, changed_at FROM switches WHERE tenant_id = ?1 ORDER BY trigger_id",
    )?;
    let rows = statement.query_map([tenant.as_str()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    rows.map(|row| {
        let (trigger, is_off, at) = row?;
        Ok(SwitchRow {
            trigger: columns::parse("trigger_id", &trigger)?,
            is_off: is_off != 0,
            at: Timestamp::from_micros(at),
        })
    })
    .collect()
}

pub(super) fn findings(connection: &Connection, tenant: &TenantId) -> Result<Option<String>, StoreError> {
    let document = connection
        .prepare_cached("SELECT document FROM findings WHERE tenant_id = ?1")?
        .query_row([tenant.as_str()], |row| row.get(0))
        .optional()?;
    Ok(document)
}

pub(super) fn silence_cursor(connection: &Connection, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
    let row = connection
        .prepare_cached("SELECT leaf_index FROM silence_cursors WHERE tenant_id = ?1")?
        .query_row([tenant.as_str()], |row| row.get::<_, i64>(0))
        .optional()?;
    row.map(columns::unsigned).transpose()
}

pub(super) fn retention_cursor(
    connection: &Connection,
    tenant: &TenantId,
    prefix: &str,
) -> Result<Option<u64>, StoreError> {
    let row = connection
        .prepare_cached("SELECT leaf_index FROM retention_cursors WHERE tenant_id = ?1 AND prefix = ?2")?
        .query_row([tenant.as_str(), prefix], |row| row.get::<_, i64>(0))
        .optional()?;
    row.map(columns::unsigned).transpose()
}

/// Names of the keys that were to be destroyed at `since` or later.
pub(super) fn erasures(
    connection: &Connection,
    tenant: &TenantId,
    since: Option<Timestamp>,
) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT key_id FROM erasures WHERE tenant_id = ?1 AND erased_at >= ?2 ORDER BY key_id",
    )?;
    let since = since.map_or(i64::MIN, Timestamp::micros);
    let rows = statement.query_map(params![tenant.as_str(), since], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn tenants(connection: &Connection) -> Result<Vec<TenantId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT tenant_id FROM ledgers ORDER BY tenant_id")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|id| columns::parse("tenant_id", &id?)).collect()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::assert_searches;
