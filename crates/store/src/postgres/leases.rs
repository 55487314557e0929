//! Leases: work that one process does at a time. Time is the server's, so that no two processes' clocks are compared.

use std::time::Duration;

use countersign_core::TenantId;
use sqlx::PgPool;

use super::{columns, reads::retried};
use crate::{Lease, StoreError};

/// Takes or renews a lease; `None` while another process holds it.
pub(super) async fn acquire(
    pool: &PgPool,
    tenant: &TenantId,
    (name, holder): (&str, &str),
    ttl: Duration,
) -> Result<Option<Lease>, StoreError> {
    let ttl = i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX / 2).min(i64::MAX / 2);
    // Why: `clock_timestamp()` goes on while the statement waits for the row, `now()` would not.
    let epoch: Option<i64> = retried(|| {
        sqlx::query_scalar(
            "INSERT INTO leases AS l (tenant_id, name, holder, epoch, expires_at)
             VALUES ($1, $2, $3, 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $4)
             ON CONFLICT (tenant_id, name) DO UPDATE
               SET epoch = l.epoch + (l.holder <> $3)::int, holder = $3, expires_at = EXCLUDED.expires_at
               WHERE l.holder = $3 OR l.expires_at <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
             RETURNING epoch",
        )
        .bind(tenant.as_str())
        .bind(name)
        .bind(holder)
        .bind(ttl)
        .fetch_optional(pool)
    })
    .await?;
    epoch.map(|epoch| Ok(Lease { epoch: columns::unsigned(epoch)? })).transpose()
}

/// Ends a lease; its epoch stays, so that the next holder's is another.
pub(super) async fn release(
    pool: &PgPool,
    tenant: &TenantId,
    name: &str,
    holder: &str,
) -> Result<(), StoreError> {
    retried(|| {
        sqlx::query(
            "UPDATE leases SET holder = '', expires_at = $4 WHERE tenant_id = $1 AND name = $2 AND holder = $3",
        )
        .bind(tenant.as_str())
        .bind(name)
        .bind(holder)
        .bind(i64::MIN)
        .execute(pool)
    })
    .await?;
    Ok(())
}
