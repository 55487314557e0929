//! What nobody is to be told of.

use countersign_core::{TenantId, Timestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{Postgres, errors::Trouble, reads::retried};
use crate::{StoreError, SuppressionRow};

pub(super) async fn insert(
    connection: &mut PgConnection,
    tenant: &str,
    suppression: &SuppressionRow,
) -> Result<(), Trouble> {
    let SuppressionRow { id, detector, from, until, key_id, sealed } = suppression;
    sqlx::query(
        "INSERT INTO suppressions (tenant_id, suppression_id, detector, from_at, until_at, key_id, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant)
    .bind(id)
    .bind(detector)
    .bind(from.micros())
    .bind(until.micros())
    .bind(key_id)
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a suppression at a time; `Stale` when there is none that would hold longer.
pub(super) async fn lift(
    connection: &mut PgConnection,
    tenant: &str,
    id: &str,
    at: Timestamp,
) -> Result<(), Trouble> {
    let done = sqlx::query(
        "UPDATE suppressions SET until_at = $3 WHERE tenant_id = $1 AND suppression_id = $2 AND until_at > $3",
    )
    .bind(tenant)
    .bind(id)
    .bind(at.micros())
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

fn row(row: &PgRow) -> Result<SuppressionRow, StoreError> {
    Ok(SuppressionRow {
        id: row.try_get(0)?,
        detector: row.try_get(1)?,
        from: Timestamp::from_micros(row.try_get(2)?),
        until: Timestamp::from_micros(row.try_get(3)?),
        key_id: row.try_get(4)?,
        sealed: row.try_get(5)?,
    })
}

impl Postgres {
    pub(crate) async fn list_suppressions(
        &self,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<Vec<SuppressionRow>, StoreError> {
        let rows = retried(|| {
            sqlx::query(
                "SELECT suppression_id, detector, from_at, until_at, key_id, sealed FROM suppressions
                 WHERE tenant_id = $1 AND until_at > $2 ORDER BY suppression_id",
            )
            .bind(tenant.as_str())
            .bind(at.micros())
            .fetch_all(&self.long_readers)
        })
        .await?;
        rows.iter().map(row).collect()
    }
}
