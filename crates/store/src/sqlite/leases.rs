//! Leases: work that one process does at a time, and the check that it still may.

use std::time::Duration;

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns;
use crate::{Fence, Lease, StoreError};

/// Takes or renews a lease; `None` while another holds it.
pub(super) fn acquire(
    connection: &Connection,
    tenant: &TenantId,
    (name, holder): (&str, &str),
    now: Timestamp,
    ttl: Duration,
) -> Result<Option<Lease>, StoreError> {
    let expires_at = now.plus(i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX));
    let epoch: Option<i64> = connection
        .prepare_cached(
            "INSERT INTO leases (tenant_id, name, holder, epoch, expires_at) VALUES (?1, ?2, ?3, 1, ?5)
             ON CONFLICT (tenant_id, name) DO UPDATE
               SET epoch = epoch + (holder <> ?3), holder = ?3, expires_at = ?5
               WHERE holder = ?3 OR expires_at <= ?4
             RETURNING epoch",
        )?
        .query_row(params![tenant.as_str(), name, holder, now.micros(), expires_at.micros()], |row| {
            row.get(0)
        })
        .optional()?;
    epoch.map(|epoch| Ok(Lease { epoch: columns::unsigned(epoch)? })).transpose()
}

/// Ends a lease; its epoch stays, so that the next holder's is another.
pub(super) fn release(
    connection: &Connection,
    tenant: &TenantId,
    name: &str,
    holder: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE leases SET holder = '', expires_at = ?4 WHERE tenant_id = ?1 AND name = ?2 AND holder = ?3",
        )?
        .execute(params![tenant.as_str(), name, holder, i64::MIN])?;
    Ok(())
}

/// Ends all leases: whoever opens the database to own it is the only process there is.
pub(super) fn end_all(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("UPDATE leases SET expires_at = ?1", [i64::MIN])?;
    Ok(())
}

/// Refuses work of a lease that another process took since.
pub(super) fn check(connection: &Connection, tenant: &TenantId, fence: &Fence) -> Result<(), StoreError> {
    let epoch: Option<i64> = connection
        .prepare_cached("SELECT epoch FROM leases WHERE tenant_id = ?1 AND name = ?2")?
        .query_row([tenant.as_str(), fence.name], |row| row.get(0))
        .optional()?;
    if epoch.and_then(|epoch| u64::try_from(epoch).ok()) == Some(fence.epoch) {
        Ok(())
    } else {
        Err(StoreError::Fenced)
    }
}
