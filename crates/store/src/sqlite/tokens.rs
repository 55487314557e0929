//! Tokens of the short form.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::columns;
use crate::{RiskTokenRow, StoreError};

/// Adds a token; `Stale` when `most` hold already.
pub(super) fn insert(
    connection: &Connection,
    tenant: &TenantId,
    token: &RiskTokenRow,
    most: u32,
) -> Result<(), StoreError> {
    let RiskTokenRow { id, digest, at, revoked_at } = token;
    let revoked_at = revoked_at.map(Timestamp::micros);
    let inserted = connection
        .prepare_cached(
            "INSERT INTO risk_tokens (tenant_id, token_id, digest, created_at, revoked_at)
             SELECT ?1, ?2, ?3, ?4, ?5
             WHERE ?6 > (SELECT COUNT(*) FROM risk_tokens WHERE tenant_id = ?1 AND revoked_at IS NULL)",
        )?
        .execute(params![tenant.as_str(), id, digest, at.micros(), revoked_at, most])?;
    columns::one(inserted)
}

/// Ends a token; `Stale` when none of this id holds.
pub(super) fn revoke(
    connection: &Connection,
    tenant: &TenantId,
    id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE risk_tokens SET revoked_at = ?3 WHERE tenant_id = ?1 AND token_id = ?2 AND revoked_at IS NULL",
        )?
        .execute(params![tenant.as_str(), id, at.micros()])?;
    columns::one(changed)
}

/// All tokens, oldest first.
pub(super) fn list(connection: &Connection, tenant: &TenantId) -> Result<Vec<RiskTokenRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT token_id, digest, created_at, revoked_at FROM risk_tokens WHERE tenant_id = ?1
         ORDER BY created_at, token_id",
    )?;
    columns::collect(statement.query([tenant.as_str()])?, token_row)
}

fn token_row(row: &Row<'_>) -> Result<RiskTokenRow, StoreError> {
    Ok(RiskTokenRow {
        id: row.get(0)?,
        digest: row.get(1)?,
        at: Timestamp::from_micros(row.get(2)?),
        revoked_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_micros),
    })
}
