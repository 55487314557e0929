//! What detectors knew, in pieces.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Sqlite, columns};
use crate::{LogSnapshotPiece, LogSnapshotRow, StoreError};

pub(super) fn put(
    connection: &Connection,
    tenant: &TenantId,
    snapshot: &LogSnapshotRow,
) -> Result<(), StoreError> {
    let LogSnapshotRow { number, at, log_id, pieces, key_id } = snapshot;
    connection
        .prepare_cached(
            "INSERT INTO log_snapshots (tenant_id, number, happened_at, log_id, pieces, key_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (tenant_id, number) DO UPDATE SET happened_at = ?3, log_id = ?4, pieces = ?5, key_id = ?6",
        )?
        .execute(params![
            tenant.as_str(),
            columns::integer(*number)?,
            at.micros(),
            log_id,
            pieces,
            key_id
        ])?;
    Ok(())
}

pub(super) fn put_piece(
    connection: &Connection,
    tenant: &TenantId,
    piece: &LogSnapshotPiece,
) -> Result<(), StoreError> {
    let LogSnapshotPiece { number, piece, sealed } = piece;
    connection
        .prepare_cached(
            "INSERT INTO log_snapshot_pieces (tenant_id, number, piece, sealed) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (tenant_id, number, piece) DO UPDATE SET sealed = ?4",
        )?
        .execute(params![tenant.as_str(), columns::integer(*number)?, piece, sealed])?;
    Ok(())
}

/// Forgets a snapshot, but for its pieces.
pub(super) fn drop_head(connection: &Connection, tenant: &TenantId, number: u64) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM log_snapshots WHERE tenant_id = ?1 AND number = ?2")?
        .execute(params![tenant.as_str(), columns::bound(number)])?;
    Ok(())
}

/// Forgets some pieces of a snapshot that is not there.
pub(super) fn drop_pieces(
    connection: &Connection,
    tenant: &TenantId,
    (number, most): (u64, u32),
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM log_snapshot_pieces WHERE tenant_id = ?1 AND number = ?2
               AND NOT EXISTS (SELECT 1 FROM log_snapshots WHERE tenant_id = ?1 AND number = ?2)
               AND piece IN (SELECT piece FROM log_snapshot_pieces WHERE tenant_id = ?1 AND number = ?2
                             ORDER BY piece LIMIT ?3)",
        )?
        .execute(params![tenant.as_str(), columns::bound(number), most])?;
    Ok(())
}

fn list(connection: &Connection, tenant: &TenantId) -> Result<Vec<LogSnapshotRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, happened_at, log_id, pieces, key_id FROM log_snapshots WHERE tenant_id = ?1
         ORDER BY happened_at, log_id, number",
    )?;
    columns::collect(statement.query([tenant.as_str()])?, |row| {
        Ok(LogSnapshotRow {
            number: columns::unsigned(row.get(0)?)?,
            at: Timestamp::from_micros(row.get(1)?),
            log_id: row.get(2)?,
            pieces: row.get(3)?,
            key_id: row.get(4)?,
        })
    })
}

fn pieces(
    connection: &Connection,
    tenant: &TenantId,
    number: u64,
    (from, limit): (u32, u32),
) -> Result<Vec<LogSnapshotPiece>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT piece, sealed FROM log_snapshot_pieces WHERE tenant_id = ?1 AND number = ?2 AND piece >= ?3
         ORDER BY piece LIMIT ?4",
    )?;
    let bounds = params![tenant.as_str(), columns::bound(number), from, limit];
    columns::collect(statement.query(bounds)?, |row| {
        Ok(LogSnapshotPiece { number, piece: row.get(0)?, sealed: row.get(1)? })
    })
}

fn rest(connection: &Connection, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
    let number: Option<i64> = connection
        .prepare_cached(
            "SELECT number FROM log_snapshot_pieces p WHERE tenant_id = ?1 AND NOT EXISTS
               (SELECT 1 FROM log_snapshots s WHERE s.tenant_id = ?1 AND s.number = p.number) LIMIT 1",
        )?
        .query_row([tenant.as_str()], |row| row.get(0))
        .optional()?;
    number.map(columns::unsigned).transpose()
}

impl Sqlite {
    pub(crate) async fn list_log_snapshots(
        &self,
        tenant: &TenantId,
    ) -> Result<Vec<LogSnapshotRow>, StoreError> {
        self.readers.read(|connection| list(connection, tenant))
    }

    pub(crate) async fn list_log_snapshot_pieces(
        &self,
        tenant: &TenantId,
        number: u64,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LogSnapshotPiece>, StoreError> {
        self.read_long(tenant, move |connection, tenant| pieces(connection, tenant, number, (from, limit)))
            .await
    }

    pub(crate) async fn find_log_snapshot_rest(&self, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
        self.read_long(tenant, rest).await
    }
}
