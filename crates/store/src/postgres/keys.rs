//! Subjects' keys, in a database of their own: ordinary dumps of the records leave it out.
//!
//! Deleting a key makes it unreadable to every query at once. The server itself overwrites the row when it is vacuumed and
//! its log when that is recycled: neither archive that log nor keep file copies of this database for longer than erasure
//! may take.

use std::collections::BTreeMap;

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

/// The keys of these people, as far as they have one.
pub(super) async fn find_all(
    pool: &PgPool,
    tenant: &TenantId,
    subjects: &[SubjectId],
) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
    let subjects: Vec<&str> = subjects.iter().map(SubjectId::as_str).collect();
    let rows = retried(|| {
        sqlx::query_as(
            "SELECT subject_id, key_id, wrapped FROM subject_keys WHERE tenant_id = $1 AND subject_id = ANY ($2)",
        )
        .bind(tenant.as_str())
        .bind(&subjects)
        .fetch_all(pool)
    });
    rows.await?.into_iter().map(subject_row).collect()
}

/// The keys of these names, as far as they are there, with whose they are.
pub(super) async fn find_named(
    pool: &PgPool,
    tenant: &TenantId,
    key_ids: &[String],
) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
    let rows = retried(|| {
        sqlx::query_as(
            "SELECT subject_id, key_id, wrapped FROM subject_keys WHERE tenant_id = $1 AND key_id = ANY ($2)",
        )
        .bind(tenant.as_str())
        .bind(key_ids)
        .fetch_all(pool)
    });
    rows.await?.into_iter().map(subject_row).collect()
}

fn subject_row(
    (subject, key_id, wrapped): (String, String, Vec<u8>),
) -> Result<(SubjectId, SubjectKeyRow), StoreError> {
    Ok((columns::parse("subject_id", &subject)?, SubjectKeyRow { key_id, wrapped }))
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
    rows.into_iter().map(subject_row).collect()
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

/// As `find_or_insert`, of many at once; the kept ones in their order.
pub(super) async fn find_or_insert_all(
    pool: &PgPool,
    tenant: &TenantId,
    keys: &[(SubjectId, SubjectKeyRow)],
) -> Result<Vec<SubjectKeyRow>, StoreError> {
    let subjects: Vec<SubjectId> = keys.iter().map(|(subject, _)| subject.clone()).collect();
    for _ in 0..ATTEMPTS {
        insert_all(pool, tenant, keys).await?;
        let found: BTreeMap<SubjectId, SubjectKeyRow> =
            find_all(pool, tenant, &subjects).await?.into_iter().collect();
        let kept: Vec<SubjectKeyRow> =
            subjects.iter().filter_map(|subject| found.get(subject).cloned()).collect();
        if kept.len() == subjects.len() {
            return Ok(kept);
        }
    }
    Err(StoreError::Unavailable("keys are being deleted".to_owned()))
}

/// Inserts those that are not there, in the order of their subjects: two processes that do so never wait for each other in a ring.
async fn insert_all(
    pool: &PgPool,
    tenant: &TenantId,
    keys: &[(SubjectId, SubjectKeyRow)],
) -> Result<(), StoreError> {
    let subjects: Vec<&str> = keys.iter().map(|(subject, _)| subject.as_str()).collect();
    let names: Vec<&str> = keys.iter().map(|(_, key)| key.key_id.as_str()).collect();
    let wrapped: Vec<&[u8]> = keys.iter().map(|(_, key)| key.wrapped.as_slice()).collect();
    retried(|| {
        sqlx::query(
            "INSERT INTO subject_keys (tenant_id, subject_id, key_id, wrapped)
             SELECT $1, new.* FROM unnest($2::text[], $3::text[], $4::bytea[]) AS new (subject, key_id, wrapped)
             ORDER BY subject ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(&subjects)
        .bind(&names)
        .bind(&wrapped)
        .execute(pool)
    })
    .await?;
    Ok(())
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
