//! What detectors knew, in pieces.

use countersign_core::{TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Postgres, columns, errors::Trouble, reads::retried};
use crate::{LogSnapshotPiece, LogSnapshotRow, StoreError};

pub(super) async fn put(
    connection: &mut PgConnection,
    tenant: &str,
    snapshot: &LogSnapshotRow,
) -> Result<(), Trouble> {
    let LogSnapshotRow { number, at, log_id, pieces, key_id } = snapshot;
    sqlx::query(
        "INSERT INTO log_snapshots (tenant_id, number, happened_at, log_id, pieces, key_id)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, number) DO UPDATE SET happened_at = $3, log_id = $4, pieces = $5, key_id = $6",
    )
    .bind(tenant)
    .bind(columns::integer(*number)?)
    .bind(at.micros())
    .bind(log_id)
    .bind(i64::from(*pieces))
    .bind(key_id)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn put_piece(
    connection: &mut PgConnection,
    tenant: &str,
    piece: &LogSnapshotPiece,
) -> Result<(), Trouble> {
    let LogSnapshotPiece { number, piece, sealed } = piece;
    sqlx::query(
        "INSERT INTO log_snapshot_pieces (tenant_id, number, piece, sealed) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, number, piece) DO UPDATE SET sealed = $4",
    )
    .bind(tenant)
    .bind(columns::integer(*number)?)
    .bind(i64::from(*piece))
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a snapshot, but for its pieces.
pub(super) async fn drop_head(
    connection: &mut PgConnection,
    tenant: &str,
    number: u64,
) -> Result<(), Trouble> {
    sqlx::query("DELETE FROM log_snapshots WHERE tenant_id = $1 AND number = $2")
        .bind(tenant)
        .bind(columns::bound(number))
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets some pieces of a snapshot that is not there.
pub(super) async fn drop_pieces(
    connection: &mut PgConnection,
    tenant: &str,
    (number, most): (u64, u32),
) -> Result<(), Trouble> {
    sqlx::query(
        "DELETE FROM log_snapshot_pieces WHERE tenant_id = $1 AND number = $2
           AND NOT EXISTS (SELECT 1 FROM log_snapshots WHERE tenant_id = $1 AND number = $2)
           AND piece IN (SELECT piece FROM log_snapshot_pieces WHERE tenant_id = $1 AND number = $2
                         ORDER BY piece LIMIT $3)",
    )
    .bind(tenant)
    .bind(columns::bound(number))
    .bind(i64::from(most))
    .execute(connection)
    .await?;
    Ok(())
}

fn number_of(piece: i64) -> Result<u32, StoreError> {
    u32::try_from(piece)
        .map_err(|_| StoreError::Corrupt("a snapshot's piece is not a number of one".to_owned()))
}

impl Postgres {
    pub(crate) async fn list_log_snapshots(
        &self,
        tenant: &TenantId,
    ) -> Result<Vec<LogSnapshotRow>, StoreError> {
        let rows: Vec<(i64, i64, String, i64, String)> = retried(|| {
            sqlx::query_as(
                "SELECT number, happened_at, log_id, pieces, key_id FROM log_snapshots WHERE tenant_id = $1
                 ORDER BY happened_at, log_id, number",
            )
            .bind(tenant.as_str())
            .fetch_all(&self.readers)
        })
        .await?;
        let row = |(number, at, log_id, pieces, key_id)| {
            Ok(LogSnapshotRow {
                number: columns::unsigned(number)?,
                at: Timestamp::from_micros(at),
                log_id,
                pieces: number_of(pieces)?,
                key_id,
            })
        };
        rows.into_iter().map(row).collect()
    }

    pub(crate) async fn list_log_snapshot_pieces(
        &self,
        tenant: &TenantId,
        number: u64,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LogSnapshotPiece>, StoreError> {
        let rows: Vec<(i64, Vec<u8>)> = retried(|| {
            sqlx::query_as(
                "SELECT piece, sealed FROM log_snapshot_pieces WHERE tenant_id = $1 AND number = $2 AND piece >= $3
                 ORDER BY piece LIMIT $4",
            )
            .bind(tenant.as_str())
            .bind(columns::bound(number))
            .bind(i64::from(from))
            .bind(i64::from(limit))
            .fetch_all(&self.long_readers)
        })
        .await?;
        let piece = |(piece, sealed)| Ok(LogSnapshotPiece { number, piece: number_of(piece)?, sealed });
        rows.into_iter().map(piece).collect()
    }

    pub(crate) async fn find_log_snapshot_rest(&self, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = retried(|| {
            sqlx::query_scalar(
                "SELECT number FROM log_snapshot_pieces p WHERE tenant_id = $1 AND NOT EXISTS
                   (SELECT 1 FROM log_snapshots s WHERE s.tenant_id = $1 AND s.number = p.number) LIMIT 1",
            )
            .bind(tenant.as_str())
            .fetch_optional(&self.long_readers)
        })
        .await?;
        number.map(columns::unsigned).transpose()
    }
}
