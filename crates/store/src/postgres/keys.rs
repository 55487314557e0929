//! Subjects' keys, in a database of their own: ordinary dumps of the records leave it out.
//!
//! Deleting a key makes it unreadable to every query at once. The server itself overwrites the row when it is vacuumed and
//! its log when that is recycled: neither archive that log nor keep file copies of this database for longer than erasure
//! may take.

use countersign_core::{SubjectId, TenantId};
use sqlx::PgPool;

use super::{columns, reads::retried};
use crate::{StoreError, SubjectKeyRow};

/// How often a key is looked for anew that another process deletes at the same moment.
const ATTEMPTS: u32 = 3;

fn key_row((key_id, wrapped): (String, Vec<u8>)) -> SubjectKeyRow {
    SubjectKeyRow { key_id, wrapped }
}

pub(super) async fn find(
    pool: &PgPool,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<Option<SubjectKeyRow>, StoreError> {
    let row = retried(|| {
        sqlx::query_as("SELECT key_id, wrapped FROM subject_keys WHERE tenant_id = $1 AND subject_id = $2")
            .bind(tenant.as_str())
            .bind(subject.as_str())
            .fetch_optional(pool)
    });
    Ok(row.await?.map(key_row))
}

/// Whose keys these are, as far as they are still there.
pub(super) async fn subjects_of(
    pool: &PgPool,
    tenant: &TenantId,
    key_ids: &[&str],
) -> Result<Vec<(String, SubjectId)>, StoreError> {
    let rows: Vec<(String, String)> = retried(|| {
        sqlx::query_as(
            "SELECT key_id, subject_id FROM subject_keys WHERE tenant_id = $1 AND key_id = ANY ($2)",
        )
        .bind(tenant.as_str())
        .bind(key_ids)
        .fetch_all(pool)
    })
    .await?;
    rows.into_iter().map(|(key_id, subject)| Ok((key_id, columns::parse("subject_id", &subject)?))).collect()
}

/// Keys in the order of their subjects, after `after`.
pub(super) async fn list(
    pool: &PgPool,
    tenant: &TenantId,
    after: Option<&SubjectId>,
    limit: u32,
) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
    let rows: Vec<(String, String, Vec<u8>)> = retried(|| {
        sqlx::query_as(
            "SELECT subject_id, key_id, wrapped FROM subject_keys WHERE tenant_id = $1 AND subject_id > $2
             ORDER BY subject_id LIMIT $3",
        )
        .bind(tenant.as_str())
        // Every text comes after the empty one.
        .bind(after.map_or("", SubjectId::as_str))
        .bind(i64::from(limit))
        .fetch_all(pool)
    })
    .await?;
    rows.into_iter()
        .map(|(subject, key_id, wrapped)| {
            Ok((columns::parse("subject_id", &subject)?, SubjectKeyRow { key_id, wrapped }))
        })
        .collect()
}

/// Keeps the key that was there first: two processes that meet a person at once must seal under one key.
pub(super) async fn find_or_insert(
    pool: &PgPool,
    tenant: &TenantId,
    subject: &SubjectId,
    key: &SubjectKeyRow,
) -> Result<SubjectKeyRow, StoreError> {
    for _ in 0..ATTEMPTS {
        let inserted = retried(|| {
            sqlx::query(
                "INSERT INTO subject_keys (tenant_id, subject_id, key_id, wrapped) VALUES ($1, $2, $3, $4)
                 ON CONFLICT DO NOTHING",
            )
            .bind(tenant.as_str())
            .bind(subject.as_str())
            .bind(key.key_id.as_str())
            .bind(key.wrapped.as_slice())
            .execute(pool)
        })
        .await?;
        if inserted.rows_affected() == 1 {
            return Ok(key.clone());
        }
        if let Some(kept) = find(pool, tenant, subject).await? {
            return Ok(kept);
        }
    }
    Err(StoreError::Unavailable("the key is being deleted".to_owned()))
}

/// Puts the same key, wrapped anew, in its place; returns whether it was there as `old` says.
pub(super) async fn rewrap(
    pool: &PgPool,
    tenant: &TenantId,
    subject: &SubjectId,
    old: &SubjectKeyRow,
    wrapped: &[u8],
) -> Result<bool, StoreError> {
    let done = retried(|| {
        sqlx::query(
            "UPDATE subject_keys SET wrapped = $5
             WHERE tenant_id = $1 AND subject_id = $2 AND key_id = $3 AND wrapped = $4",
        )
        .bind(tenant.as_str())
        .bind(subject.as_str())
        .bind(old.key_id.as_str())
        .bind(old.wrapped.as_slice())
        .bind(wrapped)
        .execute(pool)
    });
    Ok(done.await?.rows_affected() == 1)
}

/// Returns whether there was a key of this name to delete.
pub(super) async fn delete(
    pool: &PgPool,
    tenant: &TenantId,
    subject: &SubjectId,
    key_id: &str,
) -> Result<bool, StoreError> {
    let done = retried(|| {
        sqlx::query("DELETE FROM subject_keys WHERE tenant_id = $1 AND subject_id = $2 AND key_id = $3")
            .bind(tenant.as_str())
            .bind(subject.as_str())
            .bind(key_id)
            .execute(pool)
    });
    Ok(done.await?.rows_affected() == 1)
}

pub(super) async fn find_root(pool: &PgPool, tenant: &TenantId) -> Result<Option<Vec<u8>>, StoreError> {
    retried(|| {
        sqlx::query_scalar("SELECT wrapped FROM pseudonym_roots WHERE tenant_id = $1")
            .bind(tenant.as_str())
            .fetch_optional(pool)
    })
    .await
}

/// Keeps the root that was there first: two processes that start at once must name people alike.
pub(super) async fn find_or_insert_root(
    pool: &PgPool,
    tenant: &TenantId,
    wrapped: &[u8],
) -> Result<Vec<u8>, StoreError> {
    retried(|| {
        sqlx::query("INSERT INTO pseudonym_roots (tenant_id, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(tenant.as_str())
            .bind(wrapped)
            .execute(pool)
    })
    .await?;
    find_root(pool, tenant)
        .await?
        .ok_or_else(|| StoreError::Corrupt("a root that was just inserted is gone".to_owned()))
}

pub(super) async fn put_root(pool: &PgPool, tenant: &TenantId, wrapped: &[u8]) -> Result<(), StoreError> {
    retried(|| {
        sqlx::query(
            "INSERT INTO pseudonym_roots (tenant_id, wrapped) VALUES ($1, $2)
             ON CONFLICT (tenant_id) DO UPDATE SET wrapped = $2",
        )
        .bind(tenant.as_str())
        .bind(wrapped)
        .execute(pool)
    })
    .await?;
    Ok(())
}
