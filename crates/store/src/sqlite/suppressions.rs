//! What nobody is to be told of.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, params};

use super::{Sqlite, columns};
use crate::{StoreError, SuppressionRow};

pub(super) fn insert(
    connection: &Connection,
    tenant: &TenantId,
    suppression: &SuppressionRow,
) -> Result<(), StoreError> {
    let SuppressionRow { id, detector, from, until, key_id, sealed } = suppression;
    connection
        .prepare_cached(
            "INSERT INTO suppressions (tenant_id, suppression_id, detector, from_at, until_at, key_id, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![tenant.as_str(), id, detector, from.micros(), until.micros(), key_id, sealed])?;
    Ok(())
}

/// Ends a suppression at a time; `Stale` when there is none that would hold longer.
pub(super) fn lift(
    connection: &Connection,
    tenant: &TenantId,
    id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE suppressions SET until_at = ?3 WHERE tenant_id = ?1 AND suppression_id = ?2 AND until_at > ?3",
        )?
        .execute(params![tenant.as_str(), id, at.micros()])?;
    columns::one(changed)
}

fn list(
    connection: &Connection,
    tenant: &TenantId,
    at: Timestamp,
) -> Result<Vec<SuppressionRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT suppression_id, detector, from_at, until_at, key_id, sealed FROM suppressions
         WHERE tenant_id = ?1 AND until_at > ?2 ORDER BY suppression_id",
    )?;
    columns::collect(statement.query(params![tenant.as_str(), at.micros()])?, |row| {
        Ok(SuppressionRow {
            id: row.get(0)?,
            detector: row.get(1)?,
            from: Timestamp::from_micros(row.get(2)?),
            until: Timestamp::from_micros(row.get(3)?),
            key_id: row.get(4)?,
            sealed: row.get(5)?,
        })
    })
}

impl Sqlite {
    pub(crate) async fn list_suppressions(
        &self,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<Vec<SuppressionRow>, StoreError> {
        self.read_long(tenant, move |connection, tenant| list(connection, tenant, at)).await
    }
}
