//! Versions of the policy.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::columns;
use crate::{PolicyRow, StoreError};

/// Adds the version after `expected_version`, if that is the newest.
pub(super) fn insert(
    connection: &Connection,
    tenant: &TenantId,
    expected_version: u64,
    policy: &PolicyRow,
) -> Result<(), StoreError> {
    let PolicyRow { version, etag, document, at } = policy;
    if expected_version.checked_add(1) != Some(*version) {
        return Err(StoreError::Corrupt("a policy's version is not the one after what was read".to_owned()));
    }
    let inserted = connection
        .prepare_cached(
            "INSERT INTO policies (tenant_id, version, etag, document, activated_at)
             SELECT ?1, ?2 + 1, ?3, ?4, ?5
             WHERE ?2 = (SELECT COALESCE(MAX(version), 0) FROM policies WHERE tenant_id = ?1)",
        )?
        .execute(params![
            tenant.as_str(),
            columns::integer(expected_version)?,
            etag,
            document,
            at.micros()
        ])?;
    columns::one(inserted)
}

/// At most `limit` versions, newest first.
pub(super) fn list(
    connection: &Connection,
    tenant: &TenantId,
    limit: u32,
) -> Result<Vec<PolicyRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT version, etag, document, activated_at FROM policies WHERE tenant_id = ?1
         ORDER BY version DESC LIMIT ?2",
    )?;
    columns::collect(statement.query(params![tenant.as_str(), limit])?, policy_row)
}

fn policy_row(row: &Row<'_>) -> Result<PolicyRow, StoreError> {
    Ok(PolicyRow {
        version: columns::unsigned(row.get(0)?)?,
        etag: row.get(1)?,
        document: row.get(2)?,
        at: Timestamp::from_micros(row.get(3)?),
    })
}
